//! The client's request as a server reads it (RFC 6455 section 4.2.1).

use super::examine::{Examiner, Judged, is_sign};
use super::head::{LineFault, Lines, Place, Scan, Scanner, Span, at};
use super::stream::Stream;
use super::target::RequestLine;
use super::{Fields, HttpVersion, Offer, Policy, Progress, Refusal, RequestParts, authority::HostPort};
use crate::{error::RequestFault, limits::LEADING_EMPTY_LINES_MAX};
use bytes::Bytes;

/// Reads a request head from a growing buffer. Remembers how far it looked, so a head that arrives byte by byte
/// costs no more than one that comes whole.
#[derive(Debug)]
pub struct RequestReader {
    scanner: Scanner,
}

impl RequestReader {
    /// A reader for one request.
    pub fn new() -> Self {
        Self { scanner: Scanner::new(0, LEADING_EMPTY_LINES_MAX) }
    }

    /// Looks at `input`: everything received so far on this connection, growing from call to call.
    ///
    /// Fails with the complete refusal when the head is malformed or beyond `policy.limits`; the refusal then names the
    /// broken rules of the handshake too. Bytes behind the head are not touched: the first `used` bytes are the head
    /// and the empty lines before it. After a failure the connection must be closed.
    pub fn read(&mut self, input: &[u8], policy: &Policy) -> Result<Progress<Request>, Refusal> {
        let limits = &policy.limits;
        let scan = self.scanner.scan(input, limits);
        // Behind the empty lines, if there are any.
        let start = self.scanner.start();
        if let Some(fault) = foreign(input.get(start..).unwrap_or_default()) {
            return Err(Refusal::new(vec![fault], HttpVersion::Http11, false));
        }
        let fault = match scan {
            Scan::Partial => return Ok(Progress::Partial),
            Scan::Complete(head) => {
                let used = head.end;
                let lines = self.scanner.take_lines();
                return Request::parse(&input[head], lines, policy)
                    .map(|value| Progress::Complete { value, used });
            }
            Scan::FirstLineTooLong => RequestFault::TargetTooLong { bytes_max: limits.head_bytes_max },
            Scan::TooLarge => RequestFault::HeadTooLarge { bytes_max: limits.head_bytes_max },
            Scan::TooManyFields => RequestFault::TooManyFields { fields_max: limits.head_fields_max },
        };
        Err(Refusal::new(vec![fault], HttpVersion::Http11, false))
    }

    /// The refusal for a head that did not end in time (408, rule `server/head-timeout`).
    pub fn timed_out(&self) -> Refusal {
        let fault = RequestFault::HeadTimeout { bytes: self.scanner.scanned() };
        Refusal::new(vec![fault], HttpVersion::Http11, false)
    }

    /// The refusal for a head that the end of the stream cuts short (400, rule `server/head-timeout`; RFC 9112 section 8).
    pub fn ended(&self) -> Refusal {
        let fault = RequestFault::HeadCut { bytes: self.scanner.scanned() };
        Refusal::new(vec![fault], HttpVersion::Http11, false)
    }
}

impl Default for RequestReader {
    fn default() -> Self {
        Self::new()
    }
}

/// Input that is recognised by its first byte as no HTTP request: it is answered at once, since its head may never end.
fn foreign(input: &[u8]) -> Option<RequestFault> {
    match *input.first()? {
        0x16 => Some(RequestFault::TlsHello),
        // A blank or an empty line is told precisely once the line is complete.
        b' ' | b'\t' | b'\r' | b'\n' => None,
        byte if super::list::is_token_byte(byte) => None,
        byte => Some(RequestFault::NotHttp(byte)),
    }
}

/// A well-formed request head, which may or may not be a WebSocket handshake.
#[derive(Clone, Debug)]
pub struct Request {
    head: Bytes,
    line: RequestLine,
    spans: Vec<Span>,
    carrier: Carrier,
    relaxed: Vec<&'static str>,
}

