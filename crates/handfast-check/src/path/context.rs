//! What all rules of a run share.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::ClientConfig;

use super::PathOptions;
use super::http2::Front;
use super::link::{Answer, Link, Request};
use super::origin::{Arrival, Origin, Script, Step};
use crate::finding::Finding;
use crate::target::Target;

/// The correct answer, which agrees to a subprotocol and an extension where they are offered.
pub(crate) const GOOD: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: {accept}\r\n\r\n";

/// The run: device, origin, and what the ladder showed.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) target: Target,
    pub(crate) options: PathOptions,
    /// Where to connect: the first address that answered.
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<Arc<ClientConfig>>,
    pub(crate) origin: Origin,
    /// The correct handshake ended in a tunnel.
    pub(crate) tunnels: bool,
    /// Bytes that are no HTTP pass as they are: the device is no HTTP device.
    pub(crate) transparent: bool,
    /// The correct handshake as it reached the origin, if it did.
    pub(crate) arrived: Option<Arc<Arrival>>,
    /// What the device offers its clients over HTTP/2.
    pub(crate) front: Front,
    /// The names of the fields that the device adds to the correct request, in lower case.
    pub(crate) added: Vec<String>,
}

/// One exchange through the device, as both ends saw it.
pub(crate) struct Exchange {
    pub(crate) sent: Vec<u8>,
    pub(crate) link: Link,
    pub(crate) answer: Option<Answer>,
    /// The first request that reached the origin for it.
    pub(crate) arrival: Option<Arc<Arrival>>,
}

impl Exchange {
    /// What the client saw, in words.
    pub(crate) fn words(&self) -> String {
        match &self.answer {
            Some(answer) => answer.head.line(),
            None if self.link.open => "no answer in time".to_owned(),
            None => "a close without an answer".to_owned(),
        }
    }

    /// The status that the client saw; 0 for none.
    pub(crate) fn status(&self) -> u16 {
        self.answer.as_ref().map_or(0, Answer::status)
    }
}

impl Context {
    /// The device speaks HTTP/2 to the origin.
    pub(crate) fn http2_behind(&self) -> bool {
        self.arrived.as_ref().is_some_and(|arrival| arrival.http2)
    }

    /// How long what a right device passes may take to come: much longer than the silence that is listened to, because a busy
    /// machine is no judgement.
    pub(crate) fn patience(&self) -> Duration {
        self.options.timeout.min(self.options.quiet * 8)
    }

    /// A script's token.
    pub(crate) fn expect(&self, upgrade: Vec<Step>, plain: Vec<Step>) -> String {
        self.origin.expect(Script { upgrade, plain })
    }

    /// A token whose requests all get these steps.
    pub(crate) fn always(&self, steps: Vec<Step>) -> String {
        self.origin.expect(Script::both(steps))
    }

    /// A token whose handshakes get these steps; a request that is none is refused, as servers do.
    pub(crate) fn accepting(&self, steps: Vec<Step>) -> String {
        let refusal = "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n";
        self.expect(steps, vec![Step::Send(refusal.into()), Step::Next])
    }

    /// The target's path and query with this parameter.
    pub(crate) fn marked(&self, mark: &str) -> String {
        let path = &self.target.path;
        format!("{path}{}{mark}", if path.contains('?') { '&' } else { '?' })
    }

    /// The correct request.
    pub(crate) fn base(&self, token: &str) -> Request {
        Request::base(self, token)
    }

    /// Sends the bytes on a connection of their own and waits for the answer.
    pub(crate) async fn exchange(&self, token: &str, bytes: Vec<u8>) -> Result<Exchange, Finding> {
        let mut link = Link::open(self).await?;
        link.send(&bytes).await;
        let answer = link.answer(self.options.timeout).await;
        // A device may forward while it answers by itself: that nothing arrived takes a while to be known.
        let arrival = self.origin.wait(self.options.quiet, || self.origin.arrival(token)).await;
        Ok(Exchange { sent: bytes, link, answer, arrival })
    }

    /// Opens a tunnel to this script's steps; a device that makes none is a finding.
    pub(crate) async fn tunnel(&self, steps: Vec<Step>) -> Result<Tunnel, Finding> {
        let token = self.accepting(steps);
        let request = self.base(&token);
        let exchange = self.exchange(&token, request.bytes()).await?;
        match (&exchange.answer, &exchange.arrival) {
            (Some(answer), Some(arrival)) if answer.accepts(&request.key) => {
                let (answer, arrival) = (answer.clone(), Arc::clone(arrival));
                Ok(Tunnel { sent: exchange.sent, link: exchange.link, answer, arrival })
            }
            _ => Err(Finding::open(format!("this time no tunnel came about: {}", exchange.words()))
                .sent(&exchange.sent)),
        }
    }
}

/// An open tunnel.
pub(crate) struct Tunnel {
    pub(crate) sent: Vec<u8>,
    pub(crate) link: Link,
    pub(crate) answer: Answer,
    pub(crate) arrival: Arc<Arrival>,
}
