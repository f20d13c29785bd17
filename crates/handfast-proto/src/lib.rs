//! The WebSocket protocol without I/O: no sockets, no clock, no randomness of its own.
//!
//! | module | holds |
//! | --- | --- |
//! | [`handshake`] | the opening handshake of both roles: [`handshake::Offer`], [`handshake::Accepted`], [`handshake::Refusal`] |
//! | [`frame`] | RFC 6455 section 5: headers, masks, close codes, incremental UTF-8 |
//! | [`message`] | what applications see: [`Message`], [`Text`] |
//! | [`connection`] | the state machine of both roles: [`Connection`] |
//! | [`deflate`] | permessage-deflate: negotiation, compression, bounded inflation |
//! | [`error`] | every way a peer can be wrong, with its one answer |
//! | [`limits`] | every bound, in one table: [`Limits`] |
//! | [`rules`] | the catalogue of handshake rules, as data |

pub mod connection;
pub mod deflate;
pub mod error;
pub mod frame;
pub mod handshake;
pub mod limits;
pub mod message;
pub mod role;
pub mod rules;

pub use connection::Connection;
pub use limits::Limits;
pub use message::{Message, Text};
pub use role::{Client, Role, Server};
