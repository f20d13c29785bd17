//! The server's rules over HTTP/2 (RFC 8441).

mod probe;
mod rules_connection;
mod rules_request;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use handfast_proto::rules::Rule;
use tokio::task::JoinSet;

use super::context::Context;
use super::presence::NOT_SENT;
use crate::finding::{Finding, Judged};
use crate::report::{Event, Observer, Phase, RuleResult, Verdict};
use probe::Http2;

/// The name of the step.
const NAME: &str = "http2";

/// A judgement on its way.
type Running = Pin<Box<dyn Future<Output = Judged> + Send>>;

/// What must hold for a rule to make sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// HTTP/2.
    Nothing,
    /// The server announced the extended CONNECT.
    Announced,
    /// It did not.
    Unannounced,
    /// The correct request opened.
    Opened,
}

/// A rule and how it is judged.
struct Probe {
    rule: &'static str,
    need: Need,
    run: fn(Arc<Http2>) -> Running,
}

macro_rules! probe {
    ($rule:literal, $need:expr, $run:path) => {
        Probe { rule: $rule, need: $need, run: |http2| Box::pin($run(http2)) }
    };
}

const PROBES: &[Probe] = &[
    probe!("server/h2-setting-invalid", Need::Nothing, rules_connection::setting),
    probe!("server/h2-setting-withdrawn", Need::Announced, rules_connection::withdrawn),
    probe!("server/h2-correct-handshake-refused", Need::Announced, rules_request::correct),
    probe!("server/h2-status-101", Need::Announced, rules_request::no_101),
    probe!("server/h2-key-required", Need::Announced, rules_request::key),
    probe!("server/h2-version-unchecked", Need::Opened, rules_request::version),
    probe!("server/h2-path-or-scheme-missing", Need::Opened, rules_request::incomplete),
    probe!("server/h2-protocol-misplaced", Need::Opened, rules_request::misplaced),
    probe!("server/h2-protocol-unannounced", Need::Unannounced, rules_request::unannounced),
    probe!("server/h2-authority-tunnel", Need::Announced, rules_connection::authority),
    probe!("server/h2-connection-fields", Need::Opened, rules_request::connection_fields),
    probe!("server/h2-host-conflict", Need::Opened, rules_request::host),
    probe!("server/h2-answer-length", Need::Opened, rules_request::length),
    probe!("server/h2-end-mapping", Need::Opened, rules_connection::ends),
];

/// Judges the chosen rules over HTTP/2. Gives the step that shows whether there is any; none where nobody asked for it.
pub(super) async fn check(
    context: &Arc<Context>,
    chosen: impl Fn(&str) -> bool,
    results: &mut Vec<RuleResult>,
    observe: &mut Observer<'_>,
) -> Option<Phase> {
    let probes: Vec<&'static Probe> = PROBES.iter().filter(|probe| chosen(probe.rule)).collect();
    if probes.is_empty() {
        return None;
    }
    let mut tell = |probe: &'static Probe, finding: Finding| {
        let result = result(context, probe, finding);
        observe(Event::Result(&result));
        results.push(result);
    };
    let mut every = |finding: Finding| probes.iter().for_each(|probe| tell(probe, finding.clone()));
    if context.tls.is_none() && !context.options.http2 {
        every(Finding::skipped("without TLS there is no HTTP/2 unless it is declared"));
        return None;
    }
    if context.gone() {
        every(Finding::open(NOT_SENT));
        return None;
    }
    let start = Instant::now();
    let first = match probe::open(context).await {
        Ok(session) => session,
        Err(error) => {
            let reason = format!("the server speaks no HTTP/2: {error}");
            every(Finding::skipped(reason.as_str()));
            // Over TLS nobody promised it.
            let phase = context.options.http2.then(|| Phase::since(NAME, start, Err(reason)));
            phase.iter().for_each(|phase| observe(Event::Phase(phase)));
            return phase;
        }
    };
    let (announced, reported) = (first.announces(), first.announced.clone());
    drop(first);
    let http2 = Arc::new(Http2::new(Arc::clone(context), announced).await);
    let phase = Phase::since(NAME, start, Ok(words(&http2, &reported)));
    let mut tasks = JoinSet::new();
    for probe in probes.iter().copied() {
        let reason = match probe.need {
            Need::Announced | Need::Opened if !announced => {
                "the server speaks HTTP/2 and announces no WebSocket over it"
            }
            Need::Unannounced if announced => "the server announces WebSocket over HTTP/2",
            Need::Opened if !http2.opens => "the correct request over HTTP/2 was not accepted",
            _ => {
                let (http2, context) = (Arc::clone(&http2), Arc::clone(context));
                tasks.spawn(async move {
                    let _slot = context.slots.acquire().await.expect("the semaphore is never closed");
                    (probe, (probe.run)(http2).await.unwrap_or_else(|finding| finding))
                });
                continue;
            }
        };
        tell(probe, Finding::skipped(reason));
    }
    let mut findings = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        // A rule that panics is a fault of this program: it shows.
        findings.push(ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())));
    }
    // One that is gone by now may have left any of them without an answer.
    let gone = match findings.iter().all(|(_, finding)| finding.verdict == Verdict::Pass) {
        true => None,
        false => probe::open(context).await.err(),
    };
    for (probe, finding) in findings {
        tell(
            probe,
            match &gone {
                Some(error) if finding.verdict != Verdict::Pass => Finding::open(format!(
                    "{}, and the server takes no HTTP/2 connection any more: {error}",
                    finding.text
                )),
                _ => finding,
            },
        );
    }
    observe(Event::Phase(&phase));
    Some(phase)
}

fn words(http2: &Http2, announced: &[u32]) -> String {
    match (announced, http2.opens) {
        ([], _) => "spoken; WebSocket over it is not announced".to_owned(),
        (_, true) => "spoken; WebSocket over it is announced and opens".to_owned(),
        (_, false) => "spoken; WebSocket over it is announced and does not open".to_owned(),
    }
}

fn result(context: &Context, probe: &Probe, finding: Finding) -> RuleResult {
    let rule = Rule::find(probe.rule).expect("a unit test looks every probe up");
    finding.result(rule).again(|| {
        let option = if context.tls.is_none() { " --http2" } else { "" };
        format!("handfast check {}{option} --only {}", context.target.url(), rule.id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_rule_of_http_2_has_one_probe() {
        for rule in Rule::all().filter(|rule| rule.id.starts_with("server/") && rule.transport == "h2") {
            assert_eq!(PROBES.iter().filter(|probe| probe.rule == rule.id).count(), 1, "{}", rule.id);
        }
        assert!(PROBES.iter().all(|probe| Rule::find(probe.rule).is_some()));
    }
}
