//! What a server does with Host, Upgrade, Connection, the version, bodies, Expect and Origin.

use crate::probe::{KEY, accepted, accepted_by, base, ids, refusal, refusal_by, refuses, refuses_by, values};
use handfast_proto::handshake::{Answer, OriginPolicy, Policy};

fn host(value: &str) -> crate::probe::Head {
    base().instead("Host", format!("Host: {value}"))
}

// rule: server/host-missing
#[test]
fn no_host_is_refused_with_400() {
    refuses(base().without("Host"), 400, "server/host-missing");
    refuses(base().without("Host").first("GET http://server.example/ HTTP/1.1"), 400, "server/host-missing");
}

// rule: server/host-duplicate
#[test]
fn two_hosts_are_refused_with_400_whatever_they_are() {
    for request in [
        base().add("Host: server.example"),
        base().add("Host: other.example"),
        base().lead("host: other.example"),
        base().add("Host: a b").add("Host:"),
    ] {
        refuses(request, 400, "server/host-duplicate");
    }
}

// rule: server/host-invalid
#[test]
fn a_host_outside_the_grammar_is_refused_with_400() {
    for value in [
        "a b",
        "user@server.example",
        "server.example/x",
        "[::1",
        "[::1]x",
        "[1.2.3.4]",
        "h:port",
        "h:-1",
        "h:65536",
        "http://h",
        "h, i\"",
        ":80",
        "h:1:2",
        "h#",
        "h\\",
        "h\u{e9}",
        "%zz",
    ] {
        refuses(host(value), 400, "server/host-invalid");
    }
}

// rule: server/host-empty
#[test]
fn an_empty_host_is_refused_with_400() {
    refuses(base().instead("Host", "Host:"), 400, "server/host-empty");
    refuses(base().instead("Host", "Host:   \t"), 400, "server/host-empty");
}

// rule: server/host-form-refused
#[test]
fn a_host_with_port_in_capitals_or_as_an_address_is_accepted() {
    for value in [
        "SERVER.EXAMPLE",
        "server.example:8080",
        "[::1]:8080",
        "[::1]",
        "127.0.0.1",
        "a_b:",
        "xn--e1a.example.",
    ] {
        accepted(host(value));
    }
}

// rule: server/host-foreign
#[test]
fn a_host_that_the_server_does_not_have_is_refused_with_421() {
    let hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let policy = Policy { hosts, ..Policy::default() };
    refuses_by(host("rebind.example"), 421, "server/host-foreign", &policy);
    refuses_by(
        host("localhost").first("GET http://rebind.example/ HTTP/1.1"),
        421,
        "server/host-foreign",
        &policy,
    );
    for value in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080"] {
        accepted_by(host(value), &policy, &Answer::new());
    }
}

fn upgrade(value: &str) -> crate::probe::Head {
    base().instead("Upgrade", format!("Upgrade: {value}"))
}

// rule: server/upgrade-missing
#[test]
fn no_upgrade_is_refused_with_426() {
    refuses(base().without("Upgrade"), 426, "server/upgrade-missing");
}

// rule: server/upgrade-other
#[test]
fn an_upgrade_to_another_protocol_is_refused_with_426() {
    for value in ["h2c", "TLS/1.0", "Upgrade", "", ",", "h2c, TLS/1.0"] {
        refuses(upgrade(value), 426, "server/upgrade-other");
    }
}

// rule: server/upgrade-substring
#[test]
fn words_that_hold_websocket_are_refused_with_426() {
    for value in
        ["websockets", "xwebsocket", "not-websocket", "web socket", "\"websocket\"", "websocket; q=1"]
    {
        refuses(upgrade(value), 426, "server/upgrade-substring");
    }
}

// rule: server/upgrade-case-refused
#[test]
fn websocket_in_any_case_is_accepted() {
    for value in ["WebSocket", "WEBSOCKET"] {
        accepted(upgrade(value));
    }
}

// rule: server/upgrade-list-refused
#[test]
fn websocket_in_a_list_or_on_any_line_is_accepted_and_answered_alone() {
    for value in ["h2c, websocket", "websocket, h2c", "h2c,WebSocket , TLS/1.0", ",,websocket,"] {
        accepted(upgrade(value));
    }
    accepted(upgrade("h2c").add("Upgrade: websocket"));
    accepted(upgrade("websocket").add("Upgrade: h2c"));
}

