//! Frames of the visitor's making, given to the state machine of real connections; and malformed frames for the browser.

use super::limits::{EVENTS_MAX, FRAME_TIMEOUT};
use super::record::{Log, Recorder};
use crate::escape;
use handfast::{Answer, Error, Message};
use handfast_proto::connection::{BufferPool, Config, Connection, End, Event};
use handfast_proto::handshake::{Offer, Policy, Progress, RequestReader};
use serde_json::{Value, json};
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// What the server's end of an open connection does with these bytes: what it reports, and what it writes.
pub fn judge(bytes: &[u8]) -> Value {
    let policy = Policy::default();
    let Ok(Progress::Complete { value, .. }) = RequestReader::new().read(REQUEST, &policy) else {
        return Value::Null;
    };
    let accepted = value.into_offer(&policy).ok().and_then(|offer| offer.accept(&Answer::new()).ok());
    let Some((accepted, _)) = accepted else { return Value::Null };
    let config = Config { show_pings: true, show_pongs: true, ..Config::default() };
    let mut connection = Connection::server(accepted, Arc::new(config));
    let mut pool = BufferPool::new();
    connection.receive(bytes, &mut pool);
    let mut events = Vec::new();
    while let Some(event) = connection.poll_event(&mut pool) {
        events.push(reported(event));
        if events.len() == EVENTS_MAX {
            break;
        }
    }
    json!({ "events": events, "answer": escape::hex(&written(&connection)), "open": !connection.is_close_sent() })
}

fn written(connection: &Connection) -> Vec<u8> {
    let mut slices = [IoSlice::new(&[]); 16];
    let count = connection.poll_transmit(&mut slices);
    slices[..count].iter().flat_map(|slice| slice.iter()).copied().collect()
}

fn reported(event: Event) -> Value {
    match event {
        Event::Message(Message::Text(text)) => json!({ "kind": "text", "text": escape::text(text.as_str()) }),
        Event::Message(Message::Binary(bytes)) => json!({ "kind": "binary", "bytes": escape::hex(&bytes) }),
        Event::Piece { .. } => json!({ "kind": "piece" }),
        Event::Ping(bytes) => json!({ "kind": "ping", "bytes": escape::hex(&bytes) }),
        Event::Pong(bytes) => json!({ "kind": "pong", "bytes": escape::hex(&bytes) }),
        Event::End(End::Closed(close)) => json!({
            "kind": "closed",
            "code": close.as_ref().map_or(1005, |close| close.code().get()),
        }),
        Event::End(End::Fault(fault)) => json!({
            "kind": "fault",
            "text": fault.to_string(),
            "fix": fault.fix(),
            "code": fault.close_code().get(),
        }),
        Event::End(_) => json!({ "kind": "ended" }),
    }
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Frames that a server must not send, or must.
#[derive(Clone, Copy, Debug)]
pub struct Malformed {
    name: &'static str,
    label: &'static str,
    bytes: &'static [u8],
    /// The close code that the rule wants from the browser; 1000 where nothing is wrong.
    wanted: u16,
    source: &'static str,
}

impl Malformed {
    /// The one of this name.
    pub fn find(name: &str) -> Option<Self> {
        MALFORMED.into_iter().find(|one| one.name == name)
    }

    /// All of them, for the page.
    pub fn list() -> Value {
        let one = |one: &Self| {
            json!({
                "name": one.name,
                "label": one.label,
                "bytes": escape::hex(one.bytes),
                "wanted": one.wanted,
                "source": one.source,
            })
        };
        MALFORMED.iter().map(one).collect()
    }

    /// Opens the WebSocket, sends the frames as they are, and waits for what the browser makes of them.
    pub async fn play(
        self,
        mut stream: Recorder,
        offer: &Offer,
        log: &Log,
        draining: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let (_, answer) = offer.accept(&Answer::new())?;
        stream.skip_head();
        let talking = async {
            stream.write_all(&answer).await?;
            stream.write_all(self.bytes).await?;
            if !listen(&mut stream, FRAME_TIMEOUT).await {
                // It took the frames: the end is then a usual one.
                stream.write_all(b"\x88\x02\x03\xe8").await?;
                listen(&mut stream, FRAME_TIMEOUT).await;
            }
            stream.shutdown().await
        };
        tokio::select! {
            // The browser may be gone; what it did before is recorded.
            _ = talking => {}
            () = draining => {}
        }
        log.end();
        Ok(())
    }
}

/// Reads until the browser says Close or is gone, or the time is over: then false.
async fn listen(stream: &mut Recorder, limit: Duration) -> bool {
    let mut buffer = [0; 1024];
    let reading = async {
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                // A browser sends its Close as one small frame.
                Ok(_) if buffer[0] == 0x88 => return,
                Ok(_) => {}
            }
        }
    };
    timeout(limit, reading).await.is_ok()
}

