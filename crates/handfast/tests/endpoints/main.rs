//! Servers and clients, in pairs and against peers that write bytes.

mod attacks;
mod broadcast;
mod client;
mod comfort;
mod elsewhere;
mod full;
mod pipe;
mod proxy;
#[cfg(feature = "tls")]
mod proxy_tls;
mod redirect;
mod server;
mod split;
mod streams;
mod support;
#[cfg(feature = "tls")]
mod tls;
#[cfg(unix)]
mod unix;

/// The same tests run with [`handfast::Server::one_task`] in `tests/one_task`.
const ONE_TASK: bool = false;
