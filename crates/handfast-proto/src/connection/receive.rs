//! Bytes from the peer become events.

use super::state::Input;
use super::{BufferPool, Connection, End, Event, KEEP_ALIVE_PING};
use crate::Role;
use crate::error::FrameFault;
use crate::frame::{Close, ClosePayloadFault, FrameHeader, OpCode, apply_mask};
use crate::message::assemble::Assembly;
use crate::message::{Message, Text};
use bytes::buf::Limit;
use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Messages up to this are copied out of the read buffer: as fast as sharing it, and a kept message then does not
/// hold the whole buffer.
const COPY_BYTES_MAX: usize = 2 << 10;

/// A read should have at least this much room, or it becomes a system call for little.
const ROOM_BYTES_MIN: usize = 16 << 10;

/// After a large message, this much is read at first, to see whether the next is as large: what comes before its own
/// memory is known has to be copied into it.
const FIRST_READ_BYTES: usize = 4 << 10;

impl Connection {
    /// Takes bytes from the peer, in any pieces. Copies them; a driver that can read into a buffer uses
    /// [`Connection::receive_buffer`].
    pub fn receive(&mut self, bytes: &[u8], pool: &mut BufferPool) {
        if !self.is_closing() {
            self.make_room(pool);
            self.inbox.extend_from_slice(bytes);
        }
    }

    /// Where the next bytes from the peer belong: append to it at most as much as there is room for, then call
    /// [`Connection::poll_event`] until it is dry. A large message is so read straight into its own memory.
    pub fn receive_buffer(&mut self, pool: &mut BufferPool) -> Limit<&mut BytesMut> {
        let in_payload = self.assembly.as_ref().is_some_and(|assembly| assembly.has_room());
        if in_payload && self.inbox.is_empty() {
            return self.assembly.as_mut().expect("it was just looked at").room();
        }
        self.make_room(pool);
        let room = match self.large_expected && self.inbox.is_empty() {
            true => FIRST_READ_BYTES,
            false => self.inbox.capacity() - self.inbox.len(),
        };
        (&mut self.inbox).limit(room)
    }

    /// Call when a read brought nothing: buffers go back to the pool, and a few bytes of an unfinished frame or message
    /// move to a small one.
    pub fn release_buffer(&mut self, pool: &mut BufferPool) {
        if let Some(assembly) = &mut self.assembly {
            assembly.release(pool);
        }
        let held = self.inbox.len();
        if held == 0 {
            if self.inbox.capacity() > 0 {
                pool.give(std::mem::take(&mut self.inbox));
            }
        } else if self.inbox.capacity() > 4 * held {
            let mut small = BytesMut::with_capacity(held);
            small.extend_from_slice(&self.inbox);
            pool.give(std::mem::replace(&mut self.inbox, small));
        }
    }

    /// From the next message on, reports messages as [`Event::Piece`] while they arrive, or whole again. The limits of
    /// a message's size do not hold in pieces, since nothing is held: a message of any size passes through a few
    /// buffers of [`BufferPool::READ_BYTES`].
    #[inline]
    pub fn receive_in_pieces(&mut self, in_pieces: bool) {
        self.in_pieces = in_pieces;
        if let Some(assembly) = &mut self.assembly
            && !in_pieces
        {
            assembly.stay_whole();
        }
    }

    /// Throws the rest of a message away whose begin was reported as [`Event::Piece`]. What is reported next comes
    /// behind it.
    pub fn skip_message(&mut self) {
        self.skips = self.assembly.as_ref().is_some_and(|assembly| assembly.is_handed_out());
    }

    /// The peer closed its sending side: what was received is still reported, then [`End::Lost`] unless a Close came.
    pub fn receive_eof(&mut self) {
        self.eof = true;
    }

    /// What happened next, or `None` when more bytes are needed. [`Event::End`] is the last one; after it there is `None` for ever,
    /// and [`Connection::end`] still says how it ended.
    #[inline]
    pub fn poll_event(&mut self, pool: &mut BufferPool) -> Option<Event> {
        loop {
            if let Some(end) = &self.end {
                let is_told = std::mem::replace(&mut self.end_told, true);
                return (!is_told).then(|| Event::End((**end).clone()));
            }
            match self.step(pool) {
                Ok(Step::Event(event)) => return Some(event),
                Ok(Step::Again) => {}
                Ok(Step::NeedsBytes) if self.eof => {
                    self.finish(Input::TransportEnd, End::Lost, None, pool);
                }
                Ok(Step::NeedsBytes) => return None,
                Err(fault) => {
                    let reason = Text::from(fault.to_string());
                    let close =
                        Close::new(fault.close_code(), reason).expect("the sentences are short enough");
                    self.finish(Input::Failure, End::Fault(fault), Some(close), pool);
                }
            }
        }
    }

