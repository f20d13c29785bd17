//! Handshakes of HTTP/2 and HTTP/3: the stimuli of `rules/server_h2_h3.toml`, as far as they are about requests and answers.

use handfast_proto::deflate::DeflateOptions;
use handfast_proto::error::Misuse;
use handfast_proto::handshake::{
    Answer, ClientRequest, HttpResponse, HttpVersion, Offer, OriginPolicy, Policy, Refusal, Request,
    RequestParts, Verdict,
};
use handfast_proto::{Connection, Limits};

type Field<'a> = (&'a str, &'a str);

/// The correct request: BASE2.
fn base() -> RequestParts<'static> {
    RequestParts {
        version: HttpVersion::Http2,
        method: "CONNECT",
        target: "/chat?x=1",
        scheme: Some("https"),
        authority: Some("server.example"),
        protocol: Some("websocket"),
    }
}

const VERSION: Field<'static> = ("sec-websocket-version", "13");

fn judge_by(parts: &RequestParts<'_>, fields: &[Field<'_>], policy: &Policy) -> Result<Offer, Refusal> {
    let fields = fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    Request::from_parts(parts, fields, policy)?.into_offer(policy)
}

fn accepted(parts: &RequestParts<'_>, fields: &[Field<'_>]) -> Offer {
    judge_by(parts, fields, &Policy::default()).unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// The refusal, its answer checked.
fn refusal_by(parts: &RequestParts<'_>, fields: &[Field<'_>], policy: &Policy) -> Refusal {
    let refusal = judge_by(parts, fields, policy).expect_err("refused");
    let answer = refusal.to_parts();
    assert_eq!(answer.status, refusal.status());
    assert!(answer.status != 426 && !answer.body.is_empty());
    let names: Vec<&str> = answer.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert!(
        !names.iter().any(|name| ["connection", "upgrade", "transfer-encoding"].contains(name)),
        "{names:?}"
    );
    assert!(names.iter().all(|name| *name == name.to_ascii_lowercase()));
    for fault in refusal.faults() {
        assert!(std::str::from_utf8(&answer.body).unwrap().contains(fault.rule().id));
    }
    refusal
}

fn refuses(parts: &RequestParts<'_>, fields: &[Field<'_>], status: u16, rule: &str) -> Refusal {
    let refusal = refusal_by(parts, fields, &Policy::default());
    let ids: Vec<_> = refusal.faults().iter().map(|fault| fault.rule().id).collect();
    assert_eq!((refusal.status(), ids), (status, vec![rule]), "{parts:?} {fields:?}");
    refusal
}

// rule: server/h2-correct-handshake-refused server/h2-status-101 server/h2-answer-length server/h2-connection-fields
#[test]
fn a_correct_extended_connect_is_answered_with_200_and_nothing_else() {
    for version in [HttpVersion::Http2, HttpVersion::Http3] {
        let offer = accepted(&RequestParts { version, ..base() }, &[VERSION]);
        assert_eq!(
            (offer.key(), offer.request().path(), offer.request().query()),
            (None, "/chat", Some("x=1"))
        );
        assert_eq!(offer.request().authority(), Some("server.example"));
        assert_eq!(
            (offer.request().scheme(), offer.request().protocol()),
            (Some("https"), Some("websocket"))
        );
        assert!(offer.request().wants_websocket() && !offer.request().expects_continue());
        let (accepted, answer) = offer.accept_parts(&Answer::new()).unwrap();
        assert_eq!((answer.status, answer.fields, answer.body), (200, vec![], vec![]));
        drop(Connection::server(accepted, Default::default()));
        assert_eq!(offer.accept(&Answer::new()).unwrap_err(), Misuse::NotHttp1);
    }
}

#[test]
fn subprotocol_compression_and_own_fields_stand_in_the_200() {
    let fields =
        [VERSION, ("sec-websocket-protocol", "a, chat"), ("sec-websocket-extensions", "permessage-deflate")];
    let answer = Answer::new()
        .subprotocols(["chat"])
        .unwrap()
        .deflate(DeflateOptions::default())
        .field("Set-Cookie", "a=b: c")
        .unwrap();
    let (accepted, parts) = accepted(&base(), &fields).accept_parts(&answer).unwrap();
    assert_eq!(accepted.subprotocol(), Some("chat"));
    assert!(accepted.deflate().is_some());
    let names: Vec<&str> = parts.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["sec-websocket-protocol", "sec-websocket-extensions", "set-cookie"]);
    assert_eq!((&*parts.fields[0].1, &*parts.fields[2].1), ("chat", "a=b: c"));
}

// rule: server/h2-key-required
#[test]
fn a_key_changes_nothing() {
    for key in ["dGhlIHNhbXBsZSBub25jZQ==", "x", ""] {
        accepted(&base(), &[VERSION, ("sec-websocket-key", key)]);
    }
}

