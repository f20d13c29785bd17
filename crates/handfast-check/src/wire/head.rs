//! A tolerant reader of HTTP/1.1 heads, of answers and of requests. It takes what it can and notes what is odd.

/// A head as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The first line without its end.
    pub(crate) first_line: Vec<u8>,
    /// The three digits of a status line, if it has such.
    pub(crate) status: Option<u16>,
    /// All field lines in order.
    pub(crate) fields: Vec<Field>,
    /// What a strict reader would refuse.
    pub(crate) odd: Vec<Odd>,
    /// Bytes up to and with the empty line.
    pub(crate) length: usize,
}

/// A field line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// As sent.
    pub(crate) name: String,
    /// Without the blanks around it; folded lines joined by one space. Bytes above 0x7F as Latin-1.
    pub(crate) value: String,
}

/// A breach of HTTP's grammar in a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Odd {
    /// Bytes stand before the first line.
    LeadingBytes,
    /// A line ends with LF alone.
    BareLf,
    /// A line holds a CR that ends nothing.
    BareCr,
    /// A line holds a NUL.
    Nul,
    /// A line is no field: no colon, or a name that is no token.
    BadField,
    /// A line is folded.
    Folded,
}

/// What the bytes so far are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// The empty line has not come.
    Partial,
    /// A head.
    Complete(Head),
}

/// Reads the head of an answer. Bytes in front of `HTTP/` are skipped and noted.
pub(crate) fn answer(bytes: &[u8]) -> Parsed {
    let start = if bytes.starts_with(b"HTTP/") {
        0
    } else {
        let window = &bytes[..bytes.len().min(1024)];
        window.windows(5).position(|five| five == b"HTTP/").unwrap_or_default()
    };
    match head(&bytes[start..]) {
        Parsed::Complete(mut head) => {
            head.length += start;
            if start > 0 {
                head.odd.push(Odd::LeadingBytes);
            }
            head.status = status(&head.first_line);
            Parsed::Complete(head)
        }
        partial => partial,
    }
}

/// Reads the head of a request.
pub(crate) fn head(bytes: &[u8]) -> Parsed {
    let mut head = Head::default();
    let mut at = 0;
    let mut first = true;
    loop {
        let Some(end) = bytes[at..].iter().position(|byte| *byte == b'\n') else { return Parsed::Partial };
        let mut line = &bytes[at..at + end];
        at += end + 1;
        match line.strip_suffix(b"\r") {
            Some(rest) => line = rest,
            None => note(&mut head.odd, Odd::BareLf),
        }
        if line.contains(&b'\r') {
            note(&mut head.odd, Odd::BareCr);
        }
        if line.contains(&0) {
            note(&mut head.odd, Odd::Nul);
        }
        if first {
            head.first_line = line.to_vec();
            first = false;
        } else if line.is_empty() {
            head.length = at;
            return Parsed::Complete(head);
        } else {
            field(&mut head, line);
        }
    }
}

fn field(head: &mut Head, line: &[u8]) {
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        note(&mut head.odd, Odd::Folded);
        if let Some(last) = head.fields.last_mut() {
            last.value.push(' ');
            last.value.push_str(&latin1(line.trim_ascii()));
            return;
        }
    }
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        note(&mut head.odd, Odd::BadField);
        return;
    };
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if name.is_empty() || !name.iter().all(|byte| is_token_byte(*byte)) {
        note(&mut head.odd, Odd::BadField);
    }
    head.fields.push(Field { name: latin1(name), value: latin1(trim_blanks(value)) });
}

fn note(odd: &mut Vec<Odd>, what: Odd) {
    if !odd.contains(&what) {
        odd.push(what);
    }
}

