//! Proxies between a client and its server: HTTP `CONNECT`, plain and over TLS, and SOCKS5.

mod environment;
pub(crate) mod fault;
mod http;
mod socks;

pub(crate) use environment::Environment;

use crate::client::connect::{self, Deadline, Destination};
use crate::client::uri::{Place, UriFault, WsUri, host_port};
use crate::client::{Observer, Step};
use crate::error::{Phase, Unreachable};
use crate::tcp::Tcp;
use crate::{Error, Limits};
use fault::{ProxyFault, ProxyFaultKind};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
#[cfg(feature = "tls")]
use tokio::time::timeout_at;
#[cfg(feature = "tls")]
use tokio_rustls::client::TlsStream;

/// A proxy to go through.
#[derive(Clone)]
pub(crate) struct Proxy {
    kind: Kind,
    host: String,
    port: u16,
    credentials: Option<Credentials>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// RFC 9110 section 9.3.6.
    Http,
    /// The same, inside TLS.
    #[cfg(feature = "tls")]
    Https,
    /// RFC 1928, with the server's name resolved here.
    Socks5,
    /// RFC 1928, with the server's name resolved by the proxy.
    Socks5Remote,
}

/// User name and password.
type Credentials = (Vec<u8>, Vec<u8>);

impl Kind {
    fn is_socks(self) -> bool {
        matches!(self, Self::Socks5 | Self::Socks5Remote)
    }

    /// The port of a URI without one, as curl has it.
    fn default_port(self) -> u16 {
        match self {
            #[cfg(feature = "tls")]
            Self::Https => 443,
            Self::Http | Self::Socks5 | Self::Socks5Remote => 1080,
        }
    }
}

/// What a proxy is reached by.
#[derive(Clone, Copy)]
pub(crate) struct Way<'a> {
    pub(crate) local: Option<IpAddr>,
    pub(crate) deadline: Deadline,
    pub(crate) limits: &'a Limits,
    /// Which proxies are trusted.
    #[cfg(feature = "tls")]
    pub(crate) tls: &'a crate::TlsConfig,
    pub(crate) observer: &'a Observer,
}

/// A stream that belongs to the server.
pub(crate) enum Tunnel {
    Plain(Tcp),
    /// Encrypted as far as the proxy.
    #[cfg(feature = "tls")]
    Encrypted(Box<TlsStream<Tcp>>),
}

/// Why a tunnel was not made.
enum Failure {
    Fault(ProxyFaultKind),
    Late,
}

impl From<ProxyFaultKind> for Failure {
    fn from(kind: ProxyFaultKind) -> Self {
        Self::Fault(kind)
    }
}

impl Proxy {
    /// Reads `[scheme://][user:password@]host[:port]`, as curl does: `http` is meant without a scheme, and 1080 without a
    /// port, but 443 for `https`. `named` says where the text comes from; the text itself may hold a password.
    pub(crate) fn parse(text: &str, named: &str) -> Result<Self, Error> {
        let fault = |kind| ProxyFault::new(named.to_owned(), kind);
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let kind = match scheme.to_ascii_lowercase().as_str() {
            "http" => Kind::Http,
            #[cfg(feature = "tls")]
            "https" => Kind::Https,
            #[cfg(not(feature = "tls"))]
            "https" => return Err(fault(ProxyFaultKind::Uri(UriFault::TlsNotBuilt)).into()),
            "socks5" => Kind::Socks5,
            "socks5h" => Kind::Socks5Remote,
            _ => return Err(fault(ProxyFaultKind::Scheme(scheme.chars().take(32).collect())).into()),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, behind) = rest.split_at(end);
        if behind.len() > 1 || behind.starts_with(['?', '#']) {
            // Most often a character of the password.
            let wrong = behind.chars().next().unwrap_or('/');
            return Err(fault(ProxyFaultKind::Uri(UriFault::Character(wrong))).into());
        }
        let place = Place::parse(authority).map_err(|wrong| fault(ProxyFaultKind::Uri(wrong)))?;
        let fits = |part: &Vec<u8>| (1..=255).contains(&part.len());
        match &place.userinfo {
            Some((user, password)) if kind.is_socks() && !(fits(user) && fits(password)) => {
                return Err(fault(ProxyFaultKind::SocksCredentialsLength).into());
            }
            Some((user, _)) if !kind.is_socks() && user.contains(&b':') => {
                return Err(fault(ProxyFaultKind::Uri(UriFault::Character(':'))).into());
            }
            _ => {}
        }
        let port = place.port.unwrap_or(kind.default_port());
        Ok(Self { kind, host: place.host, port, credentials: place.userinfo })
    }

