//! A listening socket.

use super::seat::Seat;
use super::{Shared, Socket};
use mio::net::TcpListener;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::task::{Context, Poll};

/// Accepts connections that the same poller watches.
pub(crate) struct Listener {
    tcp: TcpListener,
    seat: Seat,
}

impl Listener {
    pub(crate) fn new(tcp: std::net::TcpListener, shared: &Arc<Shared>) -> io::Result<Self> {
        tcp.set_nonblocking(true)?;
        let mut tcp = TcpListener::from_std(tcp);
        let mut seat = Seat::new(shared);
        seat.join(&mut tcp)?;
        Ok(Self { tcp, seat })
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    pub(crate) fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Socket, SocketAddr)>> {
        loop {
            if self.seat.poll_readable(cx)?.is_pending() {
                return Poll::Pending;
            }
            match self.tcp.accept() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                accepted => {
                    // Also after an error: the connections behind it are not told again.
                    self.seat.read_again();
                    let (tcp, peer) = accepted?;
                    return Poll::Ready(Ok((Socket::new(tcp, &self.seat.shared), peer)));
                }
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tcp.as_fd()
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tcp.fmt(f)
    }
}
