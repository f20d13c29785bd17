//! A connection of HTTP/2 to the origin: every stream is a connection for a script of its own.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tokio::io::{self, AsyncReadExt, AsyncWriteExt, WriteHalf};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::play::{Connection, play};
use super::stream::{Said, carry};
use super::{Arrival, End, MARKER, Shared, Step, after};
use crate::limits::{ORIGIN_BYTES_MAX, ORIGIN_SILENCE_MAX, ORIGIN_STREAMS_MAX};
use crate::wire::dial::Stream;
use crate::wire::h2::blocks::{Block, Blocks};
use crate::wire::h2::{self, Frame};
use crate::wire::head::{Field, Head};

/// The payload that every peer takes (RFC 9113 section 4.2).
const FRAME: usize = 16 * 1024;
/// All that is ever granted to a stream, the first window with it.
const GRANTED: i64 = ORIGIN_BYTES_MAX as i64 + h2::WINDOW;

/// An open stream.
struct Open {
    arrival: Arc<Arrival>,
    /// To the script; none once the device has ended its side.
    came: Option<UnboundedSender<Vec<u8>>>,
    received: i64,
    window: i64,
    waiting: VecDeque<u8>,
    /// The script is at its end: END_STREAM follows what waits.
    ends: bool,
    /// END_STREAM was sent.
    ended: bool,
}

struct Http2 {
    shared: Arc<Shared>,
    writer: WriteHalf<Stream>,
    number: usize,
    /// The extended CONNECT was announced on it.
    announced: bool,
    blocks: Blocks,
    /// What the device lets us send: on the connection, and at first on a stream.
    window: i64,
    initial: i64,
    open: BTreeMap<u32, Open>,
    latest: u32,
    say: UnboundedSender<(u32, Said)>,
    scripts: JoinSet<()>,
}

/// Serves a connection that began with the preface to its end.
pub(super) async fn serve(mut connection: Connection) {
    while connection.bytes.len() < h2::PREFACE.len() {
        if !connection.more().await {
            return;
        }
    }
    let Connection { shared, stream, number, mut bytes, .. } = connection;
    bytes.drain(..h2::PREFACE.len());
    let mut announces = shared.announces.subscribe();
    let announced = *announces.borrow_and_update();
    let (mut reader, writer) = io::split(stream);
    let (say, mut said) = mpsc::unbounded_channel();
    let mut http2 = Http2 {
        shared,
        writer,
        number,
        announced,
        blocks: Blocks::new(),
        window: h2::WINDOW,
        initial: h2::WINDOW,
        open: BTreeMap::new(),
        latest: 0,
        say,
        scripts: JoinSet::new(),
    };
    let setting = [&h2::ENABLE_CONNECT_PROTOCOL.to_be_bytes()[..], &1_u32.to_be_bytes()].concat();
    http2.send(&h2::write(h2::SETTINGS, 0, 0, if announced { &setting } else { &[] })).await;
    let mut buffer = [0; FRAME];
    'serving: loop {
        while let Some((frame, length)) = h2::read(&bytes) {
            bytes.drain(..length);
            if !http2.take(&frame).await {
                break 'serving;
            }
        }
        tokio::select! {
            read = timeout(ORIGIN_SILENCE_MAX, reader.read(&mut buffer)) => match read {
                Ok(Ok(length)) if length > 0 && bytes.len() < ORIGIN_BYTES_MAX => bytes.extend(&buffer[..length]),
                _ => break,
            },
            Some((stream, what)) = said.recv() => http2.say(stream, what).await,
            _changed = announces.changed() => {
                let last = [http2.latest.to_be_bytes(), [0; 4]].concat();
                http2.send(&h2::write(h2::GOAWAY, 0, 0, &last)).await;
                break;
            }
            Some(_ended) = http2.scripts.join_next() => {}
        }
    }
    http2.open.values().for_each(|open| open.arrival.end(End::Abrupt));
    http2.shared.changed.notify_waiters();
    let _gone = http2.writer.shutdown().await;
}

