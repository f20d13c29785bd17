//! `Sec-WebSocket-Key`: the client's nonce (RFC 6455 sections 4.1 and 11.3.1).

use super::list::is_blank;
use crate::error::{Excerpt, RequestFault};
use crate::limits::KEY_CHARACTERS_MAX;
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use std::fmt;

/// A well-formed key: the 24 ASCII bytes exactly as they stand in the request.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key([u8; 24]);

impl Key {
    /// Encodes 16 bytes from a cryptographic random source, drawn anew for this one handshake.
    pub fn from_nonce(nonce: [u8; 16]) -> Self {
        // rule: client/key-malformed client/key-pad-bits
        let mut text = [0; 24];
        let written = BASE64.encode_slice(nonce, &mut text);
        debug_assert_eq!(written, Ok(24));
        Self(text)
    }

    /// Takes a header value, already trimmed of outer blanks; otherwise says everything that is wrong with it.
    ///
    /// Set bits in the unused half of the last letter are accepted: the sample of RFC 6455 section 4.1 has them
    /// (erratum 3150). [`Key::is_canonical`] tells.
    pub fn parse(value: &[u8]) -> Result<Self, Vec<RequestFault>> {
        match value.try_into() {
            Ok(text) if is_key(text) => Ok(Self(*text)),
            _ => Err(faults(value)),
        }
    }

    /// Whether the unused bits of the last letter are zero, as an encoder must set them (RFC 4648 section 3.5).
    pub fn is_canonical(&self) -> bool {
        matches!(self.0[21], b'A' | b'Q' | b'g' | b'w')
    }

    /// The 16 bytes that the key encodes.
    pub fn nonce(&self) -> [u8; 16] {
        let mut nonce = [0; 18];
        let written = BASE64.decode_slice(self.0, &mut nonce);
        debug_assert_eq!(written, Ok(16));
        let [nonce @ .., _, _] = nonce;
        nonce
    }

    /// The key as it stands in the header.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a key consists of base64 characters only")
    }

    /// The 24 bytes of the key as it stands in the header: what the accept value is computed from.
    pub fn as_bytes(&self) -> &[u8; 24] {
        &self.0
    }
}

