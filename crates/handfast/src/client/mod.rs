//! The client: from a URI to an open WebSocket.

pub(crate) mod body;
pub(crate) mod connect;
pub(crate) mod handshake;
#[cfg(feature = "http2")]
pub(crate) mod http2;
mod open;
mod options;
pub(crate) mod reconnect;
pub(crate) mod redirect;
pub(crate) mod uri;

use crate::proxy::{Environment, Proxy};
use crate::websocket::WebSocket;
use crate::{Config, Error, Limits};
use handfast_proto::deflate::DeflateOptions;
use handfast_proto::error::Misuse;
use handfast_proto::handshake::ClientRequest;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
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
///     .bearer("7Hs")?
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
    observer: Option<Arc<Observer>>,
    /// The value of the one `Cookie` field.
    cookies: String,
    route: Route,
    redirects_max: usize,
    #[cfg(feature = "http2")]
    http2: http2::Http2,
    local: Option<IpAddr>,
    #[cfg(feature = "tls")]
    tls: crate::TlsConfig,
    #[cfg(feature = "tls")]
    proxy_tls: crate::TlsConfig,
}

pub(crate) type Observer = dyn Fn(Step<'_>) + Send + Sync;

/// Tells what goes over the wire.
fn seen(observer: &Observer) -> impl FnMut(handshake::Seen<'_>) + Send {
    move |seen| match seen {
        handshake::Seen::Sent(bytes) => observer(Step::RequestSent(bytes)),
        handshake::Seen::Received(bytes) => observer(Step::AnswerReceived(bytes)),
    }
}

/// Which protocols are offered in the TLS handshake (RFC 7301).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alpn {
    Http1,
    #[cfg(feature = "http2")]
    Http2,
    /// HTTP/2 first.
    #[cfg(feature = "http2")]
    Both,
}

/// How the server is reached.
#[derive(Clone)]
enum Route {
    Direct,
    Proxy(Proxy),
    Environment(Arc<Environment>),
    #[cfg(unix)]
    Unix(Arc<Path>),
}

