//! Just enough of Rust's grammar to tell code from comments and from literals.

/// The text with every comment and the inside of every string and character literal replaced by blanks. Line ends
/// stay where they are, so lines and columns of the result are those of the source.
pub fn code_only(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < characters.len() {
        let end = match characters[at] {
            '/' if characters.get(at + 1) == Some(&'/') => line_comment(&characters, at),
            '/' if characters.get(at + 1) == Some(&'*') => block_comment(&characters, at),
            '"' => quoted(&characters, at),
            '\'' => match character(&characters, at) {
                Some(end) => end,
                None => at,
            },
            'r' if !follows_word(&characters, at) => raw_string(&characters, at).unwrap_or(at),
            'b' | 'c' if !follows_word(&characters, at) && characters.get(at + 1) == Some(&'r') => {
                raw_string(&characters, at + 1).unwrap_or(at)
            }
            _ => at,
        };
        if end == at {
            out.push(characters[at]);
            at += 1;
        } else {
            out.extend(
                characters[at..end].iter().map(|&character| if character == '\n' { '\n' } else { ' ' }),
            );
            at = end;
        }
    }
    out
}

fn follows_word(characters: &[char], at: usize) -> bool {
    at > 0 && (characters[at - 1].is_alphanumeric() || characters[at - 1] == '_')
}

fn line_comment(characters: &[char], at: usize) -> usize {
    characters[at..]
        .iter()
        .position(|&character| character == '\n')
        .map_or(characters.len(), |length| at + length)
}

fn block_comment(characters: &[char], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0usize);
    while at < characters.len() {
        match (characters[at], characters.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    characters.len()
}

fn quoted(characters: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < characters.len() {
        match characters[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    characters.len()
}

/// The end of a character literal; none where the quote begins a lifetime.
fn character(characters: &[char], start: usize) -> Option<usize> {
    if characters.get(start + 1)? == &'\\' {
        let closing = characters[start + 3..].iter().position(|&character| character == '\'')?;
        return Some(start + 3 + closing + 1);
    }
    (characters.get(start + 2)? == &'\'').then_some(start + 3)
}

fn raw_string(characters: &[char], start: usize) -> Option<usize> {
    let hashes = characters[start + 1..].iter().take_while(|&&character| character == '#').count();
    if characters.get(start + 1 + hashes)? != &'"' {
        return None;
    }
    let mut at = start + 2 + hashes;
    while at < characters.len() {
        if characters[at] == '"'
            && characters[at + 1..].iter().take(hashes).filter(|&&character| character == '#').count()
                == hashes
        {
            return Some(at + 1 + hashes);
        }
        at += 1;
    }
    Some(characters.len())
}

#[cfg(test)]
mod tests {
    use super::code_only;

    #[test]
    fn comments_and_literals_become_blanks() {
        for (source, want) in [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"x("a\"b", 'c')"#, "x(      ,    )"),
            (r##"r#"a "b" c"# + 1"##, "              + 1".trim_start_matches("x")),
            (r"('\'', '\\', 'a')", "(    ,     ,    )".trim_end()),
            ("fn a<'a>(b: &'a str)", "fn a<'a>(b: &'a str)"),
            ("\"a\n\"b", "  \n b"),
        ] {
            let got = code_only(source);
            assert_eq!(
                got.split_whitespace().collect::<Vec<_>>(),
                want.split_whitespace().collect::<Vec<_>>()
            );
            assert_eq!(got.chars().count(), source.chars().count(), "{source}");
        }
    }
}
