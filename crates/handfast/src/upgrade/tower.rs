//! A tower layer that upgrades requests and passes the rest on, over HTTP/1.1 and HTTP/2 alike (feature `tower`).
//!
//! ```
//! use handfast::tower::UpgradeLayer;
//!
//! let chat = UpgradeLayer::new(|mut ws| async move {
//!     while let Some(message) = ws.recv().await? {
//!         ws.send(message).await?;
//!     }
//!     Ok(())
//! })
//! .path("/chat");
//! let app: axum::Router = axum::Router::new().layer(chat);
//! ```
//!
//! What belongs to the connection, [`hyper`](crate::hyper#serving) shows: upgrades over HTTP/1.1, settings over HTTP/2. What hyper has
//! normalised before, and cannot be judged any more, is listed there too.
//!
//! Where the handler needs path, fields or extensions of the request, begin with [`UpgradeLayer::with_request`]. Middleware before this
//! layer sees the request, may leave an extension for the handler, and may answer it with a 401 or the like. To answer each request in its
//! own way, call [`hyper::Upgrade`](crate::hyper::Upgrade) in a service of your own.
//!
//! A [`ServerHandle`](crate::ServerHandle) in [`UpgradeLayer::options`] ends all in good order: it tells each WebSocket to go (Close 1001),
//! and drops the handlers that are left at the deadline. How hyper itself ends beside it, [`hyper`](crate::hyper#shutting-down) says.
//!
//! Requests of other paths go to the service inside. Over HTTP/2 a handshake among them that it answers with a page and a 2xx, as where it has
//! one for every path, gets 500 instead, because any 2xx opens the WebSocket (RFC 8441 section 5), and `on_error` is told
//! [`Misuse::StatusOpens`]. A 200 without a body and without a `Content-Type` passes: so does a service inside open a WebSocket of its own.

pub use super::hyper::{Rejection, Upgraded, WebSocket};

use super::hyper;
use crate::{AcceptOptions, Error};
use bytes::Bytes;
use handfast_proto::error::Misuse;
use http::request::Parts;
use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body::{Frame, SizeHint};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tower_layer::Layer;
use tower_service::Service;

/// Answers requests that mean to open a WebSocket, rightly or wrongly, and leaves all others to the service inside.
#[derive(Clone)]
pub struct UpgradeLayer {
    handler: Arc<Handler>,
    options: Arc<AcceptOptions>,
    path: Option<Arc<str>>,
    on_error: Option<OnError>,
}

type Handler = dyn Fn(WebSocket, Parts) -> Handling + Send + Sync;
type Handling = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;
type OnError = Arc<dyn Fn(Error) + Send + Sync>;

impl UpgradeLayer {
    /// Runs `handler` for each WebSocket, in a task of its own. An error that it returns ends its WebSocket and nothing else.
    /// Upgrades on every path, strict and same-origin.
    pub fn new<H, F>(handler: H) -> Self
    where
        H: Fn(WebSocket) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        Self::with_request(move |ws, _| handler(ws))
    }

    /// As [`UpgradeLayer::new`], for a handler that takes the request's parts too.
    ///
    /// # Examples
    ///
    /// ```
    /// use handfast::tower::{UpgradeLayer, WebSocket};
    /// use http::request::Parts;
    ///
    /// let greeting = UpgradeLayer::with_request(|mut ws: WebSocket, request: Parts| async move {
    ///     ws.send(format!("you asked for {}", request.uri.path())).await
    /// });
    /// let app: axum::Router = axum::Router::new().layer(greeting);
    /// ```
    pub fn with_request<H, F>(handler: H) -> Self
    where
        H: Fn(WebSocket, Parts) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let handler = Arc::new(move |ws, request| Box::pin(handler(ws, request)) as Handling);
        Self { handler, options: Arc::default(), path: None, on_error: None }
    }

    /// How requests are judged and answered.
    #[must_use]
    pub fn options(mut self, options: AcceptOptions) -> Self {
        self.options = Arc::new(options);
        self
    }

    /// Only requests for exactly this path, such as `/chat`.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Called with each error that the handler returns, or that keeps a WebSocket from opening, refusals included; and with
    /// [`Misuse::StatusOpens`] where the service inside answers with a page that would open one. Without it they are passed over.
    #[must_use]
    pub fn on_error(mut self, observer: impl Fn(Error) + Send + Sync + 'static) -> Self {
        self.on_error = Some(Arc::new(observer));
        self
    }
}

