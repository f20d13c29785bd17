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

/// The part of the standards that a source begins with, such as `RFC 6455 section 4.2`: results are grouped by it.
pub(crate) fn section(source: &str) -> String {
    let first = source.split([';', '(']).next().unwrap_or_default().trim();
    let Some((document, rest)) = first.split_once(" section ") else { return first.to_owned() };
    let number = rest.split(' ').next().unwrap_or_default();
    let short: Vec<&str> = number.split('.').take(2).collect();
    format!("{document} section {}", short.join("."))
}