// rule: server/upgrade-version-suffix
#[test]
fn websocket_with_a_version_is_refused_with_426() {
    refuses(upgrade("websocket/13"), 426, "server/upgrade-version-suffix");
    refuses(upgrade("h2c, WebSocket/13"), 426, "server/upgrade-version-suffix");
}

fn connection(value: &str) -> crate::probe::Head {
    base().instead("Connection", format!("Connection: {value}"))
}

// rule: server/connection-missing
#[test]
fn no_connection_is_refused_with_426() {
    refuses(base().without("Connection"), 426, "server/connection-missing");
}

// rule: server/connection-no-upgrade
#[test]
fn a_connection_without_upgrade_is_refused_with_426() {
    for value in ["keep-alive", "close", "websocket", "", "keep-alive; Upgrade", ",,"] {
        refuses(connection(value), 426, "server/connection-no-upgrade");
    }
}

// rule: server/connection-substring
#[test]
fn words_like_upgrade_are_refused_with_426() {
    for value in [
        "upgradex",
        "xupgrade",
        "not-upgrade",
        "upgraded",
        "u",
        "keep-alive Upgrade",
        "\"Upgrade\"",
        "\"a, Upgrade, b\"",
    ] {
        refuses(connection(value), 426, "server/connection-substring");
    }
}

// rule: server/connection-case-refused
#[test]
fn upgrade_in_any_case_is_accepted() {
    for value in ["upgrade", "UPGRADE"] {
        accepted(connection(value));
    }
}

// rule: server/connection-list-refused
#[test]
fn upgrade_in_a_list_is_accepted() {
    for value in ["keep-alive, Upgrade", "Upgrade,keep-alive", "keep-alive\t,\tUpgrade", ",,Upgrade,,"] {
        accepted(connection(value));
    }
}

// rule: server/connection-several-lines-refused
#[test]
fn upgrade_on_any_connection_line_is_accepted() {
    accepted(connection("keep-alive").add("Connection: Upgrade"));
    accepted(connection("Upgrade").add("connection: keep-alive"));
}

// rule: server/connection-close-with-upgrade
#[test]
fn close_beside_upgrade_is_refused_with_400() {
    for value in ["close, Upgrade", "Upgrade, Close"] {
        refuses(connection(value), 400, "server/connection-close-with-upgrade");
    }
    refuses(base().add("Connection: close"), 400, "server/connection-close-with-upgrade");
}

fn version(value: &str) -> crate::probe::Head {
    base().instead("Sec-WebSocket-Version", format!("Sec-WebSocket-Version: {value}"))
}

// rule: server/version-missing
#[test]
fn no_version_is_refused_with_426() {
    refuses(base().without("Sec-WebSocket-Version"), 426, "server/version-missing");
    refuses(version(""), 426, "server/version-missing");
}

// rule: server/version-other server/version-other-unadvertised server/version-status server/version-advertised-malformed
#[test]
fn other_versions_are_refused_with_426_that_names_13() {
    for value in ["25", "0", "9", "10", "11", "12", "14", "255"] {
        refuses(version(value), 426, "server/version-other");
        let answer = String::from_utf8(refusal(version(value)).to_bytes()).unwrap();
        assert_eq!(values(&answer, "Sec-WebSocket-Version"), ["13"]);
    }
}

#[test]
fn a_version_fault_beside_a_telling_one_is_still_answered_with_13() {
    let refusal = refusal(version("25").instead("Host", "Host: a b"));
    assert_eq!((refusal.status(), ids(&refusal)), (400, vec!["server/host-invalid", "server/version-other"]));
    assert_eq!(values(&String::from_utf8(refusal.to_bytes()).unwrap(), "Sec-WebSocket-Version"), ["13"]);
}

// rule: server/version-draft
#[test]
fn drafts_are_refused_with_426() {
    refuses(version("7"), 426, "server/version-draft");
    refuses(version("8"), 426, "server/version-draft");
}

// rule: server/version-list
#[test]
fn a_list_of_versions_is_refused_with_426() {
    for value in ["13, 8", "8, 13", "13, 13", "13,", ",13", "13 13", "1 3"] {
        refuses(version(value), 426, "server/version-list");
    }
}

// rule: server/version-leading-zero
#[test]
fn leading_zeros_are_refused_with_426() {
    for value in ["013", "0013", "00"] {
        refuses(version(value), 426, "server/version-leading-zero");
    }
}

