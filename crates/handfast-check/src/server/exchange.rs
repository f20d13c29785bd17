//! One exchange: connect, send, read what comes, and note everything.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::time::{sleep, timeout};

use super::context::Context;
use super::stimulus::{Delivery, Follow, Stimulus, ping_frame, text_frame};
use crate::expect;
use crate::limits::{ANSWER_KEPT_BYTES_MAX, HEAD_BYTES_MAX, SENT_KEPT_BYTES_MAX, STUCK_MAX};
use crate::wire::dial::{self, Stream};
use crate::wire::frame::{self, Frame, MASK};
use crate::wire::head::{self, Body, Head, Parsed};

/// The payload of the checker's ping after an accepted handshake.
pub(crate) const PING: &str = "handfast";
/// The text that an echo service is asked to send back.
pub(crate) const ECHO: &str = "handfast asks for an echo";

/// What was sent and what came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observation {
    /// What was special about it.
    pub(crate) label: String,
    /// The bytes sent up to the answer, the first 2 MiB of them.
    pub(crate) sent: Vec<u8>,
    /// How many bytes left before the answer.
    pub(crate) sent_length: usize,
    /// How they left.
    pub(crate) delivery: Delivery,
    /// The key in it.
    pub(crate) key: String,
    /// Answers with 100 to 199 other than 101.
    pub(crate) interim: Vec<Head>,
    /// The final answer's head.
    pub(crate) head: Option<Head>,
    /// The bytes of the head as they came.
    pub(crate) head_bytes: Vec<u8>,
    /// The body of a refusal, or the bytes after a 101.
    pub(crate) body: Vec<u8>,
    /// The refusal's body ended where it was announced.
    pub(crate) complete: bool,
    /// Bytes beyond the announced end of a refusal.
    pub(crate) surplus: usize,
    /// All that came, the first 64 KiB.
    pub(crate) received: Vec<u8>,
    /// How reading ended.
    pub(crate) end: End,
    /// The first line of the answer to a second request.
    pub(crate) second: Option<Head>,
    /// From the last byte sent to the head, or to the end.
    pub(crate) waited: Duration,
    /// The whole request had left before the answer was read.
    pub(crate) sent_whole: bool,
    /// When the connection stood.
    pub(crate) begun: Option<Instant>,
    /// When it was over.
    pub(crate) ended: Option<Instant>,
    /// Sent alone, it got no answer and the server went away.
    pub(crate) fatal: bool,
}

/// How reading ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// The connection was still open when enough was known.
    #[default]
    Open,
    /// The server closed it.
    Closed,
    /// The server reset it.
    Reset,
    /// Nothing more came in time.
    Silent,
    /// Nothing was measured, in words: there was no connection, or the server went away meanwhile.
    Unmeasured(String),
}

/// What the answer amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// 101 with the right accept; alive afterwards, as far as the target ever shows it.
    Accepted,
    /// 101 with something wrong, in words.
    Faulty(String),
    /// Another final status.
    Status(u16),
    /// Bytes that are no HTTP answer.
    NotHttp,
    /// Closed without a byte.
    Closed,
    /// Reset without a byte.
    Reset,
    /// No final answer in time.
    Silent,
    /// Nothing was measured, in words.
    Unmeasured(String),
}

struct Reader {
    half: ReadHalf<Stream>,
    bytes: Vec<u8>,
    end: End,
}

impl Reader {
    /// Reads once. False when nothing more will come.
    async fn more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.half.read(&mut buffer).await {
            Ok(0) => self.end = End::Closed,
            Ok(length) => self.bytes.extend(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => self.end = End::Reset,
            // TLS without its closing alert is a close like any other here.
            Err(_) => self.end = End::Closed,
        }
        self.end == End::Open
    }

