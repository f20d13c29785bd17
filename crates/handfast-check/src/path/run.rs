//! A run: the ladder, all rules at once, then the report.

use std::net::SocketAddr;
use std::sync::Arc;

use handfast_proto::rules::Rule;
use tokio::task::JoinSet;

use super::PathOptions;
use super::climb::Climb;
use super::context::Context;
use super::http2::Front;
use super::origin::Origin;
use super::table::{PROBES, Probe, Way};
use crate::error::CheckError;
use crate::finding::Finding;
use crate::ladder::Ladder;
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
    let reached = climb.ladder.reach(&target, &options.resolve, tls.as_ref(), options.timeout).await;
    let address = reached.and_then(|(address, stream)| stream.map(|_| address));
    let mut context = Context {
        address: address.unwrap_or(SocketAddr::from(([127, 0, 0, 1], target.port))),
        target,
        tls,
        origin,
        tunnels: false,
        transparent: false,
        arrived: None,
        front: Front::Without("the device was not reached".to_owned()),
        added: Vec::new(),
        options: options.clone(),
    };
    if address.is_some() {
        climb.converse(&mut context).await;
        if probes.iter().any(|probe| probe.way == Way::Down) {
            let (front, phase) = Front::look(&context).await;
            context.front = front;
            climb.ladder.phases.extend(phase);
        }
    }
    climb.ladder.phases.iter().for_each(|phase| observe(Event::Phase(phase)));
    climb.changes.iter().for_each(|change| observe(Event::Change(change)));
    let context = Arc::new(context);
    let mut results = Vec::new();
    let mut tell = |result: RuleResult| {
        observe(Event::Result(&result));
        results.push(result);
    };
    let (mut together, mut alone) = (Vec::new(), Vec::new());
    for probe in probes {
        match unmet(&context, probe, &climb.ladder) {
            Some(finding) => tell(finish(&context, probe, finding)),
            // It ends the connections of all others.
            None if probe.way == Way::Up => alone.push(probe),
            None => together.push(probe),
        }
    }
    let (total, mut done) = (together.len() + alone.len(), 0);
    for group in [together, alone] {
        let mut tasks: JoinSet<_> =
            group.into_iter().map(|probe| judge(Arc::clone(&context), probe)).collect();
        while let Some(ended) = tasks.join_next().await {
            // A rule that panics is a fault of this program: it shows.
            let (probe, finding) =
                ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
            let result = finish(&context, probe, finding);
            observe(Event::Result(&result));
            results.push(result);
            done += 1;
            observe(Event::Progress { done, total });
        }
    }
    let mut report = Report::new(TOOL, url, climb.ladder.phases, climb.ladder.broke, results);
    report.changes = climb.changes;
    observe(Event::end(&report));
    Ok(report)
}

async fn judge(context: Arc<Context>, probe: &'static Probe) -> (&'static Probe, Finding) {
    let finding = (probe.run)(context).await;
    (probe, finding.unwrap_or_else(|finding| finding))
}

/// Why a rule cannot be judged here.
fn unmet(context: &Context, probe: &Probe, ladder: &Ladder) -> Option<Finding> {
    let asked = ladder.phases.iter().find(|phase| phase.name == "http");
    let broke = ladder.broke.as_deref().unwrap_or("the device does not forward to the origin");
    let forwards = asked.is_some_and(|phase| phase.ok);
    // What speaks HTTP/2 to its clients may speak nothing else.
    if asked.is_none() || !forwards && probe.way != Way::Down {
        return Some(Finding::open(broke));
    }
    if probe.http && context.transparent {
        return Some(Finding::skipped("the device passes all bytes as they are: it is no HTTP device"));
    }
    let reason = match (probe.way, &context.front) {
        (Way::Plain, _) if context.http2_behind() => {
            "the device speaks HTTP/2 to the origin, and this rule is about HTTP/1.1 on both sides"
        }
        (Way::Up, _) if !context.http2_behind() => "the device speaks HTTP/1.1 to the origin",
        (Way::Down, Front::Without(reason)) => reason,
        (Way::Down, Front::Unannounced) => {
            "the device speaks HTTP/2 to its clients, and announces no WebSocket over it \
             (SETTINGS_ENABLE_CONNECT_PROTOCOL)"
        }
        _ if probe.tunnel && !context.tunnels => {
            return Some(Finding::open("the correct handshake did not end in a tunnel"));
        }
        _ => return None,
    };
    Some(Finding::skipped(reason))
}

fn finish(context: &Context, probe: &Probe, finding: Finding) -> RuleResult {
    let rule = Rule::find(probe.rule).expect("a unit test looks every probe up");
    finding.result(rule).again(|| {
        let (url, origin) = (context.target.url(), context.origin.address);
        let option = if probe.way == Way::Down && !context.target.secure { " --http2" } else { "" };
        format!("handfast check-path {url}{option} --origin {origin} --only {}", rule.id)
    })
}
