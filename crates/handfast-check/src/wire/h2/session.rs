//! A connection of HTTP/2 to the target: streams opened with any header list, and all that came on them.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::rustls::ClientConfig;

use super::blocks::{Block, Blocks, Field};
use super::{self as h2, Frame};
use crate::limits::HTTP2_BYTES_MAX;
use crate::wire::dial::{self, Stream};
use crate::wire::frame::{self, MASK};
use crate::wire::tls;

/// What came on a stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Statuses of 100 to 199, in order.
    pub(crate) interim: Vec<u16>,
    /// The first final status.
    pub(crate) status: Option<u16>,
    /// The fields of that answer, without the status.
    pub(crate) fields: Vec<Field>,
    /// The END_STREAM flag stood on that answer.
    pub(crate) ended_at_once: bool,
    pub(crate) data: Vec<u8>,
    /// END_STREAM came.
    pub(crate) ended: bool,
    /// The code of RST_STREAM.
    pub(crate) reset: Option<u32>,
}

impl Seen {
    /// The values of the fields with this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// A final 2xx.
    pub(crate) fn succeeded(&self) -> bool {
        matches!(self.status, Some(200..=299))
    }

    /// An answer of any kind is there.
    pub(crate) fn decided(&self) -> bool {
        self.status.is_some() || self.reset.is_some() || self.interim.contains(&101)
    }
}

/// The open connection.
pub(crate) struct Session {
    stream: Stream,
    unread: Vec<u8>,
    total: usize,
    blocks: Blocks,
    next: u32,
    /// The values of SETTINGS_ENABLE_CONNECT_PROTOCOL in the order they came.
    pub(crate) announced: Vec<u32>,
    /// SETTINGS came.
    pub(crate) settled: bool,
    /// The streams that we opened. What comes on others is not kept: they could be a hundred thousand.
    pub(crate) streams: BTreeMap<u32, Seen>,
    /// The code of GOAWAY, unless it is 0.
    pub(crate) goaway: Option<u32>,
    /// The server closed.
    pub(crate) closed: bool,
}

impl Session {
    /// Connects, with TLS where there is a configuration, and waits for the server's SETTINGS.
    ///
    /// # Errors
    /// No connection, no `h2` by ALPN, or no SETTINGS.
    pub(crate) async fn open(
        address: SocketAddr,
        host: &str,
        tls: Option<&ClientConfig>,
        limit: Duration,
    ) -> io::Result<Session> {
        let stream = dial::tcp(address, limit).await?;
        let stream: Stream = match tls {
            None => Box::new(stream),
            Some(config) => {
                let (stream, words) = dial::tls(stream, host, tls::offering_h2(config), limit).await?;
                if !words.ends_with(" h2") {
                    return Err(io::Error::other("h2 was not chosen by ALPN"));
                }
                stream
            }
        };
        let mut session = Session {
            stream,
            unread: Vec::new(),
            total: 0,
            blocks: Blocks::new(),
            next: 1,
            announced: Vec::new(),
            settled: false,
            streams: BTreeMap::new(),
            goaway: None,
            closed: false,
        };
        session.send(&[h2::PREFACE, &h2::write(h2::SETTINGS, 0, 0, &[])].concat()).await;
        if !session.until(limit, |session| session.settled).await {
            if session.unread.is_empty() {
                return Err(io::Error::other("no SETTINGS came, and nothing else"));
            }
            let first = crate::escape::escape(&session.unread, 60);
            return Err(io::Error::other(format!("no SETTINGS came, but {first}")));
        }
        Ok(session)
    }

    /// The server announced the extended CONNECT.
    pub(crate) fn announces(&self) -> bool {
        self.announced.last() == Some(&1)
    }

    /// Writes. A server that is gone shows it to the reader.
    async fn send(&mut self, bytes: &[u8]) {
        let _gone = self.stream.write_all(bytes).await.and(self.stream.flush().await);
    }

