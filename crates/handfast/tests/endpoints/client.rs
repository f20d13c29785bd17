//! The client against servers that answer anything.

use crate::support::{read_head, soon};
use handfast::error::Phase;
use handfast::{Client, CloseCode, Error, Limits, Message, Step};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Accepts one connection, reads its request, and gives both to `answer`.
async fn once<F: Future<Output = ()> + Send>(
    answer: impl FnOnce(TcpStream, String) -> F + Send + 'static,
) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("ws://{}/x?y=z", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let request = read_head(&mut tcp).await;
        answer(tcp, request).await;
    });
    (uri, task)
}

/// Answers every request with these bytes and closes.
async fn answering(bytes: &'static [u8]) -> String {
    let answer = move |mut tcp: TcpStream, _| async move { tcp.write_all(bytes).await.unwrap() };
    once(answer).await.0
}

fn switching(request: &str) -> String {
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let key = handfast::proto::handshake::Key::parse(key.as_bytes()).unwrap();
    let accept = handfast::proto::handshake::Accept::derive(&key);
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        accept.as_str()
    )
}

#[tokio::test]
async fn the_request_is_exact_and_frames_behind_the_answers_head_are_kept() {
    let (uri, server) = once(|mut tcp, request| async move {
        let address = tcp.local_addr().unwrap();
        assert!(request.starts_with("GET /x?y=z HTTP/1.1\r\n"), "{request}");
        assert!(request.contains(&format!("\r\nHost: {address}\r\n")), "{request}");
        let answer = [switching(&request).as_bytes(), b"\x01\x03one\x80\x04 two"].concat();
        tcp.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").await.unwrap();
        for byte in answer {
            tcp.write_all(&[byte]).await.unwrap();
        }
        let mut frame = [0; 8];
        tcp.read_exact(&mut frame).await.unwrap();
        assert_eq!(frame[..2], [0x88, 0x82], "a masked Close");
        tcp.write_all(&[0x88, 2, 0x03, 0xe8]).await.unwrap();
    })
    .await;
    let mut ws = handfast::connect(&uri).await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap(), Some(Message::text("one two")));
    assert_eq!(ws.response().unwrap().status(), 101);
    soon(ws.close(CloseCode::NORMAL, "")).await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_wrong_accept_fails_and_the_error_shows_both_values() {
    let uri = answering(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    )
    .await;
    let error = handfast::connect(&uri).await.unwrap_err();
    let text = error.to_string();
    let Error::FaultyAnswer(answer) = &error else { panic!("{error:?}") };
    assert!(text.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{text}");
    assert!(text.contains(answer.expected_accept().unwrap().as_str()), "{text}");
    assert!(text.contains(answer.key().unwrap().as_str()), "{text}");
    assert_eq!(answer.faults().len(), 1);
}

#[tokio::test]
async fn every_fault_of_an_answer_is_told() {
    let uri = answering(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: chat\r\n\
        Sec-WebSocket-Extensions: foo\r\n\r\n",
    )
    .await;
    let Err(Error::FaultyAnswer(answer)) = handfast::connect(&uri).await else { panic!("it opened") };
    assert!(answer.faults().len() >= 4, "{answer}");
    assert_eq!(answer.head().unwrap().status(), 101);
}

#[tokio::test]
async fn a_refusal_shows_status_fields_and_body() {
    let uri = answering(
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nTransfer-Encoding: chunked\r\n\r\n\
        5\r\nno, s\r\n5\r\norry.\r\n0\r\n\r\n",
    )
    .await;
    let Err(Error::Declined(declined)) = handfast::connect(&uri).await else { panic!("it opened") };
    assert_eq!(declined.status(), 401);
    assert_eq!(declined.head().field("www-authenticate"), Some(b"Basic".as_slice()));
    assert_eq!((declined.body(), declined.is_body_complete()), (b"no, sorry.".as_slice(), true));
    assert!(declined.to_string().contains("401"), "{declined}");
}

#[tokio::test]
async fn an_endless_body_is_cut_at_the_limit_and_a_slow_one_at_the_deadline() {
    let (uri, server) = once(|mut tcp, _| async move {
        tcp.write_all(b"HTTP/1.1 500 Oops\r\n\r\n").await.unwrap();
        while tcp.write_all(&[b'x'; 4096]).await.is_ok() {}
    })
    .await;
    let Err(Error::Declined(declined)) = soon(handfast::connect(&uri)).await else { panic!("it opened") };
    assert_eq!((declined.body().len(), declined.is_body_complete()), (64 << 10, false));
    soon(server).await.unwrap();

    let (uri, server) = once(|mut tcp, _| async move {
        tcp.write_all(b"HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\nslow").await.unwrap();
        let mut rest = Vec::new();
        // Until the client gives up.
        drop(tcp.read_to_end(&mut rest).await);
    })
    .await;
    let limits = Limits { handshake_timeout: Duration::from_millis(100), ..Limits::default() };
    let client = Client::new(&uri).unwrap().limits(limits);
    let Err(Error::Declined(declined)) = soon(client.connect()).await else { panic!("it opened") };
    assert_eq!((declined.body(), declined.is_body_complete()), (b"slow".as_slice(), false));
    soon(server).await.unwrap();
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_at_the_deadline() {
    let (uri, server) = once(|mut tcp, _| async move {
        let mut rest = Vec::new();
        drop(tcp.read_to_end(&mut rest).await);
    })
    .await;
    let limits = Limits { handshake_timeout: Duration::from_millis(100), ..Limits::default() };
    let error = Client::new(&uri).unwrap().limits(limits).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { phase: Phase::Handshake, .. }), "{error}");
    soon(server).await.unwrap();
}

