//! WebSockets on requests of a hyper 1 server, over HTTP/1.1 and HTTP/2 alike (feature `hyper`).
//!
//! ```no_run
//! use handfast::AcceptOptions;
//! use handfast::hyper::{Body, upgrade};
//!
//! async fn serve<B>(request: http::Request<B>) -> Result<http::Response<Body>, std::convert::Infallible> {
//!     Ok(match upgrade(&request, &AcceptOptions::default()) {
//!         Ok((response, upgrading)) => {
//!             tokio::spawn(async move {
//!                 let mut ws = upgrading.await?;
//!                 while let Some(message) = ws.recv().await? {
//!                     ws.send(message).await?;
//!                 }
//!                 Ok::<_, handfast::Error>(())
//!             });
//!             response
//!         }
//!         Err(rejection) => rejection.into(),
//!     })
//! }
//! # drop(serve::<()>);
//! ```
//!
//! A request that may be a page is told apart by [`wants_websocket`]. To look at the offer before it is answered, begin with
//! [`Upgrade::new`].
//!
//! # Serving
//!
//! HTTP/1.1 connections have to be served with upgrades, and HTTP/2 has to be told:
//!
//! ```no_run
//! # async fn serve<B>(request: http::Request<B>) -> Result<http::Response<handfast::hyper::Body>, std::convert::Infallible> {
//! #     let answer = handfast::hyper::upgrade(&request, &Default::default());
//! #     Ok(answer.map_or_else(Into::into, |(response, _)| response))
//! # }
//! use hyper_util::rt::{TokioExecutor, TokioIo};
//! use hyper_util::server::conn::auto;
//!
//! # async fn example(listener: tokio::net::TcpListener) {
//! loop {
//!     let Ok((tcp, _)) = listener.accept().await else {
//!         // One client that has gone, or no descriptor left for now: neither ends the server, and the second needs a rest.
//!         tokio::time::sleep(std::time::Duration::from_millis(10)).await;
//!         continue;
//!     };
//!     // Else small messages wait for the client's acknowledgements. It fails where the client has gone again.
//!     let _ = tcp.set_nodelay(true);
//!     tokio::spawn(async move {
//!         let mut builder = auto::Builder::new(TokioExecutor::new());
//!         builder
//!             .http2()
//!             .enable_connect_protocol()
//!             .max_concurrent_streams(1024)
//!             // Without these two, one WebSocket that is not read holds up all others of its connection.
//!             .initial_stream_window_size(64 << 10)
//!             .initial_connection_window_size(64 << 20);
//!         let service = hyper::service::service_fn(serve);
//!         builder.serve_connection_with_upgrades(TokioIo::new(tcp), service).await
//!     });
//! }
//! # }
//! ```
//!
//! Over HTTP/2 every answer of 200 to 299 opens the WebSocket (RFC 8441 section 5), also one that was meant as a page: answer what is
//! not to be opened with another status.
//!
//! # Shutting down
//!
//! Put a [`ServerHandle`] into [`AcceptOptions::handle`]: its [`drain`](ServerHandle::drain) sends Close 1001 to every WebSocket and waits
//! for them. hyper's own `graceful_shutdown` of a connection knows of none over HTTP/1.1, and waits for all without end over HTTP/2.
//! A task of yours that waits for something else than its WebSocket at the deadline is yours to end.
//!
//! # What can no longer be judged
//!
//! The request is judged by the same rules as everywhere in handfast, as far as hyper has left anything to judge.
//!
//! | hyper over HTTP/1.1 | what that means |
//! | --- | --- |
//! | answers a malformed head by itself, with an empty 400, 414 or 431 | no fault is named for folded lines, control bytes, blanks before a colon, broken request lines, other versions than HTTP/1.0 and 1.1, and heads beyond its limits |
//! | takes lines that end with LF alone, and skips empty lines before the request | `server/bare-lf` and `server/leading-empty-line` are not kept |
//! | drops a fragment from the target | `server/target-fragment` is not kept |
//! | drops `Content-Length` beside `Transfer-Encoding`, and takes the same length twice | the request is still refused, since a body is announced |
//! | ignores `Expect: 100-continue` on a request without a body | it is accepted, and no 100 comes before the 101 |
//! | bounds slow heads only where a `header_read_timeout` is set | `server/head-timeout` is the server's own affair |
//!
//! Over HTTP/2 hyper resets the stream (`PROTOCOL_ERROR`) where `:scheme` or `:path` is missing or malformed, where
//! `:protocol` stands on another method or was not announced, and for fields of the connection such as `Upgrade`; it ends the
//! connection for a CONNECT that announces a body.

pub use super::rejection::{Body, Rejection};

