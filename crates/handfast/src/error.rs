//! Everything that can go wrong, and who was wrong.

use handfast_proto::error::{Excerpt, FrameFault, Misuse, ResponseFault};
use handfast_proto::handshake::{Accept, Key, Refusal, ResponseHead};
use handfast_proto::rules::Rule;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

pub use crate::client::redirect::{RedirectFault, RedirectFaultKind};
pub use crate::client::uri::UriFault;
#[cfg(feature = "http2")]
pub use crate::http2::fault::{Http2Code, Http2Fault};
pub use crate::proxy::fault::{ProxyFault, ProxyFaultKind, SocksReply};

/// Why a handshake or a connection failed.
///
/// The normal end of a WebSocket is no error: [`WebSocket::recv`](crate::WebSocket::recv) gives `Ok(None)` then.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A client's opening request was refused by this server. It was answered with
    /// [`Refusal::response`], and the connection was closed.
    Refused(Box<Refusal>),
    /// This server takes no more WebSockets: as many are open as may be, or it is about to end. The client got 503. Only where
    /// [`AcceptOptions::handle`](crate::AcceptOptions::handle) is set.
    Busy,
    /// The server answered the opening request with an ordinary HTTP response, such as 401, 404 or a redirect.
    Declined(Box<Declined>),
    /// The server's answer to the opening request breaks rules, so the WebSocket was not opened.
    FaultyAnswer(Box<FaultyAnswer>),
    /// The other end closed the connection before the head of its request or answer was complete.
    HandshakeCut(Box<HandshakeCut>),
    /// The URI cannot be connected to. Nothing was sent.
    Uri(Box<UriFault>),
    /// No address of the host, or of the proxy, could be reached.
    Unreachable(Box<Unreachable>),
    /// The proxy did not make a tunnel to the server, or its URI cannot be used. No request was sent.
    Proxy(Box<ProxyFault>),
    /// The server's redirect was not followed, though [`Client::redirects`](crate::Client::redirects) asked for it.
    Redirect(Box<RedirectFault>),
    /// HTTP/2 could not carry the WebSocket.
    #[cfg(feature = "http2")]
    Http2(Box<Http2Fault>),
    /// The TLS handshake failed, or a certificate or key is not usable. No request was sent.
    Tls(Box<TlsFault>),
    /// Something took longer than its deadline.
    Timeout {
        /// What took too long.
        phase: Phase,
        /// The deadline.
        after: Duration,
    },
    /// The peer broke the protocol or a limit after the handshake. It was told so by a Close frame with
    /// [`FrameFault::close_code`].
    Protocol(Box<FrameFault>),
    /// The connection ended without a Close frame; with the transport's error, if it gave one.
    Lost(Option<io::Error>),
    /// The connection is closed or closing: nothing more can be sent.
    Closed,
    /// The peer closed the connection in the middle of a message that was read in pieces: what came is no whole message.
    MessageCut,
    /// The program asked for something that cannot be sent. Nothing was sent.
    Misuse(Misuse),
    /// An input or output error outside any connection, such as an address in use.
    Io(io::Error),
    /// An error of the program's own, for handlers: see [`Error::other`].
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Wraps any other error, so that a handler can return it.
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }
}

/// What took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Resolving the host's name and connecting, TLS included.
    Connect,
    /// The proxy's TLS handshake and answer; within the deadline for connecting.
    Proxy,
    /// The opening handshake.
    Handshake,
    /// The pong that answers a keep-alive ping.
    Pong,
    /// Any message: the connection was idle.
    Idle,
    /// The peer's Close frame that answers ours.
    Close,
}

/// A server's ordinary HTTP answer where a 101, or over HTTP/2 a 2xx, was wanted.
pub struct Declined {
    pub(crate) head: ResponseHead,
    pub(crate) body: Vec<u8>,
    pub(crate) is_body_complete: bool,
}

