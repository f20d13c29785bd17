//! What is to be written: small frames side by side in one buffer, large payloads by reference.

use super::pool::BufferPool;
use crate::frame::{FrameHeader, Mask, apply_mask};
use bytes::{Buf, Bytes, BytesMut};
use std::collections::VecDeque;
use std::io::IoSlice;

/// The queue of bytes towards the peer. Empty, it holds no memory: the queue comes from the pool, and goes back.
#[derive(Debug, Default)]
pub(super) struct Outbox(Option<Box<Queue>>);

/// What waits to be written.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// The segment being written.
    first: Segment,
    /// What follows it.
    rest: VecDeque<Segment>,
    /// Bytes in all segments.
    queued: usize,
    /// Bytes that must be written before every control frame that is counted is out, at most.
    until_counted: usize,
}

#[derive(Debug)]
enum Segment {
    /// Whole frames, or whole frames and then the header of the payload behind this segment. Begins with a header.
    Frames(BytesMut),
    /// The payload of a large frame.
    Payload(Bytes),
    /// A large frame with its header.
    Whole(Bytes),
    /// Control frames that overtook the frames behind them.
    Urgent(BytesMut),
}

impl Default for Segment {
    fn default() -> Self {
        Self::Frames(BytesMut::new())
    }
}

impl Segment {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Frames(bytes) | Self::Urgent(bytes) => bytes,
            Self::Payload(bytes) | Self::Whole(bytes) => bytes,
        }
    }

    fn advance(&mut self, count: usize) {
        match self {
            Self::Frames(bytes) | Self::Urgent(bytes) => bytes.advance(count),
            Self::Payload(bytes) | Self::Whole(bytes) => bytes.advance(count),
        }
    }

    /// Whether frames of `count` bytes can be put behind its own.
    fn fits(&self, count: usize) -> bool {
        matches!(self, Self::Frames(buffer) if buffer.capacity() - buffer.len() >= count)
    }

    fn recycle(self, pool: &mut BufferPool) {
        match self {
            Self::Frames(buffer) => pool.give_frames(buffer),
            Self::Urgent(buffer) => pool.give(buffer),
            Self::Payload(bytes) | Self::Whole(bytes) => pool.give_bytes(bytes),
        }
    }
}

/// Payloads up to this are copied beside others; larger ones are written from where they are. About here the copy
/// costs as much as one more slice in a vectored write.
const COPY_BYTES_MAX: usize = 8 << 10;

impl Outbox {
    #[inline]
    pub(super) fn queued(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.queued)
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Queues a frame whose payload lies in shared memory.
    #[inline]
    pub(super) fn push(&mut self, header: FrameHeader, payload: Bytes, pool: &mut BufferPool) {
        self.queue(pool).push(header, payload, pool);
    }

    /// Queues a frame whose payload is copied.
    #[inline]
    pub(super) fn push_copy(&mut self, header: FrameHeader, payload: &[u8], pool: &mut BufferPool) {
        self.queue(pool).push_copy(header, payload, pool);
    }

    /// Queues a whole frame that others share.
    #[inline]
    pub(super) fn push_frame(&mut self, frame: Bytes, pool: &mut BufferPool) {
        self.queue(pool).push_frame(frame, pool);
    }

    /// Queues a control frame before the data that is not being written yet, behind control frames that overtook it
    /// before. It comes between two frames, never inside one.
    pub(super) fn push_urgent(&mut self, header: FrameHeader, payload: &[u8], pool: &mut BufferPool) {
        self.queue(pool).push_urgent(header, payload, pool);
    }

    /// As [`Outbox::push_urgent`], for a frame of which only so many may be queued.
    pub(super) fn push_counted(&mut self, header: FrameHeader, payload: &[u8], pool: &mut BufferPool) {
        let queue = self.queue(pool);
        queue.push_urgent(header, payload, pool);
        queue.until_counted = queue.queued;
    }

    /// Whether every counted frame is out. It may be said later than it is so, but while data goes out it comes.
    #[inline]
    pub(super) fn counted_are_out(&self) -> bool {
        self.0.as_ref().is_none_or(|queue| queue.until_counted == 0)
    }

