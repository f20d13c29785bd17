//! A message that arrives in pieces: fragments, or a large frame over several reads.

use super::{Message, Text};
use crate::Limits;
use crate::connection::BufferPool;
use crate::deflate::Inflater;
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
    /// There for a compressed message.
    inflater: Option<Box<Inflater>>,
    /// The frame being read: whether it is the last one, its mask, and how much of its payload was taken and is missing.
    fin: bool,
    mask: Option<Mask>,
    taken: usize,
    missing: usize,
}

impl Assembly {
    /// Begins a message with its first frame, whose payload was not read yet.
    pub(crate) fn begin(
        header: &FrameHeader,
        inflater: Option<Box<Inflater>>,
        limits: &Limits,
        pool: &mut BufferPool,
    ) -> Result<Self, FrameFault> {
        let mut assembly = Self {
            data: BytesMut::new(),
            judged: 0,
            is_text: header.opcode == OpCode::Text,
            utf8: Utf8Check::default(),
            fragments: 0,
            inflater,
            fin: true,
            mask: None,
            taken: 0,
            missing: 0,
        };
        assembly.next_frame(header, limits)?;
        assembly.data = pool.take_for(assembly.missing);
        Ok(assembly)
    }

    /// Goes on with the next frame of the message.
    pub(crate) fn next_frame(&mut self, header: &FrameHeader, limits: &Limits) -> Result<(), FrameFault> {
        self.fragments += 1;
        if self.fragments > limits.fragments_max {
            return Err(FrameFault::TooManyFragments { limit: limits.fragments_max });
        }
        let claimed = header.len as usize;
        // What a compressed message becomes is bounded while it is inflated.
        if self.inflater.is_none() && claimed > limits.message_bytes_max.saturating_sub(self.data.len()) {
            return Err(FrameFault::MessageTooBig { limit: limits.message_bytes_max });
        }
        (self.fin, self.mask, self.taken, self.missing) = (header.fin, header.mask, 0, claimed);
        Ok(())
    }

    /// Whether the frame under way is complete.
    pub(crate) fn frame_is_complete(&self) -> bool {
        self.missing == 0
    }

    /// Whether the whole message is.
    pub(crate) fn is_complete(&self) -> bool {
        self.frame_is_complete() && self.fin
    }

    /// Moves payload of the frame under way out of `inbox`.
    pub(crate) fn take(&mut self, inbox: &mut BytesMut, limits: &Limits) -> Result<(), FrameFault> {
        if self.inflater.is_some() {
            return self.inflate(inbox, limits);
        }
        self.judge()?;
        let count = inbox.len().min(self.missing);
        self.data.extend_from_slice(&inbox[..count]);
        inbox.advance(count);
        self.judge()
    }

    fn inflate(&mut self, inbox: &mut BytesMut, limits: &Limits) -> Result<(), FrameFault> {
        let inflater = self.inflater.as_mut().expect("only called for a compressed message");
        let count = inbox.len().min(self.missing);
        let piece = &mut inbox[..count];
        if let Some(mask) = self.mask {
            apply_mask(piece, mask, self.taken);
        }
        inflater.piece(piece, &mut self.data, limits)?;
        inbox.advance(count);
        self.taken += count;
        self.missing -= count;
        if self.missing == 0 && self.fin {
            inflater.finish(&mut self.data, limits)?;
        }
        self.check_text()
    }

    /// Whether payload may be read straight into the message.
    pub(crate) fn has_room(&self) -> bool {
        !self.frame_is_complete() && self.inflater.is_none()
    }

    /// Where the next payload bytes may be read into directly; [`Assembly::take`] must follow.
    pub(crate) fn room(&mut self) -> Limit<&mut BytesMut> {
        // Doubling, so that memory follows what arrived.
        self.data.reserve(self.missing.min(self.data.len().max(BufferPool::READ_BYTES)));
        (&mut self.data).limit(self.missing)
    }

    /// Unmasks and checks what has arrived since the last call.
    fn judge(&mut self) -> Result<(), FrameFault> {
        while self.judged < self.data.len() {
            let begin = self.judged;
            let end = self.data.len().min(begin + JUDGED_BYTES);
            let piece = &mut self.data[begin..end];
            if let Some(mask) = self.mask {
                apply_mask(piece, mask, self.taken);
            }
            self.taken += piece.len();
            self.missing -= piece.len();
            self.judge_to(end)?;
        }
        self.check_text()
    }

    /// Checks the rest of the message so far, and its end when it has come.
    fn check_text(&mut self) -> Result<(), FrameFault> {
        self.judge_to(self.data.len())?;
        if self.is_text && self.is_complete() && self.utf8.begun() > 0 {
            return Err(FrameFault::TextNotUtf8 { at: self.data.len() - self.utf8.begun() });
        }
        Ok(())
    }

    fn judge_to(&mut self, end: usize) -> Result<(), FrameFault> {
        let begin = std::mem::replace(&mut self.judged, end);
        if self.is_text {
            let not_utf8 = |bad: NotUtf8| FrameFault::TextNotUtf8 { at: begin + bad.at - bad.before };
            self.utf8.piece(&self.data[begin..end]).map_err(not_utf8)?;
        }
        Ok(())
    }

    /// The inflater, for the next message.
    pub(crate) fn take_inflater(&mut self) -> Option<Box<Inflater>> {
        self.inflater.take()
    }

    /// The finished message.
    pub(crate) fn finish(self, pool: &mut BufferPool) -> Message {
        debug_assert!(self.is_complete(), "the message is not complete");
        // A message must not hold much more memory than it has bytes.
        let bytes = if self.data.capacity() / 4 > self.data.len() {
            let bytes = Bytes::copy_from_slice(&self.data);
            pool.give(self.data);
            bytes
        } else {
            self.data.freeze()
        };
        if self.is_text { Message::Text(Text::from_checked(bytes)) } else { Message::Binary(bytes) }
    }
}

/// How much is unmasked before it is checked: both passes then find it in the first-level cache.
const JUDGED_BYTES: usize = 16 << 10;
