//! A TCP connection: who watches it.

#[cfg(unix)]
use crate::reactor::Socket;
use socket2::SockRef;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A TCP connection, watched by the runtime or by a poller of the server's.
pub(crate) enum Tcp {
    Runtime(TcpStream),
    #[cfg(unix)]
    Reactor(Socket),
}

/// Does the same with whichever it is.
macro_rules! with {
    ($tcp:expr, $io:ident => $done:expr) => {
        match $tcp {
            Tcp::Runtime($io) => $done,
            #[cfg(unix)]
            Tcp::Reactor($io) => $done,
        }
    };
}

impl Tcp {
    /// The socket, for what both have alike.
    pub(crate) fn socket(&self) -> SockRef<'_> {
        with!(self, io => SockRef::from(io))
    }

    pub(crate) fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket().peer_addr().map(ip)
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket().local_addr().map(ip)
    }
}

fn ip(address: socket2::SockAddr) -> SocketAddr {
    address.as_socket().expect("a TCP socket has addresses of IP")
}

impl From<TcpStream> for Tcp {
    fn from(tcp: TcpStream) -> Self {
        Self::Runtime(tcp)
    }
}

#[cfg(unix)]
impl From<Socket> for Tcp {
    fn from(socket: Socket) -> Self {
        Self::Reactor(socket)
    }
}

impl AsyncRead for Tcp {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        #[cfg(unix)]
        if let Self::Reactor(socket) = this
            && socket.is_outgrown()
            && let Some(outgrown) = socket.outgrown()
        {
            *this = Self::Runtime(outgrown);
        }
        with!(this, io => Pin::new(io).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Tcp {
    #[inline]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        with!(self.get_mut(), io => Pin::new(io).poll_write(cx, bytes))
    }

    #[inline]
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        with!(self.get_mut(), io => Pin::new(io).poll_write_vectored(cx, slices))
    }

    #[inline]
    fn is_write_vectored(&self) -> bool {
        true
    }

    #[inline]
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        with!(self.get_mut(), io => Pin::new(io).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        with!(self.get_mut(), io => Pin::new(io).poll_shutdown(cx))
    }
}
