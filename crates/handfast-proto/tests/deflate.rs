//! permessage-deflate between two endpoints: every setting, streams, and what a hostile peer may try.

mod pair;

use handfast_proto::Message;
use handfast_proto::connection::{Config, End as Ended, Event};
use handfast_proto::deflate::DeflateOptions;
use handfast_proto::error::FrameFault;
use handfast_proto::frame::CloseCode;
use pair::{End, Pair, at_each_step, masked};

const SETTINGS: [DeflateOptions; 4] = {
    let plain = DeflateOptions {
        level: 1,
        threshold_bytes: 0,
        own_context: false,
        peer_context: false,
        own_window_bits: 15,
        peer_window_bits: 15,
    };
    [
        plain,
        DeflateOptions { own_context: true, peer_context: true, level: 6, ..plain },
        DeflateOptions { own_context: true, own_window_bits: 9, peer_window_bits: 9, ..plain },
        DeflateOptions { peer_context: true, own_window_bits: 12, peer_window_bits: 10, level: 9, ..plain },
    ]
};

fn message(message: impl Into<Message>) -> Event {
    Event::Message(message.into())
}

/// Text that compresses well, and differs from line to line.
fn lines(count: usize) -> String {
    (0..count)
        .map(|at| format!("{{\"id\":{at},\"name\":\"grüße {}\",\"on\":true}}\n", at * 7919 % 1000))
        .collect()
}

/// Bytes that do not compress.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    })
    .take(count)
    .collect()
}

#[test]
fn messages_arrive_as_they_were_sent_in_every_setting() {
    at_each_step(|step| {
        for client in SETTINGS {
            for server in SETTINGS {
                let mut pair = Pair::compressed(Config::default(), client, server, step);
                for size in if step < 1000 { [0, 1, 60] } else { [0, 300, 5000] } {
                    pair.client.send(lines(size));
                    pair.client.send(noise(size));
                    pair.server.send(lines(size));
                    pair.server.send(noise(size * 20));
                    pair.drive();
                    assert_eq!(pair.server.seen(), [message(lines(size)), message(noise(size))]);
                    assert_eq!(pair.client.seen(), [message(lines(size)), message(noise(size * 20))]);
                }
            }
        }
    });
}

#[test]
fn frames_on_the_wire_really_are_compressed_and_marked() {
    for options in SETTINGS {
        let mut pair = Pair::compressed(Config::default(), options, options, usize::MAX);
        let text = lines(100);
        pair.server.send(text.clone());
        let wire = pair.server.give();
        assert_eq!(wire[0], 0xc1, "FIN, RSV1, text");
        assert!(wire.len() * 3 < text.len(), "{} bytes became {}", text.len(), wire.len());
    }
}

#[test]
fn a_kept_context_makes_repetition_cheap_and_a_forgotten_one_does_not() {
    let sizes = |options| {
        let mut pair = Pair::compressed(Config::default(), options, options, usize::MAX);
        let text = noise(1000);
        let mut sent = || {
            pair.server.send(text.clone());
            pair.server.give().len()
        };
        (sent(), sent())
    };
    let (first, second) = sizes(SETTINGS[1]);
    assert!(second * 10 < first, "{first} then {second}");
    let (first, second) = sizes(SETTINGS[0]);
    assert_eq!(first, second);
}

#[test]
fn short_messages_and_those_that_would_grow_go_out_as_they_are() {
    let options = DeflateOptions::default();
    let mut pair = Pair::compressed(Config::default(), options, options, usize::MAX);
    pair.server.send("a".repeat(options.threshold_bytes - 1));
    assert_eq!(pair.server.give()[0], 0x81);
    pair.server.send("a".repeat(options.threshold_bytes));
    assert_eq!(pair.server.give()[0], 0xc1);
    pair.server.send(noise(1000));
    assert_eq!(pair.server.give()[0], 0x82);
}

