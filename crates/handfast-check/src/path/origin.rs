//! The server behind the device: answers each request by the script of its token, and keeps every byte that arrived.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::expect;
use crate::limits::{ORIGIN_BYTES_MAX, ORIGIN_SILENCE_MAX};
use crate::wire::bytes::{contains, replace};
use crate::wire::frame;
use crate::wire::head::{self, Head, Parsed};

/// What stands before a token in a request's target.
pub(crate) const MARKER: &str = "handfast=";
/// What stands before a token in bytes that are no HTTP.
pub(crate) const RAW: &str = "\0handfast-raw=";
/// The answer to such bytes.
pub(crate) const RAW_BACK: &str = "\0handfast-raw-back=";
/// The letters of a token.
const TOKEN: usize = 12;

/// What to do with a request.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Write these bytes, placeholders filled in.
    Send(Vec<u8>),
    /// Write these bytes in pieces that end at these places, with a pause between them.
    Pieces(Vec<u8>, Vec<usize>),
    /// Read for this long, or until the device closes.
    Listen(Duration),
    /// Be silent: neither read nor write.
    Wait(Duration),
    /// Speak WebSocket: echo, pong, close.
    Echo,
    /// Speak WebSocket, and write this frame again and again with this pause.
    Tick(Vec<u8>, Duration),
    /// Read the next request of the connection.
    Next,
}

/// What to do with requests of one token.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// For requests that ask for an upgrade.
    pub(crate) upgrade: Vec<Step>,
    /// For all others.
    pub(crate) plain: Vec<Step>,
}

impl Script {
    /// The same for all requests.
    pub(crate) fn both(steps: Vec<Step>) -> Script {
        Script { upgrade: steps.clone(), plain: steps }
    }
}

/// A request that arrived, and what came behind it.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// The token and whatever stood behind it.
    pub(crate) token: String,
    /// Which connection it came on.
    pub(crate) connection: usize,
    /// The head as it came.
    pub(crate) bytes: Vec<u8>,
    /// The head as it was read.
    pub(crate) head: Head,
    /// What came behind the head before the first byte of an answer, as far as the script listened.
    pub(crate) early: Mutex<Vec<u8>>,
    /// What came after it.
    pub(crate) later: Mutex<Vec<u8>>,
}

impl Arrival {
    /// These bytes came behind the head before the answer.
    pub(crate) fn early_has(&self, what: &[u8]) -> bool {
        contains(&self.early.lock().expect("no holder panics"), what)
    }

    /// These bytes came after the answer.
    pub(crate) fn later_has(&self, what: &[u8]) -> bool {
        contains(&self.later.lock().expect("no holder panics"), what)
    }

    /// The version that the request line names, such as `HTTP/1.1`.
    pub(crate) fn version(&self) -> String {
        let line = String::from_utf8_lossy(&self.head.first_line).into_owned();
        line.rsplit(' ').next().unwrap_or_default().to_owned()
    }

    /// The request asks for an upgrade to WebSocket, in whichever version of HTTP.
    pub(crate) fn upgrades(&self) -> bool {
        self.head.lists("Upgrade", "websocket") && self.head.lists("Connection", "upgrade")
    }
}

#[derive(Debug, Default)]
struct Shared {
    scripts: Mutex<HashMap<String, Script>>,
    arrivals: Mutex<Vec<Arc<Arrival>>>,
    raw: Mutex<Vec<String>>,
    connections: AtomicUsize,
    /// Connections that began with HTTP/2.
    prefaces: AtomicUsize,
    changed: Notify,
}

