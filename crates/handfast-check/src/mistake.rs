//! Which mistake makes this accept value? The wrong ways that real servers took, each computed and compared.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{
    GeneralPurpose, GeneralPurposeConfig, STANDARD, STANDARD_NO_PAD, URL_SAFE,
};
use sha1::{Digest, Sha1};

use crate::expect::{GUID, accept_for};

/// Says in words which mistake turns this key into this accept value. `other_keys` are keys of other connections, the
/// latest last: an answer that belongs to one of them is recognised. `None` for a right value and for an unknown mistake.
pub fn explain(key: &str, accept: &str, other_keys: &[String]) -> Option<String> {
    let right = accept_for(key.as_bytes());
    if accept == right {
        return None;
    }
    let owned = |words: &str| Some(words.to_owned());
    if accept.is_empty() {
        return owned("the value is empty");
    }
    if accept == key {
        return owned("the key itself was sent back, without hashing it");
    }
    if accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
        return owned(
            "it is the sample printed in RFC 6455: the value is a constant, not computed from the key",
        );
    }
    if let Some(words) = spelling(accept, &right) {
        return owned(words);
    }
    for (at, other) in other_keys.iter().enumerate().rev() {
        if accept == accept_for(other.as_bytes()) {
            return owned(if at + 1 == other_keys.len() {
                "it is the right accept of the connection before this one: the server keeps state between connections, \
                 or something replays answers"
            } else {
                "it is the right accept for the key of another connection: the server shares state between connections"
            });
        }
    }
    inputs(key)
        .into_iter()
        .find_map(|(words, input)| {
            let digest = Sha1::digest(&input);
            (accept == STANDARD.encode(digest)).then(|| words.to_owned())
        })
        .or_else(|| encodings(key, accept))
}

/// The right digest, spelt wrongly.
fn spelling(accept: &str, right: &str) -> Option<&'static str> {
    let bare = right.trim_end_matches('=');
    if accept == bare {
        return Some("the padding is missing: the value must end with =");
    }
    if accept.eq_ignore_ascii_case(right) {
        return Some(
            "the letter case was changed: base64 is case-sensitive, write the value as it was computed",
        );
    }
    if accept.trim_matches('"') == right {
        return Some("the value stands in double quotes");
    }
    let url_safe: String = right
        .chars()
        .map(|c| {
            if c == '+' {
                '-'
            } else if c == '/' {
                '_'
            } else {
                c
            }
        })
        .collect();
    if accept.trim_end_matches('=') == url_safe.trim_end_matches('=') {
        return Some("the URL-safe alphabet was used: base64 has + and / here");
    }
    if accept.len() < right.len() && right.starts_with(accept) {
        return Some("the value was cut off: a buffer is too short");
    }
    if accept.starts_with(right) {
        return Some("something stands behind the right value");
    }
    None
}

/// What was hashed instead of key and GUID.
fn inputs(key: &str) -> Vec<(&'static str, Vec<u8>)> {
    let lenient = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let decoded = lenient.decode(key).unwrap_or_default();
    let join = |parts: &[&[u8]]| parts.concat();
    let (text, guid) = (key.as_bytes(), GUID.as_bytes());
    let lower = GUID.to_ascii_lowercase();
    let mut all = vec![
        (
            "the key was base64-decoded before hashing: hash the 24 characters as text",
            join(&[&decoded, guid]),
        ),
        ("only the key was hashed: the GUID is missing", text.to_vec()),
        ("only the decoded key was hashed: decode nothing and append the GUID", decoded.clone()),
        ("only the GUID was hashed: the key is missing", guid.to_vec()),
        ("the GUID was hashed in front of the key: the key comes first", join(&[guid, text])),
        ("the GUID was written in lower case: its letters are capitals", join(&[text, lower.as_bytes()])),
        ("the key was lower-cased before hashing", join(&[key.to_ascii_lowercase().as_bytes(), guid])),
        ("the GUID stands in braces", join(&[text, b"{", guid, b"}"])),
        ("the hyphens of the GUID were left out", join(&[text, GUID.replace('-', "").as_bytes()])),
        ("a blank in front of the key was hashed with it", join(&[b" ", text, guid])),
        (
            "the padding of the key was left out of the hash",
            join(&[key.trim_end_matches('=').as_bytes(), guid]),
        ),
        ("the key was hashed twice", join(&[text, text, guid])),
        ("a different spelling of the key was hashed: it was decoded and encoded again", {
            join(&[STANDARD.encode(&decoded).as_bytes(), guid])
        }),
    ];
    for (words, end) in [
        ("a line end (CR LF) after the key was hashed with it", &b"\r\n"[..]),
        ("a line feed after the key was hashed with it", b"\n"),
        ("a carriage return after the key was hashed with it", b"\r"),
        ("a blank after the key was hashed with it", b" "),
        ("a NUL after the key was hashed with it: the length counts the C string's end", b"\0"),
    ] {
        all.push((words, join(&[text, end, guid])));
    }
    for (words, end) in [
        ("a line end (CR LF) after the GUID was hashed with it", &b"\r\n"[..]),
        ("a line feed after the GUID was hashed with it", b"\n"),
        ("a NUL after the GUID was hashed with it: the length counts the C string's end", b"\0"),
    ] {
        all.push((words, join(&[text, guid, end])));
    }
    for typo in [
        "258EAFA5-E914-47DA-95CA-C5AB5DC11B85",
        "258EAFA5-E914-47DA-95CA-C5AB0DC85B1",
        "258EAFA5-E914-47DA-95CA-5AB0DC85B11",
        "258EAFA5-E914-47DA-95CA-C5AB0DC85B11A",
    ] {
        all.push(("the GUID is misspelt: copy it from RFC 6455 section 1.3", join(&[text, typo.as_bytes()])));
    }
    all
}