const fn malformed(
    name: &'static str,
    label: &'static str,
    bytes: &'static [u8],
    wanted: u16,
    source: &'static str,
) -> Malformed {
    Malformed { name, label, bytes, wanted, source }
}

/// Each is sent right behind the 101.
const MALFORMED: [Malformed; 18] = [
    malformed("right", "A right text frame, to compare with", b"\x81\x05Hello", 1000, "RFC 6455 section 5.7"),
    malformed(
        "masked",
        "A masked text frame",
        b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
        1002,
        "RFC 6455 section 5.1",
    ),
    malformed("rsv1", "RSV1 set, and no compression agreed", b"\xc1\x05Hello", 1002, "RFC 6455 section 5.2"),
    malformed("rsv2", "RSV2 set", b"\xa1\x05Hello", 1002, "RFC 6455 section 5.2"),
    malformed("rsv3", "RSV3 set", b"\x91\x05Hello", 1002, "RFC 6455 section 5.2"),
    malformed("opcode-3", "Opcode 3, which is not defined", b"\x83\x05Hello", 1002, "RFC 6455 section 5.2"),
    malformed("opcode-11", "Opcode 11, which is not defined", b"\x8b\x00", 1002, "RFC 6455 section 5.2"),
    malformed("ping-fragmented", "A ping without FIN", b"\x09\x02hi", 1002, "RFC 6455 section 5.5"),
    malformed("ping-long", "A ping of 126 bytes", &PING_LONG, 1002, "RFC 6455 section 5.5"),
    malformed(
        "continuation-first",
        "A continuation that continues nothing",
        b"\x80\x05Hello",
        1002,
        "RFC 6455 section 5.4",
    ),
    malformed(
        "interrupted",
        "A new message inside a message",
        b"\x01\x03Hel\x81\x02lo",
        1002,
        "RFC 6455 section 5.4",
    ),
    malformed(
        "length-long",
        "5 bytes, with a length of 16 bits",
        b"\x81\x7e\x00\x05Hello",
        1002,
        "RFC 6455 section 5.2",
    ),
    malformed(
        "length-64",
        "A length with its highest bit set",
        b"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00",
        1002,
        "RFC 6455 section 5.2",
    ),
    malformed("text-not-utf-8", "Text that is not UTF-8", b"\x81\x02\xc3\x28", 1007, "RFC 6455 section 8.1"),
    malformed("close-one-byte", "A Close with one byte", b"\x88\x01\x03", 1002, "RFC 6455 section 5.5.1"),
    malformed(
        "close-1005",
        "Close 1005, which never stands on the wire",
        b"\x88\x02\x03\xed",
        1002,
        "RFC 6455 section 7.4.1",
    ),
    malformed("close-999", "Close 999, below all codes", b"\x88\x02\x03\xe7", 1002, "RFC 6455 section 7.4.2"),
    malformed(
        "close-reason",
        "A Close whose reason is not UTF-8",
        b"\x88\x04\x03\xe8\xc3\x28",
        1007,
        "RFC 6455 section 5.5.1",
    ),
];

/// The length stands in 16 bits, and 126 blanks follow.
const PING_LONG: [u8; 130] = {
    let mut bytes = [b' '; 130];
    (bytes[0], bytes[1], bytes[2], bytes[3]) = (0x89, 126, 0, 126);
    bytes
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hello_of_rfc_6455_is_reported_as_text_and_keeps_the_connection_open() {
        let verdict = judge(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
        assert_eq!(verdict["events"], json!([{ "kind": "text", "text": "Hello" }]));
        assert_eq!((&verdict["open"], &verdict["answer"]), (&json!(true), &json!("")));
    }

    #[test]
    fn a_fault_is_told_with_its_close_code_and_answered_with_close() {
        let verdict = judge(b"\x81\x05Hello");
        assert_eq!(
            (&verdict["events"][0]["kind"], &verdict["events"][0]["code"]),
            (&json!("fault"), &json!(1002))
        );
        assert!(
            verdict["answer"]
                .as_str()
                .is_some_and(|answer| answer.starts_with("88") && answer.contains("03ea"))
        );
        assert_eq!(verdict["open"], false);
    }

    #[test]
    fn a_ping_is_shown_and_answered_by_a_pong() {
        let verdict = judge(b"\x89\x82\0\0\0\0hi");
        assert_eq!(verdict["events"], json!([{ "kind": "ping", "bytes": "6869" }]));
        assert_eq!(verdict["answer"], "8a026869");
    }

    #[test]
    fn half_a_frame_is_waited_for() {
        let verdict = judge(b"\x81\x85\x37");
        assert_eq!((&verdict["events"], &verdict["open"]), (&json!([]), &json!(true)));
    }

    #[test]
    fn names_of_malformed_frames_are_their_own() {
        for one in MALFORMED {
            assert_eq!(MALFORMED.iter().filter(|other| other.name == one.name).count(), 1, "{}", one.name);
        }
    }
}