// rule: server/h2-version-unchecked
#[test]
fn the_version_is_checked_and_13_is_advertised() {
    for (fields, rule) in [
        (&[("sec-websocket-version", "25")][..], "server/version-other"),
        (&[], "server/version-missing"),
        (&[VERSION, VERSION], "server/version-duplicate"),
    ] {
        let answer = refuses(&base(), fields, 400, rule).to_parts();
        assert!(answer.fields.contains(&("sec-websocket-version".into(), "13".into())));
    }
}

// rule: server/h2-path-or-scheme-missing
#[test]
fn scheme_authority_and_path_must_be_there() {
    let rule = "server/h2-path-or-scheme-missing";
    for parts in [
        RequestParts { scheme: None, ..base() },
        RequestParts { scheme: Some(""), ..base() },
        RequestParts { scheme: Some("wss"), ..base() },
        RequestParts { authority: None, ..base() },
        RequestParts { authority: Some(""), ..base() },
        RequestParts { target: "", ..base() },
    ] {
        refuses(&parts, &[VERSION], 400, rule);
    }
}

// rule: server/h2-protocol-misplaced
#[test]
fn protocol_belongs_to_connect_and_connect_to_protocol() {
    for parts in [
        RequestParts { method: "GET", ..base() },
        RequestParts { protocol: None, ..base() },
        RequestParts { method: "GET", protocol: None, ..base() },
        RequestParts { method: "POST", protocol: None, ..base() },
    ] {
        refuses(&parts, &[VERSION], 400, "server/h2-protocol-misplaced");
    }
}

// rule: server/plain-get-unanswered
#[test]
fn a_page_request_is_told_what_stands_here() {
    refuses(
        &RequestParts { method: "GET", protocol: None, ..base() },
        &[],
        400,
        "server/plain-get-unanswered",
    );
}

// rule: server/h2-protocol-unknown
#[test]
fn an_unknown_protocol_is_answered_with_501() {
    let parts = RequestParts { protocol: Some("handfast-unknown"), ..base() };
    refuses(&parts, &[VERSION], 501, "server/h2-protocol-unknown");
    refuses(&parts, &[], 501, "server/h2-protocol-unknown");
    accepted(&RequestParts { protocol: Some("WebSocket"), ..base() }, &[VERSION]);
}

// rule: server/h2-connection-fields
#[test]
fn fields_of_the_connection_are_refused() {
    for field in [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("transfer-encoding", "chunked"),
        ("te", "gzip"),
    ] {
        refuses(&base(), &[VERSION, field], 400, "server/h2-connection-fields");
    }
    accepted(&base(), &[VERSION, ("te", "trailers")]);
}

// rule: server/h2-host-conflict
#[test]
fn host_and_authority_agree() {
    for host in ["other.example", "server.example:444", ""] {
        refuses(&base(), &[VERSION, ("host", host)], 400, "server/h2-host-conflict");
    }
    for host in ["server.example", "SERVER.example:443"] {
        accepted(&base(), &[VERSION, ("host", host)]);
    }
    let twice = [VERSION, ("host", "server.example"), ("host", "server.example")];
    refuses(&base(), &twice, 400, "server/host-duplicate");
    refuses(&RequestParts { authority: Some("a b"), ..base() }, &[VERSION], 400, "server/host-invalid");
}

// rule: server/h2-authority-tunnel
#[test]
fn the_authority_is_one_of_the_servers_own() {
    let policy = Policy { hosts: vec!["server.example".into()], ..Policy::default() };
    assert!(judge_by(&base(), &[VERSION], &policy).is_ok());
    let foreign = RequestParts { authority: Some("inside.example:22"), ..base() };
    assert_eq!(refusal_by(&foreign, &[VERSION], &policy).status(), 421);
}

#[test]
fn all_other_rules_are_those_of_http_1_1() {
    for (field, status, rule) in [
        (("origin", "https://evil.example"), 403, "server/origin-foreign-accepted"),
        (("sec-websocket-protocol", "a, a"), 400, "server/subprotocol-offer-duplicate"),
        (("sec-websocket-protocol", "a b"), 400, "server/subprotocol-offer-invalid"),
        (("sec-websocket-extensions", "x; ="), 400, "server/extension-offer-malformed"),
        (("content-length", "5"), 400, "server/body-present"),
        (("content-length", "0"), 400, "server/body-present"),
        (("expect", "tea"), 417, "server/expect-continue"),
        (("x", "a\r\nb: c"), 400, "server/bare-cr"),
        (("x", "\0"), 400, "server/nul-in-value"),
        (("a b", "c"), 400, "server/field-line-malformed"),
    ] {
        let refusal = refusal_by(&base(), &[VERSION, field], &Policy::default());
        assert_eq!((refusal.status(), refusal.faults()[0].rule().id), (status, rule), "{field:?}");
    }
    accepted(&base(), &[VERSION, ("origin", "https://server.example")]);
    let policy = Policy { origin: OriginPolicy::Any, ..Policy::default() };
    assert!(judge_by(&base(), &[VERSION, ("origin", "https://evil.example")], &policy).is_ok());
    for (target, rule) in [
        ("/a b", "server/target-illegal-bytes"),
        ("/a#b", "server/target-fragment"),
        ("https://server.example/", "server/target-wrong-form"),
    ] {
        refuses(&RequestParts { target, ..base() }, &[VERSION], 400, rule);
    }
}