/// How the request came, where that shows.
#[derive(Clone, Copy, Debug)]
struct Carrier {
    version: HttpVersion,
    /// Over HTTP/2 and HTTP/3.
    scheme: Option<Place>,
    protocol: Option<Place>,
}

impl Request {
    /// Reads a complete head; all its faults, those of the handshake included, make the refusal.
    fn parse(head: &[u8], lines: Lines, policy: &Policy) -> Result<Self, Refusal> {
        let Lines { first, spans, faults } = lines;
        let line = split(RequestLine::parse(&head[first]));
        let carrier = Carrier { version: HttpVersion::Http11, scheme: None, protocol: None };
        Self::assemble(Bytes::copy_from_slice(head), line, spans, faults, carrier, policy)
    }

    /// A request that another HTTP library has read. Over HTTP/2 and HTTP/3 the rules are those of RFC 8441 and
    /// RFC 9220; over HTTP/1.1 they are the same as for bytes, as far as that library has left anything to judge.
    ///
    /// Fails with the complete refusal when a part is malformed or beyond `policy.limits`, and names the broken rules of the
    /// handshake too: answer with [`Refusal::to_parts`].
    ///
    /// # Examples
    ///
    /// ```
    /// use handfast_proto::handshake::{Answer, HttpVersion, Policy, Request, RequestParts};
    ///
    /// let parts = RequestParts {
    ///     version: HttpVersion::Http2,
    ///     method: "CONNECT",
    ///     target: "/chat",
    ///     scheme: Some("https"),
    ///     authority: Some("example.org"),
    ///     protocol: Some("websocket"),
    /// };
    /// let fields = [(&b"sec-websocket-version"[..], &b"13"[..])];
    /// let policy = Policy::default();
    /// let offer = Request::from_parts(&parts, fields, &policy).unwrap().into_offer(&policy).unwrap();
    /// let (_accepted, answer) = offer.accept_parts(&Answer::new()).unwrap();
    /// assert_eq!((answer.status, answer.fields), (200, vec![]));
    /// ```
    pub fn from_parts<'f>(
        parts: &RequestParts<'_>,
        fields: impl IntoIterator<Item = (&'f [u8], &'f [u8])>,
        policy: &Policy,
    ) -> Result<Self, Refusal> {
        let mut head = Vec::with_capacity(512);
        let (line, carrier) = match parts.version.has_streams() {
            true => {
                let (line, faults, scheme, protocol) = RequestLine::from_stream(parts, &mut head);
                ((Some(line), faults), Carrier { version: parts.version, scheme, protocol })
            }
            false => {
                let minor = if parts.version == HttpVersion::Http10 { "0" } else { "1" };
                for part in [parts.method, " ", parts.target, " HTTP/1.", minor] {
                    head.extend_from_slice(part.as_bytes());
                }
                let line = split(RequestLine::parse(&head));
                head.extend_from_slice(b"\r\n");
                (line, Carrier { version: parts.version, scheme: None, protocol: None })
            }
        };
        let limits = &policy.limits;
        let too_large = |fault| Err(Refusal::new(vec![fault], parts.version, parts.method == "HEAD"));
        // The empty line that ends a head counts as well.
        let bytes_max = limits.head_bytes_max.min(u32::MAX as usize);
        if head.len() + 2 > bytes_max {
            return too_large(RequestFault::TargetTooLong { bytes_max: limits.head_bytes_max });
        }
        let mut lines = Lines::default();
        for (count, (name, value)) in fields.into_iter().enumerate() {
            if count == limits.head_fields_max {
                return too_large(RequestFault::TooManyFields { fields_max: limits.head_fields_max });
            }
            if head.len() + name.len() + value.len() + 6 > bytes_max {
                return too_large(RequestFault::HeadTooLarge { bytes_max: limits.head_bytes_max });
            }
            lines.append(&mut head, name, value);
        }
        head.extend_from_slice(b"\r\n");
        Self::assemble(head.into(), line, lines.spans, lines.faults, carrier, policy)
    }

    fn assemble(
        head: Bytes,
        (line, mut faults): (Option<RequestLine>, Vec<RequestFault>),
        spans: Vec<Span>,
        line_faults: Vec<LineFault>,
        carrier: Carrier,
        policy: &Policy,
    ) -> Result<Self, Refusal> {
        // A stray CR of the first line is told as such already.
        faults.extend(line_faults.into_iter().map(RequestFault::from));
        let relaxed = |fault: &RequestFault| policy.strictness.relaxes(fault);
        match line {
            // Without faults, as nearly always, this allocates nothing.
            Some(line) if faults.iter().all(relaxed) => {
                let relaxed = faults.iter().map(|fault| fault.rule().id).collect();
                Ok(Self { head, line, spans, carrier, relaxed })
            }
            None if spans.is_empty() => Err(Refusal::new(faults, carrier.version, false)),
            line => {
                let judged = examine(&head, line.as_ref(), &carrier, &spans, policy, faults);
                let head_request = head.starts_with(b"HEAD ");
                let mut faults = judged.faults;
                faults.retain(|fault| !relaxed(fault));
                Err(Refusal::new(faults, carrier.version, head_request))
            }
        }
    }

    /// Which HTTP carried the request.
    pub fn version(&self) -> HttpVersion {
        self.carrier.version
    }

    /// `:scheme` over HTTP/2 and HTTP/3; `None` over HTTP/1.1, which does not tell.
    pub fn scheme(&self) -> Option<&str> {
        self.carrier.scheme.map(|place| self.text(place))
    }

    /// `:protocol` over HTTP/2 and HTTP/3.
    pub fn protocol(&self) -> Option<&str> {
        self.carrier.protocol.map(|place| self.text(place))
    }

    /// The method as it was spelled, such as `GET`.
    pub fn method(&self) -> &str {
        self.text(self.line.method)
    }

    /// The request target as it was spelled, such as `/chat?room=1`; always printable ASCII.
    pub fn target(&self) -> &str {
        self.text(self.line.target)
    }

    /// The path of the target, percent-encoded as it was sent; `/` for an empty one, `*` for `OPTIONS *`.
    pub fn path(&self) -> &str {
        match self.text(self.line.path) {
            "" => "/",
            path => path,
        }
    }

    /// The query of the target without its question mark.
    pub fn query(&self) -> Option<&str> {
        self.line.query.map(|query| self.text(query))
    }

    /// The minor version of HTTP/1: 1 for `HTTP/1.1`; higher ones are treated like it. Always 1 over HTTP/2 and HTTP/3: see
    /// [`Request::version`].
    pub fn minor_version(&self) -> u8 {
        self.line.minor
    }

    /// Host and port the client asked for: `:authority` over HTTP/2 and HTTP/3, the authority of an absolute-form target, else
    /// `Host`. `None` when there is no single well-formed one.
    pub fn authority(&self) -> Option<&str> {
        if let Some(authority) = self.line.authority {
            return Some(self.text(authority));
        }
        let mut hosts = self.fields().filter(|(name, _)| name.eq_ignore_ascii_case(b"host"));
        match (hosts.next(), hosts.next()) {
            (Some((_, host)), None) if HostPort::parse(host).is_some() => std::str::from_utf8(host).ok(),
            _ => None,
        }
    }

    /// All field lines in order.
    pub fn fields(&self) -> Fields<'_> {
        Fields::new(&self.head, &self.spans)
    }

    /// The value of the first field of this name, compared without case.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields().first(name)
    }

    /// The head as received, from the request line to the empty line. Where another library has read it, it is written out
    /// anew, over HTTP/2 with pseudo-header fields such as `:path: /chat`: for logs.
    pub fn as_bytes(&self) -> &[u8] {
        &self.head
    }

    /// Whether the client means to open a WebSocket, rightly or wrongly: it sent an `Upgrade` that speaks of websocket,
    /// or any `Sec-WebSocket-*` field, or over HTTP/2 and HTTP/3 a `:protocol` of websocket. An upgrade to another protocol
    /// alone, such as h2c, is none.
    pub fn wants_websocket(&self) -> bool {
        self.protocol().is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"))
            || self.fields().any(|(name, value)| is_sign(name, value))
    }

    /// Whether this field shows that a WebSocket is meant, as [`Request::wants_websocket`] has it; for requests that another
    /// HTTP library has read.
    pub fn is_sign(name: &str, value: &[u8]) -> bool {
        is_sign(name.as_bytes(), value)
    }

    /// Judges the request by every rule of the handshake.
    ///
    /// Fails with all faults at once. A plain GET without any sign of a handshake fails with 426 (400 over HTTP/2 and HTTP/3).
    pub fn into_offer(self, policy: &Policy) -> Result<Offer, Refusal> {
        let Judged { mut faults, key, expects_continue } =
            examine(&self.head, Some(&self.line), &self.carrier, &self.spans, policy, Vec::new());
        let mut relaxed = self.relaxed.clone();
        if !faults.is_empty() {
            faults.retain(|fault| {
                let pass = policy.strictness.relaxes(fault);
                if pass && !relaxed.contains(&fault.rule().id) {
                    relaxed.push(fault.rule().id);
                }
                !pass
            });
        }
        if !faults.is_empty() {
            return Err(Refusal::new(faults, self.version(), self.method() == "HEAD"));
        }
        Ok(Offer::new(self, key, expects_continue, relaxed))
    }

    /// Whether `100 Continue` must be written before the 101 (rule `server/expect-continue`).
    pub fn expects_continue(&self) -> bool {
        self.line.minor > 0
            && !self.version().has_streams()
            && self.field("expect").is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue"))
    }

    fn text(&self, place: Place) -> &str {
        std::str::from_utf8(&self.head[at(place)])
            .expect("a request line that was found well formed is ASCII")
    }
}

