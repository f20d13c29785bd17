//! What a server does with the form of a request: request line, head syntax, limits.

use crate::probe::{accepted, base, ids, refusal, refusal_by, refuses};
use handfast_proto::Limits;
use handfast_proto::handshake::{Policy, Progress, RequestReader};
use handfast_proto::limits::LINE_FAULTS_MAX;

// rule: server/correct-handshake-refused
#[test]
fn the_correct_request_is_accepted_with_the_sample_accept() {
    assert_eq!(
        accepted(base()),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    );
}

// rule: server/method-not-get
#[test]
fn other_methods_are_refused_with_405() {
    for method in ["POST", "HEAD", "PUT", "OPTIONS", "XGET", "CONNECTED"] {
        let request = base().first(format!("{method} /chat HTTP/1.1")).add("Content-Length: 0");
        refuses(request, 405, "server/method-not-get");
    }
    refuses(base().first("G@T /chat HTTP/1.1"), 400, "server/method-not-get");
}

#[test]
fn a_refused_head_request_gets_no_body() {
    let refusal = refusal(base().first("HEAD /chat HTTP/1.1"));
    assert!(refusal.to_bytes().ends_with(b"\r\n\r\n"));
}

// rule: server/method-case-folded
#[test]
fn get_in_other_letters_is_refused_with_405() {
    for method in ["get", "Get", "GeT"] {
        refuses(base().first(format!("{method} /chat HTTP/1.1")), 405, "server/method-case-folded");
    }
}

#[test]
fn a_head_of_faulty_lines_is_told_by_the_first_of_them() {
    let faulty = |count| (0..count).fold(base(), |request, number| request.add(format!("no colon {number}")));
    for count in [1, LINE_FAULTS_MAX, LINE_FAULTS_MAX + 1, LINE_FAULTS_MAX + 40] {
        assert_eq!(refusal(faulty(count)).faults().len(), count.min(LINE_FAULTS_MAX), "{count} lines");
    }
}

// rule: server/http-version-1-0
#[test]
fn an_upgrade_under_http_1_0_is_refused_with_505() {
    refuses(base().first("GET /chat HTTP/1.0"), 505, "server/http-version-1-0");
    refuses(base().first("GET /chat HTTP/1.0").without("Host"), 505, "server/http-version-1-0");
}

// rule: server/http-version-malformed
#[test]
fn misspelt_versions_are_refused_with_400() {
    for version in
        [" http/1.1", " HTTP/1.1x", " HTTP/01.1", " HTTP/1.10", " HTTP/2.0", " HTTP/1", " HTP/1.1", ""]
    {
        refuses(base().first(format!("GET /chat{version}")), 400, "server/http-version-malformed");
    }
}

