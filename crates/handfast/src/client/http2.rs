//! WebSockets over HTTP/2 (RFC 8441): whether it is used, and connections that many WebSockets share.

use super::connect::Deadline;
use super::redirect::{self, RedirectFault, RedirectFaultKind};
use super::uri::WsUri;
use super::{Alpn, Client, Observer, Step};
use crate::error::Http2Fault;
use crate::http2::exchange;
use crate::http2::session::Session;
use crate::transport::Transport;
use crate::websocket::WebSocket;
use crate::{Error, observe};
use handfast_proto::error::Excerpt;
use handfast_proto::handshake::ClientRequest;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::time::Instant;

/// Whether a [`Client`] uses HTTP/2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Http2 {
    /// HTTP/1.1 only.
    #[default]
    Never,
    /// HTTP/2 where a `wss://` server agrees on it by ALPN (RFC 7301) and takes WebSockets over it, else HTTP/1.1: on the same
    /// connection where TLS agreed on no HTTP/2; on another one where the SETTINGS lack
    /// `SETTINGS_ENABLE_CONNECT_PROTOCOL`, or the server answers `HTTP_1_1_REQUIRED`. [`Step::Http2Unavailable`] tells. An
    /// answer of another status than 2xx is an answer, and is not asked for again.
    ///
    /// `ws://` uses HTTP/1.1, since nothing can be agreed on.
    Prefer,
    /// HTTP/2 or [`Error::Http2`]: over `wss://` only `h2` is offered, over `ws://` the server has to know it beforehand ("prior
    /// knowledge", RFC 9113 section 3.3).
    Require,
}

impl Client {
    /// Whether HTTP/2 carries the WebSocket: [`Http2::Never`] by default. Each [`Client::connect`] makes a connection of its own
    /// for it; [`Client::connect_http2`] makes one for many.
    ///
    /// Fields that HTTP/2 does not have, such as `Keep-Alive`, are left out there, and all names are in lower case.
    ///
    /// What is sent over HTTP/2 is written by a task of the connection: a program that ends right after a `send` may take it along.
    /// [`WebSocket::close`](crate::WebSocket::close) waits until the server has read all of it.
    #[must_use]
    pub fn http2(mut self, http2: Http2) -> Self {
        self.http2 = http2;
        self
    }

    /// Connects to the server over HTTP/2 and waits until it has said that it takes WebSockets (RFC 8441 section 3), whatever
    /// [`Client::http2`] says. No WebSocket is opened yet: [`Http2Connection::open`] does.
    ///
    /// From the first byte of HTTP/2 on, [`Limits::handshake_timeout`](crate::Limits::handshake_timeout) holds. Cancel safe:
    /// dropping the future closes what was begun.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`], [`Error::Proxy`], [`Error::Tls`], [`Error::Timeout`] as [`Client::connect`];
    /// [`Error::Http2`] when the server does not speak HTTP/2 ([`Http2Fault::NotAgreed`], [`Http2Fault::NotSpoken`]) or takes
    /// no WebSockets over it ([`Http2Fault::ConnectProtocolMissing`]); [`Error::HandshakeCut`] when the connection ends
    /// before it has told.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), handfast::Error> {
    /// let server = handfast::Client::new("wss://host.example/")?.connect_http2().await?;
    /// let mut news = server.open("wss://host.example/news").await?;
    /// let mut chat = server.open("wss://host.example/chat").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect_http2(&self) -> Result<Http2Connection, Error> {
        let observer = self.observer();
        let io = self.reach_http2(&self.uri, observer).await?;
        let session = self.begin(io, observer, self.handshake_deadline()).await?;
        Ok(Http2Connection { session: Arc::new(session), client: self.clone() })
    }

    /// One attempt to open a WebSocket over HTTP/2; without it, what to go on with by HTTP/1.1.
    pub(super) async fn attempt_http2(
        &self,
        uri: &WsUri,
        request: &ClientRequest,
        observer: &Observer,
    ) -> Result<Attempt, Error> {
        let fell_back = |fault: &Http2Fault| {
            observe::fell_back(fault);
            observer(Step::Http2Unavailable(fault));
        };
        let io = match self.http2 {
            Http2::Never => return Ok(Attempt::Http1(None)),
            Http2::Prefer if !uri.is_secure => {
                fell_back(&Http2Fault::Unencrypted);
                return Ok(Attempt::Http1(None));
            }
            Http2::Prefer => {
                let io = self.reach(uri, Alpn::Both, self.connect_deadline(), observer).await?;
                if !io.is_http2() {
                    fell_back(&not_agreed(&io));
                    return Ok(Attempt::Http1(Some(io)));
                }
                io
            }
            Http2::Require => self.reach_http2(uri, observer).await?,
        };
        let deadline = self.handshake_deadline();
        let opening = async {
            let session = self.begin(io, observer, deadline).await?;
            self.exchange(&session, request, observer, deadline).await
        };
        match Box::pin(opening).await {
            Err(Error::Http2(fault)) if self.http2 == Http2::Prefer && fault.leaves_http1() => {
                fell_back(&fault);
                Ok(Attempt::Http1(None))
            }
            Err(error) => Err(error),
            Ok(opened) => Ok(Attempt::Opened(opened)),
        }
    }

    /// A stream on which HTTP/2 is agreed on, or known beforehand.
    async fn reach_http2(&self, uri: &WsUri, observer: &Observer) -> Result<Transport, Error> {
        let io = self.reach(uri, Alpn::Http2, self.connect_deadline(), observer).await?;
        match uri.is_secure && !io.is_http2() {
            true => Err(not_agreed(&io).into()),
            false => Ok(io),
        }
    }

    async fn begin(&self, io: Transport, observer: &Observer, deadline: Instant) -> Result<Session, Error> {
        let session = Box::pin(Session::begin(io, &self.config.limits, deadline)).await;
        match &session {
            Ok(_) => observer(Step::Http2),
            Err(error) => observe::failed(crate::Role::Client, error),
        }
        session
    }

    async fn exchange(
        &self,
        session: &Session,
        request: &ClientRequest,
        observer: &Observer,
        deadline: Instant,
    ) -> Result<WebSocket, Error> {
        let mut seen = super::seen(observer);
        exchange::handshake(session, request, self.config.clone(), deadline, &mut seen).await
    }

    fn connect_deadline(&self) -> Deadline {
        Deadline::after(self.config.limits.connect_timeout)
    }

    fn handshake_deadline(&self) -> Instant {
        crate::moment::after(Instant::now(), self.config.limits.handshake_timeout)
    }
}

