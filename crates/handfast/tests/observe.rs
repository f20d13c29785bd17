//! The events that programs see by `tracing`: one for each handshake and each close.

#![cfg(feature = "tracing")]

use handfast::{CloseCode, Server};
use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Keeps the library's events and spans as lines.
#[derive(Clone, Default)]
struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    spans: Arc<AtomicU64>,
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Log {
    fn keep(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut Line)) {
        if metadata.target().starts_with("handfast") {
            let mut line = Line(String::new());
            record(&mut line);
            self.lines.lock().unwrap().push(line.0);
        }
    }

    /// Waits for a line that has all of these words.
    async fn wait_for(&self, words: &[&str]) {
        for _ in 0..500 {
            let lines = self.lines.lock().unwrap().clone();
            if lines.iter().any(|line| words.iter().all(|word| line.contains(word))) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no line with {words:?} in {:#?}", self.lines.lock().unwrap());
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.keep(span.metadata(), |line| {
            line.0.push_str(span.metadata().name());
            span.record(line);
        });
        Id::from_u64(1 + self.spans.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.keep(event.metadata(), |line| event.record(line));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn handshakes_and_closes_are_told_with_result_rules_code_and_who() {
    let log = Log::default();
    tracing::subscriber::set_global_default(log.clone()).unwrap();
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.serve(|mut ws| async move {
        while let Some(message) = ws.recv().await? {
            ws.send(message).await?;
        }
        Ok(())
    }));

    let mut ws = handfast::connect(&format!("ws://user:pass@{address}/?token=x")).await.unwrap();
    ws.send("hello").await.unwrap();
    ws.recv().await.unwrap();
    ws.close(CloseCode::new(4001).unwrap(), "done\u{1b}").await.unwrap();
    drop(ws);
    log.wait_for(&["websocket", "role=\"server\"", "peer=127.0.0.1:"]).await;
    log.wait_for(&["WebSocket opened", "role=\"server\""]).await;
    log.wait_for(&["WebSocket opened", "role=\"client\""]).await;
    // Host and port, and nothing that could be secret.
    log.wait_for(&["websocket", "role=\"client\"", &format!("host=\"{address}\"")]).await;
    assert!(!log.lines.lock().unwrap().iter().any(|line| line.contains("token") || line.contains("pass")));
    // What a peer wrote is escaped.
    let words = ["role=\"server\"", "by=\"peer\"", "code=4001", "done\\\\u{1b}", "messages_received=1"];
    log.wait_for(&[&["WebSocket closed"], &words[..]].concat()).await;
    log.wait_for(&["WebSocket closed", "role=\"client\"", "by=\"us\"", "code=4001"]).await;

    let mut tcp = tokio::net::TcpStream::connect(address).await.unwrap();
    tcp.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        .await
        .unwrap();
    tcp.read_to_end(&mut Vec::new()).await.unwrap();
    let words = ["role=\"server\"", "status=426", "server/key-missing", "server/version-missing"];
    log.wait_for(&[&["handshake failed"], &words[..]].concat()).await;

    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("ws://{}/", silent.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut tcp, _) = silent.accept().await.unwrap();
        tcp.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        tcp.read_to_end(&mut Vec::new()).await.unwrap();
    });
    assert!(handfast::connect(&uri).await.is_err());
    log.wait_for(&["handshake failed", "role=\"client\"", "result=\"declined\""]).await;
}
