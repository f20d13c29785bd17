//! The connection after the handshake, both roles, without I/O.
//!
//! | group | methods |
//! | --- | --- |
//! | in | [`receive`](Connection::receive), [`receive_buffer`](Connection::receive_buffer), [`receive_eof`](Connection::receive_eof), [`handle_timeout`](Connection::handle_timeout) |
//! | commands | [`send`](Connection::send), [`send_piece`](Connection::send_piece), [`ping`](Connection::ping), [`close`](Connection::close) |
//! | out | [`poll_event`](Connection::poll_event), [`poll_transmit`](Connection::poll_transmit), [`poll_timeout`](Connection::poll_timeout) |
//!
//! A driver loops: `poll_event` until `None`; write what `poll_transmit` gives; when both are dry, wait for bytes or for
//! `poll_timeout`.

mod event;
mod outbox;
mod pool;
mod prepared;
mod receive;
mod send;
mod send_pieces;
mod state;
mod stats;
mod timer;

pub use event::{End, Event};
pub use pool::BufferPool;
pub use prepared::Prepared;
pub use stats::Stats;

use crate::deflate::{Agreed, DeflateState};
use crate::frame::{Close, CloseCode, Mask};
use crate::handshake::Accepted;
use crate::message::assemble::Assembly;
use crate::{Client, Limits, Role, Server};
use bytes::{Bytes, BytesMut};
use outbox::Outbox;
use send_pieces::Sending;
use state::{Input, State};
use stats::Counts;
use std::sync::Arc;
use std::time::{Duration, Instant};
use timer::{Expired, Timer};

/// How a connection behaves. Shared by all connections of an endpoint.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Bounds of everything the peer sends and of the send queue.
    pub limits: Limits,
    /// Ping a silent peer, and end the connection when it stays silent. `None`: never.
    pub keep_alive: Option<KeepAlive>,
    /// End the connection (1001) when no data message came or went for this long, up to twice this long. `None`: never.
    pub idle_timeout: Option<Duration>,
    /// Show pings as [`Event::Ping`]. They are answered either way.
    pub show_pings: bool,
    /// Show pongs as [`Event::Pong`].
    pub show_pongs: bool,
}

impl Config {
    /// What suits a server: as the default, with pings every 20 s, and 20 s for their pongs.
    pub fn for_servers() -> Self {
        let keep_alive = KeepAlive { interval: Duration::from_secs(20), timeout: Duration::from_secs(20) };
        Self { keep_alive: Some(keep_alive), ..Self::default() }
    }
}

/// The payload of keep-alive pings, by which their pongs are known.
const KEEP_ALIVE_PING: &[u8] = b"hf";

/// When to look whether a silent peer is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// From one look to the next: where nothing was heard in between, a ping is sent.
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
///
/// It is opened once from the proof of a finished handshake, by the role that the proof names:
///
/// ```
/// # use handfast_proto::{Connection, Server, handshake::Accepted};
/// fn open(accepted: Accepted<Server>) -> Connection {
///     Connection::server(accepted, Default::default())
/// }
/// ```
///
/// The proof is used up, so a second connection from the same handshake does not compile:
///
/// ```compile_fail,E0382
/// # use handfast_proto::{Connection, Server, handshake::Accepted};
/// fn open(accepted: Accepted<Server>) -> [Connection; 2] {
///     let first = Connection::server(accepted, Default::default());
///     [first, Connection::server(accepted, Default::default())]
/// }
/// ```
pub struct Connection {
    config: Arc<Config>,
    /// Only a client has one.
    masks: Option<Box<dyn MaskSource>>,
    /// Received bytes that were not looked at, or are the begin of a frame.
    inbox: BytesMut,
    /// A message that did not come in one piece.
    assembly: Option<Box<Assembly>>,
    outbox: Outbox,
    /// There when permessage-deflate was agreed.
    deflate: Option<Box<DeflateState>>,
    timer: Timer,
    state: State,
    /// A message that the program sends in pieces.
    sending: Option<Box<Sending>>,
    /// Messages are reported in pieces.
    in_pieces: bool,
    /// The message under way is thrown away.
    skips: bool,
    /// The transport brings nothing more.
    eof: bool,
    /// The last message did not fit into one read, so the next may not either.
    large_expected: bool,
    stats: Counts,
    pongs_queued: u8,
    /// Pings and pongs of the program that were queued beyond a full send queue.
    controls_beyond: u8,
    /// The last ping that came while too many pongs waited.
    late_pong: Option<Box<Bytes>>,
    end: Option<Box<End>>,
    /// It was reported.
    end_told: bool,
}

