//! The same handshakes over every way into handfast: bytes of HTTP/1.1, hyper, tower, axum, and HTTP/2.

mod apps;
mod examples;
mod http2;
mod servers;
mod table;
mod wire;
