//! `handfast connect`, against `handfast serve` and against servers that are wrong in one way each.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::{
    OneAnswer, Serve, accept_of, code, command, handfast, handfast_with_input, stderr, stdout, switching,
};

#[test]
fn a_line_in_a_pipe_is_sent_and_its_echo_printed() {
    let serve = Serve::start(&[]);
    let begin = Instant::now();
    let output = handfast_with_input(&["connect", &serve.url("/echo")], b"hi\n");
    assert_eq!((code(&output), stdout(&output).as_str(), stderr(&output).as_str()), (0, "hi\n", ""));
    assert!(begin.elapsed() < Duration::from_millis(900), "an answered line is not waited for any longer");
}

#[test]
fn many_lines_in_a_pipe_all_come_back_in_order() {
    let serve = Serve::start(&[]);
    let lines: String = (0..20_000).map(|number| format!("line {number}\r\n")).collect();
    let output = handfast_with_input(&["connect", &serve.url("/echo")], lines.as_bytes());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output) == lines.replace('\r', ""), "the lines differ");
}

#[test]
fn empty_input_closes_at_once() {
    let serve = Serve::start(&[]);
    let output = handfast(&["connect", &serve.url("/echo")]);
    assert_eq!((code(&output), stdout(&output).as_str(), stderr(&output).as_str()), (0, "", ""));
}

#[test]
fn given_texts_are_sent_and_count_ends_it() {
    let serve = Serve::start(&[]);
    let url = serve.url("/echo");
    let output = handfast(&["connect", &url, "-s", "one", "-s", "--two", "-s", "three", "-n", "2"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "one\n--two\n"), "{}", stderr(&output));
    let output = handfast_with_input(&["connect", &url, "-s", "sent"], b"not read\n");
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "sent\n"), "{}", stderr(&output));
}

#[test]
fn a_message_that_does_not_come_in_time_is_inconclusive() {
    let serve = Serve::start(&[]);
    let output = handfast(&["connect", &serve.url("/echo"), "-s", "x", "-n", "2", "--timeout", "0.3"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (4, "x\n"));
    assert_eq!(stderr(&output), "handfast: message 2 of 2 did not come in time\n");
}

#[test]
fn the_transcript_shows_handshake_frames_and_close() {
    let serve = Serve::start(&[]);
    let args = [
        "connect",
        "-v",
        &serve.url("/echo?a=b"),
        "-s",
        "hi",
        "-n",
        "1",
        "-H",
        "X-Note: 1",
        "--subprotocol",
        "chat",
    ];
    let output = handfast(&args);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "hi\n"));
    let transcript = stderr(&output);
    let value =
        |name: &str| transcript.lines().find_map(|line| line.split_once(name)).expect("the field is shown").1;
    let (key, accept) = (value("> Sec-WebSocket-Key: "), value("< Sec-WebSocket-Accept: "));
    assert_eq!(accept, accept_of(key));
    let address = serve.address;
    assert_eq!(
        transcript.replace(key, "KEY").replace(accept, "ACCEPT"),
        format!(
            "= connected to {address}\n> GET /echo?a=b HTTP/1.1\n> Host: {address}\n> Upgrade: websocket\n\
             > Connection: Upgrade\n> Sec-WebSocket-Key: KEY\n> Sec-WebSocket-Version: 13\n\
             > Sec-WebSocket-Protocol: chat\n> Cache-Control: no-cache\n> Pragma: no-cache\n> X-Note: 1\n\
             < HTTP/1.1 101 Switching Protocols\n< Upgrade: websocket\n< Connection: Upgrade\n\
             < Sec-WebSocket-Accept: ACCEPT\n< Sec-WebSocket-Protocol: chat\n= open, subprotocol chat\n\
             > TEXT \"hi\" [2 bytes]\n< TEXT \"hi\" [2 bytes]\n> CLOSE 1000\n< CLOSE 1000\n"
        )
    );
}