#[tokio::test]
async fn a_server_that_closes_early_or_speaks_no_http_is_named() {
    let uri = answering(b"HTTP/1.1 101 Swit").await;
    let Err(Error::HandshakeCut(cut)) = handfast::connect(&uri).await else { panic!("it opened") };
    assert_eq!((cut.bytes(), cut.received().as_bytes()), (17, b"HTTP/1.1 101 Swit".as_slice()));
    let uri = answering(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n\r\n").await;
    let Err(Error::FaultyAnswer(answer)) = handfast::connect(&uri).await else { panic!("it opened") };
    assert!(answer.received().to_string().contains("SSH-2.0"), "{answer}");
}

#[tokio::test]
async fn an_unreachable_address_is_named() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let Err(Error::Unreachable(unreachable)) = handfast::connect(&format!("ws://{free}/")).await else {
        panic!("it opened")
    };
    assert_eq!(unreachable.attempts()[0].0, free);
    let said = format!("{} could not be reached on port {}", free.ip(), free.port());
    assert!(unreachable.to_string().contains(&said), "{unreachable}");
    let error = handfast::connect("ws://no-such-host.invalid/").await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable(it) if it.resolve_error().is_some()), "{error}");
}

#[tokio::test]
async fn every_address_of_a_name_is_tried() {
    // A listener on IPv4 alone; `localhost` may resolve to ::1 first.
    let running = crate::support::echoing(crate::support::server().await);
    let tried: Arc<Mutex<Vec<SocketAddr>>> = Arc::default();
    let observed = tried.clone();
    let mut ws = Client::new(&format!("ws://localhost:{}/", running.address.port()))
        .unwrap()
        .observe(move |step| {
            if let Step::Connecting(address) = step {
                observed.lock().unwrap().push(address);
            }
        })
        .await
        .unwrap();
    assert_eq!(tried.lock().unwrap().last(), Some(&running.address));
    ws.send("hello").await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap(), Some(Message::text("hello")));
}

#[tokio::test]
async fn a_bad_uri_is_refused_before_anything_is_sent() {
    for uri in
        ["http://127.0.0.1/", "ws://127.0.0.1/#top", "ws:///", "ws://127.0.0.1:0/", "ws://127.0.0.1/a b"]
    {
        let error = handfast::connect(uri).await.unwrap_err();
        assert!(matches!(error, Error::Uri(_)), "{uri}: {error}");
    }
}

#[tokio::test]
async fn each_step_of_connecting_can_be_watched() {
    let running = crate::support::echoing(crate::support::server().await);
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let observed = seen.clone();
    Client::new(&running.uri("/"))
        .unwrap()
        .observe(move |step| observed.lock().unwrap().push(format!("{step:?}")))
        .await
        .unwrap();
    let seen = seen.lock().unwrap();
    let names: Vec<_> = seen.iter().map(|step| step.split('(').next().unwrap()).collect();
    assert_eq!(names, ["Resolved", "Connecting", "Connected", "RequestSent", "AnswerReceived"]);
}

#[tokio::test]
async fn a_server_that_resets_while_we_send_still_gets_to_say_why() {
    let (uri, server) = once(|mut tcp, request| async move {
        tcp.write_all(switching(&request).as_bytes()).await.unwrap();
        let mut some = [0; 1000];
        tcp.read_exact(&mut some).await.unwrap();
        tcp.write_all(&[0x88, 2, 0x03, 0xf1]).await.unwrap();
        // Dropped with unread bytes: a reset.
    })
    .await;
    let mut ws = handfast::connect(&uri).await.unwrap();
    let sent = async {
        loop {
            if let Err(error) = ws.send(vec![0; 100_000]).await {
                break error;
            }
        }
    };
    let error = soon(sent).await;
    assert!(matches!(error, Error::Lost(Some(_))), "{error:?}");
    server.await.unwrap();
    match soon(ws.recv()).await {
        Ok(None) => assert_eq!(ws.close_received().unwrap().code(), CloseCode::TOO_BIG),
        // The system may have thrown the Close away with the reset.
        Err(Error::Lost(_)) => {}
        other => panic!("{other:?}"),
    }
}
