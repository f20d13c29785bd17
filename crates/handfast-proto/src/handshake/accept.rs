//! `Sec-WebSocket-Accept`: the server's proof that it read this key (RFC 6455 section 4.2.2 item 5.4).

use super::Key;

/// The GUID that every WebSocket server appends to the key. It stands in no other library file.
const GUID: &[u8; 36] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The 28 ASCII bytes of a `Sec-WebSocket-Accept` value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Accept([u8; 28]);

impl Accept {
    /// Derives the accept value from the key exactly as it stood in the request.
    pub fn derive(_key: &Key) -> Self {
        let _ = GUID;
        todo!()
    }

    /// Each step of the derivation, for people: see [`Steps`].
    pub fn steps(_key: &Key) -> Steps {
        todo!()
    }

    /// The value as it stands in the header.
    pub fn as_str(&self) -> &str {
        todo!()
    }

    /// The value as it stands in the header.
    pub fn as_bytes(&self) -> &[u8; 28] {
        &self.0
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