#[test]
fn over_http_2_the_transcript_shows_the_pseudo_header_fields_and_the_status() {
    let serve = Serve::start(&[]);
    let args =
        ["connect", "-v", "--http", "2", &serve.url("/echo"), "-s", "hi", "-n", "1", "-H", "X-Note: 1"];
    let output = handfast(&args);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "hi\n"), "{}", stderr(&output));
    let address = serve.address;
    assert_eq!(
        stderr(&output),
        format!(
            "= connected to {address}\n= HTTP/2, and the server's SETTINGS allow WebSockets over it\n\
             > :method: CONNECT\n> :protocol: websocket\n> :scheme: http\n> :authority: {address}\n> :path: /echo\n\
             > sec-websocket-version: 13\n> cache-control: no-cache\n> pragma: no-cache\n> x-note: 1\n\
             < :status: 200\n= open\n\
             > TEXT \"hi\" [2 bytes]\n< TEXT \"hi\" [2 bytes]\n> CLOSE 1000\n< CLOSE 1000\n"
        )
    );
}

#[test]
fn over_http_2_a_refusal_shows_its_status_and_body() {
    let serve = Serve::start(&[]);
    let args = ["connect", "--http", "2", &serve.url("/echo"), "--origin", "https://evil.example"];
    let output = handfast(&args);
    assert_eq!((code(&output), stdout(&output).as_str()), (1, ""));
    let text = stderr(&output);
    assert!(
        text.starts_with(
            "handfast: the server refused: it answered 403 where 200 was wanted\n< :status: 403\n"
        ),
        "{text}"
    );
    assert!(text.contains("server/origin-foreign-accepted"), "{text}");
}

#[test]
fn a_server_of_http_1_1_only_is_told_apart_where_http_2_is_wanted() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("ws://{}/", listener.local_addr().expect("the listener has an address"));
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client comes");
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).expect("the preface");
        stream.write_all(b"HTTP/1.1 505 HTTP Version Not Supported\r\n\r\n").expect("the client reads");
        // The client closes.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let output = handfast(&["connect", "--http", "2", &url]);
    assert_eq!((code(&output), stdout(&output).as_str()), (3, ""));
    let text = stderr(&output);
    assert!(text.contains("does not speak HTTP/2: it began with \"HTTP/1.1 505"), "{text}");
    server.join().expect("the server's thread ends well");
}

#[test]
fn messages_are_compressed_where_both_ends_ask_for_it_and_the_transcript_tells_the_sizes() {
    let text = "compress me ".repeat(1000);
    for (serves, connects) in [(true, true), (true, false), (false, true)] {
        let serve = Serve::start(if serves { &["--deflate"] } else { &[] });
        let url = serve.url("/echo");
        let mut args = vec!["connect", "-v", &url, "-s", &text, "-n", "1"];
        args.extend(connects.then_some("--deflate"));
        let output = handfast(&args);
        assert!(stdout(&output) == format!("{text}\n"), "{}", stderr(&output));
        let transcript = stderr(&output);
        let sizes: Vec<&str> =
            transcript.lines().filter_map(|line| line.split_once("[12000 bytes")).map(|cut| cut.1).collect();
        let is_compressed = serves && connects;
        assert_eq!(transcript.contains("= open, compressed\n"), is_compressed);
        assert_eq!(transcript.contains("\n> Sec-WebSocket-Extensions: permessage-deflate"), connects);
        assert_eq!(transcript.contains("\n< Sec-WebSocket-Extensions: permessage-deflate"), is_compressed);
        if !is_compressed {
            assert_eq!(sizes, ["]", "]"]);
            continue;
        }
        for size in sizes {
            let wire = size.strip_prefix(", ").and_then(|size| size.strip_suffix(" on the wire]"));
            let wire: usize = wire.and_then(|wire| wire.parse().ok()).expect("the size on the wire");
            assert!((10..200).contains(&wire), "{wire}");
        }
    }
}

