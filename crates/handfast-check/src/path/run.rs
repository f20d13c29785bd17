//! A run: the ladder, all rules at once, then the report.

use std::net::SocketAddr;
use std::sync::Arc;

use handfast_proto::rules::{Level, Rule};
use tokio::task::JoinSet;

use super::PathOptions;
use super::climb::Ladder;
use super::context::Context;
use super::origin::Origin;
use super::table::{PROBES, Probe};
use crate::error::CheckError;
use crate::escape::escape;
use crate::finding::Finding;
use crate::report::{Report, RuleResult, Verdict, rule_result};
use crate::server::options::selects;
use crate::target::Target;
use crate::wire::tls;

/// How much of the sent bytes a result shows.
const SHOWN: usize = 2_000;

/// Runs the whole check.
pub(crate) async fn run<F: Future<Output = ()>>(
    target: Target,
    options: PathOptions,
    ready: impl FnOnce(SocketAddr) -> F,
    progress: impl Fn(usize, usize),
) -> Result<Report, CheckError> {
    let tls = if target.secure { Some(tls::config(&options.trust)?) } else { None };
    let listen = options.listen;
    let origin = Origin::listen(listen)
        .await
        .map_err(|error| CheckError::Local(format!("--origin {listen}: {error}")))?;
    ready(origin.address).await;
    let mut ladder = Ladder::default();
    let url = target.url();
    let chosen =
        |id: &str| (options.only.is_empty() || selects(&options.only, id)) && !selects(&options.exclude, id);
    let probes: Vec<&'static Probe> = PROBES.iter().filter(|probe| chosen(probe.rule)).collect();
    let others: Vec<RuleResult> = Rule::all()
        .filter(|rule| rule.id.starts_with("middle/") && !rule.applies_to("h1") && chosen(rule.id))
        .map(|rule| RuleResult {
            reason: Some("this check speaks HTTP/1.1 only, to the device and behind it".to_owned()),
            ..rule_result(rule, Verdict::Skipped)
        })
        .collect();
    let address = ladder.reach(&target, &options, tls.as_ref()).await;
    let mut context = Context {
        address: address.unwrap_or(SocketAddr::from(([127, 0, 0, 1], target.port))),
        target,
        tls,
        origin,
        tunnels: false,
        transparent: false,
        added: Vec::new(),
        options: options.clone(),
    };
    if address.is_some() {
        ladder.converse(&mut context).await;
    }
    let forwards = ladder.phases.iter().any(|phase| phase.name == "http" && phase.ok);
    let context = Arc::new(context);
    let mut results = others;
    let mut tasks = JoinSet::new();
    for probe in &probes {
        let probe: &'static Probe = probe;
        match unmet(&context, probe, forwards, ladder.broke.as_deref()) {
            Some(finding) => results.push(finish(&context, probe, finding)),
            None => {
                let context = Arc::clone(&context);
                tasks.spawn(async move {
                    let finding = (probe.run)(Arc::clone(&context)).await;
                    (probe, finding.unwrap_or_else(|finding| finding))
                });
            }
        }
    }
    let total = tasks.len();
    let mut done = 0;
    while let Some(ended) = tasks.join_next().await {
        // A rule that panics is a fault of this program: it shows.
        let (probe, finding) = ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        results.push(finish(&context, probe, finding));
        done += 1;
        progress(done, total);
    }
    let mut report = Report::new("handfast check-path", url, ladder.phases, ladder.broke, results);
    report.changes = ladder.changes;
    Ok(report)
}

/// Why a rule cannot be judged here.
fn unmet(context: &Context, probe: &Probe, forwards: bool, broke: Option<&str>) -> Option<Finding> {
    if !forwards {
        return Some(Finding::open(broke.unwrap_or("the device does not forward to the origin")));
    }
    if probe.http && context.transparent {
        return Some(Finding::skipped("the device passes all bytes as they are: it is no HTTP device"));
    }
    if probe.tunnel && !context.tunnels {
        return Some(Finding::open("the correct handshake did not end in a tunnel"));
    }
    None
}

fn finish(context: &Context, probe: &Probe, finding: Finding) -> RuleResult {
    let rule = Rule::find(probe.rule).expect("a unit test looks every probe up");
    let lifted = finding.must && finding.verdict == Verdict::Fail;
    // What the standards leave open is worth a remark, never a fault.
    let verdict = match (finding.verdict, rule.level) {
        (Verdict::Fail, Level::Practice) if !lifted => Verdict::Remark,
        (verdict, _) => verdict,
    };
    let mut result = rule_result(rule, verdict);
    if lifted {
        result.level = Level::Must.as_str();
    }
    if matches!(verdict, Verdict::Skipped | Verdict::Inconclusive) {
        result.reason = Some(finding.text);
        return result;
    }
    result.got = Some(finding.text);
    if !finding.sent.is_empty() {
        result.sent = Some(escape(&finding.sent, SHOWN));
    }
    if matches!(verdict, Verdict::Fail | Verdict::Remark) {
        result.repro = Some(format!(
            "handfast check-path {} --origin {} --only {}",
            context.target.url(),
            context.origin.address,
            rule.id
        ));
    }
    result
}
