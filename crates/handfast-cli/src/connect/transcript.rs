//! The handshake and every frame that people care about, line by line: `> GET /echo HTTP/1.1`, `< TEXT "hi" [2 bytes]`.

use crate::escape;
use crate::output::{self, Stream, Tone};
use handfast_proto::Message;
use handfast_proto::frame::Close;

/// Which way something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From us.
    Sent,
    /// To us.
    Received,
}

/// Writes the transcript of `connect -v` to standard error, or nothing without `-v`.
#[derive(Clone, Copy, Debug)]
pub struct Transcript {
    /// Whether anything is written.
    pub is_on: bool,
}

impl Transcript {
    /// A head: its first line and fields.
    pub fn head(self, way: Way, head: &[u8]) {
        if self.is_on {
            for line in head_lines(head) {
                output::talk(&marked(way, &line));
            }
        }
    }

    /// A message; with the bytes of its frames where it may be compressed.
    pub fn message(self, way: Way, message: &Message, wire: Option<u64>) {
        if self.is_on {
            output::talk(&marked(way, &describe_message(message, wire)));
        }
    }

    /// A ping or pong.
    pub fn control(self, way: Way, name: &str, payload: &[u8]) {
        if self.is_on {
            output::talk(&marked(way, &describe_control(name, payload)));
        }
    }

    /// A Close frame.
    pub fn close(self, way: Way, close: Option<&Close>) {
        if self.is_on {
            output::talk(&marked(way, &describe_close(close)));
        }
    }

    /// Something that happened between frames, such as `= open`.
    pub fn note(self, text: &str) {
        if self.is_on {
            output::talk(&noted(text));
        }
    }
}

/// The lines of a head, escaped, without their ends and without the empty one.
pub fn head_lines(head: &[u8]) -> Vec<String> {
    let lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.filter(|line| !line.is_empty()).map(escape::bytes).collect()
}

/// A line that went one way or the other.
pub fn marked(way: Way, text: &str) -> String {
    let (mark, tone) = match way {
        Way::Sent => (">", Tone::Good),
        Way::Received => ("<", Tone::Calm),
    };
    format!("{} {text}", output::paint(Stream::Talk, tone, mark))
}

/// A line that tells what happened.
pub fn noted(text: &str) -> String {
    format!("{} {text}", output::paint(Stream::Talk, Tone::Dim, "="))
}

/// `PING "a" [1 byte]`.
pub fn describe_control(name: &str, payload: &[u8]) -> String {
    match payload {
        [] => name.to_owned(),
        _ => format!("{name} {} {}", describe_payload(payload), size(payload.len())),
    }
}

/// `CLOSE 1000 "bye"`, or `CLOSE` where it had no code.
pub fn describe_close(close: Option<&Close>) -> String {
    match close {
        None => "CLOSE".to_owned(),
        Some(close) if close.reason().is_empty() => format!("CLOSE {}", close.code()),
        Some(close) => format!("CLOSE {} {}", close.code(), escape::quoted(close.reason())),
    }
}

/// `TEXT "hi" [2 bytes]`, `BINARY 00ff [2 bytes]`, `TEXT "hi hi..." [500 bytes, 19 on the wire]`.
pub fn describe_message(message: &Message, wire: Option<u64>) -> String {
    let size = match wire {
        Some(wire) => format!("[{} bytes, {wire} on the wire]", message.len()),
        None => size(message.len()),
    };
    match message {
        Message::Text(text) => format!("TEXT {} {size}", escape::quoted(text.as_str())),
        Message::Binary(bytes) => format!("BINARY {} {size}", hex(bytes)),
    }
}

fn describe_payload(payload: &[u8]) -> String {
    std::str::from_utf8(payload).map_or_else(|_| hex(payload), escape::quoted)
}

fn hex(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(HEX_BYTES_MAX)];
    let rest = if shown.len() < bytes.len() { "..." } else { "" };
    format!("{}{rest}", escape::hex(shown))
}

fn size(bytes: usize) -> String {
    match bytes {
        1 => "[1 byte]".to_owned(),
        _ => format!("[{bytes} bytes]"),
    }
}

/// How much of a binary payload the transcript shows.
const HEX_BYTES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use handfast_proto::frame::CloseCode;

    #[test]
    fn messages_show_kind_payload_and_size() {
        let describe = |message| describe_message(&message, None);
        assert_eq!(describe(Message::text("hi")), "TEXT \"hi\" [2 bytes]");
        assert_eq!(describe(Message::text("\x1b\n")), "TEXT \"\\u{1b}\\n\" [2 bytes]");
        assert_eq!(describe(Message::binary(vec![0, 255])), "BINARY 00ff [2 bytes]");
        assert!(describe(Message::binary(vec![0; 65])).ends_with("00... [65 bytes]"));
        let compressed = describe_message(&Message::text("aaa"), Some(7));
        assert_eq!(compressed, "TEXT \"aaa\" [3 bytes, 7 on the wire]");
    }

    #[test]
    fn control_frames_show_their_payload() {
        assert_eq!(describe_control("PING", b""), "PING");
        assert_eq!(describe_control("PONG", b"a"), "PONG \"a\" [1 byte]");
        assert_eq!(describe_control("PONG", b"\xff"), "PONG ff [1 byte]");
        let close = Close::new(CloseCode::NORMAL, "bye").expect("a short reason");
        assert_eq!(describe_close(Some(&close)), "CLOSE 1000 \"bye\"");
        assert_eq!(describe_close(None), "CLOSE");
    }

    #[test]
    fn a_head_is_shown_line_by_line_and_escaped() {
        assert_eq!(head_lines(b"HTTP/1.1 101 \x1b\r\nA: b\r\n\r\n"), ["HTTP/1.1 101 \\u{1b}", "A: b"]);
    }
}
