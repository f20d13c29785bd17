//! What the server saw of a handshake, kept for the page that made it.

use crate::escape;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One handshake: the bytes of the request's head and of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The head as it was received.
    pub request: Vec<u8>,
    /// The 101 as it was sent.
    pub response: Vec<u8>,
    /// The key of the request.
    pub key: String,
}

impl Observed {
    /// As the page wants it. Lines are escaped where they are not printable text, and stand without their line ends.
    pub fn to_json(&self) -> Value {
        json!({
            "key": self.key,
            "request": lines(&self.request),
            "request_bytes": self.request.len(),
            "response": lines(&self.response),
            "response_bytes": self.response.len(),
        })
    }
}

/// Handshakes by the random name that the page gave them. Holds at most [`ENTRIES_MAX`], each for [`KEPT_FOR`] at
/// most; so it never holds more than that many request heads. Shared by all threads.
#[derive(Debug, Default)]
pub struct Store {
    entries: Mutex<VecDeque<(Instant, String, Observed)>>,
}

impl Store {
    /// Remembers a handshake; the oldest one makes room. A name that is taken keeps what it has.
    pub fn put(&self, now: Instant, id: &str, observed: Observed) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        expire(&mut entries, now);
        if entries.iter().any(|(_, name, _)| name == id) {
            return;
        }
        if entries.len() == ENTRIES_MAX {
            entries.pop_front();
        }
        entries.push_back((now, id.to_owned(), observed));
    }

    /// The handshake of this name, if it is still kept.
    pub fn get(&self, now: Instant, id: &str) -> Option<Observed> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        expire(&mut entries, now);
        entries.iter().find(|(_, name, _)| name == id).map(|(_, _, observed)| observed.clone())
    }
}

/// The name in a query such as `observe=0123456789abcdef`: 16 to 64 letters, digits and hyphens, long enough that
/// nobody guesses it.
pub fn id<'a>(query: Option<&'a str>, parameter: &str) -> Option<&'a str> {
    let mut pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    let (_, id) = pairs.find(|(name, _)| *name == parameter)?;
    let is_sound =
        (16..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_sound.then_some(id)
}

fn expire(entries: &mut VecDeque<(Instant, String, Observed)>, now: Instant) {
    while entries.front().is_some_and(|(since, _, _)| now.saturating_duration_since(*since) > KEPT_FOR) {
        entries.pop_front();
    }
}

fn lines(head: &[u8]) -> Vec<String> {
    let head = head.strip_suffix(b"\r\n").unwrap_or(head);
    let lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    // The last line end has nothing behind it.
    let mut lines: Vec<_> = lines.map(escape::bytes).collect();
    if lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// How many handshakes are kept at most.
pub const ENTRIES_MAX: usize = 64;

/// How long a handshake is kept at most.
pub const KEPT_FOR: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(key: &str) -> Observed {
        Observed {
            request: b"GET / HTTP/1.1\r\nA: \x1b\xff\r\n\r\n".to_vec(),
            response: Vec::new(),
            key: key.to_owned(),
        }
    }

    #[test]
    fn the_oldest_entry_makes_room_for_the_65th() {
        let (store, now) = (Store::default(), Instant::now());
        for place in 0..=ENTRIES_MAX {
            store.put(now, &place.to_string(), observed(""));
        }
        assert_eq!(store.get(now, "0"), None);
        assert!(store.get(now, "1").is_some() && store.get(now, "64").is_some());
    }

    #[test]
    fn an_entry_is_gone_after_a_minute() {
        let (store, now) = (Store::default(), Instant::now());
        store.put(now, "a", observed(""));
        assert!(store.get(now + KEPT_FOR, "a").is_some());
        assert_eq!(store.get(now + KEPT_FOR + Duration::from_millis(1), "a"), None);
    }

    #[test]
    fn a_second_handshake_of_the_same_name_does_not_replace_the_first() {
        let (store, now) = (Store::default(), Instant::now());
        store.put(now, "a", observed("first"));
        store.put(now, "a", observed("second"));
        assert_eq!(store.get(now, "a").map(|observed| observed.key), Some("first".to_owned()));
    }

    #[test]
    fn lines_are_escaped_and_stand_without_their_ends() {
        assert_eq!(observed("").to_json()["request"], json!(["GET / HTTP/1.1", "A: \\u{1b}\\xff"]));
        assert_eq!(observed("").to_json()["request_bytes"], 25);
    }

    #[test]
    fn names_that_could_be_guessed_or_are_no_names_are_not_taken() {
        assert_eq!(id(Some("a=b&observe=0123456789abcdef"), "observe"), Some("0123456789abcdef"));
        for query in [
            None,
            Some(""),
            Some("observe=short"),
            Some("observe=0123456789abcde%20"),
            Some("id=0123456789abcdef"),
        ] {
            assert_eq!(id(query, "observe"), None, "{query:?}");
        }
    }
}
