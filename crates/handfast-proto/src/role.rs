//! The two ends of a WebSocket.

/// Which end of the connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The end that connected: it masks what it sends (RFC 6455 section 5.3).
    Client,
    /// The end that listened: it never masks (RFC 6455 section 5.1).
    Server,
}

/// Marks a value as the client's, at compile time: see [`Accepted`](crate::handshake::Accepted).
#[derive(Clone, Copy, Debug)]
pub struct Client;

/// Marks a value as the server's, at compile time: see [`Accepted`](crate::handshake::Accepted).
#[derive(Clone, Copy, Debug)]
pub struct Server;