// rule: server/version-not-decimal
#[test]
fn versions_that_are_no_decimal_numbers_are_refused_with_426() {
    for value in [
        "+13", "-13", "0xD", "0b1101", "13.0", "1.3e1", "v13", "hybi-13", "13;q=1", "\"13\"", "thirteen",
        "\u{661}3",
    ] {
        refuses(version(value), 426, "server/version-not-decimal");
    }
}

// rule: server/version-overflow
#[test]
fn versions_that_wrap_to_13_are_refused_with_426() {
    for value in ["256", "269", "4294967309", "99999999999999999999"] {
        refuses(version(value), 426, "server/version-overflow");
    }
}

// rule: server/version-duplicate
#[test]
fn two_version_lines_are_refused_with_426() {
    for value in ["13", "8"] {
        let line = format!("Sec-WebSocket-Version: {value}");
        refuses(base().add(&line), 426, "server/version-duplicate");
        refuses(base().lead(&line), 426, "server/version-duplicate");
    }
}

// rule: server/body-present
#[test]
fn an_announced_body_is_refused_with_400_and_a_length_of_0_is_none() {
    refuses(base().add("Content-Length: 5"), 400, "server/body-present");
    refuses(base().add("Content-Length: 99999999999999999999999"), 400, "server/body-present");
    refuses(base().add("Transfer-Encoding: chunked"), 400, "server/body-present");
    refuses(base().add("Transfer-Encoding: gzip, Chunked"), 400, "server/body-present");
    accepted(base().add("Content-Length: 0"));
}

// rule: server/body-as-frames
#[test]
fn body_bytes_never_become_frames() {
    let mut input = base().add("Content-Length: 9").bytes();
    input.extend_from_slice(b"\x81\x83\x00\x00\x00\x00abc");
    refuses(input, 400, "server/body-present");
}

// rule: server/length-conflict
#[test]
fn contradictory_lengths_are_refused_with_400() {
    for request in [
        base().add("Transfer-Encoding: chunked").add("Content-Length: 5"),
        base().add("Content-Length: 0").add("Transfer-Encoding: chunked"),
        base().add("Content-Length: +5"),
        base().add("Content-Length: -0"),
        base().add("Content-Length:"),
        base().add("Content-Length: 0, 0"),
        base().add("Content-Length: 5").add("Content-Length: 6"),
        base().add("Content-Length: 0").add("Content-Length: 0"),
        base().add("Transfer-Encoding: chunked, identity"),
        base().add("Transfer-Encoding: identity"),
        base().add("Transfer-Encoding:"),
    ] {
        refuses(request, 400, "server/length-conflict");
    }
}

