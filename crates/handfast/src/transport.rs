//! What carries a WebSocket: TCP, or TLS over it.

use socket2::SockRef;
use std::fmt;
use std::io::{self, IoSlice, Read};
use std::net::SocketAddr;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The stream under a WebSocket that this crate opened or accepted itself.
pub struct Transport(Kind);

enum Kind {
    Tcp(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::TlsStream<TcpStream>>),
}

impl Transport {
    /// The address of the other end. Fails when the socket is not connected any more.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp().peer_addr()
    }

    /// The address of this end. Fails when the socket is not connected any more.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp().local_addr()
    }

    /// Whether the bytes are encrypted.
    pub fn is_tls(&self) -> bool {
        match &self.0 {
            Kind::Tcp(_) => false,
            #[cfg(feature = "tls")]
            Kind::Tls(_) => true,
        }
    }

    /// Reads what lies ready, without asking the runtime, which learns of it only later. 0 when there is nothing, when the
    /// connection ended (the next read tells), and for TLS.
    pub(crate) fn read_early(&self, buffer: &mut [u8]) -> usize {
        match &self.0 {
            Kind::Tcp(tcp) => SockRef::from(tcp).deref().read(buffer).unwrap_or(0),
            #[cfg(feature = "tls")]
            Kind::Tls(_) => 0,
        }
    }

    fn tcp(&self) -> &TcpStream {
        match &self.0 {
            Kind::Tcp(tcp) => tcp,
            #[cfg(feature = "tls")]
            Kind::Tls(tls) => tls.get_ref().0,
        }
    }
}

impl From<TcpStream> for Transport {
    fn from(tcp: TcpStream) -> Self {
        Self(Kind::Tcp(tcp))
    }
}

#[cfg(feature = "tls")]
impl Transport {
    pub(crate) fn from_tls(tls: impl Into<tokio_rustls::TlsStream<TcpStream>>) -> Self {
        Self(Kind::Tls(Box::new(tls.into())))
    }
}

impl AsyncRead for Transport {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Kind::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            #[cfg(feature = "tls")]
            Kind::Tls(tls) => Pin::new(tls).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    #[inline]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            Kind::Tcp(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            #[cfg(feature = "tls")]
            Kind::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    #[inline]
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            Kind::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            #[cfg(feature = "tls")]
            Kind::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, slices),
        }
    }

    #[inline]
    fn is_write_vectored(&self) -> bool {
        true
    }

    #[inline]
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Kind::Tcp(tcp) => Pin::new(tcp).poll_flush(cx),
            #[cfg(feature = "tls")]
            Kind::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Kind::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            #[cfg(feature = "tls")]
            Kind::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_tls() { "tls" } else { "tcp" };
        f.debug_struct("Transport").field("kind", &kind).field("peer", &self.peer_addr().ok()).finish()
    }
}
