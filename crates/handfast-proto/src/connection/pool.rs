//! Buffers that connections share, so that an idle connection holds none.

use super::outbox::Queue;
use crate::deflate::{Compressor, Inflater};
use crate::limits::{
    SPARE_CODECS_MAX, SPARE_FRAMES_MAX, SPARE_LARGE_BYTES_MAX, SPARE_QUEUE_BYTES_MAX, SPARE_QUEUES_MAX,
    SPARE_READS_MAX,
};
use bytes::{Bytes, BytesMut};

/// Spare buffers of one thread. Give the same pool to all connections that this thread drives.
///
/// It keeps at most a few MiB, however much passes through it: the constants `SPARE_…` of [`limits`](crate::limits).
#[derive(Debug, Default)]
pub struct BufferPool {
    /// Buffers of [`BufferPool::READ_BYTES`]: one read, or one batch of small frames.
    small: Vec<BytesMut>,
    /// Buffers of [`BufferPool::FRAMES_BYTES`]: a few small frames to be written.
    frames: Vec<BytesMut>,
    /// Queues of what is to be written, empty; each may hold a small buffer of frames.
    #[expect(clippy::vec_box, reason = "a queue moves between pool and connection as one pointer")]
    queues: Vec<Box<Queue>>,
    /// Buffers of large messages.
    large: Vec<BytesMut>,
    /// Capacities of `large`, summed.
    large_bytes: usize,
    /// Codecs that carry nothing over.
    #[expect(clippy::vec_box, reason = "a codec moves between pool and connection as one pointer")]
    compressors: Vec<Box<Compressor>>,
    #[expect(clippy::vec_box, reason = "a codec moves between pool and connection as one pointer")]
    inflaters: Vec<Box<Inflater>>,
}

impl BufferPool {
    /// What one read may bring at most, in bytes: a message of 64 KiB with its header, which is then never copied.
    pub const READ_BYTES: usize = (64 << 10) + 64;
    /// What a small buffer of frames holds, in bytes: several small frames, or one of 1 KiB.
    pub(super) const FRAMES_BYTES: usize = 1280;

    /// An empty pool.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty buffer of at least [`BufferPool::READ_BYTES`].
    #[inline]
    pub(crate) fn take(&mut self) -> BytesMut {
        self.small.pop().unwrap_or_else(|| BytesMut::with_capacity(Self::READ_BYTES))
    }

    /// An empty buffer for frames of at least `count` bytes, a small one for small frames: a broadcast fills one for each
    /// of its members, and full ones for all of them would cost more than the frames.
    #[inline]
    pub(crate) fn take_for_frames(&mut self, count: usize) -> BytesMut {
        if count > Self::FRAMES_BYTES {
            return self.take();
        }
        self.frames.pop().unwrap_or_else(|| BytesMut::with_capacity(Self::FRAMES_BYTES))
    }

    /// Takes a buffer of frames back, of either size.
    #[inline]
    pub(crate) fn give_frames(&mut self, mut buffer: BytesMut) {
        if buffer.capacity() > Self::FRAMES_BYTES {
            return self.give(buffer);
        }
        buffer.clear();
        if buffer.try_reclaim(Self::FRAMES_BYTES) && self.frames.len() < SPARE_FRAMES_MAX {
            self.frames.push(buffer);
        }
    }

    /// An empty queue.
    #[inline]
    pub(super) fn take_queue(&mut self) -> Box<Queue> {
        self.queues.pop().unwrap_or_default()
    }

    /// Takes an empty queue back.
    #[inline]
    pub(super) fn give_queue(&mut self, queue: Box<Queue>) {
        if self.queues.len() < SPARE_QUEUES_MAX && queue.kept_bytes() <= SPARE_QUEUE_BYTES_MAX {
            self.queues.push(queue);
        }
    }

    /// An empty buffer for a message of which `claimed` bytes were announced. It is not larger than a read, unless a
    /// larger one lies ready: memory grows with what arrives, not with what is claimed.
    pub(crate) fn take_for(&mut self, claimed: usize) -> BytesMut {
        match self.large.pop() {
            Some(buffer) if claimed > Self::READ_BYTES => {
                self.large_bytes -= buffer.capacity();
                buffer
            }
            spared => {
                self.large.extend(spared);
                match claimed > Self::READ_BYTES / 4 {
                    true => self.take(),
                    false => BytesMut::with_capacity(claimed),
                }
            }
        }
    }

