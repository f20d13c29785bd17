//! Trust in a check: a peer that breaks one rule and only it must be found, and nothing else said of it.

use std::collections::BTreeSet;

use handfast_check::{Report, Verdict};

/// Faults that cannot be had alone: with this one come those.
pub type Kin = &'static [(&'static str, &'static [&'static str])];

/// Everything that is neither kept nor left out.
pub fn findings(report: &Report) -> BTreeSet<&'static str> {
    let odd = |verdict| !matches!(verdict, Verdict::Pass | Verdict::Skipped);
    report.results.iter().filter(|result| odd(result.verdict)).map(|result| result.id).collect()
}

/// The findings in words, each in a line, and where it broke.
pub fn explain(report: &Report) -> String {
    let odd = |verdict| !matches!(verdict, Verdict::Pass | Verdict::Skipped);
    let lines = report.results.iter().filter(|result| odd(result.verdict)).map(|result| {
        let text = result.got.as_deref().or(result.reason.as_deref()).unwrap_or_default();
        format!("\n  {} {}: {text}", result.verdict.as_str(), result.id)
    });
    lines.collect::<String>()
        + &report.broke.as_ref().map_or(String::new(), |text| format!("\n  broke: {text}"))
}

/// What is wrong with the report on a peer that breaks this rule; nothing where the rule was found broken, and alone but for its
/// kin. Switches of one rule differ behind a colon.
pub fn fault(switch: &str, report: &Report, kin: Kin) -> Option<String> {
    let rule = switch.split(':').next().unwrap_or(switch);
    let hit =
        report.result(rule).is_some_and(|result| matches!(result.verdict, Verdict::Fail | Verdict::Remark));
    let kin = kin.iter().find(|(id, _)| *id == switch).map_or(&[][..], |(_, kin)| kin);
    let alone = findings(report).iter().all(|id| *id == rule || kin.contains(id));
    let how = match (hit, alone) {
        (true, true) => return None,
        (true, false) => "found, but not alone",
        (false, _) => "NOT FOUND",
    };
    Some(format!("\n{switch} {how}{}", explain(report)))
}
