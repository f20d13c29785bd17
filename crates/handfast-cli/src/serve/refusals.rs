//! A line on standard error for each refused request, so many a second and not more: who sends wrong requests on purpose must
//! not fill a terminal or a disk.

use super::limits::{REFUSALS_A_SECOND_MAX, REFUSALS_WAITING_MAX, REFUSED_TARGET_BYTES_MAX};
use crate::{escape, output};
use handfast::Refused;
use std::borrow::Cow;
use std::io;
use std::sync::Mutex;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// What was told of the last second.
#[derive(Debug)]
pub struct Refusals {
    told: Mutex<Told>,
    /// Somebody was not told.
    kept: Notify,
}

#[derive(Debug)]
struct Told {
    /// To the thread that writes.
    writer: SyncSender<String>,
    since: Option<Instant>,
    lines: usize,
    /// Those that were counted and not told.
    more: u64,
}

impl Refusals {
    /// Starts a thread that writes: standard error may take no more, such as that of a halted terminal, and the threads that serve
    /// must not wait for it.
    pub fn start() -> io::Result<Self> {
        let (writer, lines) = sync_channel::<String>(REFUSALS_WAITING_MAX);
        std::thread::Builder::new().spawn(move || lines.iter().for_each(|line| output::talk(&line)))?;
        Ok(Self { told: Mutex::new(Told::new(writer)), kept: Notify::new() })
    }

    /// Tells it, or counts it.
    pub fn refused(&self, refused: &Refused<'_>) {
        let is_told = self.told.lock().expect("no holder panics").refused(Instant::now(), || line(refused));
        if !is_told {
            self.kept.notify_one();
        }
    }

    /// Says now and then how many were counted; runs until it is dropped.
    pub async fn count(&self) {
        loop {
            self.kept.notified().await;
            tokio::time::sleep(SECOND).await;
            if !self.told.lock().expect("no holder panics").tell_more() {
                self.kept.notify_one();
            }
        }
    }
}

impl Told {
    fn new(writer: SyncSender<String>) -> Self {
        Self { writer, since: None, lines: 0, more: 0 }
    }

    /// Whether this one is told now; else it is counted.
    fn refused(&mut self, now: Instant, line: impl FnOnce() -> String) -> bool {
        if self.since.is_none_or(|since| now.duration_since(since) >= SECOND) {
            self.tell_more();
            (self.since, self.lines) = (Some(now), 0);
        }
        let is_told = self.lines < REFUSALS_A_SECOND_MAX && self.tell(line());
        if is_told {
            self.lines += 1;
        } else {
            self.more += 1;
        }
        is_told
    }

    /// Tells how many were counted. Whether none is left to be told.
    fn tell_more(&mut self) -> bool {
        if self.more > 0 && self.tell(format!("handfast: ... and {} more refused", self.more)) {
            self.more = 0;
        }
        self.more == 0
    }

