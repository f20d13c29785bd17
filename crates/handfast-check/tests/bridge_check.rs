//! Trust in the path check over HTTP/2: right bridges pass, and one that is wrong in just one thing is found.

mod path;
mod trust;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use handfast_check::{PathCheck, Report, Verdict};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use trust::{explain, fault, findings};

const DOWN: &str = "middle/h2-to-h1-bridge";
const UP: &str = "middle/h1-to-h2-bridge";

/// What a bridge from HTTP/2 to HTTP/1.1 can do wrong, and how the finding begins.
const DOWN_SWITCHES: &[(&str, &str)] = &[
    (
        "never-forwarded",
        "WebSocket over HTTP/2 is announced, but the extended CONNECT did not reach the origin",
    ),
    ("key-fixed", "16 handshakes on one connection: two with the key AAECAwQFBgcICQoLDA0ODw=="),
    ("key-short", "the key AAECAwQFBgcICQoLDA0O is not 16 bytes in base64"),
    ("key-missing", "Sec-WebSocket-Key is missing"),
    ("key-copied", "the client's own sec-websocket-key was copied"),
    ("version-missing", "Sec-WebSocket-Version is [], wanted was 13"),
    ("host-upstream", "Host is [upstream], wanted was 127.0.0.1:"),
    ("path-changed", "the request line is GET /?handfast="),
    ("upgrade-missing", "Upgrade: websocket is missing"),
    ("subprotocol-lost", "Sec-WebSocket-Protocol is [], wanted was chat"),
    ("cookies-apart", "Cookie is [handfast_a=1 | handfast_b=2]"),
    ("length-added", "Content-Length: 0 was added"),
    ("accept-unchecked", "a wrong accept: it became :status 200"),
    ("ok-opens", "200 for 101: it became :status 200"),
    ("status-101", "the origin's 101 became :status 101"),
    ("ended", "the origin's 101 became :status 200 with END_STREAM"),
    ("fields-kept", "connection came to the client; upgrade came to the client"),
    ("accept-kept", "sec-websocket-accept, which means nothing over HTTP/2, came to the client"),
    ("extension-lost", "sec-websocket-extensions of the answer is [], sent was permessage-deflate"),
    ("answer-length", "content-length came to the client"),
    ("refusal-changed", "the origin's 426: it became :status 502"),
    ("body-lost", "the origin's 426: its body did not arrive whole"),
    ("glued-lost", "the origin's frames did not reach the client as they were"),
    ("frames-cut", "the client's frames did not reach the origin as they were"),
    ("end-becomes-reset", "the client closes: the origin's close frame came, but RST_STREAM with code 8"),
    ("client-end-lost", "END_STREAM of the client did not reach the origin"),
    // That what comes behind it cannot be judged takes nothing back.
    ("one-stream-end-lost", "END_STREAM of the client did not reach the origin"),
    ("reset-lost", "RST_STREAM of the client did not reach the origin"),
    ("reset-spreads", "RST_STREAM of one stream ended another"),
];

/// What a bridge from HTTP/1.1 to HTTP/2 can do wrong, and how the finding begins.
const UP_SWITCHES: &[(&str, &str)] = &[
    ("key-unchecked", "no key: HTTP/1.1 101"),
    ("key-short", "the key x: HTTP/1.1 101"),
    ("key-alphabet", "a key that is no base64: HTTP/1.1 101"),
    ("two-keys", "two keys: HTTP/1.1 101"),
    ("any-version", "HTTP/1.0: HTTP/1.1 101"),
    ("any-method", "POST: HTTP/1.1 101"),
    ("version-made-up", "version 25: it reached the origin as version 13"),
    ("accept-wrong", "Sec-WebSocket-Accept is ["),
    ("upgrade-missing", "the 101 lacks Upgrade: websocket or Connection: Upgrade"),
    ("method-kept", ":method is [GET], wanted was CONNECT"),
    ("scheme-missing", ":scheme is [], wanted was one value"),
    ("fields-kept", "connection reached the origin; upgrade reached the origin"),
    ("key-kept", "sec-websocket-key, which means nothing over HTTP/2, reached the origin"),
    ("case-kept", "a field's name has upper-case letters"),
    ("host-differs", "host and :authority of the request differ"),
    ("subprotocol-lost", "sec-websocket-protocol is [], wanted was chat"),
    ("extension-lost", "Sec-WebSocket-Extensions of the 101 is [], sent was permessage-deflate"),
    ("length-added", "content-length reached the origin"),
    ("answer-length", "Content-Length was added to the 101"),
    ("ended", "the stream ended with the request"),
    ("refusal-opens", "version 25: HTTP/1.1 101"),
    ("refusal-changed", "version 25: the origin's 400 became HTTP/1.1 502"),
    ("body-lost", "the origin's 401: its body did not arrive whole"),
    ("glued-lost", "the origin's frames did not reach the client as they were"),
    ("end-lost", "END_STREAM of the origin did not close the client's connection"),
    ("client-end-lost", "the end of the client's connection did not reach the origin"),
    ("protocol-unannounced", ":protocol reached an origin that had not announced it"),
];