#[test]
fn what_would_look_like_a_bomb_goes_out_as_it_is_and_leaves_a_clean_window() {
    let blank = || vec![0; 1 << 20];
    for options in SETTINGS {
        let mut pair = Pair::compressed(Config::default(), options, options, usize::MAX);
        for (message, is_compressed) in [(blank(), false), (lines(5000).into_bytes(), true), (blank(), false)]
        {
            for end in [&mut pair.client, &mut pair.server] {
                end.send(message.clone());
                let mut slices = [std::io::IoSlice::new(&[])];
                assert_eq!(end.connection.poll_transmit(&mut slices), 1);
                assert_eq!(slices[0][0] & 0x40 != 0, is_compressed);
            }
            pair.drive();
            assert_eq!(pair.client.seen(), [Event::Message(message.clone().into())]);
            assert_eq!(pair.server.seen(), [Event::Message(message.into())]);
        }
    }
}

#[test]
fn what_looks_like_a_bomb_at_first_goes_out_as_it_is_too() {
    for (blank, rest) in [(300 << 10, noise(100 << 10)), (120 << 10, noise(3000))] {
        let picture = [vec![0; blank], rest].concat();
        let mut pair = Pair::compressed(Config::default(), SETTINGS[0], SETTINGS[0], usize::MAX);
        for _ in 0..2 {
            pair.server.send(picture.clone());
            pair.drive();
            assert!(pair.client.seen() == [message(picture.clone())]);
        }
    }
}

#[test]
fn a_message_can_go_without_compression_and_leaves_the_context_of_the_others_alone() {
    for options in SETTINGS {
        let mut pair = Pair::compressed(Config::default(), options, options, usize::MAX);
        pair.server.send(lines(30));
        pair.drive();
        let server = &mut pair.server;
        server.connection.send_uncompressed(lines(30).into(), &mut server.pool).unwrap();
        assert_eq!(server.connection.send_queue_bytes(), lines(30).len() + 4);
        pair.drive();
        pair.server.send(lines(30));
        assert!(pair.server.connection.send_queue_bytes() < lines(30).len() / 2);
        pair.drive();
        assert_eq!(pair.client.seen(), vec![message(lines(30)); 3]);
    }
}

#[test]
fn a_message_sent_in_pieces_is_compressed_as_it_goes() {
    at_each_step(|step| {
        for options in SETTINGS {
            let mut pair = Pair::compressed(Config::default(), options, options, step);
            let text = lines(200);
            for _ in 0..2 {
                let (first, second) = text.split_at(text.len() / 2);
                let server = &mut pair.server;
                server.connection.send_piece(first.into(), false, &mut server.pool).unwrap();
                server.connection.send_piece(second.into(), false, &mut server.pool).unwrap();
                server.connection.send_piece("".into(), true, &mut server.pool).unwrap();
                pair.drive();
                assert_eq!(pair.client.seen(), [message(text.clone())]);
            }
        }
    });
}

#[test]
fn rsv1_belongs_to_the_first_frame_of_a_message_only() {
    let options = DeflateOptions::default();
    for frames in [masked(0xc9, b""), [masked(0x01, b"a"), masked(0xc0, b"b")].concat()] {
        let mut pair = Pair::compressed(Config::default(), options, options, usize::MAX);
        pair.server.take(&frames, usize::MAX);
        assert_eq!(pair.server.seen(), [Event::End(Ended::Fault(FrameFault::ReservedBits(0b100)))]);
    }
}

#[test]
fn a_bomb_of_a_thousand_to_one_is_stopped_with_1009_long_before_it_is_large() {
    let bomb = deflated(&vec![0; 10 << 20]);
    assert!(bomb.len() < 12_000, "{}", bomb.len());
    at_each_step(|step| {
        let mut pair = Pair::compressed(Config::default(), SETTINGS[0], SETTINGS[0], step);
        pair.server.take(&masked(0xc2, &bomb), step);
        let fault = FrameFault::InflateRatio { limit: 100 };
        assert_eq!(fault.close_code(), CloseCode::TOO_BIG);
        assert_eq!(pair.server.seen(), [Event::End(Ended::Fault(fault))]);
    });
}