impl Http2 {
    /// Writes. A device that is gone shows it to the reader.
    async fn send(&mut self, bytes: &[u8]) {
        let _gone = self.writer.write_all(bytes).await;
    }

    async fn reset(&mut self, stream: u32, code: u32) {
        self.open.remove(&stream);
        self.send(&h2::write(h2::RST_STREAM, 0, stream, &code.to_be_bytes())).await;
    }

    /// Takes a frame. False where nothing behind it can be read.
    async fn take(&mut self, frame: &Frame) -> bool {
        let ends = frame.flags & h2::END_STREAM != 0;
        match frame.kind {
            h2::SETTINGS if frame.flags & h2::ACK == 0 => {
                for six in frame.payload.chunks_exact(6) {
                    if u16::from_be_bytes([six[0], six[1]]) == h2::INITIAL_WINDOW_SIZE {
                        let size = i64::from(u32::from_be_bytes([six[2], six[3], six[4], six[5]]));
                        self.open.values_mut().for_each(|open| open.window += size - self.initial);
                        self.initial = size;
                    }
                }
                self.send(&h2::write(h2::SETTINGS, h2::ACK, 0, &[])).await;
                self.flush().await;
            }
            h2::PING if frame.flags & h2::ACK == 0 => {
                self.send(&h2::write(h2::PING, h2::ACK, 0, &frame.payload)).await;
            }
            h2::WINDOW_UPDATE => {
                let more = frame.payload.first_chunk().map_or(0, |four| i64::from(u32::from_be_bytes(*four)));
                match (frame.stream, self.open.get_mut(&frame.stream)) {
                    (0, _) => self.window += more,
                    (_, Some(open)) => open.window += more,
                    (_, None) => {}
                }
                self.flush().await;
            }
            h2::RST_STREAM => {
                if let Some(open) = self.open.remove(&frame.stream) {
                    open.arrival.end(End::Abrupt);
                    self.shared.changed.notify_waiters();
                }
            }
            h2::DATA => self.data(frame, ends).await,
            h2::HEADERS | h2::CONTINUATION => match self.blocks.take(frame) {
                Ok(Some(block)) if self.open.contains_key(&block.stream) => self.over(block.stream),
                Ok(Some(block)) => self.request(block).await,
                Ok(None) => {}
                Err(_) => return false,
            },
            _ => {}
        }
        true
    }

    async fn data(&mut self, frame: &Frame, ends: bool) {
        let length = u32::try_from(frame.payload.len()).expect("24 bits");
        let mut credit = Vec::new();
        if length > 0 {
            credit.extend(h2::credit(0, length));
        }
        let mut overrun = false;
        if let Some(open) = self.open.get_mut(&frame.stream) {
            open.received += i64::from(length);
            overrun = open.received > GRANTED;
            // What is not kept is not asked for.
            if length > 0 && open.received < ORIGIN_BYTES_MAX as i64 {
                credit.extend(h2::credit(frame.stream, length));
            }
            if let Some(came) = open.came.as_ref().filter(|_| !overrun) {
                // A script that is at its end takes nothing more.
                let _ended = came.send(h2::content(frame).to_vec());
            }
        }
        self.send(&credit).await;
        if overrun {
            // A script that waits would hold without end what a device sends without regard to the windows.
            self.reset(frame.stream, h2::FLOW_CONTROL_ERROR).await;
        } else if ends {
            self.over(frame.stream);
        }
    }

    /// The device has ended its side of a stream.
    fn over(&mut self, stream: u32) {
        if let Some(open) = self.open.get_mut(&stream) {
            open.came = None;
            open.arrival.end(End::Orderly);
            self.shared.changed.notify_waiters();
            if open.ended {
                self.open.remove(&stream);
            }
        }
    }

