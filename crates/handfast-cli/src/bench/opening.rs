//! One handshake: its phases timed apart, and its failure told apart.

use super::limits::EXAMPLE_CHARACTERS_MAX;
use super::plan::Plan;
use super::tally::{Handshakes, Tally};
use crate::escape;
use handfast::error::{Declined, FaultyAnswer};
use handfast::{Client, Error, Step, WebSocket};
use handfast_proto::rules::Rule;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Opens a connection and counts what became of it; `since` is the time at which the handshake was due.
///
/// A version of HTTP other than 1.1 would be chosen in `plan::client`: all that is done here holds for any.
pub async fn open(
    plan: &Plan,
    tally: &RefCell<Tally>,
    since: Instant,
    end: Option<Instant>,
) -> Option<WebSocket> {
    tally.borrow_mut().handshakes.begun += 1;
    let marks = Arc::new(Mutex::new(Marks { begin: Some(Instant::now()), ..Marks::default() }));
    let opened = observed(plan.client.clone(), &marks).connect().await;
    let now = Instant::now();
    let mut tally = tally.borrow_mut();
    match opened {
        Ok(ws) => {
            let marks = marks.lock().unwrap_or_else(PoisonError::into_inner);
            let handshakes = &mut tally.handshakes;
            handshakes.opened += 1;
            handshakes.opened_in_window += u64::from(end.is_none_or(|end| now <= end));
            handshakes.total.record(now.saturating_duration_since(since));
            marks.record(handshakes, plan.host.parse::<IpAddr>().is_err());
            Some(ws)
        }
        Err(error) => {
            count(&mut tally, &error);
            None
        }
    }
}

/// When each phase was over.
#[derive(Default)]
struct Marks {
    begin: Option<Instant>,
    resolved: Option<Instant>,
    connected: Option<Instant>,
    encrypted: Option<Instant>,
    answered: Option<Instant>,
}

impl Marks {
    fn record(&self, handshakes: &mut Handshakes, has_name: bool) {
        let phase = |from: Option<Instant>, to: Option<Instant>| Some(to?.saturating_duration_since(from?));
        if let Some(time) = phase(self.begin, self.resolved).filter(|_| has_name) {
            handshakes.name.record(time);
        }
        if let Some(time) = phase(self.resolved, self.connected) {
            handshakes.tcp.record(time);
        }
        if let Some(time) = phase(self.connected, self.encrypted) {
            handshakes.tls.record(time);
        }
        if let Some(time) = phase(self.encrypted.or(self.connected), self.answered) {
            handshakes.http.record(time);
        }
    }
}

fn observed(client: Client, marks: &Arc<Mutex<Marks>>) -> Client {
    let marks = marks.clone();
    client.observe(move |step| {
        let now = Some(Instant::now());
        let mut marks = marks.lock().unwrap_or_else(PoisonError::into_inner);
        match step {
            Step::Resolved(_) => marks.resolved = now,
            Step::Connected(_) => marks.connected = now,
            Step::Encrypted(_) => marks.encrypted = now,
            Step::AnswerReceived(_) => marks.answered = now,
            _ => {}
        }
    })
}

/// Counts a handshake that opened nothing.
fn count(tally: &mut Tally, error: &Error) {
    match error {
        Error::Declined(declined) => {
            tally.handshakes.refused += 1;
            tally.refusals.count((declined.status(), reason(declined)), || first_line(declined));
        }
        Error::FaultyAnswer(answer) => {
            tally.handshakes.faulty += 1;
            for rule in rules(answer) {
                tally.faults.count(rule.to_owned(), || example(error));
            }
        }
        _ => {
            tally.handshakes.failed += 1;
            tally.errors.count(kind(error), || example(error));
        }
    }
}

/// Each rule once, however often an answer breaks it.
fn rules(answer: &FaultyAnswer) -> BTreeSet<&'static str> {
    answer.faults().iter().map(|fault| fault.rule().id).collect()
}

/// Why a server refused: the ids of the rules that its answer names, else its reason phrase.
fn reason(declined: &Declined) -> String {
    let body = String::from_utf8_lossy(declined.body());
    let is_id = |character: char| character.is_ascii_alphanumeric() || "-/.".contains(character);
    let named: BTreeSet<&str> = body
        .split(|character| !is_id(character))
        .filter_map(|word| Rule::find(word.trim_end_matches('.')))
        .map(|rule| rule.id)
        .collect();
    if named.is_empty() {
        return escape::bytes(declined.head().reason());
    }
    named.into_iter().collect::<Vec<_>>().join(", ")
}

fn first_line(declined: &Declined) -> String {
    let line = declined.body().split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    short(&String::from_utf8_lossy(line.unwrap_or_default().trim_ascii()))
}

/// The kind of an error, for counting: without addresses, keys and numbers that differ each time.
pub fn kind(error: &Error) -> String {
    match error {
        Error::Unreachable(unreachable) => match (unreachable.resolve_error(), unreachable.attempts().last())
        {
            (None, Some((_, error))) => format!("unreachable: {}", error.kind()),
            _ => "name not resolved".to_owned(),
        },
        Error::Tls(_) => "TLS failed".to_owned(),
        Error::Timeout { phase, .. } => format!("too slow: {phase}"),
        Error::HandshakeCut(_) => "cut in the middle of the handshake".to_owned(),
        Error::Protocol(_) => "protocol broken".to_owned(),
        Error::Lost(_) => "connection lost".to_owned(),
        Error::Closed => "connection closed".to_owned(),
        Error::Io(error) => format!("this machine: {}", error.kind()),
        _ => "other".to_owned(),
    }
}

/// The error in its own words, bounded.
pub fn example(error: &Error) -> String {
    short(&error.to_string())
}

/// A text of others, escaped and bounded.
pub fn short(text: &str) -> String {
    let text = &escape::text(text);
    match text.char_indices().nth(EXAMPLE_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