fn split(parsed: Result<RequestLine, Vec<RequestFault>>) -> (Option<RequestLine>, Vec<RequestFault>) {
    match parsed {
        Ok(line) => (Some(line), Vec::new()),
        Err(faults) => (None, faults),
    }
}

/// Feeds a head to the one validator.
fn examine<'a>(
    head: &'a [u8],
    line: Option<&RequestLine>,
    carrier: &Carrier,
    spans: &'a [Span],
    policy: &'a Policy,
    faults: Vec<RequestFault>,
) -> Judged {
    let mut examiner = Examiner::new(policy, faults);
    if let Some(line) = line {
        let part = |place| &head[at(place)];
        if carrier.version.has_streams() {
            examiner.stream(Stream {
                method: part(line.method),
                scheme: carrier.scheme.map(part),
                authority: line.authority.map(part),
                target: part(line.target),
                protocol: carrier.protocol.map(part),
            });
        } else {
            examiner.line(part(line.method), line.minor, line.authority.map(part));
        }
    }
    for (name, value) in Fields::new(head, spans) {
        examiner.field(name, value);
    }
    examiner.finish()
}

impl From<LineFault> for RequestFault {
    fn from(fault: LineFault) -> Self {
        match fault {
            LineFault::ObsFold(line) => Self::ObsFold(line),
            LineFault::ControlByte { byte, place } => Self::ControlByte { byte, place },
            LineFault::BareCr(line) => Self::BareCr(line),
            LineFault::BareLf(line) => Self::BareLf(line),
            LineFault::SpaceBeforeColon(name) => Self::SpaceBeforeColon(name),
            LineFault::SpaceBeforeFirstField(line) => Self::SpaceBeforeFirstField(line),
            LineFault::Malformed(line) => Self::FieldLineMalformed(line),
        }
    }
}