// rule: server/expect-continue
#[test]
fn an_expected_100_comes_before_the_101_and_other_expectations_get_417() {
    for line in ["Expect: 100-continue", "expect: 100-Continue"] {
        let answer = accepted(base().add(line));
        assert!(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 "), "{answer}");
    }
    refuses(base().add("Expect: 200-ok"), 417, "server/expect-continue");
    refuses(base().add("Expect:"), 417, "server/expect-continue");
}

fn origin(value: &str) -> crate::probe::Head {
    base().add(format!("Origin: {value}"))
}

// rule: server/origin-absent
#[test]
fn a_request_without_origin_is_no_browsers_and_accepted_by_each_policy() {
    for policy in [OriginPolicy::SameOrigin, OriginPolicy::Allow(Vec::new()), OriginPolicy::Any] {
        let (offer, _) = accepted_by(base(), &Policy { origin: policy, ..Policy::default() }, &Answer::new());
        assert_eq!(offer.origin(), None);
    }
}

// rule: server/origin-foreign-accepted server/origin-refusal-status
#[test]
fn foreign_pages_are_refused_with_403_and_own_ones_accepted() {
    refuses(origin("https://evil.example"), 403, "server/origin-foreign-accepted");
    refuses(origin("null"), 403, "server/origin-foreign-accepted");
    for own in ["http://server.example", "https://server.example", "HTTPS://Server.Example"] {
        accepted(origin(own));
    }
    let local = base().instead("Host", "Host: localhost:8080");
    accepted(local.clone().add("Origin: http://localhost:8080"));
    refuses(local.add("Origin: http://localhost:8081"), 403, "server/origin-foreign-accepted");
    let any = Policy { origin: OriginPolicy::Any, ..Policy::default() };
    accepted_by(origin("https://evil.example"), &any, &Answer::new());
}

#[test]
fn the_authority_of_an_absolute_target_is_what_an_origin_is_compared_with() {
    let request = origin("http://other.example").first("GET http://other.example/ HTTP/1.1");
    accepted(request);
    let request = origin("http://server.example").first("GET http://other.example/ HTTP/1.1");
    refuses(request, 403, "server/origin-foreign-accepted");
}

// rule: server/origin-compared-loosely
#[test]
fn origins_are_compared_in_full() {
    let own = vec!["https://app.example".to_owned()];
    let policy = Policy { origin: OriginPolicy::Allow(own), ..Policy::default() };
    for value in ["https://app.example", "HTTPS://APP.EXAMPLE", "http://server.example"] {
        accepted_by(origin(value), &policy, &Answer::new());
    }
    for value in [
        "https://app.example.evil.example",
        "https://evilapp.example",
        "http://app.example",
        "https://app.example:444",
        "null",
    ] {
        refuses_by(origin(value), 403, "server/origin-foreign-accepted", &policy);
    }
    for value in
        ["https://app.example@evil.example", "", "app.example", "https://app.example/", "https://", "*"]
    {
        refuses_by(origin(value), 403, "server/origin-compared-loosely", &policy);
    }
    let listed = Policy { origin: OriginPolicy::Allow(vec!["null".to_owned()]), ..Policy::default() };
    accepted_by(origin("null"), &listed, &Answer::new());
}

// rule: server/origin-duplicate
#[test]
fn several_origins_are_refused_with_403_by_each_policy() {
    let (own, foreign) = ("http://server.example", "https://evil.example");
    for policy in [OriginPolicy::SameOrigin, OriginPolicy::Any] {
        let policy = Policy { origin: policy, ..Policy::default() };
        for request in [
            origin(own).add(format!("Origin: {foreign}")),
            origin(foreign).add(format!("Origin: {own}")),
            origin(own).add(format!("Origin: {own}")),
            origin(&format!("{own} {foreign}")),
            origin(&format!("{foreign},{own}")),
        ] {
            refuses_by(request, 403, "server/origin-duplicate", &policy);
        }
    }
}

// rule: server/key-as-credential
#[test]
fn the_same_key_opens_again_and_again_since_it_proves_nothing_about_the_client() {
    assert_eq!(accepted(base()), accepted(base().add("Authorization: Basic eDp5")));
}

// rule: server/plain-get-unanswered
#[test]
fn a_plain_get_is_answered_with_426_and_a_sentence() {
    let request = "GET /chat HTTP/1.1\r\nHost: server.example\r\n\r\n";
    refuses(request, 426, "server/plain-get-unanswered");
    let text = String::from_utf8(refusal(request).to_bytes()).unwrap();
    assert!(text.contains("\r\n\r\nThis is a WebSocket endpoint"), "{text}");
    refuses("GET /chat HTTP/1.0\r\n\r\n", 426, "server/plain-get-unanswered");
    let h2c = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n";
    refuses(h2c, 426, "server/plain-get-unanswered");
    refuses("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 405, "server/method-not-get");
}

#[test]
fn all_faults_of_one_request_are_told_and_the_most_telling_gives_the_status() {
    let request = base()
        .first("POST /chat HTTP/1.1")
        .without("Host")
        .instead("Upgrade", "Upgrade: h2c")
        .instead("Connection", "Connection: keep-alive")
        .instead("Sec-WebSocket-Key", "Sec-WebSocket-Key: AA-A")
        .instead("Sec-WebSocket-Version", "Sec-WebSocket-Version: 12")
        .add("Origin: https://evil.example")
        .add("Content-Length: 3")
        .add("Sec-WebSocket-Protocol: a/b")
        .add("Sec-WebSocket-Extensions: ;");
    let refusal = refusal_by(request, &Policy::default());
    assert_eq!(refusal.status(), 405);
    assert_eq!(
        ids(&refusal),
        [
            "server/method-not-get",
            "server/host-missing",
            "server/body-present",
            "server/upgrade-other",
            "server/connection-no-upgrade",
            "server/version-other",
            "server/key-url-safe",
            "server/key-length",
            "server/subprotocol-offer-invalid",
            "server/extension-offer-malformed",
            "server/origin-foreign-accepted"
        ]
    );
    assert!(!refusal.to_string().contains(KEY));
}
