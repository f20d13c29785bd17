//! What the server's program puts into a 101.

use crate::error::Misuse;

/// What to agree to: subprotocols and extra header fields.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    subprotocols: Vec<Box<str>>,
    fields: Vec<u8>,
}

impl Answer {
    /// Agrees to no subprotocol and adds nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Supports these subprotocols, most preferred first. The first that the client offered is chosen; with none in
    /// common the 101 has no `Sec-WebSocket-Protocol`.
    ///
    /// Fails with [`Misuse::SubprotocolInvalid`] for a name that is no token, or that stands twice.
    pub fn subprotocols<S: AsRef<str>>(self, _names: impl IntoIterator<Item = S>) -> Result<Self, Misuse> {
        let _ = &self.subprotocols;
        todo!()
    }

    /// Adds a field to the 101, such as `Set-Cookie`.
    ///
    /// Fails with [`Misuse::HeaderNotAllowed`] for a name or value outside HTTP's grammar, and for the fields that the
    /// handshake itself writes or must not have (`Upgrade`, `Connection`, `Sec-WebSocket-*`, `Content-Length`,
    /// `Transfer-Encoding`).
    pub fn field(self, _name: &str, _value: &str) -> Result<Self, Misuse> {
        let _ = &self.fields;
        todo!()
    }
}
