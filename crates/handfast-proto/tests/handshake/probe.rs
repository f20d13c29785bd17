//! The catalogue's stimuli: a correct request or answer that is changed, fed whole and byte by byte.
//!
//! Every outcome is checked for what each answer of ours must have, so that the rules about answers hold for all stimuli.

use handfast_proto::handshake::{
    Answer, HttpVersion, Offer, Policy, Progress, Refusal, Request, RequestParts, RequestReader,
};

pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A head that is changed line by line.
#[derive(Clone)]
pub struct Head {
    lines: Vec<Vec<u8>>,
}

impl Head {
    pub fn new(lines: &[&str]) -> Self {
        Self { lines: lines.iter().map(|line| line.as_bytes().to_vec()).collect() }
    }

    /// Another first line.
    pub fn first(mut self, line: impl AsRef<[u8]>) -> Self {
        self.lines[0] = line.as_ref().to_vec();
        self
    }

    /// Without the lines of this field.
    pub fn without(mut self, name: &str) -> Self {
        let before = self.lines.len();
        self.lines.retain(|line| !line.starts_with(format!("{name}:").as_bytes()));
        assert!(self.lines.len() < before, "there is no {name}");
        self
    }

    /// With another line in this field's place.
    pub fn instead(mut self, name: &str, line: impl AsRef<[u8]>) -> Self {
        let found = self.lines.iter().position(|old| old.starts_with(format!("{name}:").as_bytes()));
        self.lines[found.expect("the field is there")] = line.as_ref().to_vec();
        self
    }

    /// With one more line at the end.
    pub fn add(mut self, line: impl AsRef<[u8]>) -> Self {
        self.lines.push(line.as_ref().to_vec());
        self
    }

    /// With one more line directly behind the first.
    pub fn lead(mut self, line: impl AsRef<[u8]>) -> Self {
        self.lines.insert(1, line.as_ref().to_vec());
        self
    }

    /// With its fields in reverse order.
    pub fn reversed(mut self) -> Self {
        self.lines[1..].reverse();
        self
    }

