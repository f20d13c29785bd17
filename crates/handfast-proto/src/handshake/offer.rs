//! A valid opening handshake, not yet answered.

use super::{Accept, Accepted, Answer, Extension, Key, Request, extension, subprotocol};
use crate::{Server, error::Misuse};

/// A handshake that keeps every rule. Look at it, then [`accept`](Offer::accept) it or refuse it with any response.
#[derive(Debug)]
pub struct Offer {
    request: Request,
    key: Option<Key>,
    expects_continue: bool,
    relaxed: Vec<&'static str>,
}

impl Offer {
    pub(crate) fn new(
        request: Request,
        key: Option<Key>,
        expects_continue: bool,
        relaxed: Vec<&'static str>,
    ) -> Self {
        Self { request, key, expects_continue, relaxed }
    }

    /// The request: path, query, authority and all fields.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The client's key; `None` over HTTP/2 and HTTP/3, which use none, and where a relaxed rule let pass a text that
    /// is no key.
    pub fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// The page's origin; `None` when the client is no browser.
    pub fn origin(&self) -> Option<&str> {
        self.request.field("origin").and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The subprotocols offered, in the client's order of preference.
    pub fn subprotocols(&self) -> impl Iterator<Item = &str> {
        subprotocol::offered(self.request.fields())
    }

    /// The extensions offered, in the client's order of preference; none where a relaxed rule let a malformed list pass.
    pub fn extensions(&self) -> Vec<Extension> {
        extension::parse(self.request.fields()).unwrap_or_default()
    }

    /// The ids of the rules that this handshake breaks and that [`Strictness::Compatible`](super::Strictness) let
    /// pass, each once: to be counted. Empty for a right handshake.
    pub fn relaxed(&self) -> &[&'static str] {
        &self.relaxed
    }

    /// Completes the handshake: the witness, and the exact bytes of the 101 to write (preceded by `100 Continue` where the
    /// client expects it).
    ///
    /// Fails with [`Misuse::SubprotocolNotOffered`] when `answer` requires a subprotocol and none of its own was
    /// offered; refuse the offer with a 400 then. `answer` checked everything else when it was built.
    pub fn accept(&self, answer: &Answer) -> Result<(Accepted<Server>, Vec<u8>), Misuse> {
        // rule: server/subprotocol-unoffered server/subprotocol-several server/subprotocol-empty
        let chosen = subprotocol::choose(&self.request.fields(), answer.supported());
        if chosen.is_none() && answer.requires_subprotocol() {
            return Err(Misuse::SubprotocolNotOffered);
        }
        let accept = match &self.key {
            Some(key) => Accept::derive(key),
            None => Accept::derive_relaxed(self.request.field("sec-websocket-key").unwrap_or_default()),
        };
        let mut head = Vec::with_capacity(256 + answer.lines().len());
        if self.expects_continue {
            head.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        // rule: server/correct-handshake-refused server/accept-duplicate
        head.extend_from_slice(SWITCHING);
        head.extend_from_slice(accept.as_bytes());
        head.extend_from_slice(b"\r\n");
        if let Some(name) = chosen {
            for part in ["Sec-WebSocket-Protocol: ", name, "\r\n"] {
                head.extend_from_slice(part.as_bytes());
            }
        }
        // rule: server/extension-unoffered server/extension-unknown-refused server/extension-empty-field
        let deflate = answer.deflate_options().and_then(|options| options.answer(&self.extensions()));
        if let Some((parameters, _)) = &deflate {
            head.extend_from_slice(format!("Sec-WebSocket-Extensions: {parameters}\r\n").as_bytes());
        }
        // rule: server/response-content-length server/response-transfer-encoding server/response-trailing-bytes
        // `Answer::field` takes neither field, and the empty line is the last thing written.
        head.extend_from_slice(answer.lines());
        head.extend_from_slice(b"\r\n");
        Ok((Accepted::new(chosen, deflate.map(|(_, agreed)| agreed)), head))
    }
}

// rule: server/status-line-malformed server/response-upgrade-wrong server/response-connection-wrong
/// The 101 up to the accept value: exactly `Upgrade` in `Connection`, since clients refuse the legal list.
const SWITCHING: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
