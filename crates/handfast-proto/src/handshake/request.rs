//! The client's request as a server reads it (RFC 6455 section 4.2.1).

use super::{Fields, Offer, Policy, Progress, Refusal};
use bytes::Bytes;

/// Reads a request head from a growing buffer. Remembers how far it looked, so a head that arrives byte by byte
/// costs no more than one that comes whole.
#[derive(Debug)]
pub struct RequestReader {
    scanned: usize,
}

impl RequestReader {
    /// A reader for one request.
    pub fn new() -> Self {
        Self { scanned: 0 }
    }

    /// Looks at `input`: everything received so far on this connection, growing from call to call.
    ///
    /// Fails with the complete refusal when the head is malformed or beyond `policy.limits`. Bytes behind the head
    /// are not touched: the first `used` bytes are the head.
    pub fn read(&mut self, _input: &[u8], _policy: &Policy) -> Result<Progress<Request>, Refusal> {
        let _ = self.scanned;
        todo!()
    }

    /// The refusal for a head that did not end in time (408, rule `server/head-timeout`).
    pub fn timed_out(&self) -> Refusal {
        todo!()
    }
}

/// A well-formed HTTP/1.1 request head, which may or may not be a WebSocket handshake.
#[derive(Clone, Debug)]
pub struct Request {
    head: Bytes,
}

impl Request {
    /// The method as it was spelled, such as `GET`.
    pub fn method(&self) -> &str {
        todo!()
    }

    /// The request target as it was spelled, such as `/chat?room=1`; always printable ASCII.
    pub fn target(&self) -> &str {
        todo!()
    }

    /// The path of the target, percent-encoded as it was sent; `/` for an empty one.
    pub fn path(&self) -> &str {
        todo!()
    }

    /// The query of the target without its question mark.
    pub fn query(&self) -> Option<&str> {
        todo!()
    }

    /// Host and port the client asked for: the authority of an absolute-form target, else `Host`. `None` when there
    /// is no single well-formed one.
    pub fn authority(&self) -> Option<&str> {
        todo!()
    }

    /// All field lines in order.
    pub fn fields(&self) -> Fields<'_> {
        todo!()
    }

    /// The value of the first field of this name, compared without case.
    pub fn field(&self, _name: &str) -> Option<&[u8]> {
        todo!()
    }

    /// The head as received, from the request line to the empty line.
    pub fn as_bytes(&self) -> &[u8] {
        &self.head
    }

    /// Whether the client means to open a WebSocket, rightly or wrongly: it sent `Upgrade`, an upgrade option in
    /// `Connection`, or any `Sec-WebSocket-*` field.
    pub fn wants_websocket(&self) -> bool {
        todo!()
    }

    /// Judges the request by every rule of the handshake.
    ///
    /// Fails with all faults at once. A plain request without any sign of a handshake fails with 426.
    pub fn into_offer(self, _policy: &Policy) -> Result<Offer, Refusal> {
        todo!()
    }

    /// Whether `100 Continue` must be written before the 101 (rule `server/expect-continue`).
    pub fn expects_continue(&self) -> bool {
        todo!()
    }
}