    /// With each field name changed.
    pub fn named(mut self, change: impl Fn(&str) -> String) -> Self {
        for line in &mut self.lines[1..] {
            let text = String::from_utf8(line.clone()).unwrap();
            let (name, value) = text.split_once(':').unwrap();
            *line = format!("{}:{value}", change(name)).into_bytes();
        }
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in &self.lines {
            bytes.extend_from_slice(line);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }
}

impl From<Head> for Vec<u8> {
    fn from(head: Head) -> Self {
        head.bytes()
    }
}

/// The correct request.
pub fn base() -> Head {
    Head::new(&[
        "GET /chat HTTP/1.1",
        "Host: server.example",
        "Upgrade: websocket",
        "Connection: Upgrade",
        &format!("Sec-WebSocket-Key: {KEY}"),
        "Sec-WebSocket-Version: 13",
    ])
}

/// What became of a request.
pub enum Reaction {
    Accepted(Box<Offer>, String),
    Refused(Refusal, String),
}

/// Reads and judges `input`, whole and byte by byte, with the same outcome.
pub fn react(input: impl Into<Vec<u8>>, policy: &Policy, answer: &Answer) -> Reaction {
    let input: &[u8] = &input.into();
    let whole = react_in_steps(input, policy, answer, input.len().max(1));
    let by_byte = react_in_steps(input, policy, answer, 1);
    match (&whole, &by_byte) {
        (Reaction::Accepted(_, one), Reaction::Accepted(_, other)) => assert_eq!(one, other),
        (Reaction::Refused(_, one), Reaction::Refused(_, other)) => assert_eq!(one, other),
        _ => panic!("whole and byte by byte differ for {}", input.escape_ascii()),
    }
    whole
}

fn react_in_steps(input: &[u8], policy: &Policy, answer: &Answer, step: usize) -> Reaction {
    let mut reader = RequestReader::new();
    let mut length = 0;
    while length < input.len() {
        length = (length + step).min(input.len());
        match reader.read(&input[..length], policy) {
            Ok(Progress::Partial) => {}
            Ok(Progress::Complete { value, used }) => {
                assert!(used <= length);
                let by_parts = react_to_parts(&value, policy, answer);
                return match value.into_offer(policy) {
                    Ok(offer) => {
                        let (_, bytes) = offer.accept(answer).expect("the answer is right");
                        let text = String::from_utf8(bytes).unwrap();
                        check_101(&text);
                        assert_eq!(by_parts.expect("accepted by parts too"), fields_of(&text));
                        Reaction::Accepted(Box::new(offer), text)
                    }
                    Err(refusal) => {
                        let text = String::from_utf8(refusal.to_bytes()).unwrap();
                        assert_eq!(
                            by_parts.expect_err("refused by parts too"),
                            (ids(&refusal), fields_of(&text))
                        );
                        refused(refusal)
                    }
                };
            }
            Err(refusal) => return refused(refusal),
        }
    }
    panic!("no reaction to {}", input.escape_ascii())
}

type Fields = Vec<(String, String)>;

/// The same request as another HTTP library would hand it over: the verdict must be the same.
fn react_to_parts(
    request: &Request,
    policy: &Policy,
    answer: &Answer,
) -> Result<Fields, (Vec<&'static str>, Fields)> {
    let version = if request.minor_version() == 0 { HttpVersion::Http10 } else { HttpVersion::Http11 };
    let parts = RequestParts {
        version,
        method: request.method(),
        target: request.target(),
        scheme: None,
        authority: None,
        protocol: None,
    };
    let offer =
        Request::from_parts(&parts, request.fields(), policy).and_then(|again| again.into_offer(policy));
    match offer {
        Ok(offer) => {
            let (_, parts) = offer.accept_parts(answer).expect("the answer is right");
            assert_eq!((parts.status, parts.body.len()), (101, 0));
            Ok(parts.fields)
        }
        Err(refusal) => {
            let parts = refusal.to_parts();
            assert_eq!(parts.status, refusal.status());
            Err((ids(&refusal), parts.fields))
        }
    }
}

/// All fields of the last head in a text, their names in lower case.
fn fields_of(text: &str) -> Fields {
    let text = text.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(text);
    let head = text.split("\r\n\r\n").next().unwrap();
    let fields = head.split("\r\n").skip(1).map(|line| line.split_once(": ").expect("a field"));
    fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect()
}

fn refused(refusal: Refusal) -> Reaction {
    let text = String::from_utf8(refusal.to_bytes()).expect("a refusal is UTF-8");
    check_refusal(&refusal, &text);
    Reaction::Refused(refusal, text)
}

/// The lines of this field in an answer.
pub fn values<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let head = text.split("\r\n\r\n").next().unwrap();
    let fields = head.split("\r\n").skip(1).map(|line| line.split_once(": ").expect("a field"));
    fields.filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
}