/// What a connecting client has come to, for [`Client::observe`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Step<'a> {
    /// The host's addresses, in the order in which they are tried; those of the proxy, if there is one.
    Resolved(&'a [SocketAddr]),
    /// A TCP connection is begun. Others may be under way still.
    Connecting(SocketAddr),
    /// TCP is connected.
    Connected(SocketAddr),
    /// A Unix socket is connected.
    ConnectedUnix(&'a Path),
    /// The TLS handshake with an `https://` proxy is done.
    ProxyEncrypted {
        /// The proxy's scheme, host and port, without its credentials.
        proxy: &'a str,
        /// The protocol's version, such as `TLSv1_3`.
        version: &'a str,
    },
    /// The proxy made a tunnel: what follows is between us and the server.
    Tunnelled {
        /// The proxy's scheme, host and port, without its credentials.
        proxy: &'a str,
        /// The server's host and port.
        to: &'a str,
    },
    /// The TLS handshake with the server is done; with the protocol's version, such as `TLSv1_3`.
    Encrypted(&'a str),
    /// HTTP/2 is spoken, and the server's SETTINGS allow WebSockets over it (RFC 8441 section 3).
    #[cfg(feature = "http2")]
    Http2,
    /// HTTP/2 was preferred and cannot be used, and HTTP/1.1 is used instead.
    #[cfg(feature = "http2")]
    Http2Unavailable(&'a crate::error::Http2Fault),
    /// The request, as it is written; over HTTP/2 written out, a line for each field, pseudo-header fields first.
    RequestSent(&'a [u8]),
    /// Everything received up to the end of the answer's head; frames may follow behind it. Over HTTP/2 the final head,
    /// written out from `:status` on.
    AnswerReceived(&'a [u8]),
    /// The answer was a redirect, and it is followed: everything begins again for another URI.
    Redirected {
        /// The answer's status: 301, 302, 303, 307 or 308.
        status: u16,
        /// Where to.
        to: &'a str,
    },
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
        let request = ClientRequest::new(&uri.authority, &uri.target)?;
        let userinfo = uri.userinfo.clone();
        let client = Self {
            uri,
            request,
            config: Arc::default(),
            observer: None,
            cookies: String::new(),
            route: Route::Direct,
            redirects_max: 0,
            #[cfg(feature = "http2")]
            http2: http2::Http2::Never,
            local: None,
            #[cfg(feature = "tls")]
            tls: crate::TlsConfig::new(),
            #[cfg(feature = "tls")]
            proxy_tls: crate::TlsConfig::new(),
        };
        match userinfo {
            Some((user, password)) => client.basic_bytes(&user, &password),
            None => Ok(client),
        }
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

    /// Adds a field to the request. A `Cookie` is added to those that there are, since a request has one such field
    /// (RFC 6265 section 5.4).
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] for anything outside HTTP's grammar, for the fields of the handshake itself, and for
    /// `Proxy-Authorization`, which is for proxies: [`Client::proxy`] takes user name and password.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, Error> {
        // rule: client/auth-retry-unsafe
        if name.eq_ignore_ascii_case("Proxy-Authorization") {
            return Err(Misuse::HeaderNotAllowed.into());
        }
        if name.eq_ignore_ascii_case("Cookie") {
            return self.add_cookies(value);
        }
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

    /// From the resolving of the name to the end of the TLS handshake, with the proxy's answer in between (10 s): sets
    /// [`Limits::connect_timeout`]. The opening handshake then has [`Limits::handshake_timeout`]. After a redirect both begin again.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        Arc::make_mut(&mut self.config).limits.connect_timeout = timeout;
        self
    }

    /// How the opened connection behaves: limits, keep-alive, idle timeout. Replaces what [`Client::limits`],
    /// [`Client::connect_timeout`] and [`Client::handshake_timeout`] have set before.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = Arc::new(config);
        self
    }

    /// The bounds of the handshake and of the connection. Replaces what [`Client::connect_timeout`] and
    /// [`Client::handshake_timeout`] have set before.
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

    /// Which certificates are trusted for a proxy that is reached by TLS (`https://`). The default is what the platform trusts:
    /// [`Client::tls`] is for the server alone, which may be trusted where the proxy is not.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn proxy_tls(mut self, tls: crate::TlsConfig) -> Self {
        self.proxy_tls = tls;
        self
    }

    /// Called at each step of connecting, for logs and for people. It must not block.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(Step<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Connects: resolves the name, tries its addresses, encrypts for `wss://`, and runs the opening handshake.
    ///
    /// Addresses are tried as RFC 8305 says, IPv6 and IPv4 in turn: the next begins 250 ms after the one before it, or as
    /// soon as that has failed, and the first to connect wins.
    ///
    /// Cancel safe: dropping the future closes what was begun.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`], [`Error::Proxy`], [`Error::Tls`] and [`Error::Timeout`] before the request is sent; then
    /// [`Error::Declined`], [`Error::FaultyAnswer`], [`Error::HandshakeCut`], [`Error::Timeout`] and, where redirects are
    /// followed, [`Error::Redirect`]. With HTTP/2 also `Error::Http2`.
    pub async fn connect(&self) -> Result<WebSocket, Error> {
        self.open().await
    }
}

#[cfg(feature = "http2")]
impl Client {
    /// The same for another URI. Its user name and password replace any `Authorization`.
    fn to(&self, uri: &str) -> Result<Self, Error> {
        let uri = WsUri::parse(uri)?;
        let request = self.request.redirected(&uri.authority, &uri.target, true)?;
        let userinfo = uri.userinfo.clone();
        let client = Self { uri, request, ..self.clone() };
        match userinfo {
            Some((user, password)) => client.basic_bytes(&user, &password),
            None => Ok(client),
        }
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
    /// Without fields and proxy, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("secure", &self.uri.is_secure)
            .field("authority", &self.uri.authority)
            .field("target", &self.uri.target)
            .finish_non_exhaustive()
    }
}