#[test]
fn a_refusal_shows_status_fields_and_body_escaped() {
    let server = OneAnswer::start(|_| {
        b"HTTP/1.1 403 Forbidden\r\nX-Why: caf\xe9\r\nContent-Length: 12\r\n\r\nno\x1b[2J\nentry".to_vec()
    });
    let output = handfast(&["connect", &server.url()]);
    assert_eq!((code(&output), stdout(&output).as_str()), (1, ""));
    assert_eq!(
        stderr(&output),
        "handfast: the server refused: it answered 403 where 101 was wanted\n\
         < HTTP/1.1 403 Forbidden\n< X-Why: caf\\xe9\n< Content-Length: 12\n\nno\\u{1b}[2J\nentry\n"
    );
}

#[test]
fn our_own_refusal_is_shown_with_the_rule() {
    let serve = Serve::start(&[]);
    let output = handfast(&["connect", &serve.url("/echo"), "--origin", "https://app.example"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (1, ""));
    let text = stderr(&output);
    assert!(
        text.contains("< HTTP/1.1 403 Forbidden\n") && text.contains("server/origin-foreign-accepted"),
        "{text}"
    );
}

/// Each answer breaks one rule; the client must send nothing and say which.
#[test]
fn wrong_answers_never_open_and_the_rule_is_named() {
    type Answer = fn(&str) -> Vec<u8>;
    let table: [(&str, Answer); 14] = [
        ("client/accept-wrong-opens", |_| switching("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "")),
        ("client/accept-missing-opens", |_| {
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".to_vec()
        }),
        ("client/accept-case-changed-opens", |accept| switching(&swap_case(accept), "")),
        ("client/accept-trimmed-opens", |accept| switching(accept.trim_end_matches('='), "")),
        ("client/accept-duplicate-opens", |accept| {
            switching(accept, &format!("Sec-WebSocket-Accept: {accept}\r\n"))
        }),
        ("client/upgrade-missing-opens", |accept| replaced(accept, "Upgrade: websocket\r\n", "")),
        ("client/upgrade-wrong-opens", |accept| replaced(accept, "Upgrade: websocket", "Upgrade: h2c")),
        ("client/connection-wrong-opens", |accept| {
            replaced(accept, "Connection: Upgrade", "Connection: keep-alive")
        }),
        ("client/subprotocol-unoffered-opens", |accept| {
            switching(accept, "Sec-WebSocket-Protocol: chat\r\n")
        }),
        ("client/extension-unoffered-opens", |accept| {
            switching(accept, "Sec-WebSocket-Extensions: permessage-deflate\r\n")
        }),
        ("client/http-1-0-opens", |accept| replaced(accept, "HTTP/1.1", "HTTP/1.0")),
        ("client/status-line-malformed-opens", |accept| replaced(accept, "HTTP/1.1 101", "HTTP/1.1 0101")),
        ("client/control-bytes-in-head", |accept| switching(accept, "X: \0\r\n")),
        ("client/obs-fold-misread", |accept| switching(accept, "X: a\r\n b\r\n")),
    ];
    for (rule, answer) in table {
        let server = OneAnswer::start(answer);
        let output = handfast(&["connect", &server.url(), "-s", "data", "-n", "1", "--timeout", "5"]);
        assert_eq!((code(&output), stdout(&output).as_str()), (1, ""), "{rule}: {}", stderr(&output));
        assert!(stderr(&output).contains(&format!("\n  {rule}: ")), "{rule}: {}", stderr(&output));
        assert_eq!(server.sent(), b"", "{rule}");
    }
}

#[test]
fn right_answers_of_other_forms_open() {
    type Answer = fn(&str) -> Vec<u8>;
    let table: [Answer; 4] = [
        |accept| replaced(accept, "Connection: Upgrade", "Connection: keep-alive, Upgrade"),
        |accept| replaced(accept, "Upgrade: websocket", "upgrade:   WebSocket"),
        |accept| replaced(accept, "Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade"),
        |accept| [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".to_vec(), switching(accept, "")].concat(),
    ];
    for (place, answer) in table.into_iter().enumerate() {
        let hello = b"\x81\x05hello\x88\x02\x03\xe8";
        let server = OneAnswer::start(move |accept| [answer(accept), hello.to_vec()].concat());
        let output = handfast(&["connect", &server.url(), "-n", "1", "--timeout", "5"]);
        assert_eq!((code(&output), stdout(&output).as_str()), (0, "hello\n"), "{place}: {}", stderr(&output));
        assert!(!server.sent().is_empty(), "{place}: the Close is answered");
    }
}

#[test]
fn text_binary_and_control_characters_are_told_apart() {
    let frames = b"\x81\x06a\x1b\nb\\c\x82\x03\x00\xff\x10\x81\x05\\bina\x88\x00";
    let server = OneAnswer::start(|accept| [switching(accept, ""), frames.to_vec()].concat());
    let output = handfast(&["connect", &server.url(), "-n", "3"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(stdout(&output), "a\\u{1b}\\nb\\c\n\\binary[3] 00ff10\n\\\\bina\n");
}

#[test]
fn pings_and_closes_are_shown_in_the_transcript_and_not_among_the_data() {
    let frames = b"\x89\x02\x1bp\x8a\x00\x81\x02hi\x88\x05\x03\xe9bye";
    let server = OneAnswer::start(|accept| [switching(accept, ""), frames.to_vec()].concat());
    let output = handfast(&["connect", "-v", &server.url(), "-n", "1"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "hi\n"), "{}", stderr(&output));
    for line in
        ["< PING \"\\u{1b}p\" [2 bytes]", "> PONG \"\\u{1b}p\" [2 bytes]", "< PONG", "< CLOSE 1001 \"bye\""]
    {
        assert!(stderr(&output).lines().any(|shown| shown == line), "{line} in {}", stderr(&output));
    }
}

#[test]
fn abnormal_ends_exit_with_6_and_say_why() {
    for (frames, why) in [
        (&b""[..], "without a Close frame"),
        (b"\x88\x07\x03\xf3sorry", "CLOSE 1011 \"sorry\""),
        (b"\x88\x02\x0f\xa1", "CLOSE 4001"),
        (b"\x81\x80\x00\x00\x00\x00", "closed with 1002"),
        (b"\x81\x01\xff", "closed with 1007"),
        (b"\xc1\x00", "closed with 1002"),
    ] {
        let server = OneAnswer::start(|accept| [switching(accept, ""), frames.to_vec()].concat());
        let output = handfast(&["connect", &server.url(), "-n", "1"]);
        assert_eq!((code(&output), stdout(&output).as_str()), (6, ""), "{frames:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(why), "{frames:?}: {}", stderr(&output));
    }
}

#[test]
fn a_server_that_closes_before_all_messages_came_is_inconclusive() {
    let server = OneAnswer::start(|accept| [switching(accept, ""), b"\x88\x02\x03\xe8".to_vec()].concat());
    let output = handfast(&["connect", &server.url(), "-n", "1"]);
    assert_eq!(code(&output), 4, "{}", stderr(&output));
}

#[test]
fn no_complete_answer_is_could_not_reach() {
    for answer in [&b""[..], b"HTTP/1.1 101 Swi"] {
        let server = OneAnswer::start(|_| answer.to_vec());
        let output = handfast(&["connect", &server.url()]);
        assert_eq!((code(&output), stdout(&output).as_str()), (3, ""), "{}", stderr(&output));
    }
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("ws://{}/", silent.local_addr().expect("the listener has an address"));
    let output = handfast(&["connect", &url, "--timeout", "0.2"]);
    assert_eq!(code(&output), 3);
    assert_eq!(stderr(&output), "handfast: the opening handshake took longer than 200ms\n");
}

#[test]
fn a_line_that_is_no_text_is_wrong_use() {
    let serve = Serve::start(&[]);
    let output = handfast_with_input(&["connect", &serve.url("/echo")], b"fine\n\xff\n");
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("line 2 of standard input"), "{}", stderr(&output));
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let serve = Serve::start(&[]);
    let mut child =
        command(&["connect", &serve.url("/echo")]).stdin(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    let mut stdout = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
    stdin.write_all(b"one\n").expect("it reads");
    let mut line = String::new();
    stdout.read_line(&mut line).expect("the echo comes");
    assert_eq!(line, "one\n");
    drop(stdout);
    stdin.write_all(b"two\n").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((code(&output), stderr(&output).as_str()), (141, ""));
}

#[cfg(unix)]
#[test]
fn an_interrupted_conversation_is_closed_and_exits_with_130() {
    let serve = Serve::start(&[]);
    let mut child =
        command(&["connect", "-v", &serve.url("/echo")]).stdin(Stdio::piped()).spawn().expect("it starts");
    // Waiting closes a standard input that the child still has, and its end would race with the signal.
    let _open_input = child.stdin.take();
    let mut stderr = BufReader::new(child.stderr.take().expect("standard error is a pipe"));
    let mut line = String::new();
    while line != "= open\n" {
        line.clear();
        assert_ne!(
            stderr.read_line(&mut line).expect("the transcript goes on"),
            0,
            "it ended before it was open"
        );
    }
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill can be run").success());
    let status = child.wait().expect("it ends");
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).expect("the transcript ends");
    assert_eq!((status.code(), rest.as_str()), (Some(130), "> CLOSE 1001\n< CLOSE 1001\n"));
}

fn swap_case(text: &str) -> String {
    let swap = |letter: char| {
        if letter.is_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
    };
    text.chars().map(swap).collect()
}

fn replaced(accept: &str, from: &str, to: &str) -> Vec<u8> {
    let answer = String::from_utf8(switching(accept, "")).expect("the answer is text");
    assert!(answer.contains(from));
    answer.replace(from, to).into_bytes()
}

#[test]
fn of_a_page_in_place_of_a_websocket_the_begin_is_shown_and_with_v_all() {
    let page: String = (0..200).map(|line| format!("<p>line {line}</p>\n")).collect();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len());
    let shown = |more: &[&str]| {
        let answer = answer.clone();
        let server = OneAnswer::start(move |_| answer.into_bytes());
        let output = handfast(&[&["connect", &server.url()][..], more].concat());
        assert_eq!(code(&output), 1);
        stderr(&output)
    };
    let text = shown(&[]);
    assert!(text.contains("<p>line 5</p>\n= a body of ") && !text.contains("line 6"), "{text}");
    assert!(text.contains("; -v shows all that was read of it\n"), "{text}");
    let text = shown(&["-v"]);
    assert!(text.contains("<p>line 199</p>") && !text.contains("= a body of"), "{text}");
}

#[test]
fn urls_that_lead_nowhere_say_so_once() {
    let error = |args: &[&str]| stderr(&handfast(&[&["connect"], args].concat()));
    let text = error(&["ws://127.0.0.1:1/"]);
    assert!(
        text.starts_with("handfast: 127.0.0.1 could not be reached on port 1: Connection refused"),
        "{text}"
    );
    let text = error(&["ftp://127.0.0.1/"]);
    assert_eq!(
        text,
        "handfast: a URL here begins with ws://, wss://, http:// or https://, this one with \"ftp\"\n"
    );
    #[cfg(unix)]
    {
        let text = error(&["--unix-socket", "/no/such.sock", "ws://localhost/"]);
        assert!(text.starts_with("handfast: the Unix socket /no/such.sock could not be reached: "), "{text}");
    }
}