    /// Whether it will be written: too much waits already where nobody reads.
    fn tell(&self, line: String) -> bool {
        self.writer.try_send(line).is_ok()
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

/// The begin of a request line, without its query and the name and password of a user: they may be secrets, which are nothing for
/// a log. For quotation marks around it.
fn first_line(line: &[u8]) -> String {
    let query = line.iter().position(|byte| *byte == b'?').unwrap_or(line.len());
    let (line, rest) = line.split_at(query);
    let line = without_user(line);
    let shown = escape::inside_quotes(&line[..line.len().min(REFUSED_TARGET_BYTES_MAX)]);
    if line.len() > REFUSED_TARGET_BYTES_MAX {
        return shown + "...";
    }
    if rest.is_empty() {
        return shown;
    }
    // What stands behind a blank may still be the query's, but for a version.
    let version = rest.iter().rposition(|byte| *byte == b' ').map_or(&[][..], |blank| &rest[blank..]);
    let number = version.strip_prefix(b" HTTP/").unwrap_or_default();
    let is_version = matches!(number, [b'0'..=b'9'] | [b'0'..=b'9', b'.', b'0'..=b'9']);
    shown + "?..." + &escape::inside_quotes(if is_version { version } else { &[] })
}

/// A request line whose target may be an address (RFC 9112 section 3.2.2), without `name:password@` in it.
fn without_user(line: &[u8]) -> Cow<'_, [u8]> {
    let target = line.iter().position(|byte| *byte == b' ').map_or(0, |blank| blank + 1);
    if line[target..].starts_with(b"/") {
        return line.into();
    }
    let scheme = line[target..].windows(3).position(|three| three == b"://");
    let begin = target + scheme.map_or(0, |length| length + 3);
    let authority = line[begin..].split(|byte| matches!(byte, b'/' | b'#')).next().unwrap_or_default();
    match authority.iter().rposition(|byte| *byte == b'@') {
        Some(at) => [&line[..begin], &line[begin + at + 1..]].concat().into(),
        None => line.into(),
    }
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
        for query in ["my secret", "my HTTP/secret", "HTTP/1.1 secret"] {
            assert_eq!(first_line(format!("GET /c?token={query}").as_bytes()), "GET /c?...");
        }
        let long = first_line(&[b'a'; 4000]);
        assert!(long.ends_with("a...") && long.len() < 200, "{long}");
    }

    #[test]
    fn a_user_is_not_told() {
        for (line, told) in [
            ("GET http://me:secret@a.example/@b HTTP/1.1", "GET http://a.example/@b HTTP/1.1"),
            ("GET http://me:my secret@a.example HTTP/1.1", "GET http://a.example HTTP/1.1"),
            ("CONNECT me:secret@a.example:80 HTTP/1.1", "CONNECT a.example:80 HTTP/1.1"),
            ("GET /@me HTTP/1.1", "GET /@me HTTP/1.1"),
            ("GET http://a.example/@b HTTP/1.1", "GET http://a.example/@b HTTP/1.1"),
        ] {
            assert_eq!(first_line(line.as_bytes()), told);
        }
    }

    #[test]
    fn a_request_cannot_pretend_that_its_line_has_ended() {
        let forged = first_line(br#"GET /" with 200: \" HTTP/1.1"#);
        assert_eq!(forged, r#"GET /\" with 200: \\\" HTTP/1.1"#);
    }

    #[test]
    fn no_more_than_so_many_are_told_in_a_second_and_the_rest_is_counted() {
        let (writer, lines) = sync_channel(100);
        let (mut told, begin) = (Told::new(writer), Instant::now());
        let line = || "one".to_owned();
        for _ in 0..REFUSALS_A_SECOND_MAX {
            assert!(told.refused(begin, line));
        }
        for _ in 0..312 {
            assert!(!told.refused(begin, line));
        }
        assert_eq!(lines.try_iter().collect::<Vec<_>>(), ["one"; REFUSALS_A_SECOND_MAX]);
        assert!(told.refused(begin + SECOND, line));
        assert_eq!(lines.try_iter().collect::<Vec<_>>(), ["handfast: ... and 312 more refused", "one"]);
        assert!(told.tell_more() && lines.try_recv().is_err());
    }

    #[test]
    fn where_nobody_reads_nobody_waits_and_what_is_not_told_is_counted() {
        let (writer, lines) = sync_channel(2);
        let (mut told, begin) = (Told::new(writer), Instant::now());
        let line = || "one".to_owned();
        assert_eq!([0; 5].map(|_| told.refused(begin, line)), [true, true, false, false, false]);
        assert!(!told.tell_more());
        assert_eq!(lines.try_iter().collect::<Vec<_>>(), ["one"; 2]);
        assert!(told.tell_more());
        assert_eq!(lines.try_iter().collect::<Vec<_>>(), ["handfast: ... and 3 more refused"]);
    }
}
