//! What a proxy did wrong, or what is wrong with its URI.

use crate::client::uri::UriFault;
use crate::error::{Declined, HandshakeCut, TlsFault};
use handfast_proto::error::{Excerpt, ResponseFault};
use std::fmt;

/// Why a connection through a proxy was not made. The server behind it heard nothing.
#[derive(Debug)]
pub struct ProxyFault {
    proxy: String,
    kind: ProxyFaultKind,
}

impl ProxyFault {
    pub(crate) fn new(proxy: String, kind: ProxyFaultKind) -> Self {
        Self { proxy, kind }
    }

    /// The proxy's scheme, host and port, without its credentials; or where its unusable URI was given, such as `http_proxy`.
    pub fn proxy(&self) -> &str {
        &self.proxy
    }

    /// What went wrong.
    pub fn kind(&self) -> &ProxyFaultKind {
        &self.kind
    }
}

/// What went wrong with a proxy.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProxyFaultKind {
    /// A scheme other than `http`, `https`, `socks5` and `socks5h`.
    Scheme(String),
    /// The rest of the proxy's URI cannot be used.
    Uri(UriFault),
    /// The TLS handshake with the proxy itself failed, or what is trusted for it is not usable: see
    /// [`Client::proxy_tls`](crate::Client::proxy_tls). (What fails between the server and us, inside the tunnel, is
    /// [`Error::Tls`](crate::Error::Tls).)
    Tls(Box<TlsFault>),
    /// 407: the proxy wants a user name and a password, or others than those that it got.
    AuthenticationRequired(Box<Declined>),
    /// The proxy answered `CONNECT` with another status than 2xx.
    Declined(Box<Declined>),
    /// The proxy's answer to `CONNECT` is not right HTTP.
    FaultyAnswer {
        /// Every fault found.
        faults: Vec<ResponseFault>,
        /// The first bytes of the answer.
        received: Excerpt,
    },
    /// Bytes behind the head of the proxy's 2xx, before we have sent any to the server: they cannot be the server's.
    EarlyBytes(Excerpt),
    /// The proxy closed the connection before its answer was complete.
    Cut(Box<HandshakeCut>),
    /// The SOCKS proxy takes none of the methods of authentication that were offered: it wants a user name and a password
    /// where none were given, or a method that handfast does not have.
    SocksMethodRefused,
    /// The SOCKS proxy chose a method of authentication that was not offered.
    SocksMethodNotOffered(u8),
    /// The SOCKS proxy refused user name and password; with its status, which is not 0.
    SocksCredentialsRefused(u8),
    /// A user name or password for a SOCKS proxy that is empty or longer than 255 bytes (RFC 1929 section 2).
    SocksCredentialsLength,
    /// A host name longer than 255 bytes, which SOCKS cannot name.
    SocksHostTooLong,
    /// The SOCKS proxy did not connect.
    SocksRefused(SocksReply),
    /// Bytes that no SOCKS5 proxy sends.
    SocksMalformed(Excerpt),
}

/// Why a SOCKS proxy did not connect: the REP field of RFC 1928 section 6, not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocksReply(pub u8);

impl SocksReply {
    /// Whether another address of the same server may do.
    pub(crate) fn is_about_address(self) -> bool {
        matches!(self.0, 1 | 3..=6 | 8)
    }
}

impl std::error::Error for ProxyFault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ProxyFaultKind::Uri(fault) => Some(fault),
            ProxyFaultKind::Tls(fault) => Some(&*fault.cause),
            _ => None,
        }
    }
}

impl fmt::Display for ProxyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy {}: {}", self.proxy, self.kind)
    }
}

impl fmt::Display for ProxyFaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme(scheme) => write!(
                f,
                "a proxy's URI begins with http://, https://, socks5:// or socks5h://, this one with {scheme:?}"
            ),
            Self::Uri(fault) => write!(f, "its URI cannot be used: {fault}"),
            Self::Tls(fault) => write!(f, "{}: {}", fault.doing, fault.cause),
            Self::AuthenticationRequired(declined) => {
                f.write_str("it answered 407: it wants a user name and a password (http://user:password@host:port)")?;
                challenge(f, declined)
            }
            Self::Declined(declined) => {
                write!(f, "it answered {} where 200 was wanted", declined.status())?;
                body(f, declined)
            }
            Self::FaultyAnswer { faults, received } => {
                f.write_str("its answer to CONNECT breaks the rules of HTTP")?;
                let mut before = ": ";
                for fault in faults {
                    write!(f, "{before}{fault}")?;
                    before = "; ";
                }
                write!(f, " (received: {received})")
            }
            Self::EarlyBytes(bytes) => {
                write!(f, "it sent bytes behind its answer, before anything was asked of the server: {bytes}")
            }
            Self::Cut(cut) => {
                write!(f, "it closed the connection")?;
                if let Some(error) = &cut.error {
                    write!(f, " ({error})")?;
                }
                match cut.bytes {
                    0 => f.write_str(" without an answer"),
                    bytes => write!(f, " in the middle of its answer, after {bytes} bytes: {}", cut.received),
                }
            }
            Self::SocksMethodRefused => f.write_str(
                "it takes no offered method of authentication: give it a user name and a password (socks5://user:password@host)",
            ),
            Self::SocksMethodNotOffered(method) => {
                write!(f, "it chose the method of authentication {method}, which was not offered")
            }
            Self::SocksCredentialsRefused(status) => {
                write!(f, "it refused user name and password, with the status {status}")
            }
            Self::SocksCredentialsLength => {
                f.write_str("user name and password for SOCKS5 have 1 to 255 bytes each")
            }
            Self::SocksHostTooLong => f.write_str("a host name for SOCKS5 has at most 255 bytes"),
            Self::SocksRefused(reply) => write!(f, "it did not connect: {reply}"),
            Self::SocksMalformed(received) => write!(f, "its answer is not SOCKS5: {received}"),
        }
    }
}

impl fmt::Display for SocksReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self.0 {
            1 => "general failure",
            2 => "not allowed by its rules",
            3 => "the network is unreachable",
            4 => "the host is unreachable, or its name is unknown",
            5 => "the connection was refused",
            6 => "the time to live expired",
            7 => "it does not know CONNECT",
            8 => "it does not know this kind of address",
            _ => "an unassigned reply",
        };
        write!(f, "{words} (reply {})", self.0)
    }
}

fn challenge(f: &mut fmt::Formatter<'_>, declined: &Declined) -> fmt::Result {
    match declined.head.field("proxy-authenticate") {
        Some(challenge) => write!(f, "; it asks for {}", Excerpt::new(challenge)),
        None => Ok(()),
    }
}

fn body(f: &mut fmt::Formatter<'_>, declined: &Declined) -> fmt::Result {
    match declined.body.is_empty() {
        true => Ok(()),
        false => write!(f, ": {}", Excerpt::new(&declined.body)),
    }
}
