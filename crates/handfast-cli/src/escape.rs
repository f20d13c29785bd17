//! A peer's text, made safe for a terminal and for one line.

use std::fmt::Write;

/// Text with everything escaped that could move a cursor, hide or reorder text, or end a line: control characters, the
/// byte order mark, and Unicode's invisible format characters. A backslash stays as it is.
pub fn text(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            _ if is_unsafe(character) => {
                // Writing to a String cannot fail.
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(character));
            }
            _ => safe.push(character),
        }
    }
    safe
}

/// At most [`QUOTED_CHARACTERS_MAX`] characters of a text in quotation marks, as [`text`] does it, with `\"` and `\\` so that
/// its end is plain.
pub fn quoted(whole: &str) -> String {
    let end = whole.char_indices().nth(QUOTED_CHARACTERS_MAX).map_or(whole.len(), |(place, _)| place);
    let shown = text(&whole[..end].replace('\\', "\\\\").replace('"', "\\\""));
    let rest = if end < whole.len() { "..." } else { "" };
    format!("\"{shown}\"{rest}")
}

/// Bytes that should be text: what is UTF-8 as [`text`] does it, the rest as `\xHH`.
pub fn bytes(bytes: &[u8]) -> String {
    let mut safe = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        safe.push_str(&text(chunk.valid()));
        for byte in chunk.invalid() {
            let _ = write!(safe, "\\x{byte:02x}");
        }
    }
    safe
}

/// As [`bytes`], for quotation marks around it: with `\"` and `\\`, so that its end is plain.
pub fn inside_quotes(whole: &[u8]) -> String {
    let mut slashed = Vec::with_capacity(whole.len());
    for &byte in whole {
        if matches!(byte, b'"' | b'\\') {
            slashed.push(b'\\');
        }
        slashed.push(byte);
    }
    bytes(&slashed)
}

/// Bytes as lower-case hexadecimal digits, without blanks.
pub fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            // Soft hyphen, Arabic letter mark, zero-width and directional characters, line and paragraph separators,
            // invisible operators and isolates, byte order mark, annotations, tags.
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// How much of a text is quoted.
const QUOTED_CHARACTERS_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(text("a\x1b[2J\r\n\t\\b\u{9b}\u{7f}"), "a\\u{1b}[2J\\r\\n\\t\\b\\u{9b}\\u{7f}");
    }

    #[test]
    fn a_quotation_ends_where_it_seems_to_end() {
        assert_eq!(quoted("a\"\\\n"), "\"a\\\"\\\\\\n\"");
        assert_eq!(
            quoted(&"ä".repeat(QUOTED_CHARACTERS_MAX + 1)),
            format!("\"{}\"...", "ä".repeat(QUOTED_CHARACTERS_MAX))
        );
        assert_eq!(inside_quotes(b"a\"\\\n\xff"), "a\\\"\\\\\\n\\xff");
    }

    #[test]
    fn characters_that_reorder_text_are_escaped() {
        assert_eq!(text("\u{202e}gpj.exe\u{2066}"), "\\u{202e}gpj.exe\\u{2066}");
    }

    #[test]
    fn printable_text_of_any_script_is_kept() {
        assert_eq!(text("Grüße, 世界 🙂 \"quoted\""), "Grüße, 世界 🙂 \"quoted\"");
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_shown_in_hex() {
        assert_eq!(bytes(b"ok \xff\xc3(\x00"), "ok \\xff\\xc3(\\u{0}");
        assert_eq!(hex(&[0, 255, 16]), "00ff10");
    }
}
