//! The catalogue's answers: a correct one that is changed, fed to a client whole and byte by byte.

use crate::probe::{ACCEPT, Head};
use handfast_proto::Limits;
use handfast_proto::error::ResponseFault;
use handfast_proto::handshake::{ClientRequest, Progress, Verdict};

/// The nonce of the sample key.
pub const NONCE: [u8; 16] = *b"the sample nonce";

/// The correct answer.
pub fn good() -> Head {
    Head::new(&[
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        &format!("Sec-WebSocket-Accept: {ACCEPT}"),
    ])
}

pub fn request() -> ClientRequest {
    ClientRequest::new("server.example", "/chat").unwrap()
}

/// What became of an answer.
#[derive(Debug)]
pub enum Outcome {
    /// Open, with this subprotocol; that many bytes were the head.
    Open(Option<String>, usize),
    /// Ordinary HTTP with this status.
    Declined(u16),
    Failed(Vec<ResponseFault>),
}

impl Outcome {
    fn shape(&self) -> (Option<String>, usize, Vec<&'static str>) {
        match self {
            Self::Open(name, used) => (name.clone(), *used, Vec::new()),
            Self::Declined(status) => (None, usize::from(*status), vec!["declined"]),
            Self::Failed(faults) => (None, 0, faults.iter().map(|fault| fault.rule().id).collect()),
        }
    }
}

/// Judges `input` as the answer to `request`, whole and byte by byte, with the same outcome.
pub fn judge(request: &ClientRequest, input: impl Into<Vec<u8>>) -> Outcome {
    let input: Vec<u8> = input.into();
    let whole = in_steps(request, &input, input.len().max(1));
    assert_eq!(whole.shape(), in_steps(request, &input, 1).shape(), "{}", input.escape_ascii());
    if let Outcome::Failed(faults) = &whole {
        assert!(!faults.is_empty());
        for fault in faults {
            assert!(fault.rule().id.starts_with("client/") && fault.fix().ends_with('.'));
            assert!(fault.to_string().ends_with('.') && fault.to_string().is_ascii(), "{fault}");
        }
    }
    whole
}

fn in_steps(request: &ClientRequest, input: &[u8], step: usize) -> Outcome {
    let (_, mut pending) = request.start(NONCE);
    let mut length = 0;
    while length < input.len() {
        length = (length + step).min(input.len());
        match pending.read(&input[..length], &Limits::default()) {
            Ok(Progress::Partial) => {}
            Ok(Progress::Complete { value, used }) => {
                return match value {
                    Verdict::Opened(accepted, head) => {
                        assert_eq!(head.status(), 101);
                        Outcome::Open(accepted.subprotocol().map(str::to_owned), used)
                    }
                    Verdict::Declined(head) => Outcome::Declined(head.status()),
                    Verdict::Faulty(faults, _) => Outcome::Failed(faults),
                };
            }
            Err(faults) => return Outcome::Failed(faults),
        }
    }
    panic!("no verdict on {}", input.escape_ascii())
}

/// Asserts that the answer opens, with this subprotocol.
pub fn opens_to(request: &ClientRequest, input: impl Into<Vec<u8>>, subprotocol: Option<&str>) {
    let input = input.into();
    match judge(request, &*input) {
        Outcome::Open(name, _) => assert_eq!(name.as_deref(), subprotocol),
        other => panic!("{other:?} for {}", input.escape_ascii()),
    }
}

pub fn opens(input: impl Into<Vec<u8>>) {
    opens_to(&request(), input, None);
}

/// Asserts that the answer fails for exactly this rule.
pub fn fails_to(request: &ClientRequest, input: impl Into<Vec<u8>>, rule: &str) {
    let input = input.into();
    let outcome = judge(request, &*input);
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?} for {}", input.escape_ascii());
    assert_eq!(outcome.shape().2, [rule], "{}", input.escape_ascii());
}

pub fn fails(input: impl Into<Vec<u8>>, rule: &str) {
    fails_to(&request(), input, rule);
}
