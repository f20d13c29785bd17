//! The client in front of the device: one connection, and requests as bytes.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::time::timeout;

use super::context::Context;
use super::origin::MARKER;
use crate::expect;
use crate::finding::Finding;
use crate::limits::LINK_BYTES_MAX;
use crate::wire::bytes::is_field;
use crate::wire::dial::{self, Stream};
use crate::wire::head::{self, Head, Parsed};

/// A request, line by line.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) first: String,
    pub(crate) lines: Vec<Vec<u8>>,
    /// The key in it.
    pub(crate) key: String,
}

impl Request {
    /// The correct handshake: BASE of the catalogue, its target marked with this token.
    pub(crate) fn base(context: &Context, token: &str) -> Request {
        let key = expect::fresh_key();
        let request = Request::plain(context, token)
            .add("Upgrade: websocket")
            .add("Connection: Upgrade")
            .add(format!("Sec-WebSocket-Key: {key}"))
            .add("Sec-WebSocket-Version: 13");
        Request { key, ..request }
    }

    /// An ordinary GET.
    pub(crate) fn plain(context: &Context, token: &str) -> Request {
        let target = context.marked(&format!("{MARKER}{token}"));
        let mut request =
            Request { first: format!("GET {target} HTTP/1.1"), lines: Vec::new(), key: String::new() }
                .add(format!("Host: {}", context.target.authority()));
        for (name, value) in &context.options.headers {
            request = request.without(name).add(format!("{name}: {value}"));
        }
        request
    }

    /// One more line at the end.
    pub(crate) fn add(mut self, line: impl AsRef<[u8]>) -> Request {
        self.lines.push(line.as_ref().to_vec());
        self
    }

    /// No line with this name.
    pub(crate) fn without(mut self, name: &str) -> Request {
        self.lines.retain(|line| !is_field(line, name));
        self
    }

    /// The line of this name with another value, at its place.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Request {
        for line in self.lines.iter_mut().filter(|line| is_field(line, name)) {
            *line = format!("{name}: {value}").into_bytes();
        }
        self
    }

    /// The handshake with this key.
    pub(crate) fn keyed(self, key: &str) -> Request {
        Request { key: key.to_owned(), ..self.set("Sec-WebSocket-Key", key) }
    }

    /// Another method.
    pub(crate) fn method(mut self, method: &str) -> Request {
        self.first = self.first.replacen("GET", method, 1);
        self
    }

    /// Another version of HTTP.
    pub(crate) fn version(mut self, version: &str) -> Request {
        self.first = self.first.replace("HTTP/1.1", version);
        self
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = [self.first.as_bytes(), b"\r\n"].concat();
        for line in &self.lines {
            bytes.extend(line);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"\r\n");
        bytes
    }
}

/// An answer's head, with those that came before it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) interim: Vec<Head>,
    pub(crate) head: Head,
    /// Where the bytes behind it begin.
    pub(crate) end: usize,
}

impl Answer {
    /// The status; 0 for a line without one.
    pub(crate) fn status(&self) -> u16 {
        self.head.status.unwrap_or_default()
    }

    /// It is the 101 for this key.
    pub(crate) fn accepts(&self, key: &str) -> bool {
        let wanted = expect::accept_for(key.as_bytes());
        self.status() == 101 && self.head.all("Sec-WebSocket-Accept").collect::<Vec<_>>() == [wanted.as_str()]
    }
}

/// An open connection to the device.
pub(crate) struct Link {
    reader: ReadHalf<Stream>,
    writer: WriteHalf<Stream>,
    /// All that came.
    pub(crate) bytes: Vec<u8>,
    /// The device has not closed.
    pub(crate) open: bool,
}

impl Link {
    /// Connects; what stands in the way is a finding.
    pub(crate) async fn open(context: &Context) -> Result<Link, Finding> {
        let limit = context.options.timeout;
        let connect = async {
            let stream = dial::tcp(context.address, limit).await?;
            let stream: Stream = match &context.tls {
                None => Box::new(stream),
                Some(config) => dial::tls(stream, &context.target.host, config.clone(), limit).await?.0,
            };
            Ok::<Stream, std::io::Error>(stream)
        };
        match connect.await {
            Ok(stream) => Ok(Link::over(stream)),
            Err(error) => Err(Finding::open(format!("no connection: {error}"))),
        }
    }

    /// A link over a stream that is open already.
    pub(crate) fn over(stream: Stream) -> Link {
        let (reader, writer) = split(stream);
        Link { reader, writer, bytes: Vec::new(), open: true }
    }

    /// Writes. A device that is gone shows it to the reader.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _gone = self.writer.write_all(bytes).await.and(self.writer.flush().await);
    }

    async fn more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.reader.read(&mut buffer).await {
            Ok(length) if length > 0 && self.bytes.len() < LINK_BYTES_MAX => {
                self.bytes.extend(&buffer[..length])
            }
            _ => self.open = false,
        }
        self.open
    }

    /// Reads until the condition holds, the stream ends or the time is over.
    pub(crate) async fn until(&mut self, limit: Duration, done: impl Fn(&[u8]) -> bool) -> bool {
        let reading = async {
            loop {
                if done(&self.bytes) {
                    return true;
                }
                if !self.open || !self.more().await {
                    return done(&self.bytes);
                }
            }
        };
        timeout(limit, reading).await.unwrap_or(false)
    }

    /// The answer's head, or none where none comes in time.
    pub(crate) async fn answer(&mut self, limit: Duration) -> Option<Answer> {
        self.until(limit, |bytes| find_answer(bytes).is_some()).await;
        find_answer(&self.bytes)
    }
}

fn find_answer(bytes: &[u8]) -> Option<Answer> {
    let (mut interim, mut at) = (Vec::new(), 0);
    loop {
        let Parsed::Complete(head) = head::answer(&bytes[at..]) else { return None };
        at += head.length;
        if matches!(head.status, Some(100 | 102..=199)) {
            interim.push(head);
        } else {
            return Some(Answer { interim, head, end: at });
        }
    }
}
