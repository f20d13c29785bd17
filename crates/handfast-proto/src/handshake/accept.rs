//! `Sec-WebSocket-Accept`: the server's proof that it read this key (RFC 6455 section 4.2.2 item 5.4).

use super::Key;
use base64::{Engine, prelude::BASE64_STANDARD};
use sha1::{Digest, Sha1};
use std::fmt;

/// The GUID that every WebSocket server appends to the key. It stands in no other library file.
const GUID: &[u8; 36] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The 28 ASCII bytes of a `Sec-WebSocket-Accept` value.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Accept([u8; 28]);

impl Accept {
    /// Derives the accept value from the key exactly as it stood in the request.
    pub fn derive(key: &Key) -> Self {
        // rule: server/accept-wrong server/accept-over-text
        Self::from_digest(&Sha1::digest(text(key)).into())
    }

    /// The same derivation for text that is no key, which relaxed rules may let pass.
    pub(crate) fn derive_relaxed(text: &[u8]) -> Self {
        Self::from_digest(&Sha1::new().chain_update(text).chain_update(GUID).finalize().into())
    }

    /// Each step of the derivation, for people: see [`Steps`].
    pub fn steps(key: &Key) -> Steps {
        let text = text(key);
        let digest = Sha1::digest(text).into();
        Steps {
            text: text.iter().map(|&byte| char::from(byte)).collect(),
            guid: std::str::from_utf8(GUID).expect("the GUID is ASCII"),
            digest,
            accept: Self::from_digest(&digest),
        }
    }

    /// The value as it stands in the header.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("an accept value consists of base64 characters only")
    }

    /// The value as it stands in the header.
    pub fn as_bytes(&self) -> &[u8; 28] {
        &self.0
    }

    fn from_digest(digest: &[u8; 20]) -> Self {
        let mut value = [0; 28];
        let written = BASE64_STANDARD.encode_slice(digest, &mut value);
        debug_assert_eq!(written, Ok(28));
        Self(value)
    }
}

impl fmt::Debug for Accept {
    /// As text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Accept").field(&self.as_str()).finish()
    }
}

impl std::fmt::Display for Accept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What happens between key and accept value.
#[derive(Clone, Debug)]
pub struct Steps {
    /// The key's text followed by the GUID: 60 bytes.
    pub text: String,
    /// The GUID alone.
    pub guid: &'static str,
    /// SHA-1 of the text: 20 bytes.
    pub digest: [u8; 20],
    /// Base64 of the digest.
    pub accept: Accept,
}

fn text(key: &Key) -> [u8; 60] {
    let mut text = [0; 60];
    text[..24].copy_from_slice(key.as_bytes());
    text[24..].copy_from_slice(GUID);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_of_the_rfc_comes_out() {
        let key = Key::parse(b"dGhlIHNhbXBsZSBub25jZQ==").unwrap();
        assert_eq!(Accept::derive(&key).as_str(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn the_steps_end_in_the_same_value_and_show_the_digest_of_the_rfc() {
        let steps = Accept::steps(&Key::parse(b"dGhlIHNhbXBsZSBub25jZQ==").unwrap());
        assert_eq!(steps.text, format!("dGhlIHNhbXBsZSBub25jZQ=={}", steps.guid));
        assert_eq!(steps.digest[..4], [0xb3, 0x7a, 0x4f, 0x2c]);
        assert_eq!(steps.accept.as_str(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_key_let_pass_by_relaxed_rules_is_hashed_as_sent() {
        // The empty key's accept is in the catalogue: server/key-empty.
        assert_eq!(Accept::derive_relaxed(b"").as_str(), "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=");
        let key = Key::from_nonce([7; 16]);
        assert_eq!(Accept::derive_relaxed(key.as_bytes()), Accept::derive(&key));
    }
}
