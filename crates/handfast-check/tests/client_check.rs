//! Trust in the client check: for every rule a client that breaks it and only it is found, and a right one passes.
//!
//! The client is this program itself, started with `--as-client FAULT AUTHORITY URL`, so the target has no harness.

#![expect(clippy::print_stderr, reason = "without a harness this is how a test tells what it asks once more")]

mod client;
mod trust;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use handfast_check::{Report, client as check_client};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use trust::{explain, fault, findings};

/// The rules with a switch in the client, some with several.
const SWITCHES: &[&str] = &[
    "client/request-line-wrong",
    "client/host-wrong",
    "client/upgrade-fields-wrong",
    "client/key-malformed",
    "client/key-pad-bits",
    "client/key-reused",
    "client/key-predictable",
    "client/version-wrong",
    "client/subprotocol-offer-invalid",
    "client/extension-offer-malformed",
    "client/request-syntax",
    "client/body-sent",
    "client/request-cacheable",
    "client/data-before-answer",
    "client/uri-invalid-used",
    "client/status-not-101-opens",
    "client/informational-refused",
    "client/redirect-unsafe",
    "client/auth-retry-unsafe",
    "client/status-line-malformed-opens",
    "client/http-1-0-opens",
    "client/upgrade-missing-opens",
    "client/upgrade-wrong-opens",
    "client/upgrade-case-refused",
    "client/connection-wrong-opens",
    "client/connection-list-refused",
    "client/accept-missing-opens",
    "client/accept-wrong-opens",
    "client/accept-case-changed-opens",
    "client/accept-duplicate-opens",
    "client/accept-trimmed-opens",
    "client/accept-whitespace-refused",
    "client/subprotocol-unoffered-opens",
    "client/subprotocol-several-opens",
    "client/subprotocol-declined",
    "client/extension-unoffered-opens",
    "client/extension-answer-malformed-opens",
    "client/deflate-answer-parameter-opens",
    "client/deflate-answered-twice-opens",
    "client/deflate-legal-answer-refused",
    "client/head-in-pieces-refused",
    "client/glued-frames-lost",
    "client/masked-frame-accepted",
    "client/length-fields-obeyed",
    "client/control-bytes-in-head",
    "client/obs-fold-misread",
    "client/head-endless",
    "client/failed-connection-kept",
    "client/reconnect-storm",
    "client/tls-missing",
    "client/tls-missing:nameless",
    "client/tls-missing:self-signed",
    "client/tls-missing:expired",
    "client/tls-missing:other-host",
];

/// Faults that cannot be had alone, and those that show as less than a failure.
const KIN: trust::Kin = &[
    // One key for all is as predictable as can be.
    ("client/key-reused", &["client/key-predictable"]),
    ("client/auth-retry-unsafe", &["client/key-reused"]),
    // Keys of another length say nothing about their bits.
    ("client/key-malformed", &["client/key-predictable"]),
    // The masked frame is glued to the answer: it is lost, too, and where the next one comes in another read, that is answered.
    ("client/glued-frames-lost", &["client/masked-frame-accepted"]),
    // A client that needs no accept does not miss the one in the folded line either.
    ("client/accept-missing-opens", &["client/obs-fold-misread"]),
];

/// These take seconds: only the clients that break them see them.
const SLOW: &[&str] = &[
    "client/answer-timeout",
    "client/data-before-answer",
    "client/head-endless",
    "client/failed-connection-kept",
    "client/glued-frames-lost",
    "client/tls-missing",
];

async fn run(fault: &str) -> Report {
    let program = std::env::current_exe().expect("this program has a path");
    let program = program.to_str().expect("the path is text").to_owned();
    let mut check = check_client([program.as_str(), "--as-client", fault, "{cacert}", "{url}"]);
    for slow in SLOW.iter().filter(|slow| fault != "none" && !fault.starts_with(**slow)) {
        check = check.exclude(*slow);
    }
    check
        .wait(Duration::from_millis(600))
        .timeout(Duration::from_secs(8))
        .parallel(8)
        .run()
        .await
        .expect("a report")
}

/// A client that hangs when it is started first, and needs a second to start from then on.
async fn slow_start() -> Report {
    let program = std::env::current_exe().expect("this program has a path");
    let program = program.to_str().expect("the path is text").to_owned();
    let marker = format!("{}/slow-start-{}", env!("CARGO_TARGET_TMPDIR"), std::process::id());
    let fault = format!("slow-start:{marker}");
    let check = check_client([program.as_str(), "--as-client", &fault, "{cacert}", "{url}"]);
    let check = check.only("client/accept-missing-opens").wait(Duration::from_millis(600));
    let report = check.timeout(Duration::from_secs(8)).run().await.expect("a report");
    std::fs::remove_file(marker).expect("the client was started");
    report
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, fault, authority, url] = arguments.as_slice()
        && flag == "--as-client"
    {
        return client::run(fault, authority, url);
    }
    // `cargo test NAME` passes a filter that is not for this target.
    if arguments.iter().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let slow = slow_start().await;
        assert!(slow.broke.is_none() && slow.summary.pass == 1, "{:?}{}", slow.summary, explain(&slow));
        let mut report = run("none").await;
        if !findings(&report).is_empty() {
            eprintln!("asked once more:{}", explain(&report));
            report = run("none").await;
        }
        let found = findings(&report);
        assert!(found.is_empty(), "a right client has findings: {}", explain(&report));
        assert!(report.summary.pass >= 45, "{:?}", report.summary);
        let mut doubtful = Vec::new();
        let turns = Arc::new(Semaphore::new(3));
        let mut tasks = JoinSet::new();
        for fault in SWITCHES {
            let turns = Arc::clone(&turns);
            tasks.spawn(async move {
                let _turn = turns.acquire().await.expect("never closed");
                (*fault, run(fault).await)
            });
        }
        while let Some(result) = tasks.join_next().await {
            let (switch, report) = result.expect("no check panics");
            if let Some(words) = fault(switch, &report, KIN) {
                eprintln!("asked once more, alone:{words}");
                doubtful.push(switch);
            }
        }
        // Reactions are waited for by the clock: on a busy machine a pause of the whole of it looks like silence.
        let mut wrong = String::new();
        for switch in doubtful {
            wrong.extend(fault(switch, &run(switch).await, KIN));
        }
        assert!(wrong.is_empty(), "{wrong}");
    });
    ExitCode::SUCCESS
}
