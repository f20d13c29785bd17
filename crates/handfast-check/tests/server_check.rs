//! Trust in the server check: for every rule a server that breaks it and only it is found, and a right one passes.

mod answering;
mod support;
mod trust;

use std::sync::Arc;
use std::time::Duration;

use answering::{Answer, answering};
use handfast_check::{ServerCheck, Verdict, server};
use handfast_proto::rules::Rule;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use trust::{explain, fault, findings};

/// Rules without a switch, and why.
const NO_SWITCH: &[(&str, &str)] = &[
    ("server/head-timeout", "takes 65 s"),
    ("server/handshake-flood", "is never run"),
    ("server/key-as-credential", "needs credentials: tested by itself"),
];

/// Faults that cannot be had alone: with this one come those.
const KIN: trust::Kin = &[
    ("server/accept-over-text", &["server/key-pad-bits"]),
    ("server/key-pad-bits", &["server/accept-over-text"]),
    // Two accept lines or no acceptance at all: nothing is accepted any more.
    (
        "server/accept-duplicate",
        &["server/correct-handshake-refused", "server/accept-wrong", "server/origin-absent"],
    ),
    ("server/correct-handshake-refused", &["server/origin-absent", "server/accept-wrong"]),
    ("server/origin-absent", &["server/correct-handshake-refused", "server/accept-wrong"]),
    ("server/head-too-large", &["server/key-over-long"]),
    // A foreign origin that gets a 101, although a close follows, was accepted.
    ("server/origin-refusal-status", &["server/origin-foreign-accepted"]),
];