    /// A request: its script begins.
    async fn request(&mut self, block: Block) {
        let stream = block.stream;
        self.latest = self.latest.max(stream);
        while self.scripts.try_join_next().is_some() {}
        // Each stream has two tasks, which may outlive it: a script that waits does not see a reset.
        if self.open.len() >= ORIGIN_STREAMS_MAX || self.scripts.len() >= 2 * ORIGIN_STREAMS_MAX {
            return self.reset(stream, h2::REFUSED_STREAM).await;
        }
        let ends = block.flags & h2::END_STREAM != 0;
        let (arrival, steps) = self.shared.arrived(self.arrival(block));
        if arrival.head.count(":protocol") > 0 && !self.announced {
            return self.reset(stream, h2::PROTOCOL_ERROR).await;
        }
        let (script, pipe) = io::duplex(FRAME);
        let (came, receiver) = mpsc::unbounded_channel();
        self.scripts.spawn(carry(stream, pipe, receiver, self.say.clone()));
        let connection = Connection {
            shared: Arc::clone(&self.shared),
            stream: Box::new(script),
            number: self.number,
            bytes: Vec::new(),
            end: None,
        };
        self.scripts.spawn(run(connection, Arc::clone(&arrival), steps));
        let (came, window, waiting) = (Some(came), self.initial, VecDeque::new());
        self.open
            .insert(stream, Open { arrival, came, received: 0, window, waiting, ends: false, ended: false });
        if ends {
            self.over(stream);
        }
    }

    fn arrival(&self, block: Block) -> Arrival {
        let fields: Vec<Field> =
            block.fields.into_iter().map(|(name, value)| Field { name, value }).collect();
        let lines: String = fields.iter().map(|field| format!("{}: {}\n", field.name, field.value)).collect();
        let mut head = Head { fields, ..Head::default() };
        let one = |name: &str| head.first(name).unwrap_or_default().to_owned();
        let first = format!("{} {} HTTP/2", one(":method"), one(":path"));
        head.first_line = first.into_bytes();
        let token = after(&head.first_line, MARKER.as_bytes()).unwrap_or_default();
        Arrival::new(token, self.number, true, lines.into_bytes(), head)
    }

