//! The way to an open WebSocket, redirects included.

use super::connect::{self, Deadline, Destination};
#[cfg(feature = "http2")]
use super::http2::Attempt;
use super::redirect;
use super::uri::WsUri;
use super::{Alpn, Client, Observer, Route, Step, handshake, seen};
use crate::error::Unreachable;
use crate::proxy::{Tunnel, Way};
use crate::tcp::Tcp;
use crate::transport::Transport;
use crate::websocket::WebSocket;
use crate::{Error, observe};
use handfast_proto::handshake::ClientRequest;
use std::borrow::Cow;

impl Client {
    pub(super) async fn open(&self) -> Result<WebSocket, Error> {
        let observer = self.observer();
        let (mut uri, mut request) = (Cow::Borrowed(&self.uri), Cow::Borrowed(&self.request));
        let mut followed = 0;
        loop {
            let attempt = self.attempt(&uri, &request, observer);
            let declined = match observe::to_server(&uri.authority, attempt).await {
                Err(Error::Declined(declined)) => declined,
                other => return other,
            };
            let (next, declined) = redirect::next(&uri, declined, followed, self.redirects_max())?;
            followed += 1;
            observer(Step::Redirected { status: declined.status(), to: &next.to_string() });
            // rule: client/redirect-unsafe
            let keeps_credentials = next.is_same_origin(&uri);
            request = Cow::Owned(request.redirected(&next.authority, &next.target, keeps_credentials)?);
            uri = Cow::Owned(next);
        }
    }

    pub(super) fn observer(&self) -> &Observer {
        match &self.observer {
            Some(observer) => &**observer,
            None => &|_| {},
        }
    }

    async fn attempt(
        &self,
        uri: &WsUri,
        request: &ClientRequest,
        observer: &Observer,
    ) -> Result<WebSocket, Error> {
        #[cfg(feature = "http2")]
        let connected = match Box::pin(self.attempt_http2(uri, request, observer)).await? {
            Attempt::Opened(opened) => return Ok(opened),
            Attempt::Http1(connected) => connected,
        };
        #[cfg(not(feature = "http2"))]
        let connected = None;
        let io = match connected {
            Some(io) => io,
            None => {
                self.reach(uri, Alpn::Http1, Deadline::after(self.config.limits.connect_timeout), observer)
                    .await?
            }
        };
        Box::pin(handshake::handshake(io, request, self.config.clone(), &mut seen(observer))).await
    }

    /// A stream to the server, encrypted for `wss://`, where the protocols of `alpn` are offered.
    #[cfg_attr(not(any(unix, feature = "tls")), expect(unused_variables, reason = "nothing can be offered"))]
    pub(super) async fn reach(
        &self,
        uri: &WsUri,
        alpn: Alpn,
        deadline: Deadline,
        observer: &Observer,
    ) -> Result<Transport, Error> {
        let chosen;
        let proxy = match &self.route {
            #[cfg(unix)]
            Route::Unix(path) => return self.reach_unix(path, uri, alpn, deadline, observer).await,
            Route::Direct => None,
            Route::Proxy(proxy) => Some(proxy),
            Route::Environment(environment) => {
                chosen = environment.proxy_for(uri)?;
                chosen.as_ref()
            }
        };
        let tcp: Tcp = match proxy {
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
                        let tls = self.encrypt(uri, *tls, alpn, deadline, observer).await?;
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
            return Ok(Transport::from_tls(self.encrypt(uri, tcp, alpn, deadline, observer).await?));
        }
        Ok(tcp.into())
    }

    #[cfg(unix)]
    #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "nothing can be offered"))]
    async fn reach_unix(
        &self,
        path: &std::path::Path,
        uri: &WsUri,
        alpn: Alpn,
        deadline: Deadline,
        observer: &Observer,
    ) -> Result<Transport, Error> {
        let connecting = tokio::time::timeout_at(deadline.at, tokio::net::UnixStream::connect(path));
        let connected = connecting.await.map_err(|_| deadline.missed(crate::error::Phase::Connect))?;
        let unix = connected.map_err(|error| {
            let (host, resolve) = (path.display().to_string(), Some(error));
            let (port, attempts) = (uri.port, Vec::new());
            let (is_proxy, is_unix) = (false, true);
            Error::Unreachable(Box::new(Unreachable { host, port, is_proxy, is_unix, resolve, attempts }))
        })?;
        observer(Step::ConnectedUnix(path));
        #[cfg(feature = "tls")]
        if uri.is_secure {
            return Ok(Transport::from_tls_unix(self.encrypt(uri, unix, alpn, deadline, observer).await?));
        }
        Ok(unix.into())
    }

    #[cfg(feature = "tls")]
    async fn encrypt<S>(
        &self,
        uri: &WsUri,
        io: S,
        alpn: Alpn,
        deadline: Deadline,
        observer: &Observer,
    ) -> Result<tokio_rustls::client::TlsStream<S>, Error>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    {
        let connecting = Box::pin(self.tls.connect(&uri.host, io, alpn));
        let late = |_| deadline.missed(crate::error::Phase::Connect);
        let (io, version) = tokio::time::timeout_at(deadline.at, connecting).await.map_err(late)??;
        observer(Step::Encrypted(&version));
        Ok(io)
    }
}
