//! What to send and what came of it: each exchange once, and the judgement of every rule that wanted it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use handfast_proto::rules::Rule;
use tokio::task::JoinSet;

use super::again;
use super::context::Context;
use super::exchange::{End, Observation, Reaction, exchange};
use super::judge::{Finding, Judge, Need, Probe, judge};
use super::presence::{NOT_SENT, Presence, UNDER_WAY, is_cut_short, is_sign, is_usual, presence};
use super::stimulus::Stimulus;
use crate::limits::RETURNS_MAX;
use crate::report::{Event, Observer, RuleResult, Verdict};

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
    /// What came and is not vouched for yet: if the server turns out to be gone, these may have met its end.
    fresh: Vec<usize>,
    /// When the server was last looked for and found.
    found: Instant,
    /// How often it went away and came back.
    returns: usize,
    /// For the report: each time that it went away.
    notes: Vec<String>,
}

/// Exchanges that run.
type Flying = JoinSet<(usize, Observation)>;

impl<'a, 'o> Judging<'a, 'o> {
    pub(crate) fn new(
        context: &'a Arc<Context>,
        probes: &'a [&'a Probe],
        plan: &'a Plan,
        observe: &'a mut Observer<'o>,
    ) -> Judging<'a, 'o> {
        let mut judging = Judging {
            context,
            probes,
            plan,
            observe,
            seen: vec![None; plan.unique.len()],
            results: vec![None; probes.len()],
            fresh: Vec::new(),
            found: Instant::now(),
            returns: 0,
            notes: Vec::new(),
        };
        for (at, wanted) in plan.wanted.iter().enumerate() {
            if let Err(reason) = wanted {
                let rule = Rule::find(probes[at].rule).expect("a test holds the table against the catalogue");
                judging.tell(at, RuleResult::skipped(rule, reason));
            }
        }
        judging
    }

    /// Sends those that the function chooses by themselves and by whether their answer left doubts; none to a server that is gone.
    pub(crate) async fn send(&mut self, chosen: impl Fn(&Stimulus, bool) -> bool) {
        let all = self.plan.unique.iter().enumerate();
        let mut queue: VecDeque<usize> = all
            .filter(|(place, stimulus)| chosen(stimulus, self.doubtful(*place)))
            .map(|(place, _)| place)
            .collect();
        let mut flying = Flying::new();
        let mut aloft: Vec<usize> = Vec::new();
        while !self.context.gone() {
            while flying.len() < self.context.options.parallel.max(1)
                && let Some(place) = queue.pop_front()
            {
                let (context, stimulus) = (Arc::clone(self.context), self.plan.unique[place].clone());
                aloft.push(place);
                flying.spawn(async move { (place, exchange(&context, &stimulus).await) });
            }
            let Some(result) = flying.join_next().await else { break };
            let (place, seen) = result.expect("an exchange does not panic and is not aborted");
            aloft.retain(|one| *one != place);
            // One look answers for all that ended before it.
            let sign = is_sign(self.context, &seen) && seen.ended >= Some(self.found);
            let connected = seen.begun.is_some();
            self.take(place, seen);
            if !sign {
                continue;
            }
            let looked = Instant::now();
            match presence(self.context).await {
                Presence::Here if connected => self.vouch(looked),
                Presence::Gone(words) => {
                    aloft.extend(connected.then_some(place));
                    self.lose(&aloft, &words);
                }
                here => {
                    while let Some(result) = flying.join_next().await {
                        let (place, seen) = result.expect("an exchange does not panic and is not aborted");
                        self.keep(place, seen);
                    }
                    aloft.clear();
                    self.ask_alone(matches!(here, Presence::Back)).await;
                }
            }
        }
    }

    /// Looks a last time. True where the correct request is still accepted, if it ever was.
    pub(crate) async fn survived(&mut self) -> bool {
        if self.context.gone() {
            return false;
        }
        let looked = Instant::now();
        let after = exchange(self.context, &self.context.base().named("the correct request")).await;
        if is_usual(self.context, &after) {
            self.vouch(looked);
            return !self.context.accepted || after.reaction(self.context) == Reaction::Accepted;
        }
        match presence(self.context).await {
            Presence::Here | Presence::Back => self.ask_alone(true).await,
            Presence::Gone(words) => self.lose(&[], &words),
        }
        !self.context.gone()
    }

    /// What came for it leaves doubts. So does a bare close that would be a fault: one of several processes of the server may have
    /// died of another request, while the others go on.
    fn doubtful(&self, place: usize) -> bool {
        let Some(seen) = self.seen[place].as_ref().filter(|seen| !seen.fatal) else { return false };
        let closed = matches!(seen.reaction(self.context), Reaction::Closed | Reaction::Reset);
        let is_fault = || {
            self.plan.wanted.iter().zip(self.probes).any(|(wanted, probe)| {
                let Ok(wanted) = wanted else { return false };
                if !wanted.iter().any(|(one, _)| *one == place) {
                    return false;
                }
                let own = self.own(wanted);
                let ready = own.len() == wanted.len();
                let waits = matches!(probe.judge, Judge::Run(_) | Judge::After(_));
                let verdict = |own| judge(probe.judge, self.context, own).verdict;
                ready && !waits && matches!(verdict(&own), Verdict::Fail | Verdict::Inconclusive)
            })
        };
        unsure(self.context, seen) || closed && is_fault()
    }

    /// Notes what came.
    fn keep(&mut self, place: usize, seen: Observation) {
        if self.seen[place].is_some() && unsure(self.context, &seen) {
            return;
        }
        self.seen[place] = Some(seen);
        self.fresh.push(place);
        let (done, total) = (self.sent(), self.seen.len());
        (self.observe)(Event::Progress { done, total });
    }

    /// Notes what came, and judges what an answer vouches for.
    fn take(&mut self, place: usize, seen: Observation) {
        let alive = seen.begun.filter(|_| seen.head.is_some() && !is_sign(self.context, &seen));
        self.keep(place, seen);
        if let Some(begun) = alive {
            self.vouch(begun);
        }
    }

    /// The server was there at this moment: what ended before did not meet the server's end, and is judged.
    fn vouch(&mut self, moment: Instant) {
        self.found = self.found.max(moment);
        let over = |place: &usize| self.seen[*place].as_ref().is_some_and(|seen| seen.ended <= Some(moment));
        let (over, fresh): (Vec<usize>, Vec<usize>) = self.fresh.iter().copied().partition(over);
        self.fresh = fresh;
        over.into_iter().for_each(|place| self.judge_by(place));
    }

    /// How many were sent.
    fn sent(&self) -> usize {
        self.seen.iter().flatten().count()
    }

    /// Takes back what may have met the end of the server: all of which nothing whole came since the server was surely there.
    fn take_back(&mut self) -> Vec<usize> {
        let mut suspects = Vec::new();
        for (place, seen) in self.seen.iter_mut().enumerate() {
            let met = |seen: &&mut Observation| {
                !seen.fatal && seen.ended >= Some(self.found) && is_cut_short(self.context, seen)
            };
            if let Some(seen) = seen.as_mut().filter(met) {
                *seen = Observation::unmeasured(UNDER_WAY);
                suspects.push(place);
            }
        }
        self.fresh.retain(|place| !suspects.contains(place));
        suspects
    }

    /// The server is there again, or still: what was under way and what got no connection is measured again, one at a time, which
    /// shows whether one of them ends it. `away` says that it was seen to be away.
    async fn ask_alone(&mut self, away: bool) {
        let sent = self.sent();
        let suspects = self.take_back();
        let open = |seen: &Option<Observation>| {
            seen.as_ref().is_some_and(|seen| matches!(seen.end, End::Unmeasured(_)))
        };
        let places: Vec<usize> = (0..self.seen.len()).filter(|place| open(&self.seen[*place])).collect();
        self.returns += usize::from(away);
        let mut enders = Vec::new();
        let mut lost = None;
        for place in places {
            if self.returns > RETURNS_MAX {
                lost = Some(format!("away {} times", self.returns));
                break;
            }
            let mut seen = exchange(self.context, &self.plan.unique[place]).await;
            let presence = presence(self.context).await;
            if !matches!(presence, Presence::Here) {
                self.returns += 1;
                enders.push(place);
                seen.fatal = is_cut_short(self.context, &seen);
            }
            self.seen[place] = Some(seen);
            self.fresh.push(place);
            if let Presence::Gone(words) = presence {
                lost = Some(words);
                break;
            }
            self.vouch(Instant::now());
        }
        if away || !suspects.is_empty() || !enders.is_empty() {
            let words = match (enders.as_slice(), suspects.as_slice()) {
                ([], []) => "nothing was under way then".to_owned(),
                ([], suspects) => {
                    format!("none of those under way then ends it alone: {}", self.names(suspects))
                }
                (enders, _) => format!("sent alone, this ended it again: {}", self.names(enders)),
            };
            self.note(sent, &format!("the server took no connections for a moment and came back; {words}"));
        }
        if let Some(words) = lost {
            self.lose(&[], &words);
        }
    }

    /// The server is gone: what was under way, and what has not been sent, stays open. `aloft` is what is under way now.
    fn lose(&mut self, aloft: &[usize], words: &str) {
        self.context.set_gone();
        let mut suspects = self.take_back();
        for place in aloft {
            self.seen[*place].get_or_insert_with(|| Observation::unmeasured(UNDER_WAY));
        }
        let sent = self.sent();
        for seen in &mut self.seen {
            seen.get_or_insert_with(|| Observation::unmeasured(NOT_SENT));
        }
        suspects.extend(aloft.iter().filter(|place| !suspects.contains(place)).collect::<Vec<_>>());
        let mut words = format!("the server went away (the correct request: {words})");
        if !suspects.is_empty() {
            words += &format!(
                "; one of those under way may have ended it, --only RULE asks one alone: {}",
                self.names(&suspects)
            );
        }
        self.note(sent, &words);
    }

    /// Notes for the report that the server went away, and after how many requests.
    fn note(&mut self, sent: usize, words: &str) {
        self.notes.push(format!("request {sent} of {}: {words}", self.seen.len()));
    }

    /// Requests as people find them again: by a rule that sends each, with what is special about it.
    fn names(&self, places: &[usize]) -> String {
        let mut names: Vec<(&str, Vec<&str>)> = Vec::new();
        for place in places {
            let sender = self.plan.wanted.iter().zip(self.probes).find_map(|(wanted, probe)| {
                let (_, label) = wanted.as_ref().ok()?.iter().find(|(one, _)| one == place)?;
                Some((probe.rule, label.as_str()))
            });
            let Some((rule, label)) = sender else { continue };
            match names.iter_mut().find(|(one, _)| *one == rule) {
                Some((_, labels)) => labels.push(label),
                None => names.push((rule, vec![label])),
            }
        }
        let names = names.into_iter().map(|(rule, labels)| format!("{rule} ({})", labels.join("; ")));
        names.collect::<Vec<_>>().join(", ")
    }

    /// Judges what this stimulus was the last one for, as far as no doubt and no later knowledge stands against it.
    fn judge_by(&mut self, place: usize) {
        let known = |place: &usize| {
            self.seen[*place].is_some() && !self.fresh.contains(place) && !self.doubtful(*place)
        };
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

    /// Judges all that is left. With it comes, for the report, each time that the server went away.
    pub(crate) fn end(mut self) -> (Vec<RuleResult>, Vec<String>) {
        for at in 0..self.results.len() {
            if self.results[at].is_none() {
                let result = self.result(at);
                self.tell(at, result);
            }
        }
        (self.results.into_iter().flatten().collect(), self.notes)
    }

    /// What came for these.
    fn own(&self, wanted: &[(usize, String)]) -> Vec<Observation> {
        let named = |(place, label): &(usize, String)| {
            Some(Observation { label: label.clone(), ..self.seen[*place].clone()? })
        };
        wanted.iter().filter_map(named).collect()
    }

    fn result(&self, at: usize) -> RuleResult {
        let probe = self.probes[at];
        let rule = Rule::find(probe.rule).expect("a test holds the table against the catalogue");
        let own: Vec<Observation> = match (&self.plan.wanted[at], probe.judge) {
            (_, Judge::Run(_)) => self.seen.iter().flatten().filter(|seen| !seen.fatal).cloned().collect(),
            (Ok(wanted), _) => self.own(wanted),
            (Err(reason), _) => return RuleResult::skipped(rule, reason),
        };
        let mut finding = judge(probe.judge, self.context, &own);
        if matches!(probe.judge, Judge::Run(_)) && self.context.gone() && finding.verdict != Verdict::Fail {
            finding = Finding::open("the server went away before all was sent");
        }
        finish(self.context, rule, finding, &own)
    }

    fn tell(&mut self, at: usize, result: RuleResult) {
        (self.observe)(Event::Result(&result));
        self.results[at] = Some(result);
    }
}

/// Silence, no connection, or a ping that stayed unanswered: the target may only have been slow or busy.
fn unsure(context: &Context, seen: &Observation) -> bool {
    match seen.reaction(context) {
        Reaction::Silent | Reaction::Unmeasured(_) => true,
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