    /// Connects to `uri`'s server through this proxy. The stream then belongs to that server.
    pub(crate) async fn connect(&self, uri: &WsUri, way: Way<'_>) -> Result<Tunnel, Error> {
        let Way { local, deadline, limits, observer, .. } = way;
        let to_proxy = Destination { host: &self.host, port: self.port, is_proxy: true, local };
        let targets = match self.kind {
            #[cfg(feature = "tls")]
            Kind::Https => {
                let tcp = connect::connect(to_proxy, deadline, observer).await?;
                return Box::pin(self.connect_encrypted(uri, tcp, way)).await;
            }
            Kind::Http => Vec::new(),
            Kind::Socks5 => resolved(uri, deadline).await?.into_iter().map(Target::Address).collect(),
            Kind::Socks5Remote => vec![match uri.host.parse::<IpAddr>() {
                Ok(address) => Target::Address((address, uri.port).into()),
                Err(_) => Target::Name(&uri.host, uri.port),
            }],
        };
        let mut targets = targets.into_iter().peekable();
        loop {
            let mut tcp = connect::connect(to_proxy, deadline, observer).await?;
            let made = match targets.next() {
                None => {
                    let credentials = self.credentials.as_ref();
                    http::connect(&mut tcp, &uri.host_port(), credentials, limits, deadline.at).await
                }
                Some(target) => {
                    socks::connect(&mut tcp, target, self.credentials.as_ref(), deadline.at).await
                }
            };
            match made {
                Ok(()) => {
                    self.tell_tunnelled(uri, observer);
                    return Ok(Tunnel::Plain(tcp));
                }
                // Another address of the same name may do.
                Err(Failure::Fault(ProxyFaultKind::SocksRefused(reply)))
                    if reply.is_about_address() && targets.peek().is_some() => {}
                Err(failure) => return Err(self.error(failure, deadline)),
            }
        }
    }

    /// As [`Proxy::connect`], inside TLS with the proxy.
    // rule: client/tls-missing
    #[cfg(feature = "tls")]
    async fn connect_encrypted(&self, uri: &WsUri, tcp: Tcp, way: Way<'_>) -> Result<Tunnel, Error> {
        let Way { deadline, limits, tls, observer, .. } = way;
        let encrypted =
            timeout_at(deadline.at, tls.connect(&self.host, tcp, crate::client::Alpn::Http1)).await;
        let (mut io, version) = match encrypted {
            Ok(Ok(encrypted)) => encrypted,
            Ok(Err(Error::Tls(mut fault))) => {
                if fault.doing == crate::tls::WITH_SERVER {
                    fault.doing = "the TLS handshake with the proxy failed";
                }
                return Err(self.error(ProxyFaultKind::Tls(fault).into(), deadline));
            }
            Ok(Err(other)) => return Err(other),
            Err(_) => return Err(self.error(Failure::Late, deadline)),
        };
        observer(Step::ProxyEncrypted { proxy: &self.to_string(), version: &version });
        http::connect(&mut io, &uri.host_port(), self.credentials.as_ref(), limits, deadline.at)
            .await
            .map_err(|failure| self.error(failure, deadline))?;
        self.tell_tunnelled(uri, observer);
        Ok(Tunnel::Encrypted(Box::new(io)))
    }

