//! `Sec-WebSocket-Key`: the client's nonce (RFC 6455 sections 4.1 and 11.3.1).

use crate::error::RequestFault;

/// A well-formed key: the 24 ASCII bytes exactly as they stand in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key([u8; 24]);

impl Key {
    /// Encodes 16 bytes from a cryptographic random source, drawn anew for this one handshake.
    pub fn from_nonce(_nonce: [u8; 16]) -> Self {
        todo!()
    }

    /// Takes a header value, already trimmed of outer blanks; otherwise says everything that is wrong with it.
    ///
    /// Set bits in the unused half of the last letter are accepted: the sample of RFC 6455 section 4.1 has them
    /// (erratum 3150). [`Key::is_canonical`] tells.
    pub fn parse(_value: &[u8]) -> Result<Self, Vec<RequestFault>> {
        todo!()
    }

    /// Whether the unused bits of the last letter are zero, as an encoder must set them (RFC 4648 section 3.5).
    pub fn is_canonical(&self) -> bool {
        todo!()
    }

    /// The 16 bytes that the key encodes.
    pub fn nonce(&self) -> [u8; 16] {
        todo!()
    }

    /// The key as it stands in the header.
    pub fn as_str(&self) -> &str {
        todo!()
    }

    /// The 24 bytes of the key as it stands in the header: what the accept value is computed from.
    pub fn as_bytes(&self) -> &[u8; 24] {
        &self.0
    }
}
