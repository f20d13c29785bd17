//! A bounded, printable copy of what a peer sent.

use crate::limits::EXCERPT_BYTES_MAX;
use std::fmt;

/// The first bytes of something a peer sent, kept for an error message: at most [`Excerpt::BYTES_MAX`] of them.
///
/// `Display` escapes every byte that is not printable ASCII and says how much was left out, so the text can go
/// into a log, a terminal or a `text/plain` body as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Excerpt {
    shown: Box<[u8]>,
    left_out: usize,
}

impl Excerpt {
    /// How many bytes are kept.
    pub const BYTES_MAX: usize = EXCERPT_BYTES_MAX;

    /// Keeps the beginning of `bytes`.
    pub fn new(bytes: &[u8]) -> Self {
        let shown = &bytes[..bytes.len().min(Self::BYTES_MAX)];
        Self { shown: shown.into(), left_out: bytes.len() - shown.len() }
    }

    /// The bytes kept, unescaped.
    pub fn as_bytes(&self) -> &[u8] {
        &self.shown
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.shown.escape_ascii())?;
        match self.left_out {
            0 => Ok(()),
            more => write!(f, " and {more} more bytes"),
        }
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
