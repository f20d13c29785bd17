//! Endpoints for the targets, and what must hold of every endpoint whatever it was fed.

use super::pair::End;
use handfast_proto::connection::{Config, Connection, End as Ended, Event};
use handfast_proto::deflate::DeflateOptions;
use handfast_proto::frame::{FrameHeader, OpCode};
use handfast_proto::handshake::{Answer, Policy, Progress, RequestReader};
use handfast_proto::{Limits, Role};
use std::sync::Arc;

/// Bounds so small that inputs of a few hundred bytes reach them.
pub fn small_limits() -> Limits {
    Limits {
        message_bytes_max: 600,
        frame_bytes_max: 400,
        fragments_max: 6,
        inflate_ratio_max: 4,
        inflate_free_bytes: 200,
        pongs_queued_max: 2,
        send_queue_bytes_max: 1000,
        head_bytes_max: 700,
        head_fields_max: 12,
        interim_answers_max: 2,
        ..Limits::default()
    }
}

/// A configuration that shows everything.
pub fn config(limits: Limits) -> Config {
    Config { limits, show_pings: true, show_pongs: true, ..Config::default() }
}

/// A request that offers these extensions.
pub fn request_with_extensions(value: &[u8]) -> Vec<u8> {
    let mut request = b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: "
        .to_vec();
    request.extend_from_slice(value);
    request.extend_from_slice(b"\r\n\r\n");
    request
}

/// A server's end that agreed to compression; `None` where it declined the offer.
pub fn deflate_server(offer: &str, options: DeflateOptions, config: Config) -> Option<End> {
    let policy = Policy::default();
    let request = request_with_extensions(offer.as_bytes());
    let Ok(Progress::Complete { value, .. }) = RequestReader::new().read(&request, &policy) else {
        panic!("the request is whole and right: {offer}");
    };
    let offer = value.into_offer(&policy).expect("the request keeps every rule");
    let answer = Answer::new().deflate(options);
    let (accepted, _) = offer.accept(&answer).expect("the answer asks for nothing");
    accepted.deflate()?;
    Some(End::new(Connection::server(accepted, Arc::new(config))))
}

/// The frames of what an endpoint wrote: header and unmasked payload.
pub fn frames(wire: &[u8]) -> Vec<(FrameHeader, Vec<u8>)> {
    let (mut frames, mut rest) = (Vec::new(), wire);
    while !rest.is_empty() {
        let parsed = FrameHeader::parse(rest).expect("what an endpoint writes keeps the rules");
        let (header, used) = parsed.expect("it writes whole frames");
        let mut payload = rest[used..used + header.len as usize].to_vec();
        if let Some(mask) = header.mask {
            payload.iter_mut().zip(mask.0.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        }
        rest = &rest[used + payload.len()..];
        frames.push((header, payload));
    }
    frames
}

/// Feeds an endpoint that sends nothing by itself, then looks whether everything it did was right; gives what it
/// reported and wrote.
pub fn feed(mut end: End, input: &[u8], step: usize, limits: &Limits) -> (Vec<Event>, Vec<u8>) {
    end.take(input, step);
    let control_frame_max = 2 + 4 + 125;
    assert!(end.connection.send_queue_bytes() <= (limits.pongs_queued_max + 1) * control_frame_max);
    let events = end.seen();
    let wire = end.give();
    let frames = frames(&wire);

    let is_client = end.connection.role() == Role::Client;
    let count = |opcode| frames.iter().filter(|(header, _)| header.opcode == opcode).count();
    assert!(
        frames.iter().all(|(header, _)| header.mask.is_some() == is_client && header.opcode.is_control())
    );
    let pings = events.iter().filter(|event| matches!(event, Event::Ping(_))).count();
    assert!(count(OpCode::Pong) <= pings.min(limits.pongs_queued_max + 1));
    for event in &events {
        if let Event::Message(message) = event {
            assert!(message.len() <= limits.message_bytes_max);
        }
    }

    let ends: Vec<_> = events.iter().filter(|event| matches!(event, Event::End(_))).collect();
    assert!(ends.len() <= 1);
    assert_eq!(end.connection.is_closing(), !ends.is_empty());
    assert_eq!(count(OpCode::Close), ends.len());
    if let Some(Event::End(ended)) = ends.first() {
        assert!(matches!(events.last(), Some(Event::End(_))), "nothing follows the end");
        let (header, payload) = frames.last().expect("there is a Close");
        assert_eq!(header.opcode, OpCode::Close, "nothing is written behind a Close");
        let code = payload.first_chunk::<2>().map(|code| u16::from_be_bytes(*code));
        match ended {
            Ended::Fault(fault) => assert_eq!(code, Some(fault.close_code().get())),
            Ended::Closed(close) => {
                assert_eq!(code, close.as_ref().map(|close| close.code().get()));
                assert!(payload.len() <= 2, "only the code is echoed");
            }
            other => panic!("nothing that a peer sends ends in {other:?}"),
        }
        // The end is the end.
        end.connection.receive(b"\x81\x80\0\0\0\0\x01\x00", &mut end.pool);
        assert_eq!(end.connection.poll_event(&mut end.pool), None);
        end.connection.receive_eof();
        assert_eq!(end.connection.poll_event(&mut end.pool), None);
        assert_eq!(end.connection.end(), Some(ended));
        assert!(!end.connection.has_transmit());
    }
    (events, wire)
}
