//! One connection to the origin: requests of HTTP/1.1, and the steps of a script.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::{Arrival, End, MARKER, RAW, RAW_BACK, Shared, Step, after, http2};
use crate::expect;
use crate::limits::{ORIGIN_BYTES_MAX, ORIGIN_SILENCE_MAX};
use crate::wire::bytes::replace;
use crate::wire::dial::Stream;
use crate::wire::frame;
use crate::wire::head::{self, Head, Parsed};

/// The first line of the preface of HTTP/2: no method of HTTP/1.1 is like it.
const BEGIN_HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n";

/// One connection, or one stream of HTTP/2 that a script takes for a connection.
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    pub(super) stream: Stream,
    /// The number of the TCP connection.
    pub(super) number: usize,
    /// What came and is not used yet.
    pub(super) bytes: Vec<u8>,
    /// How the device ended its side.
    pub(super) end: Option<End>,
}

impl Connection {
    /// Reads once. False at the end of the stream.
    pub(super) async fn more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match timeout(ORIGIN_SILENCE_MAX, self.stream.read(&mut buffer)).await {
            Ok(Ok(length)) if length > 0 && self.bytes.len() < ORIGIN_BYTES_MAX => {
                self.bytes.extend(&buffer[..length]);
                true
            }
            Ok(Ok(0)) => {
                self.end.get_or_insert(End::Orderly);
                false
            }
            Ok(Err(_)) => {
                self.end.get_or_insert(End::Abrupt);
                false
            }
            _ => false,
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// The next request's head, or none when there is no more; the preface of HTTP/2 is left where it is.
    async fn request(&mut self) -> Option<Arrival> {
        loop {
            if let Some(token) = after(&self.bytes, RAW.as_bytes()) {
                let answer = format!("{RAW_BACK}{token};");
                self.shared.raw_came(token);
                self.write(answer.as_bytes()).await;
                return None;
            }
            if self.bytes.starts_with(BEGIN_HTTP2) {
                self.shared.prefaces.fetch_add(1, Ordering::Relaxed);
                self.shared.changed.notify_waiters();
                return None;
            }
            if let Parsed::Complete(head) = head::head(&self.bytes) {
                let bytes: Vec<u8> = self.bytes.drain(..head.length).collect();
                let token = after(&head.first_line, MARKER.as_bytes()).unwrap_or_default();
                return Some(Arrival::new(token, self.number, false, bytes, head));
            }
            if !self.more().await {
                return None;
            }
        }
    }
}

/// Serves a connection to its end.
pub(super) async fn serve(shared: Arc<Shared>, stream: TcpStream, number: usize) {
    let _unset = stream.set_nodelay(true);
    let stream = Box::new(stream);
    let mut connection = Connection { shared, stream, number, bytes: Vec::new(), end: None };
    while let Some(arrival) = connection.request().await {
        let (arrival, steps) = connection.shared.arrived(arrival);
        if !play(&mut connection, &arrival, steps).await {
            return;
        }
    }
    if connection.bytes.starts_with(BEGIN_HTTP2) {
        http2::serve(connection).await;
    }
}

/// Plays the steps. True where the connection takes a further request.
pub(super) async fn play(connection: &mut Connection, arrival: &Arrival, steps: Vec<Step>) -> bool {
    let mut answered = false;
    for step in steps {
        let alive = match step {
            Step::Send(bytes) => {
                answered = true;
                connection.write(&render(&bytes, &arrival.head)).await
            }
            Step::Pieces(bytes, cuts) => {
                answered = true;
                let bytes = render(&bytes, &arrival.head);
                let mut at = 0;
                for cut in cuts.into_iter().chain([bytes.len()]) {
                    let cut = cut.min(bytes.len());
                    if !connection.write(&bytes[at..cut]).await {
                        return false;
                    }
                    at = cut;
                    sleep(Duration::from_millis(20)).await;
                }
                true
            }
            Step::Wait(time) => {
                sleep(time).await;
                true
            }
            Step::Listen(time) => {
                let _over = timeout(time, async {
                    loop {
                        note(connection, arrival, answered);
                        if !connection.more().await {
                            break;
                        }
                    }
                })
                .await;
                note(connection, arrival, answered);
                true
            }
            Step::Echo => {
                echo(connection, arrival).await;
                return false;
            }
            Step::Tick(frame, pause) => {
                tick(connection, arrival, &frame, pause).await;
                return false;
            }
            Step::Next => return true,
        };
        if !alive {
            return false;
        }
    }
    // An orderly end: what is unread when a socket closes turns the close into a reset.
    let _gone = connection.stream.shutdown().await;
    let _over = timeout(Duration::from_secs(1), async { while connection.more().await {} }).await;
    note(connection, arrival, answered);
    false
}

/// Moves what came to the arrival's record.
fn note(connection: &mut Connection, arrival: &Arrival, answered: bool) {
    let record = if answered { &arrival.later } else { &arrival.early };
    if !connection.bytes.is_empty() {
        let mut record = record.lock().expect("no holder panics");
        if record.len() < ORIGIN_BYTES_MAX {
            record.append(&mut connection.bytes);
        }
        connection.bytes.clear();
    }
    if let Some(end) = connection.end {
        arrival.end(end);
    }
    connection.shared.changed.notify_waiters();
}

/// Speaks WebSocket until a close or the end of the stream.
async fn echo(connection: &mut Connection, arrival: &Arrival) {
    let mut used = arrival.later.lock().expect("no holder panics").len();
    loop {
        note(connection, arrival, true);
        let (replies, closed) = {
            let later = arrival.later.lock().expect("no holder panics");
            let (frames, length) = frame::read_all(&later[used..]);
            used += length;
            let mut replies = Vec::new();
            for one in &frames {
                match one.opcode {
                    frame::PING => replies.extend(frame::write(frame::PONG, &one.payload, None)),
                    frame::PONG => {}
                    other => replies.extend(frame::write(other, &one.payload, None)),
                }
            }
            (replies, frames.iter().any(|one| one.opcode == frame::CLOSE))
        };
        if !replies.is_empty() && !connection.write(&replies).await {
            return;
        }
        if closed {
            let _gone = connection.stream.shutdown().await;
            return;
        }
        if !connection.more().await {
            note(connection, arrival, true);
            return;
        }
    }
}

/// Writes a frame again and again while it reads.
async fn tick(connection: &mut Connection, arrival: &Arrival, frame: &[u8], pause: Duration) {
    loop {
        if !connection.write(frame).await {
            return;
        }
        match timeout(pause, connection.more()).await {
            Ok(true) => note(connection, arrival, true),
            Ok(false) => return note(connection, arrival, true),
            Err(_) => {}
        }
    }
}

/// The bytes with `{accept}`, and with the lines that answer what the request offered.
pub(crate) fn render(bytes: &[u8], head: &Head) -> Vec<u8> {
    let key = head.first("Sec-WebSocket-Key").unwrap_or_default();
    let line = |offered: bool, line: &str| if offered { line.to_owned() } else { String::new() };
    let protocol = line(head.lists("Sec-WebSocket-Protocol", "chat"), "Sec-WebSocket-Protocol: chat\r\n");
    let deflate = head
        .members("Sec-WebSocket-Extensions")
        .iter()
        .any(|element| element.starts_with("permessage-deflate"));
    let extension = line(deflate, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    let mut text = bytes.to_vec();
    for (what, with) in [
        ("{accept}", expect::accept_for(key.as_bytes())),
        ("{protocol}", protocol),
        ("{extension}", extension),
    ] {
        text = replace(&text, what.as_bytes(), with.as_bytes());
    }
    text
}
