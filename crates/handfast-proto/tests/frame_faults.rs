//! Every way a peer can break sections 5 to 8 of RFC 6455, with the Close code that answers it.

mod pair;

use handfast_proto::Limits;
use handfast_proto::connection::{Config, End as Ended, Event};
use handfast_proto::error::FrameFault;
use handfast_proto::frame::OpCode;
use pair::{End, at_each_step, masked, plain};

/// Feeds `bytes` to a server, and wants this fault and this close code.
fn server_fails(bytes: &[u8], fault: FrameFault, code: u16) {
    fails(End::server, small_limits(), bytes, fault, code);
}

fn client_fails(bytes: &[u8], fault: FrameFault, code: u16) {
    fails(End::client, small_limits(), bytes, fault, code);
}

fn small_limits() -> Config {
    let limits =
        Limits { message_bytes_max: 1000, frame_bytes_max: 900, fragments_max: 3, ..Limits::default() };
    Config { limits, ..Config::default() }
}

fn fails(end: fn(Config) -> End, config: Config, bytes: &[u8], fault: FrameFault, code: u16) {
    at_each_step(|step| {
        let mut end = end(config.clone());
        end.take(bytes, step);
        assert_eq!(end.seen().last(), Some(&Event::End(Ended::Fault(fault.clone()))), "steps of {step}");
        let wire = end.give();
        let (header, used) = handfast_proto::frame::FrameHeader::parse(&wire).unwrap().unwrap();
        assert_eq!(header.opcode, OpCode::Close);
        let mut payload = wire[used..].to_vec();
        if let Some(mask) = header.mask {
            handfast_proto::frame::apply_mask(&mut payload, mask, 0);
        }
        assert_eq!(u16::from_be_bytes([payload[0], payload[1]]), code);
        assert_eq!(payload.len() as u64, header.len, "nothing follows the Close frame");
        assert_eq!(&payload[2..], fault.to_string().as_bytes(), "the reason says what was wrong");
        assert!(end.connection.is_closing());
    });
}

#[test]
fn a_frame_without_mask_from_a_client_closes_with_1002() {
    server_fails(&plain(0x81, b"hi"), FrameFault::MaskMissing, 1002);
}

#[test]
fn a_masked_frame_from_a_server_closes_with_1002() {
    // rule: client/masked-frame-accepted
    client_fails(&masked(0x81, b"hi"), FrameFault::MaskUnexpected, 1002);
}

#[test]
fn reserved_bits_close_with_1002() {
    for (first, bits) in
        [(0xc1, 0b100), (0xa1, 0b010), (0x91, 0b001), (0xf1, 0b111), (0xc9, 0b100), (0xa8, 0b010)]
    {
        server_fails(&masked(first, b"hi"), FrameFault::ReservedBits(bits), 1002);
        client_fails(&plain(first, b"hi"), FrameFault::ReservedBits(bits), 1002);
    }
}

#[test]
fn reserved_opcodes_close_with_1002() {
    for bits in (0x3..=0x7).chain(0xb..=0xf) {
        server_fails(&masked(0x80 | bits, b""), FrameFault::ReservedOpcode(bits), 1002);
    }
}

#[test]
fn a_length_not_in_its_shortest_form_closes_with_1002() {
    client_fails(&[0x81, 126, 0, 5, 1, 2, 3, 4, 5], FrameFault::LengthNotShortest(5), 1002);
    client_fails(&[0x81, 127, 0, 0, 0, 0, 0, 0, 0, 126], FrameFault::LengthNotShortest(126), 1002);
}

#[test]
fn a_length_of_2_to_the_63_closes_with_1002_before_a_byte_is_reserved() {
    let frame = [0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4];
    server_fails(&frame, FrameFault::LengthBeyond63Bits(1 << 63), 1002);
}

#[test]
fn a_length_of_2_to_the_62_closes_with_1009() {
    let frame = [0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4];
    server_fails(&frame, FrameFault::FrameTooBig { claimed: 1 << 62, limit: 900 }, 1009);
}

#[test]
fn fragmented_control_frames_close_with_1002() {
    for (first, opcode) in [(0x08, OpCode::Close), (0x09, OpCode::Ping), (0x0a, OpCode::Pong)] {
        server_fails(&masked(first, b""), FrameFault::ControlFragmented(opcode), 1002);
    }
}

