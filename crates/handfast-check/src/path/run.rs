//! A run: the ladder, all rules at once, then the report.

use std::net::SocketAddr;
use std::sync::Arc;

use handfast_proto::rules::Rule;
use tokio::task::JoinSet;

use super::PathOptions;
use super::climb::Climb;
use super::context::Context;
use super::origin::Origin;
use super::table::{PROBES, Probe};
use crate::error::CheckError;
use crate::finding::Finding;
use crate::report::{Event, Observer, Report, RuleResult};
use crate::target::Target;
use crate::wire::tls;

/// The check's name in its report.
const TOOL: &str = "handfast check-path";

/// Runs the whole check.
pub(crate) async fn run<F: Future<Output = ()>>(
    target: Target,
    options: PathOptions,
    ready: impl FnOnce(SocketAddr) -> F,
    observe: &mut Observer<'_>,
) -> Result<Report, CheckError> {
    let tls = if target.secure { Some(tls::config(&options.trust)?) } else { None };
    let listen = options.listen;
    let origin = Origin::listen(listen)
        .await
        .map_err(|error| CheckError::Local(format!("--origin {listen}: {error}")))?;
    ready(origin.address).await;
    let url = target.url();
    observe(Event::begin(TOOL, &url));
    let mut climb = Climb::default();
    let probes: Vec<&'static Probe> = PROBES.iter().filter(|probe| options.rules.takes(probe.rule)).collect();
    let others = Rule::all()
        .filter(|rule| {
            rule.id.starts_with("middle/") && !rule.applies_to("h1") && options.rules.takes(rule.id)
        })
        .map(|rule| {
            RuleResult::skipped(rule, "this check speaks HTTP/1.1 only, to the device and behind it")
        });
    let reached = climb.ladder.reach(&target, &options.resolve, tls.as_ref(), options.timeout).await;
    let address = reached.and_then(|(address, stream)| stream.map(|_| address));
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
        climb.converse(&mut context).await;
    }
    climb.ladder.phases.iter().for_each(|phase| observe(Event::Phase(phase)));
    climb.changes.iter().for_each(|change| observe(Event::Change(change)));
    let forwards = climb.ladder.phases.iter().any(|phase| phase.name == "http" && phase.ok);
    let context = Arc::new(context);
    let mut results = Vec::new();
    let mut tell = |result: RuleResult| {
        observe(Event::Result(&result));
        results.push(result);
    };
    others.for_each(&mut tell);
    let mut tasks = JoinSet::new();
    for probe in &probes {
        let probe: &'static Probe = probe;
        match unmet(&context, probe, forwards, climb.ladder.broke.as_deref()) {
            Some(finding) => tell(finish(&context, probe, finding)),
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
    while let Some(ended) = tasks.join_next().await {
        // A rule that panics is a fault of this program: it shows.
        let (probe, finding) = ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        let result = finish(&context, probe, finding);
        observe(Event::Result(&result));
        results.push(result);
        observe(Event::Progress { done: total - tasks.len(), total });
    }
    let mut report = Report::new(TOOL, url, climb.ladder.phases, climb.ladder.broke, results);
    report.changes = climb.changes;
    observe(Event::end(&report));
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
    finding.result(rule).again(|| {
        let (url, origin) = (context.target.url(), context.origin.address);
        format!("handfast check-path {url} --origin {origin} --only {}", rule.id)
    })
}