#[test]
fn every_fault_is_told_at_once() {
    let parts = RequestParts { target: "", authority: Some("a"), ..base() };
    let fields =
        [("connection", "upgrade"), ("host", "b"), ("origin", "https://c"), ("sec-websocket-version", "8")];
    let refusal = refusal_by(&parts, &fields, &Policy::default());
    let mut ids: Vec<_> = refusal.faults().iter().map(|fault| fault.rule().id).collect();
    ids.sort_unstable();
    assert_eq!(
        ids,
        [
            "server/h2-connection-fields",
            "server/h2-host-conflict",
            "server/h2-path-or-scheme-missing",
            "server/origin-foreign-accepted",
            "server/version-draft"
        ]
    );
}

#[test]
fn parts_are_bounded_as_bytes_are() {
    let limits = Limits { head_bytes_max: 200, head_fields_max: 2, ..Limits::default() };
    let policy = Policy { limits, ..Policy::default() };
    let long = "x".repeat(200);
    let path = format!("/{long}");
    assert_eq!(refusal_by(&RequestParts { target: &path, ..base() }, &[], &policy).status(), 414);
    assert_eq!(refusal_by(&base(), &[VERSION, ("x", &long)], &policy).status(), 431);
    assert_eq!(refusal_by(&base(), &[VERSION, ("x", "y"), ("z", "w")], &policy).status(), 431);
}

#[test]
fn a_page_of_426_is_a_400_on_a_stream() {
    let parts = HttpResponse::text(426, "x").to_parts(HttpVersion::Http2, false);
    assert_eq!(parts.status, 400);
    assert!(parts.fields.contains(&("sec-websocket-version".into(), "13".into())));
    assert!(!parts.fields.iter().any(|(name, _)| name == "upgrade" || name == "connection"));
}

// rule: client/h2-request-malformed
#[test]
fn the_clients_request_is_one_that_the_server_accepts() {
    let request = ClientRequest::new("server.example", "/chat?x=1")
        .unwrap()
        .subprotocol("chat")
        .unwrap()
        .field("Origin", "https://server.example")
        .unwrap()
        .field("Keep-Alive", "5")
        .unwrap();
    let (parts, fields, _) = request.start_stream(true);
    assert_eq!(parts, base());
    assert_eq!(request.start_stream(false).0.scheme, Some("http"));
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    let wanted = ["sec-websocket-version", "sec-websocket-protocol", "cache-control", "pragma", "origin"];
    assert_eq!(names, wanted);
    let fields: Vec<Field<'_>> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    accepted(&parts, &fields);
}

// rule: client/h2-answer-misjudged
#[test]
fn a_2xx_opens_without_an_accept_value_and_nothing_else_does() {
    let request = ClientRequest::new("server.example", "/").unwrap();
    let verdict = |status: u16, fields: &[Field<'_>]| {
        let (_, _, pending) = request.start_stream(true);
        let fields = fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        pending.judge(status, fields, &Limits::default())
    };
    for status in [200, 204] {
        assert!(matches!(verdict(status, &[]), Verdict::Opened(..)), "{status}");
    }
    assert!(matches!(verdict(403, &[("x", "y")]), Verdict::Declined(head) if head.field("x") == Some(b"y")));
    for (status, field, rule) in [
        (200, ("sec-websocket-protocol", "x"), "client/subprotocol-unoffered-opens"),
        (200, ("sec-websocket-extensions", "x"), "client/extension-unoffered-opens"),
        (200, ("connection", "upgrade"), "client/h2-answer-misjudged"),
        (101, ("x", "y"), "client/h2-answer-misjudged"),
        (200, ("x", "\n"), "client/control-bytes-in-head"),
    ] {
        let Verdict::Faulty(faults, _) = verdict(status, &[field]) else { panic!("{status} {field:?}") };
        let ids: Vec<_> = faults.iter().map(|fault| fault.rule().id).collect();
        assert_eq!(ids, [rule], "{status} {field:?}");
    }
}
