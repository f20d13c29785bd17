//! What the page asks for: the parameters of a query.

/// The first value of this parameter, with its percent-encoding undone; none if the query has none of this name.
pub fn value(query: Option<&str>, parameter: &str) -> Option<Vec<u8>> {
    raw(query, parameter).map(percent_decoded)
}

/// As [`value`], as text; what is no UTF-8 is replaced.
pub fn text(query: Option<&str>, parameter: &str) -> Option<String> {
    value(query, parameter).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// As [`value`], for bytes written as hexadecimal digits; none also where they are no whole bytes.
pub fn hex(query: Option<&str>, parameter: &str) -> Option<Vec<u8>> {
    let digits = raw(query, parameter)?.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    // Two hexadecimal digits are at most 255.
    let byte = |pair: &[u8]| Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8);
    let pairs = digits.chunks_exact(2);
    pairs.remainder().is_empty().then(|| pairs.map(byte).collect())?
}

/// The name in a query such as `observe=0123456789abcdef`: 16 to 64 letters, digits and hyphens, long enough that
/// nobody guesses it.
pub fn name<'a>(query: Option<&'a str>, parameter: &str) -> Option<&'a str> {
    let name = raw(query, parameter)?;
    let is_sound = (16..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_sound.then_some(name)
}

fn raw<'a>(query: Option<&'a str>, parameter: &str) -> Option<&'a str> {
    let mut pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| *name == parameter).map(|(_, value)| value)
}

/// Undoes percent-encoding; what is no encoding stays as it is.
fn percent_decoded(text: &str) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut rest = text.as_bytes();
    let mut decoded = Vec::with_capacity(rest.len());
    while let [first, behind @ ..] = rest {
        match (first, digit(behind.first()), digit(behind.get(1))) {
            (b'%', Some(high), Some(low)) => {
                // Two hexadecimal digits are at most 255.
                decoded.push((high * 16 + low) as u8);
                rest = &behind[2..];
            }
            _ => {
                decoded.push(*first);
                rest = behind;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_is_undone_once_and_half_an_encoding_is_kept() {
        assert_eq!(percent_decoded("a%2B%2f%3D=%25+%2"), b"a+/==%+%2");
        assert_eq!(percent_decoded("%ff%zz%"), b"\xff%zz%");
    }

    #[test]
    fn names_that_could_be_guessed_or_are_no_names_are_not_taken() {
        assert_eq!(name(Some("a=b&observe=0123456789abcdef"), "observe"), Some("0123456789abcdef"));
        for query in [
            None,
            Some(""),
            Some("observe=short"),
            Some("observe=0123456789abcde%20"),
            Some("id=0123456789abcdef"),
        ] {
            assert_eq!(name(query, "observe"), None, "{query:?}");
        }
    }

    #[test]
    fn hexadecimal_digits_are_whole_bytes_or_nothing() {
        assert_eq!(hex(Some("bytes=00fFa0"), "bytes"), Some(vec![0, 255, 160]));
        assert_eq!(hex(Some("bytes="), "bytes"), Some(vec![]));
        for wrong in ["bytes=0", "bytes=0g", "bytes=%30", "other=00"] {
            assert_eq!(hex(Some(wrong), "bytes"), None, "{wrong}");
        }
    }
}