    /// Opens a stream with these fields.
    pub(crate) async fn request(&mut self, fields: &[Field]) -> u32 {
        let stream = self.next;
        self.next += 2;
        let block = h2::literals(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        self.streams.insert(stream, Seen::default());
        self.send(&h2::write(h2::HEADERS, h2::END_HEADERS, stream, &block)).await;
        stream
    }

    /// A WebSocket frame on a stream, masked.
    pub(crate) async fn frame(&mut self, stream: u32, opcode: u8, payload: &[u8]) {
        let frame = frame::write(opcode, payload, Some(MASK));
        self.data(stream, &frame).await;
    }

    /// Bytes on a stream. The checker never sends as many as fill the window that every server grants at first.
    pub(crate) async fn data(&mut self, stream: u32, bytes: &[u8]) {
        self.send(&h2::write(h2::DATA, 0, stream, bytes)).await;
    }

    /// The end of our side of a stream.
    pub(crate) async fn end(&mut self, stream: u32) {
        self.send(&h2::write(h2::DATA, h2::END_STREAM, stream, &[])).await;
    }

    /// An abrupt end.
    pub(crate) async fn reset(&mut self, stream: u32, code: u32) {
        self.send(&h2::write(h2::RST_STREAM, 0, stream, &code.to_be_bytes())).await;
    }

    /// What came on this stream so far.
    pub(crate) fn seen(&self, stream: u32) -> Seen {
        self.streams.get(&stream).cloned().unwrap_or_default()
    }

    /// What came on this stream, in words.
    pub(crate) fn words(&self, stream: u32) -> String {
        let seen = self.seen(stream);
        if seen.interim.contains(&101) {
            return ":status 101".to_owned();
        }
        match (seen.status, seen.reset, self.goaway) {
            (Some(status), _, _) => format!(":status {status}"),
            (None, Some(code), _) => format!("RST_STREAM with code {code}"),
            (None, None, Some(code)) => format!("GOAWAY with code {code}: the whole connection ended"),
            _ if self.closed => "the connection closed without an answer".to_owned(),
            _ => "no answer in time".to_owned(),
        }
    }

    /// Reads until the condition holds, the connection ends or the time is over.
    pub(crate) async fn until(&mut self, limit: Duration, done: impl Fn(&Session) -> bool) -> bool {
        let reading = async {
            while !done(self) {
                if self.closed || !self.more().await {
                    return done(self);
                }
            }
            true
        };
        timeout(limit, reading).await.unwrap_or(false)
    }

    async fn more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer).await {
            Ok(length) if length > 0 && self.total < HTTP2_BYTES_MAX => {
                self.total += length;
                self.unread.extend(&buffer[..length]);
            }
            _ => self.closed = true,
        }
        while !self.closed
            && let Some((frame, length)) = h2::read(&self.unread)
        {
            self.unread.drain(..length);
            self.take(&frame).await;
        }
        !self.closed
    }

    async fn take(&mut self, frame: &Frame) {
        let code = |at: usize| {
            frame.payload.get(at..at + 4).map_or(0, |four| u32::from_be_bytes(four.try_into().expect("four")))
        };
        match frame.kind {
            h2::SETTINGS if frame.flags & h2::ACK == 0 => {
                for six in frame.payload.chunks_exact(6) {
                    if u16::from_be_bytes([six[0], six[1]]) == h2::ENABLE_CONNECT_PROTOCOL {
                        self.announced.push(u32::from_be_bytes([six[2], six[3], six[4], six[5]]));
                    }
                }
                self.settled = true;
                self.send(&h2::write(h2::SETTINGS, h2::ACK, 0, &[])).await;
            }
            h2::PING if frame.flags & h2::ACK == 0 => {
                self.send(&h2::write(h2::PING, h2::ACK, 0, &frame.payload)).await;
            }
            h2::GOAWAY => self.goaway = self.goaway.or(Some(code(4)).filter(|code| *code != 0)),
            h2::RST_STREAM => {
                if let Some(seen) = self.streams.get_mut(&frame.stream) {
                    seen.reset = Some(code(0));
                }
            }
            h2::DATA => {
                if let Some(seen) = self.streams.get_mut(&frame.stream) {
                    seen.data.extend(h2::content(frame));
                    seen.ended |= frame.flags & h2::END_STREAM != 0;
                }
                let length = u32::try_from(frame.payload.len()).expect("24 bits");
                if length > 0 {
                    self.send(&h2::credit(0, length)).await;
                    self.send(&h2::credit(frame.stream, length)).await;
                }
            }
            h2::HEADERS | h2::CONTINUATION => match self.blocks.take(frame) {
                Ok(block) => block.into_iter().for_each(|block| self.block(block)),
                // Nothing behind it can be read: the connection is over.
                Err(_) => self.closed = true,
            },
            _ => {}
        }
    }

    /// An answer, or trailers.
    fn block(&mut self, block: Block) {
        let Block { stream, flags, mut fields } = block;
        let status = fields.iter().position(|(name, _)| name == ":status").map(|at| fields.remove(at).1);
        let status = status.and_then(|digits| digits.parse::<u16>().ok());
        let ends = flags & h2::END_STREAM != 0;
        let Some(seen) = self.streams.get_mut(&stream) else { return };
        seen.ended |= ends;
        match status {
            Some(interim @ 100..=199) => {
                seen.interim.push(interim);
                if interim == 101 {
                    seen.fields = fields;
                }
            }
            Some(status) if seen.status.is_none() => {
                seen.status = Some(status);
                seen.fields = fields;
                seen.ended_at_once = ends;
            }
            // Trailers.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn answers_on_streams_that_were_never_opened_are_not_kept() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut bytes = h2::write(h2::SETTINGS, 0, 0, &[]);
            for number in [2, 3, 5, 7] {
                bytes.extend(h2::write(h2::HEADERS, h2::END_HEADERS, number, &[0x88]));
                bytes.extend(h2::write(h2::DATA, 0, number, b"data"));
                bytes.extend(h2::write(h2::RST_STREAM, 0, number, &[0; 4]));
            }
            stream.write_all(&bytes).await.expect("the checker reads");
            let _all = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        });
        let mut session = Session::open(address, "", None, LIMIT).await.expect("SETTINGS came");
        session.until(Duration::from_millis(200), |_| false).await;
        assert!(!session.closed && session.streams.is_empty());
    }
}
