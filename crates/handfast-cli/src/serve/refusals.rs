//! A line on standard error for each refused request, so many a second and not more: who sends wrong requests on purpose must
//! not fill a terminal or a disk.

use super::limits::{REFUSALS_A_SECOND_MAX, REFUSED_TARGET_BYTES_MAX};
use crate::{escape, output};
use handfast::Refused;
use std::borrow::Cow;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// What was told of the last second.
#[derive(Debug, Default)]
pub struct Refusals {
    told: Mutex<Told>,
    /// Somebody was not told.
    kept: Notify,
}

#[derive(Debug, Default)]
struct Told {
    since: Option<Instant>,
    lines: usize,
    /// Those that were counted and not told.
    more: u64,
}

impl Refusals {
    /// Tells it, or counts it.
    pub fn refused(&self, refused: &Refused<'_>) {
        let lines = {
            let mut told = self.told.lock().expect("no holder panics");
            told.next(Instant::now(), || line(refused))
        };
        match lines {
            Some(lines) => lines.iter().for_each(|line| output::talk(line)),
            None => self.kept.notify_one(),
        }
    }

    /// Says now and then how many were counted; runs until it is dropped.
    pub async fn count(&self) {
        loop {
            self.kept.notified().await;
            tokio::time::sleep(SECOND).await;
            let more = self.told.lock().expect("no holder panics").take_more();
            more.iter().for_each(|line| output::talk(line));
        }
    }
}

impl Told {
    /// The lines to tell now; `None` where this one is only counted.
    fn next(&mut self, now: Instant, line: impl FnOnce() -> String) -> Option<Vec<String>> {
        let mut lines = Vec::new();
        if self.since.is_none_or(|since| now.duration_since(since) >= SECOND) {
            lines.extend(self.take_more());
            (self.since, self.lines) = (Some(now), 0);
        }
        if self.lines == REFUSALS_A_SECOND_MAX {
            self.more += 1;
            return None;
        }
        self.lines += 1;
        lines.push(line());
        Some(lines)
    }

    fn take_more(&mut self) -> Option<String> {
        let more = std::mem::take(&mut self.more);
        (more > 0).then(|| format!("handfast: ... and {more} more refused"))
    }
}

/// `handfast: refused 127.0.0.1:40000 "GET /echo HTTP/1.1" with 426: server/version-draft server/key-length`
fn line(refused: &Refused<'_>) -> String {
    let first = first_line(&request_line(refused.received));
    let rules: Vec<&str> = refused.refusal.faults().iter().map(|fault| fault.rule().id).collect();
    let (peer, status) = (refused.peer, refused.refusal.status());
    format!("handfast: refused {peer} \"{first}\" with {status}: {}", rules.join(" "))
}

/// The first line of a head; what would stand there over HTTP/1.1 for the fields of HTTP/2.
fn request_line(head: &[u8]) -> Cow<'_, [u8]> {
    let mut lines = head.split(|byte| matches!(byte, b'\r' | b'\n'));
    let first = lines.next().unwrap_or_default();
    let (Some(method), Some(path)) =
        (first.strip_prefix(b":method: "), lines.find_map(|line| line.strip_prefix(b":path: ")))
    else {
        return first.into();
    };
    [method, b" ", path, b" HTTP/2"].concat().into()
}

/// The begin of a request line, without its query: that may hold a token, which is nothing for a log.
fn first_line(line: &[u8]) -> String {
    let query = line.iter().position(|byte| *byte == b'?').unwrap_or(line.len());
    let (line, rest) = line.split_at(query);
    let behind = rest.iter().rposition(|byte| *byte == b' ').map_or(&[][..], |space| &rest[space..]);
    let mut shown = escape::bytes(&line[..line.len().min(REFUSED_TARGET_BYTES_MAX)]);
    if line.len() > REFUSED_TARGET_BYTES_MAX {
        return shown + "...";
    }
    if !rest.is_empty() {
        shown += "?...";
        shown += &escape::bytes(&behind[..behind.len().min(REFUSED_TARGET_BYTES_MAX)]);
    }
    shown
}

const SECOND: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_of_http_2_is_told_in_a_line_too() {
        let head = b":method: CONNECT\r\n:protocol: websocket\r\n:path: /echo?a=b\r\n\r\n";
        assert_eq!(first_line(&request_line(head)), "CONNECT /echo?... HTTP/2");
        assert_eq!(&*request_line(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), b"GET / HTTP/1.1");
        assert_eq!(&*request_line(b""), b"");
    }

    #[test]
    fn a_query_is_not_told_and_a_long_line_is_cut() {
        assert_eq!(first_line(b"GET /chat?token=secret HTTP/1.1"), "GET /chat?... HTTP/1.1");
        assert_eq!(first_line(b"GET /chat?token=sec"), "GET /chat?...");
        assert_eq!(first_line(b"\x1b[31m"), "\\u{1b}[31m");
        let long = first_line(&[b'a'; 4000]);
        assert!(long.ends_with("a...") && long.len() < 200, "{long}");
    }

    #[test]
    fn no_more_than_so_many_are_told_in_a_second_and_the_rest_is_counted() {
        let (mut told, begin) = (Told::default(), Instant::now());
        let line = || "one".to_owned();
        for _ in 0..REFUSALS_A_SECOND_MAX {
            assert_eq!(told.next(begin, line), Some(vec!["one".to_owned()]));
        }
        for _ in 0..312 {
            assert_eq!(told.next(begin, line), None);
        }
        let later = told.next(begin + SECOND, line);
        assert_eq!(later, Some(vec!["handfast: ... and 312 more refused".to_owned(), "one".to_owned()]));
        assert_eq!(told.take_more(), None);
    }
}
