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
//! with all its faults. The default lets in pages of the same origin only; other options go into a layer, as an extension:
//!
//! ```
//! use handfast::{AcceptOptions, OriginPolicy};
//! use std::sync::Arc;
//!
//! let mut options = AcceptOptions::default();
//! options.policy.origin = OriginPolicy::Allow(vec!["https://app.example".into()]);
//! let app: axum::Router = axum::Router::new().layer(axum::Extension(Arc::new(options)));
//! ```
//!
//! What hyper has normalised before, and cannot be judged any more, is listed in [`hyper`](crate::hyper). In a nested router the
//! offer's path is the one that axum shows its handlers, without the prefix.

pub use super::hyper::{Rejection, Upgraded};

use super::hyper;
use crate::{AcceptOptions, Answer, Error, Offer, WebSocket};
use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A right handshake that waits for its answer: look at the [`offer`](Upgrade::offer), then accept it with
/// [`on_upgrade`](Upgrade::on_upgrade), or return any other response.
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
    pub fn subprotocols<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.answer = self.answer.subprotocols(names).expect("subprotocols are tokens, each named once");
        self
    }

    /// Changes what is agreed to: subprotocols, compression, and further fields such as `Set-Cookie`. Begins with what the
    /// [`AcceptOptions`] say.
    ///
    /// # Errors
    ///
    /// Those of `change`, such as a field that HTTP does not allow.
    ///
    /// # Examples
    ///
    /// ```
    /// # async fn chat(ws: handfast::axum::Upgrade) -> Result<axum::response::Response, String> {
    /// let ws = ws.answer(|answer| answer.field("Set-Cookie", "seen=1")).map_err(|error| error.to_string())?;
    /// Ok(ws.on_upgrade(|mut ws| async move { ws.send("hello").await }))
    /// # }
    /// ```
    pub fn answer<E>(mut self, change: impl FnOnce(Answer) -> Result<Answer, E>) -> Result<Self, E> {
        self.answer = change(self.answer)?;
        Ok(self)
    }

    /// Called with the error that the handler returns, or that keeps the WebSocket from opening. Without it they are passed over.
    pub fn on_error(mut self, observer: impl FnOnce(Error) + Send + 'static) -> Self {
        self.on_error = Some(Box::new(observer));
        self
    }

    /// Accepts: gives the response to return, and runs `handler` in a task of its own once it was sent. Where the answer
    /// requires a subprotocol that was not offered, the response is a 400 and nothing runs.
    #[must_use = "the WebSocket opens when this response is returned"]
    pub fn on_upgrade<H, F>(self, handler: H) -> Response
    where
        H: FnOnce(WebSocket<Upgraded>) -> F + Send + 'static,
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let (response, upgrading) = match self.upgrade.accept(&self.answer) {
            Ok(accepted) => accepted,
            Err(rejection) => return rejection.into_response(),
        };
        let on_error = self.on_error;
        tokio::spawn(async move {
            let ended = match upgrading.await {
                Ok(ws) => handler(ws).await,
                Err(error) => Err(error),
            };
            if let (Err(error), Some(on_error)) = (ended, on_error) {
                on_error(error);
            }
        });
        response.map(Body::new)
    }
}

impl<S: Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        static DEFAULT: OnceLock<Arc<AcceptOptions>> = OnceLock::new();
        let own = parts.extensions.get::<Arc<AcceptOptions>>().cloned();
        let options = own.unwrap_or_else(|| DEFAULT.get_or_init(Arc::default).clone());
        let upgrade = hyper::Upgrade::from_parts(parts, &options)?;
        Ok(Self { upgrade, answer: options.answer.clone(), on_error: None })
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
