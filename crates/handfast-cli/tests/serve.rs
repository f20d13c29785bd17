//! `handfast serve`, over real sockets.

mod support;

use std::io::{Read, Write};
use support::{Serve, code, handfast, handshake, read_head, stderr, stdout};

#[test]
fn the_rfcs_sample_key_sent_by_hand_gets_the_rfcs_accept() {
    for threads in ["1", "2"] {
        let serve = Serve::start(&["--threads", threads]);
        let mut stream = serve.connect();
        stream
            .write_all(handshake(&serve.address.to_string(), "/echo", "").as_bytes())
            .expect("the server reads");
        assert_eq!(
            read_head(&mut stream),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
        );
        // "Hello" of RFC 6455 section 5.7, masked, and its echo.
        stream.write_all(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58").expect("the server reads");
        let mut echo = [0; 7];
        stream.read_exact(&mut echo).expect("the server echoes");
        assert_eq!(&echo, b"\x81\x05Hello");
    }
}

#[test]
fn it_prints_one_line_with_the_address() {
    let serve = Serve::start(&[]);
    let address = serve.address;
    assert_eq!(serve.line, format!("handfast serves http://{address}/ and ws://{address}/echo\n"));
    assert_ne!(address.port(), 0);
}

#[test]
fn a_plain_get_on_the_echo_gets_426_and_a_sentence() {
    let answer = Serve::start(&[]).get("/echo");
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
    for line in ["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Cache-Control: no-store"] {
        assert!(answer.contains(&format!("\r\n{line}\r\n")), "{line} in {answer}");
    }
    assert!(answer.contains("This is a WebSocket endpoint"), "{answer}");
}

#[test]
fn unknown_paths_get_404_as_pages_and_as_websockets() {
    let serve = Serve::start(&[]);
    assert!(serve.get("/nothing").starts_with("HTTP/1.1 404 "));
    let answer = serve.ask(&handshake(&serve.address.to_string(), "/echo/", "").replace("\r\n", "\n"));
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}

#[test]
fn other_methods_on_pages_get_405_with_allow_and_head_gets_no_body() {
    let serve = Serve::start(&[]);
    let host = serve.address;
    let answer = serve.ask(&format!("DELETE / HTTP/1.1\nHost: {host}\n\n"));
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("\r\nAllow: GET, HEAD\r\n"), "{answer}");
    let answer = serve.ask(&format!("HEAD / HTTP/1.1\nHost: {host}\n\n"));
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(!answer.contains("\r\nContent-Length: 0\r\n"), "{answer}");
}

#[test]
fn the_page_allows_nothing_but_its_own_files() {
    let serve = Serve::start(&[]);
    let page = serve.get("/");
    assert!(page.contains("\r\nContent-Type: text/html; charset=utf-8\r\n"), "{page}");
    let policy =
        page.lines().find_map(|line| line.strip_prefix("Content-Security-Policy: ")).expect("a policy");
    let own = serve.address;
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
             connect-src 'self' ws://{own} wss://{own}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    );
    for field in ["X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer"] {
        assert!(page.contains(&format!("\r\n{field}\r\n")), "{field}");
    }
    let (_, html) = page.split_once("\r\n\r\n").expect("a body");
    assert!(
        !html.contains("<style") && !html.contains("style=") && !html.contains("onclick"),
        "nothing inline"
    );
    for file in html.split("=\"/").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(serve.get(&format!("/{file}")).starts_with("HTTP/1.1 200 "), "{file}");
    }
}

#[test]
fn the_first_view_is_smaller_than_100_kb() {
    let serve = Serve::start(&[]);
    let files =
        ["/", "/page.css", "/panels.css", "/icon.svg", "/main.js", "/api.js", "/dom.js", "/compute.js"];
    let bytes: usize = files.iter().map(|path| serve.get(path).len()).sum();
    assert!(bytes < 100_000, "{bytes} bytes");
}

