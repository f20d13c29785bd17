//! What a run tells while it goes on, and the same as lines of JSON.

use serde::Serialize;

use super::result::SCHEMA;
use super::{Change, Phase, Report, RuleResult, Summary};

/// What a run tells while it goes on, in this order; results come as they are found, not in the order of the catalogue.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Event<'a> {
    /// It begins.
    Begin(Begin<'a>),
    /// A step on the way to an open WebSocket was taken, or not.
    Phase(&'a Phase),
    /// A device changed something in a correct handshake.
    Change(&'a Change),
    /// So much is done of the longest part; units are those of the check: exchanges, starts of the command, rules.
    Progress {
        /// How many are done.
        done: usize,
        /// Of how many.
        total: usize,
    },
    /// A rule is judged, or left out.
    Result(&'a RuleResult),
    /// It is over.
    End(End<'a>),
}

/// What is known of a run before it begins.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct Begin<'a> {
    /// The schema of the report, of which every event is a part: `handfast/report/1`.
    pub schema: &'static str,
    /// The check, as in [`Report::tool`].
    pub tool: &'static str,
    /// The version of the checker.
    pub version: &'static str,
    /// The URL, command or proxy that is judged.
    pub target: &'a str,
}

/// What is known of a run when it is over.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct End<'a> {
    /// Where it broke, if it did.
    pub broke: Option<&'a str>,
    /// The counts.
    pub summary: &'a Summary,
}

/// Whoever follows a run.
pub(crate) type Observer<'a> = dyn FnMut(Event<'_>) + Send + 'a;

impl<'a> Event<'a> {
    pub(crate) fn begin(tool: &'static str, target: &'a str) -> Event<'a> {
        Event::Begin(Begin { schema: SCHEMA, tool, version: env!("CARGO_PKG_VERSION"), target })
    }

    pub(crate) fn end(report: &'a Report) -> Event<'a> {
        Event::End(End { broke: report.broke.as_deref(), summary: &report.summary })
    }
}

/// The event as one line of JSON without its line feed: an object whose only name is the event's. None for
/// [`Event::Progress`], which is for the eye.
pub fn json_line(event: &Event<'_>) -> Option<String> {
    match event {
        Event::Progress { .. } => None,
        event => Some(serde_json::to_string(event).expect("an event has only texts and numbers")),
    }
}

/// The report as lines of JSON, an event each: what a run tells, with the results in the order of the catalogue.
pub fn jsonl(report: &Report) -> String {
    let mut events = vec![Event::begin(report.tool, &report.target)];
    events.extend(report.phases.iter().map(Event::Phase));
    events.extend(report.changes.iter().map(Event::Change));
    events.extend(report.results.iter().map(Event::Result));
    events.push(Event::end(report));
    events.iter().filter_map(json_line).map(|line| line + "\n").collect()
}
