//! What to send and what came of it: each exchange once, and the judgement of every rule that wanted it.

use std::collections::HashMap;
use std::sync::Arc;

use handfast_proto::rules::Rule;
use tokio::task::JoinSet;

use super::again;
use super::context::Context;
use super::exchange::{End, Observation, Reaction, exchange};
use super::judge::{Finding, Judge, Need, Probe, judge};
use super::stimulus::Stimulus;
use crate::report::{Event, Observer, RuleResult};

/// Why a probe is skipped, or its stimuli: places in the plan, with their labels.
pub(crate) type Wanted = Result<Vec<(usize, String)>, String>;

/// What to send, each form once, and which probe wants which.
pub(crate) struct Plan {
    pub(crate) unique: Vec<Stimulus>,
    /// For each probe: why it is skipped, or its stimuli as places in `unique`, with their labels.
    pub(crate) wanted: Vec<Wanted>,
}

impl Plan {
    pub(crate) fn new(context: &Context, probes: &[&Probe]) -> Plan {
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
}

/// A plan on its way: what came, and the rules that are judged by it already.
pub(crate) struct Judging<'a, 'o> {
    context: &'a Arc<Context>,
    probes: &'a [&'a Probe],
    plan: &'a Plan,
    observe: &'a mut Observer<'o>,
    /// What came for each stimulus; none where nothing was sent yet.
    seen: Vec<Option<Observation>>,
    results: Vec<Option<RuleResult>>,
}

impl<'a, 'o> Judging<'a, 'o> {
    pub(crate) fn new(
        context: &'a Arc<Context>,
        probes: &'a [&'a Probe],
        plan: &'a Plan,
        observe: &'a mut Observer<'o>,
    ) -> Judging<'a, 'o> {
        let (seen, results) = (vec![None; plan.unique.len()], vec![None; probes.len()]);
        let mut judging = Judging { context, probes, plan, observe, seen, results };
        for (at, wanted) in plan.wanted.iter().enumerate() {
            if let Err(reason) = wanted {
                let rule = Rule::find(probes[at].rule).expect("a test holds the table against the catalogue");
                judging.tell(at, RuleResult::skipped(rule, reason));
            }
        }
        judging
    }

    /// Sends those that the function chooses by themselves and by whether their answer left doubts.
    pub(crate) async fn send(&mut self, chosen: impl Fn(&Stimulus, bool) -> bool) {
        let mut tasks = JoinSet::new();
        for (place, stimulus) in self.plan.unique.iter().enumerate() {
            let doubtful = self.seen[place].as_ref().is_some_and(|seen| unsure(self.context, seen));
            if !chosen(stimulus, doubtful) {
                continue;
            }
            let (context, stimulus) = (Arc::clone(self.context), stimulus.clone());
            tasks.spawn(async move {
                let _slot = context.slots.acquire().await.expect("the semaphore is never closed");
                let mut seen = exchange(&context, &stimulus).await;
                if matches!(seen.end, End::Unreachable(_)) {
                    // Once more: a full backlog is no judgement.
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                    seen = exchange(&context, &stimulus).await;
                }
                (place, seen)
            });
        }
        while let Some(result) = tasks.join_next().await {
            let (place, seen) = result.expect("an exchange does not panic and is not aborted");
            let again = self.seen[place].is_some();
            if again && unsure(self.context, &seen) {
                continue;
            }
            self.seen[place] = Some(seen);
            self.judge_by(place);
            let done = self.seen.iter().filter(|seen| seen.is_some()).count();
            (self.observe)(Event::Progress { done, total: self.seen.len() });
        }
    }

    /// Some answers left doubts.
    pub(crate) fn doubts(&self) -> bool {
        self.seen.iter().flatten().any(|seen| unsure(self.context, seen))
    }

    /// Judges what this stimulus was the last one for, as far as no doubt and no later knowledge stands against it.
    fn judge_by(&mut self, place: usize) {
        let known =
            |place: &usize| self.seen[*place].as_ref().is_some_and(|seen| !unsure(self.context, seen));
        let mut ready = Vec::new();
        for (at, wanted) in self.plan.wanted.iter().enumerate() {
            let Ok(wanted) = wanted else { continue };
            let waits = matches!(self.probes[at].judge, Judge::Run(_) | Judge::After(_));
            let mine = wanted.iter().any(|(one, _)| *one == place);
            if mine && !waits && self.results[at].is_none() && wanted.iter().all(|(one, _)| known(one)) {
                ready.push(at);
            }
        }
        for at in ready {
            let result = self.result(at);
            self.tell(at, result);
        }
    }

    /// Judges all that is left.
    pub(crate) fn end(mut self) -> Vec<RuleResult> {
        for at in 0..self.results.len() {
            if self.results[at].is_none() {
                let result = self.result(at);
                self.tell(at, result);
            }
        }
        self.results.into_iter().flatten().collect()
    }

    fn result(&self, at: usize) -> RuleResult {
        let probe = self.probes[at];
        let rule = Rule::find(probe.rule).expect("a test holds the table against the catalogue");
        let own: Vec<Observation> = match (&self.plan.wanted[at], probe.judge) {
            (_, Judge::Run(_)) => self.seen.iter().flatten().cloned().collect(),
            (Ok(wanted), _) => wanted
                .iter()
                .filter_map(|(place, label)| {
                    Some(Observation { label: label.clone(), ..self.seen[*place].clone()? })
                })
                .collect(),
            (Err(reason), _) => return RuleResult::skipped(rule, reason),
        };
        let finding = judge(probe.judge, self.context, &own);
        finish(self.context, rule, finding, &own)
    }

    fn tell(&mut self, at: usize, result: RuleResult) {
        (self.observe)(Event::Result(&result));
        self.results[at] = Some(result);
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

fn finish(context: &Context, rule: &'static Rule, finding: Finding, own: &[Observation]) -> RuleResult {
    let seen = own.get(finding.place).filter(|seen| !seen.sent.is_empty());
    let result = finding.result(rule);
    let Some(seen) = seen.filter(|_| result.verdict.is_judged()) else { return result };
    let change = Some(again::change(context, seen));
    RuleResult { change, ..result.sent(&seen.sent).again(|| again::command(context, rule, seen)) }
}
