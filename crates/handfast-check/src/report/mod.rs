//! What a run found, and its forms: for people, for programs, for continuous integration.

mod event;
mod human;
mod junit;
mod result;
mod web;

pub(crate) use event::Observer;
pub use event::{Begin, End, Event, json_line, jsonl};
pub use human::{human, markdown};
pub use junit::junit;
pub use result::{Change, Phase, Report, RuleResult, Summary, Verdict};
pub use web::html;

/// The schema of the JSON report, as JSON Schema 2020-12.
pub const SCHEMA: &str = include_str!("../../schema/report-1.json");

/// The schema of the JUnit report, as XML Schema.
pub const JUNIT_SCHEMA: &str = include_str!("../../schema/junit.xsd");

/// The schema of a line of the JSON lines, as JSON Schema 2020-12; it refers to [`SCHEMA`].
pub const LINE_SCHEMA: &str = include_str!("../../schema/line-1.json");

/// The whole report as JSON, ended by a line feed.
pub fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report).expect("a report has only texts and numbers") + "\n"
}

/// Results by the part of the standards that their sources begin with, documents by name and sections by number.
pub(crate) fn sections<'a>(
    results: impl IntoIterator<Item = &'a RuleResult>,
) -> Vec<(String, Vec<&'a RuleResult>)> {
    let mut sections: Vec<(String, Vec<&RuleResult>)> = Vec::new();
    for result in results {
        let name = section(result.source);
        match sections.iter_mut().find(|(other, _)| *other == name) {
            Some((_, all)) => all.push(result),
            None => sections.push((name, vec![result])),
        }
    }
    sections.sort_by_cached_key(|(name, _)| {
        let (document, number) = name.split_once(" section ").unwrap_or((name, ""));
        let number: Vec<u32> = number.split('.').filter_map(|part| part.parse().ok()).collect();
        (document.to_owned(), number)
    });
    sections
}

/// Such as `RFC 6455 section 4.2`.
fn section(source: &str) -> String {
    let first = source.split([';', '(']).next().unwrap_or_default().trim();
    let Some((document, rest)) = first.split_once(" section ") else { return first.to_owned() };
    let number = rest.split(' ').next().unwrap_or_default();
    let short: Vec<&str> = number.split('.').take(2).collect();
    format!("{document} section {}", short.join("."))
}

#[cfg(test)]
mod tests {
    use handfast_proto::rules::Rule;

    use super::*;

    #[test]
    fn sections_stand_in_the_order_of_their_numbers() {
        let results: Vec<RuleResult> = Rule::all().map(|rule| RuleResult::skipped(rule, "")).collect();
        let names: Vec<String> = sections(&results).into_iter().map(|(name, _)| name).collect();
        let place = |name: &str| names.iter().position(|other| other == name).expect(name);
        assert!(place("RFC 6455 section 3") < place("RFC 6455 section 4.1"));
        assert!(place("RFC 6455 section 4.2") < place("RFC 6455 section 10.2"));
        assert!(place("RFC 6455 section 10.2") < place("RFC 7692 section 7.1"));
        assert_eq!(sections(&results).iter().map(|(_, all)| all.len()).sum::<usize>(), results.len());
    }
}