    /// Reads until the condition holds, the stream ends or the time is over.
    async fn until(&mut self, limit: Duration, mut done: impl FnMut(&[u8]) -> bool) -> bool {
        let reading = async {
            loop {
                if done(&self.bytes) {
                    return true;
                }
                if self.bytes.len() > HEAD_BYTES_MAX * 8 || !self.more().await {
                    return done(&self.bytes);
                }
            }
        };
        timeout(limit, reading).await.unwrap_or(false)
    }
}

/// Makes the exchange.
pub(crate) async fn exchange(context: &Context, stimulus: &Stimulus) -> Observation {
    let fresh = stimulus.key.clone().unwrap_or_else(expect::fresh_key);
    let request = stimulus.render(&fresh);
    let key = key_sent(&request).unwrap_or(fresh);
    let mut seen = Observation {
        label: stimulus.label.clone(),
        sent: request[..request.len().min(SENT_KEPT_BYTES_MAX)].to_vec(),
        delivery: stimulus.delivery.clone(),
        key,
        ..Observation::default()
    };
    context.pace().await;
    let stream = match connect(context).await {
        Ok(stream) => stream,
        Err(error) => {
            seen.end = End::Unmeasured(format!("no connection: {error}"));
            seen.ended = Some(Instant::now());
            return seen;
        }
    };
    seen.begun = Some(Instant::now());
    let (half, mut writer) = split(stream);
    let mut reader = Reader { half, bytes: Vec::new(), end: End::Open };
    let answered = send_and_read(context, stimulus, &request, &mut writer, &mut reader, &mut seen).await;
    if answered {
        let status = seen.head.as_ref().and_then(|head| head.status);
        if status == Some(101) {
            after_101(context, stimulus, &mut writer, &mut reader, &mut seen).await;
        } else {
            after_refusal(context, stimulus, &mut writer, &mut reader, &mut seen).await;
        }
    }
    reader.bytes.truncate(ANSWER_KEPT_BYTES_MAX);
    seen.received = reader.bytes;
    if seen.end == End::Open {
        seen.end = reader.end;
    }
    seen.ended = Some(Instant::now());
    seen
}

/// The key as it stands in the request, whatever it is worth: the value of its only Sec-WebSocket-Key line. `None` where
/// there are several lines or none, or one that goes on in the next.
fn key_sent(request: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"Sec-WebSocket-Key:";
    let head = request.windows(4).position(|four| four == b"\r\n\r\n").map_or(request, |end| &request[..end]);
    if head.windows(2).any(|two| two[0] == b'\n' && matches!(two[1], b' ' | b'\t')) {
        return None;
    }
    let mut values = head
        .split(|byte| *byte == b'\n')
        .filter(|line| line.len() >= NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME))
        .map(|line| line[NAME.len()..].trim_ascii());
    let value = values.next().filter(|_| values.next().is_none())?;
    std::str::from_utf8(value).ok().map(str::to_owned)
}

/// Opens a connection to the target.
pub(crate) async fn connect(context: &Context) -> io::Result<Stream> {
    let limit = context.options.timeout;
    let stream = dial::tcp(context.address, limit).await?;
    match &context.tls {
        None => Ok(Box::new(stream)),
        Some(config) => {
            let (stream, _) = dial::tls(stream, &context.target.host, config.clone(), limit).await?;
            Ok(stream)
        }
    }
}

/// Sends the request while reading. True once a final head has come.
async fn send_and_read(
    context: &Context,
    stimulus: &Stimulus,
    request: &[u8],
    writer: &mut WriteHalf<Stream>,
    reader: &mut Reader,
    seen: &mut Observation,
) -> bool {
    let mut written = 0_usize;
    let answered = {
        let write = send(stimulus, request, writer, &mut written);
        tokio::pin!(write);
        let mut writing = true;
        let mut started = Instant::now();
        loop {
            if take_head(reader, seen) {
                seen.waited = started.elapsed();
                seen.sent_whole = !writing;
                break true;
            }
            // While bytes still leave, the clock of the answer has not started; a stuck write has its own limit.
            let limit = context.options.timeout;
            tokio::select! {
                result = &mut write, if writing => {
                    writing = false;
                    started = Instant::now();
                    // A failed write is no end: the answer may be on its way.
                    let _failed = result;
                }
                open = reader.more() => {
                    // So much without the end of a head is no HTTP, and may never end.
                    if !open || reader.bytes.len() > HEAD_BYTES_MAX {
                        seen.waited = started.elapsed();
                        seen.sent_whole = !writing;
                        break take_head(reader, seen);
                    }
                }
                () = sleep(limit.saturating_sub(started.elapsed())), if !writing => {
                    seen.end = End::Silent;
                    seen.waited = started.elapsed();
                    seen.sent_whole = true;
                    break false;
                }
                () = sleep(STUCK_MAX), if writing => {
                    seen.end = End::Silent;
                    break false;
                }
            }
        }
    };
    seen.sent_length = written.max(seen.sent.len());
    answered
}

