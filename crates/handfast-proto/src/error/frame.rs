//! Faults of a peer after the handshake.

use crate::frame::{CloseCode, OpCode};
use std::fmt;

/// The peer broke RFC 6455 sections 5 to 8, or went beyond a limit. The right Close is already queued when it is
/// reported, and nothing more is read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameFault {
    /// More memory than [`Limits::connection_bytes_max`](crate::Limits::connection_bytes_max), all buffers together.
    BudgetExceeded {
        /// The limit in bytes.
        limit: usize,
    },
    /// A Close frame with a code that may not stand on the wire (section 7.4).
    CloseCode(u16),
    /// A Close frame with a payload of one byte: neither empty nor a code (section 5.5.1).
    CloseOneByte,
    /// A Close frame whose reason is not UTF-8 (section 5.5.1).
    CloseReasonNotUtf8,
    /// A continuation frame with no message to go on with (section 5.4).
    ContinuationUnexpected,
    /// A control frame without FIN (section 5.5).
    ControlFragmented(OpCode),
    /// A control frame of more than 125 bytes (section 5.5).
    ControlTooLong(OpCode),
    /// A compressed message that is not deflate (RFC 7692 section 7.2.2).
    DeflateInvalid,
    /// A frame that claims more bytes than [`Limits::frame_bytes_max`](crate::Limits::frame_bytes_max).
    FrameTooBig {
        /// The length in its header, in bytes.
        claimed: u64,
        /// The limit in bytes.
        limit: usize,
    },
    /// A compressed message that inflates more than [`Limits::inflate_ratio_max`](crate::Limits::inflate_ratio_max)
    /// times.
    InflateRatio {
        /// The limit, a factor.
        limit: usize,
    },
    /// A length of which the highest bit is set (section 5.2).
    LengthBeyond63Bits(u64),
    /// A length that fits into a shorter form (section 5.2).
    LengthNotShortest(u64),
    /// A client's frame without a mask (section 5.1).
    MaskMissing,
    /// A server's frame with a mask (section 5.1; rule `client/masked-frame-accepted`).
    MaskUnexpected,
    /// A new message inside a fragmented one (section 5.4).
    MessageInterrupted(OpCode),
    /// A message beyond [`Limits::message_bytes_max`](crate::Limits::message_bytes_max).
    MessageTooBig {
        /// The limit in bytes.
        limit: usize,
    },
    /// RSV bits that no agreed extension uses, as a number of three bits, RSV1 the highest (section 5.2).
    ReservedBits(u8),
    /// An opcode that is not defined (section 5.2).
    ReservedOpcode(u8),
    /// Text that is not UTF-8 (section 8.1).
    TextNotUtf8 {
        /// Bytes of the message before the character that is wrong.
        at: usize,
    },
    /// More fragments than [`Limits::fragments_max`](crate::Limits::fragments_max).
    TooManyFragments {
        /// The limit.
        limit: usize,
    },
}

impl FrameFault {
    /// The code of the Close frame that answers this fault (RFC 6455 section 7.4.1).
    pub fn close_code(&self) -> CloseCode {
        match self {
            Self::CloseCode(_)
            | Self::CloseOneByte
            | Self::ContinuationUnexpected
            | Self::ControlFragmented(_)
            | Self::ControlTooLong(_)
            | Self::LengthBeyond63Bits(_)
            | Self::LengthNotShortest(_)
            | Self::MaskMissing
            | Self::MaskUnexpected
            | Self::MessageInterrupted(_)
            | Self::ReservedBits(_)
            | Self::ReservedOpcode(_) => CloseCode::PROTOCOL_ERROR,
            Self::CloseReasonNotUtf8 | Self::DeflateInvalid | Self::TextNotUtf8 { .. } => {
                CloseCode::INVALID_DATA
            }
            Self::BudgetExceeded { .. }
            | Self::FrameTooBig { .. }
            | Self::InflateRatio { .. }
            | Self::MessageTooBig { .. } => CloseCode::TOO_BIG,
            Self::TooManyFragments { .. } => CloseCode::POLICY_VIOLATION,
        }
    }
}

