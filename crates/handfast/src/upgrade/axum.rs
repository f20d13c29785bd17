//! An extractor for axum 0.8, over HTTP/1.1 and HTTP/2 alike (feature `axum`).
//!
//! ```no_run
//! use axum::{Router, response::Response, routing::any};
//! use handfast::axum::Upgrade;
//!
//! async fn chat(ws: Upgrade) -> Response {
//!     ws.on_upgrade(|mut ws| async move {
//!         while let Some(message) = ws.recv().await? {
//!             ws.send(message).await?;
//!         }
//!         Ok(())
//!     })
//! }
//!
//! let app: Router = Router::new().route("/chat", any(chat));
//! ```
//!
//! Route with `any`: the method is GET over HTTP/1.1 and CONNECT over HTTP/2. A request that is not a right handshake is answered
//! with all its faults. Other extractors may stand before and behind `Upgrade`, as long as none but the last takes the body.
//!
//! # State, and a function as handler
//!
//! ```
//! use axum::{Router, extract::State, response::Response, routing::any};
//! use handfast::axum::{Upgrade, WebSocket};
//!
//! #[derive(Clone)]
//! struct App {
//!     greeting: String,
//! }
//!
//! async fn chat(State(app): State<App>, ws: Upgrade) -> Response {
//!     ws.on_error(|error| eprintln!("{error}")).on_upgrade(|ws| talk(ws, app))
//! }
//!
//! async fn talk(mut ws: WebSocket, app: App) -> Result<(), handfast::Error> {
//!     ws.send(app.greeting).await?;
//!     while let Some(message) = ws.recv().await? {
//!         // `?` takes the library's errors; `Error::other` makes one of any other.
//!         let number: i64 = message.as_text().unwrap_or("0").parse().map_err(handfast::Error::other)?;
//!         ws.send((number + 1).to_string()).await?;
//!     }
//!     Ok(())
//! }
//!
//! let app: Router = Router::new().route("/chat", any(chat)).with_state(App { greeting: "hello".into() });
//! ```
//!
//! # Options
//!
//! The default lets in pages of the same origin only. Other options go into a layer, as an extension, on all routes or on one:
//!
//! ```
//! use handfast::{AcceptOptions, OriginPolicy};
//! use std::sync::Arc;
//!
//! let mut options = AcceptOptions::default();
//! options.policy.origin = OriginPolicy::Allow(vec!["https://app.example".into()]);
//! Arc::make_mut(&mut options.config).limits.message_bytes_max = 64 << 10;
//! let app: axum::Router = axum::Router::new().layer(axum::Extension(Arc::new(options)));
//! ```
//!
//! # Shutting down
//!
//! `with_graceful_shutdown` of `axum::serve` does not know of WebSockets: over HTTP/1.1 it ends without them, over HTTP/2 it waits for
//! them without end. A [`ServerHandle`](crate::ServerHandle) in the options counts them, tells each to go (Close 1001), and drops their
//! handlers at the deadline:
//!
//! ```no_run
//! use axum::{Extension, Router, response::Response, routing::any};
//! use handfast::{AcceptOptions, ServerHandle, axum::Upgrade};
//! use std::{sync::Arc, time::Duration};
//!
//! async fn chat(ws: Upgrade) -> Response {
//!     ws.on_upgrade(|mut ws| async move {
//!         while let Some(message) = ws.recv().await? {
//!             ws.send(message).await?;
//!         }
//!         Ok(())
//!     })
//! }
//!
//! # async fn example(listener: tokio::net::TcpListener) -> std::io::Result<()> {
//! const DEADLINE: Duration = Duration::from_secs(10);
//! let handle = ServerHandle::new();
//! let options = AcceptOptions { handle: Some(handle.clone()), ..AcceptOptions::default() };
//! let app = Router::new().route("/chat", any(chat)).layer(Extension(Arc::new(options)));
//! let signal = {
//!     let handle = handle.clone();
//!     async move {
//!         let _ = tokio::signal::ctrl_c().await;
//!         // It begins now, and over HTTP/2 axum waits for it.
//!         drop(handle.drain(DEADLINE));
//!     }
//! };
//! axum::serve(listener, app).with_graceful_shutdown(signal).await?;
//! handle.drain(DEADLINE).await;
//! # Ok(())
//! # }
//! ```
//!
//! # Good to know
//!
//! - `axum::serve` speaks HTTP/2 to clients that know it beforehand, not over TLS, and leaves hyper's settings as they are: 200 streams on a
//!   connection, and one WebSocket that is not read can hold up the others of its connection. [`hyper`](crate::hyper#serving) shows
//!   a loop of your own; a `Router` goes into it by `hyper_util::service::TowerToHyperService`.
//! - It leaves Nagle's algorithm on too, and small messages may wait 40 ms: `axum::serve(listener.tap_io(..), app)` with
//!   `set_nodelay(true)`.
//! - What hyper has normalised before, and cannot be judged any more, is listed in [`hyper`](crate::hyper).
//! - In a nested router the offer's path is the one that axum shows its handlers, without the prefix; `OriginalUri` has all of it.

pub use super::hyper::{Rejection, Upgraded, WebSocket};

