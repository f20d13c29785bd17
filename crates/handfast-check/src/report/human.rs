//! The report for people: grouped by section, failures repeated at the end with all that is known, a line of counts.

use super::sections;
use super::{Change, Report, RuleResult, Verdict};

/// The report as text. With `all`, also the rules that passed or were skipped; without, only what needs eyes.
pub fn human(report: &Report, all: bool) -> String {
    let mut out = format!("{} {}\n\n", report.tool, report.target);
    for phase in &report.phases {
        let mark = if phase.ok { "ok  " } else { "FAIL" };
        out += &format!("  {mark} {:<8} {:>9}  {}\n", phase.name, time(phase.microseconds), phase.detail);
    }
    if let Some(broke) = &report.broke {
        out += &format!("\nIt broke at {broke}\n");
    }
    if !report.changes.is_empty() {
        out += "\nWhat the device changed in a correct handshake\n";
    }
    for change in &report.changes {
        let what = format!("{} {}", change.change, change.field);
        out += &format!("  {:<8} {what:<32} {}\n", change.direction, values(change));
    }
    // Where nothing was judged there is one reason, which was said above.
    let judged = report.results.iter().any(|result| result.verdict.is_judged());
    let shown = report.results.iter().filter(|_| judged || report.broke.is_none()).filter(|result| {
        all || matches!(result.verdict, Verdict::Fail | Verdict::Remark | Verdict::Inconclusive)
    });
    for (name, results) in sections(shown) {
        out += &format!("\n{name}\n");
        for result in results {
            let text = result.got.as_deref().or(result.reason.as_deref()).unwrap_or_default();
            out +=
                &format!("  {:<12} {:<8} {:<44} {text}\n", result.verdict.as_str(), result.level, result.id);
        }
    }
    let failures: Vec<&RuleResult> = report.failures().collect();
    if !failures.is_empty() {
        out += "\nFailures\n";
    }
    for (at, result) in failures.iter().enumerate() {
        out += &format!(
            "\n{}. {} ({}, {})\n   {}\n",
            at + 1,
            result.id,
            result.level,
            result.source,
            result.title
        );
        for (name, text) in [
            ("change", result.change.as_deref()),
            ("sent", result.sent.as_deref()),
            ("got", result.got.as_deref()),
            ("wanted", Some(result.wanted)),
            ("why", Some(result.why)),
            ("fix", Some(result.fix)),
            ("again", result.repro.as_deref()),
        ] {
            if let Some(text) = text {
                out += &format!("   {name:<7} {text}\n");
            }
        }
    }
    out + "\n" + &counts(report) + "\n"
}

/// The values of a change: what was sent, an arrow, what arrived.
pub(crate) fn values(change: &Change) -> String {
    match (&change.sent, &change.arrived) {
        (Some(sent), Some(arrived)) => format!("{sent} -> {arrived}"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => String::new(),
    }
}

/// The line of counts.
fn counts(report: &Report) -> String {
    let summary = &report.summary;
    let judged = summary.pass + summary.fail + summary.remark;
    let mut text = format!(
        "{} judged: {} kept, {} broken, {}; {} skipped",
        number(judged, "rule"),
        summary.pass,
        summary.fail,
        number(summary.remark, "remark"),
        summary.skipped
    );
    if summary.inconclusive > 0 {
        text += &format!(", {} inconclusive", summary.inconclusive);
    }
    if judged == 0 {
        text += ". Nothing was judged: this is no pass";
    }
    text
}

/// A count with its noun.
pub(super) fn number(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn time(microseconds: u64) -> String {
    if microseconds < 10_000 {
        format!("{microseconds} us")
    } else {
        format!("{:.1} ms", microseconds as f64 / 1000.0)
    }
}

/// The report as Markdown, for the summary page of a build.
pub fn markdown(report: &Report) -> String {
    let cell = |text: &str| text.replace('|', "\\|").replace('<', "&lt;");
    let mut out = format!("## {} `{}`\n\n{}\n", report.tool, report.target, counts(report));
    if let Some(broke) = &report.broke {
        out += &format!("\nIt broke at {}\n", cell(broke));
    }
    if !report.changes.is_empty() {
        out += "\n| | change | field | value |\n| --- | --- | --- | --- |\n";
    }
    for change in &report.changes {
        out += &format!(
            "| {} | {} | `{}` | {} |\n",
            change.direction,
            change.change,
            cell(&change.field),
            cell(&values(change))
        );
    }
    let rows: Vec<&RuleResult> = report
        .results
        .iter()
        .filter(|result| matches!(result.verdict, Verdict::Fail | Verdict::Remark | Verdict::Inconclusive))
        .collect();
    if !rows.is_empty() {
        out += "\n| verdict | level | rule | got | source |\n| --- | --- | --- | --- | --- |\n";
    }
    for result in rows {
        let text = result.got.as_deref().or(result.reason.as_deref()).unwrap_or_default();
        out += &format!(
            "| {} | {} | `{}` | {} | {} |\n",
            result.verdict.as_str(),
            result.level,
            result.id,
            cell(text),
            cell(result.source)
        );
    }
    out
}
