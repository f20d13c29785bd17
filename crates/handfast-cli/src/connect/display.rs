//! A received message on standard output: one line, safe for a terminal.

use crate::escape;
use handfast_proto::Message;

/// Text as it is, control characters escaped; binary as `\binary[3] 00ff10`. A text that begins with a backslash gets
/// another one in front, so the two cannot be taken for each other.
pub fn line(message: &Message) -> String {
    match message {
        Message::Binary(bytes) => format!("\\binary[{}] {}", bytes.len(), escape::hex(bytes)),
        Message::Text(text) => {
            let shown = escape::text(text.as_str());
            if shown.starts_with('\\') { format!("\\{shown}") } else { shown }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_json() {
        assert_eq!(line(&Message::text(r#"{"a":"b\n\"c"}"#)), r#"{"a":"b\n\"c"}"#);
    }

    #[test]
    fn a_text_cannot_pass_for_a_binary_message() {
        assert_eq!(line(&Message::binary(vec![0, 255, 16])), "\\binary[3] 00ff10");
        assert_eq!(line(&Message::text("\\binary[3] 00ff10")), "\\\\binary[3] 00ff10");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(line(&Message::text("\x1b[2J\nnext")), "\\\\u{1b}[2J\\nnext");
    }
}
