//! Raw connections to the target: TCP, then TLS where the URL asks for it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::target::Target;

/// A byte stream of any kind.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// An open stream.
pub(crate) type Stream = Box<dyn Duplex>;

/// The addresses of a target: those given by the user for it, else those of the name.
pub(crate) async fn addresses(target: &Target, given: &[SocketAddr]) -> io::Result<Vec<SocketAddr>> {
    if !given.is_empty() {
        return Ok(given.to_vec());
    }
    Ok(lookup_host((target.host.as_str(), target.port)).await?.collect())
}

/// Opens TCP with a deadline.
pub(crate) async fn tcp(address: SocketAddr, deadline: Duration) -> io::Result<TcpStream> {
    let stream = timeout(deadline, TcpStream::connect(address)).await??;
    // Single bytes must leave as single segments.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Opens TLS on it with a deadline; gives back the protocol that ALPN chose, if any.
pub(crate) async fn tls(
    stream: TcpStream,
    host: &str,
    config: Arc<ClientConfig>,
    deadline: Duration,
) -> io::Result<(Stream, String)> {
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let stream = timeout(deadline, TlsConnector::from(config).connect(name, stream)).await??;
    let session = stream.get_ref().1;
    let version = session.protocol_version().map_or_else(String::new, |version| format!("{version:?}"));
    let chosen =
        session.alpn_protocol().map_or_else(String::new, |name| String::from_utf8_lossy(name).into_owned());
    Ok((Box::new(stream), format!("{version} {chosen}").trim().to_owned()))
}
