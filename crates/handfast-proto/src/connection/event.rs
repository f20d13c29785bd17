//! What a connection reports.

use crate::Message;
use crate::error::FrameFault;
use crate::frame::Close;
use bytes::Bytes;

/// What happened on the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A whole message.
    Message(Message),
    /// A part of a message, after [`Connection::receive_in_pieces`](super::Connection::receive_in_pieces). Text is cut
    /// between characters.
    Piece {
        /// What came; the kind is the message's. Empty only where it is the last.
        piece: Message,
        /// Whether the message ends with it.
        last: bool,
    },
    /// A ping, already answered. Only with [`Config::show_pings`](super::Config::show_pings).
    Ping(Bytes),
    /// A pong. Only with [`Config::show_pongs`](super::Config::show_pongs).
    Pong(Bytes),
    /// It is over. Nothing follows.
    End(End),
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// Both Close frames were exchanged. This is the peer's; `None` when it had no code (reported as 1005).
    Closed(Option<Close>),
    /// The peer broke the protocol or a limit. Our Close frame with [`FrameFault::close_code`] is queued.
    Fault(FrameFault),
    /// The transport ended without a Close frame (reported as 1006).
    Lost,
    /// The peer stayed silent after a keep-alive ping.
    PongTimeout,
    /// No data for [`Config::idle_timeout`](super::Config::idle_timeout).
    IdleTimeout,
    /// The peer did not answer our Close in [`Limits::close_timeout`](crate::Limits::close_timeout).
    CloseTimeout,
}
