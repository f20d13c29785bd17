//! The server behind the device: answers each request by the script of its token, and keeps every byte that arrived. It speaks
//! HTTP/1.1, and HTTP/2 to who begins with it.

mod http2;
mod play;
mod stream;

pub(crate) use play::render;

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::expect;
use crate::limits::ORIGIN_ARRIVALS_MAX;
use crate::wire::bytes::contains;
use crate::wire::head::Head;

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
    /// Read the next request of the connection. A stream of HTTP/2 has none.
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

/// How the device ended what it sends on a connection or stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The end of the stream of bytes, or END_STREAM.
    Orderly,
    /// A reset.
    Abrupt,
}

/// A request that arrived, and what came behind it.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// The token and whatever stood behind it.
    pub(crate) token: String,
    /// Which connection it came on.
    pub(crate) connection: usize,
    /// It came over HTTP/2: the head's fields begin with the pseudo-header fields.
    pub(crate) http2: bool,
    /// The head as it came; over HTTP/2 a line for each field.
    pub(crate) bytes: Vec<u8>,
    /// The head as it was read.
    pub(crate) head: Head,
    /// What came behind the head before the first byte of an answer, as far as the script listened.
    pub(crate) early: Mutex<Vec<u8>>,
    /// What came after it.
    pub(crate) later: Mutex<Vec<u8>>,
    end: Mutex<Option<End>>,
}

impl Arrival {
    fn new(token: String, connection: usize, http2: bool, bytes: Vec<u8>, head: Head) -> Arrival {
        let (early, later, end) = Default::default();
        Arrival { token, connection, http2, bytes, head, early, later, end }
    }

    /// How the device ended it, as far as the script listened.
    pub(crate) fn ended(&self) -> Option<End> {
        *self.end.lock().expect("no holder panics")
    }

    fn end(&self, how: End) {
        self.end.lock().expect("no holder panics").get_or_insert(how);
    }

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

    /// What the request line asks for.
    pub(crate) fn target(&self) -> String {
        String::from_utf8_lossy(&self.head.first_line).split(' ').nth(1).unwrap_or_default().to_owned()
    }

    /// The request asks for WebSocket, in whichever version of HTTP.
    pub(crate) fn upgrades(&self) -> bool {
        if self.http2 {
            return self.head.first(":protocol") == Some("websocket");
        }
        self.head.lists("Upgrade", "websocket") && self.head.lists("Connection", "upgrade")
    }
}

#[derive(Debug)]
struct Shared {
    scripts: Mutex<HashMap<String, Script>>,
    /// The latest requests that carried the token of a script.
    arrivals: Mutex<VecDeque<Arc<Arrival>>>,
    /// The tokens of scripts that came in bytes that are no HTTP.
    raw: Mutex<HashSet<String>>,
    connections: AtomicUsize,
    /// Connections that began with HTTP/2.
    prefaces: AtomicUsize,
    changed: Notify,
    /// New connections of HTTP/2 announce the extended CONNECT.
    announces: watch::Sender<bool>,
}

impl Shared {
    fn new() -> Shared {
        Shared {
            scripts: Mutex::default(),
            arrivals: Mutex::default(),
            raw: Mutex::default(),
            connections: AtomicUsize::new(0),
            prefaces: AtomicUsize::new(0),
            changed: Notify::new(),
            announces: watch::Sender::new(true),
        }
    }

    /// Keeps the request where it has a script, and tells who waits; gives its steps.
    fn arrived(&self, arrival: Arrival) -> (Arc<Arrival>, Vec<Step>) {
        let script = {
            let scripts = self.scripts.lock().expect("no holder panics");
            scripts.get(arrival.token.get(..TOKEN).unwrap_or_default()).cloned()
        };
        let arrival = Arc::new(arrival);
        if script.is_some() {
            let mut arrivals = self.arrivals.lock().expect("no holder panics");
            if arrivals.len() >= ORIGIN_ARRIVALS_MAX {
                arrivals.pop_front();
            }
            arrivals.push_back(Arc::clone(&arrival));
        }
        self.changed.notify_waiters();
        let steps = match script {
            Some(script) if arrival.upgrades() => script.upgrade,
            Some(script) => script.plain,
            // Health checks and the like.
            None => vec![Step::Send(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()), Step::Next],
        };
        (arrival, steps)
    }

    /// Keeps the token where it has a script, and tells who waits.
    fn raw_came(&self, token: String) {
        if self.scripts.lock().expect("no holder panics").contains_key(&token) {
            self.raw.lock().expect("no holder panics").insert(token);
        }
        self.changed.notify_waiters();
    }
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
        let shared = Arc::new(Shared::new());
        let all = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            let mut tasks = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => match accepted {
                        Ok((stream, _)) => {
                            let number = all.connections.fetch_add(1, Ordering::Relaxed);
                            tasks.spawn(play::serve(Arc::clone(&all), stream, number));
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
        self.shared.raw.lock().expect("no holder panics").contains(token)
    }

    /// How many connections came.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Whether new connections of HTTP/2 announce the extended CONNECT; they do at first. Those that are open end.
    pub(crate) fn announce(&self, announces: bool) {
        self.shared.announces.send_replace(announces);
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

/// The token behind a marker: letters, digits and hyphens up to something else.
fn after(bytes: &[u8], marker: &[u8]) -> Option<String> {
    let at = bytes.windows(marker.len()).position(|window| window == marker)? + marker.len();
    let rest = &bytes[at..];
    let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-')?;
    (end >= TOKEN).then(|| String::from_utf8_lossy(&rest[..end]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_checks_are_not_kept_and_of_the_rest_only_the_latest() {
        let shared = Shared::new();
        let token = "abcdefghijkl";
        shared.scripts.lock().expect("free").insert(token.to_owned(), Script::both(Vec::new()));
        let arrive = |token: &str, number: usize| {
            shared.arrived(Arrival::new(token.to_owned(), number, false, Vec::new(), Head::default())).1
        };
        (0..3).for_each(|number| assert_eq!(arrive("", number).len(), 2, "it is answered"));
        assert!(shared.arrivals.lock().expect("free").is_empty());
        (0..ORIGIN_ARRIVALS_MAX + 2).for_each(|number| drop(arrive(token, number)));
        shared.raw_came("a-token-of-nobody".to_owned());
        assert!(shared.raw.lock().expect("free").is_empty());
        let arrivals = shared.arrivals.lock().expect("free");
        assert_eq!((arrivals.len(), arrivals[0].connection), (ORIGIN_ARRIVALS_MAX, 2));
    }
}
