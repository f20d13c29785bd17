//! Trust in the probes over HTTP/2: for every rule a server that breaks it and only it is found, and a right one passes.

mod h2;
mod trust;

use std::time::Duration;

use handfast_check::{Report, server};
use handfast_proto::rules::Rule;
use tokio::task::JoinSet;
use trust::{explain, fault, findings};

/// Faults that cannot be had alone: with this one come those.
const KIN: trust::Kin = &[
    // 101 is no 2xx: nothing opens.
    ("server/h2-status-101", &["server/h2-correct-handshake-refused", "server/h2-key-required"]),
    ("server/h2-correct-handshake-refused", &["server/h2-key-required"]),
];

async fn check(fault: &str) -> Report {
    let address = h2::start(fault).await;
    let run = server(format!("ws://{address}/chat"))
        .http2()
        .only("server/h2")
        .timeout(Duration::from_secs(3))
        .quiet(Duration::from_millis(200));
    run.run().await.expect("a report")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_server_passes_every_rule_of_http_2() {
    let report = check("").await;
    assert!(findings(&report).is_empty(), "{}", explain(&report));
    assert_eq!(report.summary.pass, 13, "{}", explain(&report));
    let phase = report.phases.iter().find(|phase| phase.name == "http2").expect("the step is there");
    assert!(phase.ok && phase.detail.ends_with("is announced and opens"), "{}", phase.detail);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_http_2_without_websocket_passes_what_is_left() {
    let report = check("unannounced").await;
    assert!(findings(&report).is_empty(), "{}", explain(&report));
    assert_eq!(report.summary.pass, 2, "{}", explain(&report));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_broken_rule_of_http_2_is_found_and_nothing_else() {
    let mut tasks = JoinSet::new();
    for rule in Rule::all().filter(|rule| rule.id.starts_with("server/") && rule.transport == "h2") {
        tasks.spawn(async move { (rule, check(rule.id).await) });
    }
    let (mut wrong, mut tested) = (String::new(), 0);
    while let Some(result) = tasks.join_next().await {
        let (rule, report) = result.expect("no check panics");
        wrong.extend(fault(rule.id, &report, KIN));
        tested += 1;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(tested, 14);
}

#[tokio::test]
async fn a_server_without_http_2_is_skipped_with_the_reason() {
    // Nothing listens on port 1.
    let report = server("ws://127.0.0.1:1/").only("server/h2").run().await.expect("a report");
    assert_eq!((report.summary.skipped, report.results.len()), (15, 15), "{}", explain(&report));
}
