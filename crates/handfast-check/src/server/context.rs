//! What all probes of a run share.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, sleep_until};
use tokio_rustls::rustls::ClientConfig;

use super::options::Options;
use super::stimulus::Request;
use crate::target::Target;

/// The run: target, options, and what the phases learnt.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) target: Target,
    pub(crate) options: Options,
    /// Where to connect: the first address that answered.
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<Arc<ClientConfig>>,
    /// The correct request was accepted.
    pub(crate) accepted: bool,
    /// The status that the correct request gets while all is well.
    pub(crate) usual: Option<u16>,
    /// The target sends text messages back.
    pub(crate) echoes: bool,
    /// The target answers pings.
    pub(crate) pongs: bool,
    /// permessage-deflate was agreed to when it was offered.
    pub(crate) deflates: bool,
    /// One rule alone sends anything: what the run does to the target is this rule's doing.
    pub(crate) alone: bool,
    /// The correct request was still accepted after the run.
    pub(crate) survived: AtomicBool,
    /// The target went away in the middle of the run, and has not come back.
    pub(crate) gone: AtomicBool,
    /// How many probes of HTTP/2 run at once.
    pub(crate) slots: Semaphore,
    /// When the next connection may start, under a rate.
    pub(crate) next_start: Mutex<Instant>,
}

impl Context {
    /// The correct request.
    pub(crate) fn base(&self) -> Request {
        Request::base(self)
    }

    /// The correct request was still accepted after the run.
    pub(crate) fn survived(&self) -> bool {
        self.survived.load(Ordering::Relaxed)
    }

    /// Notes whether it was.
    pub(crate) fn set_survived(&self, survived: bool) {
        self.survived.store(survived, Ordering::Relaxed);
    }

    /// The target went away, and has not come back.
    pub(crate) fn gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// Notes that it did.
    pub(crate) fn set_gone(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }

    /// Waits for this connection's turn under the rate.
    pub(crate) async fn pace(&self) {
        let Some(rate) = self.options.rate else { return };
        let turn = {
            let mut next = self.next_start.lock().await;
            let turn = (*next).max(Instant::now());
            *next = turn + Duration::from_secs(1) / rate.max(1);
            turn
        };
        sleep_until(turn).await;
    }

    /// A subprotocol that the operator declared, by its place.
    pub(crate) fn subprotocol(&self, place: usize) -> &str {
        self.options.subprotocols.get(place).map_or("", String::as_str)
    }

    /// The origin that the operator declared as allowed, else the target's own.
    pub(crate) fn own_origin(&self) -> String {
        self.options.origin.clone().unwrap_or_else(|| self.target.origin())
    }

    /// Probes that could harm may run: the target is this machine, or the user owns it.
    pub(crate) fn may_press(&self) -> bool {
        self.address.ip().is_loopback() || self.options.own_this_host
    }
}
