//! Frames: RFC 6455 section 5, and the close codes of section 7.4.

mod close;
mod header;
mod mask;
mod opcode;
pub(crate) mod utf8;

pub(crate) use close::ClosePayloadFault;
pub use close::{Close, CloseCode};
pub use header::{FrameHeader, HeaderBytes};
pub use mask::{Mask, apply_mask};
pub use opcode::OpCode;
