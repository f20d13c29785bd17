//! The client's request, and the reader of its answer (RFC 6455 section 4.1).

use super::authority::HostPort;
use super::head::{Scan, Scanner, is_field, is_reserved};
use super::stream::is_of_connection;
use super::verify::{self, Asked};
use super::{Accept, Accepted, HttpVersion, Key, Progress, RequestParts, ResponseHead, subprotocol, target};
use crate::deflate::DeflateOptions;
use crate::error::{Excerpt, Misuse, ResponseFault};
use crate::{Client, Limits};
use std::borrow::Cow;

/// A request to be sent. Everything is checked when it is set; what this writes is always a valid handshake.
#[derive(Clone, Debug)]
pub struct ClientRequest {
    authority: Box<str>,
    target: Box<str>,
    subprotocols: Vec<Box<str>>,
    subprotocol_required: bool,
    fields: Vec<(Box<str>, Box<str>)>,
    deflate: Option<DeflateOptions>,
}

impl ClientRequest {
    /// `authority` is host and non-default port (`example.org`, `example.org:8080`, `[::1]:8080`), `target` path and query
    /// (`/chat?x=1`); an empty path becomes `/`.
    ///
    /// Fails with [`Misuse::HeaderNotAllowed`] when either does not fit HTTP's grammar: user names and fragments do not.
    pub fn new(authority: &str, target: &str) -> Result<Self, Misuse> {
        // rule: client/uri-invalid-used client/request-line-wrong client/host-wrong
        let slash = if target.is_empty() || target.starts_with('?') { "/" } else { "" };
        let target = format!("{slash}{target}");
        if HostPort::parse(authority.as_bytes()).is_none()
            || !target.starts_with('/')
            || target.bytes().any(target::is_illegal)
        {
            return Err(Misuse::HeaderNotAllowed);
        }
        Ok(Self {
            authority: authority.into(),
            target: target.into(),
            subprotocols: Vec::new(),
            subprotocol_required: false,
            fields: Vec::new(),
            deflate: None,
        })
    }

    /// Offers one more subprotocol, less preferred than those before it. Fails with [`Misuse::SubprotocolInvalid`] for
    /// a name that is no token, or that was offered already.
    pub fn subprotocol(mut self, name: &str) -> Result<Self, Misuse> {
        // rule: client/subprotocol-offer-invalid
        self.subprotocols.push(name.into());
        match subprotocol::are_valid(&self.subprotocols) {
            true => Ok(self),
            false => Err(Misuse::SubprotocolInvalid),
        }
    }

    /// Fails the handshake when subprotocols are offered and the server chooses none, as browsers do. Off by default.
    pub fn require_subprotocol(self, require: bool) -> Self {
        Self { subprotocol_required: require, ..self }
    }

    /// Adds a field, such as `Origin`, `Authorization` or `Cookie`. A `Cache-Control` or `Pragma` replaces the one that
    /// asks caches to stay out.
    ///
    /// Fails with [`Misuse::HeaderNotAllowed`] for anything outside HTTP's grammar and for the fields of the handshake
    /// itself (`Host`, `Upgrade`, `Connection`, `Sec-WebSocket-*`) or of a body.
    pub fn field(mut self, name: &str, value: &str) -> Result<Self, Misuse> {
        // rule: client/request-syntax client/body-sent
        if !is_field(name, value) || is_reserved(name) || name.eq_ignore_ascii_case("host") {
            return Err(Misuse::HeaderNotAllowed);
        }
        self.fields.push((name.into(), value.into()));
        Ok(self)
    }

    /// As [`ClientRequest::field`], but takes away the fields of the same name first.
    pub fn replace_field(mut self, name: &str, value: &str) -> Result<Self, Misuse> {
        self.fields.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        self.field(name, value)
    }

    /// The same request for another place, as after a redirect. With `keeps_credentials` false, the fields
    /// `Authorization`, `Cookie`, `Cookie2` and `Proxy-Authorization` are left out.
    ///
    /// Fails as [`ClientRequest::new`] does.
    pub fn redirected(&self, authority: &str, target: &str, keeps_credentials: bool) -> Result<Self, Misuse> {
        // rule: client/redirect-unsafe
        let Self { authority, target, .. } = Self::new(authority, target)?;
        let mut request = Self { authority, target, ..self.clone() };
        let is_secret = |name: &str| CREDENTIALS.iter().any(|secret| secret.eq_ignore_ascii_case(name));
        request.fields.retain(|(name, _)| keeps_credentials || !is_secret(name));
        Ok(request)
    }

    /// Offers permessage-deflate. Off by default: [`DeflateOptions`] says why.
    pub fn deflate(self, options: DeflateOptions) -> Self {
        Self { deflate: Some(options), ..self }
    }

