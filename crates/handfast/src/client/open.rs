//! The way to an open WebSocket, redirects included.

use super::connect::{self, Deadline, Destination};
use super::redirect::{self, RedirectFault, RedirectFaultKind};
use super::uri::{UriFault, WsUri};
use super::{Client, Observer, Route, Step, handshake};
use crate::Error;
use crate::error::Unreachable;
use crate::proxy::{Tunnel, Way};
use crate::transport::Transport;
use crate::websocket::WebSocket;
use handfast_proto::handshake::ClientRequest;
use std::borrow::Cow;
use tokio::net::TcpStream;

impl Client {
    pub(super) async fn open(&self) -> Result<WebSocket, Error> {
        let observer: &Observer = match &self.observer {
            Some(observer) => &**observer,
            None => &|_| {},
        };
        let (mut uri, mut request) = (Cow::Borrowed(&self.uri), Cow::Borrowed(&self.request));
        let mut followed = 0;
        loop {
            let declined = match self.attempt(&uri, &request, observer).await {
                Err(Error::Declined(declined)) if self.redirects_max > 0 => declined,
                other => return other,
            };
            let Some(location) = redirect::location(&declined) else {
                return Err(Error::Declined(declined));
            };
            let next = match redirect::resolve(&uri, location) {
                _ if followed == self.redirects_max => Err(RedirectFaultKind::TooMany { followed }),
                Ok(next) if uri.is_secure && !next.is_secure => {
                    Err(RedirectFaultKind::Insecure { to: next.to_string() })
                }
                Ok(next) if next.is_secure && cfg!(not(feature = "tls")) => {
                    Err(RedirectFaultKind::Location(UriFault::TlsNotBuilt))
                }
                Ok(next) => Ok(next),
                Err(fault) => Err(RedirectFaultKind::Location(fault)),
            };
            let next = match next {
                Ok(next) => next,
                Err(kind) => return Err(RedirectFault { declined, kind }.into()),
            };
            followed += 1;
            observer(Step::Redirected { status: declined.status(), to: &next.to_string() });
            // rule: client/redirect-unsafe
            let keeps_credentials = next.is_same_origin(&uri);
            request = Cow::Owned(request.redirected(&next.authority, &next.target, keeps_credentials)?);
            uri = Cow::Owned(next);
        }
    }

    async fn attempt(
        &self,
        uri: &WsUri,
        request: &ClientRequest,
        observer: &Observer,
    ) -> Result<WebSocket, Error> {
        let deadline = Deadline::after(self.connect_timeout);
        let io = self.reach(uri, deadline, observer).await?;
        let mut seen = |seen: handshake::Seen<'_>| match seen {
            handshake::Seen::Sent(bytes) => observer(Step::RequestSent(bytes)),
            handshake::Seen::Received(bytes) => observer(Step::AnswerReceived(bytes)),
        };
        Box::pin(handshake::handshake(io, request, self.config.clone(), &mut seen)).await
    }

    async fn reach(&self, uri: &WsUri, deadline: Deadline, observer: &Observer) -> Result<Transport, Error> {
        let chosen;
        let proxy = match &self.route {
            #[cfg(unix)]
            Route::Unix(path) => return self.reach_unix(path, uri, deadline, observer).await,
            Route::Direct => None,
            Route::Proxy(proxy) => Some(proxy),
            Route::Environment(environment) => {
                chosen = environment.proxy_for(uri)?;
                chosen.as_ref()
            }
        };
        let tcp: TcpStream = match proxy {
            Some(proxy) => {
                let way = Way {
                    local: self.local,
                    deadline,
                    limits: &self.config.limits,
                    #[cfg(feature = "tls")]
                    tls: &self.proxy_tls,
                    observer,
                };
                match Box::pin(proxy.connect(uri, way)).await? {
                    Tunnel::Plain(tcp) => tcp,
                    #[cfg(feature = "tls")]
                    Tunnel::Encrypted(tls) if uri.is_secure => {
                        let tls = self.encrypt(uri, *tls, deadline, observer).await?;
                        return Ok(Transport::from_tls_in_tls(tls));
                    }
                    #[cfg(feature = "tls")]
                    Tunnel::Encrypted(tls) => return Ok(Transport::from_proxy_tls(tls)),
                }
            }
            None => {
                let to = Destination { host: &uri.host, port: uri.port, is_proxy: false, local: self.local };
                connect::connect(to, deadline, observer).await?
            }
        };
        #[cfg(feature = "tls")]
        if uri.is_secure {
            return Ok(Transport::from_tls(self.encrypt(uri, tcp, deadline, observer).await?));
        }
        Ok(tcp.into())
    }

    #[cfg(unix)]
    async fn reach_unix(
        &self,
        path: &std::path::Path,
        uri: &WsUri,
        deadline: Deadline,
        observer: &Observer,
    ) -> Result<Transport, Error> {
        let connecting = tokio::time::timeout_at(deadline.at, tokio::net::UnixStream::connect(path));
        let connected = connecting.await.map_err(|_| deadline.missed(crate::error::Phase::Connect))?;
        let unix = connected.map_err(|error| {
            let (host, resolve) = (path.display().to_string(), Some(error));
            let (port, attempts) = (uri.port, Vec::new());
            Error::Unreachable(Box::new(Unreachable { host, port, is_proxy: false, resolve, attempts }))
        })?;
        observer(Step::ConnectedUnix(path));
        #[cfg(feature = "tls")]
        if uri.is_secure {
            return Ok(Transport::from_tls_unix(self.encrypt(uri, unix, deadline, observer).await?));
        }
        Ok(unix.into())
    }

    #[cfg(feature = "tls")]
    async fn encrypt<S>(
        &self,
        uri: &WsUri,
        io: S,
        deadline: Deadline,
        observer: &Observer,
    ) -> Result<tokio_rustls::client::TlsStream<S>, Error>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    {
        let connecting = Box::pin(self.tls.connect(&uri.host, io));
        let late = |_| deadline.missed(crate::error::Phase::Connect);
        let (io, version) = tokio::time::timeout_at(deadline.at, connecting).await.map_err(late)??;
        observer(Step::Encrypted(&version));
        Ok(io)
    }
}
