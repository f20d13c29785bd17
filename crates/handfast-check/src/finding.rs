//! What a rule came to.

use handfast_proto::rules::{Level, Rule};

use crate::report::{RuleResult, Verdict};
use crate::wire::h2::session::Withheld;

/// A verdict with its words and the bytes that led to it.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) verdict: Verdict,
    /// What came, or why nothing can be said.
    pub(crate) text: String,
    /// What was sent; the origin's bytes where those matter.
    pub(crate) sent: Vec<u8>,
    /// A fault that weighs more than the rule's own level.
    pub(crate) must: bool,
    /// Which of several exchanges decided.
    pub(crate) place: usize,
}

/// A judgement that may end early: both are findings.
pub(crate) type Judged = Result<Finding, Finding>;

impl Finding {
    pub(crate) fn new(verdict: Verdict, text: impl Into<String>) -> Finding {
        Finding { verdict, text: text.into(), sent: Vec::new(), must: false, place: 0 }
    }

    pub(crate) fn pass(text: impl Into<String>) -> Finding {
        Finding::new(Verdict::Pass, text)
    }

    pub(crate) fn fail(text: impl Into<String>) -> Finding {
        Finding::new(Verdict::Fail, text)
    }

    pub(crate) fn remark(text: impl Into<String>) -> Finding {
        Finding::new(Verdict::Remark, text)
    }

    pub(crate) fn open(text: impl Into<String>) -> Finding {
        Finding::new(Verdict::Inconclusive, text)
    }

    pub(crate) fn skipped(text: impl Into<String>) -> Finding {
        Finding::new(Verdict::Skipped, text)
    }

    /// With the bytes that were sent.
    pub(crate) fn sent(mut self, bytes: &[u8]) -> Finding {
        self.sent = bytes.to_vec();
        self
    }

    /// A fault against a standard's demand, whatever the level of the rule.
    pub(crate) fn must(mut self) -> Finding {
        self.must = true;
        self
    }

    /// With the place of the exchange that decided.
    pub(crate) fn at(mut self, place: usize) -> Finding {
        self.place = place;
        self
    }

    /// With the form that it is about in front of it.
    pub(crate) fn about(mut self, form: &str) -> Finding {
        self.text = format!("{form}: {}", self.text);
        self
    }

    /// The result of the rule that it is about.
    pub(crate) fn result(self, rule: &'static Rule) -> RuleResult {
        let mut result = RuleResult::judged(rule, self.verdict, self.text).sent(&self.sent);
        if self.must && self.verdict == Verdict::Fail {
            result.verdict = Verdict::Fail;
            result.level = Level::Must.as_str();
        }
        result
    }
}

/// What could not be sent cannot be judged.
impl From<Withheld> for Finding {
    fn from(withheld: Withheld) -> Finding {
        Finding::open(match withheld {
            Withheld::Window => "the HTTP/2 window for what the rule sends stayed shut".to_owned(),
            Withheld::Streams(most) => {
                format!("the rule needs more HTTP/2 streams at a time than the {most} that are allowed")
            }
        })
    }
}

/// The worst of several forms of one thing, with how many share its verdict, and its place among them.
pub(crate) fn worst(findings: impl IntoIterator<Item = Finding>) -> Finding {
    let (mut first, others, total) = heaviest(findings);
    if first.verdict == Verdict::Pass {
        if others.iter().any(|other| other.text != first.text) {
            first.text = format!("{total} forms, each as it should be");
        }
    } else if !others.is_empty() {
        first.text = format!("{} (and {} more of the {total} forms)", first.text, others.len());
    }
    first
}

/// The same of several different things: whatever is wrong is told.
pub(crate) fn all_told(findings: impl IntoIterator<Item = Finding>) -> Finding {
    let (mut first, others, total) = heaviest(findings);
    if first.verdict == Verdict::Pass {
        first.text = format!("{total} forms, each as it should be");
    } else {
        others.iter().for_each(|other| first.text += &format!("; {}", other.text));
    }
    first
}

/// The first with the worst verdict, the others with the same, and how many there were.
fn heaviest(findings: impl IntoIterator<Item = Finding>) -> (Finding, Vec<Finding>, usize) {
    // A form that does not apply weighs less than one that passed.
    let weight = |finding: &Finding| (finding.verdict != Verdict::Skipped, finding.verdict, finding.must);
    let findings: Vec<Finding> =
        findings.into_iter().enumerate().map(|(place, finding)| finding.at(place)).collect();
    let total = findings.len();
    let Some(top) = findings.iter().map(weight).max() else {
        return (Finding::open("nothing was sent"), Vec::new(), 0);
    };
    let mut same = findings.into_iter().filter(|finding| weight(finding) == top);
    let first = same.next().expect("the maximum is one of them");
    (first, same.collect(), total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_decides_and_a_skipped_form_weighs_nothing() {
        let all = vec![Finding::skipped("a"), Finding::pass("b"), Finding::remark("c")];
        assert_eq!(worst(all).text, "c");
        assert_eq!(worst(vec![Finding::skipped("a"), Finding::pass("b")]).verdict, Verdict::Pass);
        let lifted = worst(vec![Finding::fail("a"), Finding::fail("b").must()]);
        assert_eq!((lifted.text.as_str(), lifted.place), ("b", 1));
        assert_eq!(worst(Vec::new()).verdict, Verdict::Inconclusive);
    }

    #[test]
    fn of_different_things_all_that_is_wrong_is_told() {
        let all = vec![Finding::pass("a"), Finding::fail("b"), Finding::remark("c"), Finding::fail("d")];
        assert_eq!(all_told(all).text, "b; d");
        let right = vec![Finding::pass("a"), Finding::pass("a")];
        assert_eq!(all_told(right).text, "2 forms, each as it should be");
    }
}
