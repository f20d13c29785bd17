//! Short texts: keys and close payloads, each against a plain reading of the standard.

use super::ends::{config, feed, frames, small_limits};
use super::pair::{End, masked, plain};
use handfast_proto::connection::{End as Ended, Event};
use handfast_proto::error::FrameFault;
use handfast_proto::frame::{Close, CloseCode};
use handfast_proto::handshake::{Accept, Key};

/// A key is 22 letters and two pads, nothing else; every other text has a reason.
pub fn key(input: &[u8]) {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let is_key = input.len() == 24 && input.ends_with(b"==") && input[..22].iter().all(letter);
    match Key::parse(input) {
        Ok(key) => {
            assert!(is_key);
            assert_eq!(key.as_bytes(), input);
            let again = Key::from_nonce(key.nonce());
            assert!(again.is_canonical());
            assert_eq!(again.as_bytes()[..21], input[..21]);
            assert_eq!(again == key, key.is_canonical());
            assert_eq!(Accept::derive(&key), Accept::steps(&key).accept);
        }
        Err(faults) => {
            assert!(!is_key && !faults.is_empty());
            for fault in faults {
                assert!(fault.rule().id.starts_with("server/key-"));
                assert!(fault.to_string().len() < 1000, "what is told of a key is bounded");
                assert!(fault.to_string().bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
            }
        }
    }
}

/// The payload of a Close frame, to both ends.
pub fn close_payload(input: &[u8]) {
    let payload = &input[..input.len().min(125)];
    let code = payload.first_chunk::<2>().map(|code| u16::from_be_bytes(*code));
    let reason = payload.get(2..).map(std::str::from_utf8);
    let wanted = match (payload.len(), code, reason) {
        (0, ..) => Ended::Closed(None),
        (_, Some(code @ (1000..=1003 | 1007..=1014 | 3000..=4999)), Some(Ok(reason))) => {
            let code = CloseCode::new(code).expect("this code may be sent");
            Ended::Closed(Some(Close::new(code, reason).expect("the reason fits")))
        }
        (_, Some(1000..=1003 | 1007..=1014 | 3000..=4999), _) => Ended::Fault(FrameFault::CloseReasonNotUtf8),
        (_, Some(code), _) => Ended::Fault(FrameFault::CloseCode(code)),
        (_, None, _) => Ended::Fault(FrameFault::CloseOneByte),
    };
    let limits = small_limits();
    for (end, bytes) in [
        (End::server(config(limits.clone())), masked(0x88, payload)),
        (End::client(config(limits.clone())), plain(0x88, payload)),
    ] {
        let (events, wire) = feed(end, &bytes, 1, &limits);
        assert_eq!(events, [Event::End(wanted.clone())]);
        let frames = frames(&wire);
        let reply = &frames[0].1;
        if let Ended::Closed(_) = wanted {
            assert_eq!(reply, &payload[..payload.len().min(2)], "the code is echoed, and nothing more");
        }
    }
}
