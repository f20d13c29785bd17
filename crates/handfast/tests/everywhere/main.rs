//! The same handshakes over every way into handfast: bytes of HTTP/1.1, hyper, tower, axum, and HTTP/2; and the client's over both.

mod answers;
mod apps;
mod client;
mod clients;
mod ending;
mod examples;
mod fallback;
mod http2;
mod raw;
mod servers;
mod shared;
mod table;
mod wire;
