//! Verdicts, results and the report that holds them.

use std::time::Instant;

use handfast_proto::rules::{Level, Rule};
use serde::Serialize;

use crate::escape::escape;

/// The name and version of the report's schema.
pub(super) const SCHEMA: &str = "handfast/report/1";

/// How much of the sent bytes a result shows.
const SHOWN: usize = 2_000;

/// How a rule came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The rule is kept.
    Pass,
    /// The rule does not apply, or was not asked for; the reason says which.
    Skipped,
    /// Worth knowing, and not counted against the peer.
    Remark,
    /// The rule could not be judged; the reason says why.
    Inconclusive,
    /// The rule is broken.
    Fail,
}

impl Verdict {
    /// The word of the report: `pass`, `fail`, `remark`, `skipped` or `inconclusive`.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Skipped => "skipped",
            Verdict::Remark => "remark",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Fail => "fail",
        }
    }

    /// The rule was judged: passed, failed or remarked upon.
    pub fn is_judged(self) -> bool {
        matches!(self, Verdict::Pass | Verdict::Remark | Verdict::Fail)
    }
}

/// One rule and how it came out. Texts of the peer are escaped: no control characters.
#[derive(Clone, Debug, Serialize)]
pub struct RuleResult {
    /// The rule's id in the catalogue, such as `server/key-length`.
    pub id: &'static str,
    /// The rule in a few words.
    pub title: &'static str,
    /// Where it stands.
    pub source: &'static str,
    /// `must`, `should`, `may` or `practice`.
    pub level: &'static str,
    /// How it came out.
    pub verdict: Verdict,
    /// How what was sent differs from a correct message, in words; none where nothing was sent.
    pub change: Option<String>,
    /// The bytes sent in the exchange that decided, escaped; none where nothing was sent.
    pub sent: Option<String>,
    /// What came, in words.
    pub got: Option<String>,
    /// Which reactions are right.
    pub wanted: &'static str,
    /// What goes wrong without the rule.
    pub why: &'static str,
    /// What to change.
    pub fix: &'static str,
    /// A command that repeats the exchange, where one can be given.
    pub repro: Option<String>,
    /// Why it was skipped or stayed open.
    pub reason: Option<String>,
}

/// A result for this rule, with the catalogue's words filled in.
fn rule_result(rule: &'static Rule, verdict: Verdict) -> RuleResult {
    RuleResult {
        id: rule.id,
        title: rule.title,
        source: rule.source,
        level: rule.level.as_str(),
        verdict,
        change: None,
        sent: None,
        got: None,
        wanted: rule.pass,
        why: rule.why,
        fix: rule.fix,
        repro: None,
        reason: None,
    }
}

impl RuleResult {
    /// What a judgement came to, in words. What the standards leave open is worth a remark, never a fault.
    pub(crate) fn judged(rule: &'static Rule, verdict: Verdict, text: String) -> RuleResult {
        let verdict = match (verdict, rule.level) {
            (Verdict::Fail, Level::Practice) => Verdict::Remark,
            (verdict, _) => verdict,
        };
        let result = rule_result(rule, verdict);
        match verdict.is_judged() {
            true => RuleResult { got: Some(text), ..result },
            false => RuleResult { reason: Some(text), ..result },
        }
    }

    /// A rule that was not asked for, or does not apply.
    pub(crate) fn skipped(rule: &'static Rule, reason: &str) -> RuleResult {
        RuleResult::judged(rule, Verdict::Skipped, reason.to_owned())
    }

    /// With the bytes that were sent, where it was judged by any.
    pub(crate) fn sent(mut self, bytes: &[u8]) -> RuleResult {
        if self.verdict.is_judged() && !bytes.is_empty() {
            self.sent = Some(escape(bytes, SHOWN));
        }
        self
    }

    /// With a command that repeats it, where there is something to see.
    pub(crate) fn again(mut self, command: impl FnOnce() -> String) -> RuleResult {
        if matches!(self.verdict, Verdict::Fail | Verdict::Remark) {
            self.repro = Some(command());
        }
        self
    }
}

