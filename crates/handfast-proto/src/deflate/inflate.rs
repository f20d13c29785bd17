//! Inflation of messages (RFC 7692 section 7.2.2), bounded while it goes on.

use super::TAIL;
use crate::Limits;
use crate::error::FrameFault;
use bytes::BytesMut;
use zlib_rs::{Inflate, InflateFlush, Status};

/// A decompressor and its window.
pub(crate) struct Inflater {
    inflate: Inflate,
    /// Compressed bytes of the message so far.
    taken: usize,
    /// Bytes they became.
    given: usize,
}

impl Inflater {
    pub(crate) fn new() -> Self {
        // The largest window serves every smaller one.
        Self { inflate: Inflate::new(false, 15), taken: 0, given: 0 }
    }

    /// Forgets the window.
    pub(crate) fn reset(&mut self) {
        self.inflate.reset(false);
        (self.taken, self.given) = (0, 0);
    }

    /// Appends what a piece of compressed payload becomes.
    ///
    /// Fails with [`FrameFault::DeflateInvalid`], [`FrameFault::MessageTooBig`] and [`FrameFault::InflateRatio`]; at most one chunk
    /// of output was then made beyond the limit.
    pub(crate) fn piece(
        &mut self,
        input: &[u8],
        output: &mut BytesMut,
        limits: &Limits,
    ) -> Result<(), FrameFault> {
        self.taken += input.len();
        self.run(input, output, limits)
    }

    /// Ends the message.
    pub(crate) fn finish(&mut self, output: &mut BytesMut, limits: &Limits) -> Result<(), FrameFault> {
        self.run(&TAIL, output, limits)?;
        (self.taken, self.given) = (0, 0);
        Ok(())
    }

    fn run(&mut self, mut input: &[u8], output: &mut BytesMut, limits: &Limits) -> Result<(), FrameFault> {
        loop {
            let filled = output.len();
            let room = (input.len() * 4).clamp(CHUNK_BYTES_MIN, CHUNK_BYTES_MAX);
            output.resize(filled + room, 0);
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(input, &mut output[filled..], InflateFlush::SyncFlush);
            input = &input[(self.inflate.total_in() - read) as usize..];
            let written = (self.inflate.total_out() - written) as usize;
            output.truncate(filled + written);
            self.given += written;
            if self.given > limits.message_bytes_max {
                return Err(FrameFault::MessageTooBig { limit: limits.message_bytes_max });
            }
            let allowed = self.taken.saturating_mul(limits.inflate_ratio_max).max(limits.inflate_free_bytes);
            if self.given > allowed {
                return Err(FrameFault::InflateRatio { limit: limits.inflate_ratio_max });
            }
            match status {
                // A block with BFINAL ends a deflate stream, not the message (RFC 7692 section 7.2.3.4).
                Ok(Status::StreamEnd) => self.begin_stream_behind(output),
                Ok(Status::Ok | Status::BufError) if input.is_empty() && written < room => return Ok(()),
                Ok(Status::Ok) => {}
                Ok(Status::BufError) if written == room => {}
                Ok(Status::BufError) | Err(_) => return Err(FrameFault::DeflateInvalid),
            }
            if input.is_empty() && written < room {
                return Ok(());
            }
        }
    }

    /// A new deflate stream that may refer to what this message has become so far.
    fn begin_stream_behind(&mut self, output: &BytesMut) {
        self.inflate.reset(false);
        let window = &output[output.len().saturating_sub(self.given.min(WINDOW_BYTES))..];
        if !window.is_empty() {
            // It cannot fail on a raw stream that was just begun; a bad reference is found while inflating.
            let _ = self.inflate.set_dictionary(window);
        }
    }
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflater").field("taken", &self.taken).field("given", &self.given).finish()
    }
}

/// Room made for output at once, in bytes: how far beyond a limit inflation can go before it is noticed.
const CHUNK_BYTES_MAX: usize = 64 << 10;
const CHUNK_BYTES_MIN: usize = 1 << 10;
const WINDOW_BYTES: usize = 32 << 10;
