//! The frame header (RFC 6455 section 5.2).

use super::{Mask, OpCode};

/// A frame's first 2 to 14 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Whether this is the last frame of its message.
    pub fin: bool,
    /// RSV1: the message is compressed (RFC 7692), on its first frame.
    pub rsv1: bool,
    /// What the frame is.
    pub opcode: OpCode,
    /// The mask, on frames from a client.
    pub mask: Option<Mask>,
    /// Payload length in bytes.
    pub len: u64,
}

/// An encoded header.
#[derive(Clone, Copy, Debug)]
pub struct HeaderBytes {
    bytes: [u8; 14],
    len: u8,
}

impl HeaderBytes {
    /// The header as it goes onto the wire.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len as usize]
    }
}
