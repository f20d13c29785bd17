//! What a rule came to, where it is judged by code of its own.

use crate::report::Verdict;

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
}

/// A judgement that may end early: both are findings.
pub(crate) type Judged = Result<Finding, Finding>;

impl Finding {
    fn new(verdict: Verdict, text: impl Into<String>) -> Finding {
        Finding { verdict, text: text.into(), sent: Vec::new(), must: false }
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

    /// With the form that it is about in front of it.
    pub(crate) fn about(mut self, form: &str) -> Finding {
        self.text = format!("{form}: {}", self.text);
        self
    }
}

/// The worst of several, with how many share its verdict.
pub(crate) fn worst(findings: Vec<Finding>) -> Finding {
    let weight = |finding: &Finding| (finding.verdict != Verdict::Skipped, finding.verdict, finding.must);
    let total = findings.len();
    let Some(top) = findings.iter().map(weight).max() else { return Finding::open("nothing was sent") };
    let mut same = findings.into_iter().filter(|finding| weight(finding) == top);
    let mut first = same.next().expect("the maximum is one of them");
    let others: Vec<Finding> = same.collect();
    if first.verdict == Verdict::Pass && total > 1 {
        first.text = format!("{total} forms, each as it should be");
    } else if !others.is_empty() {
        first.text = format!("{} (and {} more of the {total} forms)", first.text, others.len());
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_decides_and_a_skipped_form_weighs_nothing() {
        let all = vec![Finding::skipped("a"), Finding::pass("b"), Finding::remark("c")];
        assert_eq!(worst(all).text, "c");
        assert_eq!(worst(vec![Finding::skipped("a"), Finding::pass("b")]).verdict, Verdict::Pass);
        assert_eq!(worst(vec![Finding::fail("a"), Finding::fail("b").must()]).text, "b");
        assert_eq!(worst(Vec::new()).verdict, Verdict::Inconclusive);
    }
}
