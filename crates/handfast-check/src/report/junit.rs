//! The report as JUnit XML: a suite for each section, a case for each rule.

use super::sections;
use super::{Report, RuleResult, Verdict};

/// Text for XML: markup escaped, and characters that XML cannot hold replaced.
pub(crate) fn xml(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\n' | '\t' => c.to_string(),
            c if c < ' ' || matches!(c, '\u{FFFE}' | '\u{FFFF}') => "\u{FFFD}".to_owned(),
            c => c.to_string(),
        })
        .collect()
}

/// The report as JUnit XML.
pub fn junit(report: &Report) -> String {
    let summary = &report.summary;
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" \
         skipped=\"{}\" time=\"0\">\n",
        xml(&format!("{} {}", report.tool, report.target)),
        report.results.len(),
        summary.fail,
        summary.inconclusive,
        summary.skipped
    );
    for (name, results) in sections(&report.results) {
        let count =
            |verdicts: &[Verdict]| results.iter().filter(|one| verdicts.contains(&one.verdict)).count();
        out += &format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"0\">\n",
            xml(&name),
            results.len(),
            count(&[Verdict::Fail]),
            count(&[Verdict::Inconclusive]),
            count(&[Verdict::Skipped])
        );
        for result in results {
            out += &case(result, &name);
        }
        out += "  </testsuite>\n";
    }
    out + "</testsuites>\n"
}

fn case(result: &RuleResult, suite: &str) -> String {
    let open = format!("    <testcase name=\"{}\" classname=\"{}\" time=\"0\"", result.id, xml(suite));
    let got = result.got.as_deref().or(result.reason.as_deref()).unwrap_or_default();
    let body = match result.verdict {
        Verdict::Pass => return open + "/>\n",
        Verdict::Skipped => format!("<skipped message=\"{}\"/>", xml(got)),
        Verdict::Inconclusive => format!("<error message=\"{}\" type=\"inconclusive\"></error>", xml(got)),
        Verdict::Remark => format!("<system-out>{}</system-out>", xml(&format!("remark: {got}"))),
        Verdict::Fail => {
            let text = format!(
                "change: {}\nsent: {}\ngot: {got}\nwanted: {}\nwhy: {}\nfix: {}\nsource: {}\nagain: {}\n",
                result.change.as_deref().unwrap_or_default(),
                result.sent.as_deref().unwrap_or_default(),
                result.wanted,
                result.why,
                result.fix,
                result.source,
                result.repro.as_deref().unwrap_or_default()
            );
            format!("<failure message=\"{}\" type=\"{}\">{}</failure>", xml(got), result.level, xml(&text))
        }
    };
    format!("{open}>{body}</testcase>\n")
}
