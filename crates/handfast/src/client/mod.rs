//! The client: from a URI to an open WebSocket.

mod body;
mod connect;
pub(crate) mod handshake;
pub(crate) mod uri;

use crate::transport::Transport;
use crate::websocket::WebSocket;
use crate::{Config, Error, Limits};
use base64::Engine;
use handfast_proto::deflate::DeflateOptions;
use handfast_proto::handshake::ClientRequest;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use uri::WsUri;

/// Connects to a `ws://` or `wss://` URI, with all defaults; [`Client`] has options.
///
/// Cancel safe: dropping the future closes what was begun.
///
/// # Errors
///
/// As [`Client::connect`], and [`Error::Uri`].
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), handfast::Error> {
/// let mut ws = handfast::connect("wss://echo.example/").await?;
/// ws.send("hello").await?;
/// # Ok(())
/// # }
/// ```
pub async fn connect(uri: &str) -> Result<WebSocket, Error> {
    Client::new(uri)?.connect().await
}

/// A connection to be made. Awaiting it connects.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), handfast::Error> {
/// let ws = handfast::Client::new("wss://host.example/chat")?
///     .subprotocol("chat.v2")?
///     .header("Authorization", "Bearer 7Hs")?
///     .origin("https://host.example")?
///     .await?;
/// assert_eq!(ws.subprotocol(), Some("chat.v2"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    uri: WsUri,
    request: ClientRequest,
    config: Arc<Config>,
    connect_timeout: Duration,
    observer: Option<Arc<Observer>>,
    #[cfg(feature = "tls")]
    tls: crate::TlsConfig,
}

type Observer = dyn Fn(Step<'_>) + Send + Sync;

/// What a connecting client has come to, for [`Client::observe`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Step<'a> {
    /// The host's addresses, in the order in which they are tried.
    Resolved(&'a [SocketAddr]),
    /// A TCP connection is begun.
    Connecting(SocketAddr),
    /// TCP is connected.
    Connected(SocketAddr),
    /// The TLS handshake is done; with the protocol's version, such as `TLSv1_3`.
    Encrypted(&'a str),
    /// The request, as it is written.
    RequestSent(&'a [u8]),
    /// Everything received up to the end of the answer's head; frames may follow behind it.
    AnswerReceived(&'a [u8]),
}

impl Client {
    /// Takes a `ws://` or `wss://` URI. User name and password in it are sent as `Authorization: Basic`, and nowhere else.
    ///
    /// # Errors
    ///
    /// [`Error::Uri`], with what to write instead. Nothing is sent.
    pub fn new(uri: &str) -> Result<Self, Error> {
        let uri = WsUri::parse(uri)?;
        if uri.is_secure && cfg!(not(feature = "tls")) {
            return Err(uri::UriFault::TlsNotBuilt.into());
        }
        let mut request = ClientRequest::new(&uri.authority, &uri.target)?;
        if let Some((user, password)) = &uri.userinfo {
            let pair = [user, b":".as_slice(), password].concat();
            let value = format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(pair));
            request = request.field("Authorization", &value)?;
        }
        Ok(Self {
            uri,
            request,
            config: Arc::default(),
            connect_timeout: CONNECT_TIMEOUT,
            observer: None,
            #[cfg(feature = "tls")]
            tls: crate::TlsConfig::new(),
        })
    }

    /// Offers one more subprotocol, less preferred than those before it.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] for a name that is no token, or that was offered already.
    pub fn subprotocol(mut self, name: &str) -> Result<Self, Error> {
        self.request = self.request.subprotocol(name)?;
        Ok(self)
    }

    /// Fails when subprotocols are offered and the server chooses none, as browsers do. Off by default, as RFC 6455
    /// allows it.
    #[must_use]
    pub fn require_subprotocol(mut self, require: bool) -> Self {
        self.request = self.request.require_subprotocol(require);
        self
    }

    /// Adds a field to the request, such as `Authorization` or `Cookie`.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] for anything outside HTTP's grammar, and for the fields of the handshake itself.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, Error> {
        self.request = self.request.field(name, value)?;
        Ok(self)
    }

    /// Offers permessage-deflate (RFC 7692). Off by default: [`DeflateOptions`] says why.
    #[must_use]
    pub fn deflate(mut self, options: DeflateOptions) -> Self {
        self.request = self.request.deflate(options);
        self
    }

    /// Sends `Origin`, as a browser's page would: `https://host`, without a path.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] for anything outside HTTP's grammar.
    pub fn origin(self, origin: &str) -> Result<Self, Error> {
        self.header("Origin", origin)
    }

    /// From the resolving of the name to the end of the TLS handshake (10 s). The opening handshake then has
    /// [`Limits::handshake_timeout`].
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How the opened connection behaves: limits, keep-alive, idle timeout.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = Arc::new(config);
        self
    }

    /// The bounds of the handshake and of the connection.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        Arc::make_mut(&mut self.config).limits = limits;
        self
    }

    /// Which certificates are trusted for `wss://`. The default is what the platform trusts.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: crate::TlsConfig) -> Self {
        self.tls = tls;
        self
    }

    /// Called at each step of connecting, for logs and for people. It must not block.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(Step<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Connects: resolves the name, tries each of its addresses in turn, encrypts for `wss://`, and runs the opening
    /// handshake. Redirects are not followed: see [`Error::Declined`].
    ///
    /// Cancel safe: dropping the future closes what was begun.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`], [`Error::Tls`] and [`Error::Timeout`] before the request is sent; then
    /// [`Error::Declined`], [`Error::FaultyAnswer`], [`Error::HandshakeCut`] and [`Error::Timeout`].
    pub async fn connect(&self) -> Result<WebSocket, Error> {
        let observer: &Observer = match &self.observer {
            Some(observer) => &**observer,
            None => &|_| {},
        };
        let deadline = Instant::now() + self.connect_timeout;
        let tcp = connect::connect(&self.uri, self.connect_timeout, deadline, observer).await?;
        let io = self.encrypt(tcp, deadline, observer).await?;
        let mut seen = |seen: handshake::Seen<'_>| match seen {
            handshake::Seen::Sent(bytes) => observer(Step::RequestSent(bytes)),
            handshake::Seen::Received(bytes) => observer(Step::AnswerReceived(bytes)),
        };
        Box::pin(handshake::handshake(io, &self.request, self.config.clone(), &mut seen)).await
    }

    #[cfg(feature = "tls")]
    async fn encrypt(
        &self,
        tcp: tokio::net::TcpStream,
        deadline: Instant,
        observer: &Observer,
    ) -> Result<Transport, Error> {
        if !self.uri.is_secure {
            return Ok(tcp.into());
        }
        let connecting = Box::pin(self.tls.connect(&self.uri.host, tcp));
        let late = |_| Error::Timeout { phase: crate::error::Phase::Connect, after: self.connect_timeout };
        let (io, version) = tokio::time::timeout_at(deadline, connecting).await.map_err(late)??;
        observer(Step::Encrypted(&version));
        Ok(io)
    }

    #[cfg(not(feature = "tls"))]
    async fn encrypt(
        &self,
        tcp: tokio::net::TcpStream,
        _: Instant,
        _: &Observer,
    ) -> Result<Transport, Error> {
        Ok(tcp.into())
    }
}

impl IntoFuture for Client {
    type Output = Result<WebSocket, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    /// As [`Client::connect`].
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.connect().await })
    }
}

impl fmt::Debug for Client {
    /// Without the fields, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("secure", &self.uri.is_secure)
            .field("authority", &self.uri.authority)
            .field("target", &self.uri.target)
            .finish_non_exhaustive()
    }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
