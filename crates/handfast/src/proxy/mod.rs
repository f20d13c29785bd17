//! Proxies between a client and its server: HTTP `CONNECT` and SOCKS5.

mod environment;
pub(crate) mod fault;
mod http;
mod socks;

pub(crate) use environment::Environment;

use crate::client::connect::{self, Deadline, Destination};
use crate::client::uri::{Place, UriFault, WsUri, host_port};
use crate::client::{Observer, Step};
use crate::error::{Phase, Unreachable};
use crate::{Error, Limits};
use fault::{ProxyFault, ProxyFaultKind};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use tokio::net::TcpStream;

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
    /// RFC 1928, with the server's name resolved here.
    Socks5,
    /// RFC 1928, with the server's name resolved by the proxy.
    Socks5Remote,
}

/// User name and password.
type Credentials = (Vec<u8>, Vec<u8>);

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
    /// port. `named` says where the text comes from; the text itself may hold a password.
    pub(crate) fn parse(text: &str, named: &str) -> Result<Self, Error> {
        let fault = |kind| ProxyFault::new(named.to_owned(), kind);
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let kind = match scheme.to_ascii_lowercase().as_str() {
            "http" => Kind::Http,
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
            Some((user, password)) if kind != Kind::Http && !(fits(user) && fits(password)) => {
                return Err(fault(ProxyFaultKind::SocksCredentialsLength).into());
            }
            Some((user, _)) if kind == Kind::Http && user.contains(&b':') => {
                return Err(fault(ProxyFaultKind::Uri(UriFault::Character(':'))).into());
            }
            _ => {}
        }
        let port = place.port.unwrap_or(PORT);
        Ok(Self { kind, host: place.host, port, credentials: place.userinfo })
    }

    /// Connects to `uri`'s server through this proxy. The stream then belongs to that server.
    pub(crate) async fn connect(
        &self,
        uri: &WsUri,
        local: Option<IpAddr>,
        deadline: Deadline,
        limits: &Limits,
        observer: &Observer,
    ) -> Result<TcpStream, Error> {
        let to_proxy = Destination { host: &self.host, port: self.port, is_proxy: true, local };
        let targets = match self.kind {
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
                    let (proxy, to) = (self.to_string(), uri.host_port());
                    observer(Step::Tunnelled { proxy: &proxy, to: &to });
                    return Ok(tcp);
                }
                // Another address of the same name may do.
                Err(Failure::Fault(ProxyFaultKind::SocksRefused(reply)))
                    if reply.is_about_address() && targets.peek().is_some() => {}
                Err(Failure::Fault(kind)) => return Err(ProxyFault::new(self.to_string(), kind).into()),
                Err(Failure::Late) => return Err(deadline.missed(Phase::Proxy)),
            }
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
        Error::Unreachable(Box::new(Unreachable { host, port, is_proxy: false, resolve, attempts }))
    })
}

impl fmt::Display for Proxy {
    /// Without user name and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            Kind::Http => "http",
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

/// As curl has it, for HTTP proxies too.
const PORT: u16 = 1080;

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
        assert!(fault("https://h:1").contains("http_proxy"), "{}", fault("https://h:1"));
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