#[test]
fn a_compressed_message_keeps_the_message_limit_after_inflation() {
    let limits = handfast_proto::Limits { message_bytes_max: 10_000, ..Default::default() };
    let config = Config { limits, ..Config::default() };
    at_each_step(|step| {
        let mut pair = Pair::compressed(config.clone(), SETTINGS[0], SETTINGS[0], step);
        pair.server.take(&masked(0xc1, &deflated(lines(1000).as_bytes())), step);
        let fault = FrameFault::MessageTooBig { limit: 10_000 };
        assert_eq!(pair.server.seen(), [Event::End(Ended::Fault(fault))]);
    });
}

#[test]
fn the_ratio_is_judged_alike_however_the_payload_was_cut() {
    // More than a hundred to one at first, less in the end.
    let payload = [vec![0; 95_000], noise(8000)].concat();
    let bomb = deflated(&[vec![0; 400_000], vec![1; 400_000]].concat());
    at_each_step(|step| {
        let mut pair = Pair::compressed(Config::default(), SETTINGS[0], SETTINGS[0], step);
        pair.server.take(&masked(0xc2, &deflated(&payload)), step);
        assert!(pair.server.seen() == [message(payload.clone())], "steps of {step}");
        pair.server.take(&masked(0xc2, &bomb), step);
        assert_eq!(pair.server.seen(), [Event::End(Ended::Fault(FrameFault::InflateRatio { limit: 100 }))]);
    });
}

#[test]
fn of_two_faults_the_first_counts_however_the_payload_was_cut() {
    // A stored block of text that is wrong in its third byte, and then no deflate.
    let bad = b"\x00\x04\x00\xfb\xffab\xffd\x07";
    at_each_step(|step| {
        let mut pair = Pair::compressed(Config::default(), SETTINGS[0], SETTINGS[0], step);
        pair.server.take(&masked(0xc1, bad), step);
        assert_eq!(pair.server.seen(), [Event::End(Ended::Fault(FrameFault::TextNotUtf8 { at: 2 }))]);
    });
}

#[test]
fn a_flood_of_final_blocks_that_each_cost_a_window_is_stopped_with_1009() {
    let text = lines(2000);
    // What was cut off its end, so that other blocks can follow.
    let begin = [&deflated(text.as_bytes())[..], b"\x00\x00\xff\xff"].concat();
    let flood = [begin.clone(), b"\x03\x00".repeat(20_000)].concat();
    let few = [begin, b"\x03\x00".repeat(20)].concat();
    at_each_step(|step| {
        let mut pair = Pair::compressed(Config::default(), SETTINGS[0], SETTINGS[0], step);
        pair.server.take(&masked(0xc2, &few), step);
        assert!(pair.server.seen() == [message(text.clone().into_bytes())], "steps of {step}");
        pair.server.take(&masked(0xc2, &flood), step);
        assert_eq!(pair.server.seen(), [Event::End(Ended::Fault(FrameFault::InflateRatio { limit: 100 }))]);
    });
}

#[test]
fn bytes_that_are_not_deflate_close_with_1007() {
    at_each_step(|step| {
        let mut pair = Pair::compressed(Config::default(), SETTINGS[0], SETTINGS[0], step);
        pair.server.take(&masked(0xc1, b"\xff\xff\xff\xff"), step);
        assert_eq!(pair.server.seen(), [Event::End(Ended::Fault(FrameFault::DeflateInvalid))]);
        assert_eq!(FrameFault::DeflateInvalid.close_code(), CloseCode::INVALID_DATA);
    });
}

