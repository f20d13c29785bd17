//! The checker's own expectation of the accept value. It is computed here and nowhere borrowed: a judge that used the
//! code it judges would agree with every mistake in it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// The fixed text that RFC 6455 section 1.3 appends to the key.
pub(crate) const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The accept value for the key as it was sent, blanks around it excluded (RFC 6455 section 4.2.2 item 5.4).
pub fn accept_for(key: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(key.trim_ascii());
    hash.update(GUID.as_bytes());
    STANDARD.encode(hash.finalize())
}

/// The text is 16 bytes in base64, as a key must be. Unused bits of the last letter may be set.
pub(crate) fn is_key(text: &str) -> bool {
    let text = text.trim_ascii();
    text.len() == 24
        && text.ends_with("==")
        && text[..22].bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

/// A fresh key: 16 random bytes in base64.
pub(crate) fn fresh_key() -> String {
    STANDARD.encode(random::<16>())
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has a random source");
    bytes
}

/// A random word of 12 hexadecimal digits, for names that nobody else uses.
pub(crate) fn random_word() -> String {
    random::<6>().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_of_rfc_6455_gives_the_printed_accept() {
        assert_eq!(accept_for(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_key_is_16_bytes_in_base64() {
        assert!(is_key("dGhlIHNhbXBsZSBub25jZQ==") && is_key("dGhlIHNhbXBsZSBub25jZR=="));
        for text in
            ["", "OQ==", "dGhlIHNhbXBsZSBub25jZQ", "--------------------_w==", "dGhlIHNhbXBsZSBub25jZQ==="]
        {
            assert!(!is_key(text), "{text}");
        }
    }

    #[test]
    fn blanks_around_the_key_are_not_hashed() {
        assert_eq!(accept_for(b" \tdGhlIHNhbXBsZSBub25jZQ== "), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
