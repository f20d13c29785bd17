//! How a client treats each answer.

use crate::answers::{NONCE, Outcome, fails, fails_to, good, judge, opens, opens_to, request};
use crate::probe::{ACCEPT, Head};
use handfast_proto::Limits;
use handfast_proto::error::ResponseFault;
use handfast_proto::handshake::{ClientRequest, Progress};

// rule: client/status-not-101-opens
#[test]
fn other_final_statuses_are_ordinary_http() {
    for status in [200, 204, 301, 400, 401, 403, 404, 407, 426, 500, 503, 599] {
        let outcome = judge(&request(), good().first(format!("HTTP/1.1 {status} Words")));
        assert!(matches!(outcome, Outcome::Declined(other) if other == status), "{outcome:?}");
    }
    assert!(matches!(judge(&request(), "HTTP/1.0 404 Not Found\r\n\r\n"), Outcome::Declined(404)));
}

// rule: client/redirect-unsafe client/auth-retry-unsafe
#[test]
fn redirects_and_challenges_are_shown_to_the_caller_and_never_followed() {
    let (_, mut pending) = request().start(NONCE);
    let answer = b"HTTP/1.1 302 Found\r\nLocation: ws://other.example/\r\n\r\n";
    let Ok(Progress::Complete { value, used }) = pending.read(answer, &Limits::default()) else {
        panic!("a complete answer")
    };
    let handfast_proto::handshake::Verdict::Declined(head) = value else { panic!("{value:?}") };
    assert_eq!((head.status(), head.reason(), used), (302, &b"Found"[..], answer.len()));
    assert_eq!(head.field("location"), Some(&b"ws://other.example/"[..]));
    assert_eq!(head.as_bytes(), answer);
}

fn behind(interim: &str) -> Vec<u8> {
    [interim.as_bytes(), &good().bytes()].concat()
}

// rule: client/informational-refused
#[test]
fn interim_answers_are_skipped() {
    for interim in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
        "HTTP/1.1 199\r\n\r\n",
    ] {
        opens(behind(interim));
        opens(behind(&interim.repeat(5)));
        let refused = [interim, "HTTP/1.1 404 No\r\n\r\n"].concat();
        assert!(matches!(judge(&request(), refused), Outcome::Declined(404)));
    }
    let Outcome::Open(_, used) = judge(&request(), behind("HTTP/1.1 100 Continue\r\n\r\n")) else {
        panic!("open")
    };
    assert_eq!(used, behind("HTTP/1.1 100 Continue\r\n\r\n").len());
}

// rule: client/status-line-malformed-opens
#[test]
fn a_status_line_outside_the_grammar_fails() {
    for line in [
        "ICY 101 OK",
        "HTTP/1.1 0101 x",
        "HTTP/1.1 1010 x",
        "HTTP/2 101 x",
        "HTTP/2.0 101 x",
        "HTTP/1.1101 x",
        "xHTTP/1.1 101 x",
        " HTTP/1.1 101 x",
        "http/1.1 101 x",
        "HTTP/1.1  101 x",
        "HTTP/1.1\t101 x",
        "HTTP/1.1 10",
        "HTTP/1.1 1x1",
        "HTTP/1.1 101-x",
        "",
    ] {
        fails(good().first(line), "client/status-line-malformed-opens");
    }
    opens(good().first("HTTP/1.1 101"));
    opens(good().first("HTTP/1.1 101 "));
    opens(good().first(b"HTTP/1.1 101 W\xc3\xa4hle"));
    opens(good().first("HTTP/1.2 101 Switching Protocols"));
}

#[test]
fn an_answer_in_tls_is_told_at_once() {
    let Outcome::Failed(faults) = judge(&request(), b"\x15\x03\x01\x00\x02\x02\x46") else {
        panic!("failed")
    };
    assert_eq!(faults, [ResponseFault::TlsAnswer]);
}

// rule: client/http-1-0-opens
#[test]
fn a_101_under_http_1_0_fails() {
    fails(good().first("HTTP/1.0 101 Switching Protocols"), "client/http-1-0-opens");
}

fn upgrade(value: &str) -> Head {
    good().instead("Upgrade", format!("Upgrade: {value}"))
}

// rule: client/upgrade-missing-opens
#[test]
fn a_101_without_upgrade_fails() {
    fails(good().without("Upgrade"), "client/upgrade-missing-opens");
}