impl fmt::Debug for Key {
    /// As text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.as_str()).finish()
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Standard base64 with its padding, unused bits ignored.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

fn is_key(text: &[u8; 24]) -> bool {
    let [letters @ .., first, second] = text;
    *first == b'=' && *second == b'=' && letters.iter().fold(true, |all, &byte| all & is_letter(byte))
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() | (byte == b'+') | (byte == b'/')
}

/// Everything that is wrong with a value that is no key.
#[cold]
fn faults(value: &[u8]) -> Vec<RequestFault> {
    if value.iter().all(|&byte| is_blank(byte)) {
        return vec![RequestFault::KeyEmpty];
    }
    if value.len() > KEY_CHARACTERS_MAX {
        return vec![RequestFault::KeyOverLong { characters: value.len() }];
    }
    let mut faults = Vec::new();
    if is_list(value) {
        return vec![RequestFault::KeyList(Excerpt::new(value))];
    }
    if value.iter().any(|&byte| is_blank(byte)) {
        faults.push(RequestFault::KeyInnerWhitespace(Excerpt::new(value)));
    }
    if value.iter().any(|byte| matches!(byte, b'-' | b'_')) {
        faults.push(RequestFault::KeyUrlSafe(Excerpt::new(value)));
    }
    let foreign = |&byte: &u8| !is_letter(byte) && !is_blank(byte) && !matches!(byte, b'-' | b'_' | b'=');
    if let Some(offset) = value.iter().position(foreign) {
        faults.push(RequestFault::KeyAlphabet { byte: value[offset], offset });
    } else {
        let dense: Vec<u8> = value.iter().copied().filter(|&byte| !is_blank(byte)).collect();
        shape_faults(value, &dense, &mut faults);
    }
    faults
}

/// Two keys joined by a proxy, or a key with a parameter.
fn is_list(value: &[u8]) -> bool {
    let first = value.split(|&byte| is_blank(byte)).next().unwrap_or_default();
    value.iter().any(|byte| matches!(byte, b',' | b';'))
        || (first.len() < value.len() && <&[u8; 24]>::try_from(first).is_ok_and(is_key))
}

/// Padding and length of a value that holds letters and `=` only; `value` is how it was received.
fn shape_faults(value: &[u8], dense: &[u8], faults: &mut Vec<RequestFault>) {
    let letters = dense.iter().filter(|&&byte| byte != b'=').count();
    let data_end = dense.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    let pads = dense.len() - data_end;
    let wanted = match letters % 4 {
        0 => 0,
        2 => 2,
        // A single letter beyond a group encodes nothing: no padding makes it right.
        _ => 1,
    };
    if data_end != letters || pads > wanted {
        faults.push(RequestFault::KeyPaddingExcess(Excerpt::new(value)));
    } else if pads < wanted {
        faults.push(RequestFault::KeyPaddingMissing(Excerpt::new(value)));
    }
    let bytes = letters * 6 / 8;
    if bytes != 16 || letters % 4 == 1 {
        faults.push(RequestFault::KeyLength { bytes });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(value: &[u8]) -> Vec<&'static str> {
        Key::parse(value).expect_err("not a key").iter().map(|fault| fault.rule().id).collect()
    }

    #[test]
    fn the_sample_key_of_the_rfc_decodes_to_its_nonce_and_back() {
        let key = Key::parse(b"dGhlIHNhbXBsZSBub25jZQ==").unwrap();
        assert_eq!(&key.nonce(), b"the sample nonce");
        assert_eq!(Key::from_nonce(*b"the sample nonce"), key);
        assert!(key.is_canonical());
    }

    #[test]
    fn set_pad_bits_are_kept_as_sent() {
        let key = Key::parse(b"AQIDBAUGBwgJCgsMDQ4PEC==").unwrap();
        assert_eq!(key.as_str(), "AQIDBAUGBwgJCgsMDQ4PEC==");
        assert!(!key.is_canonical());
        assert_eq!(key.nonce(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    }

    #[test]
    fn each_fault_of_a_key_has_its_own_reason() {
        assert_eq!(rules(b""), ["server/key-empty"]);
        assert_eq!(rules(b" \t"), ["server/key-empty"]);
        assert_eq!(rules(b"dGhlIHNhbXBsZSBub25jZ!=="), ["server/key-alphabet"]);
        assert_eq!(rules(b"dGhlIHNhbXBsZSBub25jZQ"), ["server/key-padding-missing"]);
        assert_eq!(rules(b"dGhlIHNhbXBsZSBub25jZQ="), ["server/key-padding-missing"]);
        assert_eq!(rules(b"dGhlIHNhbXBsZSBub25jZQ==="), ["server/key-padding-excess"]);
        assert_eq!(rules(b"=dGhlIHNhbXBsZSBub25jZQ="), ["server/key-padding-excess"]);
        assert_eq!(rules(b"dGhlIHNhbXBs==ZSBub25jZQ"), ["server/key-padding-excess"]);
        assert_eq!(rules(b"--------------------_w=="), ["server/key-url-safe"]);
        assert_eq!(rules(b"dGhlIHNh bXBsZSBub25jZQ=="), ["server/key-inner-whitespace"]);
        assert_eq!(rules(b"dGhlIHNhbXBsZSBub25jZTE="), ["server/key-length"]);
        assert_eq!(rules(b"AAAAAAAAAAAAAAAAAAAAAAAA"), ["server/key-length"]);
        assert_eq!(rules(&[b'A'; 4096]), ["server/key-over-long"]);
        assert_eq!(rules(b"dGhlIHNhbXBsZSBub25jZQ== dGhlIHNhbXBsZSBub25jZQ=="), ["server/key-list"]);
    }

    #[test]
    fn several_faults_of_a_key_are_all_told() {
        assert_eq!(rules(b"AA-A"), ["server/key-url-safe", "server/key-length"]);
        assert_eq!(rules(b"x"), ["server/key-padding-missing", "server/key-length"]);
        assert_eq!(rules(&[b'='; 24]), ["server/key-padding-excess", "server/key-length"]);
    }
}