    /// What a script says on its stream.
    async fn say(&mut self, stream: u32, what: Said) {
        let Some(open) = self.open.get_mut(&stream) else { return };
        match what {
            Said::Head(fields, ends) => {
                let block = h2::literals(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
                let flags = h2::END_HEADERS | if ends { h2::END_STREAM } else { 0 };
                self.send(&h2::write(h2::HEADERS, flags, stream, &block)).await;
                if ends {
                    self.close(stream);
                }
            }
            Said::Data(bytes) => {
                open.waiting.extend(bytes);
                self.flush().await;
            }
            Said::End => {
                open.ends = true;
                self.flush().await;
            }
            Said::Broken => self.reset(stream, h2::CANCEL).await,
        }
    }

    /// Our side has ended; the stream is gone when the device's has, too.
    fn close(&mut self, stream: u32) {
        if let Some(open) = self.open.get_mut(&stream) {
            open.ended = true;
            if open.came.is_none() {
                self.open.remove(&stream);
            }
        }
    }

    /// Sends what waits, as far as the windows allow.
    async fn flush(&mut self) {
        let mut bytes = Vec::new();
        let mut over = Vec::new();
        for (stream, open) in &mut self.open {
            while !open.waiting.is_empty() {
                let room = usize::try_from(open.window.min(self.window)).unwrap_or(0);
                let length = room.min(FRAME).min(open.waiting.len());
                if length == 0 {
                    break;
                }
                let part: Vec<u8> = open.waiting.drain(..length).collect();
                let taken = i64::try_from(length).expect("at most a frame");
                open.window -= taken;
                self.window -= taken;
                bytes.extend(h2::write(h2::DATA, 0, *stream, &part));
            }
            if open.ends && !open.ended && open.waiting.is_empty() {
                over.push(*stream);
            }
        }
        self.send(&bytes).await;
        for stream in over {
            self.send(&h2::write(h2::DATA, h2::END_STREAM, stream, &[])).await;
            self.close(stream);
        }
    }
}

/// Plays a script on its stream.
async fn run(mut connection: Connection, arrival: Arc<Arrival>, steps: Vec<Step>) {
    play(&mut connection, &arrival, steps).await;
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use super::super::{Origin, Script};
    use super::*;
    use crate::target::Target;
    use crate::wire::h2::session::Session;
    use crate::wire::h2::{blocks, exchange};

    const LIMIT: Duration = Duration::from_secs(10);

    /// A connection to an origin whose scripts do nothing but wait, and the fields of a request for it.
    async fn waiting() -> (Origin, Session, Vec<blocks::Field>) {
        let origin = Origin::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port");
        let token = origin.expect(Script::both(vec![Step::Wait(LIMIT)]));
        let target = Target::parse("ws://origin/").expect("valid");
        let fields = exchange::base(&target, &format!("/?{MARKER}{token}"), &[]);
        let session = Session::open(origin.address, "", None, LIMIT).await.expect("HTTP/2");
        assert!(session.announces());
        (origin, session, fields)
    }

    /// The streams that got an answer, and the code of RST_STREAM where it was that.
    async fn answered(session: &mut Session, last: u32) -> Vec<(u32, Option<u32>)> {
        assert!(session.until(LIMIT, |session| session.seen(last).decided()).await);
        let decided = session.streams.iter().filter(|(_, seen)| seen.decided());
        decided.map(|(stream, seen)| (*stream, seen.reset)).collect()
    }

    #[tokio::test]
    async fn one_stream_too_many_is_refused_and_the_others_live() {
        let (_origin, mut session, fields) = waiting().await;
        for _ in 0..ORIGIN_STREAMS_MAX {
            session.request(&fields).await;
        }
        let last = session.request(&fields).await;
        assert_eq!(answered(&mut session, last).await, [(last, Some(h2::REFUSED_STREAM))]);
    }

    #[tokio::test]
    async fn scripts_of_streams_that_were_reset_count_until_they_end() {
        let (_origin, mut session, fields) = waiting().await;
        for _ in 0..ORIGIN_STREAMS_MAX {
            let stream = session.request(&fields).await;
            session.reset(stream, h2::CANCEL).await;
        }
        let last = session.request(&fields).await;
        assert_eq!(answered(&mut session, last).await, [(last, Some(h2::REFUSED_STREAM))]);
    }

    #[tokio::test]
    async fn a_stream_beyond_its_windows_is_reset() {
        let (origin, _session, fields) = waiting().await;
        let device = tokio::net::TcpStream::connect(origin.address).await.expect("the origin listens");
        let (mut reader, mut writer) = device.into_split();
        let block = h2::literals(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let begin = [h2::PREFACE, &h2::write(h2::HEADERS, h2::END_HEADERS, 1, &block)].concat();
        writer.write_all(&begin).await.expect("it reads");
        tokio::spawn(async move {
            // The frame within which the last byte that was granted comes, and one more.
            for _ in 0..=GRANTED / FRAME as i64 {
                writer.write_all(&h2::write(h2::DATA, 0, 1, &[0; FRAME])).await.expect("it reads");
            }
            std::future::pending::<()>().await;
        });
        let mut bytes = Vec::new();
        let reset = async {
            loop {
                while let Some((frame, length)) = h2::read(&bytes) {
                    bytes.drain(..length);
                    if frame.kind == h2::RST_STREAM {
                        return frame.payload;
                    }
                }
                assert!(reader.read_buf(&mut bytes).await.expect("no error") > 0, "the connection lives");
            }
        };
        let code = timeout(LIMIT, reset).await.expect("it is refused");
        assert_eq!(code, h2::FLOW_CONTROL_ERROR.to_be_bytes());
    }
}