impl Declined {
    /// The status, three digits.
    pub fn status(&self) -> u16 {
        self.head.status()
    }

    /// Status line and fields.
    pub fn head(&self) -> &ResponseHead {
        &self.head
    }

    /// The body without its transfer coding: as much of it as came in time, and at most
    /// [`Limits::declined_body_bytes_max`](crate::Limits::declined_body_bytes_max).
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The rules of the catalogue that a refusal of a handfast server names in its body: they say more than its first bytes.
    fn named_rules(&self) -> Vec<&'static str> {
        let mut rules = Vec::new();
        for line in String::from_utf8_lossy(&self.body).lines() {
            let rule = line.split_once(" (").and_then(|(id, _)| Rule::find(id));
            if let Some(rule) = rule.filter(|rule| !rules.contains(&rule.id)) {
                rules.push(rule.id);
            }
        }
        rules
    }

    /// Whether [`Declined::body`] is all of it.
    pub fn is_body_complete(&self) -> bool {
        self.is_body_complete
    }
}

/// A server's answer that breaks rules.
#[derive(Debug)]
pub struct FaultyAnswer {
    pub(crate) faults: Vec<ResponseFault>,
    pub(crate) head: Option<ResponseHead>,
    pub(crate) received: Excerpt,
    pub(crate) key: Option<Key>,
}

impl FaultyAnswer {
    /// Every fault found.
    pub fn faults(&self) -> &[ResponseFault] {
        &self.faults
    }

    /// The answer's head, unless it was too malformed to be one, or over HTTP/2 never came to us.
    pub fn head(&self) -> Option<&ResponseHead> {
        self.head.as_ref()
    }

    /// The first bytes of the answer; over HTTP/2 of its head, written out.
    pub fn received(&self) -> &Excerpt {
        &self.received
    }

    /// The key that was sent; `None` over HTTP/2, where there is none.
    pub fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// The only accept value that answers this key; `None` over HTTP/2.
    pub fn expected_accept(&self) -> Option<Accept> {
        self.key.as_ref().map(Accept::derive)
    }
}

/// A handshake that ended in the middle.
#[derive(Debug)]
pub struct HandshakeCut {
    pub(crate) bytes: usize,
    pub(crate) received: Excerpt,
    pub(crate) error: Option<io::Error>,
}

impl HandshakeCut {
    /// How many bytes came before.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The first of them.
    pub fn received(&self) -> &Excerpt {
        &self.received
    }
}

/// A host that no connection could be made to.
#[derive(Debug)]
pub struct Unreachable {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) is_proxy: bool,
    /// The host is the path of a Unix socket, and `resolve` says why it could not be connected to.
    pub(crate) is_unix: bool,
    pub(crate) resolve: Option<io::Error>,
    pub(crate) attempts: Vec<(SocketAddr, io::Error)>,
}

impl Unreachable {
    /// The host as it stands in the URI, the server's or the proxy's; or the path of the Unix socket.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether this is a proxy, and not the server itself.
    pub fn is_proxy(&self) -> bool {
        self.is_proxy
    }

    /// Why the name could not be resolved, if it was that; why a Unix socket could not be connected to.
    pub fn resolve_error(&self) -> Option<&io::Error> {
        self.resolve.as_ref()
    }

    /// The addresses that were tried, in order, and what happened at each.
    pub fn attempts(&self) -> &[(SocketAddr, io::Error)] {
        &self.attempts
    }
}

/// What TLS could not do.
#[derive(Debug)]
pub struct TlsFault {
    pub(crate) doing: &'static str,
    pub(crate) cause: Box<dyn std::error::Error + Send + Sync>,
}

