//! Strict, fast WebSocket for tokio, from the handshake up.
//!
//! # A server
//!
//! ```no_run
//! #[tokio::main]
//! async fn main() -> Result<(), handfast::Error> {
//!     handfast::Server::bind("127.0.0.1:8080").await?.serve(|mut ws| async move {
//!         while let Some(message) = ws.recv().await? {
//!             ws.send(message).await?;
//!         }
//!         Ok(())
//!     }).await
//! }
//! ```
//!
//! [`Server::run`] has two phases: look at the [`Request`], then accept it or answer it with any page.
//!
//! # A client
//!
//! ```no_run
//! #[tokio::main]
//! async fn main() -> Result<(), handfast::Error> {
//!     let mut ws = handfast::connect("ws://127.0.0.1:8080/").await?;
//!     ws.send("hello").await?;
//!     println!("{:?}", ws.recv().await?);
//!     ws.close(handfast::CloseCode::NORMAL, "").await
//! }
//! ```
//!
//! [`Client`] has options: subprotocols, header fields, deadlines, certificates, proxies, redirects. [`Reconnect`] connects
//! again, and never too soon.
//!
//! # What to know
//!
//! | | |
//! | --- | --- |
//! | the end | [`WebSocket::recv`] gives `None` after a closing handshake, and an error, once, after any other end |
//! | batches | [`WebSocket::feed`] queues, [`WebSocket::flush`] writes, [`WebSocket::send`] does both; `recv` writes what is queued before it waits |
//! | cancelling | `recv` and `flush` may stand in a `select!`; each method says so |
//! | tasks | [`WebSocket::split`] gives a [`Receiver`] and a [`Sender`] that can be cloned; [`futures_core::Stream`] and [`futures_sink::Sink`] are implemented |
//! | big messages | [`WebSocket::recv_stream`] and [`WebSocket::send_stream`] pass them on in pieces, through little memory |
//! | many receivers | [`Broadcast`] sends a [`Prepared`] message to all, framed once; slow ones miss it or are closed |
//! | slow peers | `send` waits while the queue is full, [`WebSocket::try_send`] says so, [`WebSocket::try_send_or_close`] parts with them; control frames overtake what is queued |
//! | other streams | [`server_handshake`] and [`client_handshake`] run over any `AsyncRead + AsyncWrite` |
//! | the server's end | [`ServerHandle::drain`] tells each client 1001 and waits for it; for WebSockets behind axum, hyper or a loop of your own: [`ServerHandle::new`] |
//! | browsers | a page may connect only to its own origin, unless [`Server::policy`] says otherwise |
//! | limits | all in [`Limits`]; nothing that a peer sends grows beyond them |
//!
//! # Features
//!
//! | feature | adds |
//! | --- | --- |
//! | `tls` (default) | `wss://` for clients and servers, by rustls with the platform's trust |
//! | `hyper` | `handfast::hyper`: WebSockets on requests of a hyper server, over HTTP/1.1 and HTTP/2 |
//! | `tower` | `handfast::tower`: a layer that upgrades requests and passes the rest on |
//! | `axum` | `handfast::axum`: an extractor for axum 0.8 |
//! | `http2` | HTTP/2 in [`Server`], beside HTTP/1.1 on the same port: by ALPN over TLS, by the client's first bytes without; in [`Client`], preferred or required, and many WebSockets on one connection |
//! | `tracing` | events for each handshake (result, ids of the broken rules) and each close (code, reason, who), in a span `websocket`: on servers for the connection, on clients for the way to its opening |
//! | `metrics` | counters through the `metrics` facade: the table below. Install a recorder before the first connection |
//!
//! | metric | labels | counts |
//! | --- | --- | --- |
//! | `handfast_connections_open` | `role` | open WebSockets, a gauge |
//! | `handfast_handshakes_total` | `role`, `result` | handshakes: `opened`, `refused`, `declined`, `faulty`, `cut`, `timeout`, `http2`, `lost`; and with 503 `busy` ([`Limits::connections_max`]), `crowded` ([`Limits::handshakes_unfinished_max`]), `draining` |
//! | `handfast_handshake_faults_total` | `role`, `rule` | broken rules by id |
//! | `handfast_messages_total`, `handfast_bytes_total` | `role`, `way` | data messages, and bytes of frames: `received`, `sent` |
//! | `handfast_closes_total` | `role`, `by`, `code` | ends: by `us`, `peer`, `fault`, `pong`, `idle`, `close` (deadlines), `lost`, `drop`; codes from 3000 on as `3xxx`, `4xxx` |
//! | `handfast_pongs_late_total` | `role` | connections given up because no pong came |
//!
//! Messages and bytes are added up when a connection waits, not one by one.

mod broadcast;
mod client;
pub mod error;
#[cfg(feature = "http2")]
mod http2;
mod linger;
mod moment;
mod observe;
mod peer;
mod proxy;
mod random;
#[cfg(unix)]
mod reactor;
mod server;
mod tcp;
#[cfg(feature = "tls")]
mod tls;
mod transport;
#[cfg(feature = "hyper")]
mod upgrade;
mod websocket;

pub use broadcast::{Broadcast, Delivery, Member, Overflow};
pub use client::handshake::client_handshake;
#[cfg(feature = "http2")]
pub use client::http2::{Http2, Http2Connection};
pub use client::reconnect::Reconnect;
pub use client::{Client, Step, connect};
pub use error::Error;
pub use handfast_proto::connection::{Config, End, Event, KeepAlive, Prepared, Stats};
pub use handfast_proto::deflate::DeflateOptions;
pub use handfast_proto::frame::{Close, CloseCode};
pub use handfast_proto::handshake::{
    Answer, ClientRequest, HttpResponse, Offer, OriginPolicy, Policy, Refusal, ResponseHead, Strictness,
};
pub use handfast_proto::{Limits, Message, Role, Text};
pub use peer::Peer;
pub use server::handshake::server_handshake;
pub use server::{AcceptOptions, BindOptions, Refused, Request, Server, ServerHandle, TakenOver};
#[cfg(feature = "tls")]
pub use tls::{TlsConfig, TlsIdentity};
pub use transport::Transport;
#[cfg(feature = "axum")]
pub use upgrade::axum;
#[cfg(feature = "hyper")]
pub use upgrade::hyper;
#[cfg(feature = "tower")]
pub use upgrade::tower;
pub use websocket::{
    MessageKind, MessageReader, MessageWriter, Piece, ReadPieces, Receiver, Sender, TrySendError, WebSocket,
    WritePieces,
};

/// The protocol underneath, without I/O.
pub use handfast_proto as proto;

/// The examples of the repository's README, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The programs of the guide for those who come from other libraries, as tests.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../../../docs/moving-over.md")]
struct MovingOver;

/// The programs of the guide to safe servers, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/security.md")]
struct Security;
