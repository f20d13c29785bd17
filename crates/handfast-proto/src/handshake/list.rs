//! The one grammar for token lists, quoted strings and parameters (RFC 9110 section 5.6, RFC 6455 section 9.1).

use std::borrow::Cow;

/// Space or tab, the only blanks of HTTP (`OWS`).
pub(crate) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// A character of a token (RFC 9110 section 5.6.2).
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    TOKEN[byte as usize]
}

/// Whether this is a token: not empty, and token characters only.
pub(crate) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&byte| is_token_byte(byte))
}

/// Without blanks at both ends.
pub(crate) fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_blank(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_blank(*last)
    {
        text = rest;
    }
    text
}

/// The members of a comma-separated list of words: blanks around them trimmed, empty ones skipped
/// (RFC 9110 section 5.6.1.2). Members need not be tokens: check them.
pub(crate) fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(trim).filter(|member| !member.is_empty())
}

/// A piece of an extension list, in order of appearance.
pub(crate) enum Piece<'a> {
    /// The name of an extension.
    Name(&'a [u8]),
    /// A parameter of the extension named last; a quoted value comes unquoted.
    Parameter(&'a [u8], Option<Cow<'a, [u8]>>),
}

/// Walks one line of a `Sec-WebSocket-Extensions` list in linear time (RFC 6455 section 9.1, with RFC 2616's
/// blanks between its words). Empty members are skipped; whether any extension was named is for the caller to count.
///
/// Fails with the offset at which the grammar is broken.
pub(crate) fn walk_extensions<'a>(line: &'a [u8], mut see: impl FnMut(Piece<'a>)) -> Result<(), usize> {
    let mut cursor = Cursor { line, at: 0 };
    loop {
        cursor.skip_blanks();
        match cursor.peek() {
            None => return Ok(()),
            Some(b',') => {
                cursor.at += 1;
                continue;
            }
            Some(_) => {}
        }
        see(Piece::Name(cursor.token()?));
        cursor.skip_blanks();
        while cursor.peek() == Some(b';') {
            cursor.at += 1;
            cursor.skip_blanks();
            let name = cursor.token()?;
            cursor.skip_blanks();
            let value = if cursor.peek() == Some(b'=') {
                cursor.at += 1;
                cursor.skip_blanks();
                Some(if cursor.peek() == Some(b'"') {
                    cursor.quoted_token()?
                } else {
                    cursor.token()?.into()
                })
            } else {
                None
            };
            see(Piece::Parameter(name, value));
            cursor.skip_blanks();
        }
        match cursor.peek() {
            None => return Ok(()),
            Some(b',') => cursor.at += 1,
            Some(_) => return Err(cursor.at),
        }
    }
}

struct Cursor<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(is_blank) {
            self.at += 1;
        }
    }

    fn token(&mut self) -> Result<&'a [u8], usize> {
        let start = self.at;
        while self.peek().is_some_and(is_token_byte) {
            self.at += 1;
        }
        if self.at == start { Err(start) } else { Ok(&self.line[start..self.at]) }
    }

    /// A quoted string whose content, unescaped, must be a token (RFC 6455 section 9.1).
    fn quoted_token(&mut self) -> Result<Cow<'a, [u8]>, usize> {
        let quote = self.at;
        self.at += 1;
        let start = self.at;
        let mut unescaped: Option<Vec<u8>> = None;
        loop {
            match self.peek().ok_or(quote)? {
                b'"' => break,
                b'\\' => {
                    let kept = unescaped.get_or_insert_with(|| self.line[start..self.at].to_vec());
                    self.at += 1;
                    kept.push(
                        self.line.get(self.at).copied().filter(|&byte| is_token_byte(byte)).ok_or(self.at)?,
                    );
                }
                byte if is_token_byte(byte) => {
                    if let Some(kept) = &mut unescaped {
                        kept.push(byte);
                    }
                }
                _ => return Err(self.at),
            }
            self.at += 1;
        }
        let end = self.at;
        self.at += 1;
        match unescaped {
            Some(kept) => Ok(kept.into()),
            None if start == end => Err(quote),
            None => Ok((&self.line[start..end]).into()),
        }
    }
}

const TOKEN: [bool; 256] = letters_digits_and(b"!#$%&'*+-.^_`|~");

/// For each byte whether it is a letter or digit of ASCII, or one of these.
pub(super) const fn letters_digits_and(others: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut index = 0;
    while index < others.len() {
        table[others[index] as usize] = true;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(line: &str) -> Result<String, usize> {
        let mut text = String::new();
        walk_extensions(line.as_bytes(), |piece| match piece {
            Piece::Name(name) => text += &format!("[{}]", name.escape_ascii()),
            Piece::Parameter(name, None) => text += &format!("{};", name.escape_ascii()),
            Piece::Parameter(name, Some(value)) => {
                text += &format!("{}={};", name.escape_ascii(), value.escape_ascii());
            }
        })?;
        Ok(text)
    }

    #[test]
    fn list_members_are_trimmed_and_empty_ones_skipped() {
        assert_eq!(members(b",, a ,\tb c,,").collect::<Vec<_>>(), [&b"a"[..], b"b c"]);
        assert_eq!(members(b" , ").count(), 0);
    }

    #[test]
    fn tokens_are_the_characters_of_http_and_never_empty() {
        assert!(is_token(b"a!#$%&'*+-.^_`|~9Z"));
        for text in [&b""[..], b"a b", b"a/b", b"a@b", b"\"a\"", b"a\xe9", b"a\0"] {
            assert!(!is_token(text), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn extensions_are_walked_in_order() {
        assert_eq!(walked("a; b=1 ; c , d").unwrap(), "[a]b=1;c;[d]");
        assert_eq!(walked(",, a ,,").unwrap(), "[a]");
        assert_eq!(walked("a; b = 1").unwrap(), "[a]b=1;");
        assert_eq!(walked(" ,").unwrap(), "");
    }

    #[test]
    fn a_quoted_value_is_unquoted_and_unescaped() {
        assert_eq!(walked(r#"a; b="10""#).unwrap(), walked(r#"a; b="1\0""#).unwrap());
    }

    #[test]
    fn broken_extensions_fail_at_the_first_wrong_byte() {
        let broken = [
            ("a b", 2),
            ("a;", 2),
            ("a; ; b", 3),
            ("; b", 0),
            ("a; =1", 3),
            ("a; b=", 5),
            ("a = 1", 2),
            ("a; b=\"1", 5),
            ("a; b=\"\"", 5),
            ("a; b=\"x y\"", 7),
            ("a; b=\"x\\", 8),
            ("\"a\"", 0),
            ("a; b=1 2", 7),
            ("p\u{e9}", 1),
        ];
        for (line, offset) in broken {
            assert_eq!(walked(line), Err(offset), "{line:?}");
        }
    }
}