impl TlsFault {
    #[cfg(feature = "tls")]
    pub(crate) fn new(
        doing: &'static str,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { doing, cause: cause.into() }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(error) => Some(&**error),
            Self::Uri(error) => Some(&**error),
            Self::Proxy(error) => Some(&**error),
            #[cfg(feature = "http2")]
            Self::Http2(fault) => Some(&**fault),
            Self::Redirect(error) => Some(&**error),
            Self::Protocol(error) => Some(&**error),
            Self::Misuse(error) => Some(error),
            Self::Lost(error) => error.as_ref().map(|error| error as _),
            Self::Io(error) => Some(error),
            Self::Tls(fault) => Some(&*fault.cause),
            Self::Other(error) => Some(&**error),
            Self::Declined(_)
            | Self::FaultyAnswer(_)
            | Self::HandshakeCut(_)
            | Self::Unreachable(_)
            | Self::Timeout { .. }
            | Self::Busy
            | Self::Closed
            | Self::MessageCut => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "the client's request was refused: {refusal}"),
            Self::Busy => {
                f.write_str("there was no place for one more WebSocket, or the server is about to end")
            }
            Self::Declined(declined) => declined.fmt(f),
            Self::FaultyAnswer(answer) => answer.fmt(f),
            Self::HandshakeCut(cut) => cut.fmt(f),
            Self::Uri(fault) => fault.fmt(f),
            Self::Unreachable(unreachable) => unreachable.fmt(f),
            Self::Proxy(fault) => fault.fmt(f),
            Self::Redirect(fault) => fault.fmt(f),
            #[cfg(feature = "http2")]
            Self::Http2(fault) => fault.fmt(f),
            Self::Tls(fault) => write!(f, "{}: {}", fault.doing, fault.cause),
            Self::Timeout { phase, after } => write!(f, "{phase} took longer than {after:?}"),
            Self::Protocol(fault) => {
                write!(f, "the peer broke the protocol: {fault} (closed with {})", fault.close_code())
            }
            Self::Lost(None) => f.write_str("the connection ended without a Close frame"),
            Self::Lost(Some(error)) => write!(f, "the connection was lost without a Close frame: {error}"),
            Self::Closed => f.write_str("the connection is closed or closing: nothing more can be sent"),
            Self::MessageCut => f.write_str("the connection was closed in the middle of a message"),
            Self::Misuse(misuse) => misuse.fmt(f),
            Self::Io(error) => error.fmt(f),
            Self::Other(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Proxy => "the proxy's answer",
            Self::Handshake => "the opening handshake",
            Self::Pong => "the pong that answers a ping",
            Self::Idle => "the next message",
            Self::Close => "the peer's Close frame",
        })
    }
}

impl fmt::Debug for Declined {
    /// As text: a program whose `main` returns an error shows this.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Declined")
            .field("head", &self.head)
            .field("body", &String::from_utf8_lossy(&self.body))
            .field("is_body_complete", &self.is_body_complete)
            .finish()
    }
}

impl fmt::Display for Declined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted = if self.head.version().has_streams() { "200" } else { "101" };
        write!(f, "the server answered {} where {wanted} was wanted", self.status())?;
        if let Some(location) = self.head.field("location") {
            write!(f, ", and points to {}", Excerpt::new(location))?;
        }
        let rules = self.named_rules();
        if !rules.is_empty() {
            write!(f, ": it names {}", rules.join(", "))?;
        } else if !self.body.is_empty() {
            write!(f, ": {}", Excerpt::new(&self.body))?;
        }
        Ok(())
    }
}

