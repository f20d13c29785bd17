//! Messages in pieces, prepared messages, and what a connection counts and may hold.

mod pair;

use handfast_proto::connection::{Config, End as Ended, Event, KeepAlive, Prepared};
use handfast_proto::deflate::DeflateOptions;
use handfast_proto::error::{FrameFault, Misuse};
use handfast_proto::{Limits, Message};
use pair::{End, Pair, at_each_step, masked, plain};
use std::time::Duration;

fn message(message: impl Into<Message>) -> Event {
    Event::Message(message.into())
}

/// Puts pieces together; each must be whole text where it is text.
fn joined(events: Vec<Event>) -> Vec<u8> {
    let count = events.len();
    let mut bytes = Vec::new();
    for (at, event) in events.into_iter().enumerate() {
        let Event::Piece { piece, last } = event else { panic!("{event:?}") };
        assert_eq!(last, at + 1 == count, "only the last piece says so");
        bytes.extend_from_slice(piece.as_bytes());
    }
    bytes
}

#[test]
fn a_message_far_beyond_the_limits_passes_in_pieces_of_bounded_memory() {
    let limits =
        Limits { message_bytes_max: 1000, frame_bytes_max: 1000, fragments_max: 2, ..Limits::default() };
    let mut pair = Pair::new(Config { limits, ..Config::default() }, usize::MAX);
    pair.server.connection.receive_in_pieces(true);
    let piece = vec![7u8; 50_000];
    let mut got = 0;
    for at in 0..200 {
        let client = &mut pair.client;
        client.connection.send_piece(piece.clone().into(), at == 199, &mut client.pool).unwrap();
        pair.drive();
        assert!(pair.server.connection.stats().held_bytes <= 256 << 10);
        for event in pair.server.seen() {
            let Event::Piece { piece, last } = event else { panic!("{event:?}") };
            got += piece.len();
            assert_eq!(last, got == 10_000_000);
        }
    }
    assert_eq!(got, 10_000_000);
    assert_eq!(pair.server.connection.stats().messages_received, 1);
}

#[test]
fn text_comes_in_pieces_cut_between_characters() {
    at_each_step(|step| {
        let mut end = End::server(Config::default());
        end.connection.receive_in_pieces(true);
        let text = "aé€😀".repeat(50);
        let (first, second) = text.as_bytes().split_at(333);
        end.take(&[masked(0x01, first), masked(0x80, second)].concat(), step);
        assert_eq!(joined(end.seen()), text.as_bytes());
        end.take(&masked(0x81, b"ab\xe2\x82"), step);
        let wanted = Event::End(Ended::Fault(FrameFault::TextNotUtf8 { at: 2 }));
        assert_eq!(end.seen().last(), Some(&wanted), "counted from the begin of the message");
    });
}

#[test]
fn an_empty_message_is_one_empty_last_piece_and_whole_messages_come_back_when_asked() {
    at_each_step(|step| {
        let mut end = End::server(Config::default());
        end.connection.receive_in_pieces(true);
        end.take(&masked(0x82, b""), step);
        assert_eq!(end.seen(), [Event::Piece { piece: Message::binary(vec![]), last: true }]);
        end.connection.receive_in_pieces(false);
        end.take(&masked(0x82, b"whole"), step);
        assert_eq!(end.seen(), [message(b"whole".to_vec())]);
    });
}

#[test]
fn pieces_become_fragments_and_pings_go_between_them() {
    let mut end = End::server(Config::default());
    let (connection, pool) = (&mut end.connection, &mut end.pool);
    connection.send_piece("one".into(), false, pool).unwrap();
    assert_eq!(connection.send("other".into(), pool), Err(Misuse::MessageUnfinished));
    assert_eq!(connection.send_piece(vec![1].into(), false, pool), Err(Misuse::MessageUnfinished));
    connection.ping(b"p", pool).unwrap();
    connection.send_piece("two".into(), true, pool).unwrap();
    connection.send("other".into(), pool).unwrap();
    let frames = [plain(0x01, b"one"), plain(0x89, b"p"), plain(0x80, b"two"), plain(0x81, b"other")];
    assert_eq!(end.give(), frames.concat());
}

#[test]
fn a_prepared_message_equals_one_that_was_sent() {
    at_each_step(|step| {
        for size in [0, 10, 9000] {
            let text = "prepared ".repeat(size);
            let prepared = Prepared::new(text.clone());
            let context = DeflateOptions::with_context();
            let small = DeflateOptions { own_window_bits: 9, ..DeflateOptions::default() };
            let mut pairs = [
                Pair::new(Config::default(), step),
                Pair::compressed(Config::default(), context, DeflateOptions::default(), step),
                Pair::compressed(Config::default(), context, small, step),
                Pair::compressed(Config::default(), context, context, step),
            ];
            for pair in &mut pairs {
                let Pair { client, server, .. } = pair;
                server.connection.send_prepared(&prepared, &mut server.pool).unwrap();
                client.connection.send_prepared(&prepared, &mut client.pool).unwrap();
                pair.drive();
                assert_eq!(pair.client.seen(), [message(text.clone())]);
                assert_eq!(pair.server.seen(), [message(text.clone())]);
            }
        }
    });
}

