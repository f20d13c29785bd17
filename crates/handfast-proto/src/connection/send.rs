//! What the program, and the protocol itself, send.

use super::state::{Input, Reaction};
use super::{BufferPool, Connection};
use crate::Message;
use crate::error::Misuse;
use crate::frame::{Close, FrameHeader, OpCode};
use crate::limits::CONTROL_PAYLOAD_BYTES_MAX;
use bytes::Bytes;
use std::io::IoSlice;

impl Connection {
    /// Queues a message.
    ///
    /// Fails with [`Misuse::SentAfterClose`], [`Misuse::MessageUnfinished`], and with [`Misuse::SendQueueFull`] when the queue already holds
    /// [`Limits::send_queue_bytes_max`](crate::Limits::send_queue_bytes_max): write before sending more. One message
    /// larger than that is taken when the queue has room at all.
    #[inline]
    pub fn send(&mut self, message: Message, pool: &mut BufferPool) -> Result<(), Misuse> {
        self.send_message(message, true, pool)
    }

    /// As [`Connection::send`], but never compressed: for a message that holds a secret, or is compressed by itself
    /// (RFC 7692 section 6 leaves it to the sender, message by message).
    pub fn send_uncompressed(&mut self, message: Message, pool: &mut BufferPool) -> Result<(), Misuse> {
        self.send_message(message, false, pool)
    }

    #[inline]
    fn send_message(
        &mut self,
        message: Message,
        may_compress: bool,
        pool: &mut BufferPool,
    ) -> Result<(), Misuse> {
        self.check_room()?;
        if self.sending.is_some() {
            return Err(Misuse::MessageUnfinished);
        }
        self.stats.messages_sent += 1;
        let opcode = opcode_of(&message);
        let payload = message.into_bytes();
        if may_compress
            && let Some(deflate) = &mut self.deflate
            && let Some(compressed) = deflate.compress(&payload, &self.config.limits, pool)
        {
            let header = FrameHeader { rsv1: true, ..self.header(opcode, compressed.len()) };
            self.outbox.push(header, compressed, pool);
            return Ok(());
        }
        let header = self.header(opcode, payload.len());
        self.outbox.push(header, payload, pool);
        Ok(())
    }

    /// Queues a ping; it overtakes data that is not being written yet.
    ///
    /// Fails with [`Misuse::ControlPayloadTooLong`] beyond 125 bytes, with [`Misuse::SentAfterClose`], and with
    /// [`Misuse::SendQueueFull`] when the queue holds [`Limits::send_queue_bytes_max`](crate::Limits::send_queue_bytes_max)
    /// and [`Limits::pongs_queued_max`](crate::Limits::pongs_queued_max) pings and pongs were queued beyond that: write before
    /// sending more.
    pub fn ping(&mut self, payload: &[u8], pool: &mut BufferPool) -> Result<(), Misuse> {
        self.control_frame(OpCode::Ping, payload, pool)
    }

    /// A ping of the connection's own. There is one at a time: the next comes after its pong.
    pub(super) fn keep_alive_ping(&mut self, payload: &[u8], pool: &mut BufferPool) -> Result<(), Misuse> {
        self.check_open()?;
        let header = self.header(OpCode::Ping, payload.len());
        self.outbox.push_urgent(header, payload, pool);
        Ok(())
    }

    /// Queues a pong that nobody asked for (RFC 6455 section 5.5.3). Pings are answered without it.
    ///
    /// Fails as [`Connection::ping`] does.
    pub fn pong(&mut self, payload: &[u8], pool: &mut BufferPool) -> Result<(), Misuse> {
        self.control_frame(OpCode::Pong, payload, pool)
    }

    /// Queues a Close frame behind everything sent before, once. The peer's Close is then awaited until
    /// [`Limits::close_timeout`](crate::Limits::close_timeout). `None` sends no code. Calling it again does nothing.
    pub fn close(&mut self, close: Option<Close>, pool: &mut BufferPool) {
        self.advance(Input::Close, close, pool);
        self.timer.closing = true;
    }

    /// Whether there are bytes to write.
    #[inline]
    pub fn has_transmit(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Bytes queued to be written, payloads by reference included.
    #[inline]
    pub fn send_queue_bytes(&self) -> usize {
        self.outbox.queued()
    }

    /// Fills `slices` with what to write next, in order; returns how many it filled. Report what was written with
    /// [`Connection::transmitted`].
    #[inline]
    pub fn poll_transmit<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.outbox.slices(slices)
    }

