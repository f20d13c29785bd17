//! Any messages in any fragments with anything in between, cut anywhere: what is reported is what a simple model says.

mod pair;

use bytes::Bytes;
use handfast_proto::connection::{Config, End as Ended, Event};
use handfast_proto::deflate::DeflateOptions;
use handfast_proto::frame::{Close, CloseCode, FrameHeader, Mask, OpCode};
use handfast_proto::{Limits, Message};
use pair::{End, Pair};
use proptest::collection::vec;
use proptest::prelude::*;

/// What a raw peer does.
#[derive(Clone, Debug)]
enum Act {
    /// A message, cut into fragments after these shares of it, with control frames behind some of them.
    Message {
        message: Message,
        cuts: Vec<u16>,
        between: Vec<Option<(OpCode, Vec<u8>)>>,
    },
    Control(OpCode, Vec<u8>),
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        3 => "\\PC{0,80}".prop_map(Message::text),
        3 => vec(any::<u8>(), 0..200).prop_map(Message::binary),
        // Around the lengths at which headers, copies and buffers change.
        1 => prop_oneof![124..130usize, 2046..2051usize, 8190..8196usize, 16_380..16_390usize, 65_530..65_540usize]
            .prop_map(|size| Message::binary(vec![7; size])),
        1 => (0..3000usize).prop_map(|count| Message::text("é€😀a".repeat(count))),
    ]
}

fn control() -> impl Strategy<Value = (OpCode, Vec<u8>)> {
    (prop_oneof![Just(OpCode::Ping), Just(OpCode::Pong)], vec(any::<u8>(), 0..126))
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (message(), vec(any::<u16>(), 0..6), vec(proptest::option::of(control()), 6))
            .prop_map(|(message, cuts, between)| Act::Message { message, cuts, between }),
        1 => control().prop_map(|(opcode, payload)| Act::Control(opcode, payload)),
    ]
}

fn options() -> impl Strategy<Value = DeflateOptions> {
    (0..=10u8, 0..100usize, any::<bool>(), any::<bool>(), 8..=16u8, 8..=16u8).prop_map(
        |(level, threshold_bytes, own_context, peer_context, own_window_bits, peer_window_bits)| {
            DeflateOptions {
                level,
                threshold_bytes,
                own_context,
                peer_context,
                own_window_bits,
                peer_window_bits,
            }
        },
    )
}

/// Everything is shown, and compression is not judged: these peers are honest.
fn config() -> Config {
    let limits = Limits { inflate_ratio_max: 2000, pongs_queued_max: 200, ..Limits::default() };
    Config { limits, show_pings: true, show_pongs: true, ..Config::default() }
}

/// Writes frames as a raw peer, each with the next of these masks, or without one.
struct Raw {
    wire: Vec<u8>,
    masks: Option<std::iter::Cycle<std::vec::IntoIter<[u8; 4]>>>,
}

impl Raw {
    fn frame(&mut self, opcode: OpCode, fin: bool, payload: &[u8]) {
        let mask = self.masks.as_mut().and_then(Iterator::next);
        let header =
            FrameHeader { fin, rsv1: false, opcode, mask: mask.map(Mask), len: payload.len() as u64 };
        self.wire.extend_from_slice(header.encode().as_slice());
        let mask = mask.unwrap_or_default();
        self.wire.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    }

    /// Writes all that the acts say; gives what must be reported, and the pings that must be answered.
    fn act(&mut self, acts: &[Act]) -> (Vec<Event>, Vec<Vec<u8>>) {
        let (mut events, mut pings) = (Vec::new(), Vec::new());
        let mut control = |raw: &mut Self, opcode, payload: &[u8], events: &mut Vec<Event>| {
            raw.frame(opcode, true, payload);
            let bytes = Bytes::copy_from_slice(payload);
            if opcode == OpCode::Ping {
                pings.push(payload.to_vec());
                events.push(Event::Ping(bytes));
            } else {
                events.push(Event::Pong(bytes));
            }
        };
        for act in acts {
            match act {
                Act::Control(opcode, payload) => control(self, *opcode, payload, &mut events),
                Act::Message { message, cuts, between } => {
                    let bytes = message.as_bytes();
                    let mut places: Vec<usize> =
                        cuts.iter().map(|cut| usize::from(*cut) * bytes.len() / 65_536).collect();
                    places.sort_unstable();
                    places.push(bytes.len());
                    let (mut from, last) = (0, places.len() - 1);
                    for (at, to) in places.into_iter().enumerate() {
                        let opcode = match (at, message.is_text()) {
                            (0, true) => OpCode::Text,
                            (0, false) => OpCode::Binary,
                            _ => OpCode::Continuation,
                        };
                        self.frame(opcode, at == last, &bytes[from..to]);
                        from = to;
                        if let (true, Some(Some((opcode, payload)))) = (at < last, between.get(at)) {
                            control(self, *opcode, payload, &mut events);
                        }
                    }
                    events.push(Event::Message(message.clone()));
                }
            }
        }
        (events, pings)
    }
}

