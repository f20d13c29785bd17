//! The server's answer as a client reads it (RFC 6455 section 4.1, response items 1 to 6).

use super::Fields;
use bytes::Bytes;

/// The head of a server's answer.
#[derive(Clone, Debug)]
pub struct ResponseHead {
    head: Bytes,
}

impl ResponseHead {
    /// The status, three digits.
    pub fn status(&self) -> u16 {
        todo!()
    }

    /// All field lines in order.
    pub fn fields(&self) -> Fields<'_> {
        todo!()
    }

    /// The value of the first field of this name, compared without case.
    pub fn field(&self, _name: &str) -> Option<&[u8]> {
        todo!()
    }

    /// The head as received.
    pub fn as_bytes(&self) -> &[u8] {
        &self.head
    }
}