    /// The bytes to write, and what judges the answer. `nonce` is 16 bytes from a cryptographic random source, drawn
    /// anew for each handshake.
    pub fn start(&self, nonce: [u8; 16]) -> (Vec<u8>, Pending) {
        // rule: client/key-reused client/data-before-answer
        // The key is a value of this call, and nothing but the head can be written before a verdict.
        let key = Key::from_nonce(nonce);
        // rule: client/request-line-wrong client/host-wrong client/upgrade-fields-wrong client/version-wrong
        let mut head = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n",
            self.target, self.authority
        );
        for (name, value) in self.shared_fields() {
            for part in [name, ": ", &value, "\r\n"] {
                head.push_str(part);
            }
        }
        head.push_str("\r\n");
        let pending = Pending { key, asked: self.asked(), reader: ResponseReader::new() };
        (head.into_bytes(), pending)
    }

    /// The same request as an extended CONNECT of HTTP/2 (RFC 8441): what stands before the fields, the fields in
    /// order with names in lower case, and what judges the answer. `secure` says whether TLS carries it. It may be sent only to a
    /// server that has announced `SETTINGS_ENABLE_CONNECT_PROTOCOL`, and without ending the stream.
    ///
    /// Fields that are about the connection, which HTTP/2 does not have, are left out.
    pub fn start_stream(&self, secure: bool) -> (RequestParts<'_>, Vec<(String, String)>, PendingStream) {
        // rule: client/h2-request-malformed
        let parts = RequestParts {
            version: HttpVersion::Http2,
            method: "CONNECT",
            target: &self.target,
            scheme: Some(if secure { "https" } else { "http" }),
            authority: Some(&self.authority),
            protocol: Some("websocket"),
        };
        let mut fields = vec![("sec-websocket-version".to_owned(), "13".to_owned())];
        let shared = self.shared_fields().into_iter();
        let shared = shared.filter(|(name, value)| !is_of_connection(name.as_bytes(), value.as_bytes()));
        fields.extend(shared.map(|(name, value)| (name.to_ascii_lowercase(), value.into_owned())));
        (parts, fields, PendingStream { asked: self.asked() })
    }

    /// The fields that do not depend on the version of HTTP.
    fn shared_fields(&self) -> Vec<(&str, Cow<'_, str>)> {
        let mut fields: Vec<(&str, Cow<'_, str>)> = Vec::with_capacity(self.fields.len() + 4);
        if !self.subprotocols.is_empty() {
            fields.push(("Sec-WebSocket-Protocol", self.subprotocols.join(", ").into()));
        }
        if let Some(options) = &self.deflate {
            fields.push(("Sec-WebSocket-Extensions", options.offer().to_string().into()));
        }
        // rule: client/request-cacheable
        for name in ["Cache-Control", "Pragma"] {
            if !self.fields.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)) {
                fields.push((name, "no-cache".into()));
            }
        }
        fields.extend(self.fields.iter().map(|(name, value)| (&**name, Cow::from(&**value))));
        fields
    }

    fn asked(&self) -> Asked {
        Asked {
            subprotocols: self.subprotocols.clone(),
            subprotocol_required: self.subprotocol_required,
            deflate: self.deflate,
        }
    }
}

/// The fields that say who someone is, and are meant for one origin only.
const CREDENTIALS: [&str; 4] = ["Authorization", "Cookie", "Cookie2", "Proxy-Authorization"];

/// A handshake whose request was written and whose answer is awaited.
#[derive(Debug)]
pub struct Pending {
    key: Key,
    pub(crate) asked: Asked,
    reader: ResponseReader,
}

/// An extended CONNECT that was sent and whose answer is awaited: see [`ClientRequest::start_stream`].
#[derive(Debug)]
pub struct PendingStream {
    asked: Asked,
}

impl PendingStream {
    /// Judges the final answer: a 2xx opens the WebSocket, any other status declines (RFC 8441 section 5). Interim
    /// answers (100, 103) are for the caller to skip.
    pub fn judge<'f>(
        &self,
        status: u16,
        fields: impl IntoIterator<Item = (&'f [u8], &'f [u8])>,
        limits: &Limits,
    ) -> Verdict {
        let (head, mut faults) = ResponseHead::from_stream(status, fields, limits);
        let accepted = match status {
            101 => {
                faults.push(ResponseFault::SwitchingStatus);
                None
            }
            200..=299 => Some(verify::stream_answer(&self.asked, &head, &mut faults)),
            _ => None,
        };
        match accepted {
            Some(accepted) if faults.is_empty() => Verdict::Opened(accepted, head),
            None if faults.is_empty() => Verdict::Declined(head),
            _ => Verdict::Faulty(faults, head),
        }
    }
}

