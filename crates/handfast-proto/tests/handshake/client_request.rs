//! What a client sends.

use crate::answers::{NONCE, request};
use crate::probe::{KEY, accepted, values};
use handfast_proto::error::Misuse;
use handfast_proto::handshake::ClientRequest;

fn written(request: &ClientRequest) -> String {
    String::from_utf8(request.start(NONCE).0).unwrap()
}

// rule: client/request-line-wrong client/upgrade-fields-wrong client/version-wrong client/key-malformed
// rule: client/request-syntax client/body-sent client/request-cacheable client/data-before-answer
#[test]
fn the_request_is_exactly_the_handshake_and_our_own_server_accepts_it() {
    let text = written(&request());
    assert_eq!(
        text,
        format!(
            "GET /chat HTTP/1.1\r\nHost: server.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\nCache-Control: no-cache\r\nPragma: no-cache\r\n\r\n"
        )
    );
    accepted(text);
}

// rule: client/request-line-wrong
#[test]
fn an_empty_path_becomes_a_slash_and_escapes_and_queries_are_kept() {
    for (target, line) in [
        ("", "GET / HTTP/1.1\r\n"),
        ("?q", "GET /?q HTTP/1.1\r\n"),
        ("/a%20b?x=1&y", "GET /a%20b?x=1&y HTTP/1.1\r\n"),
    ] {
        assert!(written(&ClientRequest::new("h", target).unwrap()).starts_with(line), "{target}");
    }
}

// rule: client/host-wrong
#[test]
fn host_is_the_authority_once() {
    for authority in ["server.example", "server.example:8080", "[::1]:8080", "127.0.0.1"] {
        let text = written(&ClientRequest::new(authority, "/").unwrap());
        assert_eq!(values(&text, "Host"), [authority]);
    }
}

// rule: client/uri-invalid-used client/host-wrong
#[test]
fn authorities_and_targets_outside_the_grammar_cannot_be_used() {
    for authority in ["", ":80", "user:secret@h", "h:99999", "h/x", "a b", "h\r\nX: y", "::1", "http://h"] {
        assert_eq!(ClientRequest::new(authority, "/").unwrap_err(), Misuse::HeaderNotAllowed, "{authority}");
    }
    for target in ["/a#b", "a", "/a b", "/a\r\nX: y", "/\u{e9}", "/a\tb", "http://h/", "*"] {
        assert_eq!(ClientRequest::new("h", target).unwrap_err(), Misuse::HeaderNotAllowed, "{target}");
    }
}

// rule: client/key-malformed client/key-pad-bits client/key-reused
#[test]
fn each_nonce_becomes_its_own_canonical_key() {
    let mut keys = std::collections::BTreeSet::new();
    for first in 0..=255 {
        let (head, pending) = request().start([first; 16]);
        let text = String::from_utf8(head).unwrap();
        assert_eq!(values(&text, "Sec-WebSocket-Key"), [pending.key().as_str()]);
        assert!(pending.key().is_canonical());
        assert_eq!(pending.key().nonce(), [first; 16]);
        assert!(keys.insert(pending.key().as_str().to_owned()));
    }
}

// rule: client/subprotocol-offer-invalid
#[test]
fn subprotocols_are_offered_as_unique_tokens_on_one_line() {
    let offer = request().subprotocol("chat").unwrap().subprotocol("superchat").unwrap();
    assert_eq!(values(&written(&offer), "Sec-WebSocket-Protocol"), ["chat, superchat"]);
    accepted(written(&offer));
    for name in ["chat", "", "a b", "a/b", "a,b", "a\r\nX-Injected: 1", "\u{e9}"] {
        assert_eq!(offer.clone().subprotocol(name).unwrap_err(), Misuse::SubprotocolInvalid, "{name:?}");
    }
}

// rule: client/request-syntax client/body-sent
#[test]
fn fields_of_the_program_are_checked() {
    let more = request().field("Origin", "http://server.example").unwrap().field("X", "\u{e9}").unwrap();
    let text = written(&more);
    assert_eq!(values(&text, "Origin"), ["http://server.example"]);
    accepted(text);
    for (name, value) in [
        ("X", "a\r\nX-Injected: 1"),
        ("X", "a\nb"),
        ("X", "a\rb"),
        ("X", "\0"),
        ("X Y", "a"),
        ("X:", "a"),
        ("", "a"),
        ("Host", "other.example"),
        ("upgrade", "h2c"),
        ("Connection", "close"),
        ("Sec-WebSocket-Key", KEY),
        ("Sec-WebSocket-Version", "8"),
        ("Content-Length", "5"),
        ("Transfer-Encoding", "chunked"),
    ] {
        assert_eq!(request().field(name, value).unwrap_err(), Misuse::HeaderNotAllowed, "{name}: {value:?}");
    }
}

#[test]
fn a_cache_control_of_the_program_replaces_ours() {
    let text = written(&request().field("cache-control", "no-store").unwrap());
    assert_eq!(values(&text, "Cache-Control"), ["no-store"]);
    assert_eq!(values(&text, "Pragma"), ["no-cache"]);
}
