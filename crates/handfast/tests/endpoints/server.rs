//! The server over TCP, with clients that write bytes.

use crate::support::{
    ACCEPT, REQUEST, assert_complete, client_frame, echo, echoing, exchange, read_head, read_to_end,
};
use crate::support::{run, server, soon};
use handfast::{
    Answer, BindOptions, CloseCode, Config, DeflateOptions, Error, HttpResponse, KeepAlive, Limits, Message,
    OriginPolicy, Policy, Server,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CLOSE: [u8; 8] = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8];

#[tokio::test]
async fn the_rfcs_sample_is_answered_exactly() {
    let running = echoing(server().await);
    let mut bytes = REQUEST.as_bytes().to_vec();
    bytes.extend_from_slice(&CLOSE);
    let answer = exchange(running.address, &bytes).await;
    let expected = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
    );
    assert_eq!(answer, [expected.as_bytes(), &[0x88, 2, 0x03, 0xe8]].concat());
}

#[tokio::test]
async fn frames_in_the_same_packet_as_the_head_are_answered() {
    let running = echoing(server().await);
    let mut bytes = REQUEST.as_bytes().to_vec();
    bytes.extend(client_frame(0x81, b"one"));
    bytes.extend(client_frame(0x82, b"two"));
    bytes.extend_from_slice(&CLOSE);
    let answer = exchange(running.address, &bytes).await;
    assert!(answer.ends_with(b"\r\n\r\n\x81\x03one\x82\x03two\x88\x02\x03\xe8"), "{}", answer.escape_ascii());
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_the_same_head() {
    let running = echoing(server().await);
    let mut tcp = TcpStream::connect(running.address).await.unwrap();
    tcp.set_nodelay(true).unwrap();
    for byte in [REQUEST.as_bytes(), &client_frame(0x81, b"hello"), &CLOSE].concat() {
        tcp.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let answer = read_to_end(&mut tcp).await;
    assert!(answer.ends_with(b"\x81\x05hello\x88\x02\x03\xe8"), "{}", answer.escape_ascii());
}

#[tokio::test]
async fn a_refusal_is_complete_and_names_every_fault() {
    let refused: Arc<Mutex<Vec<usize>>> = Arc::default();
    let observed = refused.clone();
    let server = server().await.on_refusal(move |refused| {
        assert!(refused.received.starts_with(b"GET / HTTP/1.1\r\n"));
        observed.lock().unwrap().push(refused.refusal.faults().len());
    });
    let running = echoing(server);
    let request = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: short\r\n\
        Sec-WebSocket-Version: 12\r\n\r\n";
    let answer = exchange(running.address, request.as_bytes()).await;
    assert_complete(&answer, 426);
    let text = String::from_utf8(answer).unwrap();
    for rule in ["server/version", "server/key"] {
        assert!(text.contains(rule), "{text}");
    }
    assert_eq!(refused.lock().unwrap().len(), 1);
    assert!(refused.lock().unwrap()[0] >= 2);
}

#[tokio::test]
async fn a_malformed_head_is_refused_without_the_handler() {
    let running = run(server().await, |_| async { panic!("no handler must see this") });
    for head in [
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\r\n\r\n",
    ] {
        assert_complete(&exchange(running.address, head.as_bytes()).await, 400);
    }
    let long = format!("GET /{} HTTP/1.1\r\n", "a".repeat(70 << 10));
    assert_complete(&exchange(running.address, long.as_bytes()).await, 414);
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let running = echoing(server().await);
    let mut bytes = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\n\r\n".to_vec();
    bytes.resize(bytes.len() + 600_000, b'x');
    let tcp = TcpStream::connect(running.address).await.unwrap();
    let (mut reader, mut writer) = tcp.into_split();
    let writing = tokio::spawn(async move { writer.write_all(&bytes).await });
    let answer = read_to_end(&mut reader).await;
    assert!(answer.starts_with(b"HTTP/1.1 4"), "{}", answer.escape_ascii());
    soon(writing).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_head_that_is_cut_off_is_answered_too_and_seen_as_a_refusal() {
    let refused: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let observed = refused.clone();
    let server = server().await;
    let running =
        echoing(server.on_refusal(move |refused| observed.lock().unwrap().push(refused.received.to_vec())));
    let mut tcp = TcpStream::connect(running.address).await.unwrap();
    tcp.write_all(b"GET / HTTP/1.1\r\nHost:").await.unwrap();
    tcp.shutdown().await.unwrap();
    let answer = read_to_end(&mut tcp).await;
    assert_complete(&answer, 400);
    let text = String::from_utf8(answer).unwrap();
    assert!(text.contains("server/head-timeout") && text.contains("nosniff"), "{text}");
    assert_eq!(*refused.lock().unwrap(), [b"GET / HTTP/1.1\r\nHost:"]);
}

#[tokio::test]
async fn a_slow_head_is_refused_with_408_at_the_deadline() {
    let limits = Limits { handshake_timeout: Duration::from_millis(150), ..Limits::default() };
    let running = echoing(server().await.limits(limits));
    let mut tcp = TcpStream::connect(running.address).await.unwrap();
    tcp.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    assert_complete(&read_to_end(&mut tcp).await, 408);
}

#[tokio::test(start_paused = true)]
async fn single_bytes_do_not_move_the_deadline_of_the_head() {
    let (mut client, server) = tokio::io::duplex(1024);
    let begin = tokio::time::Instant::now();
    let serving = tokio::spawn(async move {
        handfast::server_handshake(server, &handfast::AcceptOptions::default()).await.map(drop)
    });
    let (mut reader, mut writer) = tokio::io::split(&mut client);
    let dripping = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if writer.write_all(b"G").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let mut answer = Vec::new();
    tokio::select! {
        read = reader.read_to_end(&mut answer) => drop(read.unwrap()),
        () = dripping => {}
    }
    assert_complete(&answer, 408);
    assert!(begin.elapsed() >= Duration::from_secs(10) && begin.elapsed() <= Duration::from_secs(13));
    assert!(matches!(serving.await.unwrap(), Err(Error::Refused(_))));
}

#[tokio::test]
async fn many_slow_heads_lock_nobody_out() {
    let limits = Limits { handshakes_unfinished_max: 8, ..Limits::default() };
    let running = echoing(server().await.limits(limits));
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut tcp = TcpStream::connect(running.address).await.unwrap();
        tcp.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        slow.push(tcp);
    }
    let bytes = [REQUEST.as_bytes(), &CLOSE].concat();
    let answer = exchange(running.address, &bytes).await;
    assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", answer.escape_ascii());
    // The oldest gave way, and was told so.
    let answer = read_to_end(&mut slow[0]).await;
    assert_complete(&answer, 503);
    assert!(String::from_utf8(answer).unwrap().contains("\r\nRetry-After: 1\r\n"));
}

#[tokio::test]
async fn beyond_the_most_connections_there_is_503_until_one_ends() {
    let running = echoing(server().await.max_connections(2));
    let mut open = [
        handfast::connect(&running.uri("/")).await.unwrap(),
        handfast::connect(&running.uri("/")).await.unwrap(),
    ];
    let answer = exchange(running.address, REQUEST.as_bytes()).await;
    assert_complete(&answer, 503);
    // The answer to a HEAD has no body.
    let answer = exchange(running.address, REQUEST.replace("GET", "HEAD").as_bytes()).await;
    assert!(answer.starts_with(b"HTTP/1.1 503 ") && answer.ends_with(b"\r\n\r\n"));
    match handfast::connect(&running.uri("/")).await {
        Err(Error::Declined(declined)) => {
            assert_eq!(declined.status(), 503);
            assert!(declined.is_body_complete());
            assert!(!declined.body().is_empty());
        }
        other => panic!("{other:?}"),
    }
    open[0].close(CloseCode::NORMAL, "").await.unwrap();
    let mut again = soon(async {
        loop {
            if let Ok(ws) = handfast::connect(&running.uri("/")).await {
                break ws;
            }
        }
    })
    .await;
    again.send("in").await.unwrap();
    assert_eq!(soon(again.recv()).await.unwrap(), Some(Message::text("in")));
}

#[tokio::test]
async fn pages_and_websockets_live_side_by_side() {
    let running = run(server().await, |request| async move {
        match request.path() {
            "/echo" => echo(request.accept().await?).await,
            "/" => request.respond(HttpResponse::text(200, "hello")).await,
            "/forgotten" => Ok(()),
            "/panic" => panic!("on purpose"),
            _ => request.respond(HttpResponse::text(404, "There is nothing here.\n")).await,
        }
    });
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes();
    let page = exchange(running.address, &get("/")).await;
    assert_complete(&page, 200);
    assert!(page.ends_with(b"hello"));
    assert_complete(&exchange(running.address, &get("/nothing")).await, 404);
    assert_complete(&exchange(running.address, &get("/echo")).await, 426);
    assert_complete(&exchange(running.address, &get("/forgotten")).await, 500);
    assert_complete(&exchange(running.address, &get("/panic")).await, 500);
    let head = exchange(running.address, b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(head.ends_with(b"\r\n\r\n"), "{}", head.escape_ascii());
    // After a panic too.
    let mut ws = handfast::connect(&running.uri("/echo?room=1")).await.unwrap();
    ws.send("still here").await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap(), Some(Message::text("still here")));
}

#[tokio::test]
async fn a_request_can_be_looked_at_before_it_is_accepted() {
    let policy = Policy { origin: OriginPolicy::Any, ..Policy::default() };
    let running = run(server().await.policy(policy), |request| async move {
        let offer = request.offer().map_err(Error::other)?;
        assert_eq!(offer.origin(), Some("https://page.example"));
        assert_eq!(offer.subprotocols().collect::<Vec<_>>(), ["v1", "v2"]);
        assert_eq!((request.path(), request.query()), ("/room", Some("x=1")));
        assert_eq!(request.header("AUTHORIZATION"), Some(b"Basic dTpwOnc=".as_slice()));
        assert_eq!(request.peer().addr(), Some(request.transport().peer_addr()?));
        let answer = Answer::new().subprotocols(["v2"])?.field("Set-Cookie", "a=b")?;
        let mut ws = request.accept_with(&answer).await?;
        assert_eq!(ws.subprotocol(), Some("v2"));
        ws.close(CloseCode::NORMAL, "seen").await
    });
    let uri = format!("ws://u:p%3Aw@{}/room?x=1", running.address);
    let mut ws = handfast::Client::new(&uri)
        .unwrap()
        .origin("https://page.example")
        .unwrap()
        .subprotocol("v1")
        .unwrap()
        .subprotocol("v2")
        .unwrap()
        .await
        .unwrap();
    assert_eq!(ws.subprotocol(), Some("v2"));
    assert_eq!(ws.response().unwrap().field("set-cookie"), Some(b"a=b".as_slice()));
    assert_eq!(soon(ws.recv()).await.unwrap(), None);
    assert_eq!(ws.close_received().unwrap().reason(), "seen");
}

#[tokio::test]
async fn a_foreign_page_is_refused_by_default() {
    let running = echoing(server().await);
    let client = handfast::Client::new(&running.uri("/")).unwrap();
    match client.clone().origin("https://evil.example").unwrap().await {
        Err(Error::Declined(declined)) => assert_eq!(declined.status(), 403),
        other => panic!("{other:?}"),
    }
    client.origin(&format!("http://{}", running.address)).unwrap().await.unwrap();
}

#[tokio::test]
async fn draining_says_1001_to_all_and_accepts_no_more() {
    let running = echoing(server().await);
    let mut idle = handfast::connect(&running.uri("/")).await.unwrap();
    idle.send("hello").await.unwrap();
    assert_eq!(soon(idle.recv()).await.unwrap(), Some(Message::text("hello")));
    assert_eq!(running.handle.connections(), 1);
    let drained = running.handle.drain(Duration::from_secs(10));
    assert_eq!(soon(idle.recv()).await.unwrap(), None);
    assert_eq!(idle.close_received().unwrap().code(), CloseCode::GOING_AWAY);
    soon(drained).await;
    assert_eq!(running.handle.connections(), 0);
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn draining_also_reaches_a_websocket_that_was_split_into_other_tasks() {
    let running = run(server().await, |request| async move {
        let (mut receiver, sender) = request.accept().await?.split();
        tokio::spawn(async move {
            let _sender = sender;
            while let Ok(Some(_)) = receiver.recv().await {}
        });
        Ok(())
    });
    let mut ws = handfast::connect(&running.uri("/")).await.unwrap();
    ws.send("hello").await.unwrap();
    let drained = running.handle.drain(Duration::from_secs(10));
    let ((), end) = soon(async { tokio::join!(drained, ws.recv()) }).await;
    assert_eq!(end.unwrap(), None);
    assert_eq!(ws.close_received().unwrap().code(), CloseCode::GOING_AWAY);
}

#[tokio::test]
async fn what_does_not_end_is_dropped_at_the_deadline_of_the_drain() {
    let running = run(server().await, |request| async move {
        let _ws = request.accept().await?;
        std::future::pending().await
    });
    let mut stubborn = handfast::connect(&running.uri("/")).await.unwrap();
    let begin = std::time::Instant::now();
    soon(running.handle.drain(Duration::from_millis(100))).await;
    assert!(begin.elapsed() >= Duration::from_millis(100));
    assert_eq!(running.handle.connections(), 0);
    // Dropping it said so.
    assert_eq!(soon(stubborn.recv()).await.unwrap(), None);
}

/// What is kept of a connection elsewhere is no connection.
#[tokio::test]
async fn a_sender_that_is_kept_elsewhere_keeps_no_server() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let registry = kept.clone();
    let running = run(server().await, move |request| {
        let registry = registry.clone();
        async move {
            let (mut receiver, sender) = request.accept().await?.split();
            registry.lock().unwrap().push(sender);
            while receiver.recv().await?.is_some() {}
            Ok(())
        }
    });
    let uri = running.uri("/");
    let mut parts = handfast::connect(&uri).await.unwrap();
    let _deaf = handfast::connect(&uri).await.unwrap();
    soon(parts.close(CloseCode::NORMAL, "")).await.unwrap();
    soon(async {
        while running.handle.connections() > 1 || kept.lock().unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    soon(running.handle.drain(Duration::from_millis(100))).await;
    assert_eq!(running.handle.connections(), 0);
    assert!(kept.lock().unwrap().iter().all(handfast::Sender::is_closed));
}

/// A deadline is one for programs too that moved a WebSocket where nobody looks at it.
#[tokio::test]
async fn a_websocket_that_is_moved_to_a_task_that_waits_keeps_no_server() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let tell = Arc::new(Mutex::new(Some(tell)));
    let running = run(server().await, move |request| {
        let tell = tell.clone();
        async move {
            let ws = request.accept().await?;
            let _ = tell.lock().unwrap().take().expect("there is one client").send(ws);
            Ok(())
        }
    });
    let _client = handfast::connect(&running.uri("/")).await.unwrap();
    let mut kept = soon(told).await.unwrap();
    soon(running.handle.drain(Duration::from_millis(100))).await;
    // It is told when somebody looks.
    assert!(matches!(soon(kept.recv()).await, Err(Error::Lost(_))));
    assert_eq!(running.handle.connections(), 0);
}

#[tokio::test]
async fn a_server_that_never_ran_has_drained_once_it_is_dropped() {
    let server = server().await;
    let drained = server.handle().drain(Duration::from_secs(10));
    drop(server);
    soon(drained).await;
}

#[tokio::test]
async fn a_drain_may_have_no_deadline() {
    let running = echoing(server().await);
    let mut ws = handfast::connect(&running.uri("/")).await.unwrap();
    let drained = running.handle.drain(Duration::MAX);
    assert_eq!(soon(ws.recv()).await.unwrap(), None);
    soon(drained).await;
}

/// "Never" is often written as the longest span that there is.
#[tokio::test]
async fn every_deadline_may_be_never() {
    const NEVER: Duration = Duration::MAX;
    let limits = Limits {
        connect_timeout: NEVER,
        handshake_timeout: NEVER,
        close_timeout: NEVER,
        stall_timeout: NEVER,
        linger_timeout: NEVER,
        ..Limits::default()
    };
    let keep_alive = Some(KeepAlive { interval: Duration::from_millis(1), timeout: NEVER });
    let config =
        Config { limits: limits.clone(), keep_alive, idle_timeout: Some(NEVER), ..Config::default() };
    let running = echoing(server().await.limits(limits).config(config.clone()));
    let mut ws = handfast::Client::new(&running.uri("/")).unwrap().config(config).connect().await.unwrap();
    // Long enough for pings of both.
    assert!(tokio::time::timeout(Duration::from_millis(50), ws.recv()).await.is_err());
    ws.send("still here").await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap(), Some(Message::text("still here")));
    soon(ws.close(CloseCode::NORMAL, "")).await.unwrap();
}

#[tokio::test]
async fn a_fault_is_answered_by_its_close_code_though_more_is_on_its_way() {
    let errors = Arc::new(AtomicUsize::new(0));
    let counted = errors.clone();
    let server = server().await.on_error(move |peer, error| {
        assert!(peer.is_some() && matches!(error, Error::Protocol(_)), "{error}");
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let running = echoing(server);
    let mut tcp = TcpStream::connect(running.address).await.unwrap();
    tcp.write_all(REQUEST.as_bytes()).await.unwrap();
    read_head(&mut tcp).await;
    // Text that is no text, and then much more that nobody reads.
    let mut bytes = client_frame(0x81, b"\xff");
    bytes.resize(bytes.len() + 300_000, 0);
    tcp.write_all(&bytes).await.unwrap();
    tcp.shutdown().await.unwrap();
    let answer = read_to_end(&mut tcp).await;
    assert_eq!(answer[0], 0x88);
    assert_eq!(answer[2..4], 1007u16.to_be_bytes());
    // It is told once what was on its way has been read and thrown away; a server that stops before that tells nothing.
    soon(async {
        while errors.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_drain_over_a_window_tells_each_client_at_a_moment_of_its_own() {
    let running = echoing(server().await);
    let mut open = Vec::new();
    for _ in 0..30 {
        open.push(handfast::connect(&format!("ws://{}/", running.address)).await.unwrap());
    }
    let window = Duration::from_millis(300);
    let begun = std::time::Instant::now();
    let drained = running.handle.drain_spread(Duration::from_secs(20), window);
    let told = open.into_iter().map(|mut ws| {
        tokio::spawn(async move {
            assert_eq!(ws.recv().await.unwrap(), None);
            assert_eq!(ws.close_received().unwrap().code(), CloseCode::GOING_AWAY);
            begun.elapsed()
        })
    });
    let mut moments = Vec::new();
    for told in told.collect::<Vec<_>>() {
        moments.push(soon(told).await.unwrap());
    }
    soon(drained).await;
    let between = *moments.iter().max().unwrap() - *moments.iter().min().unwrap();
    // That all thirty fall into a third of the window by chance happens once in 10^12 runs.
    assert!(between > window / 3, "{moments:?}");
}

#[tokio::test]
async fn several_listeners_share_a_port_when_asked_to() {
    let options = BindOptions { reuse_port: true, ..BindOptions::default() };
    let first = Server::bind_with("127.0.0.1:0", &options).await.unwrap();
    let address = first.local_addr().unwrap();
    Server::bind_with(address, &options).await.unwrap();
    let error = Server::bind(address).await.unwrap_err();
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[tokio::test]
async fn expect_100_continue_is_answered_before_the_101() {
    let running = echoing(server().await);
    let request = REQUEST.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n");
    let answer = exchange(running.address, &[request.as_bytes(), &CLOSE].concat()).await;
    assert!(answer.starts_with(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 "), "{}", answer.escape_ascii());
}

#[tokio::test]
async fn big_messages_pass_over_tcp_both_ways() {
    let running = echoing(server().await);
    let mut ws = handfast::connect(&running.uri("/")).await.unwrap();
    let big = Message::text("ß".repeat(8 << 20));
    ws.send(big.clone()).await.unwrap();
    assert!(soon(ws.recv()).await.unwrap() == Some(big), "it came back changed");
    let too_big = ws.send(vec![0; (16 << 20) + 1]).await;
    // The server may have closed before all was written.
    assert!(matches!(too_big, Ok(()) | Err(Error::Lost(_))));
    assert_eq!(soon(ws.recv()).await.unwrap(), None);
    assert_eq!(ws.close_received().unwrap().code(), CloseCode::TOO_BIG);
}

#[tokio::test]
async fn compression_is_used_where_both_sides_ask_for_it() {
    let deflating = || Answer::new().deflate(DeflateOptions::default());
    let running = echoing(server().await.answer(deflating()));
    let text = Message::text("compress me ".repeat(5000));
    for (client, is_smaller) in [
        (handfast::Client::new(&running.uri("/")).unwrap().deflate(DeflateOptions::default()), true),
        (handfast::Client::new(&running.uri("/")).unwrap(), false),
    ] {
        let mut ws = client.await.unwrap();
        assert_eq!(ws.response().unwrap().field("sec-websocket-extensions").is_some(), is_smaller);
        ws.send(text.clone()).await.unwrap();
        assert_eq!(soon(ws.recv()).await.unwrap().as_ref(), Some(&text));
        let stats = ws.stats();
        assert_eq!(ws.deflate().is_some(), is_smaller);
        ws.send_uncompressed(text.clone()).await.unwrap();
        assert!(ws.stats().bytes_sent >= stats.bytes_sent + text.len() as u64);
        assert_eq!(soon(ws.recv()).await.unwrap().as_ref(), Some(&text));
        assert_eq!(stats.bytes_sent < 3000 && stats.bytes_received < 3000, is_smaller, "{stats:?}");
    }
}
