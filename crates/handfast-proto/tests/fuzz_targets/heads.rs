//! Request and response heads.

use super::ends::small_limits;
use handfast_proto::error::ResponseFault;
use handfast_proto::handshake::{
    Accept, Answer, ClientRequest, Pending, Policy, Progress, Refusal, Request, RequestReader, Strictness,
    Verdict,
};
use handfast_proto::rules::Rule;

/// A server reads anything: whole and byte by byte alike, and refuses with a complete response.
pub fn request(input: &[u8]) {
    let strict = Policy { limits: small_limits(), ..Policy::default() };
    let relaxed =
        Policy { strictness: Strictness::Compatible(Strictness::relaxable().to_vec()), ..strict.clone() };
    let offered = judge(input, &strict);
    let offered_relaxed = judge(input, &relaxed);
    assert!(!offered || offered_relaxed, "what is right is not refused by a laxer policy");
}

/// Whether the request is accepted.
fn judge(input: &[u8], policy: &Policy) -> bool {
    let whole = RequestReader::new().read(input, policy);
    let mut reader = RequestReader::new();
    let by_byte = (0..=input.len())
        .map(|length| reader.read(&input[..length], policy))
        .find(|read| !matches!(read, Ok(Progress::Partial)))
        .unwrap_or(Ok(Progress::Partial));
    assert_eq!(seen(&whole), seen(&by_byte));
    match whole {
        Ok(Progress::Partial) => {
            assert!(input.len() < policy.limits.head_bytes_max, "a head that never ends is refused");
            false
        }
        Err(refusal) => {
            check_refusal(&refusal);
            false
        }
        Ok(Progress::Complete { value: request, used }) => {
            assert!(used <= policy.limits.head_bytes_max && input[..used].ends_with(request.as_bytes()));
            assert!(request.fields().len() <= policy.limits.head_fields_max);
            let is_head = request.method() == "HEAD";
            match request.into_offer(policy) {
                Err(refusal) => {
                    check_refusal(&refusal);
                    assert!(!is_head || refusal.to_bytes().ends_with(b"\r\n\r\n"));
                    false
                }
                Ok(offer) => {
                    assert!(policy.strictness != Strictness::Strict || offer.relaxed().is_empty());
                    let answer = Answer::new().subprotocols(["chat"]).expect("a token");
                    let (_, response) = offer.accept(&answer).expect("nothing is required");
                    let response = String::from_utf8(response).expect("a 101 is ASCII");
                    let response =
                        response.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(&response);
                    assert!(response.starts_with("HTTP/1.1 101 ") && response.ends_with("\r\n\r\n"));
                    assert_eq!(response.matches("\r\n\r\n").count(), 1);
                    if let Some(key) = offer.key() {
                        let line = format!("\r\nSec-WebSocket-Accept: {}\r\n", Accept::derive(key));
                        assert_eq!(response.matches(&line).count(), 1);
                    }
                    true
                }
            }
        }
    }
}

/// What two readings must share.
fn seen(read: &Result<Progress<Request>, Refusal>) -> (usize, Vec<u8>) {
    match read {
        Ok(Progress::Partial) => (0, Vec::new()),
        Ok(Progress::Complete { value, used }) => (*used, value.as_bytes().to_vec()),
        Err(refusal) => (0, refusal.to_bytes()),
    }
}

/// The refusal is a complete HTTP response, with nothing of the peer's bytes unescaped in it.
fn check_refusal(refusal: &Refusal) {
    let bytes = refusal.response().to_bytes(false);
    assert!(bytes.len() < 64 << 10, "a refusal is bounded");
    let text = String::from_utf8(bytes).expect("a refusal is UTF-8");
    assert!(text.bytes().all(|byte| matches!(byte, b'\r' | b'\n' | b' '..=b'~')));
    let (head, body) = text.split_once("\r\n\r\n").expect("a head has an end");
    let mut lines = head.split("\r\n");
    let status = refusal.status();
    assert!(lines.next().is_some_and(|line| line.starts_with(&format!("HTTP/1.1 {status} "))));
    let fields: Vec<(&str, &str)> =
        lines.map(|line| line.split_once(": ").expect("name and value")).collect();
    let all = |wanted: &str| {
        let values = fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        values.map(|(_, value)| *value).collect::<Vec<_>>()
    };
    assert_eq!(all("content-length"), [body.len().to_string()]);
    assert_eq!(all("cache-control"), ["no-store"]);
    assert_eq!(all("connection"), [if status == 426 { "Upgrade, close" } else { "close" }]);
    assert_eq!(all("upgrade").len(), usize::from(status == 426));
    assert_eq!(all("allow").len(), usize::from(status == 405));
    assert!(!body.contains('\r'));
    assert!(((400..500).contains(&status) || status == 505) && !refusal.faults().is_empty());
    for fault in refusal.faults() {
        let id = fault.rule().id;
        assert!(Rule::find(id).is_some() && body.contains(id), "{id} is told");
    }
}