impl Connection {
    /// The server's end.
    pub fn server(accepted: Accepted<Server>, config: Arc<Config>) -> Self {
        Self::new(accepted.deflate, None, config)
    }

    /// The client's end, which masks every frame it sends.
    pub fn client(accepted: Accepted<Client>, config: Arc<Config>, masks: Box<dyn MaskSource>) -> Self {
        Self::new(accepted.deflate, Some(masks), config)
    }

    fn new(deflate: Option<Agreed>, masks: Option<Box<dyn MaskSource>>, config: Arc<Config>) -> Self {
        Self {
            config,
            masks,
            inbox: BytesMut::new(),
            assembly: None,
            outbox: Outbox::default(),
            deflate: deflate.map(|agreed| Box::new(DeflateState::new(agreed))),
            timer: Timer::default(),
            state: State::Open,
            sending: None,
            in_pieces: false,
            skips: false,
            eof: false,
            large_expected: false,
            stats: Counts::default(),
            pongs_queued: 0,
            controls_beyond: 0,
            late_pong: None,
            end: None,
            end_told: false,
        }
    }

    /// Which end this is.
    #[inline]
    pub fn role(&self) -> Role {
        if self.masks.is_some() { Role::Client } else { Role::Server }
    }

    /// What was agreed for permessage-deflate, if it was.
    pub fn deflate(&self) -> Option<&Agreed> {
        self.deflate.as_deref().map(DeflateState::agreed)
    }

    /// How it behaves.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// How it ended, from [`Event::End`] on.
    pub fn end(&self) -> Option<&End> {
        self.end.as_deref()
    }

    /// Whether nothing more is read: both Close frames are exchanged, or the connection failed. Once the queue is
    /// written, shut the sending side down. A server then also closes the transport; a client waits for the server to do
    /// so. Both wait no longer than the close deadline: see [`Connection::is_expired`].
    #[inline]
    pub fn is_closing(&self) -> bool {
        self.state == State::Ended
    }

    /// Whether our Close frame was queued: the program can send nothing more.
    pub fn is_close_sent(&self) -> bool {
        self.state != State::Open
    }

    /// Whether the transport must be dropped now: it failed, or the close deadline passed.
    pub fn is_expired(&self) -> bool {
        self.is_closing() && !self.timer.closing
    }

    /// The transport failed: nothing more can be sent or received, and what is queued is dropped.
    pub fn abort(&mut self, pool: &mut BufferPool) {
        if self.end.is_none() {
            self.finish(Input::TransportEnd, End::Lost, None, pool);
        }
        self.outbox.clear(pool);
        self.timer.closing = false;
    }

    /// Whether a deadline is to be counted from now on: call [`Connection::arm`] before waiting. Keeps the clock out of
    /// the way of messages.
    #[inline]
    pub fn wants_clock(&self) -> bool {
        self.timer.wants_clock(&self.config)
    }

    /// Starts the deadlines that [`Connection::wants_clock`] spoke of.
    pub fn arm(&mut self, now: Instant) {
        self.timer.arm(&self.config, now);
    }

    /// When to call [`Connection::handle_timeout`], if at all.
    #[inline]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timer.next()
    }

    /// The time of [`Connection::poll_timeout`] has come. Sends pings, or ends the connection.
    pub fn handle_timeout(&mut self, now: Instant, pool: &mut BufferPool) {
        match self.timer.expired(&self.config, now) {
            None => {}
            Some(Expired::KeepAlive) => {
                // A connection that is closing needs no ping: its close deadline runs.
                let _ = self.keep_alive_ping(KEEP_ALIVE_PING, pool);
            }
            Some(Expired::Pong) => {
                let close = Close::from(CloseCode::INTERNAL_ERROR);
                self.finish(Input::Failure, End::PongTimeout, Some(close), pool);
            }
            Some(Expired::Idle) => {
                let close = Close::from(CloseCode::GOING_AWAY);
                self.finish(Input::Failure, End::IdleTimeout, Some(close), pool);
            }
            Some(Expired::Close) => {
                if self.end.is_none() {
                    self.finish(Input::TransportEnd, End::CloseTimeout, None, pool);
                }
                self.outbox.clear(pool);
                self.timer.closing = false;
            }
        }
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("role", &self.role())
            .field("state", &self.state)
            .field("unread_bytes", &self.inbox.len())
            .field("send_queue_bytes", &self.outbox.queued())
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}