// rule: client/upgrade-wrong-opens
#[test]
fn an_upgrade_other_than_websocket_alone_fails() {
    for value in [
        "h2c",
        "websockets",
        "websocket, h2c",
        "websocket,",
        "websocket/13",
        "",
        "\"websocket\"",
        "web socket",
    ] {
        fails(upgrade(value), "client/upgrade-wrong-opens");
    }
    fails(good().add("Upgrade: h2c"), "client/upgrade-wrong-opens");
    fails(good().add("upgrade: websocket"), "client/upgrade-wrong-opens");
}

// rule: client/upgrade-case-refused
#[test]
fn case_of_names_websocket_and_upgrade_does_not_matter() {
    opens(upgrade("WebSocket").instead("Connection", "Connection: upgrade"));
    opens(good().named(str::to_lowercase));
    opens(good().named(str::to_uppercase));
}

fn connection(value: &str) -> Head {
    good().instead("Connection", format!("Connection: {value}"))
}

// rule: client/connection-wrong-opens
#[test]
fn a_connection_that_does_not_list_upgrade_or_lists_close_fails() {
    fails(good().without("Connection"), "client/connection-wrong-opens");
    for value in [
        "keep-alive",
        "close",
        "upgradex",
        "not-upgrade",
        "keep-alive Upgrade",
        "u",
        "",
        "\"Upgrade\"",
        "close, Upgrade",
    ] {
        fails(connection(value), "client/connection-wrong-opens");
    }
    fails(good().add("Connection: close"), "client/connection-wrong-opens");
}

// rule: client/connection-list-refused
#[test]
fn upgrade_in_a_list_or_on_any_line_opens() {
    for value in ["keep-alive, Upgrade", "Upgrade,keep-alive", ",,UPGRADE,,", "keep-alive\t, upgrade"] {
        opens(connection(value));
    }
    opens(connection("keep-alive").add("Connection: Upgrade"));
    opens(good().add("Connection: keep-alive"));
}

fn accept(value: &str) -> Head {
    good().instead("Sec-WebSocket-Accept", format!("Sec-WebSocket-Accept: {value}"))
}

// rule: client/accept-missing-opens
#[test]
fn a_101_without_accept_fails() {
    fails(good().without("Sec-WebSocket-Accept"), "client/accept-missing-opens");
    fails(accept(""), "client/accept-missing-opens");
    fails(accept(" \t"), "client/accept-missing-opens");
}

// rule: client/accept-wrong-opens
#[test]
fn a_wrong_accept_fails_and_both_values_are_told() {
    for value in [
        "C/0nmHhBztSRGR1CwL6Tf4ZjwpY=",
        crate::probe::KEY,
        "b37a4f2cc0624f1690f64606cf385945b2bec4ea",
        "x",
        "c3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    ] {
        fails(accept(value), "client/accept-wrong-opens");
    }
    let Outcome::Failed(faults) = judge(&request(), accept("C/0nmHhBztSRGR1CwL6Tf4ZjwpY=")) else {
        panic!("failed")
    };
    let text = faults[0].to_string();
    assert!(text.contains("C/0nmHhBztSRGR1CwL6Tf4ZjwpY=") && text.contains(ACCEPT), "{text}");
    let (_, other) = request().start([9; 16]);
    assert_ne!(other.expected().as_str(), ACCEPT);
}

// rule: client/accept-case-changed-opens
#[test]
fn an_accept_in_other_letters_fails() {
    for value in [ACCEPT.to_lowercase(), ACCEPT.to_uppercase(), ACCEPT.replacen('s', "S", 1)] {
        fails(accept(&value), "client/accept-case-changed-opens");
    }
}

// rule: client/accept-duplicate-opens
#[test]
fn two_accepts_fail_be_they_right_or_wrong() {
    let (right, wrong) = (format!("Sec-WebSocket-Accept: {ACCEPT}"), "Sec-WebSocket-Accept: x");
    for answer in [
        good().add(&right),
        good().add(wrong),
        good().lead(wrong),
        good().add("sec-websocket-accept:"),
        accept(&format!("{ACCEPT}, {ACCEPT}")),
        accept(&format!("{ACCEPT},x")),
    ] {
        fails(answer, "client/accept-duplicate-opens");
    }
}

// rule: client/accept-trimmed-opens
#[test]
fn a_shortened_or_lengthened_accept_fails() {
    for value in [
        &ACCEPT[..27],
        &format!("{ACCEPT}="),
        &ACCEPT[..20],
        &format!("\"{ACCEPT}\""),
        &format!("{ACCEPT}x"),
        &format!("{} {}", &ACCEPT[..10], &ACCEPT[10..]),
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOp=",
    ] {
        fails(accept(value), "client/accept-trimmed-opens");
    }
}

