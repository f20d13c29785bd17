//! Bytes as text for people, and as text for a shell.

/// Bytes as one readable line: printable ASCII as it is, `\r`, `\n`, `\t`, `\\` and `\xNN` for the rest. No control
/// character of a peer reaches a terminal through it. Longer input than `limit` bytes is cut, and says so.
pub fn escape(bytes: &[u8], limit: usize) -> String {
    let mut text = String::new();
    for &byte in bytes.iter().take(limit) {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'\\' => text.push_str("\\\\"),
            0x20..=0x7E => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\x{byte:02X}")),
        }
    }
    if bytes.len() > limit {
        text.push_str(&format!("… ({} bytes in all)", bytes.len()));
    }
    text
}

/// A shell command that prints exactly these bytes: one `printf`, with long runs of one byte made by `head` and `tr`.
/// `None` where the command would be longer than a person would paste.
pub fn shell_print(bytes: &[u8]) -> Option<String> {
    const RUN: usize = 64;
    const LONGEST: usize = 6_000;
    let mut commands: Vec<String> = Vec::new();
    let mut text = String::new();
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let run = bytes[at..].iter().take_while(|other| **other == byte).count();
        if run >= RUN {
            if !text.is_empty() {
                commands.push(format!("printf '{text}'"));
                text.clear();
            }
            commands.push(format!("head -c {run} /dev/zero | tr '\\0' '\\{byte:03o}'"));
            at += run;
            continue;
        }
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\\' => text.push_str("\\\\"),
            b'%' => text.push_str("%%"),
            b'\'' => text.push_str("\\047"),
            0x20..=0x7E => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\{byte:03o}")),
        }
        at += 1;
    }
    if !text.is_empty() {
        commands.push(format!("printf '{text}'"));
    }
    let command = commands.join("; ");
    (command.len() <= LONGEST).then_some(command)
}

/// A word for a shell: in single quotes unless it is plain.
pub fn shell_word(word: &str) -> String {
    // Braces with one word in them stay as they are, which is how {url} is written.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"%+,-./:=@_{}".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_comes_out_of_the_shell_as_it_went_in() {
        for (word, shown) in [("{url}", "{url}"), ("", "''"), ("a b", "'a b'"), ("it's $x", "'it'\\''s $x'")]
        {
            assert_eq!(shell_word(word), shown);
        }
    }

    #[test]
    fn control_bytes_never_reach_the_terminal() {
        assert_eq!(escape(b"a\r\n\x1b[2J\xC3\\", 99), "a\\r\\n\\x1B[2J\\xC3\\\\");
    }

    #[test]
    fn a_cut_says_how_long_the_whole_is() {
        assert_eq!(escape(b"abcdef", 2), "ab… (6 bytes in all)");
    }

    #[test]
    fn shell_text_prints_quotes_percent_and_nul() {
        assert_eq!(shell_print(b"a'%\0\\").expect("short"), "printf 'a\\047%%\\000\\\\'");
    }

    #[test]
    fn a_long_run_becomes_a_short_command() {
        let command = shell_print(&[b'a'; 70_000]).expect("short");
        assert_eq!(command, "head -c 70000 /dev/zero | tr '\\0' '\\141'");
    }
}