    /// Fills `slices` with what comes next; returns how many.
    #[inline]
    pub(super) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.slices(slices))
    }

    /// What comes next, if it is all.
    #[inline]
    pub(super) fn alone(&self) -> Option<&[u8]> {
        let queue = self.0.as_ref()?;
        queue.rest.is_empty().then(|| queue.first.bytes())
    }

    /// `count` bytes were written.
    #[inline]
    pub(super) fn written(&mut self, count: usize, pool: &mut BufferPool) {
        assert!(count <= self.queued(), "more was written than was queued");
        if let Some(queue) = &mut self.0
            && queue.written(count, pool)
            && let Some(queue) = self.0.take()
        {
            pool.give_queue(queue);
        }
    }

    /// Drops all that is queued.
    pub(super) fn clear(&mut self, pool: &mut BufferPool) {
        self.written(self.queued(), pool);
    }

    #[inline]
    fn queue(&mut self, pool: &mut BufferPool) -> &mut Queue {
        self.0.get_or_insert_with(|| pool.take_queue())
    }
}

impl Queue {
    #[inline]
    fn push(&mut self, header: FrameHeader, payload: Bytes, pool: &mut BufferPool) {
        if payload.len() <= COPY_BYTES_MAX {
            self.push_copy(header, &payload, pool);
        } else {
            self.push_large(header, payload, pool);
        }
    }

    #[inline]
    fn push_copy(&mut self, header: FrameHeader, payload: &[u8], pool: &mut BufferPool) {
        let count = header.encoded_len() + payload.len();
        let buffer = self.frames(count, pool);
        header.append_to(buffer);
        let begin = buffer.len();
        buffer.extend_from_slice(payload);
        if let Some(mask) = header.mask {
            apply_mask(&mut buffer[begin..], mask, 0);
        }
        self.queued += count;
    }

    fn push_frame(&mut self, frame: Bytes, pool: &mut BufferPool) {
        let count = frame.len();
        if count <= COPY_BYTES_MAX {
            self.frames(count, pool).extend_from_slice(&frame);
        } else {
            self.rest.push_back(Segment::Whole(frame));
        }
        self.queued += count;
    }

    fn push_large(&mut self, header: FrameHeader, payload: Bytes, pool: &mut BufferPool) {
        let encoded = header.encode();
        let encoded = encoded.as_slice();
        self.frames(encoded.len(), pool).extend_from_slice(encoded);
        self.queued += encoded.len() + payload.len();
        let payload = match header.mask {
            Some(mask) => masked(payload, mask, pool),
            None => payload,
        };
        self.rest.push_back(Segment::Payload(payload));
    }

    fn push_urgent(&mut self, header: FrameHeader, payload: &[u8], pool: &mut BufferPool) {
        let encoded = header.encode();
        let encoded = encoded.as_slice();
        if self.rest.is_empty() && self.first.fits(encoded.len() + payload.len()) || self.queued == 0 {
            return self.push_copy(header, payload, pool);
        }
        let overtaken =
            self.rest.iter().position(|segment| matches!(segment, Segment::Frames(_) | Segment::Whole(_)));
        let at = overtaken.unwrap_or(self.rest.len());
        let before = if at == 0 { &self.first } else { &self.rest[at - 1] };
        let at = match before {
            Segment::Urgent(_) => at,
            Segment::Frames(_) | Segment::Payload(_) | Segment::Whole(_) => {
                let room = BytesMut::with_capacity(encoded.len() + payload.len());
                self.rest.insert(at, Segment::Urgent(room));
                at + 1
            }
        };
        let urgent = if at == 0 { &mut self.first } else { &mut self.rest[at - 1] };
        let Segment::Urgent(buffer) = urgent else { unreachable!("it was just made sure of") };
        buffer.extend_from_slice(encoded);
        let begin = buffer.len();
        buffer.extend_from_slice(payload);
        if let Some(mask) = header.mask {
            apply_mask(&mut buffer[begin..], mask, 0);
        }
        self.queued += encoded.len() + payload.len();
    }

    /// The buffer that the next frame goes into, with room for `count` bytes.
    #[inline]
    fn frames(&mut self, count: usize, pool: &mut BufferPool) -> &mut BytesMut {
        // The usual way of a batch.
        if self.rest.is_empty() && self.first.fits(count) {
            match &mut self.first {
                Segment::Frames(buffer) => return buffer,
                Segment::Payload(_) | Segment::Whole(_) | Segment::Urgent(_) => {
                    unreachable!("only frames can take more of them")
                }
            }
        }
        self.make_frames(count, pool)
    }

