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
    /// What WINDOW_UPDATE granted us beyond the first window, less what we sent, in bytes.
    granted: i64,
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

/// What the server does not let us send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Withheld {
    /// Bytes: its window stayed shut.
    Window,
    /// Streams: it takes only so many at a time.
    Streams(u32),
}

/// The open connection.
pub(crate) struct Session {
    stream: Stream,
    /// How long an answer may take.
    limit: Duration,
    unread: Vec<u8>,
    /// What is to be written: the rest of a frame, and others behind it, where writing was interrupted.
    unsent: Vec<u8>,
    total: usize,
    blocks: Blocks,
    next: u32,
    /// What we may send: on the connection, and at first on a stream, in bytes.
    window: i64,
    initial: i64,
    /// SETTINGS_MAX_CONCURRENT_STREAMS.
    streams_max: Option<u32>,
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
        Session::over(stream, limit).await
    }

    /// The same over a stream that is there.
    async fn over(stream: Stream, limit: Duration) -> io::Result<Session> {
        let mut session = Session {
            stream,
            limit,
            unread: Vec::new(),
            unsent: Vec::new(),
            total: 0,
            blocks: Blocks::new(),
            next: 1,
            window: h2::WINDOW,
            initial: h2::WINDOW,
            streams_max: None,
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

    /// Writes, behind whatever was not written yet: where this is dropped halfway, as by the time that [`until`](Session::until)
    /// has, the next one goes on in the same frame. A server that is gone shows it to the reader; one that reads nothing for as
    /// long as an answer may take is given up.
    async fn send(&mut self, bytes: &[u8]) {
        self.unsent.extend(bytes);
        let writing = async {
            while !self.unsent.is_empty() {
                match self.stream.write(&self.unsent).await {
                    Ok(written) if written > 0 => drop(self.unsent.drain(..written)),
                    _ => self.unsent.clear(),
                }
            }
            let _gone = self.stream.flush().await;
        };
        self.closed |= timeout(self.limit, writing).await.is_err();
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

    /// So many streams may be open at a time.
    ///
    /// # Errors
    /// The server announced fewer.
    pub(crate) fn allows(&self, streams: usize) -> Result<(), Withheld> {
        match self.streams_max {
            Some(most) if u64::from(most) < streams as u64 => Err(Withheld::Streams(most)),
            _ => Ok(()),
        }
    }

    /// A WebSocket frame on a stream, masked.
    ///
    /// # Errors
    /// Those of [`data`](Session::data).
    pub(crate) async fn frame(&mut self, stream: u32, opcode: u8, payload: &[u8]) -> Result<(), Withheld> {
        let frame = frame::write(opcode, payload, Some(MASK));
        self.data(stream, &frame).await
    }

    /// Bytes on a stream, in one frame where the window has room for them. Where the server ended it, the rest is left: its
    /// judge sees that by itself.
    ///
    /// # Errors
    /// The window stayed shut as long as an answer may take: a part was not sent.
    pub(crate) async fn data(&mut self, stream: u32, bytes: &[u8]) -> Result<(), Withheld> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let limit = self.limit;
            self.until(limit, |session| session.room(stream) > 0 || !session.lives(stream)).await;
            match self.room(stream) {
                0 if self.lives(stream) => return Err(Withheld::Window),
                0 => return Ok(()),
                _ => {}
            }
            let (part, behind) = rest.split_at(rest.len().min(self.room(stream)));
            let taken = i64::try_from(part.len()).expect("shorter than a window");
            self.window -= taken;
            if let Some(seen) = self.streams.get_mut(&stream) {
                seen.granted -= taken;
            }
            self.send(&h2::write(h2::DATA, 0, stream, part)).await;
            rest = behind;
        }
        Ok(())
    }

    /// The server has ended neither the stream nor the connection.
    fn lives(&self, stream: u32) -> bool {
        let open = self.streams.get(&stream).is_some_and(|seen| !seen.ended && seen.reset.is_none());
        open && !self.closed && self.goaway.is_none()
    }

    /// How many bytes the windows let through on this stream.
    fn room(&self, stream: u32) -> usize {
        let granted = self.streams.get(&stream).map_or(0, |seen| seen.granted);
        usize::try_from(self.window.min(self.initial + granted)).unwrap_or(0)
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

    /// Reads until the condition holds, the connection ends or the time is over. Cancel-safe: nothing that came is lost, and
    /// no frame of ours is left half.
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
        // What an interrupted call left.
        if !self.unsent.is_empty() {
            self.send(&[]).await;
        }
        if h2::read(&self.unread).is_none() {
            let mut buffer = [0; 16 * 1024];
            match self.stream.read(&mut buffer).await {
                Ok(length) if length > 0 && self.total < HTTP2_BYTES_MAX => {
                    self.total += length;
                    self.unread.extend(&buffer[..length]);
                }
                _ => self.closed = true,
            }
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
                    let value = u32::from_be_bytes([six[2], six[3], six[4], six[5]]);
                    match u16::from_be_bytes([six[0], six[1]]) {
                        h2::ENABLE_CONNECT_PROTOCOL => self.announced.push(value),
                        h2::INITIAL_WINDOW_SIZE => self.initial = i64::from(value),
                        h2::MAX_CONCURRENT_STREAMS => self.streams_max = Some(value),
                        _ => {}
                    }
                }
                self.settled = true;
                self.send(&h2::write(h2::SETTINGS, h2::ACK, 0, &[])).await;
            }
            h2::PING if frame.flags & h2::ACK == 0 => {
                self.send(&h2::write(h2::PING, h2::ACK, 0, &frame.payload)).await;
            }
            h2::WINDOW_UPDATE => {
                let more = i64::from(code(0) & 0x7FFF_FFFF);
                match self.streams.get_mut(&frame.stream) {
                    Some(seen) => seen.granted += more,
                    None if frame.stream == 0 => self.window += more,
                    None => {}
                }
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
                    self.send(&[h2::credit(0, length), h2::credit(frame.stream, length)].concat()).await;
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
    use tokio::io::{DuplexStream, duplex};

    use super::*;
    use crate::finding::Finding;
    use crate::report::Verdict;

    const LIMIT: Duration = Duration::from_secs(10);

    /// The session, once these settings came, and the server's end.
    async fn with(settings: &[u8]) -> (Session, DuplexStream) {
        let (ours, mut theirs) = duplex(64 * 1024);
        theirs.write_all(&h2::write(h2::SETTINGS, 0, 0, settings)).await.expect("there is room");
        (Session::over(Box::new(ours), LIMIT).await.expect("SETTINGS came"), theirs)
    }

    fn setting(name: u16, value: u32) -> Vec<u8> {
        [&name.to_be_bytes()[..], &value.to_be_bytes()].concat()
    }

    /// Reads until so many bytes of DATA came, granting as many anew after each frame; gives the lengths of the frames.
    async fn read_data(mut stream: DuplexStream, total: usize, first: usize) -> Vec<usize> {
        let (mut bytes, mut lengths, mut room) = (Vec::new(), Vec::new(), first);
        stream.read_exact(&mut [0; h2::PREFACE.len()]).await.expect("the preface");
        while lengths.iter().sum::<usize>() < total {
            while let Some((frame, length)) = h2::read(&bytes) {
                bytes.drain(..length);
                if frame.kind == h2::DATA {
                    assert!(frame.payload.len() <= room, "FLOW_CONTROL_ERROR");
                    lengths.push(frame.payload.len());
                    room = first;
                    let more = u32::try_from(frame.payload.len()).expect("short");
                    stream.write_all(&h2::credit(frame.stream, more)).await.expect("the checker reads");
                }
            }
            if lengths.iter().sum::<usize>() < total {
                assert!(stream.read_buf(&mut bytes).await.expect("no reset") > 0, "the rest came");
            }
        }
        lengths
    }

    #[tokio::test]
    async fn no_more_is_sent_than_a_small_window_takes() {
        let (mut session, theirs) = with(&setting(h2::INITIAL_WINDOW_SIZE, 4096)).await;
        let reading = tokio::spawn(read_data(theirs, 9000, 4096));
        let stream = session.request(&[]).await;
        assert_eq!(session.data(stream, &[0; 9000]).await, Ok(()));
        assert_eq!(reading.await.expect("no window was overrun"), [4096, 4096, 808]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_that_stays_shut_and_too_few_streams_are_told() {
        let settings = [setting(h2::INITIAL_WINDOW_SIZE, 0), setting(h2::MAX_CONCURRENT_STREAMS, 2)].concat();
        let (mut session, mut theirs) = with(&settings).await;
        assert_eq!((session.allows(2), session.allows(3)), (Ok(()), Err(Withheld::Streams(2))));
        let stream = session.request(&[]).await;
        assert_eq!(session.data(stream, b"x").await, Err(Withheld::Window));
        assert_eq!(Finding::from(Withheld::Window).verdict, Verdict::Inconclusive);
        // A stream that was reset takes nothing: its judge sees why.
        theirs.write_all(&h2::write(h2::RST_STREAM, 0, stream, &[0; 4])).await.expect("there is room");
        assert_eq!(session.data(stream, b"x").await, Ok(()));
    }

    #[tokio::test]
    async fn answers_on_streams_that_were_never_opened_are_not_kept() {
        let (mut session, mut theirs) = with(&[]).await;
        for number in [2, 3, 5, 7] {
            let bytes = [
                h2::write(h2::HEADERS, h2::END_HEADERS, number, &[0x88]),
                h2::write(h2::DATA, 0, number, b"data"),
                h2::write(h2::RST_STREAM, 0, number, &[0; 4]),
            ];
            theirs.write_all(&bytes.concat()).await.expect("there is room");
        }
        session.until(Duration::from_millis(200), |_| false).await;
        assert!(!session.closed && session.streams.is_empty());
    }

    #[tokio::test]
    async fn time_that_ends_within_a_write_leaves_no_half_frame() {
        const PINGS: u64 = 100;
        let (ours, mut theirs) = duplex(256);
        theirs.write_all(&h2::write(h2::SETTINGS, 0, 0, &[])).await.expect("there is room");
        let mut session = Session::over(Box::new(ours), LIMIT).await.expect("SETTINGS came");
        let (mut reader, mut writer) = tokio::io::split(theirs);
        tokio::spawn(async move {
            for number in 0..PINGS {
                let ping = h2::write(h2::PING, 0, 0, &number.to_be_bytes());
                writer.write_all(&ping).await.expect("the checker reads");
            }
        });
        // Nobody reads the answers: the pipe is full in the middle of one.
        assert!(!session.until(Duration::from_millis(100), |_| false).await);
        assert!(!session.closed && !session.unsent.is_empty());
        let reading = tokio::spawn(async move {
            reader.read_exact(&mut [0; h2::PREFACE.len()]).await.expect("the preface");
            let (mut bytes, mut kinds, mut answers) = (Vec::new(), Vec::new(), Vec::new());
            loop {
                while let Some((frame, length)) = h2::read(&bytes) {
                    bytes.drain(..length);
                    kinds.push(frame.kind);
                    if frame.kind == h2::PING {
                        answers.push(u64::from_be_bytes(frame.payload.try_into().expect("eight bytes")));
                    }
                }
                if kinds.contains(&h2::HEADERS) && answers.contains(&(PINGS - 1)) {
                    return answers;
                }
                let reading = timeout(LIMIT, reader.read_buf(&mut bytes));
                assert!(reading.await.expect("no frame is missing").expect("no reset") > 0);
            }
        });
        session.request(&[]).await;
        session.until(LIMIT, |_| false).await;
        assert_eq!(reading.await.expect("whole frames"), (0..PINGS).collect::<Vec<_>>());
    }
}