// rule: client/accept-whitespace-refused
#[test]
fn blanks_around_the_accept_are_ignored() {
    opens(good().instead("Sec-WebSocket-Accept", format!("Sec-WebSocket-Accept:{ACCEPT}")));
    opens(good().instead("Sec-WebSocket-Accept", format!("Sec-WebSocket-Accept:   {ACCEPT} \t")));
}

fn offering(names: &[&str]) -> ClientRequest {
    names.iter().fold(request(), |request, name| request.subprotocol(name).unwrap())
}

fn choosing(value: &str) -> Head {
    good().add(format!("Sec-WebSocket-Protocol: {value}"))
}

// rule: client/subprotocol-unoffered-opens
#[test]
fn a_subprotocol_that_was_not_offered_fails() {
    fails(choosing("chat"), "client/subprotocol-unoffered-opens");
    fails(choosing(""), "client/subprotocol-unoffered-opens");
    for value in ["superchat", "Chat", "", "cha", "\"chat\""] {
        fails_to(&offering(&["chat"]), choosing(value), "client/subprotocol-unoffered-opens");
    }
    opens_to(&offering(&["chat", "superchat"]), choosing("superchat"), Some("superchat"));
}

// rule: client/subprotocol-several-opens
#[test]
fn several_subprotocols_fail() {
    let offer = offering(&["chat", "superchat"]);
    for answer in [
        choosing("chat, superchat"),
        choosing("chat").add("Sec-WebSocket-Protocol: superchat"),
        choosing("chat").add("sec-websocket-protocol: chat"),
        choosing("chat,"),
    ] {
        fails_to(&offer, answer, "client/subprotocol-several-opens");
    }
}

// rule: client/subprotocol-declined
#[test]
fn a_declined_subprotocol_opens_unless_one_is_required() {
    opens_to(&offering(&["chat"]), good(), None);
    fails_to(&offering(&["chat"]).require_subprotocol(true), good(), "client/subprotocol-declined");
    opens_to(&request().require_subprotocol(true), good(), None);
}

fn extending(value: &str) -> Head {
    good().add(format!("Sec-WebSocket-Extensions: {value}"))
}

// rule: client/extension-unoffered-opens
#[test]
fn an_extension_that_was_not_offered_fails() {
    for value in ["permessage-deflate", "handfast-unknown", "x-webkit-deflate-frame; a=1"] {
        fails(extending(value), "client/extension-unoffered-opens");
    }
    let deflate = request().deflate(Default::default());
    let both = "permessage-deflate; server_no_context_takeover, handfast-unknown";
    for value in ["handfast-unknown", both, "PERMESSAGE-DEFLATE"] {
        fails_to(&deflate, extending(value), "client/extension-unoffered-opens");
    }
}

// rule: client/extension-answer-malformed-opens
#[test]
fn a_malformed_extension_answer_fails() {
    let deflate = request().deflate(Default::default());
    for value in [
        "permessage-deflate; =1",
        "",
        ",",
        "permessage-deflate; a b",
        "permessage-deflate; a=\"1",
        "permessage-deflate permessage-deflate",
    ] {
        fails(extending(value), "client/extension-answer-malformed-opens");
        fails_to(&deflate, extending(value), "client/extension-answer-malformed-opens");
    }
}

// rule: client/extension-lines-refused client/deflate-answered-twice-opens
#[test]
fn several_extension_lines_are_one_list() {
    let deflate = request().deflate(handfast_proto::deflate::DeflateOptions::with_context());
    fails(extending("a").add("Sec-WebSocket-Extensions: ;"), "client/extension-answer-malformed-opens");
    opens_to(&deflate, extending(",").add("Sec-WebSocket-Extensions: permessage-deflate"), None);
    let twice = extending("permessage-deflate").add("Sec-WebSocket-Extensions: permessage-deflate");
    fails_to(&deflate, twice, "client/deflate-answered-twice-opens");
    fails_to(
        &deflate,
        extending("permessage-deflate, permessage-deflate"),
        "client/deflate-answered-twice-opens",
    );
}

// rule: client/head-in-pieces-refused
#[test]
fn an_answer_in_any_two_pieces_opens() {
    let bytes = good().bytes();
    for cut in 1..bytes.len() {
        let (_, mut pending) = request().start(NONCE);
        assert!(matches!(pending.read(&bytes[..cut], &Limits::default()), Ok(Progress::Partial)));
        assert!(
            matches!(pending.read(&bytes, &Limits::default()), Ok(Progress::Complete { .. })),
            "cut at {cut}"
        );
    }
}

