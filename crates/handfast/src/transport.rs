//! What carries a WebSocket: TCP or a Unix socket, or TLS over it.

#[cfg(feature = "http2")]
use crate::http2::stream::Stream;
use crate::tcp::Tcp;
use socket2::SockRef;
use std::fmt;
use std::io::{self, IoSlice, Read};
use std::net::SocketAddr;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// The stream under a WebSocket that this crate opened or accepted itself.
pub struct Transport(Kind);

enum Kind {
    Tcp(Tcp),
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::TlsStream<Tcp>>),
    /// Encrypted as far as the proxy only.
    #[cfg(feature = "tls")]
    ProxyTls(Box<ToServer<Tcp>>),
    /// Encrypted as far as the server, inside what is encrypted as far as the proxy.
    #[cfg(feature = "tls")]
    TlsInTls(Box<ToServer<ToServer<Tcp>>>),
    #[cfg(unix)]
    Unix(UnixStream),
    #[cfg(all(unix, feature = "tls"))]
    TlsUnix(Box<tokio_rustls::TlsStream<UnixStream>>),
    #[cfg(feature = "http2")]
    Stream(Box<Stream>),
}

/// A client's end of TLS.
#[cfg(feature = "tls")]
type ToServer<S> = tokio_rustls::client::TlsStream<S>;

/// Does the same with whichever stream it is.
macro_rules! with {
    ($kind:expr, $io:ident => $done:expr) => {
        match $kind {
            Kind::Tcp($io) => $done,
            #[cfg(feature = "tls")]
            Kind::Tls($io) => $done,
            #[cfg(feature = "tls")]
            Kind::ProxyTls($io) => $done,
            #[cfg(feature = "tls")]
            Kind::TlsInTls($io) => $done,
            #[cfg(unix)]
            Kind::Unix($io) => $done,
            #[cfg(all(unix, feature = "tls"))]
            Kind::TlsUnix($io) => $done,
            #[cfg(feature = "http2")]
            Kind::Stream($io) => $done,
        }
    };
}

impl Transport {
    /// The address of the other end: of the proxy, if there is one. Fails when the socket is not connected any more, and
    /// with [`io::ErrorKind::Unsupported`] for a Unix socket.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        #[cfg(feature = "http2")]
        if let Kind::Stream(stream) = &self.0 {
            return stream.place.peer.ok_or_else(no_ip_address);
        }
        self.tcp()?.peer_addr()
    }

    /// The address of this end. Fails as [`Transport::peer_addr`] does.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        #[cfg(feature = "http2")]
        if let Kind::Stream(stream) = &self.0 {
            return stream.place.local.ok_or_else(no_ip_address);
        }
        self.tcp()?.local_addr()
    }

    /// User, group and, where the system tells it, process at the other end of a Unix socket, as they were when it connected.
    /// Fails with [`io::ErrorKind::Unsupported`] for anything else, and inside HTTP/2.
    #[cfg(unix)]
    pub fn peer_cred(&self) -> io::Result<tokio::net::unix::UCred> {
        match &self.0 {
            Kind::Unix(unix) => unix.peer_cred(),
            #[cfg(feature = "tls")]
            Kind::TlsUnix(tls) => tls.get_ref().0.peer_cred(),
            _ => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "only a Unix socket tells whose process it is",
            )),
        }
    }

    /// Whether the bytes are encrypted between the two ends of the WebSocket. TLS as far as a proxy does not count.
    pub fn is_tls(&self) -> bool {
        match &self.0 {
            Kind::Tcp(_) => false,
            #[cfg(feature = "tls")]
            Kind::Tls(_) | Kind::TlsInTls(_) => true,
            #[cfg(feature = "tls")]
            Kind::ProxyTls(_) => false,
            #[cfg(unix)]
            Kind::Unix(_) => false,
            #[cfg(all(unix, feature = "tls"))]
            Kind::TlsUnix(_) => true,
            #[cfg(feature = "http2")]
            Kind::Stream(stream) => stream.place.is_tls,
        }
    }

    /// Reads what lies ready, without asking the runtime, which learns of it only later. 0 when there is nothing, when the
    /// connection ended (the next read tells), and for anything encrypted.
    pub(crate) fn read_early(&self, buffer: &mut [u8]) -> usize {
        match &self.0 {
            Kind::Tcp(tcp) => tcp.socket().deref().read(buffer).unwrap_or(0),
            #[cfg(unix)]
            Kind::Unix(unix) => SockRef::from(unix).deref().read(buffer).unwrap_or(0),
            #[cfg(any(feature = "tls", feature = "http2"))]
            _ => 0,
        }
    }

    /// Sends small writes at once. They are only delayed if it fails.
    pub(crate) fn set_nodelay(&self) {
        if let Ok(tcp) = self.tcp() {
            let _ = tcp.socket().set_tcp_nodelay(true);
        }
    }

    fn tcp(&self) -> io::Result<&Tcp> {
        match &self.0 {
            Kind::Tcp(tcp) => Ok(tcp),
            #[cfg(feature = "tls")]
            Kind::Tls(tls) => Ok(tls.get_ref().0),
            #[cfg(feature = "tls")]
            Kind::ProxyTls(tls) => Ok(tls.get_ref().0),
            #[cfg(feature = "tls")]
            Kind::TlsInTls(tls) => Ok(tls.get_ref().0.get_ref().0),
            #[cfg(any(unix, feature = "http2"))]
            _ => Err(no_ip_address()),
        }
    }
}

