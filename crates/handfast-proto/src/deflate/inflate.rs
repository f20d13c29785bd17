//! Inflation of messages (RFC 7692 section 7.2.2), bounded while it goes on.

use super::TAIL;
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
    /// Bytes of the window that were copied to go on behind blocks that end a deflate stream.
    copied: usize,
    /// How much of the tail was put back at the message's end.
    tail_used: usize,
    /// The last output filled its room, so more may be waiting.
    pub(super) has_more: bool,
}

/// What a message may become.
pub(crate) struct InflateLimits {
    pub(crate) message_bytes_max: usize,
    pub(crate) ratio_max: usize,
    pub(crate) free_bytes: usize,
}

impl Inflater {
    pub(crate) fn new() -> Self {
        // The largest window serves every smaller one.
        Self {
            inflate: Inflate::new(false, 15),
            taken: 0,
            given: 0,
            copied: 0,
            tail_used: 0,
            has_more: false,
        }
    }

    /// Forgets the window.
    pub(crate) fn reset(&mut self) {
        self.inflate.reset(false);
        self.forget_message();
        self.has_more = false;
    }

    /// Appends what a piece of compressed payload becomes, until `output` has grown to `full_at` bytes; returns how much
    /// of the piece was used up. Call it again, also without input, while [`Inflater::has_more`].
    ///
    /// Fails with [`FrameFault::DeflateInvalid`], [`FrameFault::MessageTooBig`] and [`FrameFault::InflateRatio`], at the
    /// same place however the payload was cut. At most one chunk was then made beyond the message's limit, and beyond the
    /// ratio what [`JUDGED_BYTES`] can become, 1 MiB.
    pub(crate) fn piece(
        &mut self,
        input: &[u8],
        output: &mut BytesMut,
        full_at: usize,
        limits: &InflateLimits,
    ) -> Result<usize, FrameFault> {
        let mut rest = input;
        while !rest.is_empty() || self.has_more {
            if output.len() >= full_at {
                break;
            }
            let filled = output.len();
            let to_mark = JUDGED_BYTES - self.taken % JUDGED_BYTES;
            // At a mark all output comes first.
            let take = if self.has_more && to_mark == JUDGED_BYTES { 0 } else { rest.len().min(to_mark) };
            let here = &rest[..take];
            let room = (rest.len() * 4).clamp(CHUNK_BYTES_MIN, CHUNK_BYTES_MAX);
            output.resize(filled + room, 0);
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(here, &mut output[filled..], InflateFlush::SyncFlush);
            let read = (self.inflate.total_in() - read) as usize;
            let written = (self.inflate.total_out() - written) as usize;
            output.truncate(filled + written);
            rest = &rest[read..];
            self.taken += read;
            self.given += written;
            self.has_more = written == room;
            if self.given > limits.message_bytes_max {
                output.truncate(output.len() - (self.given - limits.message_bytes_max));
                return Err(FrameFault::MessageTooBig { limit: limits.message_bytes_max });
            }
            match status {
                // A block with BFINAL ends a deflate stream, not the message (RFC 7692 section 7.2.3.4).
                Ok(Status::StreamEnd) => self.begin_stream_behind(output),
                Ok(Status::Ok | Status::BufError) if read > 0 || written > 0 || here.is_empty() => {}
                Ok(Status::Ok | Status::BufError) | Err(_) => return Err(FrameFault::DeflateInvalid),
            }
            if self.taken.is_multiple_of(JUDGED_BYTES) && !self.has_more {
                self.judge_ratio(limits)?;
            }
        }
        Ok(input.len() - rest.len())
    }

    /// Ends the message; `false` when `output` is full and it must be called again.
    pub(crate) fn finish(
        &mut self,
        output: &mut BytesMut,
        full_at: usize,
        limits: &InflateLimits,
    ) -> Result<bool, FrameFault> {
        // What is still waiting comes first.
        self.piece(&[], output, full_at, limits)?;
        if self.has_more {
            return Ok(false);
        }
        let given = self.given;
        let used = self.piece(&TAIL[self.tail_used..], output, full_at, limits)?;
        self.tail_used += used;
        // The tail is an empty block. Taken for data, it shows that the message ends inside another.
        if self.given != given {
            return Err(FrameFault::DeflateInvalid);
        }
        if self.tail_used < TAIL.len() || self.has_more {
            return Ok(false);
        }
        self.judge_ratio(limits)?;
        self.forget_message();
        Ok(true)
    }

    fn forget_message(&mut self) {
        (self.taken, self.given, self.copied, self.tail_used) = (0, 0, 0, 0);
    }

    /// Copying the window for every other byte is as much work as inflating that much.
    fn judge_ratio(&self, limits: &InflateLimits) -> Result<(), FrameFault> {
        let allowed = self.taken.saturating_mul(limits.ratio_max).max(limits.free_bytes);
        match self.given > allowed || self.copied > allowed.max(4 * WINDOW_BYTES) {
            true => Err(FrameFault::InflateRatio { limit: limits.ratio_max }),
            false => Ok(()),
        }
    }

    /// A new deflate stream that may refer to what this message has become so far.
    fn begin_stream_behind(&mut self, output: &BytesMut) {
        self.inflate.reset(false);
        let window = &output[output.len().saturating_sub(self.given.min(WINDOW_BYTES))..];
        self.copied += window.len();
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
/// Small messages are not to cost a large buffer.
const CHUNK_BYTES_MIN: usize = 1 << 10;
/// After how much compressed payload the ratio is judged, in bytes: at fixed places, so that the same message meets the same
/// judgement however it was cut.
pub(super) const JUDGED_BYTES: usize = 1 << 10;
/// What a back reference can reach (RFC 1951 section 2).
const WINDOW_BYTES: usize = 32 << 10;
