//! Trust in the server check where the server does not last: one that dies or hangs is told, and nothing innocent is blamed.

mod answering;
mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use answering::{Answer, answering};
use handfast_check::{Report, ServerCheck, Verdict, server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// What a request must have in it to end the server.
type Deadly = fn(&str) -> bool;

fn check(address: SocketAddr) -> ServerCheck {
    server(format!("ws://{address}/chat"))
        .subprotocol("chat")
        .subprotocol("superchat")
        .timeout(Duration::from_secs(3))
        .quiet(Duration::from_millis(300))
        // These press the server and take the most time.
        .exclude("server/head-too-large")
        .exclude("server/head-in-pieces-refused")
        .exclude("server/target-too-long")
}

/// What follows the death of a server.
#[derive(Clone, Copy, PartialEq)]
enum After {
    Nothing,
    /// It is started again.
    Restart,
    /// Other processes listen on the same port, and go on.
    Others,
}

/// A right server that dies of a deadly request: it takes all its connections with it. The check of it.
async fn mortal(deadly: Deadly, after: After) -> ServerCheck {
    let inner = support::start("").await;
    let mut listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        loop {
            let (die, mut dead) = mpsc::channel::<()>(1);
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    Ok((stream, _)) = listener.accept() => {
                        connections.spawn(pass(stream, inner, deadly, die.clone()));
                    }
                    _ = dead.recv() => break,
                }
            }
            connections.shutdown().await;
            if after != After::Others {
                drop(listener);
                if after == After::Nothing {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(300)).await;
                listener = TcpListener::bind(address).await.expect("the port is still free");
            }
        }
    });
    // The right server behind it knows its own name only.
    check(inner).resolve(address)
}

/// Passes bytes in both directions, until a deadly request comes.
async fn pass(mut outer: TcpStream, inner: SocketAddr, deadly: Deadly, die: mpsc::Sender<()>) {
    let mut inner = TcpStream::connect(inner).await.expect("the right server lives on");
    // A request of the check, as it comes: those that come in pieces are not deadly here.
    let mut head = vec![0; 128 * 1024];
    let Ok(length) = outer.read(&mut head).await else { return };
    if deadly(&String::from_utf8_lossy(&head[..length])) {
        let _dies_already = die.send(()).await;
        return std::future::pending().await;
    }
    if inner.write_all(&head[..length]).await.is_ok() {
        let _ended = tokio::io::copy_bidirectional(&mut outer, &mut inner).await;
    }
}

fn found(report: &Report, verdict: Verdict) -> Vec<&str> {
    report.results.iter().filter(|result| result.verdict == verdict).map(|result| result.id).collect()
}

