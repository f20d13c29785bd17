//! The connection of both roles: messages, fragments, pings, the closing handshake, time.

mod pair;

use bytes::Bytes;
use handfast_proto::connection::{Config, End as Ended, Event, KeepAlive};
use handfast_proto::error::Misuse;
use handfast_proto::frame::{Close, CloseCode};
use handfast_proto::{Limits, Message};
use pair::{End, Pair, at_each_step, masked, plain};
use std::time::Duration;

fn message(message: impl Into<Message>) -> Event {
    Event::Message(message.into())
}

fn closed(code: u16, reason: &str) -> Event {
    Event::End(Ended::Closed(Some(Close::new(CloseCode::new(code).unwrap(), reason).unwrap())))
}

#[test]
fn messages_of_every_size_arrive_whole_and_in_order_in_both_directions() {
    at_each_step(|step| {
        let mut pair = Pair::new(Config::default(), step);
        let largest = if step < 1000 { 70_000 } else { 3_000_000 };
        let sizes = [0, 1, 125, 126, 127, 2048, 2049, 8192, 8193, 65_535, 65_536, largest];
        for size in sizes {
            let payload: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            pair.client.send(payload.clone());
            pair.server.send("é".repeat(size / 2));
            pair.drive();
            assert_eq!(pair.server.seen(), [message(payload)], "{size} bytes in steps of {step}");
            assert_eq!(pair.client.seen(), [message("é".repeat(size / 2))]);
        }
    });
}

#[test]
fn a_batch_of_small_messages_is_written_at_once() {
    let mut pair = Pair::new(Config::default(), usize::MAX);
    for at in 0..100u8 {
        pair.client.send(vec![at; 16]);
    }
    pair.server.take(&pair.client.give(), usize::MAX);
    let got = pair.server.seen();
    assert_eq!(got.len(), 100);
    for event in got {
        let Event::Message(message) = event else { panic!("{event:?}") };
        pair.server.send(message);
    }
    let mut slices = [std::io::IoSlice::new(&[]); 8];
    assert_eq!(pair.server.connection.poll_transmit(&mut slices), 1, "one buffer, one write");
    pair.drive();
    assert_eq!(pair.client.seen().len(), 100);
}

#[test]
fn fragments_become_one_message_with_pings_answered_between_them() {
    at_each_step(|step| {
        let mut end = End::server(Config { show_pings: true, ..Config::default() });
        let frames = [
            masked(0x01, "grü".as_bytes().split_at(3).0),
            masked(0x89, b"p"),
            masked(0x00, b""),
            masked(0x00, &"grü".as_bytes()[3..]),
            masked(0x80, b"\xc3\x9f"),
        ];
        end.take(&frames.concat(), step);
        assert_eq!(end.seen(), [Event::Ping(Bytes::from_static(b"p")), message("grüß")]);
        assert_eq!(end.give(), plain(0x8a, b"p"));
    });
}

#[test]
fn pings_are_answered_and_hidden_unless_asked_for() {
    let mut pair = Pair::new(Config::default(), 1);
    pair.client.connection.ping(b"are you there?", &mut pair.client.pool).unwrap();
    pair.drive();
    assert_eq!((pair.client.seen(), pair.server.seen()), (vec![], vec![]));

    let mut pair = Pair::new(Config { show_pings: true, show_pongs: true, ..Config::default() }, 1);
    pair.client.connection.ping(b"are you there?", &mut pair.client.pool).unwrap();
    pair.drive();
    assert_eq!(pair.server.seen(), [Event::Ping(Bytes::from_static(b"are you there?"))]);
    assert_eq!(pair.client.seen(), [Event::Pong(Bytes::from_static(b"are you there?"))]);
}

#[test]
fn a_ping_flood_queues_a_bounded_number_of_pongs_and_answers_the_last() {
    let mut end = End::server(Config::default());
    for at in 0..1000u16 {
        end.take(&masked(0x89, &at.to_be_bytes()), usize::MAX);
    }
    assert_eq!(end.connection.send_queue_bytes(), 16 * 4, "sixteen pongs of four bytes");
    let wire = end.give();
    assert_eq!(wire.len(), 17 * 4);
    assert_eq!(&wire[16 * 4..], plain(0x8a, &999u16.to_be_bytes()));
    end.take(&masked(0x89, b"again"), usize::MAX);
    assert_eq!(end.give(), plain(0x8a, b"again"));
}

