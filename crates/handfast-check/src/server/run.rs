//! A run: the ladder, all exchanges at once, then the judgement.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use handfast_proto::rules::{Level, Rule};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::again;
use super::context::Context;
use super::exchange::{Observation, Reaction, exchange};
use super::h2;
use super::judge::{Finding, Judge, Need, Probe, judge};
use super::options::{Options, selects};
use super::phases;
use super::stimulus::{Delivery, Stimulus};
use super::table;
use crate::error::CheckError;
use crate::escape::escape;
use crate::report::{Phase, Report, RuleResult, Verdict, rule_result};
use crate::target::Target;
use crate::wire::tls;

/// How much of the sent bytes a result shows.
const SHOWN: usize = 2_000;

/// Runs the whole check.
pub(crate) async fn run(
    target: Target,
    options: Options,
    progress: impl Fn(usize, usize) + Send,
) -> Result<Report, CheckError> {
    let tls = if target.secure { Some(tls::config(&options.trust)?) } else { None };
    let mut context = Context {
        address: std::net::SocketAddr::from(([127, 0, 0, 1], target.port)),
        slots: Semaphore::new(options.parallel.max(1)),
        next_start: Mutex::new(Instant::now()),
        survived: AtomicBool::new(true),
        accepted: false,
        echoes: false,
        pongs: false,
        deflates: false,
        tls,
        target,
        options,
    };
    let base = context.base().named("the correct request");
    let mut climb =
        phases::climb(&context.target, &context.options, context.tls.as_ref(), |key| base.render(key)).await;
    let url = context.target.url();
    let probes: Vec<&Probe> = table::probes().filter(|probe| chosen(&context.options, probe.rule)).collect();
    let Some(address) = climb.address else {
        let why = climb.broke.clone().unwrap_or_else(|| "no connection".to_owned());
        let results = unjudged(&context.options, &probes, &why);
        return Ok(Report::new("handfast check", url, climb.phases, climb.broke, results));
    };
    context.address = address;
    context.echoes = climb.echoes;
    context.pongs = climb.pongs;
    let http = climb.phases.iter().any(|phase| phase.name == "http");
    if !http {
        let why = climb.broke.clone().unwrap_or_else(|| "no HTTP".to_owned());
        let context = Arc::new(context);
        let mut results = unjudged(&context.options, &probes, &why);
        // A server that speaks HTTP/2 only is a server, too.
        over_http2(&context, &mut results, &mut climb.phases).await;
        return Ok(Report::new("handfast check", url, climb.phases, climb.broke, results));
    }
    // A second correct handshake, with another key, decides whether anything can be judged.
    let first = exchange(&context, &base).await;
    context.accepted = first.status() == Some(101) && first.accept_fault().is_none();
    if context.accepted {
        let offer =
            context.base().add("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits");
        let seen = exchange(&context, &offer.named("an offer of permessage-deflate")).await;
        context.deflates = seen.head.is_some_and(|head| {
            head.members("Sec-WebSocket-Extensions")
                .iter()
                .any(|element| element.starts_with("permessage-deflate"))
        });
    }
    let context = Arc::new(context);
    let plan = Plan::new(&context, &probes);
    let seen = plan.carry_out(&context, progress).await;
    if context.accepted {
        let after = exchange(&context, &base).await;
        context.set_survived(matches!(after.reaction(&context), Reaction::Accepted));
    }
    let results = plan.results(&context, &probes, &seen);
    let mut broke = climb.broke;
    if !context.survived() {
        broke.get_or_insert_with(|| {
            "the target no longer accepts the correct request after the run".to_owned()
        });
    }
    let mut all = results;
    all.extend(other_transports(&context.options));
    over_http2(&context, &mut all, &mut climb.phases).await;
    Ok(Report::new("handfast check", url, climb.phases, broke, all))
}

fn chosen(options: &Options, id: &str) -> bool {
    (options.only.is_empty() || selects(&options.only, id)) && !selects(&options.exclude, id)
}

/// Why a probe is skipped, or its stimuli: places in the plan, with their labels.
type Wanted = Result<Vec<(usize, String)>, String>;