fn version_14(request: &str) -> bool {
    request.contains("Sec-WebSocket-Version: 14\r\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_is_judged_no_further_and_nothing_is_blamed() {
    let report = mortal(version_14, After::Nothing).await.run().await.expect("a report");
    assert_eq!(found(&report, Verdict::Fail), [""; 0], "{:?}", report.broke);
    assert_eq!(found(&report, Verdict::Remark), [""; 0], "{:?}", report.broke);
    let broke = report.broke.as_deref().unwrap_or_default();
    assert!(broke.contains("the server went away") && broke.contains("server/version-other ("), "{broke}");
    assert!(broke.contains("Sec-WebSocket-Version: 14"), "{broke}");
    let reason = |id| report.result(id).and_then(|result| result.reason.as_deref()).unwrap_or_default();
    assert!(reason("server/version-other").contains("under way when the server went away"), "{broke}");
    assert!(reason("server/response-splitting").contains("not sent"), "{broke}");
    assert!(report.summary.pass > 10, "{:?}", report.summary);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_comes_back_is_asked_again_and_the_request_that_ends_it_is_named() {
    let report = mortal(version_14, After::Restart).await.run().await.expect("a report");
    assert_eq!(found(&report, Verdict::Fail), ["server/version-other"], "{:?}", report.broke);
    assert_eq!(found(&report, Verdict::Remark), [""; 0], "{:?}", report.broke);
    assert_eq!(found(&report, Verdict::Inconclusive), [""; 0], "{:?}", report.broke);
    let broke = report.broke.as_deref().unwrap_or_default();
    let named = "sent alone, this ended it again: server/version-other (Sec-WebSocket-Version: 14)";
    assert!(broke.ends_with(named), "{broke}");
    let got = report.result("server/version-other").and_then(|result| result.got.as_deref());
    assert!(got.is_some_and(|got| got.ends_with("sent alone, this request ends it")), "{got:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_one_process_of_several_dies_no_other_request_is_blamed() {
    let long_key: Deadly = |request| request.contains(&"A".repeat(4096));
    let report = mortal(long_key, After::Others).await.run().await.expect("a report");
    // The deadly request itself is closed upon without an answer.
    assert_eq!(found(&report, Verdict::Fail), ["server/silent-close"], "{:?}", report.broke);
    assert_eq!(found(&report, Verdict::Remark), ["server/key-over-long"], "{:?}", report.broke);
    assert_eq!(found(&report, Verdict::Inconclusive), [""; 0], "{:?}", report.broke);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_many_requests_end_is_given_up() {
    let any_wrong_version: Deadly = |request| {
        request.contains("Sec-WebSocket-Version") && !request.contains("Sec-WebSocket-Version: 13\r\n")
    };
    let report = mortal(any_wrong_version, After::Restart).await.only("server/version").run().await;
    let report = report.expect("a report");
    let broke = report.broke.as_deref().unwrap_or_default();
    assert!(broke.contains("the server went away (the correct request: away 9 times)"), "{broke}");
    assert!(report.summary.inconclusive > 0, "{:?}", report.summary);
    let blamed: Vec<_> = report.failures().filter_map(|result| result.got.as_deref()).collect();
    assert!(
        !blamed.is_empty() && blamed.iter().all(|got| got.ends_with("this request ends it")),
        "{blamed:?}"
    );
}

fn opened(request: &str) -> Option<String> {
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))?;
    let accept = handfast_check::accept_for(key.as_bytes());
    Some(format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ))
}

#[tokio::test]
async fn a_server_that_is_mute_is_given_up_after_one_deadline() {
    let cases: [(Answer, &str); 3] = [
        (|_, _| None, "a plain GET got no answer either"),
        (
            |_, request| {
                (!request.contains("Upgrade"))
                    .then(|| "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned())
            },
            "a plain GET got HTTP/1.1 200 OK: only the handshake hangs",
        ),
        (
            |count, request| if count == 0 { opened(request) } else { None },
            "the second handshake: the first correct request was answered, and the same again was not",
        ),
    ];
    for (answer, words) in cases {
        let run =
            check(answering(answer).await).timeout(Duration::from_secs(2)).quiet(Duration::from_millis(200));
        let start = Instant::now();
        let report = run.run().await.expect("a report");
        assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
        assert!(report.results.iter().all(|result| !result.verdict.is_judged()), "{words}");
        assert!(report.summary.inconclusive > 100, "{:?}", report.summary);
        assert!(report.broke.as_deref().is_some_and(|broke| broke.contains(words)), "{:?}", report.broke);
    }
}

#[tokio::test]
async fn a_gateway_that_lost_its_server_breaks_no_rule() {
    let answer = |count: usize, request: &str| match count {
        0..12 => opened(request),
        _ => Some("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n".to_owned()),
    };
    let run = check(answering(answer).await).timeout(Duration::from_secs(1));
    let report = run.only("server/connection").only("server/upgrade").run().await.expect("a report");
    let blamed: Vec<_> = report.failures().filter_map(|result| result.got.as_deref()).collect();
    assert!(!blamed.iter().any(|got| got.contains("502")), "{blamed:?}");
    let broke = report.broke.as_deref().unwrap_or_default();
    assert!(
        broke.contains("the server went away (the correct request: HTTP/1.1 502 Bad Gateway)"),
        "{broke}"
    );
}