    /// As [`Queue::frames`], where they need room first.
    fn make_frames(&mut self, count: usize, pool: &mut BufferPool) -> &mut BytesMut {
        if self.queued == 0 {
            if let Segment::Frames(buffer) = &self.first
                && buffer.capacity() >= count
            {
                // The one of the last batch, empty.
            } else {
                std::mem::replace(&mut self.first, Segment::Frames(pool.take_for_frames(count)))
                    .recycle(pool);
            }
        } else {
            let last = self.rest.back().unwrap_or(&self.first);
            if !last.fits(count) {
                let mut buffer = pool.take();
                match &self.first {
                    // A small buffer of frames is outgrown: they go on side by side in a large one.
                    Segment::Frames(small)
                        if self.rest.is_empty() && small.len() + count <= COPY_BYTES_MAX =>
                    {
                        buffer.extend_from_slice(small);
                        std::mem::replace(&mut self.first, Segment::Frames(buffer)).recycle(pool);
                    }
                    _ => self.rest.push_back(Segment::Frames(buffer)),
                }
            }
        }
        match self.rest.back_mut().unwrap_or(&mut self.first) {
            Segment::Frames(buffer) => buffer,
            Segment::Payload(_) | Segment::Whole(_) | Segment::Urgent(_) => {
                unreachable!("a segment of frames was just made sure of")
            }
        }
    }

    #[inline]
    fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let segments = std::iter::once(&self.first).chain(&self.rest);
        let mut filled = 0;
        for (slice, segment) in slices.iter_mut().zip(segments.filter(|segment| !segment.bytes().is_empty()))
        {
            *slice = IoSlice::new(segment.bytes());
            filled += 1;
        }
        filled
    }

    /// Whether that was all.
    #[inline]
    fn written(&mut self, mut count: usize, pool: &mut BufferPool) -> bool {
        self.queued -= count;
        self.until_counted = self.until_counted.saturating_sub(count);
        loop {
            let here = self.first.bytes().len();
            if count < here {
                self.first.advance(count);
                return false;
            }
            count -= here;
            match self.rest.pop_front() {
                Some(next) => std::mem::replace(&mut self.first, next).recycle(pool),
                None => break,
            }
        }
        match &mut self.first {
            // The queue keeps a small buffer for its next frames.
            Segment::Frames(buffer) if buffer.capacity() == BufferPool::FRAMES_BYTES => buffer.clear(),
            _ => std::mem::take(&mut self.first).recycle(pool),
        }
        true
    }

    /// Memory that it keeps empty, in bytes.
    pub(super) fn kept_bytes(&self) -> usize {
        let first = match &self.first {
            Segment::Frames(buffer) => buffer.capacity(),
            Segment::Payload(_) | Segment::Whole(_) | Segment::Urgent(_) => 0,
        };
        first + self.rest.capacity() * size_of::<Segment>()
    }
}

