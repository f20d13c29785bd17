//! What all builders of messages need.

/// The text with every `what` in it replaced.
pub(crate) fn replace(text: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    while at < text.len() {
        if text[at..].starts_with(what) {
            out.extend(with);
            at += what.len();
        } else {
            out.push(text[at]);
            at += 1;
        }
    }
    out
}

/// Whether one text is in the other.
pub(crate) fn contains(text: &[u8], what: &[u8]) -> bool {
    text.windows(what.len().max(1)).any(|window| window == what)
}

/// Whether the line is a field of this name, in whichever case.
pub(crate) fn is_field(line: &[u8], name: &str) -> bool {
    line.len() > name.len()
        && line[name.len()] == b':'
        && line[..name.len()].eq_ignore_ascii_case(name.as_bytes())
}