/// A client reads anything: whole and byte by byte alike, and opens only by the rules.
pub fn response(input: &[u8]) {
    let limits = small_limits();
    let pending = || {
        let request = ClientRequest::new("h", "/").expect("both fit");
        let request = request.subprotocol("chat").and_then(|request| request.subprotocol("soap"));
        request.expect("both are tokens").start(*b"the sample nonce").1
    };
    let whole = pending().read(input, &limits);
    let mut reader = pending();
    let by_byte = (0..=input.len())
        .map(|length| reader.read(&input[..length], &limits))
        .find(|read| !matches!(read, Ok(Progress::Partial)))
        .unwrap_or(Ok(Progress::Partial));
    assert_eq!(told(&whole), told(&by_byte));
    match &whole {
        Ok(Progress::Partial) => {
            let most = limits.head_bytes_max * (limits.interim_answers_max + 1);
            assert!(input.len() < most, "an answer that never ends is failed");
        }
        Ok(Progress::Complete { value, used }) => check_verdict(value, &pending(), &input[..*used]),
        Err(faults) => check_faults(faults),
    }
}

fn check_verdict(verdict: &Verdict, pending: &Pending, input: &[u8]) {
    match verdict {
        Verdict::Opened(accepted, head) => {
            assert!(input.ends_with(head.as_bytes()) && head.status() == 101);
            let all = |wanted: &str| {
                let fields = head.fields().filter(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
                fields.map(|(_, value)| value.to_vec()).collect::<Vec<_>>()
            };
            assert_eq!(all("sec-websocket-accept"), [pending.expected().as_bytes()]);
            assert!(all("upgrade")[0].eq_ignore_ascii_case(b"websocket") && all("upgrade").len() == 1);
            assert!(
                all("connection").concat().to_ascii_lowercase().windows(7).any(|part| part == b"upgrade")
            );
            assert!(all("sec-websocket-extensions").is_empty());
            match accepted.subprotocol() {
                None => assert!(all("sec-websocket-protocol").is_empty()),
                Some(name) => {
                    assert!(["chat", "soap"].contains(&name));
                    assert_eq!(all("sec-websocket-protocol"), [name.as_bytes()]);
                }
            }
        }
        Verdict::Declined(head) => assert!(head.status() >= 200),
        Verdict::Faulty(faults, head) => {
            assert_eq!(head.status(), 101);
            check_faults(faults);
        }
    }
}

fn check_faults(faults: &[ResponseFault]) {
    assert!(!faults.is_empty());
    for fault in faults {
        assert!(Rule::find(fault.rule().id).is_some());
        assert!(fault.to_string().bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
    }
}

/// What two readings must share: how much of a wrong line is shown depends on how much of it had come.
fn told(read: &Result<Progress<Verdict>, Vec<ResponseFault>>) -> (&'static str, usize, Vec<&'static str>) {
    let rules = |faults: &[ResponseFault]| faults.iter().map(|fault| fault.rule().id).collect();
    match read {
        Ok(Progress::Partial) => ("partial", 0, Vec::new()),
        Ok(Progress::Complete { value: Verdict::Opened(..), used }) => ("opened", *used, Vec::new()),
        Ok(Progress::Complete { value: Verdict::Declined(_), used }) => ("declined", *used, Vec::new()),
        Ok(Progress::Complete { value: Verdict::Faulty(faults, _), used }) => {
            ("faulty", *used, rules(faults))
        }
        Err(faults) => ("malformed", 0, rules(faults)),
    }
}