#[test]
fn control_frames_of_126_bytes_close_with_1002() {
    for (first, opcode) in [(0x88, OpCode::Close), (0x89, OpCode::Ping), (0x8a, OpCode::Pong)] {
        server_fails(&masked(first, &[b'x'; 126]), FrameFault::ControlTooLong(opcode), 1002);
    }
}

#[test]
fn a_continuation_of_nothing_closes_with_1002() {
    server_fails(&masked(0x80, b"hi"), FrameFault::ContinuationUnexpected, 1002);
    server_fails(&masked(0x00, b"hi"), FrameFault::ContinuationUnexpected, 1002);
    let after_whole_message = [masked(0x81, b"hi"), masked(0x80, b"hi")].concat();
    server_fails(&after_whole_message, FrameFault::ContinuationUnexpected, 1002);
}

#[test]
fn a_new_message_inside_a_fragmented_one_closes_with_1002() {
    for first in [0x81, 0x01] {
        let frames = [masked(0x01, b"be"), masked(first, b"gin")].concat();
        server_fails(&frames, FrameFault::MessageInterrupted(OpCode::Text), 1002);
    }
    let frames = [masked(0x02, b""), masked(0x82, b"")].concat();
    server_fails(&frames, FrameFault::MessageInterrupted(OpCode::Binary), 1002);
}

#[test]
fn close_payloads_that_are_wrong_are_answered() {
    server_fails(&masked(0x88, b"\x03"), FrameFault::CloseOneByte, 1002);
    server_fails(&masked(0x88, b"\x03\xe8\xff"), FrameFault::CloseReasonNotUtf8, 1007);
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535u16] {
        server_fails(&masked(0x88, &code.to_be_bytes()), FrameFault::CloseCode(code), 1002);
    }
}

#[test]
fn a_frame_beyond_its_limit_closes_with_1009_at_its_header() {
    let frame = &masked(0x82, &[0; 901])[..8];
    server_fails(frame, FrameFault::FrameTooBig { claimed: 901, limit: 900 }, 1009);
}

#[test]
fn fragments_that_sum_up_beyond_the_limit_close_with_1009() {
    let frames = [masked(0x02, &[0; 600]), masked(0x80, &[0; 401])].concat();
    server_fails(&frames, FrameFault::MessageTooBig { limit: 1000 }, 1009);
}

#[test]
fn one_fragment_more_than_the_limit_closes_with_1008_though_all_are_empty() {
    let frames = [masked(0x02, b""), masked(0x00, b""), masked(0x00, b""), masked(0x80, b"")].concat();
    server_fails(&frames, FrameFault::TooManyFragments { limit: 3 }, 1008);
}

#[test]
fn text_that_is_not_utf8_closes_with_1007_and_tells_the_place() {
    server_fails(&masked(0x81, b"ab\xffcd"), FrameFault::TextNotUtf8 { at: 2 }, 1007);
    let cut_character = [masked(0x01, b"ab\xe2\x82"), masked(0x80, b"A")].concat();
    server_fails(&cut_character, FrameFault::TextNotUtf8 { at: 2 }, 1007);
    let ends_inside = [masked(0x01, b"ab\xe2\x82"), masked(0x80, b"")].concat();
    server_fails(&ends_inside, FrameFault::TextNotUtf8 { at: 2 }, 1007);
    server_fails(&masked(0x81, b"ab\xe2\x82"), FrameFault::TextNotUtf8 { at: 2 }, 1007);
}

#[test]
fn text_fails_at_its_first_bad_byte_and_not_at_the_end_of_its_frame() {
    let mut end = End::server(Config::default());
    let mut frame = masked(0x81, &[b'a'; 500]);
    let bad = frame.len() - 400;
    frame[bad] ^= b'a' ^ 0xff;
    end.take(&frame[..bad], usize::MAX);
    assert_eq!(end.seen(), []);
    end.take(&frame[bad..=bad], usize::MAX);
    assert!(matches!(end.seen()[..], [Event::End(Ended::Fault(FrameFault::TextNotUtf8 { .. }))]));
}

#[test]
fn what_follows_a_fault_is_not_read() {
    at_each_step(|step| {
        let mut end = End::server(Config::default());
        let frames = [masked(0x81, b"one"), masked(0x83, b""), masked(0x81, b"two")].concat();
        end.take(&frames, step);
        let fault = FrameFault::ReservedOpcode(3);
        assert_eq!(end.seen(), [Event::Message("one".into()), Event::End(Ended::Fault(fault))]);
    });
}