/// How the server answered.
#[derive(Debug)]
pub enum Verdict {
    /// The WebSocket is open.
    Opened(Accepted<Client>, ResponseHead),
    /// A complete head other than 101 (other than 2xx over HTTP/2 and HTTP/3): ordinary HTTP. What follows it is the body.
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
    /// Fails when the head is malformed or beyond `limits`; the faults then include those of a 101 as far as it can be
    /// read. The connection must be closed.
    pub fn read(&mut self, input: &[u8], limits: &Limits) -> Result<Progress<Verdict>, Vec<ResponseFault>> {
        let (head, mut faults, used) = match self.reader.next(input, limits)? {
            Progress::Complete { value: (head, faults), used } => (head, faults, used),
            Progress::Partial => return Ok(Progress::Partial),
        };
        let (status, well_formed) = (head.status(), faults.is_empty());
        // rule: client/glued-frames-lost client/length-fields-obeyed client/failed-connection-kept
        // A 101 ends at its empty line, whatever length it states; without a fault, and only then, there is a witness.
        let value = match status {
            101 => match verify::answer(self, &head, &mut faults) {
                accepted if faults.is_empty() => Verdict::Opened(accepted, head),
                _ if well_formed => Verdict::Faulty(faults, head),
                _ => return Err(faults),
            },
            _ if well_formed => Verdict::Declined(head),
            _ => {
                faults.push(ResponseFault::StatusNot101(status));
                return Err(faults);
            }
        };
        Ok(Progress::Complete { value, used })
    }
}

/// Reads the head of an ordinary HTTP answer, such as a proxy's to `CONNECT`: as strict and as bounded as the reader of a
/// handshake's answer, which is the same.
#[derive(Debug)]
pub struct ResponseReader {
    scanner: Scanner,
    interim_answers: usize,
}

impl ResponseReader {
    /// Nothing has been read.
    pub fn new() -> Self {
        Self { scanner: Scanner::new(0, 0), interim_answers: 0 }
    }

    /// Looks at `input`: everything received so far, growing from call to call. Interim answers (100, 103) are skipped
    /// and count into `used`; a 101 is no interim answer.
    ///
    /// Fails when the head is malformed or beyond `limits`.
    pub fn read(
        &mut self,
        input: &[u8],
        limits: &Limits,
    ) -> Result<Progress<ResponseHead>, Vec<ResponseFault>> {
        match self.next(input, limits)? {
            Progress::Complete { value: (head, faults), used } if faults.is_empty() => {
                Ok(Progress::Complete { value: head, used })
            }
            Progress::Complete { value: (_, faults), .. } => Err(faults),
            Progress::Partial => Ok(Progress::Partial),
        }
    }

    /// The final head, with the faults of its lines.
    fn next(
        &mut self,
        input: &[u8],
        limits: &Limits,
    ) -> Result<Progress<(ResponseHead, Vec<ResponseFault>)>, Vec<ResponseFault>> {
        loop {
            // rule: client/head-in-pieces-refused
            let start = self.scanner.start();
            if let Some(fault) = foreign(input.get(start..).unwrap_or_default()) {
                return Err(vec![fault]);
            }
            let range = match self.scanner.scan(input, limits) {
                Scan::Partial => return Ok(Progress::Partial),
                Scan::Complete(range) => range,
                Scan::FirstLineTooLong | Scan::TooLarge => {
                    return Err(vec![ResponseFault::HeadTooLarge { bytes_max: limits.head_bytes_max }]);
                }
                Scan::TooManyFields => {
                    return Err(vec![ResponseFault::TooManyFields { fields_max: limits.head_fields_max }]);
                }
            };
            let used = range.end;
            let (head, faults) = ResponseHead::parse(&input[range], self.scanner.take_lines());
            let Some(head) = head else { return Err(faults) };
            let status = head.status();
            // rule: client/informational-refused
            if faults.is_empty() && (100..200).contains(&status) && status != 101 {
                self.interim_answers += 1;
                if self.interim_answers > limits.interim_answers_max {
                    return Err(vec![ResponseFault::TooManyInterimAnswers {
                        answers_max: limits.interim_answers_max,
                    }]);
                }
                self.scanner = Scanner::new(used, 0);
                continue;
            }
            return Ok(Progress::Complete { value: (head, faults), used });
        }
    }
}

impl Default for ResponseReader {
    fn default() -> Self {
        Self::new()
    }
}

/// An answer that is recognised by its first bytes as no HTTP: it is failed at once, since its head may never end.
fn foreign(input: &[u8]) -> Option<ResponseFault> {
    const START: &[u8] = b"HTTP/";
    let length = input.len().min(START.len());
    match input.first()? {
        // An alert or a handshake record.
        0x15 | 0x16 => Some(ResponseFault::TlsAnswer),
        _ if input[..length] == START[..length] => None,
        _ => {
            let line = input.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
            Some(ResponseFault::StatusLineMalformed(Excerpt::new(line)))
        }
    }
}