    #[inline]
    fn make_room(&mut self, pool: &mut BufferPool) {
        if self.inbox.capacity() < BufferPool::READ_BYTES / 4 {
            let few = std::mem::replace(&mut self.inbox, pool.take());
            self.inbox.extend_from_slice(&few);
        } else if self.inbox.capacity() - self.inbox.len() < ROOM_BYTES_MIN {
            // Moves what is left to the front where it can.
            self.inbox.reserve(ROOM_BYTES_MIN);
        }
    }

    #[inline]
    fn step(&mut self, pool: &mut BufferPool) -> Result<Step, FrameFault> {
        if let Some(assembly) = &mut self.assembly
            && !assembly.frame_is_complete()
        {
            return self.take_payload(pool);
        }
        let Some((header, used)) = FrameHeader::parse(&self.inbox)? else { return Ok(Step::NeedsBytes) };
        self.admit(&header)?;
        let len = header.len as usize;
        let whole = self.inbox.len() - used >= len;
        if header.opcode.is_control() {
            if !whole {
                return Ok(Step::NeedsBytes);
            }
            self.stats.bytes_received += (used + len) as u64;
            self.inbox.advance(used);
            let mut payload = self.inbox.split_to(len);
            if let Some(mask) = header.mask {
                apply_mask(&mut payload, mask, 0);
            }
            return self.control(header.opcode, payload, pool);
        }
        self.timer.heard = true;
        self.timer.alive = true;
        self.stats.bytes_received += (used + len) as u64;
        self.large_expected = len > BufferPool::READ_BYTES;
        if whole && header.fin && !header.rsv1 && !self.in_pieces && self.assembly.is_none() {
            return self.whole_message(&header, used).map(|message| Step::Event(Event::Message(message)));
        }
        self.inbox.advance(used);
        match &mut self.assembly {
            Some(assembly) => assembly.next_frame(&header, &self.config.limits)?,
            None => {
                let deflate = self.deflate.as_mut().filter(|_| header.rsv1);
                let inflater = deflate.map(|deflate| deflate.take_inflater(pool));
                let assembly = Assembly::begin(&header, inflater, self.in_pieces, &self.config.limits, pool)?;
                self.assembly = Some(Box::new(assembly));
            }
        }
        self.take_payload(pool)
    }

    /// What only the connection can say of a header: the role's mask, agreed extensions, order, limits.
    #[inline]
    fn admit(&self, header: &FrameHeader) -> Result<(), FrameFault> {
        // rule: client/masked-frame-accepted
        match (self.role(), header.mask) {
            (Role::Server, None) => return Err(FrameFault::MaskMissing),
            (Role::Client, Some(_)) => return Err(FrameFault::MaskUnexpected),
            (Role::Server, Some(_)) | (Role::Client, None) => {}
        }
        // RSV1 marks the first frame of a compressed message, and nothing else (RFC 7692 section 6.1).
        let may_be_compressed =
            self.deflate.is_some() && matches!(header.opcode, OpCode::Text | OpCode::Binary);
        if header.rsv1 && !may_be_compressed {
            return Err(FrameFault::ReservedBits(0b100));
        }
        match (header.opcode, self.assembly.is_some()) {
            (OpCode::Continuation, false) => return Err(FrameFault::ContinuationUnexpected),
            (OpCode::Text | OpCode::Binary, true) => {
                return Err(FrameFault::MessageInterrupted(header.opcode));
            }
            _ => {}
        }
        if self.in_pieces && !header.opcode.is_control() {
            return Ok(());
        }
        let limits = &self.config.limits;
        if header.len > limits.frame_bytes_max as u64 {
            return Err(FrameFault::FrameTooBig { claimed: header.len, limit: limits.frame_bytes_max });
        }
        if header.len > limits.message_bytes_max as u64 && !header.rsv1 {
            return Err(FrameFault::MessageTooBig { limit: limits.message_bytes_max });
        }
        Ok(())
    }

