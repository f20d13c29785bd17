//! A message that arrives in pieces: fragments, or a large frame over several reads.

use super::{Message, Text};
use crate::Limits;
use crate::connection::BufferPool;
use crate::deflate::{InflateLimits, Inflater};
use crate::error::FrameFault;
use crate::frame::utf8::{NotUtf8, Utf8Check};
use crate::frame::{FrameHeader, Mask, OpCode, apply_mask};
use bytes::buf::Limit;
use bytes::{Buf, BufMut, Bytes, BytesMut};

/// The message under way, and the frame of it that is being read.
#[derive(Debug)]
pub(crate) struct Assembly {
    /// The message so far, unmasked, inflated, and checked up to `judged`.
    data: BytesMut,
    judged: usize,
    is_text: bool,
    utf8: Utf8Check,
    fragments: usize,
    /// Handed out as it comes, and not held.
    in_pieces: bool,
    /// Bytes handed out so far.
    handed_out: usize,
    /// There for a compressed message.
    inflater: Option<Box<Inflater>>,
    /// The compressed message was inflated to its end.
    inflated: bool,
    /// The frame being read: whether it is the last one, its mask, and how much of its payload was taken and is missing.
    fin: bool,
    mask: Option<Mask>,
    taken: usize,
    missing: usize,
}

impl Assembly {
    /// Begins a message with its first frame, whose payload was not read yet. `in_pieces` hands it out as it comes.
    pub(crate) fn begin(
        header: &FrameHeader,
        inflater: Option<Box<Inflater>>,
        in_pieces: bool,
        limits: &Limits,
        pool: &mut BufferPool,
    ) -> Result<Self, FrameFault> {
        let mut assembly = Self {
            data: BytesMut::new(),
            judged: 0,
            is_text: header.opcode == OpCode::Text,
            utf8: Utf8Check::default(),
            fragments: 0,
            in_pieces,
            handed_out: 0,
            inflater,
            inflated: false,
            fin: true,
            mask: None,
            taken: 0,
            missing: 0,
        };
        assembly.next_frame(header, limits)?;
        assembly.data = if in_pieces { pool.take() } else { pool.take_for(assembly.missing) };
        Ok(assembly)
    }

    /// Goes on with the next frame of the message.
    pub(crate) fn next_frame(&mut self, header: &FrameHeader, limits: &Limits) -> Result<(), FrameFault> {
        let claimed = header.len as usize;
        // A message that is handed out in pieces is not held, so its size is the program's concern.
        if !self.in_pieces {
            self.fragments += 1;
            if self.fragments > limits.fragments_max {
                return Err(FrameFault::TooManyFragments { limit: limits.fragments_max });
            }
            // What a compressed message becomes is bounded while it is inflated.
            let left = limits.message_bytes_max.saturating_sub(self.data.len());
            if self.inflater.is_none() && claimed > left {
                return Err(FrameFault::MessageTooBig { limit: limits.message_bytes_max });
            }
        }
        (self.fin, self.mask, self.taken, self.missing) = (header.fin, header.mask, 0, claimed);
        Ok(())
    }

    /// Does not hand it out in pieces after all, unless that was begun.
    pub(crate) fn stay_whole(&mut self) {
        self.in_pieces &= self.handed_out > 0;
    }

    /// Whether it is handed out in pieces, and that was begun.
    pub(crate) fn is_handed_out(&self) -> bool {
        self.handed_out > 0
    }

    /// Whether nothing of the frame under way is left to be taken.
    pub(crate) fn frame_is_complete(&self) -> bool {
        self.missing == 0 && (self.inflater.is_none() || !self.fin || self.inflated)
    }

    /// Whether the whole message was taken.
    pub(crate) fn is_complete(&self) -> bool {
        self.fin && self.frame_is_complete()
    }

    /// Whether payload may be read straight into the message.
    pub(crate) fn has_room(&self) -> bool {
        self.missing > 0 && self.inflater.is_none()
    }

    /// Where the next payload bytes may be read into directly; [`Assembly::take`] must follow.
    pub(crate) fn room(&mut self) -> Limit<&mut BytesMut> {
        // Doubling, and only when it is nearly full, so that memory follows what arrived.
        if self.data.capacity() - self.data.len() < self.missing.min(ROOM_BYTES_MIN) {
            self.data.reserve(self.missing.min(self.data.len().max(BufferPool::READ_BYTES)));
        }
        (&mut self.data).limit(self.missing)
    }

    /// Gives memory back that was made ready for payload and that little has come into. A claimed length, and then
    /// silence, so holds nothing.
    pub(crate) fn release(&mut self, pool: &mut BufferPool) {
        if self.data.capacity() / 4 > self.data.len() {
            let small = BytesMut::from(&self.data[..]);
            pool.give(std::mem::replace(&mut self.data, small));
        }
    }

