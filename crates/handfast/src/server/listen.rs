//! Listening: on what, and what tokio's own listener does not offer.

#[cfg(unix)]
use super::unix::SocketFile;
use crate::Peer;
#[cfg(unix)]
use crate::reactor::{self, Reactor};
use crate::tcp::Tcp;
use crate::transport::Transport;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};
use std::task::{Context, Poll, ready};
#[cfg(unix)]
use tokio::net::UnixListener;
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

/// What connections come from.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    /// Watched by the server's own poller.
    #[cfg(unix)]
    Reactor(reactor::Listener),
    /// With the file to remove at the end, where it is ours.
    #[cfg(unix)]
    Unix(UnixListener, #[expect(dead_code, reason = "its end is its work")] Option<SocketFile>),
}

impl Listener {
    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(tcp) => tcp.local_addr(),
            #[cfg(unix)]
            Self::Reactor(listener) => listener.local_addr(),
            #[cfg(unix)]
            Self::Unix(..) => Err(crate::transport::no_ip_address()),
        }
    }

    /// Has accepted connections send small writes at once. False where each has to be told for itself.
    pub(super) fn set_nodelay(&self) -> bool {
        match self {
            // On Linux accepted connections inherit it: one system call less for each.
            Self::Tcp(tcp) => cfg!(target_os = "linux") && SockRef::from(tcp).set_tcp_nodelay(true).is_ok(),
            #[cfg(unix)]
            Self::Reactor(listener) => {
                SockRef::from(listener).set_tcp_nodelay(true).is_ok() && cfg!(target_os = "linux")
            }
            #[cfg(unix)]
            Self::Unix(..) => true,
        }
    }

    /// Has the server's own poller watch it, and the connections that it accepts, where they are of TCP.
    #[cfg(unix)]
    pub(super) fn watched_by(self, reactor: &Reactor) -> io::Result<Self> {
        match self {
            Self::Tcp(tcp) => reactor::Listener::new(tcp.into_std()?, reactor.shared()).map(Self::Reactor),
            other => Ok(other),
        }
    }

    pub(super) fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Transport, Peer)>> {
        Poll::Ready(Ok(match self {
            Self::Tcp(tcp) => {
                let (tcp, peer) = ready!(tcp.poll_accept(cx))?;
                (tcp.into(), peer.into())
            }
            #[cfg(unix)]
            Self::Reactor(listener) => {
                let (socket, peer) = ready!(listener.poll_accept(cx))?;
                (Tcp::from(socket).into(), peer.into())
            }
            #[cfg(unix)]
            Self::Unix(unix, _) => (ready!(unix.poll_accept(cx))?.0.into(), Peer::Unix),
        }))
    }
}

#[cfg(unix)]
impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(tcp) => tcp.as_fd(),
            Self::Reactor(listener) => listener.as_fd(),
            Self::Unix(unix, _) => unix.as_fd(),
        }
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