/// The payload under its mask: in place when nobody else holds it, else in a copy.
fn masked(payload: Bytes, mask: Mask, pool: &mut BufferPool) -> Bytes {
    let mut buffer = match payload.try_into_mut() {
        Ok(buffer) => buffer,
        Err(shared) => {
            let mut buffer = pool.take_for(shared.len());
            buffer.extend_from_slice(&shared);
            buffer
        }
    };
    apply_mask(&mut buffer, mask, 0);
    buffer.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::OpCode;

    fn header(opcode: OpCode, len: usize) -> FrameHeader {
        FrameHeader { fin: true, rsv1: false, opcode, mask: None, len: len as u64 }
    }

    fn written_bytes(outbox: &mut Outbox, pool: &mut BufferPool, step: usize) -> Vec<u8> {
        let mut wire = Vec::new();
        while !outbox.is_empty() {
            let mut slices = [IoSlice::new(&[]); 3];
            let filled = outbox.slices(&mut slices);
            assert!(filled > 0);
            let some: Vec<u8> =
                slices[..filled].iter().flat_map(|slice| slice.iter().copied()).take(step).collect();
            outbox.written(some.len(), pool);
            wire.extend(some);
        }
        wire
    }

    #[test]
    fn frames_leave_in_order_whatever_the_size_of_the_writes() {
        for step in [1, 7, 1000, usize::MAX] {
            let (mut outbox, mut pool) = (Outbox::default(), BufferPool::new());
            let mut wanted = Vec::new();
            for (at, len) in [3, 70_000, 0, 8192, 8193, 125].into_iter().enumerate() {
                let payload = Bytes::from(vec![at as u8; len]);
                wanted.extend_from_slice(header(OpCode::Binary, len).encode().as_slice());
                wanted.extend_from_slice(&payload);
                outbox.push(header(OpCode::Binary, len), payload, &mut pool);
            }
            assert_eq!(outbox.queued(), wanted.len());
            assert!(written_bytes(&mut outbox, &mut pool, step) == wanted, "steps of {step}");
        }
    }

    #[test]
    fn a_control_frame_overtakes_what_is_not_begun_but_never_splits_a_frame() {
        let (mut outbox, mut pool) = (Outbox::default(), BufferPool::new());
        let large = Bytes::from(vec![7; 20_000]);
        for _ in 0..3 {
            outbox.push(header(OpCode::Binary, large.len()), large.clone(), &mut pool);
        }
        outbox.push_urgent(header(OpCode::Ping, 2), b"hi", &mut pool);
        let wire = written_bytes(&mut outbox, &mut pool, 4096);
        let frame = 4 + large.len();
        assert_eq!(&wire[frame..frame + 4], b"\x89\x02hi");
        assert_eq!(wire.len(), 3 * frame + 4);
    }

    #[test]
    fn control_frames_overtake_data_but_not_each_other() {
        for begun in [0, 1, 2000] {
            let (mut outbox, mut pool) = (Outbox::default(), BufferPool::new());
            let large = Bytes::from(vec![7; 20_000]);
            for _ in 0..2 {
                outbox.push(header(OpCode::Binary, large.len()), large.clone(), &mut pool);
            }
            outbox.written(begun, &mut pool);
            for at in 0..3 {
                outbox.push_urgent(header(OpCode::Ping, 1), &[at], &mut pool);
                // The first two leave before the third comes.
                outbox.written(if at == 1 { 4 + large.len() - begun + 1 } else { 0 }, &mut pool);
            }
            let wire = written_bytes(&mut outbox, &mut pool, 4096);
            assert_eq!(&wire[..8], b"\x01\x00\x89\x01\x01\x89\x01\x02", "{begun} bytes were written before");
        }
        // Also where there was nothing to overtake but one payload.
        let (mut outbox, mut pool) = (Outbox::default(), BufferPool::new());
        outbox.push(header(OpCode::Binary, 9000), Bytes::from(vec![7; 9000]), &mut pool);
        outbox.push_urgent(header(OpCode::Ping, 1), &[1], &mut pool);
        outbox.push(header(OpCode::Binary, 1), Bytes::from_static(b"7"), &mut pool);
        outbox.push_urgent(header(OpCode::Ping, 1), &[2], &mut pool);
        let wire = written_bytes(&mut outbox, &mut pool, 100);
        assert_eq!(&wire[4 + 9000..], b"\x89\x01\x01\x89\x01\x02\x82\x017");
    }

    #[test]
    fn a_control_frame_overtakes_prepared_frames() {
        let (mut outbox, mut pool) = (Outbox::default(), BufferPool::new());
        for _ in 0..3 {
            outbox.push_frame(Bytes::from(vec![7; 9000]), &mut pool);
        }
        outbox.written(1, &mut pool);
        outbox.push_urgent(header(OpCode::Ping, 0), b"", &mut pool);
        outbox.push_urgent(header(OpCode::Pong, 0), b"", &mut pool);
        let wire = written_bytes(&mut outbox, &mut pool, 1000);
        assert_eq!(&wire[8999..9003], b"\x89\x00\x8a\x00");
    }

    #[test]
    fn an_empty_outbox_holds_no_memory_and_gives_its_buffers_back() {
        let (mut outbox, mut pool) = (Outbox::default(), BufferPool::new());
        outbox.push(header(OpCode::Text, 2), Bytes::from_static(b"hi"), &mut pool);
        outbox.push(header(OpCode::Binary, 10_000), Bytes::from(vec![0; 10_000]), &mut pool);
        let queued = outbox.queued();
        outbox.written(queued, &mut pool);
        assert!(outbox.is_empty());
        assert!(outbox.0.is_none());
    }

    #[test]
    fn a_payload_that_others_hold_is_masked_in_a_copy() {
        let (mut outbox, mut pool) = (Outbox::default(), BufferPool::new());
        let payload = Bytes::from(vec![0; 9000]);
        let header = FrameHeader { mask: Some(Mask([1, 2, 3, 4])), ..header(OpCode::Binary, 9000) };
        outbox.push(header, payload.clone(), &mut pool);
        assert!(payload.iter().all(|byte| *byte == 0));
        let wire = written_bytes(&mut outbox, &mut pool, usize::MAX);
        assert_eq!(&wire[8..12], &[1, 2, 3, 4]);
    }
}