async fn check(fault: &str, told: impl FnOnce(PathCheck) -> PathCheck) -> Report {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let fault = fault.to_owned();
    let run = handfast_check::path(format!("ws://{address}/chat"))
        .timeout(Duration::from_secs(4))
        .quiet(Duration::from_millis(300));
    let ready = |origin: SocketAddr| {
        path::serve(listener, &fault, origin);
        std::future::ready(())
    };
    told(run).run_with(ready, |_| ()).await.expect("a report")
}

fn reason(report: &Report, rule: &str) -> String {
    let result = report.result(rule).expect("listed");
    assert_eq!(result.verdict, Verdict::Skipped, "{}", explain(report));
    result.reason.clone().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_bridge_down_passes_beside_all_rules_of_http_1_1() {
    let report = check("", |check| check.http2().idle(Duration::from_millis(600))).await;
    assert!(findings(&report).is_empty() && report.broke.is_none(), "{}", explain(&report));
    assert_eq!(report.summary.pass, 17, "{}", explain(&report));
    assert_eq!(report.result(DOWN).map(|result| result.verdict), Some(Verdict::Pass));
    assert_eq!(reason(&report, UP), "the device speaks HTTP/1.1 to the origin");
    let last = report.phases.last().expect("there are steps");
    assert_eq!((last.name, last.ok), ("http2", true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_bridge_up_passes_with_what_can_be_judged_beside_it() {
    let report = check("up", |check| check.idle(Duration::from_millis(600))).await;
    assert!(findings(&report).is_empty() && report.broke.is_none(), "{}", explain(&report));
    let passed: Vec<&str> = report
        .results
        .iter()
        .filter(|result| result.verdict == Verdict::Pass)
        .map(|result| result.id)
        .collect();
    assert_eq!(passed, ["middle/glued-bytes-lost", UP, "middle/idle-tunnel-cut"]);
    assert!(report.phases.iter().all(|phase| phase.ok) && report.phases.len() == 6);
    assert!(reason(&report, "middle/key-altered").contains("HTTP/2 to the origin"));
    assert!(reason(&report, DOWN).contains("--http2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_device_does_not_offer_is_skipped_with_the_reason() {
    let only = |check: PathCheck| check.http2().only(DOWN);
    let unannounced = check("unannounced", only).await;
    assert!(reason(&unannounced, DOWN).contains("announces no WebSocket"), "{}", explain(&unannounced));
    let without = check("up", only).await;
    assert!(reason(&without, DOWN).contains("speaks no HTTP/2 to its clients"), "{}", explain(&without));
    let forwarder = check("forwarder", only).await;
    assert!(reason(&forwarder, DOWN).contains("no HTTP device"), "{}", explain(&forwarder));
    assert!(forwarder.broke.is_none());
}

/// Each switch of this rule is found, and for what it is.
async fn every_switch(rule: &'static str, switches: &'static [(&'static str, &'static str)]) {
    let (mut tasks, turns) = (JoinSet::new(), Arc::new(Semaphore::new(8)));
    for (switch, words) in switches {
        let turns = Arc::clone(&turns);
        tasks.spawn(async move {
            let _turn = turns.acquire().await.expect("never closed");
            let switch = format!("{rule}:{switch}");
            let report = check(&switch, |check| check.http2().only(rule)).await;
            (switch, words, report)
        });
    }
    let mut wrong = String::new();
    while let Some(result) = tasks.join_next().await {
        let (switch, words, report) = result.expect("no check panics");
        wrong.extend(fault(&switch, &report, &[]));
        let got = report.result(rule).and_then(|result| result.got.as_deref()).unwrap_or_default();
        if !got.starts_with(words) {
            wrong += &format!("\n{switch}: wanted was {words:?}{}", explain(&report));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_wrong_bridge_down_is_found() {
    every_switch(DOWN, DOWN_SWITCHES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_wrong_bridge_up_is_found() {
    every_switch(UP, UP_SWITCHES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bridge_that_takes_one_stream_at_a_time_is_not_said_to_end_others() {
    let report = check(&format!("{DOWN}:second-refused"), |check| check.http2().only(DOWN)).await;
    let result = report.result(DOWN).expect("listed");
    assert_eq!(result.verdict, Verdict::Inconclusive, "{}", explain(&report));
    let reason = result.reason.as_deref().or(result.got.as_deref()).unwrap_or_default();
    assert!(reason.ends_with("no second stream opened beside another: :status 503"), "{reason}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bridge_with_a_small_window_is_judged_as_far_as_it_opens() {
    for (switch, verdict) in [("window-small", Verdict::Pass), ("window-shut", Verdict::Inconclusive)] {
        let report = check(&format!("{DOWN}:{switch}"), |check| check.http2().only(DOWN)).await;
        let result = report.result(DOWN).expect("listed");
        assert_eq!(result.verdict, verdict, "{switch}: {}", explain(&report));
    }
}
