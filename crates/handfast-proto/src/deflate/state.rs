//! What one connection carries over from message to message.

use super::inflate::{InflateLimits, JUDGED_BYTES};
use super::params::COMPRESS_BITS_MIN;
use super::{Agreed, Compressor, Inflater};
use crate::Limits;
use crate::connection::BufferPool;
use bytes::{Bytes, BytesMut};

/// The compression of one connection. Codecs are made when a message needs one, and go back to the pool when nothing
/// is carried over.
#[derive(Debug)]
pub(crate) struct DeflateState {
    agreed: Agreed,
    compressor: Option<Box<Compressor>>,
    inflater: Option<Box<Inflater>>,
}

impl DeflateState {
    pub(crate) fn new(agreed: Agreed) -> Self {
        Self { agreed, compressor: None, inflater: None }
    }

    pub(crate) fn agreed(&self) -> &Agreed {
        &self.agreed
    }

    /// Compresses a whole message, unless it is too short for it, would only grow, or would shrink so much that a receiver with
    /// these limits took it for a bomb.
    pub(crate) fn compress(
        &mut self,
        payload: &[u8],
        limits: &Limits,
        pool: &mut BufferPool,
    ) -> Option<Bytes> {
        if payload.len() < self.agreed.threshold_bytes.max(1) {
            return None;
        }
        let mut compressor = self.begin_message(pool)?;
        let mut output = pool.take();
        compressor.compress(payload, true, &mut output);
        if self.is_taken_for_a_bomb(payload.len(), &output, limits, pool) {
            // It goes as it is, and its window is not the peer's.
            compressor.reset();
            self.give_compressor(compressor, pool);
            pool.give(output);
            return None;
        }
        let worthwhile = self.agreed.own_context || output.len() < payload.len();
        self.give_compressor(compressor, pool);
        let compressed = worthwhile.then(|| copy_if_small(&mut output));
        pool.give(output);
        compressed
    }

    /// Whether a receiver with these limits would refuse the message, which has so many bytes inflated.
    fn is_taken_for_a_bomb(
        &self,
        inflated_bytes: usize,
        compressed: &[u8],
        limits: &Limits,
        pool: &mut BufferPool,
    ) -> bool {
        let ratio_max = limits.inflate_ratio_max;
        if inflated_bytes > compressed.len().saturating_mul(ratio_max).max(limits.inflate_free_bytes) {
            return true;
        }
        // The receiver does not wait for the end. A part alone can only be too much where the whole saves as much as that part
        // would, and what the whole refers to is known only without a context.
        let saved = inflated_bytes.saturating_sub(compressed.len());
        if self.agreed.own_context || saved < ratio_max.saturating_mul(JUDGED_BYTES) / 2 {
            return false;
        }
        let limits =
            InflateLimits { message_bytes_max: usize::MAX, ratio_max, free_bytes: limits.inflate_free_bytes };
        let (mut inflater, mut inflated, mut rest) = (pool.take_inflater(), pool.take(), compressed);
        let mut is_refused = false;
        while !is_refused && (!rest.is_empty() || inflater.has_more) {
            match inflater.piece(rest, &mut inflated, BufferPool::READ_BYTES, &limits) {
                Ok(used) => rest = &rest[used..],
                Err(_) => is_refused = true,
            }
            inflated.clear();
        }
        pool.give(inflated);
        pool.give_inflater(inflater);
        is_refused
    }

    /// The window that a frame may be compressed with to be shared among connections; `None` when this one keeps a
    /// context, cannot compress, or would not compress a message of this length.
    pub(crate) fn shared_window_bits(&self, message_bytes: usize) -> Option<u8> {
        let Agreed { own_context, own_window_bits, threshold_bytes, .. } = self.agreed;
        let can =
            !own_context && own_window_bits >= COMPRESS_BITS_MIN && message_bytes >= threshold_bytes.max(1);
        can.then_some(own_window_bits)
    }

    /// Bytes of memory held from message to message, roughly: what zlib says its states take.
    pub(crate) fn held_bytes(&self) -> usize {
        let compressor = self.compressor.as_ref().map_or(0, |_| COMPRESSOR_BYTES);
        let inflater = self.inflater.as_ref().map_or(0, |_| INFLATER_BYTES);
        compressor + inflater
    }

    /// The compressor for a message that begins; [`DeflateState::give_compressor`] ends the message.
    pub(crate) fn begin_message(&mut self, pool: &mut BufferPool) -> Option<Box<Compressor>> {
        let Agreed { level, own_window_bits, .. } = self.agreed;
        if own_window_bits < COMPRESS_BITS_MIN {
            return None;
        }
        Some(self.compressor.take().unwrap_or_else(|| pool.take_compressor(level, own_window_bits)))
    }

    /// The inflater for the message that begins.
    pub(crate) fn take_inflater(&mut self, pool: &mut BufferPool) -> Box<Inflater> {
        self.inflater.take().unwrap_or_else(|| pool.take_inflater())
    }

    /// The message ended.
    pub(crate) fn give_inflater(&mut self, inflater: Box<Inflater>, pool: &mut BufferPool) {
        if self.agreed.peer_context {
            self.inflater = Some(inflater);
        } else {
            pool.give_inflater(inflater);
        }
    }

    /// The message was compressed to its end.
    pub(crate) fn give_compressor(&mut self, compressor: Box<Compressor>, pool: &mut BufferPool) {
        if self.agreed.own_context {
            self.compressor = Some(compressor);
        } else {
            pool.give_compressor(compressor);
        }
    }
}

/// The bytes of `output`: copied when they are few, so that the buffer can be used again.
fn copy_if_small(output: &mut BytesMut) -> Bytes {
    if output.len() <= output.capacity() / 4 {
        Bytes::copy_from_slice(output)
    } else {
        output.split().freeze()
    }
}

/// A compressor of 15 window bits: window, chains and pending output.
const COMPRESSOR_BYTES: usize = 270 << 10;
/// An inflater: window and tables.
const INFLATER_BYTES: usize = 42 << 10;