// rule: server/status-line-malformed server/response-upgrade-wrong server/response-connection-wrong
// rule: server/response-content-length server/response-transfer-encoding server/response-trailing-bytes
// rule: server/accept-duplicate
fn check_101(text: &str) {
    let text = text.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(text);
    assert!(text.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{text}");
    assert_eq!(values(text, "Upgrade"), ["websocket"]);
    assert_eq!(values(text, "Connection"), ["Upgrade"]);
    assert_eq!(values(text, "Sec-WebSocket-Accept").len(), 1);
    assert!(values(text, "Sec-WebSocket-Protocol").len() <= 1);
    assert!(values(text, "Content-Length").is_empty() && values(text, "Transfer-Encoding").is_empty());
    assert_eq!(text.find("\r\n\r\n"), Some(text.len() - 4), "nothing follows the empty line");
}

// rule: server/silent-close server/error-unframed server/error-unexplained server/method-without-allow
// rule: server/status-426-without-upgrade server/version-other-unadvertised server/version-advertised-malformed
// rule: server/refusal-cacheable server/response-splitting server/status-401-without-challenge
fn check_refusal(refusal: &Refusal, text: &str) {
    let (head, body) = text.split_once("\r\n\r\n").expect("a complete head");
    let status = refusal.status();
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    assert!((400..=599).contains(&status) && status != 401, "{head}");
    let length: usize = values(text, "Content-Length").concat().parse().expect("one length");
    assert!(length > 40 && (length == body.len() || body.is_empty()), "{text}");
    assert_eq!(values(text, "Content-Type"), ["text/plain; charset=utf-8"]);
    assert_eq!(values(text, "X-Content-Type-Options"), ["nosniff"]);
    assert_eq!(values(text, "Cache-Control"), ["no-store"]);
    let connection = values(text, "Connection").concat();
    assert!(connection.ends_with("close"), "{connection}");
    if status == 426 {
        assert_eq!(values(text, "Upgrade"), ["websocket"]);
        assert_eq!(connection, "Upgrade, close");
    }
    if status == 405 {
        assert_eq!(values(text, "Allow"), ["GET"]);
    }
    if status == 426 || ids(refusal).iter().any(|id| id.starts_with("server/version-")) {
        assert_eq!(values(text, "Sec-WebSocket-Version"), ["13"]);
    }
    assert!(!refusal.faults().is_empty());
    assert!(refusal.faults().iter().any(|fault| fault.status() == status));
    for fault in refusal.faults() {
        if !body.is_empty() {
            assert!(body.contains(fault.rule().id) && body.contains(&fault.to_string()), "{body}");
        }
        assert!(fault.rule().id.starts_with("server/") && fault.fix().ends_with('.'));
    }
    assert!(!body.bytes().any(|byte| byte.is_ascii_control() && byte != b'\n'), "{body:?}");
}

/// The ids of all faults, the most telling first.
pub fn ids(refusal: &Refusal) -> Vec<&'static str> {
    refusal.faults().iter().map(|fault| fault.rule().id).collect()
}

/// The answer to a request that must be accepted by the default policy.
pub fn accepted(input: impl Into<Vec<u8>>) -> String {
    accepted_by(input, &Policy::default(), &Answer::new()).1
}

/// The offer and the answer to a request that must be accepted by this policy.
pub fn accepted_by(input: impl Into<Vec<u8>>, policy: &Policy, answer: &Answer) -> (Offer, String) {
    let input = input.into();
    match react(&*input, policy, answer) {
        Reaction::Accepted(offer, text) => (*offer, text),
        Reaction::Refused(_, text) => panic!("{} was refused:\n{text}", shown(&input)),
    }
}

/// The refusal of a request that must be refused by the default policy.
pub fn refusal(input: impl Into<Vec<u8>>) -> Refusal {
    refusal_by(input, &Policy::default())
}

/// The refusal of a request that must be refused by this policy.
pub fn refusal_by(input: impl Into<Vec<u8>>, policy: &Policy) -> Refusal {
    let input = input.into();
    match react(&*input, policy, &Answer::new()) {
        Reaction::Refused(refusal, _) => refusal,
        Reaction::Accepted(..) => panic!("{} was accepted", shown(&input)),
    }
}

/// Asserts that the request is refused with this status for exactly this rule.
pub fn refuses(input: impl Into<Vec<u8>>, status: u16, rule: &str) {
    refuses_by(input, status, rule, &Policy::default());
}

/// Asserts that the request is refused by this policy with this status for exactly this rule.
pub fn refuses_by(input: impl Into<Vec<u8>>, status: u16, rule: &str, policy: &Policy) {
    let input = input.into();
    let refusal = refusal_by(&*input, policy);
    assert_eq!((refusal.status(), ids(&refusal)), (status, vec![rule]), "{}", shown(&input));
}

fn shown(input: &[u8]) -> String {
    input[..input.len().min(300)].escape_ascii().to_string()
}
