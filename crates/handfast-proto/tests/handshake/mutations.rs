//! Damaged requests and answers: nothing panics, nothing depends on how the bytes were cut, and no damage opens a socket
//! that the rules do not allow.

use crate::answers::{Outcome, good, judge, request};
use crate::probe::{ACCEPT, Reaction, base, react, values};
use handfast_proto::handshake::{Answer, Policy, Strictness};

/// A deterministic generator (xorshift64): the same damage in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// Bytes that mean something in a head.
const TELLING: &[u8] = b"\0\t\n\r \"#%*+,-./:;<=>?@[]_xX0139\x7f\x80\xff";

fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..1 + random.below(3) {
        let at = random.below(bytes.len());
        let byte = match random.below(3) {
            0 => TELLING[random.below(TELLING.len())],
            1 => random.below(256) as u8,
            _ => bytes[random.below(bytes.len())],
        };
        match random.below(5) {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 => drop(bytes.remove(at)),
            3 => {
                // A line, or a piece of one, twice.
                let end = (at + 1 + random.below(40)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let end = (at + 1 + random.below(20)).min(bytes.len());
                bytes.drain(at..end);
            }
        }
        if bytes.is_empty() {
            bytes.push(b'G');
        }
    }
    // So that there is a verdict: whatever stands open is ended.
    bytes.extend_from_slice(b"\r\n\r\n\r\n\r\n");
}

#[test]
fn damaged_requests_are_answered_completely_and_alike_however_they_are_cut() {
    let whole = base()
        .add("Origin: http://server.example")
        .add("Sec-WebSocket-Protocol: chat, superchat")
        .add("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=\"1\\5\", x; y=z")
        .add("Content-Length: 0")
        .bytes();
    let relaxed = Strictness::Compatible(Strictness::relaxable().to_vec());
    let policies = [Policy::default(), Policy { strictness: relaxed, ..Policy::default() }];
    let answer = Answer::new().subprotocols(["superchat", "chat"]).unwrap();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut accepted, mut refused) = (0, 0);
    for round in 0..4000 {
        let mut bytes = whole.clone();
        damage(&mut bytes, &mut random);
        // The probe checks each answer, and that byte by byte it is the same.
        match react(bytes, &policies[round % 2], &answer) {
            Reaction::Accepted(offer, text) => {
                accepted += 1;
                if round % 2 == 0 {
                    let key = offer.key().expect("a strict offer has a key");
                    let accept = handfast_proto::handshake::Accept::derive(key);
                    assert_eq!(values(&text, "Sec-WebSocket-Accept"), [accept.as_str()]);
                }
            }
            Reaction::Refused(..) => refused += 1,
        }
    }
    assert!(accepted > 100 && refused > 1000, "{accepted} accepted, {refused} refused");
}

#[test]
fn damaged_answers_never_open_without_the_right_accept() {
    let whole = good().add("Sec-WebSocket-Protocol: chat").add("Server: x").bytes();
    let offer = request().subprotocol("chat").unwrap();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let (mut opened, mut failed) = (0, 0);
    for _ in 0..4000 {
        let mut bytes = whole.clone();
        damage(&mut bytes, &mut random);
        match judge(&offer, &*bytes) {
            Outcome::Open(..) => {
                opened += 1;
                let text = String::from_utf8_lossy(&bytes);
                assert!(text.contains(ACCEPT), "{text}");
            }
            Outcome::Declined(status) => assert_ne!(status, 101),
            Outcome::Failed(_) => failed += 1,
        }
    }
    assert!(opened > 100 && failed > 1000, "{opened} opened, {failed} failed");
}