/// What to send, each form once, and which probe wants which.
struct Plan {
    unique: Vec<Stimulus>,
    /// For each probe: why it is skipped, or its stimuli as places in `unique`, with their labels.
    wanted: Vec<Wanted>,
}

impl Plan {
    fn new(context: &Context, probes: &[&Probe]) -> Plan {
        let mut places: HashMap<Stimulus, usize> = HashMap::new();
        let mut plan = Plan { unique: Vec::new(), wanted: Vec::new() };
        for probe in probes {
            if let Some(reason) = unmet(context, probe) {
                plan.wanted.push(Err(reason));
                continue;
            }
            let mut wanted = Vec::new();
            for stimulus in (probe.stimuli)(context) {
                let label = stimulus.label.clone();
                // The label does not make another exchange.
                let bare = Stimulus { label: String::new(), ..stimulus.clone() };
                let place = *places.entry(bare).or_insert_with(|| {
                    plan.unique.push(stimulus);
                    plan.unique.len() - 1
                });
                wanted.push((place, label));
            }
            plan.wanted.push(Ok(wanted));
        }
        plan
    }

    async fn carry_out(
        &self,
        context: &Arc<Context>,
        progress: impl Fn(usize, usize) + Send,
    ) -> Vec<Observation> {
        let mut tasks = JoinSet::new();
        for (place, stimulus) in self.unique.iter().cloned().enumerate() {
            let context = Arc::clone(context);
            tasks.spawn(async move {
                let _slot = context.slots.acquire().await.expect("the semaphore is never closed");
                let mut seen = exchange(&context, &stimulus).await;
                if matches!(seen.end, super::exchange::End::Unreachable(_)) {
                    // Once more: a full backlog is no judgement.
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                    seen = exchange(&context, &stimulus).await;
                }
                (place, seen)
            });
        }
        let mut all = vec![Observation::default(); self.unique.len()];
        let mut done = 0;
        while let Some(result) = tasks.join_next().await {
            let (place, seen) = result.expect("an exchange does not panic and is not aborted");
            all[place] = seen;
            done += 1;
            progress(done, self.unique.len());
        }
        self.ask_again(context, &mut all).await;
        all
    }

    /// A busy machine is no judgement: what stayed silent is asked once more, and an answer counts.
    async fn ask_again(&self, context: &Arc<Context>, all: &mut [Observation]) {
        let mut tasks = JoinSet::new();
        for (place, stimulus) in self.unique.iter().cloned().enumerate() {
            let whole = !matches!(stimulus.delivery, Delivery::Drip(_) | Delivery::Endless(..));
            if whole && unsure(context, &all[place]) {
                let context = Arc::clone(context);
                tasks.spawn(async move {
                    let _slot = context.slots.acquire().await.expect("the semaphore is never closed");
                    (place, exchange(&context, &stimulus).await)
                });
            }
        }
        while let Some(result) = tasks.join_next().await {
            let (place, seen) = result.expect("an exchange does not panic and is not aborted");
            if !unsure(context, &seen) {
                all[place] = seen;
            }
        }
    }

    fn results(&self, context: &Context, probes: &[&Probe], seen: &[Observation]) -> Vec<RuleResult> {
        let one = |(probe, wanted): (&&Probe, &Wanted)| {
            let rule = Rule::find(probe.rule).expect("a test holds the table against the catalogue");
            let wanted = match wanted {
                Err(reason) => return skipped(rule, reason),
                Ok(wanted) => wanted,
            };
            let over_run = matches!(probe.judge, Judge::Run(_));
            let own: Vec<Observation> = if over_run {
                seen.to_vec()
            } else {
                wanted
                    .iter()
                    .map(|(place, label)| Observation { label: label.clone(), ..seen[*place].clone() })
                    .collect()
            };
            let finding = judge(probe.judge, context, &own);
            finish(context, rule, finding, &own)
        };
        probes.iter().zip(&self.wanted).map(one).collect()
    }
}