async fn send(
    stimulus: &Stimulus,
    request: &[u8],
    writer: &mut WriteHalf<Stream>,
    written: &mut usize,
) -> io::Result<()> {
    match &stimulus.delivery {
        Delivery::Whole => put(writer, request, written).await,
        Delivery::Pieces(cuts, pause) => {
            let mut at = 0;
            for cut in cuts.iter().copied().chain([request.len()]) {
                let cut = cut.min(request.len());
                if cut > at {
                    put(writer, &request[at..cut], written).await?;
                    sleep(*pause).await;
                    at = cut;
                }
            }
            Ok(())
        }
        Delivery::Endless(chunk, limit) => {
            put(writer, request, written).await?;
            while *written < *limit {
                put(writer, chunk, written).await?;
            }
            Ok(())
        }
        Delivery::Drip(length) => {
            put(writer, request, written).await?;
            let start = Instant::now();
            while start.elapsed() < *length {
                sleep(Duration::from_secs(1)).await;
                put(writer, b"a", written).await?;
            }
            Ok(())
        }
    }
}

async fn put(writer: &mut WriteHalf<Stream>, bytes: &[u8], written: &mut usize) -> io::Result<()> {
    // In slices, so that the count is right when the server stops reading.
    for slice in bytes.chunks(64 * 1024) {
        writer.write_all(slice).await?;
        *written += slice.len();
    }
    writer.flush().await
}

/// Moves a whole head from the reader to what was seen. True for a final one.
fn take_head(reader: &mut Reader, seen: &mut Observation) -> bool {
    loop {
        let before: usize = seen.interim.iter().map(|head| head.length).sum();
        let Parsed::Complete(head) = head::answer(&reader.bytes[before..]) else { return false };
        seen.head_bytes = reader.bytes[before..before + head.length].to_vec();
        let interim = matches!(head.status, Some(100 | 102..=199));
        if interim && seen.interim.len() < 16 {
            seen.interim.push(head);
            continue;
        }
        seen.head = Some(head);
        return true;
    }
}

async fn after_101(
    context: &Context,
    stimulus: &Stimulus,
    writer: &mut WriteHalf<Stream>,
    reader: &mut Reader,
    seen: &mut Observation,
) {
    let start = answer_end(seen);
    let quiet = context.options.quiet;
    let accepted = seen.accept_fault().is_none();
    if matches!(stimulus.follow, Follow::QuietThenPing | Follow::Listen) {
        let mut awaited = |bytes: &[u8]| stimulus.follow == Follow::Listen && reacted(&bytes[start..]);
        reader.until(quiet, &mut awaited).await;
    }
    // An unproven 101 gets no frames: whatever is behind it, it is no agreed WebSocket.
    if accepted && stimulus.follow != Follow::Listen {
        let mut frames = ping_frame(PING);
        let echo = context.echoes && seen.plain();
        if echo {
            frames.extend(text_frame(ECHO));
        }
        let sent = timeout(context.options.timeout, async {
            writer.write_all(&frames).await?;
            writer.flush().await
        });
        if matches!(sent.await, Ok(Ok(()))) && (context.pongs || echo) {
            let (pongs, limit) = (context.pongs, context.options.timeout.min(quiet * 2));
            reader.until(limit, |bytes| alive(&frame::read_all(&bytes[start..]).0, pongs, echo)).await;
        }
    }
    seen.body = reader.bytes[start.min(reader.bytes.len())..].to_vec();
    if accepted && reader.end == End::Open {
        let close = frame::write(frame::CLOSE, &frame::close_payload(1000), Some(MASK));
        // Courtesy only: a server that is gone already is no matter here.
        let _gone = timeout(quiet, async {
            writer.write_all(&close).await?;
            writer.shutdown().await
        })
        .await;
    }
}