#[test]
fn pings_are_answered_also_while_the_send_queue_is_never_empty() {
    let mut end = End::server(Config::default());
    let message = vec![7; 50_000];
    end.send(message.clone());
    let mut wire = Vec::new();
    for at in 0..100u8 {
        end.send(message.clone());
        end.take(&masked(0x89, &[at]), usize::MAX);
        wire.extend(end.give_some(message.len()));
        assert!(end.connection.has_transmit());
    }
    let pongs = wire.windows(3).filter(|bytes| bytes[..2] == [0x8a, 1]);
    let pongs: Vec<u8> = pongs.map(|bytes| bytes[2]).collect();
    assert!(pongs.is_sorted() && pongs.last() > Some(&80), "{pongs:?}");
}

#[test]
fn the_closing_handshake_carries_code_and_reason_and_both_ends_know() {
    at_each_step(|step| {
        for client_begins in [true, false] {
            let mut pair = Pair::new(Config::default(), step);
            let Pair { client, server, .. } = &mut pair;
            let (first, second) = if client_begins { (client, server) } else { (server, client) };
            first.send("last words");
            let close = Close::new(CloseCode::new(4000).unwrap(), "enough").unwrap();
            first.connection.close(Some(close.clone()), &mut first.pool);
            first.connection.close(None, &mut first.pool);
            second.take(&first.give(), step);
            assert_eq!(second.seen(), [message("last words"), closed(4000, "enough")]);
            first.take(&second.give(), step);
            assert_eq!(first.seen(), [closed(4000, "")]);
            for end in [first, second] {
                assert!(end.connection.is_closing());
                assert!(!end.connection.has_transmit(), "a Close is sent once");
                assert_eq!(end.connection.send("more".into(), &mut end.pool), Err(Misuse::SentAfterClose));
                assert_eq!(end.connection.ping(b"", &mut end.pool), Err(Misuse::SentAfterClose));
            }
        }
    });
}

#[test]
fn data_that_comes_before_the_peers_close_is_still_delivered() {
    let mut pair = Pair::new(Config::default(), usize::MAX);
    pair.server.send("on its way");
    let on_its_way = pair.server.give();
    pair.client.connection.close(None, &mut pair.client.pool);
    pair.client.take(&on_its_way, usize::MAX);
    pair.drive();
    assert_eq!(pair.client.seen(), [message("on its way"), Event::End(Ended::Closed(None))]);
    assert_eq!(pair.server.seen(), [Event::End(Ended::Closed(None))]);
}

#[test]
fn both_ends_may_close_at_once() {
    let mut pair = Pair::new(Config::default(), 1);
    pair.client.connection.close(Some(CloseCode::NORMAL.into()), &mut pair.client.pool);
    pair.server.connection.close(Some(CloseCode::GOING_AWAY.into()), &mut pair.server.pool);
    pair.drive();
    assert_eq!(pair.client.seen(), [closed(1001, "")]);
    assert_eq!(pair.server.seen(), [closed(1000, "")]);
}

#[test]
fn the_end_is_told_once_and_still_known() {
    at_each_step(|step| {
        let mut end = End::server(Config::default());
        end.take(&masked(0x88, b"\x03\xe8"), step);
        assert_eq!(end.seen(), [closed(1000, "")]);
        end.connection.receive(&masked(0x81, b"late"), &mut end.pool);
        end.connection.receive_eof();
        assert_eq!(end.connection.poll_event(&mut end.pool), None);
        assert_eq!(end.connection.end().cloned().map(Event::End), Some(closed(1000, "")));
    });
}

#[test]
fn nothing_is_read_after_the_peers_close() {
    at_each_step(|step| {
        let mut end = End::server(Config::default());
        end.take(&[masked(0x88, b"\x03\xe8"), masked(0x81, b"late"), masked(0x89, b"late")].concat(), step);
        assert_eq!(end.seen(), [closed(1000, "")]);
        assert_eq!(end.give(), plain(0x88, b"\x03\xe8"));
    });
}

#[test]
fn a_transport_that_ends_without_a_close_is_lost_and_what_came_is_delivered() {
    at_each_step(|step| {
        let mut end = End::server(Config::default());
        end.take(&[masked(0x81, b"hi"), masked(0x81, b"unfinished")[..5].to_vec()].concat(), step);
        end.connection.receive_eof();
        end.look();
        assert_eq!(end.seen(), [message("hi"), Event::End(Ended::Lost)]);
        assert!(!end.connection.has_transmit());
    });
}

#[test]
fn close_codes_that_may_only_be_reported_cannot_be_sent() {
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000] {
        assert_eq!(CloseCode::new(code), Err(Misuse::CloseCodeNotSendable(code)));
    }
    let reason = "x".repeat(124);
    assert_eq!(Close::new(CloseCode::NORMAL, reason), Err(Misuse::CloseReasonTooLong { bytes: 124 }));
}

