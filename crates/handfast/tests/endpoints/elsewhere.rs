//! Handshakes that another HTTP library has carried, for which handfast has no feature: here HTTP/3 (RFC 9220), and HTTP/1.1.

use crate::support::soon;

use handfast::proto::handshake::{Accepted, HttpVersion, Request, RequestParts, Verdict};
use handfast::{Answer, ClientRequest, Config, Limits, Message, Policy, Role, WebSocket};
use std::sync::Arc;

fn config() -> Arc<Config> {
    Arc::default()
}

fn accept(
    parts: &RequestParts<'_>,
    fields: &[(String, String)],
) -> (Accepted<handfast::proto::Server>, u16, Vec<(String, String)>) {
    let policy = Policy { secure: true, ..Policy::default() };
    let fields = fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let offer = Request::from_parts(parts, fields, &policy).unwrap().into_offer(&policy).unwrap();
    let answer = Answer::new().subprotocols(["chat"]).unwrap();
    let (accepted, answer) = offer.accept_parts(&answer).unwrap();
    (accepted, answer.status, answer.fields)
}

#[tokio::test]
async fn a_websocket_runs_over_http3_where_a_library_carries_its_handshake() {
    let request = ClientRequest::new("a.example", "/chat").unwrap().subprotocol("chat").unwrap();
    let (parts, fields, pending) = request.start_stream(true);
    let parts = RequestParts { version: HttpVersion::Http3, ..parts };
    let (accepted, status, answer) = accept(&parts, &fields);
    let answer = answer.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let Verdict::Opened(opened, response) = pending.judge(status, answer, &Limits::default()) else {
        panic!("the answer is right");
    };
    let (here, there) = tokio::io::duplex(100);
    let mut server = WebSocket::server(here, accepted, b"", config());
    let mut client = WebSocket::client(there, opened, response, b"", config());
    assert_eq!((server.role(), client.role()), (Role::Server, Role::Client));
    assert_eq!([server.subprotocol(), client.subprotocol()], [Some("chat"); 2]);
    assert_eq!(client.response().unwrap().status(), 200);
    client.send("hello").await.unwrap();
    assert_eq!(soon(server.recv()).await.unwrap(), Some(Message::text("hello")));
}

#[tokio::test]
async fn what_a_library_has_read_behind_the_head_is_not_lost() {
    let parts = RequestParts {
        version: HttpVersion::Http11,
        method: "GET",
        target: "/",
        scheme: None,
        authority: None,
        protocol: None,
    };
    let fields = [
        ("Host", "a.example"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let (accepted, status, _) = accept(&parts, &fields);
    assert_eq!(status, 101);
    let (here, _there) = tokio::io::duplex(100);
    // A masked text frame, with a mask of zeros.
    let mut server = WebSocket::server(here, accepted, b"\x81\x85\0\0\0\0early", config());
    assert_eq!(soon(server.recv()).await.unwrap(), Some(Message::text("early")));
}
