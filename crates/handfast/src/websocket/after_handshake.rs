//! A WebSocket begins where its handshake ends, whoever carried it.

use super::driver::Driver;
use super::{Details, WebSocket, pool};
use crate::Config;
use crate::random::ThreadMasks;
use handfast_proto::connection::Connection;
use handfast_proto::handshake::{Accepted, ResponseHead};
use handfast_proto::{Client, Server};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// The server's end, on the stream of a handshake that `handfast_proto` has judged and another HTTP library has carried. For
    /// libraries that handfast has no feature for; on a stream of its own, [`server_handshake`](crate::server_handshake) does it all.
    ///
    /// `behind_head` are the bytes of the stream that were read behind the request's head: a client may send its first frame along.
    /// They are empty where the library hands over all that it has read.
    ///
    /// # Examples
    ///
    /// ```
    /// use handfast::proto::handshake::{HttpVersion, Request, RequestParts, ResponseParts};
    /// use handfast::{AcceptOptions, Refusal, WebSocket};
    /// use tokio::io::{AsyncRead, AsyncWrite};
    ///
    /// /// `fields` as the library has read them; `upgrade` sends the answer and gives the stream.
    /// async fn chat<S: AsyncRead + AsyncWrite + Unpin>(
    ///     target: &str,
    ///     fields: &[(&[u8], &[u8])],
    ///     upgrade: impl AsyncFnOnce(ResponseParts) -> S,
    ///     options: &AcceptOptions,
    /// ) -> Result<(), handfast::Error> {
    ///     let (version, method) = (HttpVersion::Http11, "GET");
    ///     let parts = RequestParts { version, method, target, scheme: None, authority: None, protocol: None };
    ///     let offer = Request::from_parts(&parts, fields.iter().copied(), &options.policy)
    ///         .and_then(|request| request.into_offer(&options.policy))
    ///         // A real program answers with `refusal.to_parts()`.
    ///         .map_err(|refusal: Refusal| handfast::Error::Refused(Box::new(refusal)))?;
    ///     let (accepted, answer) = offer.accept_parts(&options.answer).map_err(handfast::Error::Misuse)?;
    ///     let mut ws = WebSocket::server(upgrade(answer).await, accepted, b"", options.config.clone());
    ///     while let Some(message) = ws.recv().await? {
    ///         ws.send(message).await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn server(io: S, accepted: Accepted<Server>, behind_head: &[u8], config: Arc<Config>) -> Self {
        let subprotocol = accepted.subprotocol().map(Into::into);
        Self::open(
            io,
            Connection::server(accepted, config),
            Details { subprotocol, response: None },
            behind_head,
        )
    }

    /// The client's end: as [`WebSocket::server`], with the server's answer for [`WebSocket::response`]. Both come from
    /// [`Verdict::Opened`](handfast_proto::handshake::Verdict::Opened). Masks are drawn from the operating system's random source.
    pub fn client(
        io: S,
        accepted: Accepted<Client>,
        response: ResponseHead,
        behind_head: &[u8],
        config: Arc<Config>,
    ) -> Self {
        let subprotocol = accepted.subprotocol().map(Into::into);
        let connection = Connection::client(accepted, config, Box::new(ThreadMasks));
        Self::open(io, connection, Details { subprotocol, response: Some(response) }, behind_head)
    }

    fn open(io: S, mut connection: Connection, details: Details, behind_head: &[u8]) -> Self {
        if !behind_head.is_empty() {
            pool::with_pool(|pool| connection.receive(behind_head, pool));
        }
        let has_details = details.subprotocol.is_some() || details.response.is_some();
        Self {
            driver: Box::new(Driver::new(io, connection, None)),
            details: has_details.then(|| Box::new(details)),
        }
    }
}