use super::hyper;
use crate::{AcceptOptions, Answer, Error, Limits, Offer};
use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A right handshake that waits for its answer: look at the [`offer`](Upgrade::offer), then accept it with
/// [`on_upgrade`](Upgrade::on_upgrade), or return another response, with a status that is no 2xx: over HTTP/2 that would
/// open the WebSocket.
///
/// `Option<Upgrade>` is `None` for a request that does not mean to open a WebSocket and is no CONNECT, such as for a page, and
/// `Result<Upgrade, Rejection>` hands over the faults.
#[doc(alias = "WebSocketUpgrade")]
#[must_use = "it opens no WebSocket until `on_upgrade` is called"]
pub struct Upgrade {
    upgrade: hyper::Upgrade,
    answer: Answer,
    on_error: Option<Box<dyn FnOnce(Error) + Send>>,
}

impl Upgrade {
    /// What the client offers: path, origin, subprotocols and all fields.
    pub fn offer(&self) -> &Offer {
        self.upgrade.offer()
    }

    /// Supports these subprotocols, most preferred first; the first that the client offers is chosen.
    ///
    /// # Panics
    ///
    /// For a name that is no token or stands twice: it is the program's own fault, and shows at the first request. Use
    /// [`Upgrade::answer`] for names that are not known beforehand.
    #[doc(alias = "protocols")]
    pub fn subprotocols<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.answer = self.answer.subprotocols(names).expect("subprotocols are tokens, each named once");
        self
    }

    /// Changes what is agreed to: subprotocols, compression, and further fields such as `Set-Cookie`. Begins with what the
    /// [`AcceptOptions`] say.
    ///
    /// # Errors
    ///
    /// Those of `change`, such as a field that HTTP does not allow. In a handler that returns [`Rejection`], `?` makes a 500
    /// of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::response::Response;
    /// use handfast::axum::{Rejection, Upgrade};
    ///
    /// async fn chat(ws: Upgrade) -> Result<Response, Rejection> {
    ///     let ws = ws.answer(|answer| answer.field("Set-Cookie", "seen=1"))?;
    ///     Ok(ws.on_upgrade(|mut ws| async move { ws.send("hello").await }))
    /// }
    /// # drop(chat);
    /// ```
    pub fn answer<E>(mut self, change: impl FnOnce(Answer) -> Result<Answer, E>) -> Result<Self, E> {
        self.answer = change(self.answer)?;
        Ok(self)
    }

    /// The limits of the WebSocket that opens, such as [`Limits::message_bytes_max`], instead of those of
    /// [`AcceptOptions::config`].
    #[doc(alias = "max_message_size")]
    #[doc(alias = "max_frame_size")]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.upgrade = self.upgrade.limits(limits);
        self
    }

    /// Called with the error that the handler returns, or that keeps the WebSocket from opening. Without it they are passed over.
    #[doc(alias = "on_failed_upgrade")]
    pub fn on_error(mut self, observer: impl FnOnce(Error) + Send + 'static) -> Self {
        self.on_error = Some(Box::new(observer));
        self
    }

    /// Accepts: gives the response to return, and runs `handler` in a task of its own once it was sent. Where the answer
    /// requires a subprotocol that was not offered, the response is a 400 and nothing runs. It is a 503 where
    /// [`AcceptOptions::handle`] has no place for one more, and a 500 where there is no stream to hand over: see [`hyper::Upgrade::accept`](crate::hyper::Upgrade::accept). A request is accepted once: see
    /// [`hyper::Upgrading`](crate::hyper::Upgrading).
    #[must_use = "the WebSocket opens when this response is returned"]
    pub fn on_upgrade<H, F>(self, handler: H) -> Response
    where
        H: FnOnce(WebSocket) -> F + Send + 'static,
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let (response, upgrading) = match self.upgrade.accept(&self.answer) {
            Ok(accepted) => accepted,
            Err(rejection) => {
                if let Some(on_error) = self.on_error {
                    on_error(rejection.clone().into());
                }
                return rejection.into_response();
            }
        };
        upgrading.run(handler, self.on_error);
        response.map(Body::new)
    }
}

impl<S: Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        static DEFAULT: OnceLock<AcceptOptions> = OnceLock::new();
        let shared = parts.extensions.get::<Arc<AcceptOptions>>();
        // Options that were not shared would be passed over without a word, and the policy with them.
        let options: &AcceptOptions = match shared {
            Some(options) => options,
            None => match parts.extensions.get::<AcceptOptions>() {
                Some(options) => options,
                None => DEFAULT.get_or_init(AcceptOptions::default),
            },
        };
        let upgrade = hyper::Upgrade::from_parts(parts, options)?;
        Ok(Self { upgrade, answer: options.answer.clone(), on_error: None })
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Upgrade {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        match hyper::is_for_page(parts) {
            true => Ok(None),
            false => <Self as FromRequestParts<S>>::from_request_parts(parts, state).await.map(Some),
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.to_response().map(Body::new)
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade")
            .field("upgrade", &self.upgrade)
            .field("answer", &self.answer)
            .finish_non_exhaustive()
    }
}