use super::rejection::response;
use crate::server::drain::Member;
use crate::server::handshake::admit;
use crate::websocket;
use crate::{AcceptOptions, Answer, Config, Error, Limits, Offer, Refusal, ServerHandle};
use ::hyper::ext::Protocol;
use ::hyper::upgrade::OnUpgrade;
use handfast_proto::error::Misuse;
use handfast_proto::handshake::{Accepted, HttpVersion, Request, RequestParts};
use http::{Extensions, HeaderMap, Method, Response, Uri, Version};
use hyper_util::rt::TokioIo;
use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Judges a request and completes its handshake with `options.answer`: the response to return, and what becomes the WebSocket
/// once hyper has sent it.
///
/// # Errors
///
/// [`Rejection`] for a request that is not a right handshake, and as [`Upgrade::accept`]: return it as the response.
pub fn upgrade<B>(
    request: &http::Request<B>,
    options: &AcceptOptions,
) -> Result<(Response<Body>, Upgrading), Rejection> {
    Upgrade::new(request, options)?.accept(&options.answer)
}

/// Whether the client means to open a WebSocket, rightly or wrongly: it sent an `Upgrade` that speaks of websocket, a
/// `Sec-WebSocket-*` field, or over HTTP/2 a `:protocol` of websocket.
pub fn wants_websocket<B>(request: &http::Request<B>) -> bool {
    is_meant(request.headers(), request.extensions())
}

/// Whether a request that may be for a page may be passed over. A CONNECT is for none: a page of 200 would open its stream.
#[cfg(feature = "axum")]
pub(super) fn is_for_page(parts: &http::request::Parts) -> bool {
    parts.method != Method::CONNECT && !is_meant(&parts.headers, &parts.extensions)
}

/// Whether any 2xx opens the WebSocket (RFC 8441 section 5), whatever was meant by it.
#[cfg(feature = "tower")]
pub(super) fn is_opened_by_2xx<B>(request: &http::Request<B>) -> bool {
    request.method() == Method::CONNECT && is_extended_connect(request.extensions())
}

/// hyper sets `:protocol` on a CONNECT of HTTP/2 only.
fn is_extended_connect(extensions: &Extensions) -> bool {
    let protocol = extensions.get::<Protocol>();
    protocol.is_some_and(|protocol| protocol.as_str().eq_ignore_ascii_case("websocket"))
}

fn is_meant(headers: &HeaderMap, extensions: &Extensions) -> bool {
    is_extended_connect(extensions)
        || headers.iter().any(|(name, value)| Request::is_sign(name.as_str(), value.as_bytes()))
}

/// A right handshake that waits for its answer: look at it, then [`accept`](Upgrade::accept) it, or drop it and return
/// another response, with a status that is no 2xx: over HTTP/2 that would open the WebSocket.
pub struct Upgrade {
    offer: Offer,
    /// `None` for a request that hyper has not read.
    on_upgrade: Option<OnUpgrade>,
    config: Arc<Config>,
    handle: Option<ServerHandle>,
    /// How many the handle allows to be open at once.
    open_max: usize,
}

impl Upgrade {
    /// Judges a request. It may be judged more than once, such as by middleware before the handler; accept it once, because it
    /// has one stream: see [`Upgrading`].
    ///
    /// # Errors
    ///
    /// All faults at once; [`Rejection`] is made from it.
    pub fn new<B>(request: &http::Request<B>, options: &AcceptOptions) -> Result<Self, Refusal> {
        Self::judge(
            &Head {
                version: request.version(),
                method: request.method(),
                uri: request.uri(),
                headers: request.headers(),
                extensions: request.extensions(),
            },
            options,
        )
    }

    /// As [`Upgrade::new`], for a request without its body.
    ///
    /// # Errors
    ///
    /// As [`Upgrade::new`].
    pub fn from_parts(parts: &http::request::Parts, options: &AcceptOptions) -> Result<Self, Refusal> {
        Self::judge(
            &Head {
                version: parts.version,
                method: &parts.method,
                uri: &parts.uri,
                headers: &parts.headers,
                extensions: &parts.extensions,
            },
            options,
        )
    }

    fn judge(head: &Head<'_>, options: &AcceptOptions) -> Result<Self, Refusal> {
        let offer = offer(head, options).inspect_err(crate::observe::refused)?;
        // A clone: middleware that only looks at the offer must not take the stream away from the handler.
        let on_upgrade = head.extensions.get::<OnUpgrade>().cloned();
        Ok(Self {
            offer,
            on_upgrade,
            config: options.config.clone(),
            handle: options.handle.clone(),
            open_max: options.policy.limits.connections_max,
        })
    }

    /// The limits of the WebSocket that opens, such as [`Limits::message_bytes_max`], instead of those of
    /// [`AcceptOptions::config`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        Arc::make_mut(&mut self.config).limits = limits;
        self
    }

    /// What the client offers: path, origin, subprotocols and all fields.
    pub fn offer(&self) -> &Offer {
        &self.offer
    }

    /// Completes the handshake: 101 over HTTP/1.1, 200 over HTTP/2. Fields may be added to the response as long as they are not
    /// the handshake's own; [`Answer::field`] guards them.
    ///
    /// # Errors
    ///
    /// [`Rejection`] when `answer` requires a subprotocol that was not offered (400), when [`AcceptOptions::handle`] has no place
    /// for one more (503), and when there is no stream to hand over, since the request does not come from a hyper server or lost
    /// its extensions on the way (500).
    pub fn accept(self, answer: &Answer) -> Result<(Response<Body>, Upgrading), Rejection> {
        let version = self.offer.request().version();
        let (accepted, parts) =
            self.offer.accept_parts(answer).map_err(|misuse: Misuse| Rejection::misuse(misuse, version))?;
        let on_upgrade = self.on_upgrade.ok_or_else(|| Rejection::no_stream(version))?;
        let member =
            admit(self.handle.as_ref(), self.open_max).map_err(|busy| Rejection::busy(busy, version))?;
        let upgrading = Upgrading { on_upgrade, accepted: Some(accepted), config: self.config, member };
        Ok((response(parts), upgrading))
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").field("target", &self.offer.request().target()).finish_non_exhaustive()
    }
}