/// Silence, or a ping that stayed unanswered: the target may only have been slow.
fn unsure(context: &Context, seen: &Observation) -> bool {
    match seen.reaction(context) {
        Reaction::Silent => true,
        Reaction::Faulty(_) => seen.accept_fault().is_none(),
        _ => false,
    }
}

/// Why a probe makes no sense here.
fn unmet(context: &Context, probe: &Probe) -> Option<String> {
    let options = &context.options;
    let owned = |text: &str| Some(text.to_owned());
    probe.needs.iter().find_map(|need| match need {
        Need::Accepted if !context.accepted => owned("the correct request was not accepted"),
        Need::Subprotocols(1) if options.subprotocols.is_empty() => {
            owned("declare a subprotocol that the target speaks")
        }
        Need::Subprotocols(count) if options.subprotocols.len() < *count => {
            Some(format!("declare {count} subprotocols that the target speaks"))
        }
        Need::Deflate if !context.deflates => owned("the target does not speak permessage-deflate"),
        Need::Pressure if !context.may_press() => {
            owned("large heads go only to this machine, or with --i-own-this-host")
        }
        Need::Patience if !options.slow => owned("takes 65 s: ask for the slow probes"),
        Need::Origins if options.public => owned("the target is declared as a public service"),
        Need::Credentials if options.credentials.is_none() => owned("no credentials are declared"),
        Need::Paths if options.serves_every_path => owned("the target is declared to serve every path"),
        Need::Hosts if options.serves_every_host => owned("the target is declared to serve every host"),
        Need::Liveness if !context.echoes && !context.pongs => {
            owned("the target answers neither messages nor pings, so nothing would show")
        }
        Need::Never(reason) => owned(reason),
        _ => None,
    })
}

fn skipped(rule: &'static Rule, reason: &str) -> RuleResult {
    RuleResult { reason: Some(reason.to_owned()), ..rule_result(rule, Verdict::Skipped) }
}

fn unjudged(options: &Options, probes: &[&Probe], why: &str) -> Vec<RuleResult> {
    let mut all: Vec<RuleResult> = probes
        .iter()
        .filter_map(|probe| Rule::find(probe.rule))
        .map(|rule| RuleResult { reason: Some(why.to_owned()), ..rule_result(rule, Verdict::Inconclusive) })
        .collect();
    all.extend(other_transports(options));
    all
}

/// Puts the results of the rules for HTTP/2 in the place of those that were skipped.
async fn over_http2(context: &Arc<Context>, results: &mut Vec<RuleResult>, phases: &mut Vec<Phase>) {
    let (judged, phase) = h2::check(context, |id| chosen(&context.options, id)).await;
    results.retain(|result| !judged.iter().any(|one| one.id == result.id));
    results.extend(judged);
    phases.extend(phase);
}

/// The rules for HTTP/2, until they are judged, and for HTTP/3, which this check does not open.
fn other_transports(options: &Options) -> Vec<RuleResult> {
    Rule::all()
        .filter(|rule| rule.id.starts_with("server/") && !rule.applies_to("h1") && chosen(options, rule.id))
        .map(|rule| skipped(rule, "this check speaks HTTP/1.1 and HTTP/2"))
        .collect()
}

fn finish(context: &Context, rule: &'static Rule, finding: Finding, own: &[Observation]) -> RuleResult {
    // What the standards leave open is worth a remark, never a fault.
    let verdict = match (finding.verdict, rule.level) {
        (Verdict::Fail, Level::Practice) => Verdict::Remark,
        (verdict, _) => verdict,
    };
    let mut result = rule_result(rule, verdict);
    if matches!(verdict, Verdict::Skipped | Verdict::Inconclusive) {
        result.reason = Some(finding.text);
        return result;
    }
    result.got = Some(finding.text);
    if let Some(seen) = own.get(finding.place) {
        result.change = Some(again::change(context, seen)).filter(|_| !seen.sent.is_empty());
        result.sent = Some(escape(&seen.sent, SHOWN));
        if matches!(verdict, Verdict::Fail | Verdict::Remark) && !seen.sent.is_empty() {
            result.repro = Some(again::command(context, rule, seen));
        }
    }
    result
}
