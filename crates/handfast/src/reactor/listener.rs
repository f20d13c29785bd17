//! A listening socket.

use super::{Shared, Socket, turn_is_over};
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
    shared: Arc<Shared>,
    place: u32,
    turn: u8,
}

impl Listener {
    pub(crate) fn new(tcp: std::net::TcpListener, shared: &Arc<Shared>) -> io::Result<Self> {
        tcp.set_nonblocking(true)?;
        let mut tcp = TcpListener::from_std(tcp);
        let place = shared.join(&mut tcp)?;
        Ok(Self { tcp, shared: shared.clone(), place, turn: 0 })
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    pub(crate) fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Socket, SocketAddr)>> {
        loop {
            if turn_is_over(&mut self.turn, cx) {
                return Poll::Pending;
            }
            if self.shared.poll_readable(self.place, cx)?.is_pending() {
                self.turn = 0;
                return Poll::Pending;
            }
            match self.tcp.accept() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                accepted => {
                    // Also after an error: the connections behind it are not told again.
                    self.shared.read_again(self.place);
                    let (tcp, peer) = accepted?;
                    return Poll::Ready(Ok((Socket::new(tcp, &self.shared), peer)));
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

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.leave(self.place);
    }
}