/// Whether something came that answers the bytes sent with the request.
fn reacted(bytes: &[u8]) -> bool {
    frame::read_all(bytes).0.iter().any(|frame| frame.payload == b"abc" || frame.opcode == frame::CLOSE)
}

/// Whether the frames hold the pong and the echo that are awaited.
fn alive(frames: &[Frame], pong: bool, echo: bool) -> bool {
    let has = |opcode: u8, payload: &str| {
        frames.iter().any(|frame| frame.opcode == opcode && frame.payload == payload.as_bytes())
    };
    (!pong || has(frame::PONG, PING)) && (!echo || has(frame::TEXT, ECHO))
}

async fn after_refusal(
    context: &Context,
    stimulus: &Stimulus,
    writer: &mut WriteHalf<Stream>,
    reader: &mut Reader,
    seen: &mut Observation,
) {
    let start = answer_end(seen);
    let head = seen.head.clone().unwrap_or_default();
    let limit = context.options.timeout;
    let announced = match head::body(&head, stimulus.to_head) {
        Body::Length(length) => {
            reader.until(limit, |bytes| bytes.len() >= start + length).await;
            Some(length)
        }
        Body::Chunked => {
            reader.until(limit, |bytes| !matches!(head::chunked_length(&bytes[start..]), Ok(None))).await;
            head::chunked_length(&reader.bytes[start..]).ok().flatten()
        }
        Body::UntilClose => {
            reader.until(limit, |_| false).await;
            (reader.end != End::Open).then(|| reader.bytes.len() - start)
        }
    };
    let available = reader.bytes.len() - start;
    if let Some(length) = announced
        && available >= length
    {
        seen.complete = true;
        seen.surplus = available - length;
        seen.body = reader.bytes[start..start + length].to_vec();
    } else {
        seen.body = reader.bytes[start..].to_vec();
        if reader.end == End::Open {
            seen.end = End::Silent;
        }
        return;
    }
    if let Follow::Second(second) = &stimulus.follow
        && reader.end == End::Open
    {
        // Bytes that come unasked after the end, or the close.
        reader.until(Duration::from_millis(100), |bytes| bytes.len() > start + seen.body.len()).await;
        seen.surplus = reader.bytes.len() - start - seen.body.len();
        if reader.end != End::Open || seen.surplus > 0 || head.lists("Connection", "close") {
            return;
        }
        let second_start = reader.bytes.len();
        // A server that closes now shows it to the reader.
        let _gone = writer.write_all(second).await;
        let _gone = writer.flush().await;
        reader
            .until(limit, |bytes| matches!(head::answer(&bytes[second_start..]), Parsed::Complete(_)))
            .await;
        if let Parsed::Complete(head) = head::answer(&reader.bytes[second_start..]) {
            seen.second = Some(head);
        } else if reader.end == End::Open {
            seen.end = End::Silent;
        }
    }
}

fn answer_end(seen: &Observation) -> usize {
    let interim: usize = seen.interim.iter().map(|head| head.length).sum();
    interim + seen.head.as_ref().map_or(0, |head| head.length)
}

impl Observation {
    /// Nothing was measured, and why.
    pub(crate) fn unmeasured(why: &str) -> Observation {
        Observation { end: End::Unmeasured(why.to_owned()), ..Observation::default() }
    }