// rule: client/glued-frames-lost client/length-fields-obeyed
#[test]
fn frames_behind_the_head_are_left_to_the_connection_whatever_length_is_stated() {
    for answer in [good(), good().add("Content-Length: 4"), good().add("Transfer-Encoding: chunked")] {
        let head = answer.bytes();
        let Outcome::Open(_, used) = judge(&request(), [&head[..], b"\x81\x02hi"].concat()) else {
            panic!("open")
        };
        assert_eq!(used, head.len());
    }
}

// rule: client/control-bytes-in-head
#[test]
fn control_bytes_and_lone_line_ends_fail() {
    let hidden = good().instead("Sec-WebSocket-Accept", format!("X-A: b\rSec-WebSocket-Accept: {ACCEPT}"));
    let Outcome::Failed(faults) = judge(&request(), hidden) else { panic!("failed") };
    let rules: Vec<_> = faults.iter().map(|fault| fault.rule().id).collect();
    assert_eq!(rules, ["client/control-bytes-in-head", "client/accept-missing-opens"]);
    for line in
        [&b"X-A: a\0b"[..], b"X-A: a\x7f", b"X-A: a\r", b"garbage", b"X-A : b", b": b", b"X-A: a\nX-B: c"]
    {
        fails(good().add(line), "client/control-bytes-in-head");
    }
    fails(good().first("HTTP/1.1 101 a\0b"), "client/control-bytes-in-head");
    let nul = good().instead("Sec-WebSocket-Accept", format!("Sec-WebSocket-Accept: {ACCEPT}\0"));
    assert!(matches!(judge(&request(), nul), Outcome::Failed(_)));
    let text = String::from_utf8(good().bytes()).unwrap();
    fails(text.replace("\r\n", "\n"), "client/control-bytes-in-head");
}

// rule: client/obs-fold-misread
#[test]
fn folded_lines_fail_and_their_content_takes_no_effect() {
    fails_to(
        &offering(&["chat"]),
        good().add("X-A: b\r\n Sec-WebSocket-Protocol: chat"),
        "client/obs-fold-misread",
    );
    fails(good().add("X-A: b\r\n\t"), "client/obs-fold-misread");
    fails(good().lead(" X-A: b"), "client/obs-fold-misread");
}

#[test]
fn a_malformed_answer_with_another_status_tells_the_status_too() {
    let Outcome::Failed(faults) = judge(&request(), "HTTP/1.1 502 Bad Gateway\r\nX\r\n\r\n") else {
        panic!("failed")
    };
    assert_eq!(faults[1], ResponseFault::StatusNot101(502));
}

// rule: client/head-endless
#[test]
fn an_endless_answer_fails_at_the_limit() {
    let long = good().add(format!("X: {}", "v".repeat(64 << 10)));
    fails(long, "client/head-endless");
    fails(good().first(format!("HTTP/1.1 101 {}", "v".repeat(64 << 10))), "client/head-endless");
    fails((0..200).fold(good(), |head, number| head.add(format!("X-{number}: v"))), "client/head-endless");
    fails("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100), "client/head-endless");
}

// rule: client/answer-timeout
#[test]
fn a_late_answer_has_a_fault_of_its_own() {
    assert_eq!(ResponseFault::AnswerTimeout.rule().id, "client/answer-timeout");
}

// rule: client/failed-connection-kept
#[test]
fn a_faulty_101_gives_no_witness_that_could_open_a_connection() {
    let outcome = judge(&request(), [&accept("x").bytes()[..], b"\x81\x02hi"].concat());
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
}

#[test]
fn all_faults_of_one_answer_are_told() {
    let answer = Head::new(&[
        "HTTP/1.0 101 x",
        "Upgrade: h2c",
        "Connection: close",
        "Sec-WebSocket-Accept: x",
        "Sec-WebSocket-Protocol: chat",
        "Sec-WebSocket-Extensions: a",
    ]);
    let Outcome::Failed(faults) = judge(&request(), answer) else { panic!("failed") };
    assert_eq!(
        faults.iter().map(|fault| fault.rule().id).collect::<Vec<_>>(),
        [
            "client/http-1-0-opens",
            "client/upgrade-wrong-opens",
            "client/connection-wrong-opens",
            "client/accept-wrong-opens",
            "client/subprotocol-unoffered-opens",
            "client/extension-unoffered-opens"
        ]
    );
}