/// The right input, hashed or encoded in another way.
fn encodings(key: &str, accept: &str) -> Option<String> {
    let input = [key.as_bytes(), GUID.as_bytes()].concat();
    let digest = Sha1::digest(&input);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let words = if accept.eq_ignore_ascii_case(&hex) {
        "the hash is written in hexadecimal: encode the 20 bytes in base64"
    } else if accept == STANDARD.encode(&hex) || accept == STANDARD.encode(hex.to_ascii_uppercase()) {
        "the hexadecimal text of the hash was encoded in base64: encode its 20 bytes"
    } else if accept == STANDARD.encode([&digest[..], b"\n"].concat()) {
        "a line feed was encoded together with the hash"
    } else if accept == STANDARD.encode(digest.iter().rev().copied().collect::<Vec<u8>>()) {
        "the bytes of the hash stand in reverse order"
    } else if accept == STANDARD.encode(swap_words(&digest)) {
        "the five words of the hash have the wrong byte order: SHA-1 is big-endian"
    } else if accept == STANDARD.encode(md5::compute(&input).0) {
        "MD5 was used: the hash is SHA-1"
    } else if accept == STANDARD.encode(sha2::Sha256::digest(&input)) {
        "SHA-256 was used: the hash is SHA-1"
    } else if accept == STANDARD.encode(sha2::Sha512::digest(&input)) {
        "SHA-512 was used: the hash is SHA-1"
    } else if URL_SAFE.decode(accept).is_err()
        && STANDARD.decode(accept).is_err()
        && STANDARD_NO_PAD.decode(accept).is_err()
    {
        "it is no base64 at all"
    } else {
        return None;
    };
    Some(words.to_owned())
}

fn swap_words(digest: &[u8]) -> Vec<u8> {
    digest.chunks(4).flat_map(|word| word.iter().rev().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const OTHER: &str = "AQIDBAUGBwgJCgsMDQ4PEA==";

    fn sha(input: &[&[u8]]) -> String {
        STANDARD.encode(Sha1::digest(input.concat()))
    }

    #[test]
    fn a_right_value_has_no_mistake() {
        assert_eq!(explain(OTHER, "C/0nmHhBztSRGR1CwL6Tf4ZjwpY=", &[]), None);
    }

    #[test]
    fn each_mistake_is_named() {
        let right = accept_for(OTHER.as_bytes());
        let input = [OTHER.as_bytes(), GUID.as_bytes()].concat();
        let hex: String = Sha1::digest(&input).iter().map(|byte| format!("{byte:02x}")).collect();
        let nonce: Vec<u8> = (1..=16).collect();
        for (accept, word) in [
            (sha(&[&nonce, GUID.as_bytes()]), "decoded before"),
            (sha(&[OTHER.as_bytes()]), "GUID is missing"),
            (sha(&[OTHER.as_bytes(), GUID.to_lowercase().as_bytes()]), "lower case"),
            (sha(&[OTHER.as_bytes(), b"258EAFA5-E914-47DA-95CA-C5AB5DC11B85"]), "misspelt"),
            (sha(&[GUID.as_bytes(), OTHER.as_bytes()]), "key comes first"),
            (STANDARD.encode(&hex), "hexadecimal text"),
            (hex, "written in hexadecimal"),
            (sha(&[OTHER.as_bytes(), b"\n", GUID.as_bytes()]), "line feed after the key"),
            (right.trim_end_matches('=').to_owned(), "padding is missing"),
            (STANDARD.encode(md5::compute(&input).0), "MD5"),
            (STANDARD.encode(sha2::Sha256::digest(&input)), "SHA-256"),
            ("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_owned(), "sample"),
            (right.to_lowercase(), "letter case"),
            (OTHER.to_owned(), "key itself"),
        ] {
            let words = explain(OTHER, &accept, &[]).unwrap_or_default();
            assert!(words.contains(word), "{accept}: {words:?} wanted {word:?}");
        }
    }

    #[test]
    fn answers_of_other_connections_are_recognised() {
        let keys = ["AAAAAAAAAAAAAAAAAAAAAA==".to_owned(), OTHER.to_owned()];
        let previous =
            explain("BBBBBBBBBBBBBBBBBBBBBA==", &accept_for(OTHER.as_bytes()), &keys).expect("known");
        assert!(previous.contains("before this one"), "{previous}");
        let shared = explain(KEY, &accept_for(keys[0].as_bytes()), &keys).expect("known");
        assert!(shared.contains("another connection"), "{shared}");
    }

    #[test]
    fn an_unknown_value_stays_unnamed() {
        assert_eq!(explain(KEY, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", &[]), None);
    }
}
