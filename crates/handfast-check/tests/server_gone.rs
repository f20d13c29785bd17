//! Trust in the server check where the server does not last: one that never answers is told, soon.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use handfast_check::{ServerCheck, server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

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

/// What each connection gets, by how many came before and its request; none for silence that lasts.
type Answer = fn(usize, &str) -> Option<String>;

async fn answering(answer: Answer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        for count in 0.. {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            tokio::spawn(async move {
                let mut buffer = vec![0; 4096];
                let length = stream.read(&mut buffer).await.unwrap_or_default();
                match answer(count, &String::from_utf8_lossy(&buffer[..length])) {
                    Some(answer) => drop(stream.write_all(answer.as_bytes()).await),
                    None => std::future::pending().await,
                }
            });
        }
    });
    address
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