    /// The fast way: a message that lies whole in the read buffer, behind a header of `used` bytes.
    #[inline]
    fn whole_message(&mut self, header: &FrameHeader, used: usize) -> Result<Message, FrameFault> {
        self.timer.busy = true;
        self.stats.messages_received += 1;
        let len = header.len as usize;
        let payload = &mut self.inbox[used..used + len];
        if let Some(mask) = header.mask {
            apply_mask(payload, mask, 0);
        }
        let is_text = header.opcode == OpCode::Text;
        if is_text && simdutf8::basic::from_utf8(payload).is_err() {
            let at = simdutf8::compat::from_utf8(payload).map_or_else(|error| error.valid_up_to(), str::len);
            return Err(FrameFault::TextNotUtf8 { at });
        }
        let bytes = if len <= COPY_BYTES_MAX {
            let bytes = Bytes::copy_from_slice(payload);
            match self.inbox.len() {
                // The buffer keeps its front, and needs no reclaiming when it goes back to the pool.
                all if all == used + len => self.inbox.clear(),
                _ => self.inbox.advance(used + len),
            }
            bytes
        } else {
            self.inbox.advance(used);
            self.inbox.split_to(len).freeze()
        };
        Ok(if is_text { Message::Text(Text::from_checked(bytes)) } else { Message::Binary(bytes) })
    }

    /// Payload of the frame under way.
    fn take_payload(&mut self, pool: &mut BufferPool) -> Result<Step, FrameFault> {
        let assembly = self.assembly.as_mut().expect("only called with a message under way");
        assembly.take(&mut self.inbox, &self.config.limits)?;
        self.timer.busy = true;
        let mut piece = assembly.take_piece(pool);
        if self.skips
            && let Some(piece) = piece.take()
        {
            pool.give_bytes(piece.into_bytes());
        }
        let held = self.held_bytes();
        if held > self.config.limits.connection_bytes_max {
            return Err(FrameFault::BudgetExceeded { limit: self.config.limits.connection_bytes_max });
        }
        let assembly = self.assembly.as_mut().expect("it was just there");
        if !assembly.is_complete() {
            return Ok(match piece {
                Some(piece) => Step::Event(Event::Piece { piece, last: false }),
                None if assembly.frame_is_complete() => Step::Again,
                None => Step::NeedsBytes,
            });
        }
        self.stats.messages_received += 1;
        let mut assembly = self.assembly.take().expect("it was just there");
        if let (Some(deflate), Some(inflater)) = (&mut self.deflate, assembly.take_inflater()) {
            deflate.give_inflater(inflater, pool);
        }
        if std::mem::take(&mut self.skips) {
            return Ok(Step::Again);
        }
        Ok(Step::Event(match piece {
            Some(piece) => Event::Piece { piece, last: true },
            None => Event::Message(assembly.finish(pool)),
        }))
    }

    fn control(
        &mut self,
        opcode: OpCode,
        payload: BytesMut,
        pool: &mut BufferPool,
    ) -> Result<Step, FrameFault> {
        self.timer.alive = true;
        match opcode {
            OpCode::Ping => {
                self.timer.heard = true;
                self.answer_ping(&payload, pool);
                if self.config.show_pings {
                    return Ok(Step::Event(Event::Ping(Bytes::copy_from_slice(&payload))));
                }
            }
            OpCode::Pong => {
                if payload == KEEP_ALIVE_PING {
                    self.timer.pong();
                }
                if self.config.show_pongs {
                    return Ok(Step::Event(Event::Pong(Bytes::copy_from_slice(&payload))));
                }
            }
            OpCode::Close => {
                let close = Close::parse(Bytes::copy_from_slice(&payload)).map_err(|fault| match fault {
                    ClosePayloadFault::OneByte => FrameFault::CloseOneByte,
                    ClosePayloadFault::Code(code) => FrameFault::CloseCode(code),
                    ClosePayloadFault::Reason => FrameFault::CloseReasonNotUtf8,
                })?;
                // The reply echoes the code, as RFC 6455 section 5.5.1 says is typical.
                let reply = close.as_ref().map(|close| Close::from(close.code()));
                self.finish(Input::PeerClose, End::Closed(close), reply, pool);
            }
            OpCode::Continuation | OpCode::Text | OpCode::Binary => unreachable!("not a control frame"),
        }
        Ok(Step::Again)
    }

    /// Nothing more is read from here on.
    pub(super) fn finish(&mut self, input: Input, end: End, close: Option<Close>, pool: &mut BufferPool) {
        self.advance(input, close, pool);
        self.end = Some(Box::new(end));
        self.timer.ended = true;
        self.timer.closing = true;
        self.assembly = None;
        self.sending = None;
        pool.give(std::mem::take(&mut self.inbox));
    }
}

enum Step {
    Event(Event),
    Again,
    NeedsBytes,
}