    /// All that is to be written, where it lies in one place: spares slices. Else see [`Connection::poll_transmit`].
    #[inline]
    pub fn poll_transmit_alone(&self) -> Option<&[u8]> {
        self.outbox.alone()
    }

    /// So many of the bytes that [`Connection::poll_transmit`] gave were written.
    #[inline]
    pub fn transmitted(&mut self, bytes: usize, pool: &mut BufferPool) {
        self.outbox.written(bytes, pool);
        self.stats.bytes_sent += bytes as u64;
        // Not only once the queue is empty: under steady traffic it never is.
        if self.outbox.counted_are_out() {
            self.pongs_queued = 0;
            self.controls_beyond = 0;
            if let Some(payload) = self.late_pong.take() {
                self.answer_ping(&payload, pool);
            }
        }
    }

    /// Feeds the state machine, and sends our Close where it says so.
    pub(super) fn advance(&mut self, input: Input, close: Option<Close>, pool: &mut BufferPool) {
        let (state, reaction) = self.state.on(input);
        self.state = state;
        if reaction == Reaction::SendClose {
            let mut payload = [0; CONTROL_PAYLOAD_BYTES_MAX];
            let len = close.map_or(0, |close| close.write(&mut payload));
            let header = self.header(OpCode::Close, len);
            self.outbox.push_copy(header, &payload[..len], pool);
        }
    }

    /// Answers a ping. While many answers wait to be written, only the last ping is remembered
    /// (RFC 6455 section 5.5.3).
    pub(super) fn answer_ping(&mut self, payload: &[u8], pool: &mut BufferPool) {
        if self.check_open().is_err() {
            return;
        }
        if usize::from(self.pongs_queued) >= self.controls_max() {
            self.late_pong = Some(Box::new(Bytes::copy_from_slice(payload)));
            return;
        }
        self.pongs_queued = self.pongs_queued.saturating_add(1);
        let header = self.header(OpCode::Pong, payload.len());
        self.outbox.push_counted(header, payload, pool);
    }

    fn control_frame(&mut self, opcode: OpCode, payload: &[u8], pool: &mut BufferPool) -> Result<(), Misuse> {
        self.check_open()?;
        if payload.len() > CONTROL_PAYLOAD_BYTES_MAX {
            return Err(Misuse::ControlPayloadTooLong { bytes: payload.len() });
        }
        let is_full = self.outbox.queued() >= self.config.limits.send_queue_bytes_max;
        if is_full {
            if usize::from(self.controls_beyond) >= self.controls_max() {
                return Err(Misuse::SendQueueFull);
            }
            self.controls_beyond = self.controls_beyond.saturating_add(1);
        }
        let header = self.header(opcode, payload.len());
        match is_full {
            true => self.outbox.push_counted(header, payload, pool),
            false => self.outbox.push_urgent(header, payload, pool),
        }
        Ok(())
    }

    /// As many control frames of one kind are queued by count at most.
    fn controls_max(&self) -> usize {
        self.config.limits.pongs_queued_max.min(u8::MAX.into())
    }

    /// Whether [`Connection::send`] would take a message now, however large: fails as it would.
    #[inline]
    pub fn check_send(&self) -> Result<(), Misuse> {
        self.check_open()?;
        let limits = &self.config.limits;
        if self.outbox.queued() >= limits.send_queue_bytes_max
            || !self.outbox.is_empty() && self.held_bytes() >= limits.connection_bytes_max
        {
            return Err(Misuse::SendQueueFull);
        }
        if self.sending.is_some() { Err(Misuse::MessageUnfinished) } else { Ok(()) }
    }

    /// Whether data may be sent now.
    #[inline]
    pub(super) fn check_room(&mut self) -> Result<(), Misuse> {
        match self.check_send() {
            Ok(()) | Err(Misuse::MessageUnfinished) => {
                self.timer.busy = true;
                Ok(())
            }
            Err(misuse) => Err(misuse),
        }
    }

    #[inline]
    fn check_open(&self) -> Result<(), Misuse> {
        match self.state {
            super::state::State::Open => Ok(()),
            super::state::State::CloseSent | super::state::State::Ended => Err(Misuse::SentAfterClose),
        }
    }

    #[inline]
    pub(super) fn header(&mut self, opcode: OpCode, len: usize) -> FrameHeader {
        let mask = self.masks.as_mut().map(|masks| masks.next_mask());
        FrameHeader { fin: true, rsv1: false, opcode, mask, len: len as u64 }
    }
}

/// The opcode that begins such a message.
#[inline]
pub(super) fn opcode_of(message: &Message) -> OpCode {
    if message.is_text() { OpCode::Text } else { OpCode::Binary }
}
