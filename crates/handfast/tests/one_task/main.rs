//! A server that serves all connections in one task: what holds for servers holds for it, and what differs.
#![cfg(unix)]

#[path = "../endpoints/attacks.rs"]
mod attacks;
#[path = "../endpoints/broadcast.rs"]
mod broadcast;
#[path = "../endpoints/client.rs"]
mod client;
mod differences;
#[cfg(feature = "http2")]
mod http2;
#[path = "../endpoints/server.rs"]
mod server;
#[path = "../endpoints/split.rs"]
mod split;
#[path = "../endpoints/streams.rs"]
mod streams;
#[path = "../endpoints/support.rs"]
#[expect(dead_code, reason = "the tests over pipes need more of it")]
mod support;
#[cfg(feature = "tls")]
#[path = "../endpoints/tls.rs"]
#[expect(dead_code, reason = "the tests of proxies need more of it")]
mod tls;
#[path = "../endpoints/unix.rs"]
mod unix;

const ONE_TASK: bool = true;
