//! What a server does with Sec-WebSocket-Key, and relaxed rules.

use crate::probe::{KEY, accepted, accepted_by, base, ids, refusal, refusal_by, refuses, refuses_by, values};
use base64::{Engine, prelude::BASE64_STANDARD};
use handfast_proto::handshake::{Answer, Policy, Strictness};

fn key(value: impl AsRef<[u8]>) -> crate::probe::Head {
    base().instead("Sec-WebSocket-Key", [b"Sec-WebSocket-Key: ", value.as_ref()].concat())
}

// rule: server/key-missing
#[test]
fn no_key_is_refused_with_400() {
    refuses(base().without("Sec-WebSocket-Key"), 400, "server/key-missing");
}

// rule: server/key-empty
#[test]
fn an_empty_key_is_refused_with_400() {
    refuses(key(""), 400, "server/key-empty");
    refuses(key("  \t"), 400, "server/key-empty");
}

// rule: server/key-duplicate-different
#[test]
fn two_different_keys_are_refused_with_400() {
    let other = "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==";
    refuses(base().add(other), 400, "server/key-duplicate-different");
    refuses(base().lead(other), 400, "server/key-duplicate-different");
}

// rule: server/key-duplicate-same
#[test]
fn the_same_key_twice_is_refused_with_400() {
    refuses(base().add(format!("sec-websocket-key: {KEY}")), 400, "server/key-duplicate-same");
}

// rule: server/key-list
#[test]
fn a_list_of_keys_is_refused_with_400() {
    for value in [
        format!("{KEY}, {KEY}"),
        format!("{KEY},"),
        format!(",{KEY}"),
        format!("{KEY}; v=1"),
        format!("{KEY} {KEY}"),
    ] {
        refuses(key(value), 400, "server/key-list");
    }
}

// rule: server/key-alphabet
#[test]
fn bytes_outside_base64_are_refused_with_400() {
    for value in [
        &b"dGhlIHNhbXBsZSBub25jZ!=="[..],
        b"dGhlIHNhbXBsZSBub25jZ*==",
        b"dGhlIHNhbXBsZSBub25jZQ%3D%3D",
        b"\"dGhlIHNhbXBsZSBub25jZQ==\"",
        b"dGhlIHNh\xe9XBsZSBub25jZQ==",
        b"dGhlIHNhbXBsZSBub25jZQ==\xa0",
    ] {
        refuses(key(value), 400, "server/key-alphabet");
    }
}

// rule: server/key-url-safe
#[test]
fn the_url_safe_alphabet_is_refused_with_400() {
    for value in ["--------------------_w==", "____________________-w=="] {
        refuses(key(value), 400, "server/key-url-safe");
    }
}

// rule: server/key-padding-missing
#[test]
fn missing_padding_is_refused_with_400() {
    for value in ["dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ="] {
        refuses(key(value), 400, "server/key-padding-missing");
    }
}

// rule: server/key-padding-excess
#[test]
fn padding_elsewhere_or_in_excess_is_refused_with_400() {
    for value in ["dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBs==ZSBub25jZQ", "=dGhlIHNhbXBsZSBub25jZQ="] {
        refuses(key(value), 400, "server/key-padding-excess");
    }
    for value in ["dGhlIHNhbXBsZSBub25jZQ==A", "========================"] {
        let refusal = refusal(key(value));
        assert_eq!((refusal.status(), ids(&refusal)[0]), (400, "server/key-padding-excess"), "{value}");
    }
}

// rule: server/key-length
#[test]
fn key_of_other_than_16_bytes_is_refused_with_400() {
    for bytes in [1, 8, 15, 17, 18, 20, 24, 32, 128] {
        refuses(key(BASE64_STANDARD.encode(vec![7; bytes])), 400, "server/key-length");
    }
}

// rule: server/key-over-long
#[test]
fn a_huge_key_is_refused_with_a_4xx() {
    refuses(key([b'A'; 4096]), 400, "server/key-over-long");
    refuses(key(vec![b'A'; 65_536]), 431, "server/head-too-large");
}

// rule: server/key-inner-whitespace
#[test]
fn blanks_inside_the_key_are_refused_with_400() {
    for value in [
        "dGhlIHNh bXBsZSBub25jZQ==",
        "dGhlIHNh\tbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25jZQ= =",
        "dGhlIHNhbXBsZSBub25jZQ ==",
    ] {
        refuses(key(value), 400, "server/key-inner-whitespace");
    }
}