#[test]
fn tls_and_http_2_on_a_plain_port_are_told_at_once() {
    for (input, word) in [
        (&b"\x16\x03\x01\x02\x00\x01"[..], "wss://"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2"),
        (b"\x80\x01", "0x80"),
    ] {
        let refusal = refusal(input);
        assert_eq!((refusal.status(), ids(&refusal)), (400, vec!["server/http-version-malformed"]));
        assert!(refusal.to_string().contains(word), "{refusal}");
    }
}

// rule: server/http-version-higher-minor
#[test]
fn http_1_2_to_1_9_are_treated_like_1_1() {
    for minor in 2..=9 {
        accepted(base().first(format!("GET /chat HTTP/1.{minor}")));
    }
}

// rule: server/target-absolute-form-refused
#[test]
fn an_absolute_target_is_accepted_and_its_authority_counts() {
    for target in
        ["http://server.example/chat", "https://other.example:8443/chat?x", "HTTP://[::1]:80", "http://h?q"]
    {
        accepted(base().first(format!("GET {target} HTTP/1.1")));
    }
    let request = base().first("GET http://other.example/chat?x=1 HTTP/1.1").bytes();
    let Ok(Progress::Complete { value, used }) = RequestReader::new().read(&request, &Policy::default())
    else {
        panic!("well formed")
    };
    assert_eq!(
        (value.path(), value.query(), value.authority()),
        ("/chat", Some("x=1"), Some("other.example"))
    );
    assert_eq!((value.target(), used), ("http://other.example/chat?x=1", request.len()));
}

// rule: server/target-wrong-form
#[test]
fn asterisk_authority_and_slashless_targets_are_refused_with_400() {
    for target in [
        "*",
        "server.example:80",
        "chat",
        "http://",
        "http:///chat",
        "http://u@h/",
        "ws://server.example/",
        "?x",
    ] {
        refuses(base().first(format!("GET {target} HTTP/1.1")), 400, "server/target-wrong-form");
    }
}

// rule: server/target-illegal-bytes
#[test]
fn bytes_that_no_uri_holds_are_refused_with_400() {
    for target in
        [&b"/a b"[..], b"/a<b", b"/a>b", b"/a\"b", b"/a\tb", b"/a\x01", b"/a\0", b"/a\x7f", b"/a\xc3\xa9"]
    {
        let line = [b"GET ", target, b" HTTP/1.1"].concat();
        refuses(base().first(line), 400, "server/target-illegal-bytes");
    }
}

#[test]
fn bytes_that_browsers_leave_unencoded_are_accepted_in_a_target() {
    accepted(base().first("GET /a|b[c]?{d}^`\\'%zz HTTP/1.1"));
}

// rule: server/target-fragment
#[test]
fn a_fragment_is_refused_with_400() {
    refuses(base().first("GET /chat#part HTTP/1.1"), 400, "server/target-fragment");
}

// rule: server/target-too-long
#[test]
fn a_target_beyond_the_limit_gets_414() {
    for length in [65_536, 1 << 20] {
        let line = format!("GET /{} HTTP/1.1", "a".repeat(length));
        refuses(base().first(line), 414, "server/target-too-long");
    }
}

// rule: server/target-8000-octets
#[test]
fn a_request_line_of_8000_octets_works() {
    let line = format!("GET /chat?pad={} HTTP/1.1", "a".repeat(8000 - "GET /chat?pad= HTTP/1.1".len()));
    assert_eq!(line.len(), 8000);
    accepted(base().first(line));
}

// rule: server/request-line-spacing
#[test]
fn odd_blanks_in_the_request_line_are_refused_with_400() {
    for line in [
        "GET  /chat  HTTP/1.1",
        "GET\t/chat\tHTTP/1.1",
        " GET /chat HTTP/1.1",
        "GET /chat HTTP/1.1 ",
        "GET /chat\tHTTP/1.1",
        "GET /chat HTTP/1.1\t",
    ] {
        let refusal = refusal(base().first(line));
        assert_eq!((refusal.status(), ids(&refusal)[0]), (400, "server/request-line-spacing"), "{line:?}");
    }
}

// rule: server/leading-empty-line
#[test]
fn one_or_two_empty_lines_before_the_request_are_skipped_and_more_are_refused() {
    accepted([b"\r\n", &base().bytes()[..]].concat());
    accepted([b"\r\n\r\n", &base().bytes()[..]].concat());
    refuses([b"\r\n\r\n\r\n", &base().bytes()[..]].concat(), 400, "server/leading-empty-line");
}

#[test]
fn what_is_no_http_is_told_alike_however_much_of_it_came_at_once() {
    let policy = Policy::default();
    let endless = [&b"\r\n@"[..], &[b'x'; 100_000]].concat();
    for length in [3, endless.len()] {
        let refusal = RequestReader::new().read(&endless[..length], &policy).unwrap_err();
        assert_eq!(refusal.status(), 400, "{length} bytes");
        assert_eq!(ids(&refusal), ["server/http-version-malformed"]);
    }
}

// rule: server/obs-fold
#[test]
fn folded_lines_are_refused_with_400() {
    let connection = base().instead("Connection", "Connection: keep-alive,\r\n Upgrade");
    let key = base().instead("Sec-WebSocket-Key", format!("Sec-WebSocket-Key:\r\n\t{}", crate::probe::KEY));
    let host = base().add("X-A: b\r\n Host: evil.example");
    for request in [connection, key, host] {
        let refusal = refusal(request);
        assert_eq!((refusal.status(), ids(&refusal)[0]), (400, "server/obs-fold"));
    }
    refuses(base().add("X-A: b\r\n \t"), 400, "server/obs-fold");
}

// rule: server/nul-in-value
#[test]
fn control_bytes_in_a_value_are_refused_with_400() {
    for byte in (0..=0x1f).filter(|byte| !matches!(byte, b'\t' | b'\r' | b'\n')).chain([0x7f]) {
        refuses(base().add([b"X-Test: a", &[byte][..], b"b"].concat()), 400, "server/nul-in-value");
    }
    let key =
        refusal(base().instead("Sec-WebSocket-Key", format!("Sec-WebSocket-Key: {}\0", crate::probe::KEY)));
    assert_eq!((key.status(), ids(&key)), (400, vec!["server/nul-in-value", "server/key-alphabet"]));
    let host = refusal(base().instead("Host", "Host: a\0b"));
    assert_eq!((host.status(), ids(&host)), (400, vec!["server/nul-in-value", "server/host-invalid"]));
}

// rule: server/bare-cr
#[test]
fn a_lone_cr_is_refused_with_400_and_ends_no_line() {
    let hidden =
        base().instead("Sec-WebSocket-Key", format!("X-Test: a\rSec-WebSocket-Key: {}", crate::probe::KEY));
    let refusal_of_hidden = refusal(hidden);
    assert_eq!(ids(&refusal_of_hidden), ["server/bare-cr", "server/key-missing"]);
    assert_eq!(refusal_of_hidden.status(), 400);
    let inside =
        refusal(base().instead("Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNh\rbXBsZSBub25jZQ=="));
    assert_eq!((inside.status(), ids(&inside)[0]), (400, "server/bare-cr"));
    refuses(base().add("X-Test: a\r"), 400, "server/bare-cr");
}

// rule: server/bare-lf
#[test]
fn a_lone_lf_is_answered_with_400_and_never_awaited() {
    let text = String::from_utf8(base().bytes()).unwrap();
    refuses(text.replace("\r\n", "\n"), 400, "server/bare-lf");
    refuses(base().add("X-Test: a\nX-B: c"), 400, "server/bare-lf");
    refuses(format!("{}\n", text.trim_end_matches("\r\n").to_owned() + "\r\n"), 400, "server/bare-lf");
    assert_eq!(ids(&refusal("\n")), ["server/leading-empty-line", "server/bare-lf"]);
}

// rule: server/space-before-colon
#[test]
fn a_blank_before_the_colon_is_refused_with_400() {
    for line in [
        format!("Sec-WebSocket-Key : {}", crate::probe::KEY),
        format!("Sec-WebSocket-Key\t: {}", crate::probe::KEY),
    ] {
        refuses(base().instead("Sec-WebSocket-Key", line), 400, "server/space-before-colon");
    }
    refuses(base().add("X-Test : a"), 400, "server/space-before-colon");
}

// rule: server/space-before-first-field
#[test]
fn an_indented_line_after_the_request_line_is_refused_with_400() {
    refuses(base().lead(" Host: evil.example"), 400, "server/space-before-first-field");
    refuses(base().lead("\tX-A: b"), 400, "server/space-before-first-field");
    let key = refusal(
        base().without("Sec-WebSocket-Key").lead(format!(" Sec-WebSocket-Key: {}", crate::probe::KEY)),
    );
    assert_eq!(ids(&key), ["server/space-before-first-field", "server/key-missing"]);
}

// rule: server/field-line-malformed
#[test]
fn lines_that_are_no_fields_are_refused_with_400() {
    for line in ["garbage", ": value", "X Test: a", "X(Test): a", "X\0: a", "X\u{e9}: a", "\"X\": a"] {
        refuses(base().add(line), 400, "server/field-line-malformed");
    }
}

// rule: server/head-in-pieces-refused
#[test]
fn a_head_in_any_two_pieces_is_accepted() {
    let bytes = base().bytes();
    for cut in 1..bytes.len() {
        let mut reader = RequestReader::new();
        assert!(matches!(reader.read(&bytes[..cut], &Policy::default()), Ok(Progress::Partial)));
        let whole = reader.read(&bytes, &Policy::default());
        assert!(matches!(whole, Ok(Progress::Complete { used, .. }) if used == bytes.len()), "cut at {cut}");
    }
}

// rule: server/pipelined-bytes-lost
#[test]
fn bytes_behind_the_head_are_left_to_the_connection() {
    let head = base().bytes();
    let input = [&head[..], b"\x81\x83\x00\x00\x00\x00abc"].concat();
    let complete = RequestReader::new().read(&input, &Policy::default());
    assert!(matches!(complete, Ok(Progress::Complete { used, .. }) if used == head.len()));
}

// rule: server/field-name-case-refused
#[test]
fn field_names_in_any_case_are_accepted() {
    accepted(base().named(str::to_lowercase));
    accepted(base().named(str::to_uppercase));
}

// rule: server/unknown-fields-refused
#[test]
fn other_fields_and_another_order_do_not_matter() {
    accepted(base().reversed());
    accepted((0..40).fold(base(), |head, number| head.add(format!("X-Handfast-{number}: v"))));
    accepted(base().add(b"X-Test: \xc3\xa9").add("X-Empty:"));
    accepted(base().add("Sec-WebSocket-Unknown: 1").add("Sec-WebSocket-Origin: http://evil.example"));
}

// rule: server/head-too-large
#[test]
fn a_head_beyond_a_limit_gets_431() {
    for length in [64 << 10, 1 << 20] {
        refuses(base().add(format!("X-Test: {}", "a".repeat(length))), 431, "server/head-too-large");
    }
    for count in [123, 1000] {
        let request = (0..count).fold(base(), |head, number| head.add(format!("X-{number}: v")));
        let bytes = request.bytes();
        match count + 5 > 128 {
            true => refuses(bytes, 431, "server/head-too-large"),
            false => drop(accepted(bytes)),
        }
    }
    let policy = Policy { limits: Limits { head_bytes_max: 100, ..Limits::default() }, ..Policy::default() };
    assert_eq!(refusal_by(base(), &policy).status(), 431);
}

#[test]
fn an_endless_head_is_refused_at_the_limit() {
    let mut endless = base().bytes();
    endless.truncate(endless.len() - 2);
    while endless.len() < 1 << 20 {
        endless.extend_from_slice(
            b"X-Endless: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
        );
    }
    let at_limit = &endless[..64 << 10];
    assert!(RequestReader::new().read(at_limit, &Policy::default()).is_err());
}

// rule: server/head-timeout
#[test]
fn a_head_that_never_ends_is_refused_with_408_when_time_is_up() {
    let mut reader = RequestReader::new();
    assert!(matches!(reader.read(b"GET / HTTP/1.1\r\nX", &Policy::default()), Ok(Progress::Partial)));
    let refusal = reader.timed_out();
    assert_eq!((refusal.status(), ids(&refusal)), (408, vec!["server/head-timeout"]));
    assert!(refusal.to_string().contains("17 bytes"), "{refusal}");
}

// rule: server/head-timeout
#[test]
fn a_head_that_the_end_of_the_stream_cuts_short_is_refused_with_400() {
    let mut reader = RequestReader::new();
    assert!(matches!(reader.read(b"GET / HTTP/1.1\r\nX", &Policy::default()), Ok(Progress::Partial)));
    let refusal = reader.ended();
    assert_eq!((refusal.status(), ids(&refusal)), (400, vec!["server/head-timeout"]));
    assert!(refusal.to_string().contains("17 bytes"), "{refusal}");
}

#[test]
fn faults_of_form_and_of_the_handshake_are_told_together() {
    let request = base().instead("Host", "Host: a b").instead("Upgrade", "Upgrade: h2c").add("garbage");
    let refusal = refusal(request.first("GET /#x HTTP/1.1"));
    assert_eq!(
        ids(&refusal),
        [
            "server/target-fragment",
            "server/field-line-malformed",
            "server/host-invalid",
            "server/upgrade-other"
        ]
    );
    assert_eq!(refusal.status(), 400);
}