/// What an attempt over HTTP/2 came to.
pub(super) enum Attempt {
    Opened(WebSocket),
    /// Over HTTP/1.1, on this connection if there is one.
    Http1(Option<Transport>),
}

fn not_agreed(io: &Transport) -> Http2Fault {
    Http2Fault::NotAgreed(io.protocol().map(Excerpt::new))
}

/// An HTTP/2 connection to a server that takes WebSockets: each is a stream of it, and all share TCP, TLS and the compression
/// of heads. Made by [`Client::connect_http2`]. Clones share the connection.
///
/// A WebSocket that is not read holds back its own stream only. The connection stays until this, all its clones and all its
/// WebSockets are gone; when it is lost, so are all of them. When the server takes no new streams any more
/// ([`Http2Fault::GoneAway`]), those that are open go on; connect anew for more.
#[derive(Clone)]
pub struct Http2Connection {
    session: Arc<Session>,
    client: Client,
}

impl Http2Connection {
    /// Opens a WebSocket at this URI, with the options of the [`Client`] that made the connection: fields, subprotocols,
    /// compression, configuration. [`Client::redirects`] are followed where they stay with the origin. User name and
    /// password in the URI replace any `Authorization`.
    ///
    /// Cancel safe: dropping the future resets the stream, and no other.
    ///
    /// # Errors
    ///
    /// [`Error::Uri`]; [`Error::Http2`] for a URI with another scheme, host or port ([`Http2Fault::OtherOrigin`]), when the
    /// server allows no more streams at a time ([`Http2Fault::StreamsExhausted`]) or at all ([`Http2Fault::GoneAway`]), and
    /// when it resets the stream ([`Http2Fault::Reset`]); [`Error::Declined`] for an answer other than 2xx,
    /// [`Error::FaultyAnswer`], [`Error::HandshakeCut`], [`Error::Redirect`], and [`Error::Timeout`] after
    /// [`Limits::handshake_timeout`](crate::Limits::handshake_timeout).
    pub async fn open(&self, uri: &str) -> Result<WebSocket, Error> {
        self.open_with(&self.client.to(uri)?).await
    }

    /// As [`Http2Connection::open`], with the URI and the options of this client, as far as they are about the WebSocket and not
    /// about the connection under it.
    ///
    /// # Errors
    ///
    /// As [`Http2Connection::open`].
    pub async fn open_with(&self, client: &Client) -> Result<WebSocket, Error> {
        if !client.uri.is_same_origin(&self.client.uri) {
            return Err(Http2Fault::OtherOrigin.into());
        }
        let observer = client.observer();
        let (mut uri, mut request) = (client.uri.clone(), client.request.clone());
        let mut followed = 0;
        loop {
            let deadline = client.handshake_deadline();
            let opened = Box::pin(client.exchange(&self.session, &request, observer, deadline)).await;
            let declined = match opened {
                Err(Error::Declined(declined)) => declined,
                other => return other,
            };
            let (next, declined) = redirect::next(&uri, declined, followed, client.redirects_max())?;
            if !next.is_same_origin(&uri) {
                let kind = RedirectFaultKind::OtherOrigin { to: next.to_string() };
                return Err(RedirectFault { declined, kind }.into());
            }
            followed += 1;
            observer(Step::Redirected { status: declined.status(), to: &next.to_string() });
            request = request.redirected(&next.authority, &next.target, true)?;
            uri = next;
        }
    }

    /// How many WebSockets are open on it or being opened; one that was dropped counts until the server has ended it too, for
    /// [`Limits::linger_timeout`](crate::Limits::linger_timeout) at most.
    pub fn streams(&self) -> usize {
        self.session.streams()
    }

    /// How many streams the server allows at a time (`SETTINGS_MAX_CONCURRENT_STREAMS`); [`usize::MAX`] where it sets no bound.
    /// It may change.
    pub fn streams_max(&self) -> usize {
        self.session.streams_max()
    }

    /// Whether it takes new streams, as far as is known: false once the connection has ended or the server has said that it
    /// will end it.
    pub fn is_open(&self) -> bool {
        self.session.is_open()
    }

    /// The server's address, or the proxy's; `None` for a Unix socket.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.session.origin.peer
    }
}

impl fmt::Debug for Http2Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http2Connection")
            .field("peer", &self.peer_addr())
            .field("streams", &self.streams())
            .finish_non_exhaustive()
    }
}