/// One step on the way to an open WebSocket.
#[derive(Clone, Debug, Serialize)]
pub struct Phase {
    /// `name`, `tcp`, `tls`, `http`, `upgrade`, `echo`, `close` or `http2`.
    pub name: &'static str,
    /// The step was taken.
    pub ok: bool,
    /// How long it took, in microseconds.
    pub microseconds: u64,
    /// What was seen, in words.
    pub detail: String,
}

impl Phase {
    /// A step that began then, and has ended now.
    pub(crate) fn since(name: &'static str, start: Instant, result: Result<String, String>) -> Phase {
        let microseconds = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        let ok = result.is_ok();
        let (Ok(detail) | Err(detail)) = result;
        Phase { name, ok, microseconds, detail }
    }
}

/// One difference that a device made between what one end sent and the other got. Texts are escaped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// `request` or `answer`.
    pub direction: &'static str,
    /// `removed`, `added`, `changed`, `joined` (several lines into one) or `re-cased` (the name).
    pub change: &'static str,
    /// The field's name as it was sent, or `the first line`.
    pub field: String,
    /// The value as it was sent, several lines with ` | ` between them; none for `added` and `re-cased`.
    pub sent: Option<String>,
    /// The value as it arrived, or the name for `re-cased`; none for `removed`.
    pub arrived: Option<String>,
}

/// How many rules came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Kept.
    pub pass: usize,
    /// Broken.
    pub fail: usize,
    /// Worth knowing.
    pub remark: usize,
    /// Not asked or not applicable.
    pub skipped: usize,
    /// Not to be judged.
    pub inconclusive: usize,
}

/// All that a run found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The schema of this report: `handfast/report/1`.
    pub schema: &'static str,
    /// `handfast check`, `handfast check-client` or `handfast check-path`.
    pub tool: &'static str,
    /// The version of the checker.
    pub version: &'static str,
    /// The URL, command or proxy that was judged.
    pub target: String,
    /// The steps, in order; empty where the check has none.
    pub phases: Vec<Phase>,
    /// Where it broke, if it did: before a rule could be judged, or later, when the server went away.
    pub broke: Option<String>,
    /// The counts.
    pub summary: Summary,
    /// What the device changed in a correct handshake; only in a check of a path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// All results in the order of the catalogue.
    pub results: Vec<RuleResult>,
}

impl Report {
    /// Puts results in the catalogue's order and counts them.
    pub(crate) fn new(
        tool: &'static str,
        target: String,
        phases: Vec<Phase>,
        broke: Option<String>,
        mut results: Vec<RuleResult>,
    ) -> Report {
        let place = |id: &str| Rule::all().position(|rule| rule.id == id);
        results.sort_by_key(|result| place(result.id));
        let count = |verdict| results.iter().filter(|result| result.verdict == verdict).count();
        let summary = Summary {
            pass: count(Verdict::Pass),
            fail: count(Verdict::Fail),
            remark: count(Verdict::Remark),
            skipped: count(Verdict::Skipped),
            inconclusive: count(Verdict::Inconclusive),
        };
        Report {
            schema: SCHEMA,
            tool,
            version: env!("CARGO_PKG_VERSION"),
            target,
            phases,
            broke,
            summary,
            changes: Vec::new(),
            results,
        }
    }

    /// The result for this rule, if the run had it.
    pub fn result(&self, id: &str) -> Option<&RuleResult> {
        self.results.iter().find(|result| result.id == id)
    }

    /// The broken rules.
    pub fn failures(&self) -> impl Iterator<Item = &RuleResult> {
        self.results.iter().filter(|result| result.verdict == Verdict::Fail)
    }

    /// Nothing at this level or above is broken, and at least one rule was judged: an empty run never passes.
    pub fn passes(&self, level: Level) -> bool {
        let judged = self.results.iter().any(|result| result.verdict.is_judged());
        judged && !self.failures().any(|result| level_of(result.level) <= level)
    }
}

fn level_of(word: &str) -> Level {
    match word {
        "must" => Level::Must,
        "should" => Level::Should,
        "may" => Level::May,
        _ => Level::Practice,
    }
}