    fn tell_tunnelled(&self, uri: &WsUri, observer: &Observer) {
        observer(Step::Tunnelled { proxy: &self.to_string(), to: &uri.host_port() });
    }

    fn error(&self, failure: Failure, deadline: Deadline) -> Error {
        match failure {
            Failure::Fault(kind) => ProxyFault::new(self.to_string(), kind).into(),
            Failure::Late => deadline.missed(Phase::Proxy),
        }
    }
}

/// What a SOCKS proxy is asked to connect to.
#[derive(Clone, Copy, Debug)]
enum Target<'a> {
    Address(SocketAddr),
    Name(&'a str, u16),
}

async fn resolved(uri: &WsUri, deadline: Deadline) -> Result<Vec<SocketAddr>, Error> {
    let to = Destination { host: &uri.host, port: uri.port, is_proxy: false, local: None };
    connect::addresses(to, deadline).await?.map_err(|error| {
        let (host, port) = (uri.host.clone(), uri.port);
        let (resolve, attempts) = (Some(error), Vec::new());
        let (is_proxy, is_unix) = (false, false);
        Error::Unreachable(Box::new(Unreachable { host, port, is_proxy, is_unix, resolve, attempts }))
    })
}

impl fmt::Display for Proxy {
    /// Without user name and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            Kind::Http => "http",
            #[cfg(feature = "tls")]
            Kind::Https => "https",
            Kind::Socks5 => "socks5",
            Kind::Socks5Remote => "socks5h",
        };
        write!(f, "{scheme}://{}", host_port(&self.host, self.port))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Proxy::parse(text, "x").unwrap().to_string()
    }

    fn fault(text: &str) -> String {
        Proxy::parse(text, "http_proxy").unwrap_err().to_string()
    }

    #[test]
    fn a_proxy_is_written_as_for_curl() {
        assert_eq!(shown("proxy.example"), "http://proxy.example:1080");
        assert_eq!(shown("127.0.0.1:3128"), "http://127.0.0.1:3128");
        assert_eq!(shown("HTTP://a:b@Proxy.example:8080/"), "http://proxy.example:8080");
        #[cfg(feature = "tls")]
        assert_eq!(shown("https://a:b@proxy.example"), "https://proxy.example:443");
        assert_eq!(shown("socks5://[::1]"), "socks5://[::1]:1080");
        assert_eq!(shown("socks5h://u:p@h:9050"), "socks5h://h:9050");
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        let proxy = Proxy::parse("http://us%3Fer:p%40ss@h:1", "x").unwrap();
        assert_eq!(proxy.credentials, Some((b"us?er".to_vec(), b"p@ss".to_vec())));
        assert!(!format!("{proxy} {proxy:?}").contains("ss"), "{proxy:?}");
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_showing_it() {
        assert!(fault("ftp://h:1").contains("http_proxy"), "{}", fault("ftp://h:1"));
        assert!(fault("socks4://h").contains("socks4"));
        for text in ["http://user:sec/ret@h:1", "http://user:sec#ret@h:1", "http://user:sec?ret@h:1"] {
            let fault = fault(text);
            assert!(fault.contains("must be percent-encoded") || fault.contains("write %"), "{fault}");
            assert!(!fault.contains("sec") && !fault.contains("ret@"), "{fault}");
        }
        for text in ["http://", "http://h:0", "http://h:x", "http://a b", "http://h/path", "http://a%3Ab:c@h"]
        {
            assert!(Proxy::parse(text, "x").is_err(), "{text}");
        }
        for text in ["socks5://user@h", "socks5://:pw@h", &format!("socks5://{}:p@h", "u".repeat(256))] {
            assert!(fault(text).contains("1 to 255 bytes"), "{text}");
        }
    }
}