    /// Takes a buffer back, if it is worth keeping.
    #[inline]
    pub(crate) fn give(&mut self, mut buffer: BytesMut) {
        buffer.clear();
        // The front may still be given out to messages: ask for it back once, without allocating.
        if buffer.capacity() < Self::READ_BYTES && !buffer.try_reclaim(Self::READ_BYTES) {
            return;
        }
        let capacity = buffer.capacity();
        if capacity <= Self::READ_BYTES * 2 {
            if self.small.len() < SPARE_READS_MAX {
                self.small.push(buffer);
            }
        } else if self.large_bytes + capacity <= SPARE_LARGE_BYTES_MAX {
            self.large_bytes += capacity;
            self.large.push(buffer);
        }
    }

    /// A compressor that knows nothing yet.
    pub(crate) fn take_compressor(&mut self, level: u8, window_bits: u8) -> Box<Compressor> {
        match self.compressors.iter().position(|compressor| compressor.is(level, window_bits)) {
            Some(at) => self.compressors.swap_remove(at),
            None => Box::new(Compressor::new(level, window_bits)),
        }
    }

    /// Takes a compressor back.
    pub(crate) fn give_compressor(&mut self, mut compressor: Box<Compressor>) {
        compressor.reset();
        if self.compressors.len() == SPARE_CODECS_MAX {
            self.compressors.remove(0);
        }
        self.compressors.push(compressor);
    }

    /// An inflater that knows nothing yet.
    pub(crate) fn take_inflater(&mut self) -> Box<Inflater> {
        self.inflaters.pop().unwrap_or_else(|| Box::new(Inflater::new()))
    }

    /// Takes an inflater back.
    pub(crate) fn give_inflater(&mut self, mut inflater: Box<Inflater>) {
        inflater.reset();
        if self.inflaters.len() < SPARE_CODECS_MAX {
            self.inflaters.push(inflater);
        }
    }

    /// Takes the memory of a message back that was sent, if nobody else holds it.
    pub(crate) fn give_bytes(&mut self, bytes: Bytes) {
        if let Ok(buffer) = bytes.try_into_mut() {
            self.give(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_given_back_is_taken_again() {
        let mut pool = BufferPool::new();
        let mut buffer = pool.take();
        buffer.extend_from_slice(b"something");
        let place = buffer.as_ptr();
        pool.give(buffer);
        let again = pool.take();
        assert!(again.is_empty());
        assert_eq!(again.as_ptr(), place);
    }

    #[test]
    fn the_pool_is_bounded_whatever_is_given() {
        let mut pool = BufferPool::new();
        for _ in 0..100 {
            pool.give(BytesMut::with_capacity(BufferPool::READ_BYTES));
            pool.give(BytesMut::with_capacity(1 << 20));
            pool.give(BytesMut::with_capacity(10));
        }
        for _ in 0..1000 {
            pool.give_frames(BytesMut::with_capacity(BufferPool::FRAMES_BYTES));
            pool.give_queue(Box::default());
        }
        for _ in 0..=SPARE_CODECS_MAX {
            pool.give_compressor(Box::new(Compressor::new(6, 15)));
            pool.give_inflater(Box::new(Inflater::new()));
        }
        assert_eq!(pool.queues.len(), SPARE_QUEUES_MAX);
        assert_eq!(pool.compressors.len(), SPARE_CODECS_MAX);
        assert_eq!(pool.inflaters.len(), SPARE_CODECS_MAX);
        assert_eq!(pool.frames.len(), SPARE_FRAMES_MAX);
        assert_eq!(pool.small.len(), SPARE_READS_MAX);
        assert!(pool.large_bytes <= SPARE_LARGE_BYTES_MAX);
        assert_eq!(pool.large.iter().map(BytesMut::capacity).sum::<usize>(), pool.large_bytes);
    }

    #[test]
    fn a_claim_is_not_believed() {
        assert_eq!(BufferPool::new().take_for(1 << 30).capacity(), BufferPool::READ_BYTES);
    }
}
