//! `handfast key`: the accept value of a key, or a fresh pair.

use crate::args::KeyArgs;
use crate::escape;
use crate::exit::{Exit, Failure};
use crate::output::{self, Stream, Tone};
use handfast_proto::error::RequestFault;
use handfast_proto::handshake::{Accept, Key};

/// Runs the command.
pub fn run(args: &KeyArgs) -> Result<Exit, Failure> {
    let key = match &args.key {
        Some(text) => {
            parse(text.as_encoded_bytes()).map_err(|faults| explain(text.as_encoded_bytes(), &faults))?
        }
        None => fresh()?,
    };
    if args.steps {
        for line in steps(&key) {
            output::data(&line)?;
        }
        return Ok(Exit::Fine);
    }
    let accept = Accept::derive(&key);
    match args.key {
        Some(_) => output::data(accept.as_str())?,
        None => {
            output::data(&format!("Sec-WebSocket-Key: {}", key.as_str()))?;
            output::data(&format!("Sec-WebSocket-Accept: {}", accept.as_str()))?;
        }
    }
    Ok(Exit::Fine)
}

/// Reads a key as a header field would carry it: blanks around a value are no part of it (RFC 9110 section 5.5).
pub fn parse(value: &[u8]) -> Result<Key, Vec<RequestFault>> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let begin = value.iter().position(|byte| !is_blank(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !is_blank(byte)).map_or(begin, |last| last + 1);
    Key::parse(&value[begin..end])
}

/// A key of 16 bytes from the operating system.
pub fn fresh() -> Result<Key, Failure> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|error| {
        Failure::new(Exit::Internal, format!("the system gives no random bytes: {error}"))
    })?;
    Ok(Key::from_nonce(nonce))
}

fn explain(text: &[u8], faults: &[RequestFault]) -> Failure {
    output::complain(&format!("\"{}\" is not a valid Sec-WebSocket-Key:", escape::bytes(text)));
    for fault in faults {
        output::talk(&format!("  {}: {fault}", output::paint(Stream::Talk, Tone::Strong, fault.rule().id)));
    }
    output::talk("`handfast explain ID` tells more about a rule; `handfast key` makes a valid key.");
    Failure::explained(Exit::Refused)
}

fn steps(key: &Key) -> Vec<String> {
    let steps = Accept::steps(key);
    let canonical = match key.is_canonical() {
        true => "",
        false => " (its last letter has bits set that no byte uses; they are hashed like all others)",
    };
    let rows = [
        ("key", format!("{}{canonical}", key.as_str())),
        (
            "nonce",
            format!("{} (16 bytes; not used: the text of the key is hashed)", escape::hex(&key.nonce())),
        ),
        ("GUID", steps.guid.to_owned()),
        ("text", steps.text),
        ("SHA-1", escape::hex(&steps.digest)),
        ("base64", steps.accept.as_str().to_owned()),
    ];
    let label = |name: &str| output::paint(Stream::Data, Tone::Dim, &format!("{name:<8}"));
    rows.iter().map(|(name, value)| format!("{}{value}", label(name))).collect()
}
