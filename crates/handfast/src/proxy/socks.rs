//! SOCKS5 (RFC 1928), without and with user name and password (RFC 1929).

use super::fault::{ProxyFaultKind, SocksReply};
use super::{Credentials, Failure, Target};
use crate::error::HandshakeCut;
use handfast_proto::error::Excerpt;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

/// Asks the proxy at the other end of `io` for a connection to `target`. Not one byte more than its answers is read.
pub(super) async fn connect<S>(
    io: &mut S,
    target: Target<'_>,
    credentials: Option<&Credentials>,
    deadline: Instant,
) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let exchange = async {
        let mut proxy = Exchange { io, received: Vec::new() };
        proxy.agree(credentials).await?;
        proxy.request(target).await
    };
    timeout_at(deadline, exchange).await.map_err(|_| Failure::Late)?.map_err(Failure::from)
}

struct Exchange<'a, S> {
    io: &'a mut S,
    /// Everything so far, for error messages: at most a few hundred bytes.
    received: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Exchange<'_, S> {
    /// Method and authentication: RFC 1928 section 3, RFC 1929.
    async fn agree(&mut self, credentials: Option<&Credentials>) -> Result<(), ProxyFaultKind> {
        match credentials {
            None => self.write(&[VERSION, 1, NO_AUTHENTICATION]).await?,
            Some(_) => self.write(&[VERSION, 2, NO_AUTHENTICATION, USER_PASSWORD]).await?,
        }
        match (self.read::<2>().await?, credentials) {
            ([VERSION, NO_AUTHENTICATION], _) => Ok(()),
            ([VERSION, USER_PASSWORD], Some((user, password))) => self.authenticate(user, password).await,
            ([VERSION, NO_METHOD], _) => Err(ProxyFaultKind::SocksMethodRefused),
            ([VERSION, method], _) => Err(ProxyFaultKind::SocksMethodNotOffered(method)),
            _ => Err(self.malformed()),
        }
    }

    async fn authenticate(&mut self, user: &[u8], password: &[u8]) -> Result<(), ProxyFaultKind> {
        let mut request = vec![AUTHENTICATION_VERSION];
        for part in [user, password] {
            let length = u8::try_from(part.len()).map_err(|_| ProxyFaultKind::SocksCredentialsLength)?;
            request.push(length);
            request.extend_from_slice(part);
        }
        self.write(&request).await?;
        match self.read::<2>().await? {
            [AUTHENTICATION_VERSION, 0] => Ok(()),
            [AUTHENTICATION_VERSION, status] => Err(ProxyFaultKind::SocksCredentialsRefused(status)),
            _ => Err(self.malformed()),
        }
    }

    /// RFC 1928 sections 4 to 6.
    async fn request(&mut self, target: Target<'_>) -> Result<(), ProxyFaultKind> {
        let mut request = vec![VERSION, CONNECT, 0];
        let port = match target {
            Target::Address(SocketAddr::V4(address)) => {
                request.push(IPV4);
                request.extend_from_slice(&address.ip().octets());
                address.port()
            }
            Target::Address(SocketAddr::V6(address)) => {
                request.push(IPV6);
                request.extend_from_slice(&address.ip().octets());
                address.port()
            }
            Target::Name(host, port) => {
                let length = u8::try_from(host.len()).map_err(|_| ProxyFaultKind::SocksHostTooLong)?;
                request.extend_from_slice(&[NAME, length]);
                request.extend_from_slice(host.as_bytes());
                port
            }
        };
        request.extend_from_slice(&port.to_be_bytes());
        self.write(&request).await?;
        // A refusal is taken at its second byte: what follows it says nothing, and some proxies leave it out.
        match self.read::<2>().await? {
            [VERSION, 0] => {}
            [VERSION, reply] => return Err(ProxyFaultKind::SocksRefused(SocksReply(reply))),
            _ => return Err(self.malformed()),
        }
        // Reserved, and the address that the proxy connects from: of no use here.
        match self.read::<2>().await? {
            [0, IPV4] => drop(self.read::<6>().await?),
            [0, IPV6] => drop(self.read::<18>().await?),
            [0, NAME] => {
                let [length] = self.read::<1>().await?;
                for _ in 0..usize::from(length) + 2 {
                    self.read::<1>().await?;
                }
            }
            _ => return Err(self.malformed()),
        }
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), ProxyFaultKind> {
        let written = async {
            self.io.write_all(bytes).await?;
            self.io.flush().await
        };
        written.await.map_err(|error| self.cut(Some(error)))
    }

    async fn read<const N: usize>(&mut self) -> Result<[u8; N], ProxyFaultKind> {
        let mut bytes = [0; N];
        let mut filled = 0;
        while filled < N {
            match self.io.read(&mut bytes[filled..]).await {
                Ok(0) => return Err(self.cut(None)),
                Ok(count) => {
                    self.received.extend_from_slice(&bytes[filled..filled + count]);
                    filled += count;
                }
                Err(error) => return Err(self.cut(Some(error))),
            }
        }
        Ok(bytes)
    }

    fn malformed(&self) -> ProxyFaultKind {
        ProxyFaultKind::SocksMalformed(Excerpt::new(&self.received))
    }

    fn cut(&self, error: Option<std::io::Error>) -> ProxyFaultKind {
        let (bytes, received) = (self.received.len(), Excerpt::new(&self.received));
        ProxyFaultKind::Cut(Box::new(HandshakeCut { bytes, received, error }))
    }
}

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USER_PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xff;
const AUTHENTICATION_VERSION: u8 = 1;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;