/// What is said where an address is asked for that is none of IP.
pub(crate) fn no_ip_address() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "a Unix socket has no IP address")
}

impl From<TcpStream> for Transport {
    fn from(tcp: TcpStream) -> Self {
        Self(Kind::Tcp(tcp.into()))
    }
}

impl From<Tcp> for Transport {
    fn from(tcp: Tcp) -> Self {
        Self(Kind::Tcp(tcp))
    }
}

#[cfg(unix)]
impl From<UnixStream> for Transport {
    fn from(unix: UnixStream) -> Self {
        Self(Kind::Unix(unix))
    }
}

#[cfg(feature = "tls")]
impl Transport {
    pub(crate) fn from_tls(tls: impl Into<tokio_rustls::TlsStream<Tcp>>) -> Self {
        Self(Kind::Tls(Box::new(tls.into())))
    }

    /// In the clear inside a proxy's TLS.
    pub(crate) fn from_proxy_tls(tls: Box<ToServer<Tcp>>) -> Self {
        Self(Kind::ProxyTls(tls))
    }

    /// Encrypted inside a proxy's TLS.
    pub(crate) fn from_tls_in_tls(tls: ToServer<ToServer<Tcp>>) -> Self {
        Self(Kind::TlsInTls(Box::new(tls)))
    }

    /// Runs the server's TLS handshake over a plain stream.
    pub(crate) async fn accept_tls(self, tls: &tokio_rustls::TlsAcceptor) -> io::Result<Self> {
        match self.0 {
            Kind::Tcp(tcp) => tls.accept(tcp).await.map(Self::from_tls),
            #[cfg(unix)]
            Kind::Unix(unix) => tls.accept(unix).await.map(Self::from_tls_unix),
            Kind::Tls(_) | Kind::ProxyTls(_) | Kind::TlsInTls(_) => Err(io::ErrorKind::Unsupported.into()),
            #[cfg(unix)]
            Kind::TlsUnix(_) => Err(io::ErrorKind::Unsupported.into()),
            #[cfg(feature = "http2")]
            Kind::Stream(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    #[cfg(unix)]
    pub(crate) fn from_tls_unix(tls: impl Into<tokio_rustls::TlsStream<UnixStream>>) -> Self {
        Self(Kind::TlsUnix(Box::new(tls.into())))
    }
}

#[cfg(feature = "http2")]
impl Transport {
    /// The stream, where HTTP/2 carries it.
    pub(crate) fn stream(&mut self) -> Option<&mut Stream> {
        match &mut self.0 {
            Kind::Stream(stream) => Some(stream),
            _ => None,
        }
    }

    /// Whether TLS has agreed on HTTP/2 (RFC 9113 section 3.2).
    pub(crate) fn is_http2(&self) -> bool {
        self.protocol() == Some(b"h2")
    }

    /// The protocol that TLS has agreed on, if it has (RFC 7301).
    pub(crate) fn protocol(&self) -> Option<&[u8]> {
        match &self.0 {
            #[cfg(feature = "tls")]
            Kind::Tls(tls) => tls.get_ref().1.alpn_protocol(),
            #[cfg(feature = "tls")]
            Kind::TlsInTls(tls) => tls.get_ref().1.alpn_protocol(),
            #[cfg(all(unix, feature = "tls"))]
            Kind::TlsUnix(tls) => tls.get_ref().1.alpn_protocol(),
            _ => None,
        }
    }
}

#[cfg(feature = "http2")]
impl From<Stream> for Transport {
    fn from(stream: Stream) -> Self {
        Self(Kind::Stream(Box::new(stream)))
    }
}

impl AsyncRead for Transport {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        with!(&mut self.get_mut().0, io => Pin::new(io).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Transport {
    #[inline]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        with!(&mut self.get_mut().0, io => Pin::new(io).poll_write(cx, bytes))
    }

    #[inline]
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        with!(&mut self.get_mut().0, io => Pin::new(io).poll_write_vectored(cx, slices))
    }

    #[inline]
    fn is_write_vectored(&self) -> bool {
        true
    }

    #[inline]
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        with!(&mut self.get_mut().0, io => Pin::new(io).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        with!(&mut self.get_mut().0, io => Pin::new(io).poll_shutdown(cx))
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match (self.is_tls(), self.tcp().is_ok()) {
            #[cfg(feature = "http2")]
            _ if matches!(self.0, Kind::Stream(_)) => "http/2",
            (false, true) => "tcp",
            (true, true) => "tls",
            (false, false) => "unix",
            (true, false) => "tls over unix",
        };
        f.debug_struct("Transport").field("kind", &kind).field("peer", &self.peer_addr().ok()).finish()
    }
}