    /// Moves payload of the frame under way out of `inbox`, behind what was read directly.
    pub(crate) fn take(&mut self, inbox: &mut BytesMut, limits: &Limits) -> Result<(), FrameFault> {
        let left = limits.message_bytes_max.saturating_sub(self.judged);
        // Looked at here for a message that was begun in pieces and then is to stay whole.
        if !self.in_pieces && self.inflater.is_none() && self.missing > left {
            return Err(FrameFault::MessageTooBig { limit: limits.message_bytes_max });
        }
        match self.inflater.take() {
            Some(mut inflater) => {
                let inflated = self.inflate(&mut inflater, inbox, limits);
                self.inflater = Some(inflater);
                // What came before a fault is judged first, as it is when it comes alone.
                self.judge()?;
                return inflated;
            }
            None => {
                // What was read directly comes first.
                self.judge()?;
                let count = inbox.len().min(self.missing);
                self.data.extend_from_slice(&inbox[..count]);
                inbox.advance(count);
            }
        }
        self.judge()
    }

    fn inflate(
        &mut self,
        inflater: &mut Inflater,
        inbox: &mut BytesMut,
        limits: &Limits,
    ) -> Result<(), FrameFault> {
        let (full_at, message_bytes_max) = match self.in_pieces {
            true => (BufferPool::READ_BYTES, usize::MAX),
            false => (usize::MAX, limits.message_bytes_max),
        };
        let (ratio_max, free_bytes) = (limits.inflate_ratio_max, limits.inflate_free_bytes);
        let limits = InflateLimits { message_bytes_max, ratio_max, free_bytes };
        let count = inbox.len().min(self.missing);
        let mask = self.mask.map(|mask| mask.rotated(self.taken));
        let piece = &mut inbox[..count];
        if let Some(mask) = mask {
            apply_mask(piece, mask, 0);
        }
        let used = inflater.piece(piece, &mut self.data, full_at, &limits)?;
        if let Some(mask) = mask {
            // What is left for the next time goes back under its mask.
            apply_mask(&mut piece[used..], mask, used);
        }
        inbox.advance(used);
        self.taken += used;
        self.missing -= used;
        if self.missing == 0 && self.fin {
            self.inflated = inflater.finish(&mut self.data, full_at, &limits)?;
        }
        Ok(())
    }

    /// Unmasks what has arrived as it is, and checks text, a cacheful at a time.
    fn judge(&mut self) -> Result<(), FrameFault> {
        while self.judged < self.data.len() {
            let begin = self.judged;
            let end = self.data.len().min(begin + JUDGED_BYTES);
            let piece = &mut self.data[begin..end];
            if self.inflater.is_none() {
                if let Some(mask) = self.mask {
                    apply_mask(piece, mask, self.taken);
                }
                self.taken += piece.len();
                self.missing -= piece.len();
            }
            if self.is_text {
                let begin = self.handed_out + begin;
                let not_utf8 = |bad: NotUtf8| FrameFault::TextNotUtf8 { at: begin + bad.at - bad.before };
                self.utf8.piece(piece).map_err(not_utf8)?;
            }
            self.judged = end;
        }
        if self.is_text && self.is_complete() && self.utf8.begun() > 0 {
            let at = self.handed_out + self.data.len() - self.utf8.begun();
            return Err(FrameFault::TextNotUtf8 { at });
        }
        Ok(())
    }

    /// What has come of a message that is handed out in pieces. `None` when there is nothing to hand out.
    pub(crate) fn take_piece(&mut self, pool: &mut BufferPool) -> Option<Message> {
        // A character that is not complete waits for its rest.
        let count = self.data.len() - self.utf8.begun();
        if !self.in_pieces || count == 0 && !self.is_complete() {
            return None;
        }
        self.judged -= count;
        self.handed_out += count;
        let rest = self.data.split_off(count);
        let mut next = pool.take();
        next.extend_from_slice(&rest);
        let piece = std::mem::replace(&mut self.data, next);
        Some(self.message(piece, pool))
    }

    /// The inflater, for the next message.
    pub(crate) fn take_inflater(&mut self) -> Option<Box<Inflater>> {
        self.inflater.take()
    }

    /// The finished message.
    pub(crate) fn finish(mut self, pool: &mut BufferPool) -> Message {
        debug_assert!(self.is_complete(), "the message is not complete");
        let data = std::mem::take(&mut self.data);
        self.message(data, pool)
    }

    /// Bytes of memory it holds.
    pub(crate) fn held_bytes(&self) -> usize {
        self.data.capacity()
    }

    fn message(&self, data: BytesMut, pool: &mut BufferPool) -> Message {
        // A message must not hold much more memory than it has bytes.
        let bytes = if data.capacity() / 4 > data.len() {
            let bytes = Bytes::copy_from_slice(&data);
            pool.give(data);
            bytes
        } else {
            data.freeze()
        };
        if self.is_text { Message::Text(Text::from_checked(bytes)) } else { Message::Binary(bytes) }
    }
}

/// A read should have at least this much room, or it becomes a system call for little.
const ROOM_BYTES_MIN: usize = 16 << 10;

/// How much is unmasked before it is checked: both passes then find it in the first-level cache.
const JUDGED_BYTES: usize = 16 << 10;
