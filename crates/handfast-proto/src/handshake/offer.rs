//! A valid opening handshake, not yet answered.

use super::{Accept, Accepted, Answer, Extension, Key, Request, ResponseParts, extension, subprotocol};
use crate::deflate::{Agreed, Parameters};
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
    /// offered: refuse the offer with a 400 then; and with [`Misuse::NotHttp1`] for a request of HTTP/2 or HTTP/3, which
    /// [`Offer::accept_parts`] answers. `answer` checked everything else when it was built.
    pub fn accept(&self, answer: &Answer) -> Result<(Accepted<Server>, Vec<u8>), Misuse> {
        if self.request.version().has_streams() {
            return Err(Misuse::NotHttp1);
        }
        let (chosen, deflate) = self.agree(answer)?;
        let mut head = Vec::with_capacity(256 + answer.lines().len());
        if self.expects_continue {
            head.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        // rule: server/correct-handshake-refused server/accept-duplicate
        head.extend_from_slice(SWITCHING);
        head.extend_from_slice(self.accept_value().as_bytes());
        head.extend_from_slice(b"\r\n");
        if let Some(name) = chosen {
            for part in ["Sec-WebSocket-Protocol: ", name, "\r\n"] {
                head.extend_from_slice(part.as_bytes());
            }
        }
        // rule: server/extension-unoffered server/extension-unknown-refused server/extension-empty-field
        if let Some((parameters, _)) = &deflate {
            head.extend_from_slice(format!("Sec-WebSocket-Extensions: {parameters}\r\n").as_bytes());
        }
        // rule: server/response-content-length server/response-transfer-encoding server/response-trailing-bytes
        // `Answer::field` takes neither field, and the empty line is the last thing written.
        head.extend_from_slice(answer.lines());
        head.extend_from_slice(b"\r\n");
        Ok((Accepted::new(chosen, deflate.map(|(_, agreed)| agreed)), head))
    }

    /// As [`Offer::accept`], for an answer that another HTTP library writes: 101 with its fields over HTTP/1.1, 200 over HTTP/2
    /// and HTTP/3, where nothing but subprotocol, extensions and `answer`'s own fields are said (RFC 8441 section 5).
    ///
    /// A `100 Continue` that the client expects is for that library to write.
    ///
    /// Fails with [`Misuse::SubprotocolNotOffered`] as [`Offer::accept`] does.
    pub fn accept_parts(&self, answer: &Answer) -> Result<(Accepted<Server>, ResponseParts), Misuse> {
        let (chosen, deflate) = self.agree(answer)?;
        // rule: server/h2-correct-handshake-refused server/h2-status-101 server/h2-answer-length
        let has_streams = self.request.version().has_streams();
        let mut fields = Vec::new();
        let mut field = |name: &str, value: String| fields.push((name.to_owned(), value));
        if !has_streams {
            field("upgrade", "websocket".to_owned());
            field("connection", "Upgrade".to_owned());
            field("sec-websocket-accept", self.accept_value().to_string());
        }
        if let Some(name) = chosen {
            field("sec-websocket-protocol", name.to_owned());
        }
        if let Some((parameters, _)) = &deflate {
            field("sec-websocket-extensions", parameters.to_string());
        }
        fields.extend(answer.fields().map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())));
        let status = if has_streams { 200 } else { 101 };
        let parts = ResponseParts { status, fields, body: Vec::new() };
        Ok((Accepted::new(chosen, deflate.map(|(_, agreed)| agreed)), parts))
    }

    /// The subprotocol, and what to say and to do about compression.
    fn agree<'a>(&self, answer: &'a Answer) -> Result<Agreement<'a>, Misuse> {
        // rule: server/subprotocol-unoffered server/subprotocol-several server/subprotocol-empty
        let chosen = subprotocol::choose(&self.request.fields(), answer.supported());
        if chosen.is_none() && answer.requires_subprotocol() {
            return Err(Misuse::SubprotocolNotOffered);
        }
        Ok((chosen, answer.deflate_options().and_then(|options| options.answer(&self.extensions()))))
    }

    fn accept_value(&self) -> Accept {
        match &self.key {
            Some(key) => Accept::derive(key),
            None => Accept::derive_relaxed(self.request.field("sec-websocket-key").unwrap_or_default()),
        }
    }
}

/// The subprotocol, and the parameters of compression with what they mean.
type Agreement<'a> = (Option<&'a str>, Option<(Parameters, Agreed)>);

// rule: server/status-line-malformed server/response-upgrade-wrong server/response-connection-wrong
/// The 101 up to the accept value: exactly `Upgrade` in `Connection`, since clients refuse the legal list.
const SWITCHING: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
