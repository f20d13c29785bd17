//! What the server's program puts into a 101.

use super::head::{is_field, is_reserved};
use super::subprotocol;
use crate::deflate::DeflateOptions;
use crate::error::Misuse;

/// What to agree to: subprotocols and extra header fields.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    subprotocols: Vec<Box<str>>,
    subprotocol_required: bool,
    fields: Vec<u8>,
    deflate: Option<DeflateOptions>,
}

impl Answer {
    /// Agrees to no subprotocol and adds nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Supports these subprotocols, most preferred first. The first that the client offered is chosen; with none in
    /// common the 101 has no `Sec-WebSocket-Protocol`, unless [`Answer::require_subprotocol`] is set.
    ///
    /// Fails with [`Misuse::SubprotocolInvalid`] for a name that is no token, or that stands twice.
    pub fn subprotocols<S: AsRef<str>>(self, names: impl IntoIterator<Item = S>) -> Result<Self, Misuse> {
        let subprotocols: Vec<Box<str>> = names.into_iter().map(|name| name.as_ref().into()).collect();
        if !subprotocol::are_valid(&subprotocols) {
            return Err(Misuse::SubprotocolInvalid);
        }
        Ok(Self { subprotocols, ..self })
    }

    /// Lets [`Offer::accept`](super::Offer::accept) fail with [`Misuse::SubprotocolNotOffered`] when the client offers
    /// none of the subprotocols; answer 400 then. Off by default.
    pub fn require_subprotocol(self, require: bool) -> Self {
        Self { subprotocol_required: require, ..self }
    }

    /// Adds a field to the 101, such as `Set-Cookie`. A name added twice becomes two lines.
    ///
    /// Fails with [`Misuse::HeaderNotAllowed`] for a name or value outside HTTP's grammar, and for the fields that the
    /// handshake itself writes or must not have (`Upgrade`, `Connection`, `Sec-WebSocket-*`, `Content-Length`,
    /// `Transfer-Encoding`, `Trailer`).
    pub fn field(mut self, name: &str, value: &str) -> Result<Self, Misuse> {
        if !is_field(name, value) || is_reserved(name) {
            return Err(Misuse::HeaderNotAllowed);
        }
        for part in [name, ": ", value, "\r\n"] {
            self.fields.extend_from_slice(part.as_bytes());
        }
        Ok(self)
    }

    /// Agrees to permessage-deflate where the client offers it in a form that these options can meet. Off by default:
    /// [`DeflateOptions`] says why.
    pub fn deflate(self, options: DeflateOptions) -> Self {
        Self { deflate: Some(options), ..self }
    }

    pub(crate) fn deflate_options(&self) -> Option<&DeflateOptions> {
        self.deflate.as_ref()
    }

    pub(crate) fn supported(&self) -> &[Box<str>] {
        &self.subprotocols
    }

    pub(crate) fn requires_subprotocol(&self) -> bool {
        self.subprotocol_required
    }

    /// The added fields: their names hold no colon, and neither part a line end.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = std::str::from_utf8(&self.fields).expect("the fields were given as text").lines();
        lines.filter_map(|line| line.split_once(": "))
    }

    /// The added field lines, each with its line end.
    pub(crate) fn lines(&self) -> &[u8] {
        &self.fields
    }
}
