//! The counters that programs see by `metrics`.

#![cfg(feature = "metrics")]

use handfast::{Client, Error, Limits, Request, Server};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Counters by name and labels, and descriptions by name.
#[derive(Clone, Default)]
struct Seen {
    counters: Arc<Mutex<HashMap<String, Arc<AtomicU64>>>>,
    described: Arc<Mutex<HashMap<String, String>>>,
}

impl Seen {
    fn handshakes(&self, result: &str) -> u64 {
        let name = format!("handfast_handshakes_total role=server result={result}");
        self.counters.lock().unwrap().get(&name).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    async fn wait_for(&self, result: &str, count: u64) {
        for _ in 0..1000 {
            if self.handshakes(result) >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{result} {} times, wanted {count}", self.handshakes(result));
    }

    fn describe(&self, key: &KeyName, description: &SharedString) {
        self.described.lock().unwrap().insert(key.as_str().to_owned(), description.to_string());
    }
}

impl Recorder for Seen {
    fn describe_counter(&self, key: KeyName, _: Option<Unit>, description: SharedString) {
        self.describe(&key, &description);
    }

    fn describe_gauge(&self, key: KeyName, _: Option<Unit>, description: SharedString) {
        self.describe(&key, &description);
    }

    fn describe_histogram(&self, key: KeyName, _: Option<Unit>, description: SharedString) {
        self.describe(&key, &description);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let labels = key.labels().map(|label| format!(" {}={}", label.key(), label.value()));
        let name = format!("{}{}", key.name(), labels.collect::<String>());
        Counter::from_arc(self.counters.lock().unwrap().entry(name).or_default().clone())
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

fn status(answer: &[u8]) -> &str {
    std::str::from_utf8(&answer[9..12]).expect("a status")
}

/// One test: there is one recorder in a process.
#[tokio::test]
async fn what_gets_503_is_counted_by_its_reason_and_every_metric_is_described() {
    let seen = Seen::default();
    metrics::set_global_recorder(seen.clone()).map_err(|_| "twice").unwrap();
    let limits = Limits { connections_max: 1, handshakes_unfinished_max: 2, ..Limits::default() };
    let server = Server::bind("127.0.0.1:0").await.unwrap().limits(limits);
    let address = server.local_addr().unwrap();
    let task = tokio::spawn(server.run(|request: Request| async move {
        let mut ws = request.accept().await?;
        while ws.recv().await?.is_some() {}
        Ok(())
    }));
    let client = Client::new(&format!("ws://{address}/")).unwrap();
    let open = client.connect().await.unwrap();
    assert_eq!(seen.handshakes("opened"), 1);

    // One more than may be open.
    let Err(Error::Declined(declined)) = client.connect().await else { panic!("it is full") };
    assert_eq!(declined.status(), 503);
    seen.wait_for("busy", 1).await;

    // One more than may be silent: the oldest gives way, and as many more as those who linger take the places of.
    let mut silent = Vec::new();
    for _ in 0..3 {
        let mut tcp = TcpStream::connect(address).await.unwrap();
        tcp.write_all(b"GET").await.unwrap();
        silent.push(tcp);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut answer = Vec::new();
    silent[0].read_to_end(&mut answer).await.unwrap();
    assert_eq!(status(&answer), "503");
    seen.wait_for("crowded", 1).await;

    drop((silent, open));
    task.abort();

    // A request that is complete only when the server is ending.
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let (address, handle) = (server.local_addr().unwrap(), server.handle());
    tokio::spawn(server.run(|request: Request| async move { request.accept().await.map(drop) }));
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(b"GET").await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(handle.drain(Duration::from_secs(20)));
    tcp.write_all(b" / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).await.unwrap();
    assert_eq!(status(&answer), "503");
    seen.wait_for("draining", 1).await;
    assert_eq!((seen.handshakes("lost"), seen.handshakes("busy")), (0, 1));

    let described = seen.described.lock().unwrap().clone();
    // The table in the crate's documentation.
    let documented: Vec<&str> = include_str!("../src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! | `handfast_")?.split_once(" | "))
        .flat_map(|(names, _)| {
            names.split('`').filter(|name| name.ends_with(|last: char| last.is_ascii_lowercase()))
        })
        .collect();
    assert_eq!(documented.len(), 7, "{documented:?}");
    for name in documented {
        let name = format!("handfast_{}", name.trim_start_matches("handfast_"));
        assert!(described.get(&name).is_some_and(|words| words.ends_with('.')), "{name}: {described:?}");
    }
    for name in seen.counters.lock().unwrap().keys() {
        assert!(described.contains_key(name.split(' ').next().unwrap()), "{name}");
    }
}
