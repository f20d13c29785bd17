//! Trust in the path check: for every rule a proxy that breaks it and only it is found, and right ones pass.

mod path;
mod trust;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use handfast_check::{Report, Verdict};
use handfast_proto::rules::{Level, Rule};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use trust::{explain, fault, findings};

/// Rules with many switches each: `bridge_check.rs`.
const BRIDGES: [&str; 2] = ["middle/h2-to-h1-bridge", "middle/h1-to-h2-bridge"];

/// Faults that cannot be had alone: with this one come those.
const KIN: trust::Kin = &[
    // Who opens the pipe with the request leaves it open after a refusal, asks for no proof, and parses no answer.
    (
        "middle/tunnel-before-101",
        &["middle/refused-upgrade-tunnels", "middle/unproven-101-tunnels", "middle/malformed-forwarded"],
    ),
];

async fn check(fault: &str) -> Report {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let fault = fault.to_owned();
    let run = handfast_check::path(format!("ws://{address}/chat"))
        .timeout(Duration::from_secs(4))
        .quiet(Duration::from_millis(400))
        .idle(Duration::from_millis(900));
    let ready = |origin: SocketAddr| {
        path::serve(listener, &fault, origin);
        std::future::ready(())
    };
    run.run_with(ready, |_| ()).await.expect("a report")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_proxy_passes_every_rule_of_http_1_1() {
    let report = check("").await;
    assert!(findings(&report).is_empty() && report.broke.is_none(), "{}", explain(&report));
    assert_eq!(report.summary.pass, 16, "{}", explain(&report));
    assert!(report.phases.iter().all(|phase| phase.ok) && report.phases.len() == 6);
    let changes: Vec<String> =
        report.changes.iter().map(|one| format!("{} {} {}", one.direction, one.change, one.field)).collect();
    assert_eq!(changes, ["request added X-Forwarded-For"]);
    assert!(report.passes(Level::Practice));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forwarder_of_tcp_passes_and_is_known_as_such() {
    let report = check("forwarder").await;
    assert!(findings(&report).is_empty() && report.broke.is_none(), "{}", explain(&report));
    assert_eq!((report.summary.pass, report.changes.len()), (8, 0), "{}", explain(&report));
    let skipped = report.result("middle/malformed-forwarded").expect("listed");
    assert!(skipped.reason.as_deref().is_some_and(|reason| reason.contains("no HTTP device")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_broken_rule_is_found_and_nothing_else() {
    let mut tasks = JoinSet::new();
    let turns = Arc::new(Semaphore::new(8));
    for rule in Rule::all().filter(|rule| rule.id.starts_with("middle/")) {
        if BRIDGES.contains(&rule.id) {
            continue;
        }
        let turns = Arc::clone(&turns);
        tasks.spawn(async move {
            let _turn = turns.acquire().await.expect("never closed");
            (rule, check(rule.id).await)
        });
    }
    let (mut wrong, mut tested) = (String::new(), 0);
    while let Some(result) = tasks.join_next().await {
        let (rule, report) = result.expect("no check panics");
        wrong.extend(fault(rule.id, &report, KIN));
        tested += 1;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(tested, 16);
}

#[tokio::test]
async fn a_proxy_without_upgrade_is_named_with_what_it_lost() {
    let report = check("no-upgrade").await;
    let broke = report.broke.as_deref().unwrap_or_default();
    assert!(broke.starts_with("upgrade: HTTP/1.1 "), "{broke}");
    assert!(broke.contains("lost on the way to the origin: Upgrade, Connection (nginx: "), "{broke}");
    assert_eq!(report.result("middle/half-forwarded").map(|one| one.verdict), Some(Verdict::Pass));
    assert!(report.result("middle/key-altered").is_some_and(|one| one.verdict == Verdict::Inconclusive));
}

#[tokio::test]
async fn a_device_that_forwards_elsewhere_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    // Nobody listens on port 1.
    path::serve(listener, "", SocketAddr::from(([127, 0, 0, 1], 1)));
    let report = handfast_check::path(format!("ws://{address}/"))
        .timeout(Duration::from_secs(2))
        .run()
        .await
        .expect("a report");
    assert!(report.broke.as_deref().is_some_and(|text| text.contains("nothing reached the origin")));
    assert!(!report.passes(Level::Must), "nothing judged is no pass");
}