impl fmt::Debug for UpgradeLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpgradeLayer")
            .field("path", &self.path)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for UpgradeLayer {
    type Service = UpgradeService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        UpgradeService { inner, layer: self.clone() }
    }
}

/// A service with WebSockets before it: see [`UpgradeLayer`].
#[derive(Clone, Debug)]
pub struct UpgradeService<S> {
    inner: S,
    layer: UpgradeLayer,
}

impl<S, B, R> Service<Request<B>> for UpgradeService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: http_body::Body,
{
    type Response = Response<Body<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let layer = &self.layer;
        let is_ours = layer.path.as_deref().is_none_or(|path| path == request.uri().path());
        if !is_ours || !hyper::wants_websocket(&request) {
            let guard = hyper::is_opened_by_2xx(&request).then(|| Guard(layer.on_error.clone()));
            return ResponseFuture(Coming::Inner(Box::pin(self.inner.call(request)), guard));
        }
        ResponseFuture(Coming::Own(Some(layer.answer(request.into_parts().0))))
    }
}

impl UpgradeLayer {
    fn answer(&self, request: Parts) -> Response<hyper::Body> {
        let upgrade = hyper::Upgrade::from_parts(&request, &self.options).map_err(Rejection::from);
        match upgrade.and_then(|upgrade| upgrade.accept(&self.options.answer)) {
            Ok((response, upgrading)) => {
                let (handler, on_error) = (self.handler.clone(), self.on_error.clone());
                let on_error = on_error.map(|on_error| move |error| on_error(error));
                upgrading.run(move |ws| handler(ws, request), on_error);
                response
            }
            Err(rejection) => {
                if let Some(on_error) = &self.on_error {
                    on_error(rejection.clone().into());
                }
                rejection.into()
            }
        }
    }
}

/// The response to come.
pub struct ResponseFuture<F>(Coming<F>);

enum Coming<F> {
    /// Only `None` when it was ready.
    Own(Option<Response<hyper::Body>>),
    Inner(Pin<Box<F>>, Option<Guard>),
}

/// For the answer to a request whose WebSocket any 2xx opens.
struct Guard(Option<OnError>);

impl Guard {
    /// What to answer instead of a page, which the client would take for frames.
    fn instead_of<R: http_body::Body>(&self, response: &Response<R>) -> Option<Response<hyper::Body>> {
        let status = response.status();
        let is_page = status != StatusCode::OK
            || !response.body().is_end_stream()
            // A framework may have taken the body away by now, because a 2xx to a CONNECT has none.
            || response.headers().contains_key(CONTENT_TYPE);
        if !status.is_success() || !is_page {
            return None;
        }
        let rejection = Rejection::from(Misuse::StatusOpens(status.as_u16()));
        if let Some(on_error) = &self.0 {
            on_error(rejection.clone().into());
        }
        Some(rejection.into())
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: http_body::Body,
{
    type Output = Result<Response<Body<R>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Coming::Own(response) => {
                let response = response.take().expect("it is polled once when it is ready");
                Poll::Ready(Ok(response.map(|body| Body(Either::Own(body)))))
            }
            Coming::Inner(inner, guard) => {
                let response = ready!(inner.as_mut().poll(cx))?;
                if let Some(instead) = guard.as_ref().and_then(|guard| guard.instead_of(&response)) {
                    return Poll::Ready(Ok(instead.map(|body| Body(Either::Own(body)))));
                }
                Poll::Ready(Ok(response.map(|body| Body(Either::Inner(Box::pin(body))))))
            }
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// The body of a refusal, or that of the service inside.
pub struct Body<R>(Either<R>);

enum Either<R> {
    Own(hyper::Body),
    Inner(Pin<Box<R>>),
}

impl<R: http_body::Body<Data = Bytes>> http_body::Body for Body<R> {
    type Data = Bytes;
    type Error = R::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, R::Error>>> {
        match &mut self.0 {
            Either::Own(own) => Pin::new(own).poll_frame(cx).map_err(|never| match never {}),
            Either::Inner(inner) => inner.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Either::Own(own) => own.is_end_stream(),
            Either::Inner(inner) => inner.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Either::Own(own) => own.size_hint(),
            Either::Inner(inner) => inner.size_hint(),
        }
    }
}

impl<R> fmt::Debug for Body<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}
