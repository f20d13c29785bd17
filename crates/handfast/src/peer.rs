//! Who is at the other end of a server's connection.

use std::fmt;
use std::net::SocketAddr;

/// Who is at the other end of a server's connection, as far as the socket tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// The client's IP address and port, or its proxy's.
    Ip(SocketAddr),
    /// A process on this machine, over a Unix socket. It has no address;
    /// [`Transport::peer_cred`](crate::Transport::peer_cred) tells whose process it is. Where a proxy listens for the clients,
    /// it is the proxy.
    Unix,
}

impl Peer {
    /// The IP address and port, where there is one: `None` for a Unix socket.
    pub fn addr(self) -> Option<SocketAddr> {
        match self {
            Self::Ip(address) => Some(address),
            Self::Unix => None,
        }
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self::Ip(address)
    }
}

impl fmt::Display for Peer {
    /// Such as `127.0.0.1:49152`, or `unix`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}