/// Spaces and tabs, and nothing else, off both ends.
pub(crate) fn trim_blanks(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Bytes of a token (RFC 9110 section 5.6.2).
pub(crate) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn status(line: &[u8]) -> Option<u16> {
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    if !words.next()?.starts_with(b"HTTP/") {
        return None;
    }
    let digits = words.next()?;
    (digits.len() == 3).then(|| std::str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

impl Head {
    /// The values of all lines with this name, case ignored.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value.as_str())
    }

    /// The value of the first line with this name.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value.as_str())
    }

    /// How many lines have this name.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.all(name).count()
    }

    /// The non-empty members of the list that all lines of this name make, in lower case.
    pub(crate) fn members(&self, name: &str) -> Vec<String> {
        self.all(name)
            .flat_map(|value| value.split(','))
            .map(|member| member.trim_matches([' ', '\t']).to_ascii_lowercase())
            .filter(|member| !member.is_empty())
            .collect()
    }

    /// Whether the list of this name has this member, case ignored.
    pub(crate) fn lists(&self, name: &str, member: &str) -> bool {
        self.members(name).iter().any(|other| other.eq_ignore_ascii_case(member))
    }

    /// Whether the first line is a status line of HTTP/1.1 by the letter.
    pub(crate) fn status_line_is_strict(&self) -> bool {
        let line = &self.first_line;
        line.len() >= 13
            && line.starts_with(b"HTTP/1.1 ")
            && line[9..12].iter().all(u8::is_ascii_digit)
            && line[12] == b' '
            && line[13..].iter().all(|byte| *byte == b'\t' || *byte >= 0x20 && *byte != 0x7F)
    }

    /// The first line as text.
    pub(crate) fn line(&self) -> String {
        crate::escape::escape(&self.first_line, 200)
    }
}

/// How the body of an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// After this many bytes.
    Length(usize),
    /// With the last chunk.
    Chunked,
    /// With the connection.
    UntilClose,
}

/// How the body of this answer is framed (RFC 9112 section 6.3).
pub(crate) fn body(head: &Head, to_head_request: bool) -> Body {
    if to_head_request || matches!(head.status, Some(100..=199 | 204 | 304)) {
        return Body::Length(0);
    }
    if head.lists("Transfer-Encoding", "chunked") {
        return Body::Chunked;
    }
    match head.first("Content-Length").map(|value| value.parse::<usize>()) {
        Some(Ok(length)) => Body::Length(length),
        _ => Body::UntilClose,
    }
}

/// The length of a whole chunked body at the start of `bytes`, once it is complete; `Err` where it is no such body.
pub(crate) fn chunked_length(bytes: &[u8]) -> Result<Option<usize>, ()> {
    let mut at = 0;
    loop {
        let Some(end) = bytes[at..].windows(2).position(|two| two == b"\r\n") else { return Ok(None) };
        let line = std::str::from_utf8(&bytes[at..at + end]).map_err(drop)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(digits, 16).map_err(drop)?;
        at += end + 2;
        if size == 0 {
            loop {
                let Some(end) = bytes[at..].windows(2).position(|two| two == b"\r\n") else {
                    return Ok(None);
                };
                at += end + 2;
                if end == 0 {
                    return Ok(Some(at));
                }
            }
        }
        let next = at.checked_add(size).and_then(|sum| sum.checked_add(2)).ok_or(())?;
        if next > bytes.len() {
            return Ok(None);
        }
        at = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(bytes: &[u8]) -> Head {
        match answer(bytes) {
            Parsed::Complete(head) => head,
            Parsed::Partial => panic!("not complete"),
        }
    }

    #[test]
    fn a_right_head_has_nothing_odd() {
        let head = complete(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x00");
        assert_eq!((head.status, head.odd.len(), head.length), (Some(101), 0, 56));
        assert!(head.status_line_is_strict());
    }

    #[test]
    fn leading_bytes_and_bare_line_feeds_are_noted() {
        let head = complete(b"\r\nHTTP/1.0 101 x\nUpgrade: a\n\n");
        assert_eq!(head.odd, [Odd::BareLf, Odd::LeadingBytes]);
        assert!(!head.status_line_is_strict());
    }

    #[test]
    fn folded_lines_are_joined_and_noted() {
        let head = complete(b"HTTP/1.1 101 x\r\nConnection: a,\r\n Upgrade\r\n\r\n");
        assert_eq!(head.first("connection"), Some("a, Upgrade"));
        assert_eq!(head.odd, [Odd::Folded]);
    }

    #[test]
    fn a_status_line_needs_its_second_space() {
        assert!(!complete(b"HTTP/1.1 101\r\n\r\n").status_line_is_strict());
        assert!(complete(b"HTTP/1.1 101 \r\n\r\n").status_line_is_strict());
    }

    #[test]
    fn chunked_bodies_end_where_they_end() {
        assert_eq!(chunked_length(b"5\r\nhello\r\n0\r\n\r\nrest"), Ok(Some(15)));
        assert_eq!(chunked_length(b"5\r\nhel"), Ok(None));
        assert_eq!(chunked_length(b"zz\r\n"), Err(()));
        assert_eq!(chunked_length(b"ffffffffffffffff\r\n"), Err(()));
    }
}