// rule: server/key-outer-whitespace-refused
#[test]
fn blanks_around_the_key_are_no_part_of_it() {
    for line in [
        format!("Sec-WebSocket-Key:{KEY}"),
        format!("Sec-WebSocket-Key:   {KEY}"),
        format!("Sec-WebSocket-Key:\t{KEY}"),
        format!("Sec-WebSocket-Key: {KEY} \t"),
    ] {
        let answer = accepted(base().instead("Sec-WebSocket-Key", line));
        assert_eq!(values(&answer, "Sec-WebSocket-Accept"), [crate::probe::ACCEPT]);
    }
}

// rule: server/key-pad-bits server/accept-over-text server/accept-wrong
#[test]
fn set_pad_bits_are_accepted_and_hashed_as_sent_unless_the_operator_refuses_them() {
    let request = key("AQIDBAUGBwgJCgsMDQ4PEC==");
    let answer = accepted(request.clone());
    assert_eq!(values(&answer, "Sec-WebSocket-Accept"), ["OfS0wDaT5NoxF2gqm7Zj2YtetzM="]);
    let policy = Policy { canonical_keys: true, ..Policy::default() };
    refuses_by(request, 400, "server/key-pad-bits", &policy);
    accepted_by(base(), &policy, &Answer::new());
}

fn relaxed(ids: &[&'static str]) -> Policy {
    Policy { strictness: Strictness::Compatible(ids.to_vec()), ..Policy::default() }
}

#[test]
fn a_relaxed_key_is_hashed_as_sent_and_counted() {
    let request = key("qjaovfzeqzo=");
    let (offer, answer) = accepted_by(request.clone(), &relaxed(&["server/key-length"]), &Answer::new());
    assert_eq!(offer.relaxed(), ["server/key-length"]);
    assert!(offer.key().is_none());
    assert_eq!(values(&answer, "Sec-WebSocket-Accept"), ["R4lRM4R/v2DqgnMNVmo/AKvCbGs="]);
    refuses_by(request, 400, "server/key-length", &relaxed(&["server/key-alphabet"]));
}

#[test]
fn each_relaxable_rule_lets_pass_exactly_its_own_fault() {
    let text = String::from_utf8(base().bytes()).unwrap();
    let cases: [(&str, Vec<u8>); 12] = [
        ("server/bare-lf", text.replace("\r\n", "\n").into_bytes()),
        ("server/host-missing", base().without("Host").into()),
        ("server/upgrade-version-suffix", base().instead("Upgrade", "Upgrade: websocket/13").into()),
        ("server/connection-close-with-upgrade", base().add("Connection: close").into()),
        ("server/key-alphabet", key("dGhlIHNhbXBsZSBub25jZ!==").into()),
        ("server/key-url-safe", key("--------------------_w==").into()),
        ("server/key-padding-missing", key("dGhlIHNhbXBsZSBub25jZQ").into()),
        ("server/key-padding-excess", key("dGhlIHNhbXBsZSBub25jZQ===").into()),
        ("server/key-length", key("AAAA").into()),
        ("server/subprotocol-offer-invalid", base().add("Sec-WebSocket-Protocol: a/b").into()),
        ("server/subprotocol-offer-duplicate", base().add("Sec-WebSocket-Protocol: a, a").into()),
        ("server/extension-offer-malformed", base().add("Sec-WebSocket-Extensions: ;").into()),
    ];
    assert_eq!(cases.each_ref().map(|(id, _)| *id), Strictness::relaxable());
    for (id, request) in cases {
        refuses(request.clone(), refusal(request.clone()).status(), id);
        let (offer, _) = accepted_by(request.clone(), &relaxed(&[id]), &Answer::new());
        assert_eq!(offer.relaxed(), [id]);
        let others: Vec<_> = Strictness::relaxable().iter().copied().filter(|other| *other != id).collect();
        refusal_by(request, &relaxed(&others));
    }
}

#[test]
fn rules_that_are_not_relaxable_hold_even_when_they_are_listed() {
    let policy =
        relaxed(&["server/key-duplicate-different", "server/origin-foreign-accepted", "server/obs-fold"]);
    refusal_by(base().add("Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA=="), &policy);
    refusal_by(base().add("Origin: https://evil.example"), &policy);
    refusal_by(base().add("X: a\r\n b"), &policy);
}

#[test]
fn a_right_handshake_under_relaxed_rules_is_not_counted() {
    let (offer, _) = accepted_by(base(), &relaxed(Strictness::relaxable()), &Answer::new());
    assert_eq!(offer.relaxed(), [""; 0]);
    assert_eq!(offer.key().map(|key| key.as_str()), Some(KEY));
}
