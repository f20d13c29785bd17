//! From what the slots of a run saw to the results of the rules.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;

use handfast_proto::rules::Rule;

use super::ClientOptions;
use super::case::{Case, Expect};
use super::judge;
use super::requests::{RULES, Requests};
use super::run::{Server, Slot, target_of};
use super::session::Session;
use crate::difference::difference;
use crate::escape::{escape, shell_word};
use crate::finding::{Finding, worst};
use crate::report::{Event, Observer, RuleResult, Verdict};

/// The results so far, told as they are found.
pub(crate) struct Results<'a, 'o> {
    options: &'a ClientOptions,
    server: &'a Server,
    observe: &'a mut Observer<'o>,
    /// The paths of slots that nothing more is expected of.
    played: HashSet<String>,
    all: Vec<RuleResult>,
}

impl<'a, 'o> Results<'a, 'o> {
    pub(crate) fn new(
        options: &'a ClientOptions,
        server: &'a Server,
        observe: &'a mut Observer<'o>,
    ) -> Results<'a, 'o> {
        Results { options, server, observe, played: HashSet::new(), all: Vec::new() }
    }

    /// A result is there.
    pub(crate) fn tell(&mut self, result: RuleResult) {
        (self.observe)(Event::Result(&result));
        self.all.push(result);
    }

    /// So many of so many starts of the command are over.
    pub(crate) fn progress(&mut self, done: usize, total: usize) {
        (self.observe)(Event::Progress { done, total });
    }

    /// A slot has seen what it was to see; with the last one of a rule the rule is judged.
    pub(crate) fn played(&mut self, slot: &Slot) {
        self.played.insert(slot.path.clone());
        let rule = Rule::find(slot.case.rule).expect("the cases name rules of the catalogue");
        let slots = self.slots(rule);
        let all = slots.iter().all(|slot| self.played.contains(&slot.path));
        if all && !RULES.iter().any(|(id, _)| *id == rule.id) {
            let result = from_cases(self.options, rule, &slots);
            self.tell(result);
        }
    }

    fn slots(&self, rule: &Rule) -> Vec<&'a Arc<Slot>> {
        self.server.slots.iter().skip(1).filter(|slot| slot.case.rule == rule.id).collect()
    }

    /// All results, those too that could not be had before the end.
    pub(crate) fn end(mut self, address: SocketAddr) -> Vec<RuleResult> {
        let options = self.options;
        let chosen = |rule: &&'static Rule| rule.id.starts_with("client/") && options.rules.takes(rule.id);
        let opened = self.server.base().opened();
        let requests = collect(self.server, address);
        for rule in Rule::all().filter(chosen) {
            if self.all.iter().any(|result| result.id == rule.id) {
                continue;
            }
            let mine = self.slots(rule);
            let result = if !rule.applies_to("h1") {
                RuleResult::skipped(rule, "this check speaks HTTP/1.1 only")
            } else if let Some((_, judge)) = RULES.iter().find(|(id, _)| *id == rule.id) {
                // Judged by the requests of all cases: only all of them show it again.
                let result = from_requests(rule, judge(&requests), &requests);
                repeated(result, options, "")
            } else if mine.is_empty() {
                RuleResult::skipped(rule, not_probed(rule.id))
            } else if !opened && rule.id != "client/data-before-answer" {
                let reason = "the client did not open on the correct answer".to_owned();
                RuleResult::judged(rule, Verdict::Inconclusive, reason)
            } else {
                from_cases(options, rule, &mine)
            };
            self.tell(result);
        }
        self.all
    }
}

fn not_probed(id: &str) -> &'static str {
    match id {
        "client/origin-missing" | "client/forbidden-fields" | "client/failure-exposed" => {
            "a rule for browsers only"
        }
        "client/tls-missing" | "client/uri-invalid-used" => {
            "needs a command that can be started with other URLs"
        }
        "client/connecting-in-parallel" => "needs one process that opens several sockets at once",
        "client/extension-lines-refused" => "needs a client that offers two extensions",
        _ => "not probed from outside",
    }
}

fn collect(server: &Server, address: SocketAddr) -> Requests {
    let mut all = Requests {
        heads: Vec::new(),
        bytes: Vec::new(),
        targets: Vec::new(),
        authority: address.to_string(),
    };
    for slot in &server.slots {
        for session in slot.sessions() {
            let Some(target) = target_of(&session) else { continue };
            // Requests for bad URLs and after redirects have targets of their own.
            if target.contains("/again") || target.contains('#') {
                continue;
            }
            let Some(head) = session.request else { continue };
            let host = head.first("Host").unwrap_or_default();
            if host.starts_with("localhost") {
                continue;
            }
            all.heads.push(head);
            all.bytes.push(session.request_bytes);
            all.targets.push(slot.path.clone());
        }
    }
    all
}

fn from_requests(
    rule: &'static Rule,
    (verdict, text, place): super::requests::Judged,
    requests: &Requests,
) -> RuleResult {
    if requests.heads.is_empty() {
        return RuleResult::judged(rule, Verdict::Inconclusive, "no request came".to_owned());
    }
    let text = match place.and_then(|place| requests.bytes.get(place)) {
        Some(bytes) if verdict != Verdict::Pass => format!("{text}; the request: {}", escape(bytes, 600)),
        _ => text,
    };
    RuleResult::judged(rule, verdict, text)
}

fn from_cases(options: &ClientOptions, rule: &'static Rule, slots: &[&Arc<Slot>]) -> RuleResult {
    let worst = worst(slots.iter().map(|slot| {
        let (verdict, text) = judge::judge(slot);
        Finding::new(verdict, format!("{}: {text}", slot.case.label))
    }));
    let place = worst.place;
    let result = worst.result(rule);
    let slot = slots[place];
    let sessions = slot.sessions();
    let Some(session) = sessions.first().filter(|_| result.verdict.is_judged()) else { return result };
    let result = RuleResult { change: change(slot, session), ..result.sent(&session.answer) };
    repeated(result, options, &format!("--only {} ", rule.id))
}

/// With the command that repeats it by these options, where a command is judged.
pub(crate) fn repeated(result: RuleResult, options: &ClientOptions, only: &str) -> RuleResult {
    if options.command.is_empty() {
        return result;
    }
    let words: Vec<String> = options.command.iter().map(|word| shell_word(word)).collect();
    result.again(|| format!("handfast check-client {only}-- {}", words.join(" ")))
}

/// How the case's answer differs from the correct one for the same request.
fn change(slot: &Slot, session: &Session) -> Option<String> {
    let request = session.request.as_ref()?;
    let right = Case::good(slot.case.rule, "", Expect::Opens).render(request, "");
    Some(
        difference(&session.answer, &right)
            .unwrap_or_else(|| format!("the correct answer: {}", slot.case.label)),
    )
}
