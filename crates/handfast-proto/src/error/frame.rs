//! Faults of a peer after the handshake.

use crate::frame::CloseCode;
use std::fmt;

/// The peer broke RFC 6455 sections 5 to 8, or went beyond a limit. The right Close is already queued when it is
/// reported, and nothing more is read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameFault {
    /// placeholder
    Placeholder,
}

impl FrameFault {
    /// The code of the Close frame that answers this fault (RFC 6455 section 7.4.1).
    pub fn close_code(&self) -> CloseCode {
        todo!()
    }
}

impl std::error::Error for FrameFault {}

impl fmt::Display for FrameFault {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}
