//! How a message differs from the correct one, in a few words: what a reader wants to know before the bytes.

use crate::escape::escape;

/// How much of a line is shown.
const SHOWN: usize = 90;

/// The lines that `sent` has and `right` has not, and the other way round: ``with `A: b`, without `A: c` ``. `None`
/// where both have the same lines in the same order.
pub(crate) fn difference(sent: &[u8], right: &[u8]) -> Option<String> {
    if sent == right {
        return None;
    }
    let (sent, right) = (lines(sent), lines(right));
    let (mut more, mut less) = (Vec::new(), right.clone());
    for line in &sent {
        match less.iter().position(|other| other == line) {
            Some(at) => drop(less.remove(at)),
            None => more.push(*line),
        }
    }
    let again = |line: &&[u8]| right.contains(line);
    let mut parts: Vec<String> = Vec::new();
    for line in &more {
        let twice = if again(line) { " once more" } else { "" };
        parts.push(format!("with `{}`{twice}", show(line)));
    }
    parts.extend(less.iter().map(|line| format!("without `{}`", show(line))));
    if parts.len() > 8 {
        let rest = parts.len() - 6;
        parts.truncate(6);
        parts.push(format!("and {rest} more lines that differ"));
    }
    Some(if parts.is_empty() { "the same lines in another order".to_owned() } else { parts.join(", ") })
}

/// Lines with what ends them, where it is not CR LF; the empty one that ends a head is no line to show.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r\n").unwrap_or(line))
        .filter(|line| !line.is_empty())
        .collect()
}

fn show(line: &[u8]) -> String {
    escape(line, SHOWN).replace('`', "'")
}

#[cfg(test)]
mod tests {
    use super::difference;

    const RIGHT: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n\r\n";

    #[test]
    fn a_changed_line_is_shown_with_what_stood_there() {
        let sent = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        assert_eq!(
            difference(sent, RIGHT).as_deref(),
            Some("with `Connection: close`, without `Connection: Upgrade`")
        );
    }

    #[test]
    fn a_repeated_line_and_bytes_behind_the_head_are_named() {
        let sent = b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\nConnection: Upgrade\r\n\r\nhello";
        assert_eq!(difference(sent, RIGHT).as_deref(), Some("with `Host: a` once more, with `hello`"));
    }

    #[test]
    fn another_order_and_no_difference_are_told_apart() {
        let sent = b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nHost: a\r\n\r\n";
        assert_eq!(difference(sent, RIGHT).as_deref(), Some("the same lines in another order"));
        assert_eq!(difference(RIGHT, RIGHT), None);
    }
}