#[test]
fn a_prepared_message_is_compressed_once_for_all() {
    let prepared = Prepared::new("same text for everyone ".repeat(1000));
    let options = DeflateOptions::default();
    let frames: Vec<_> = (0..3)
        .map(|_| {
            let mut pair = Pair::compressed(Config::default(), options, options, usize::MAX);
            pair.server.connection.send_prepared(&prepared, &mut pair.server.pool).unwrap();
            pair.server.give()
        })
        .collect();
    assert!(frames[0].len() < 1000 && frames[0][0] == 0xc1);
    assert!(frames.iter().all(|frame| *frame == frames[0]));
}

#[test]
fn what_was_carried_is_counted_on_both_sides() {
    let mut pair = Pair::new(Config::default(), 5);
    pair.client.send("four");
    pair.client.send(vec![0; 200]);
    pair.drive();
    let (client, server) = (pair.client.connection.stats(), pair.server.connection.stats());
    assert_eq!((client.messages_sent, server.messages_received), (2, 2));
    assert_eq!((client.bytes_sent, server.bytes_received), (6 + 4 + 8 + 200, 6 + 4 + 8 + 200));
    assert_eq!((server.held_bytes, client.held_bytes), (0, 0));
}

#[test]
fn the_latency_of_the_last_keep_alive_ping_is_told() {
    let keep_alive = KeepAlive { interval: Duration::from_secs(20), timeout: Duration::from_secs(10) };
    let mut pair = Pair::new(Config { keep_alive: Some(keep_alive), ..Config::default() }, usize::MAX);
    let Pair { client, server, now, .. } = &mut pair;
    server.connection.arm(*now);
    let later = *now + Duration::from_secs(20);
    server.connection.handle_timeout(later, &mut server.pool);
    client.take(&server.give(), usize::MAX);
    assert_eq!(server.connection.stats().latency, None);
    server.take(&client.give(), usize::MAX);
    assert!(server.connection.wants_clock());
    server.connection.arm(later + Duration::from_millis(30));
    assert_eq!(server.connection.stats().latency, Some(Duration::from_millis(30)));
}

#[test]
fn one_budget_holds_for_all_buffers_together() {
    let limits = Limits { connection_bytes_max: 300 << 10, ..Limits::default() };
    let mut pair = Pair::new(Config { limits, ..Config::default() }, usize::MAX);
    pair.server.send(vec![0; 100 << 10]);
    pair.server.take(&masked(0x02, &[0; 120 << 10]), 4096);
    assert_eq!(pair.server.seen(), []);
    pair.server.take(&masked(0x00, &[0; 120 << 10]), 4096);
    let fault = FrameFault::BudgetExceeded { limit: 300 << 10 };
    assert_eq!(fault.close_code().get(), 1009);
    assert_eq!(pair.server.seen(), [Event::End(Ended::Fault(fault))]);
}

#[test]
fn a_message_of_which_no_piece_was_handed_out_can_still_be_taken_whole() {
    let limits = Limits { message_bytes_max: 10, ..Limits::default() };
    at_each_step(|step| {
        let mut end = End::server(Config { limits: limits.clone(), ..Config::default() });
        end.connection.receive_in_pieces(true);
        // One byte of a character: nothing that could be handed out.
        let frame = masked(0x81, "ä€".as_bytes());
        end.take(&frame[..7], step);
        assert_eq!(end.seen(), []);
        end.connection.receive_in_pieces(false);
        end.take(&frame[7..], step);
        assert_eq!(end.seen(), [message("ä€")]);
        // Its limit holds from then on, though it was not looked at when the frame began.
        end.connection.receive_in_pieces(true);
        let frame = masked(0x81, "äbcdefghijk".as_bytes());
        end.take(&frame[..7], step);
        end.connection.receive_in_pieces(false);
        end.take(&frame[7..], step);
        assert_eq!(end.seen(), [Event::End(Ended::Fault(FrameFault::MessageTooBig { limit: 10 }))]);
    });
}

#[test]
fn the_rest_of_a_message_is_skipped_and_what_follows_is_reported() {
    let options = DeflateOptions { threshold_bytes: 0, ..DeflateOptions::default() };
    at_each_step(|step| {
        for compresses in [false, true] {
            let mut pair = match compresses {
                true => Pair::compressed(Config::default(), options, options, step),
                false => Pair::new(Config::default(), step),
            };
            pair.server.connection.receive_in_pieces(true);
            let client = &mut pair.client;
            for at in 0..4 {
                let piece = vec![at; 300];
                client.connection.send_piece(piece.into(), at == 3, &mut client.pool).unwrap();
                if at == 0 {
                    client.connection.ping(b"in between", &mut client.pool).unwrap();
                }
            }
            client.send("next");
            let wire = pair.client.give();
            let pool = &mut pair.server.pool;
            let mut bytes = wire.as_slice();
            let first = loop {
                if let Some(event) = pair.server.connection.poll_event(pool) {
                    break event;
                }
                let (some, rest) = bytes.split_at(step.min(bytes.len()));
                pair.server.connection.receive(some, pool);
                bytes = rest;
            };
            assert!(matches!(first, Event::Piece { .. }), "{first:?}");
            pair.server.connection.skip_message();
            pair.server.connection.receive_in_pieces(false);
            pair.server.take(bytes, step);
            pair.server.look();
            let seen = pair.server.seen();
            // Where all came at once, the first piece was already all of it.
            assert_eq!(seen.last(), Some(&message("next")));
            assert_eq!(seen.len(), 1, "{seen:?}");
            assert_eq!(pair.server.connection.stats().messages_received, 2);
        }
    });
}
