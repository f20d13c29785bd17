//! The ladder from the name to the close, step by step, with times; and where it broke.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::rustls::ClientConfig;

use super::exchange::{ECHO, PING};
use super::options::Options;
use super::stimulus::{ping_frame, text_frame};
use crate::expect;
use crate::ladder::Ladder;
use crate::limits::HEAD_BYTES_MAX;
use crate::mistake;
use crate::target::Target;
use crate::wire::dial::Stream;
use crate::wire::frame::{self, MASK};
use crate::wire::head::{self, Head, Parsed};

/// What climbing the ladder showed.
#[derive(Default)]
pub(crate) struct Climb {
    pub(crate) ladder: Ladder,
    /// The first address that took a connection.
    pub(crate) address: Option<SocketAddr>,
    pub(crate) echoes: bool,
    pub(crate) pongs: bool,
}

/// Climbs with this request, whose `{key}` is filled in.
pub(crate) async fn climb(
    target: &Target,
    options: &Options,
    tls: Option<&Arc<ClientConfig>>,
    request: impl Fn(&str) -> Vec<u8>,
) -> Climb {
    let mut climb = Climb::default();
    let reached = climb.ladder.reach(target, &options.resolve, tls, options.timeout).await;
    climb.address = reached.as_ref().map(|(address, _)| *address);
    if let Some((_, Some(mut stream))) = reached {
        converse(&mut climb, &mut stream, target, options, request).await;
    }
    climb
}

async fn converse(
    climb: &mut Climb,
    stream: &mut Stream,
    target: &Target,
    options: &Options,
    request: impl Fn(&str) -> Vec<u8>,
) {
    let key = expect::fresh_key();
    let start = Instant::now();
    let mut bytes = Vec::new();
    let sent = stream.write_all(&request(&key)).await.and(stream.flush().await);
    let head = match sent {
        Err(error) => Err(format!("the request could not be sent: {error}")),
        Ok(()) => {
            let parsed = read_until(stream, &mut bytes, options.timeout, |bytes| match head::answer(bytes) {
                Parsed::Complete(head) => Some(head),
                Parsed::Partial => None,
            });
            match parsed.await {
                Some(head) if head.status.is_some() => Ok(head),
                _ => Err(no_answer(&bytes, target.secure, options.timeout, start.elapsed())),
            }
        }
    };
    let words = head.as_ref().map(Head::line).map_err(Clone::clone);
    if !climb.ladder.step("http", start, words) {
        return;
    }
    let Ok(head) = head else { return };
    let start = Instant::now();
    if !climb.ladder.step("upgrade", start, upgrade(&head, &key)) {
        return;
    }
    let start = Instant::now();
    let end = head.length;
    let frames = [ping_frame(PING), text_frame(ECHO)].concat();
    let _gone = stream.write_all(&frames).await.and(stream.flush().await);
    let is = |frame: &frame::Frame, opcode, payload: &str| {
        frame.opcode == opcode && frame.payload == payload.as_bytes()
    };
    let plain = head.count("Sec-WebSocket-Extensions") == 0;
    let _timed_out = read_until(stream, &mut bytes, options.quiet, |bytes| {
        let (frames, _) = frame::read_all(&bytes[end..]);
        climb.pongs = frames.iter().any(|frame| is(frame, frame::PONG, PING));
        climb.echoes = plain && frames.iter().any(|frame| is(frame, frame::TEXT, ECHO));
        (climb.pongs && climb.echoes).then_some(())
    })
    .await;
    let words = match (climb.pongs, climb.echoes) {
        (true, true) => Ok("the ping and the message came back".to_owned()),
        (true, false) => Ok("the ping was answered; the target is no echo service".to_owned()),
        (false, true) => Ok("the message came back; the ping was not answered".to_owned()),
        (false, false) => Ok("neither the ping nor the message was answered".to_owned()),
    };
    climb.ladder.step("echo", start, words);
    let start = Instant::now();
    let close = frame::write(frame::CLOSE, &frame::close_payload(1000), Some(MASK));
    let _gone = stream.write_all(&close).await.and(stream.flush().await);
    let answered = read_until(stream, &mut bytes, options.quiet, |bytes| {
        let (frames, _) = frame::read_all(&bytes[end..]);
        frames.into_iter().find(|frame| frame.opcode == frame::CLOSE)
    });
    let words = match answered.await {
        Some(frame) => match frame.payload.get(..2) {
            Some(code) => format!("answered with {}", u16::from_be_bytes([code[0], code[1]])),
            None => "answered without a code".to_owned(),
        },
        None => "the close frame was not answered".to_owned(),
    };
    climb.ladder.step("close", start, Ok(words));
}