fn check(address: std::net::SocketAddr) -> ServerCheck {
    server(format!("ws://{address}/chat"))
        .subprotocol("chat")
        .subprotocol("superchat")
        .timeout(Duration::from_secs(3))
        .quiet(Duration::from_millis(300))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_server_passes_every_rule_without_a_remark() {
    let report = check(support::start("").await).run().await.expect("a report");
    assert!(findings(&report).is_empty(), "{}", explain(&report));
    assert_eq!(report.broke, None);
    assert!(report.summary.pass >= 100, "{:?}", report.summary);
    let skipped: Vec<_> = report
        .results
        .iter()
        .filter(|result| {
            result.verdict == Verdict::Skipped && Rule::find(result.id).is_some_and(|r| r.applies_to("h1"))
        })
        .map(|result| result.id)
        .collect();
    assert_eq!(
        skipped,
        [
            "server/key-as-credential",
            "server/handshake-flood",
            "server/head-timeout",
            "server/status-401-without-challenge"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_broken_rule_is_found_and_nothing_else() {
    // These press the server and take the most time: only the servers that break them see them.
    const HEAVY: [&str; 3] =
        ["server/head-too-large", "server/head-in-pieces-refused", "server/target-too-long"];
    let mut wrong = String::new();
    let mut tested = 0;
    let mut tasks = JoinSet::new();
    let turns = Arc::new(Semaphore::new(4));
    for rule in Rule::all().filter(|rule| rule.id.starts_with("server/") && rule.applies_to("h1")) {
        if NO_SWITCH.iter().any(|(id, _)| *id == rule.id) {
            continue;
        }
        let turns = Arc::clone(&turns);
        tasks.spawn(async move {
            let _turn = turns.acquire().await.expect("never closed");
            let mut run = check(support::start(rule.id).await);
            for heavy in HEAVY.iter().filter(|heavy| **heavy != rule.id) {
                run = run.exclude(*heavy);
            }
            (rule, run.run().await.expect("a report"))
        });
    }
    while let Some(result) = tasks.join_next().await {
        let (rule, report) = result.expect("no check panics");
        wrong.extend(fault(rule.id, &report, KIN));
        tested += 1;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(tested >= 115, "{tested}");
}

#[tokio::test]
async fn a_server_that_knows_its_visitors_by_their_keys_is_found() {
    for (fault, verdict) in [("login", Verdict::Pass), ("server/key-as-credential", Verdict::Remark)] {
        let run = check(support::start(fault).await).credentials("Authorization", "Bearer right");
        let report = run.only("server/key-as-credential").run().await.expect("a report");
        let result = report.result("server/key-as-credential").expect("judged");
        assert_eq!(result.verdict, verdict, "{fault}: {:?} {:?}", result.got, result.reason);
    }
}

#[tokio::test]
async fn a_server_that_wants_a_login_or_points_elsewhere_is_not_judged_by_the_request_without() {
    let login: Answer = |_, _| {
        Some("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n".to_owned())
    };
    let elsewhere: Answer = |_, _| {
        Some("HTTP/1.1 302 Found\r\nLocation: wss://a.example/\r\nContent-Length: 0\r\n\r\n".to_owned())
    };
    for (answer, words) in [(login, "--credentials"), (elsewhere, "it points to wss://a.example/")] {
        let report = check(answering(answer).await).only("server/correct-handshake-refused").run().await;
        let report = report.expect("a report");
        let result = report.result("server/correct-handshake-refused").expect("it was asked for");
        assert_eq!(result.verdict, Verdict::Inconclusive, "{:?}", result.got);
        assert!(report.broke.as_deref().is_some_and(|broke| broke.contains(words)), "{:?}", report.broke);
    }
}

#[tokio::test]
async fn the_silence_of_a_server_that_has_hung_up_on_everybody_breaks_no_rule() {
    let address = answering(|count, head| {
        let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))?;
        let accept = handfast_check::accept_for(key.as_bytes());
        (count < 12).then(|| {
            format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n\r\n"
            )
        })
    });
    let run = check(address.await).timeout(Duration::from_millis(200)).quiet(Duration::from_millis(50));
    let report = run.only("server/unknown").only("server/connection").only("server/upgrade").run().await;
    let report = report.expect("a report");
    let silent = |result: &&handfast_check::RuleResult| {
        result.got.as_deref().is_some_and(|got| got.contains("no answer within"))
    };
    assert!(report.failures().find(silent).is_none(), "{}", explain(&report));
    assert!(report.summary.inconclusive > 0, "{}", explain(&report));
    assert!(
        report
            .broke
            .is_some_and(|broke| broke.contains("the server went away (the correct request: no answer"))
    );
}

/// A server that opens on requests with a key of the right length until a longer one came, and then is silent for ever.
async fn hangs_on_a_long_key() -> std::net::SocketAddr {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        let hung = Arc::new(std::sync::atomic::AtomicBool::new(false));
        while let Ok((mut stream, _)) = listener.accept().await {
            let hung = Arc::clone(&hung);
            tokio::spawn(async move {
                let mut buffer = vec![0; 4096];
                let length = stream.read(&mut buffer).await.unwrap_or_default();
                let head = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let key =
                    head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap_or("");
                hung.fetch_or(key.len() > 24, std::sync::atomic::Ordering::Relaxed);
                if hung.load(std::sync::atomic::Ordering::Relaxed) {
                    std::future::pending::<()>().await;
                }
                let accept = handfast_check::accept_for(key.as_bytes());
                let answer = format!(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                     Sec-WebSocket-Accept: {accept}\r\n\r\n"
                );
                let _gone = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn a_server_that_a_huge_key_hangs_breaks_that_rule_where_it_can_be_told() {
    for (others, verdict) in [(&[][..], Verdict::Fail), (&["server/key-length"], Verdict::Inconclusive)] {
        let mut run = check(hangs_on_a_long_key().await).timeout(Duration::from_millis(300));
        for other in others {
            run = run.only(*other);
        }
        let report = run.only("server/key-over-long").run().await.expect("a report");
        let result = report.result("server/key-over-long").expect("it was asked for");
        assert_eq!(result.verdict, verdict, "{:?} {:?}", result.got, result.reason);
    }
}
