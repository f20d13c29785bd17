//! Binding: what tokio's own listener does not offer.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use tokio::net::{TcpListener, ToSocketAddrs, lookup_host};

/// How to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindOptions {
    /// Connections that the system completes before they are accepted (4096; the system may cap it).
    pub backlog: u32,
    /// Several listeners share the address, and the system spreads connections over them (`SO_REUSEPORT`; off). Only on
    /// Unix; elsewhere binding fails with it.
    pub reuse_port: bool,
}

impl Default for BindOptions {
    fn default() -> Self {
        Self { backlog: 4096, reuse_port: false }
    }
}

/// Binds to the first of the addresses that can be bound to.
pub(super) async fn bind(addresses: impl ToSocketAddrs, options: &BindOptions) -> io::Result<TcpListener> {
    let mut failure = None;
    for address in lookup_host(addresses).await? {
        match bind_one(address, options) {
            Ok(listener) => return Ok(listener),
            Err(error) => {
                failure = Some(io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")))
            }
        }
    }
    Err(failure.unwrap_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no address to listen on")))
}

fn bind_one(address: SocketAddr, options: &BindOptions) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restarted server takes its port back at once. On Windows the option means something else.
    if cfg!(unix) {
        socket.set_reuse_address(true)?;
    }
    if options.reuse_port {
        set_reuse_port(&socket)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    TcpListener::from_std(socket.into())
}

#[cfg(unix)]
fn set_reuse_port(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_port(true)
}

#[cfg(not(unix))]
fn set_reuse_port(_: &Socket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether the listener itself is fine, and only one connection was lost before it was accepted.
pub(super) fn is_connection_error(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}