#[test]
fn a_message_that_ends_inside_a_block_is_not_completed_with_the_tail() {
    // Stored blocks of four and five bytes, of which none and one came.
    for cut_short in [&b"\x00\x04\x00\xfb\xff"[..], b"\x00\x05\x00\xfa\xffa"] {
        at_each_step(|step| {
            let mut pair = Pair::compressed(Config::default(), SETTINGS[1], SETTINGS[1], step);
            pair.server.take(&masked(0xc2, cut_short), step);
            assert_eq!(pair.server.seen(), [Event::End(Ended::Fault(FrameFault::DeflateInvalid))]);
        });
    }
}

#[test]
fn text_is_checked_after_it_was_inflated() {
    at_each_step(|step| {
        let mut pair = Pair::compressed(Config::default(), SETTINGS[0], SETTINGS[0], step);
        pair.server.take(&masked(0xc1, &deflated(b"abcabcabcabcabcabcabcabcabc\xff")), step);
        assert_eq!(pair.server.seen(), [Event::End(Ended::Fault(FrameFault::TextNotUtf8 { at: 27 }))]);
    });
}

#[test]
fn a_final_block_ends_a_deflate_stream_but_not_the_message() {
    // RFC 7692 section 7.2.3.4: "Hello" in a block with BFINAL, then the byte that ends the message.
    at_each_step(|step| {
        let mut pair = Pair::compressed(Config::default(), SETTINGS[1], SETTINGS[1], step);
        pair.server.take(&masked(0xc1, b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), step);
        assert_eq!(pair.server.seen(), [message("Hello")]);
    });
}

#[test]
fn the_samples_of_rfc_7692_are_hello() {
    at_each_step(|step| {
        let mut pair = Pair::compressed(Config::default(), SETTINGS[1], SETTINGS[1], step);
        // Sections 7.2.3.1 to 7.2.3.5: one frame, two fragments, a shared window, no compression, two blocks.
        pair.server.take(&masked(0xc1, b"\xf2\x48\xcd\xc9\xc9\x07\x00"), step);
        pair.server.take(&[masked(0x41, b"\xf2\x48\xcd"), masked(0x80, b"\xc9\xc9\x07\x00")].concat(), step);
        pair.server.take(&masked(0xc1, b"\xf2\x00\x11\x00\x00"), step);
        pair.server.take(&masked(0xc1, b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), step);
        pair.server.take(&masked(0xc1, b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), step);
        assert_eq!(pair.server.seen(), vec![message("Hello"); 5]);
    });
}

#[test]
fn a_compressed_stream_of_any_length_passes_in_pieces_of_bounded_size() {
    let mut pair = Pair::compressed(Config::default(), SETTINGS[1], SETTINGS[1], usize::MAX);
    pair.client.connection.receive_in_pieces(true);
    let text = lines(20_000);
    pair.server.send(text.clone());
    pair.drive();
    let mut got = String::new();
    let events = pair.client.seen();
    let count = events.len();
    for (at, event) in events.into_iter().enumerate() {
        let Event::Piece { piece, last } = event else { panic!("{event:?}") };
        assert!(piece.len() <= 128 << 10, "{} bytes", piece.len());
        assert_eq!(last, at + 1 == count);
        got.push_str(piece.as_text().unwrap());
    }
    assert!(count > 5 && got == text);
}

/// What an endpoint would send for this payload, without its header.
fn deflated(payload: &[u8]) -> Vec<u8> {
    let options = DeflateOptions { level: 9, ..SETTINGS[0] };
    let limits = handfast_proto::Limits { inflate_ratio_max: usize::MAX, ..Default::default() };
    let mut end = End::server_with_deflate(Config { limits, ..Config::default() }, options);
    end.send(payload.to_vec());
    let wire = end.give();
    let (header, used) = handfast_proto::frame::FrameHeader::parse(&wire).unwrap().unwrap();
    assert!(header.rsv1);
    wire[used..].to_vec()
}