/// The upgrade in words: what agrees, or all that does not.
fn upgrade(head: &Head, key: &str) -> Result<String, String> {
    if head.status != Some(101) {
        return Err(format!("{}: the request was not accepted{}", head.line(), refusal_hint(head)));
    }
    let mut wrong = Vec::new();
    let wanted = expect::accept_for(key.as_bytes());
    match head.all("Sec-WebSocket-Accept").collect::<Vec<_>>().as_slice() {
        [] => wrong.push("Sec-WebSocket-Accept is missing".to_owned()),
        [value] if *value == wanted => {}
        [value] => wrong.push(match mistake::explain(key, value, &[]) {
            Some(words) => format!("Sec-WebSocket-Accept is wrong: {words}"),
            None => "Sec-WebSocket-Accept is wrong".to_owned(),
        }),
        _ => wrong.push("Sec-WebSocket-Accept stands more than once".to_owned()),
    }
    if !head.first("Upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket")) {
        wrong.push("Upgrade is not websocket".to_owned());
    }
    if !head.lists("Connection", "upgrade") {
        wrong.push("Connection does not list upgrade".to_owned());
    }
    if wrong.is_empty() {
        Ok("Upgrade, Connection and accept are right".to_owned())
    } else {
        Err(wrong.join("; "))
    }
}

/// What to look at after this refusal, where its status says so.
fn refusal_hint(head: &Head) -> String {
    let words = match head.status {
        Some(200) => "an ordinary page is here: look at the path",
        Some(301 | 302 | 303 | 307 | 308) => {
            return head.first("Location").map_or_else(String::new, |place| {
                format!("; it points to {}", crate::escape::escape(place.as_bytes(), 200))
            });
        }
        Some(401) => "it wants to know who asks: --credentials 'Authorization: ...'",
        Some(403) => {
            "a login (--credentials) may be missing, or an origin that it knows (-H 'Origin: https://...')"
        }
        Some(404) => "look at the path",
        Some(502..=504) => "a gateway did not reach the server behind it",
        _ => return String::new(),
    };
    format!("; {words}")
}

fn no_answer(bytes: &[u8], secure: bool, limit: Duration, waited: Duration) -> String {
    let tls = if secure { "" } else { "; a port that speaks TLS does this: try wss://" };
    if bytes.starts_with(&[0x15, 0x03]) {
        "a TLS alert came: the port speaks TLS, use wss:// instead of ws://".to_owned()
    } else if !bytes.is_empty() {
        format!("no HTTP answer: {}", crate::escape::escape(bytes, 80))
    } else if waited < limit {
        format!("the connection closed without a byte of an answer{tls}")
    } else {
        format!("no byte of an answer within {limit:.0?}{tls}")
    }
}

/// Reads until the function finds what it looks for.
async fn read_until<T>(
    stream: &mut Stream,
    bytes: &mut Vec<u8>,
    limit: Duration,
    mut find: impl FnMut(&[u8]) -> Option<T>,
) -> Option<T> {
    let reading = async {
        let mut buffer = [0; 16 * 1024];
        loop {
            if let Some(found) = find(bytes) {
                return Some(found);
            }
            match stream.read(&mut buffer).await {
                Ok(length) if length > 0 && bytes.len() < HEAD_BYTES_MAX => bytes.extend(&buffer[..length]),
                _ => return None,
            }
        }
    };
    timeout(limit, reading).await.unwrap_or(None)
}
