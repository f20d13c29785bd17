//! The client's side: writes the request, judges the answer (RFC 6455 section 4.1).

use super::{Accept, Accepted, Key, Progress, ResponseHead};
use crate::{Client, Limits, error::Misuse, error::ResponseFault};

/// A request to be sent. Everything is checked when it is set; what this writes is always a valid handshake.
#[derive(Clone, Debug)]
pub struct ClientRequest {
    head: Vec<u8>,
}

impl ClientRequest {
    /// `authority` is host and non-default port (`example.org`, `example.org:8080`, `[::1]:8080`), `target` path and query (`/chat?x=1`).
    ///
    /// Fails with [`Misuse::HeaderNotAllowed`] when either does not fit HTTP's grammar.
    pub fn new(_authority: &str, _target: &str) -> Result<Self, Misuse> {
        todo!()
    }

    /// Offers one more subprotocol, less preferred than those before it. Fails with [`Misuse::SubprotocolInvalid`].
    pub fn subprotocol(self, _name: &str) -> Result<Self, Misuse> {
        let _ = &self.head;
        todo!()
    }

    /// Fails the handshake when subprotocols are offered and the server chooses none, as browsers do. Off by default.
    pub fn require_subprotocol(self, _require: bool) -> Self {
        todo!()
    }

    /// Adds a field, such as `Origin`, `Authorization` or `Cookie`. Fails with [`Misuse::HeaderNotAllowed`] for
    /// anything outside HTTP's grammar and for the fields of the handshake itself.
    pub fn field(self, _name: &str, _value: &str) -> Result<Self, Misuse> {
        todo!()
    }

    /// The bytes to write, and what judges the answer. `nonce` is 16 bytes from a cryptographic random source, drawn
    /// anew for each handshake.
    pub fn start(&self, _nonce: [u8; 16]) -> (Vec<u8>, Pending) {
        todo!()
    }
}

/// A handshake whose request was written and whose answer is awaited.
#[derive(Debug)]
pub struct Pending {
    key: Key,
    scanned: usize,
}

/// How the server answered.
#[derive(Debug)]
pub enum Verdict {
    /// The WebSocket is open.
    Opened(Accepted<Client>, ResponseHead),
    /// A complete head other than 101: ordinary HTTP. What follows it is the body.
    Declined(ResponseHead),
    /// The answer breaks rules. The connection must be closed; nothing behind the head may be read.
    Faulty(Vec<ResponseFault>, ResponseHead),
}

impl Pending {
    /// The key that was sent.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The only accept value that opens the connection.
    pub fn expected(&self) -> Accept {
        Accept::derive(&self.key)
    }

    /// Looks at `input`: everything received so far, growing from call to call. Interim answers (100, 103) are skipped
    /// and count into `used`.
    ///
    /// Fails when the head is malformed or beyond `limits`.
    pub fn read(&mut self, _input: &[u8], _limits: &Limits) -> Result<Progress<Verdict>, Vec<ResponseFault>> {
        let _ = self.scanned;
        todo!()
    }
}
