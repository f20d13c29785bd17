//! A conversation with its bytes as they crossed the wire, kept for the page that has it.

use super::limits::{RECORDED_BYTES_MAX, RECORDED_PIECES_MAX};
use crate::escape;
use bytes::{Buf, Bytes};
use handfast::{Request, TakenOver};
use handfast_proto::handshake::ResponseParts;
use serde_json::{Value, json};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that crossed the wire in one read or write.
#[derive(Debug)]
struct Piece {
    at: Duration,
    is_client: bool,
    bytes: Vec<u8>,
}

/// What is known of one conversation.
#[derive(Debug)]
struct Recording {
    began: Instant,
    http: &'static str,
    head: Bytes,
    key: String,
    pieces: Vec<Piece>,
    bytes: usize,
    is_cut: bool,
    ended: Option<Duration>,
}

impl Recording {
    fn push(&mut self, is_client: bool, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if self.bytes + bytes.len() > RECORDED_BYTES_MAX || self.pieces.len() == RECORDED_PIECES_MAX {
            self.is_cut = true;
        }
        if !self.is_cut {
            self.bytes += bytes.len();
            let at = self.began.elapsed();
            self.pieces.push(Piece { at, is_client, bytes: bytes.to_vec() });
        }
    }
}

/// A conversation that is being recorded; clones are the same one.
#[derive(Clone, Debug)]
pub struct Log(Arc<Mutex<Recording>>);

impl Log {
    /// Begins with a request that has just come.
    pub fn new(request: &Request) -> Self {
        let key = request.header("Sec-WebSocket-Key").unwrap_or_default();
        Self(Arc::new(Mutex::new(Recording {
            began: Instant::now(),
            http: if request.head().version().has_streams() { "HTTP/2" } else { "HTTP/1.1" },
            head: Bytes::copy_from_slice(request.head().as_bytes()),
            key: escape::bytes(key),
            pieces: Vec::new(),
            bytes: 0,
            is_cut: false,
            ended: None,
        })))
    }

    /// This answer opens it, where no bytes of its own are seen: over HTTP/2.
    pub fn answered(&self, parts: &ResponseParts) {
        let fields = parts.fields.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let head = format!(":status: {}\r\n{}\r\n", parts.status, fields.collect::<String>());
        self.push(false, head.as_bytes());
    }

    /// The conversation is over.
    pub fn end(&self) {
        let mut recording = self.recording();
        recording.ended = Some(recording.began.elapsed());
    }

    fn push(&self, is_client: bool, bytes: &[u8]) {
        self.recording().push(is_client, bytes);
    }

    /// As the page wants it. Lines are escaped where they are not printable text, and stand without their line ends; all
    /// times are microseconds since the request came.
    pub fn to_json(&self) -> Value {
        let recording = self.recording();
        let answer: Vec<u8> = recording
            .pieces
            .iter()
            .filter(|piece| !piece.is_client)
            .flat_map(|piece| &piece.bytes)
            .copied()
            .collect();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
        let answered = recording.pieces.iter().find(|piece| !piece.is_client).map(|piece| micros(piece.at));
        // The head of the answer is told apart: what is left are frames.
        let mut skip = end;
        let mut frames = Vec::new();
        for piece in &recording.pieces {
            let mut bytes = &piece.bytes[..];
            if !piece.is_client {
                let head = skip.min(bytes.len());
                skip -= head;
                bytes = &bytes[head..];
            }
            if !bytes.is_empty() {
                let from = if piece.is_client { "client" } else { "server" };
                frames.push(json!({ "at": micros(piece.at), "from": from, "bytes": escape::hex(bytes) }));
            }
        }
        json!({
            "http": recording.http,
            "key": recording.key,
            "request": lines(&recording.head),
            "request_bytes": recording.head.len(),
            "response": lines(&answer[..end]),
            "response_bytes": end,
            "answered": answered,
            "frames": frames,
            "cut": recording.is_cut,
            "ended": recording.ended.map(micros),
        })
    }

    fn recording(&self) -> MutexGuard<'_, Recording> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The lines of a head for a page: escaped, without their ends, and without the secrets that a browser may have sent along.
pub fn lines(head: &[u8]) -> Vec<String> {
    let head = head.strip_suffix(b"\r\n").unwrap_or(head);
    let lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    // The last line end has nothing behind it.
    let mut lines: Vec<_> = lines.map(|line| escape::bytes(&without_secret(line))).collect();
    if lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Cookies belong to all ports of a host name, so other sites on this machine may have set them.
fn without_secret(line: &[u8]) -> Vec<u8> {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else { return line.to_vec() };
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    if [&b"Cookie"[..], b"Authorization", b"Proxy-Authorization"]
        .iter()
        .any(|secret| secret.eq_ignore_ascii_case(name))
    {
        return [name, format!(": ({} bytes, not shown)", value.len()).as_bytes()].concat();
    }
    line.to_vec()
}

/// A connection that was taken over, with its request in front, so that the library's own handshake runs over it. All
/// bytes but those of the request's head are recorded.
#[derive(Debug)]
pub struct Recorder {
    taken: TakenOver,
    /// The head and what came behind it: read before the stream.
    first: Bytes,
    /// How much of `first` is the head.
    head: usize,
    log: Log,
}

impl Recorder {
    /// Begins in front of the request's head.
    pub fn new(taken: TakenOver, log: Log) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let draining = taken.draining();
        let head = taken.head.as_bytes();
        let first = Bytes::from([head, &taken.behind_head].concat());
        (Self { head: head.len(), taken, first, log }, draining)
    }

    /// Behind the head, for whoever answers by hand.
    pub fn skip_head(&mut self) {
        self.first.advance(std::mem::take(&mut self.head));
    }
}

impl AsyncRead for Recorder {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.first.is_empty() {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut this.taken.stream).poll_read(cx, buffer))?;
            this.log.push(true, &buffer.filled()[before..]);
        } else {
            let bytes = this.first.split_to(this.first.len().min(buffer.remaining()));
            let head = this.head.min(bytes.len());
            this.head -= head;
            this.log.push(true, &bytes[head..]);
            buffer.put_slice(&bytes);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Recorder {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // Held over the write, which does not wait: a client that has read the bytes finds them recorded.
        let mut recording = this.log.recording();
        let written = ready!(Pin::new(&mut this.taken.stream).poll_write_vectored(cx, slices))?;
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter()).take(written).copied().collect();
        recording.push(false, &bytes);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.taken.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().taken.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().taken.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_escaped_and_stand_without_their_ends() {
        assert_eq!(lines(b"GET / HTTP/1.1\r\nA: \x1b\xff\r\n\r\n"), ["GET / HTTP/1.1", "A: \\u{1b}\\xff"]);
    }

    #[test]
    fn cookies_and_credentials_are_told_by_their_length_only() {
        assert_eq!(
            lines(b"GET / HTTP/1.1\r\ncookie: a=secret\r\nAuthorization: Basic abc\r\n\r\n")[1..],
            ["cookie: (8 bytes, not shown)", "Authorization: (9 bytes, not shown)"]
        );
    }
}
