//! From a name to a connected stream.

use super::uri::WsUri;
use super::{Observer, Step};
use crate::Error;
use crate::error::{Phase, Unreachable};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// Connects to the host's addresses in turn. Each gets its share of the time that is left, so that one that does not answer
/// keeps nobody from the next.
pub(super) async fn connect(
    uri: &WsUri,
    timeout: Duration,
    deadline: Instant,
    observer: &Observer,
) -> Result<TcpStream, Error> {
    let late = |_| Error::Timeout { phase: Phase::Connect, after: timeout };
    let unreachable = |resolve, attempts| {
        let (host, port) = (uri.host.clone(), uri.port);
        Err(Error::Unreachable(Box::new(Unreachable { host, port, resolve, attempts })))
    };
    let addresses = match timeout_at(deadline, resolve(uri)).await.map_err(late)? {
        Ok(addresses) => addresses,
        Err(error) => return unreachable(Some(error), Vec::new()),
    };
    observer(Step::Resolved(&addresses));
    let mut attempts = Vec::new();
    for (at, address) in addresses.iter().enumerate() {
        let now = Instant::now();
        let share =
            deadline.saturating_duration_since(now) / u32::try_from(addresses.len() - at).unwrap_or(u32::MAX);
        observer(Step::Connecting(*address));
        let connected = timeout_at(now + share, TcpStream::connect(address)).await;
        match connected.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time")))
        {
            Ok(tcp) => {
                // It only delays small writes if it fails.
                let _ = tcp.set_nodelay(true);
                observer(Step::Connected(*address));
                return Ok(tcp);
            }
            Err(error) => attempts.push((*address, error)),
        }
    }
    unreachable(None, attempts)
}

async fn resolve(uri: &WsUri) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = uri.host.parse::<IpAddr>() {
        return Ok(vec![(address, uri.port).into()]);
    }
    let addresses: Vec<_> = tokio::net::lookup_host((uri.host.as_str(), uri.port)).await?.collect();
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(addresses)
}
