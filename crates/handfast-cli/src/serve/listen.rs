//! Where `handfast serve` listens, once for each thread.

use crate::exit::{Exit, Failure};
use handfast::{BindOptions, Error, Server};
use std::fmt;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
#[cfg(unix)]
use std::os::{fd::AsFd, unix::net::UnixListener};
#[cfg(unix)]
use std::path::PathBuf;
use std::str::FromStr;

/// Where to listen.
#[derive(Clone, Debug)]
pub enum Listen {
    /// An address and a port.
    Port(SocketAddr),
    /// The path of a Unix socket.
    #[cfg(unix)]
    Unix(PathBuf),
}

impl FromStr for Listen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("unix:") {
            #[cfg(unix)]
            Some(path) if !path.is_empty() => Ok(Self::Unix(path.into())),
            #[cfg(not(unix))]
            Some(_) => Err("there are no Unix sockets on this system"),
            _ => text
                .parse()
                .map(Self::Port)
                .map_err(|_| "write an IP address with its port, such as 127.0.0.1:8080, or unix:PATH"),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(address) => address.fmt(f),
            #[cfg(unix)]
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Listen {
    /// Binds the first server; `shares` when more are to follow.
    pub async fn bind(&self, shares: bool) -> Result<Server, Failure> {
        match self {
            Self::Port(address) => {
                if shares && address.port() != 0 {
                    // A port that is shared can be bound to again, by another program too. Bound to alone, it shows whether it
                    // is free.
                    bind(*address, false).await?;
                }
                bind(*address, shares).await
            }
            #[cfg(unix)]
            Self::Unix(path) => Server::bind_unix(path).await.map_err(|error| self.failure(&error)),
        }
    }

    /// What another server needs to listen where `first` does.
    pub fn again(&self, first: &Server) -> Result<Again, Failure> {
        match self {
            Self::Port(_) => first.local_addr().map(Again::Port).map_err(|error| self.failure(&error.into())),
            #[cfg(unix)]
            Self::Unix(_) => match first.as_fd().try_clone_to_owned() {
                Ok(copy) => Ok(Again::Unix(copy.into())),
                Err(error) => Err(self.failure(&error.into())),
            },
        }
    }

    /// What to open, for people.
    pub fn served(&self, first: &Server, is_tls: bool) -> Result<String, Failure> {
        let (http, ws) = if is_tls { ("https", "wss") } else { ("http", "ws") };
        match self {
            Self::Port(_) => {
                let address = first.local_addr().map_err(|error| self.failure(&error.into()))?;
                Ok(format!("{http}://{address}/ and {ws}://{address}/echo"))
            }
            #[cfg(unix)]
            Self::Unix(path) => Ok(format!(
                "{http}://localhost/ and {ws}://localhost/echo on {self}: \
                 handfast connect --unix-socket {} {ws}://localhost/echo",
                path.display()
            )),
        }
    }

    fn failure(&self, error: &Error) -> Failure {
        let text = error.to_string();
        let text = match text.contains("cannot listen") {
            true => text,
            false => format!("cannot listen on {self}: {text}"),
        };
        let advice = match error {
            Error::Io(error) => self.advice(error.kind()),
            _ => None,
        };
        Failure::new(
            Exit::Internal,
            format!("{text}{}", advice.map(|advice| format!(". {advice}")).unwrap_or_default()),
        )
    }

    /// What to do about it.
    fn advice(&self, kind: ErrorKind) -> Option<String> {
        match (self, kind) {
            (Self::Port(address), ErrorKind::AddrInUse) => Some(format!(
                "Another program listens there; end it, or take another port: --listen {}:0 takes a free one",
                Host(address.ip())
            )),
            (Self::Port(address), ErrorKind::PermissionDenied) if address.port() < 1024 => Some(format!(
                "Ports below 1024 take rights; take one above, such as --listen {}:8080",
                Host(address.ip())
            )),
            (Self::Port(address), ErrorKind::AddrNotAvailable) => {
                let all = if address.is_ipv4() { "0.0.0.0" } else { "[::]" };
                let port = address.port();
                Some(format!("This machine has no such address; --listen {all}:{port} takes all that it has"))
            }
            #[cfg(unix)]
            (Self::Unix(_), ErrorKind::AddrInUse) => Some("End it, or take another path".to_owned()),
            #[cfg(unix)]
            (Self::Unix(_), ErrorKind::NotFound) => Some("The folder must be there".to_owned()),
            _ => None,
        }
    }
}

/// An address as it stands before a port.
struct Host(IpAddr);

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(ip) => ip.fmt(f),
            IpAddr::V6(ip) => write!(f, "[{ip}]"),
        }
    }
}

/// The way to one more server at the same place, for another thread.
#[derive(Debug)]
pub enum Again {
    /// Bind to the same port.
    Port(SocketAddr),
    /// Accept from the same socket.
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Again {
    /// The server; to be called in the runtime that it will run in.
    pub async fn server(self) -> Result<Server, Failure> {
        match self {
            Self::Port(address) => bind(address, true).await,
            #[cfg(unix)]
            Self::Unix(copy) => tokio::net::UnixListener::from_std(copy)
                .map(Server::from_unix_listener)
                .map_err(|error| Failure::new(Exit::Internal, format!("cannot listen: {error}"))),
        }
    }
}

async fn bind(address: SocketAddr, shares: bool) -> Result<Server, Failure> {
    let options = BindOptions { reuse_port: shares, ..BindOptions::default() };
    Server::bind_with(address, &options).await.map_err(|error| Listen::Port(address).failure(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_to_listen_is_an_address_with_a_port_or_a_path_behind_unix() {
        assert_eq!("[::1]:80".parse::<Listen>().unwrap().to_string(), "[::1]:80");
        for wrong in ["", "unix:", "localhost:80", "127.0.0.1", "/a/path", "unix"] {
            assert!(wrong.parse::<Listen>().is_err(), "{wrong}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_path_is_taken_as_it_is() {
        assert_eq!("unix:a b".parse::<Listen>().unwrap().to_string(), "unix:a b");
        assert_eq!("unix:/run/a:1".parse::<Listen>().unwrap().to_string(), "unix:/run/a:1");
    }
}