/// A WebSocket that is open as soon as hyper has sent the response: await it in a task of its own.
///
/// # Panics
///
/// Where a request was accepted twice, such as by middleware and by its handler. hyper hands the stream to one of the two, and
/// the other panics, or waits for ever where both waited at once.
///
/// # Errors
///
/// [`Error::Other`] with hyper's error, when the response was not sent, or hyper was not told to allow upgrades.
#[must_use = "it is the WebSocket: await it in a task of its own"]
pub struct Upgrading {
    on_upgrade: OnUpgrade,
    /// Only `None` when it was ready.
    accepted: Option<Accepted<handfast_proto::Server>>,
    config: Arc<Config>,
    /// Where a handle may end it.
    member: Option<Member>,
}

#[cfg(any(feature = "axum", feature = "tower"))]
impl Upgrading {
    /// Runs `handler` in a task of its own once the WebSocket is open, until the server stops, where a handle says so. What keeps it
    /// from opening, and what the handler returns, is told.
    pub(super) fn run<H, F>(self, handler: H, on_error: Option<impl FnOnce(Error) + Send + 'static>)
    where
        H: FnOnce(WebSocket) -> F + Send + 'static,
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        // A member beside the WebSocket: the handler may wait for something else than it.
        let task = self.member.as_ref().map(Member::join_beside);
        tokio::spawn(async move {
            let mut ended = Ok(());
            let work = async {
                ended = match self.await {
                    Ok(ws) => handler(ws).await,
                    Err(error) => Err(error),
                };
            };
            match task {
                Some(task) => drop(task.run(std::pin::pin!(work)).await),
                None => work.await,
            }
            if let (Err(error), Some(on_error)) = (ended, on_error) {
                on_error(error);
            }
        });
    }
}

impl Future for Upgrading {
    type Output = Result<WebSocket, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let upgraded = ready!(Pin::new(&mut self.on_upgrade).poll(cx)).map_err(Error::other)?;
        let accepted = self.accepted.take().expect("it is polled once when it is ready");
        let io = Upgraded(TokioIo::new(upgraded));
        let mut ws = WebSocket::server(io, accepted, b"", self.config.clone());
        if let Some(member) = self.member.take() {
            ws.join(member);
        }
        Poll::Ready(Ok(ws))
    }
}

impl fmt::Debug for Upgrading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrading").finish_non_exhaustive()
    }
}

/// A WebSocket on a request of a hyper server.
pub type WebSocket = websocket::WebSocket<Upgraded>;

/// The stream that hyper hands over: a whole connection of HTTP/1.1, or one stream of HTTP/2.
#[derive(Debug)]
pub struct Upgraded(TokioIo<::hyper::upgrade::Upgraded>);

impl AsyncRead for Upgraded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.0.is_write_vectored() {
            return Pin::new(&mut self.0).poll_write_vectored(cx, slices);
        }
        // Each write becomes a frame of HTTP/2: one for header and payload instead of two.
        let mut joined = Vec::new();
        for slice in slices {
            let room = JOINED_BYTES_MAX - joined.len();
            joined.extend_from_slice(&slice[..slice.len().min(room)]);
        }
        Pin::new(&mut self.0).poll_write(cx, &joined)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// The largest frame that every peer of HTTP/2 takes (RFC 9113 section 4.2).
const JOINED_BYTES_MAX: usize = 16 << 10;

/// What a request and its parts have in common.
struct Head<'a> {
    version: Version,
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
}

/// The one conversion from a request of the `http` crate.
fn offer(head: &Head<'_>, options: &AcceptOptions) -> Result<Offer, Refusal> {
    let version = match head.version {
        Version::HTTP_09 | Version::HTTP_10 => HttpVersion::Http10,
        Version::HTTP_2 => HttpVersion::Http2,
        Version::HTTP_3 => HttpVersion::Http3,
        _ => HttpVersion::Http11,
    };
    let uri = head.uri;
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let whole;
    let target = match uri.scheme() {
        // The absolute form, which some clients send to every server.
        Some(_) if !version.has_streams() => {
            whole = uri.to_string();
            &*whole
        }
        _ => path,
    };
    let parts = RequestParts {
        version,
        method: head.method.as_str(),
        target,
        scheme: uri.scheme_str(),
        authority: uri.authority().map(|authority| authority.as_str()),
        protocol: head.extensions.get::<Protocol>().map(Protocol::as_str),
    };
    let fields = head.headers.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes()));
    Request::from_parts(&parts, fields, &options.policy)?.into_offer(&options.policy)
}