#[test]
fn a_page_of_another_site_is_not_told_anything() {
    let serve = Serve::start(&[]);
    let ask = |site: &str| serve.ask(&format!("GET /api/head HTTP/1.1\nHost: {}\n{site}\n", serve.address));
    for site in ["cross-site", "same-site"] {
        assert!(ask(&format!("Sec-Fetch-Site: {site}\n")).starts_with("HTTP/1.1 403 "), "{site}");
    }
    for own in ["Sec-Fetch-Site: same-origin\n", "Sec-Fetch-Site: none\n", ""] {
        let answer = ask(own);
        assert!(answer.starts_with("HTTP/1.1 200 ") && !answer.contains("Access-Control"), "{answer}");
    }
    for path in ["/echo?observe=0123456789abcdef", "/wrong/correct", "/cache", "/malformed/masked"] {
        let mut stream = serve.connect();
        let head = handshake(&serve.address.to_string(), path, "Origin: http://evil.example\r\n");
        stream.write_all(head.as_bytes()).expect("the server reads");
        assert!(read_head(&mut stream).starts_with("HTTP/1.1 403 "), "{path}");
    }
}

#[test]
fn a_wrong_server_sends_its_one_fault_and_tells_what_the_client_did() {
    let serve = Serve::start(&["--threads", "1"]);
    let name = "0123456789abcdef4567";
    let mut stream = serve.connect();
    let path = format!("/wrong/client/accept-missing-opens?observe={name}");
    stream.write_all(handshake(&serve.address.to_string(), &path, "").as_bytes()).expect("the server reads");
    let answer = read_head(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 101 ") && !answer.contains("Sec-WebSocket-Accept"), "{answer}");
    // A masked pong to the ping behind the answer, then Close: a client that opens.
    stream.write_all(b"\x8a\x88\0\0\0\0handfast\x88\x82\0\0\0\0\x03\xe8").expect("the server reads");
    let mut rest = Vec::new();
    // However the server ends the connection.
    drop(stream.read_to_end(&mut rest));
    let played =
        (0..100).map(|_| serve.get(&format!("/api/played?id={name}"))).find(|one| one.contains("verdict"));
    let played = played.expect("the play has ended");
    for part in [r#""reaction":"opened""#, r#""verdict":"fail""#, r#""rule":"client/accept-missing-opens""#] {
        assert!(played.contains(part), "{part} in {played}");
    }
}

#[test]
fn a_client_that_follows_a_redirect_is_not_said_to_have_stayed() {
    let serve = Serve::start(&[]);
    let played = |name: &str, paths: &[&str]| {
        for path in paths {
            let mut stream = serve.connect();
            let path = format!("{path}/wrong/client/redirect-unsafe/1?observe={name}");
            let head = handshake(&serve.address.to_string(), &path, "");
            stream.write_all(head.as_bytes()).expect("the server reads");
            assert!(read_head(&mut stream).starts_with("HTTP/1.1 301 "));
        }
        // The server sees the end a moment later.
        for _ in 0..200 {
            let answer = serve.get(&format!("/api/played?id={name}"));
            if !answer.ends_with("null") {
                return answer;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("the play has no end");
    };
    let stayed = played("0123456789abcdef-one", &[""]);
    assert!(stayed.contains("\"verdict\":\"pass\"") && stayed.contains("did not follow"), "{stayed}");
    let followed = played("0123456789abcdef-two", &["", "/again"]);
    assert!(
        followed.contains("\"verdict\":\"inconclusive\"") && followed.contains("came again"),
        "{followed}"
    );
}

#[test]
fn frames_of_an_observed_conversation_are_recorded_as_they_crossed_the_wire() {
    let serve = Serve::start(&[]);
    let name = "0123456789abcdef89ab";
    let mut stream = serve.connect();
    let path = format!("/echo?observe={name}");
    // The first frame comes with the head, in one write.
    let head = handshake(&serve.address.to_string(), &path, "");
    let frame = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    stream.write_all(&[head.as_bytes(), frame].concat()).expect("the server reads");
    read_head(&mut stream);
    let mut echo = [0; 7];
    stream.read_exact(&mut echo).expect("the server echoes");
    assert_eq!(&echo, b"\x81\x05Hello");
    // What was written is recorded a moment after it can be read.
    let asked = || serve.get(&format!("/api/observed?id={name}"));
    let seen = (0..100).map(|_| asked()).find(|seen| seen.contains("810548656c6c6f")).unwrap_or_else(asked);
    for part in [r#""bytes":"818537fa213d7f9f4d5158""#, r#""bytes":"810548656c6c6f""#, r#""ended":null"#] {
        assert!(seen.contains(part), "{part} in {seen}");
    }
}

#[test]
fn the_page_is_told_what_the_server_saw_of_its_handshake() {
    let serve = Serve::start(&[]);
    let name = "0123456789abcdef0123";
    assert!(serve.get(&format!("/api/observed?id={name}")).starts_with("HTTP/1.1 404 "));
    let mut stream = serve.connect();
    let head = handshake(&serve.address.to_string(), &format!("/echo?observe={name}"), "X-Odd: a\tb\\c\r\n");
    stream.write_all(head.as_bytes()).expect("the server reads");
    let answer = read_head(&mut stream);
    let seen = serve.get(&format!("/api/observed?id={name}"));
    assert!(seen.contains("\r\nContent-Type: application/json\r\n"), "{seen}");
    let json = |text: &str| format!("{:?}", text);
    for line in head.lines().filter(|line| !line.is_empty() && !line.starts_with("X-Odd")) {
        assert!(seen.contains(&json(line)), "{line} in {seen}");
    }
    assert!(seen.contains(r#""X-Odd: a\\tb\\c""#), "{seen}");
    for line in answer.lines().filter(|line| !line.is_empty()) {
        assert!(seen.contains(&json(line)), "{line} in {seen}");
    }
    assert!(seen.contains(&format!("\"request_bytes\":{}", head.len())), "{seen}");
    assert!(seen.contains(&format!("\"response_bytes\":{}", answer.len())), "{seen}");
}

#[test]
fn names_of_this_machine_are_answered_in_every_form_and_foreign_ones_are_not() {
    let serve = Serve::start(&[]);
    let port = serve.address.port();
    for host in [format!("localhost:{port}"), "LOCALHOST".into(), "127.0.0.1".into(), format!("[::1]:{port}")]
    {
        let mut stream = serve.connect();
        stream.write_all(handshake(&host, "/echo", "").as_bytes()).expect("the server reads");
        let answer = read_head(&mut stream);
        assert!(answer.starts_with("HTTP/1.1 101 "), "{host}: {answer}");
    }
    for path in ["/", "/api/key", "/echo"] {
        let answer = serve.ask(&format!("GET {path} HTTP/1.1\nHost: rebind.example:{port}\n\n"));
        assert!(answer.starts_with("HTTP/1.1 421 "), "{path}: {answer}");
    }
    let allowing = Serve::start(&["--allow-host", "Dev.Example"]);
    assert!(allowing.ask("GET / HTTP/1.1\nHost: dev.example\n\n").starts_with("HTTP/1.1 200 "));
}

#[test]
fn an_absolute_target_counts_and_not_host() {
    let serve = Serve::start(&[]);
    let target = format!("http://{}/echo", serve.address);
    let mut stream = serve.connect();
    stream
        .write_all(handshake(&serve.address.to_string(), &target, "").as_bytes())
        .expect("the server reads");
    let answer = read_head(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
}

#[test]
fn foreign_origins_are_refused_unless_they_are_allowed() {
    let foreign = "Origin: https://app.example\r\n";
    for (args, status) in [
        (vec![], 403),
        (vec!["--allow-origin", "https://other.example"], 403),
        (vec!["--allow-origin", "https://other.example", "--allow-origin", "https://app.example"], 101),
        (vec!["--allow-origin", "*"], 101),
    ] {
        let serve = Serve::start(&args);
        let mut stream = serve.connect();
        let head = handshake(&serve.address.to_string(), "/echo", foreign);
        stream.write_all(head.as_bytes()).expect("the server reads");
        let answer = read_head(&mut stream);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{args:?}: {answer}");
    }
}

#[test]
fn known_subprotocols_are_chosen_and_unknown_ones_are_not() {
    let serve = Serve::start(&[]);
    for (offer, chosen) in [("graphql-ws, superchat", Some("superchat")), ("graphql-ws", None)] {
        let mut stream = serve.connect();
        let fields = format!("Sec-WebSocket-Protocol: {offer}\r\n");
        stream
            .write_all(handshake(&serve.address.to_string(), "/echo", &fields).as_bytes())
            .expect("the server reads");
        let answer = read_head(&mut stream);
        let field = answer.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Protocol: "));
        assert_eq!(field, chosen, "{answer}");
    }
}

#[test]
fn an_address_in_use_is_our_own_error_even_for_a_shared_port() {
    for threads in ["1", "2"] {
        let serve = Serve::start(&["--threads", threads]);
        let address = serve.address.to_string();
        for second in ["1", "2"] {
            let output = handfast(&["serve", "--listen", &address, "--threads", second]);
            assert_eq!(code(&output), 5, "{threads} then {second}");
            assert_eq!(stdout(&output), "");
            assert!(stderr(&output).contains(&format!("cannot listen on {address}")), "{}", stderr(&output));
        }
    }
}

#[cfg(unix)]
mod signals {
    use super::*;

    #[test]
    fn sigterm_and_sigint_tell_every_client_1001_and_exit_with_0() {
        for (signal, threads) in [("TERM", "1"), ("INT", "2")] {
            let mut serve = Serve::start(&["--threads", threads]);
            let mut clients: Vec<_> = (0..8).map(|_| serve.open()).collect();
            serve.signal(signal);
            for client in &mut clients {
                let mut close = [0; 4];
                client.read_exact(&mut close).expect("a Close frame comes");
                assert_eq!(close, [0x88, 2, 3, 0xe9], "1001 without a reason");
                client.write_all(b"\x88\x82\0\0\0\0\x03\xe9").expect("the server reads");
                let mut rest = Vec::new();
                client.read_to_end(&mut rest).expect("the server closes");
                assert_eq!(rest, b"");
            }
            let status = serve.child.wait().expect("the server ends");
            assert_eq!(status.code(), Some(0), "{signal}");
        }
    }

    #[test]
    fn a_second_signal_ends_it_at_once() {
        let mut serve = Serve::start(&[]);
        let mut client = serve.open();
        serve.signal("TERM");
        let mut close = [0; 4];
        client.read_exact(&mut close).expect("a Close frame comes");
        // The client does not answer it.
        serve.signal("TERM");
        let status = serve.child.wait().expect("the server ends");
        assert_eq!(status.code(), Some(130));
    }
}

#[test]
fn metrics_count_handshakes_messages_and_ends_when_asked_for() {
    let serve = Serve::start(&["--metrics", "--threads", "2"]);
    for _ in 0..2 {
        let output = handfast(&["connect", &serve.url("/echo"), "-s", "one", "-s", "two"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
    }
    serve.ask(
        &support::handshake(&serve.address.to_string(), "/echo", "Sec-WebSocket-Version: 13\r\n")
            .replace("\r\n", "\n"),
    );
    let _open = serve.open();
    let wanted = [
        "# HELP handfast_connections_open Open WebSockets.",
        "# TYPE handfast_connections_open gauge",
        "handfast_connections_open{role=\"server\"} 1",
        "handfast_handshakes_total{role=\"server\",result=\"opened\"} 3",
        "handfast_handshakes_total{role=\"server\",result=\"refused\"} 1",
        "handfast_handshake_faults_total{role=\"server\",rule=\"server/version-duplicate\"} 1",
        "handfast_messages_total{role=\"server\",way=\"received\"} 4",
        "handfast_messages_total{role=\"server\",way=\"sent\"} 4",
        "handfast_closes_total{role=\"server\",by=\"peer\",code=\"1000\"} 2",
    ];
    // A connection is counted as closed a moment after its client has heard of it.
    let begin = std::time::Instant::now();
    loop {
        let page = serve.get("/metrics");
        assert!(page.contains("\r\nContent-Type: text/plain; version=0.0.4"), "{page}");
        if wanted.iter().all(|line| page.lines().any(|given| given == *line)) {
            break;
        }
        assert!(begin.elapsed() < std::time::Duration::from_secs(10), "{page}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let page = serve.get("/metrics");
    for line in page.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().expect("a name");
        assert!(page.contains(&format!("# HELP {name} ")), "{name} in {page}");
    }
    assert!(Serve::start(&[]).get("/metrics").starts_with("HTTP/1.1 404 "));
}

#[test]
fn tls_is_served_and_trusted_only_with_its_certificate() {
    let folder = std::env::temp_dir().join(format!("handfast-cli-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the certificate");
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&cert, signed.cert.pem()).expect("the certificate is written");
    std::fs::write(&key, signed.signing_key.serialize_pem()).expect("the key is written");
    let (cert, key) = (cert.to_str().expect("a plain path"), key.to_str().expect("a plain path"));

    let serve = Serve::start(&["--tls-cert", cert, "--tls-key", key, "--threads", "2"]);
    assert!(
        serve.line.contains(&format!("https://{0}/ and wss://{0}/echo", serve.address)),
        "{}",
        serve.line
    );
    let url = format!("wss://localhost:{}/echo", serve.address.port());

    let output = handfast(&["connect", &url, "--cacert", cert, "-s", "over TLS", "-n", "1", "-v"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "over TLS\n"), "{}", stderr(&output));
    assert!(stderr(&output).contains("= encrypted by TLSv1_3"), "{}", stderr(&output));

    for http in ["2", "prefer-2"] {
        let args = ["connect", &url, "--cacert", cert, "-s", "hi", "-n", "1", "-v", "--http", http];
        let output = handfast(&args);
        assert_eq!((code(&output), stdout(&output).as_str()), (0, "hi\n"), "{}", stderr(&output));
        assert!(stderr(&output).contains("> :scheme: https\n"), "{}", stderr(&output));
    }

    let output = handfast(&["connect", &url, "-s", "hi", "-n", "1"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (3, ""), "{}", stderr(&output));

    let output = handfast(&["connect", &url, "-k", "-s", "hi", "-n", "1"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "hi\n"), "{}", stderr(&output));

    let output = handfast(&["serve", "--listen", "127.0.0.1:0", "--tls-cert", key, "--tls-key", cert]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    std::fs::remove_dir_all(&folder).expect("the folder is removed");
}

#[test]
fn refusals_are_told_with_their_rules_and_a_flood_of_them_is_counted() {
    let mut serve = Serve::start(&["--threads", "1"]);
    let host = serve.address.to_string();
    let begin = std::time::Instant::now();
    for _ in 0..40 {
        let head = handshake(&host, "/echo", "").replace("Version: 13", "Version: 8").replace("\r\n", "\n");
        assert!(serve.ask(&head).starts_with("HTTP/1.1 426 "));
    }
    // What is left over is told a second later.
    let mut told = std::io::BufReader::new(serve.child.stderr.take().expect("standard error is a pipe"));
    let (mut lines, mut all) = (0_u64, 0);
    while all < 40 {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut told, &mut line).expect("a line");
        let more =
            line.strip_prefix("handfast: ... and ").and_then(|rest| rest.strip_suffix(" more refused\n"));
        match more {
            Some(count) => all += count.parse::<usize>().expect("a number"),
            None => {
                assert!(line.contains("\"GET /echo HTTP/1.1\" with 426: server/version-draft\n"), "{line}");
                (lines, all) = (lines + 1, all + 1);
            }
        }
    }
    assert_eq!(all, 40);
    let seconds = begin.elapsed().as_secs() + 2;
    assert!(lines <= 10 * seconds, "{lines} in {seconds} s");
}

#[test]
fn a_place_that_cannot_be_listened_on_comes_with_a_next_step() {
    let serve = Serve::start(&[]);
    let output = handfast(&["serve", "--listen", &serve.address.to_string()]);
    assert_eq!(code(&output), 5);
    assert!(stderr(&output).contains("--listen 127.0.0.1:0 takes a free one"), "{}", stderr(&output));
    let output = handfast(&["serve", "--listen", "192.0.2.1:8080"]);
    assert_eq!(code(&output), 5);
    assert!(stderr(&output).contains("--listen 0.0.0.0:8080 takes all"), "{}", stderr(&output));
}