/// The listening origin; it ends when dropped.
#[derive(Debug)]
pub(crate) struct Origin {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Origin {
    /// Listens.
    pub(crate) async fn listen(address: SocketAddr) -> io::Result<Origin> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let all = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            let mut tasks = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => match accepted {
                        Ok((stream, _)) => {
                            let number = all.connections.fetch_add(1, Ordering::Relaxed);
                            tasks.spawn(serve(Arc::clone(&all), stream, number));
                        }
                        // Out of descriptors, or a connection that is gone already.
                        Err(_) => sleep(Duration::from_millis(50)).await,
                    },
                    Some(_ended) = tasks.join_next() => {}
                }
            }
        });
        Ok(Origin { address, shared, accepting: accepting.abort_handle() })
    }

    /// Keeps a script, and gives the token that its requests must carry.
    pub(crate) fn expect(&self, script: Script) -> String {
        let token = expect::random_word();
        self.shared.scripts.lock().expect("no holder panics").insert(token.clone(), script);
        token
    }

    /// The requests with exactly this token, so far.
    pub(crate) fn arrivals(&self, token: &str) -> Vec<Arc<Arrival>> {
        let all = self.shared.arrivals.lock().expect("no holder panics");
        all.iter().filter(|arrival| arrival.token == token).cloned().collect()
    }

    /// The first of them.
    pub(crate) fn arrival(&self, token: &str) -> Option<Arc<Arrival>> {
        self.arrivals(token).into_iter().next()
    }

    /// Raw bytes with this token came.
    pub(crate) fn has_raw(&self, token: &str) -> bool {
        self.shared.raw.lock().expect("no holder panics").iter().any(|one| one == token)
    }

    /// How many connections came.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Some connection began with the preface of HTTP/2.
    pub(crate) fn saw_http2(&self) -> bool {
        self.shared.prefaces.load(Ordering::Relaxed) > 0
    }

    /// The requests with this token once nothing new came for this long: what a device sends again, it may send while it
    /// answers the client. Who sends without end is listened to for eight times as long.
    pub(crate) async fn settled(&self, token: &str, quiet: Duration) -> Vec<Arc<Arrival>> {
        let settling = async {
            let mut known = self.arrivals(token).len();
            while let Some(count) =
                self.wait(quiet, || Some(self.arrivals(token).len()).filter(|count| *count > known)).await
            {
                known = count;
            }
        };
        let _endless = timeout(quiet * 8, settling).await;
        self.arrivals(token)
    }

    /// Waits until `found` finds something, looking whenever something arrived.
    pub(crate) async fn wait<T>(&self, limit: Duration, found: impl Fn() -> Option<T>) -> Option<T> {
        let looking = async {
            loop {
                let changed = self.shared.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if let Some(found) = found() {
                    return found;
                }
                changed.await;
            }
        };
        timeout(limit, looking).await.ok()
    }
}

/// One connection: the bytes that are not used yet, and the stream.
struct Connection {
    shared: Arc<Shared>,
    stream: TcpStream,
    number: usize,
    bytes: Vec<u8>,
}

impl Connection {
    /// Reads once. False at the end of the stream.
    async fn more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match timeout(ORIGIN_SILENCE_MAX, self.stream.read(&mut buffer)).await {
            Ok(Ok(length)) if length > 0 && self.bytes.len() < ORIGIN_BYTES_MAX => {
                self.bytes.extend(&buffer[..length]);
                true
            }
            _ => false,
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// The next request's head, or none when there is no more.
    async fn request(&mut self) -> Option<Arrival> {
        loop {
            if let Some(token) = after(&self.bytes, RAW.as_bytes()) {
                let answer = format!("{RAW_BACK}{token};");
                self.shared.raw.lock().expect("no holder panics").push(token);
                self.shared.changed.notify_waiters();
                self.write(answer.as_bytes()).await;
                return None;
            }
            if self.bytes.starts_with(b"PRI * HTTP/2.0\r\n") {
                self.shared.prefaces.fetch_add(1, Ordering::Relaxed);
                self.shared.changed.notify_waiters();
                return None;
            }
            if let Parsed::Complete(head) = head::head(&self.bytes) {
                let bytes: Vec<u8> = self.bytes.drain(..head.length).collect();
                let token = after(&head.first_line, MARKER.as_bytes()).unwrap_or_default();
                return Some(Arrival {
                    token,
                    connection: self.number,
                    bytes,
                    head,
                    early: Mutex::default(),
                    later: Mutex::default(),
                });
            }
            if !self.more().await {
                return None;
            }
        }
    }
}

/// The token behind a marker: letters, digits and hyphens up to something else.
fn after(bytes: &[u8], marker: &[u8]) -> Option<String> {
    let at = bytes.windows(marker.len()).position(|window| window == marker)? + marker.len();
    let rest = &bytes[at..];
    let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-')?;
    (end >= TOKEN).then(|| String::from_utf8_lossy(&rest[..end]).into_owned())
}

async fn serve(shared: Arc<Shared>, stream: TcpStream, number: usize) {
    let _unset = stream.set_nodelay(true);
    let mut connection = Connection { shared, stream, number, bytes: Vec::new() };
    while let Some(arrival) = connection.request().await {
        let script = {
            let scripts = connection.shared.scripts.lock().expect("no holder panics");
            scripts.get(arrival.token.get(..TOKEN).unwrap_or_default()).cloned()
        };
        let arrival = Arc::new(arrival);
        connection.shared.arrivals.lock().expect("no holder panics").push(Arc::clone(&arrival));
        connection.shared.changed.notify_waiters();
        let steps = match script {
            Some(script) if arrival.upgrades() => script.upgrade,
            Some(script) => script.plain,
            // Health checks and the like.
            None => vec![Step::Send(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()), Step::Next],
        };
        if !play(&mut connection, &arrival, steps).await {
            break;
        }
    }
}

/// Plays the steps. True where the connection takes a further request.
async fn play(connection: &mut Connection, arrival: &Arrival, steps: Vec<Step>) -> bool {
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
            Ok(false) => return,
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