impl fmt::Display for FaultyAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server's answer breaks the handshake's rules")?;
        let mut before = ": ";
        for fault in &self.faults {
            write!(f, "{before}{fault}")?;
            before = "; ";
        }
        match (&self.key, self.expected_accept()) {
            (Some(key), Some(expected)) => {
                write!(f, " (the key was {}, its accept value is {})", key.as_str(), expected.as_str())
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for HandshakeCut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection ended in the middle of the handshake")?;
        if let Some(error) = &self.error {
            write!(f, " ({error})")?;
        }
        match self.bytes {
            0 => f.write_str(": nothing was received"),
            bytes => write!(f, ": {bytes} bytes were received, {}", self.received),
        }
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proxy = if self.is_proxy { "the proxy " } else { "" };
        if let (Some(error), true) = (&self.resolve, self.is_unix) {
            return write!(f, "the Unix socket {} could not be reached: {error}", self.host);
        }
        if let Some(error) = &self.resolve {
            let proxy = if self.is_proxy { "the proxy's name" } else { "the name" };
            return write!(f, "{proxy} {} could not be resolved: {error}", self.host);
        }
        write!(f, "{proxy}{} could not be reached on port {}", self.host, self.port)?;
        let mut before = ": ";
        for (address, error) in &self.attempts {
            f.write_str(before)?;
            // What stands in front is not said twice.
            let ip = address.ip();
            let host = self.host.trim_start_matches('[').trim_end_matches(']');
            if address.port() != self.port {
                write!(f, "{address}: ")?;
            } else if host.parse() != Ok(ip) {
                write!(f, "{ip}: ")?;
            }
            write!(f, "{error}")?;
            before = "; ";
        }
        Ok(())
    }
}

impl From<Misuse> for Error {
    fn from(misuse: Misuse) -> Self {
        match misuse {
            Misuse::SentAfterClose => Self::Closed,
            other => Self::Misuse(other),
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<UriFault> for Error {
    fn from(fault: UriFault) -> Self {
        Self::Uri(Box::new(fault))
    }
}

impl From<ProxyFault> for Error {
    fn from(fault: ProxyFault) -> Self {
        Self::Proxy(Box::new(fault))
    }
}

#[cfg(feature = "http2")]
impl From<Http2Fault> for Error {
    fn from(fault: Http2Fault) -> Self {
        Self::Http2(Box::new(fault))
    }
}

impl From<RedirectFault> for Error {
    fn from(fault: RedirectFault) -> Self {
        Self::Redirect(Box::new(fault))
    }
}

impl From<TlsFault> for Error {
    fn from(fault: TlsFault) -> Self {
        Self::Tls(Box::new(fault))
    }
}

impl From<Box<dyn std::error::Error + Send + Sync>> for Error {
    fn from(error: Box<dyn std::error::Error + Send + Sync>) -> Self {
        Self::Other(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_small_and_can_cross_threads() {
        fn crosses<T: Send + Sync + 'static>() {}
        crosses::<Error>();
        assert!(size_of::<Error>() <= 24, "{} bytes", size_of::<Error>());
    }

    #[test]
    fn sending_after_the_close_is_the_same_error_wherever_it_is_noticed() {
        assert!(matches!(Error::from(Misuse::SentAfterClose), Error::Closed));
        assert!(matches!(Error::from(Misuse::SendQueueFull), Error::Misuse(Misuse::SendQueueFull)));
    }

    #[test]
    fn an_unreachable_host_names_each_address_that_was_tried() {
        let error = Unreachable {
            host: "example.org".into(),
            port: 80,
            is_proxy: false,
            is_unix: false,
            resolve: None,
            attempts: vec![("192.0.2.1:80".parse().unwrap(), io::ErrorKind::ConnectionRefused.into())],
        };
        let text = error.to_string();
        assert_eq!(text, "example.org could not be reached on port 80: 192.0.2.1: connection refused");
    }

    #[test]
    fn an_address_that_was_not_reached_is_said_once() {
        for (host, address) in [("192.0.2.1", "192.0.2.1:80"), ("[2001:db8::1]", "[2001:db8::1]:80")] {
            let error = Unreachable {
                host: host.to_owned(),
                port: 80,
                is_proxy: false,
                is_unix: false,
                resolve: None,
                attempts: vec![(address.parse().unwrap(), io::ErrorKind::ConnectionRefused.into())],
            };
            let text = error.to_string();
            assert_eq!(text, format!("{host} could not be reached on port 80: connection refused"));
        }
    }
}
