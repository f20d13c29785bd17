//! Compressed messages, good and bad.

use super::ends::{config, deflate_server, feed, frames, small_limits};
use super::pair::masked;
use arbitrary::{Result, Unstructured};
use handfast_proto::connection::{Config, Event};
use handfast_proto::deflate::DeflateOptions;
use handfast_proto::{Limits, Message};

/// The first byte says how the rest, the compressed form of a message, is cut into frames and reads. Two such messages are
/// sent, so that the second meets what the first left behind.
pub fn inflate(input: &[u8]) {
    let Some((&way, payload)) = input.split_first() else { return };
    let limits =
        Limits { message_bytes_max: 6000, frame_bytes_max: 6000, fragments_max: 6000, ..small_limits() };
    let offer = match way & 2 {
        0 => "permessage-deflate",
        _ => "permessage-deflate; client_no_context_takeover",
    };
    let kind = 1 + (way & 1);
    let run = |fragment: usize, step: usize| {
        let end = deflate_server(offer, DeflateOptions::with_context(), config(limits.clone()));
        let wire = fragmented(0x40 | kind, payload, fragment).repeat(2);
        feed(end.expect("the offer is met"), &wire, step, &limits)
    };
    let whole = run(usize::MAX, usize::MAX);
    assert_eq!(run(usize::MAX, 1), whole, "byte by byte");
    let fragment = usize::from(way >> 2) + 1;
    assert_eq!(run(fragment, usize::MAX), whole, "in frames of {fragment} bytes");
}

/// A message in frames of `size` bytes.
fn fragmented(first: u8, payload: &[u8], size: usize) -> Vec<u8> {
    let mut pieces: Vec<&[u8]> = payload.chunks(size).collect();
    if pieces.is_empty() {
        pieces.push(&[]);
    }
    let last = pieces.len() - 1;
    let frame = |(at, piece): (usize, &&[u8])| {
        masked(if at == 0 { first } else { 0 } | if at == last { 0x80 } else { 0 }, piece)
    };
    pieces.iter().enumerate().flat_map(frame).collect()
}

/// What one end compresses the other end inflates, at every level, with every window and context.
pub fn round_trip(input: &[u8]) {
    // Input that is too short for a choice makes another choice, never an error.
    let _ = round_trip_of(&mut Unstructured::new(input));
}

fn round_trip_of(input: &mut Unstructured<'_>) -> Result<()> {
    let options = DeflateOptions {
        level: input.int_in_range(0..=10)?,
        threshold_bytes: input.int_in_range(0..=20)?,
        own_context: true,
        peer_context: true,
        own_window_bits: input.int_in_range(8..=15)?,
        peer_window_bits: 15,
    };
    let context = input.arbitrary()?;
    let limits = Limits { inflate_ratio_max: 1100, ..Limits::default() };
    let config = || Config { limits: limits.clone(), ..Config::default() };
    // Two servers, of which the second plays the client that the first believes to speak to.
    let (writes, reads) = match context {
        true => ("permessage-deflate", "permessage-deflate"),
        false => (
            "permessage-deflate; server_no_context_takeover",
            "permessage-deflate; client_no_context_takeover",
        ),
    };
    let mut writer = deflate_server(writes, options, config()).expect("the offer is met");
    let mut reader = deflate_server(reads, options, config()).expect("the offer is met");
    let mut wanted = Vec::new();
    let mut wire = Vec::new();
    while !input.is_empty() && wanted.len() < 4 {
        let message = message(input)?;
        writer.send(message.clone());
        let written = frames(&writer.give());
        let [(header, payload)] = written.as_slice() else { panic!("one message is one frame") };
        assert!(message.len() >= options.threshold_bytes || !header.rsv1, "short messages go as they are");
        assert!(context || payload.len() <= message.len(), "without context nothing grows");
        wire.extend_from_slice(&masked(0x80 | u8::from(header.rsv1) << 6 | header.opcode.bits(), payload));
        wanted.push(Event::Message(message));
    }
    reader.take(&wire, input.int_in_range(300..=4096)?);
    assert_eq!(reader.seen(), wanted);
    Ok(())
}

/// A message of input bytes, some of them repeated many times.
fn message(input: &mut Unstructured<'_>) -> Result<Message> {
    let size = input.int_in_range(0..=300)?;
    let seed = input.bytes(size.min(input.len()))?;
    let bytes = match input.int_in_range(0..=3)? {
        0 => seed.repeat(input.int_in_range(1..=60)?),
        // Far apart, so that the window's size counts.
        1 => [seed, &noise(input.int_in_range(0..=20_000)?), seed].concat(),
        _ => seed.to_vec(),
    };
    Ok(match String::from_utf8(bytes) {
        Ok(text) => Message::text(text),
        Err(error) => Message::binary(error.into_bytes()),
    })
}

/// Bytes that do not compress.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..count).map(|_| next()).collect()
}
