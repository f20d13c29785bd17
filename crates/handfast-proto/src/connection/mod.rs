//! The connection after the handshake, both roles, without I/O.
//!
//! | group | methods |
//! | --- | --- |
//! | in | [`receive`](Connection::receive), [`receive_buffer`](Connection::receive_buffer), [`receive_eof`](Connection::receive_eof), [`handle_timeout`](Connection::handle_timeout) |
//! | commands | [`send`](Connection::send), [`ping`](Connection::ping), [`close`](Connection::close) |
//! | out | [`poll_event`](Connection::poll_event), [`poll_transmit`](Connection::poll_transmit), [`poll_timeout`](Connection::poll_timeout) |
//!
//! A driver loops: `poll_event` until `None`; write what `poll_transmit` gives; when both are dry, wait for bytes or for
//! `poll_timeout`.

mod event;
mod pool;

pub use event::{End, Event};
pub use pool::BufferPool;

use crate::error::Misuse;
use crate::frame::{Close, Mask};
use crate::handshake::Accepted;
use crate::{Client, Limits, Message, Role, Server};
use bytes::BytesMut;
use bytes::buf::Limit;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How a connection behaves. Shared by all connections of an endpoint.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Bounds of everything the peer sends and of the send queue.
    pub limits: Limits,
    /// Ping the peer when it was silent for `interval`, and end the connection when it stays silent for `timeout` more.
    pub keep_alive: Option<KeepAlive>,
    /// End the connection (1001) when no data message came or went for this long.
    pub idle_timeout: Option<Duration>,
    /// Show pings as [`Event::Ping`]. They are answered either way.
    pub show_pings: bool,
    /// Show pongs as [`Event::Pong`].
    pub show_pongs: bool,
}

/// When to look whether a silent peer is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// Silence before a ping.
    pub interval: Duration,
    /// Silence after the ping before the connection is given up.
    pub timeout: Duration,
}

/// Gives a client its masks: four bytes from a strong source of entropy for each frame (RFC 6455 section 5.3).
pub trait MaskSource: Send {
    /// Four new random bytes.
    fn next_mask(&mut self) -> Mask;
}

impl<F: FnMut() -> [u8; 4] + Send> MaskSource for F {
    fn next_mask(&mut self) -> Mask {
        Mask(self())
    }
}

/// One WebSocket connection.
pub struct Connection {}

impl Connection {
    /// The server's end.
    pub fn server(_accepted: Accepted<Server>, _config: Arc<Config>) -> Self {
        todo!()
    }

    /// The client's end, which masks every frame it sends.
    pub fn client(_accepted: Accepted<Client>, _config: Arc<Config>, _masks: Box<dyn MaskSource>) -> Self {
        todo!()
    }

    /// Which end this is.
    pub fn role(&self) -> Role {
        todo!()
    }

    /// Takes bytes from the peer, in any pieces. Copies them; a driver that can read into a buffer uses
    /// [`Connection::receive_buffer`].
    pub fn receive(&mut self, _bytes: &[u8], _pool: &mut BufferPool) {
        todo!()
    }

    /// Where the next bytes from the peer belong: append to it as much as there is room for, then call
    /// [`Connection::poll_event`]. A large message is so read straight into its own memory.
    pub fn receive_buffer(&mut self, _pool: &mut BufferPool) -> Limit<&mut BytesMut> {
        todo!()
    }

    /// Call when a read attempt brought nothing: an empty read buffer goes back to the pool.
    pub fn release_buffer(&mut self, _pool: &mut BufferPool) {
        todo!()
    }

    /// The peer closed its sending side.
    pub fn receive_eof(&mut self) {
        todo!()
    }

    /// The transport failed; nothing more can be sent or received.
    pub fn abort(&mut self) {
        todo!()
    }

    /// Queues a message. Fails with [`Misuse::SentAfterClose`], or [`Misuse::SendQueueFull`] when the queue holds
    /// [`Limits::send_queue_bytes_max`] already (a message larger than the limit is taken when the queue is empty).
    pub fn send(&mut self, _message: Message, _pool: &mut BufferPool) -> Result<(), Misuse> {
        todo!()
    }

    /// Queues a ping of at most 125 bytes.
    pub fn ping(&mut self, _payload: &[u8], _pool: &mut BufferPool) -> Result<(), Misuse> {
        todo!()
    }

    /// Queues an unasked pong of at most 125 bytes.
    pub fn pong(&mut self, _payload: &[u8], _pool: &mut BufferPool) -> Result<(), Misuse> {
        todo!()
    }

    /// Queues a Close frame behind everything sent before, once; the peer's Close is awaited until the deadline.
    /// `None` sends a Close without a code. Calling it again does nothing.
    pub fn close(&mut self, _close: Option<Close>, _pool: &mut BufferPool) {
        todo!()
    }

    /// What happened next, or `None` when more bytes are needed. [`Event::End`] is the last one, and repeats.
    pub fn poll_event(&mut self, _pool: &mut BufferPool) -> Option<Event> {
        todo!()
    }

    /// Whether there are bytes to write.
    pub fn has_transmit(&self) -> bool {
        todo!()
    }

    /// Bytes queued to be written, payloads by reference included.
    pub fn send_queue_bytes(&self) -> usize {
        todo!()
    }

    /// Fills `slices` with what to write next, in order; returns how many it filled. Report what was written with
    /// [`Connection::transmitted`].
    pub fn poll_transmit<'a>(&'a self, _slices: &mut [IoSlice<'a>]) -> usize {
        todo!()
    }

    /// So many bytes were written.
    pub fn transmitted(&mut self, _bytes: usize, _pool: &mut BufferPool) {
        todo!()
    }

    /// Whether everything was said: once the queue is written, shut the sending side down. A server then also closes
    /// the transport; a client waits for the server to do so, until the deadline.
    pub fn is_closing(&self) -> bool {
        todo!()
    }

    /// Whether a deadline is to be counted from now on: call [`Connection::arm`] before waiting. Keeps the clock out of
    /// the way of messages.
    pub fn wants_clock(&self) -> bool {
        todo!()
    }

    /// Starts the deadlines that [`Connection::wants_clock`] spoke of.
    pub fn arm(&mut self, _now: Instant) {
        todo!()
    }

    /// When to call [`Connection::handle_timeout`], if at all.
    pub fn poll_timeout(&self) -> Option<Instant> {
        todo!()
    }

    /// The time of [`Connection::poll_timeout`] has come.
    pub fn handle_timeout(&mut self, _now: Instant, _pool: &mut BufferPool) {
        todo!()
    }
}