impl FrameFault {
    /// What the author of the peer should change, in one sentence. For a limit: what its user can do.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::CloseCode(_) => "Send 1000 to 1003, 1007 to 1014, or 3000 to 4999.",
            Self::CloseOneByte => "Leave the payload empty, or begin it with a code of two bytes.",
            Self::CloseReasonNotUtf8 => "Encode the reason as UTF-8, and cut it between characters only.",
            Self::ContinuationUnexpected => "Begin each message with a text or binary frame.",
            Self::ControlFragmented(_) => "Set FIN on each ping, pong and Close.",
            Self::ControlTooLong(_) => "Keep the payload of a ping, pong or Close to 125 bytes.",
            Self::DeflateInvalid => "Compress with raw deflate, and set RSV1 on compressed messages only.",
            Self::BudgetExceeded { .. } => {
                "Send smaller messages, or let the receiver raise its limit of memory."
            }
            Self::FrameTooBig { .. } => "Send smaller frames, or let the receiver raise its limit.",
            Self::InflateRatio { .. } => "Send such data uncompressed, or let the receiver raise its limit.",
            Self::LengthBeyond63Bits(_) => "Write a length as an unsigned number with its highest bit 0.",
            Self::LengthNotShortest(_) => {
                "Write lengths up to 125 in 7 bits, up to 65535 in 16 bits, and only longer ones in 64."
            }
            Self::MaskMissing => "Mask each frame with four fresh random bytes, empty frames included.",
            Self::MaskUnexpected => "Send frames without a mask: only clients mask.",
            Self::MessageInterrupted(_) => {
                "End a message before the next one begins; only control frames may stand between."
            }
            Self::MessageTooBig { .. } => "Send smaller messages, or let the receiver raise its limit.",
            Self::ReservedBits(_) => "Leave the three reserved bits 0 unless an agreed extension uses them.",
            Self::ReservedOpcode(_) => "Use the opcodes 0, 1, 2, 8, 9 and 10 only.",
            Self::TextNotUtf8 { .. } => "Send text as UTF-8, or send the bytes as a binary message.",
            Self::TooManyFragments { .. } => "Send fewer, larger fragments.",
        }
    }
}

impl std::error::Error for FrameFault {}

impl fmt::Display for FrameFault {
    /// One sentence that fits into the reason of a Close frame.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BudgetExceeded { limit } => {
                write!(f, "this connection would need more than {limit} bytes of memory")
            }
            Self::CloseCode(code) => write!(f, "close code {code} may not be sent (RFC 6455 section 7.4)"),
            Self::CloseOneByte => {
                f.write_str("a Close frame of one byte holds no code (RFC 6455 section 5.5.1)")
            }
            Self::CloseReasonNotUtf8 => f.write_str("the close reason is not UTF-8 (RFC 6455 section 5.5.1)"),
            Self::ContinuationUnexpected => {
                f.write_str("a continuation frame with no message to go on with (RFC 6455 section 5.4)")
            }
            Self::ControlFragmented(opcode) => {
                write!(f, "a {opcode:?} frame without FIN (RFC 6455 section 5.5)")
            }
            Self::ControlTooLong(opcode) => {
                write!(f, "a {opcode:?} frame of more than 125 bytes (RFC 6455 section 5.5)")
            }
            Self::DeflateInvalid => {
                f.write_str("a compressed message that is not deflate (RFC 7692 section 7.2.2)")
            }
            Self::InflateRatio { limit } => write!(f, "a message that inflates more than {limit} times"),
            Self::FrameTooBig { claimed, limit } => {
                write!(f, "a frame of {claimed} bytes, {limit} are allowed")
            }
            Self::LengthBeyond63Bits(len) => {
                write!(f, "a length of {len:#x}, its highest bit must be 0 (RFC 6455 section 5.2)")
            }
            Self::LengthNotShortest(len) => {
                write!(f, "length {len} is not in its shortest form (RFC 6455 section 5.2)")
            }
            Self::MaskMissing => f.write_str("a client's frame without a mask (RFC 6455 section 5.1)"),
            Self::MaskUnexpected => f.write_str("a server's frame with a mask (RFC 6455 section 5.1)"),
            Self::MessageInterrupted(opcode) => {
                write!(f, "a {opcode:?} frame inside a fragmented message (RFC 6455 section 5.4)")
            }
            Self::MessageTooBig { limit } => write!(f, "a message of more than {limit} bytes"),
            Self::ReservedBits(bits) => {
                write!(
                    f,
                    "reserved bits {bits:03b} without an extension that uses them (RFC 6455 section 5.2)"
                )
            }
            Self::ReservedOpcode(bits) => write!(f, "opcode {bits:#x} is reserved (RFC 6455 section 5.2)"),
            Self::TextNotUtf8 { at } => write!(f, "text is not UTF-8 at byte {at} (RFC 6455 section 8.1)"),
            Self::TooManyFragments { limit } => write!(f, "a message of more than {limit} fragments"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Close;

    #[test]
    fn every_sentence_fits_into_a_close_reason() {
        let longest = [
            FrameFault::FrameTooBig { claimed: u64::MAX, limit: usize::MAX },
            FrameFault::LengthBeyond63Bits(u64::MAX),
            FrameFault::LengthNotShortest(u64::MAX),
            FrameFault::MessageInterrupted(OpCode::Continuation),
            FrameFault::ReservedBits(7),
            FrameFault::TextNotUtf8 { at: usize::MAX },
        ];
        for fault in longest {
            assert!(fault.to_string().len() <= Close::REASON_BYTES_MAX, "{fault}");
        }
    }
}