/// Feeds `wire` in pieces of these sizes, again and again.
fn feed(end: &mut End, mut wire: &[u8], sizes: &[usize]) {
    for size in sizes.iter().cycle() {
        let (piece, rest) = wire.split_at(wire.len().min(*size));
        end.take(piece, usize::MAX);
        wire = rest;
        if wire.is_empty() {
            break;
        }
    }
}

/// Payloads of the pongs in what an end wrote; nothing else may be there but a Close at the end.
fn pongs(wire: &[u8]) -> Vec<Vec<u8>> {
    let (mut pongs, mut rest) = (Vec::new(), wire);
    while let Some((header, used)) = FrameHeader::parse(rest).unwrap() {
        let mut payload = rest[used..used + header.len as usize].to_vec();
        rest = &rest[used + payload.len()..];
        if let Some(Mask(mask)) = header.mask {
            payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        }
        match header.opcode {
            OpCode::Pong => pongs.push(payload),
            opcode => assert!(opcode == OpCode::Close && rest.is_empty(), "{opcode:?}"),
        }
    }
    pongs
}

/// Without a file of past failures: what was found becomes a test with a name. `PROPTEST_CASES` sets how many are tried.
fn no_file() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(no_file())]

    #[test]
    fn what_a_raw_peer_sends_is_reported_whatever_the_fragments_masks_and_cuts(
        acts in vec(act(), 0..8),
        masks in vec(any::<[u8; 4]>(), 1..4),
        sizes in vec(prop_oneof![1..20usize, 1..70_000usize], 1..5),
        code in proptest::option::of(prop_oneof![1000..=1003u16, 1007..=1014u16, 3000..=4999u16]),
        is_client in any::<bool>(),
    ) {
        let masks = (!is_client).then(|| masks.into_iter().cycle());
        let mut raw = Raw { wire: Vec::new(), masks };
        let (mut wanted, pings) = raw.act(&acts);
        let close = code.map(|code| Close::from(CloseCode::new(code).unwrap()));
        let payload = code.map(|code| code.to_be_bytes().to_vec()).unwrap_or_default();
        raw.frame(OpCode::Close, true, &payload);
        wanted.push(Event::End(Ended::Closed(close)));

        let mut end = if is_client { End::client(config()) } else { End::server(config()) };
        feed(&mut end, &raw.wire, &sizes);
        prop_assert!(end.seen() == wanted, "the model says otherwise");
        prop_assert_eq!(pongs(&end.give()), pings);
    }

    #[test]
    fn two_ends_tell_each_other_everything_in_order_with_and_without_compression(
        up in vec((message(), 1..5usize), 0..8),
        down in vec((message(), 1..5usize), 0..8),
        deflate in proptest::option::of((options(), options())),
        step in prop_oneof![1..20usize, 1..70_000usize],
    ) {
        let mut pair = match deflate {
            Some((client, server)) => Pair::compressed(config(), client, server, step),
            None => Pair::new(config(), step),
        };
        for (messages, by_client) in [(&up, true), (&down, false)] {
            for (message, pieces) in messages {
                let end = if by_client { &mut pair.client } else { &mut pair.server };
                send(end, message, *pieces);
            }
        }
        pair.drive();
        pair.client.connection.close(None, &mut pair.client.pool);
        pair.drive();
        for (end, messages) in [(&mut pair.server, up), (&mut pair.client, down)] {
            let mut wanted: Vec<Event> = messages.into_iter().map(|(message, _)| Event::Message(message)).collect();
            wanted.push(Event::End(Ended::Closed(None)));
            prop_assert!(end.seen() == wanted, "what was sent arrives, in its order, and nothing else");
        }
    }

    #[test]
    fn damaged_bytes_are_judged_alike_however_they_are_cut(
        acts in vec(act(), 1..4),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        sizes in vec(1..200usize, 1..5),
    ) {
        let mut raw = Raw { wire: Vec::new(), masks: Some(vec![[1, 2, 3, 4]].into_iter().cycle()) };
        raw.act(&acts);
        for (place, byte) in damage {
            let place = place.index(raw.wire.len());
            raw.wire[place] = byte;
        }
        let mut whole = End::server(config());
        whole.take(&raw.wire, usize::MAX);
        let mut cut = End::server(config());
        feed(&mut cut, &raw.wire, &sizes);
        prop_assert!(whole.seen() == cut.seen(), "the events depend on the cuts");
        prop_assert!(whole.give() == cut.give(), "the answers depend on the cuts");
    }
}

/// Sends a message whole, or in so many pieces.
fn send(end: &mut End, message: &Message, pieces: usize) {
    let size = message.len().div_ceil(pieces).max(1);
    let mut rest = match message {
        _ if pieces == 1 => return end.send(message.clone()),
        Message::Text(text) => text.as_str(),
        Message::Binary(bytes) => {
            for piece in bytes.chunks(size) {
                let piece = Message::binary(piece.to_vec());
                end.connection.send_piece(piece, false, &mut end.pool).unwrap();
            }
            return end.connection.send_piece(Message::binary(vec![]), true, &mut end.pool).unwrap();
        }
    };
    while !rest.is_empty() {
        let cut = (size..rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
        end.connection.send_piece(rest[..cut].into(), false, &mut end.pool).unwrap();
        rest = &rest[cut..];
    }
    end.connection.send_piece("".into(), true, &mut end.pool).unwrap();
}