    /// The final status, if one came.
    pub(crate) fn status(&self) -> Option<u16> {
        self.head.as_ref().and_then(|head| head.status)
    }

    /// What is wrong with the accept of a 101, in words.
    pub(crate) fn accept_fault(&self) -> Option<String> {
        let head = self.head.as_ref()?;
        let wanted = expect::accept_for(self.key.as_bytes());
        let values: Vec<&str> = head.all("Sec-WebSocket-Accept").collect();
        match values.as_slice() {
            [] => Some("without Sec-WebSocket-Accept".to_owned()),
            [value] if *value == wanted => None,
            [value] => Some(format!(
                "with Sec-WebSocket-Accept: {} where {wanted} is right",
                crate::escape::escape(value.as_bytes(), 120)
            )),
            several => Some(format!("with {} Sec-WebSocket-Accept lines", several.len())),
        }
    }

    /// No extension was agreed: payloads are what they look like.
    pub(crate) fn plain(&self) -> bool {
        self.head.as_ref().is_none_or(|head| head.count("Sec-WebSocket-Extensions") == 0)
    }

    /// The frames after a 101.
    pub(crate) fn frames(&self) -> Vec<Frame> {
        frame::read_all(&self.body).0
    }

    /// The frames hold this payload in a pong or text frame.
    pub(crate) fn has_payload(&self, payload: &str) -> bool {
        self.frames().iter().any(|frame| frame.payload == payload.as_bytes())
    }

    /// What the answer amounts to.
    pub(crate) fn reaction(&self, context: &Context) -> Reaction {
        match (&self.head, &self.end) {
            (_, End::Unmeasured(why)) => Reaction::Unmeasured(why.clone()),
            (Some(head), _) => match head.status {
                Some(101) => match self.accept_fault() {
                    Some(fault) => Reaction::Faulty(fault),
                    None => {
                        let echo = context.echoes && self.plain();
                        let frames = self.frames();
                        if alive(&frames, context.pongs, echo) {
                            Reaction::Accepted
                        } else {
                            Reaction::Faulty(
                                "and right, but a ping or message after it stayed unanswered".to_owned(),
                            )
                        }
                    }
                },
                Some(status) => Reaction::Status(status),
                None => Reaction::NotHttp,
            },
            (None, _) if !self.received.is_empty() && self.interim.is_empty() => Reaction::NotHttp,
            (None, End::Reset) => Reaction::Reset,
            (None, End::Closed) => Reaction::Closed,
            (None, _) => Reaction::Silent,
        }
    }

    /// What came, in words.
    pub(crate) fn describe(&self, context: &Context) -> String {
        let line = self.head.as_ref().map(Head::line).unwrap_or_default();
        match self.reaction(context) {
            Reaction::Accepted if expect::is_key(&self.key) => format!("{line}, with the right accept"),
            Reaction::Accepted => format!("{line}, with the accept of what stands there as key"),
            Reaction::Faulty(fault) => format!("{line}, {fault}"),
            Reaction::Status(_) => line,
            Reaction::NotHttp => format!("no HTTP answer: {}", crate::escape::escape(&self.received, 80)),
            Reaction::Closed => "the connection closed without a byte".to_owned(),
            Reaction::Reset => "the connection was reset without a byte".to_owned(),
            Reaction::Silent => format!("no answer within {:.0?}", self.waited),
            Reaction::Unmeasured(why) => why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::key_sent;

    #[test]
    fn the_key_is_read_where_one_line_holds_it() {
        let key = |text: &str| key_sent(text.as_bytes());
        assert_eq!(key("GET / HTTP/1.1\r\nsec-websocket-key: abc \r\n\r\n").as_deref(), Some("abc"));
        assert_eq!(key("GET / HTTP/1.1\r\nSec-WebSocket-Key:\r\n\tabc\r\n\r\n"), None);
        assert_eq!(key("GET / HTTP/1.1\r\nSec-WebSocket-Key: a\r\nSec-WebSocket-Key: b\r\n\r\n"), None);
    }
}