#[test]
fn a_full_send_queue_says_so_and_loses_nothing() {
    let limits = Limits { send_queue_bytes_max: 100, ..Limits::default() };
    let mut pair = Pair::new(Config { limits, ..Config::default() }, usize::MAX);
    pair.server.send(vec![1; 200]);
    let refused = pair.server.connection.send(Message::binary(vec![2; 1]), &mut pair.server.pool);
    assert_eq!(refused, Err(Misuse::SendQueueFull));
    pair.drive();
    pair.server.send(vec![3; 1]);
    pair.drive();
    assert_eq!(pair.client.seen(), [message(vec![1; 200]), message(vec![3; 1])]);
}

#[test]
fn pings_of_the_program_end_where_the_send_queue_does_and_go_on_when_it_was_written() {
    for (data, ping) in [(0, true), (0, false), (5000, true)] {
        for step in [1, usize::MAX] {
            let limits = Limits { send_queue_bytes_max: 1000, ..Limits::default() };
            let mut pair =
                Pair::new(Config { limits, show_pings: true, show_pongs: true, ..Config::default() }, step);
            if data > 0 {
                pair.server.send(vec![1; data]);
            }
            let mut queued = 0;
            let full = loop {
                let (connection, pool) = (&mut pair.server.connection, &mut pair.server.pool);
                let payload = [queued as u8; 125];
                let taken = match ping {
                    true => connection.ping(&payload, pool),
                    false => connection.pong(&payload, pool),
                };
                match taken {
                    Ok(()) => queued += 1,
                    Err(full) => break full,
                }
                assert!(queued < 100, "they never end");
            };
            assert_eq!(full, Misuse::SendQueueFull);
            // Sixteen go beyond what is queued, or beyond the limit.
            let within = if data == 0 { 1000_usize.div_ceil(127) } else { 0 };
            assert_eq!(queued, within + 16);
            pair.drive();
            let seen = pair.client.seen();
            assert_eq!(seen.len(), queued + usize::from(data > 0));
            pair.server.connection.ping(b"again", &mut pair.server.pool).unwrap();
            pair.drive();
            assert_eq!(pair.client.seen(), [Event::Ping(Bytes::from_static(b"again"))]);
        }
    }
}

#[test]
fn a_limit_of_pongs_beyond_255_is_one_all_the_same() {
    let limits = Limits { pongs_queued_max: 1000, ..Limits::default() };
    let mut end = End::server(Config { limits, ..Config::default() });
    for _ in 0..2000 {
        end.take(&[0x89, 0x80, 0, 0, 0, 0], usize::MAX);
    }
    assert_eq!(end.connection.send_queue_bytes(), 255 * 2);
}

#[test]
fn a_client_masks_each_frame_anew() {
    let mut end = End::client(Config::default());
    end.send("same");
    end.send("same");
    end.connection.close(None, &mut end.pool);
    let wire = end.give();
    assert_eq!((wire[0], wire[1], wire[10], wire[11]), (0x81, 0x84, 0x81, 0x84));
    assert_ne!(wire[2..6], wire[12..16]);
    assert_eq!((wire[20], wire[21], wire.len()), (0x88, 0x80, 26), "Close frames are masked too");
}

#[test]
fn an_idle_connection_keeps_no_buffer() {
    let mut pair = Pair::new(Config::default(), usize::MAX);
    pair.client.send("hello");
    pair.drive();
    let debug = format!("{:?}", pair.server.connection);
    assert!(debug.contains("unread_bytes: 0") && debug.contains("send_queue_bytes: 0"), "{debug}");
    assert!(
        size_of::<handfast_proto::Connection>() <= 320,
        "{} bytes",
        size_of::<handfast_proto::Connection>()
    );
}

const KEEP_ALIVE: KeepAlive =
    KeepAlive { interval: Duration::from_secs(20), timeout: Duration::from_secs(5) };

#[test]
fn a_silent_peer_is_pinged_every_interval_and_its_pongs_keep_the_connection() {
    let config = Config { keep_alive: Some(KEEP_ALIVE), show_pings: true, ..Config::default() };
    let mut pair = Pair::new(Config::default(), usize::MAX);
    pair.server = End::server(config);
    pair.client = End::client(Config { show_pings: true, ..Config::default() });
    pair.wait(Duration::from_secs(101));
    assert_eq!(pair.client.seen(), vec![Event::Ping(Bytes::from_static(b"hf")); 5]);
    assert_eq!(pair.server.seen(), []);
}

#[test]
fn a_peer_that_ignores_a_ping_is_given_up() {
    let mut end = Pair::new(Config { keep_alive: Some(KEEP_ALIVE), ..Config::default() }, usize::MAX);
    let server = &mut end.server;
    server.connection.arm(end.now);
    assert_eq!(server.connection.poll_timeout(), Some(end.now + Duration::from_secs(20)));
    server.connection.handle_timeout(end.now + Duration::from_secs(20), &mut server.pool);
    assert_eq!(server.give(), plain(0x89, b"hf"));
    assert_eq!(server.connection.poll_timeout(), Some(end.now + Duration::from_secs(25)));
    server.connection.handle_timeout(end.now + Duration::from_secs(25), &mut server.pool);
    server.look();
    assert_eq!(server.seen(), [Event::End(Ended::PongTimeout)]);
    assert_eq!(server.give(), plain(0x88, &1011u16.to_be_bytes()));
}

#[test]
fn spans_that_no_clock_reaches_mean_never() {
    const NEVER: Duration = Duration::MAX;
    let limits = Limits { close_timeout: NEVER, ..Limits::default() };
    for keep_alive in [
        KeepAlive { interval: NEVER, timeout: NEVER },
        KeepAlive { interval: Duration::from_secs(20), timeout: NEVER },
    ] {
        let config = Config {
            limits: limits.clone(),
            keep_alive: Some(keep_alive),
            idle_timeout: Some(NEVER),
            ..Config::default()
        };
        let mut pair = Pair::new(config, usize::MAX);
        pair.wait(Duration::from_secs(24 * 60 * 60));
        pair.server.connection.close(None, &mut pair.server.pool);
        pair.wait(Duration::from_secs(1));
        pair.drive();
        assert_eq!(pair.server.seen(), [Event::End(Ended::Closed(None))]);
    }
}

#[test]
fn a_peer_that_sends_is_not_pinged() {
    let config = Config { keep_alive: Some(KEEP_ALIVE), ..Config::default() };
    let mut pair = Pair::new(Config::default(), usize::MAX);
    pair.server = End::server(config);
    pair.client = End::client(Config { show_pings: true, ..Config::default() });
    for _ in 0..10 {
        pair.client.send("busy");
        pair.drive();
        pair.wait(Duration::from_secs(15));
    }
    assert_eq!(pair.client.seen(), []);
}

#[test]
fn an_idle_connection_is_closed_with_1001() {
    let mut pair = Pair::new(Config::default(), usize::MAX);
    pair.server = End::server(Config { idle_timeout: Some(Duration::from_secs(30)), ..Config::default() });
    pair.client.send("one");
    pair.drive();
    pair.wait(Duration::from_secs(29));
    assert_eq!(pair.server.seen(), [message("one")]);
    pair.wait(Duration::from_secs(31));
    assert_eq!(pair.server.seen(), [Event::End(Ended::IdleTimeout)]);
    assert_eq!(pair.client.seen(), [closed(1001, "")]);
}

#[test]
fn a_peer_that_never_answers_a_close_is_dropped_at_the_deadline() {
    let mut pair = Pair::new(Config::default(), usize::MAX);
    let server = &mut pair.server;
    server.connection.close(None, &mut server.pool);
    assert!(server.connection.wants_clock());
    server.connection.arm(pair.now);
    let deadline = pair.now + Duration::from_secs(5);
    assert_eq!(server.connection.poll_timeout(), Some(deadline));
    assert!(!server.connection.is_expired());
    // Bytes that keep coming do not extend it.
    server.take(&masked(0x81, b"ignored"), usize::MAX);
    assert_eq!(server.connection.poll_timeout(), Some(deadline));
    server.connection.handle_timeout(deadline, &mut server.pool);
    server.look();
    assert_eq!(server.seen(), [message("ignored"), Event::End(Ended::CloseTimeout)]);
    assert!(server.connection.is_expired());
    assert!(!server.connection.has_transmit());
}

#[test]
fn after_the_end_the_transport_has_until_the_close_deadline() {
    let mut pair = Pair::new(Config::default(), usize::MAX);
    let server = &mut pair.server;
    server.take(&masked(0x88, b""), usize::MAX);
    assert!(server.connection.is_closing() && !server.connection.is_expired());
    assert!(server.connection.wants_clock());
    server.connection.arm(pair.now);
    server.connection.handle_timeout(pair.now + Duration::from_secs(5), &mut server.pool);
    assert!(server.connection.is_expired());
    assert_eq!(server.connection.poll_timeout(), None);
}
