//! A request that waits for its answer.

use super::Shared;
use super::drain::Member;
use super::handshake::{self, Begun};
use crate::linger::write_last;
use crate::transport::Transport;
use crate::websocket::WebSocket;
use crate::{Error, Peer};
use bytes::{Bytes, BytesMut};
use handfast_proto::Limits;
use handfast_proto::error::Misuse;
use handfast_proto::handshake::{self as proto, Answer, HttpResponse, Offer, Refusal};
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

/// A client's well-formed request, WebSocket handshake or not: look at it, then
/// [`accept`](Request::accept) it or [`respond`](Request::respond).
///
/// A request that is dropped without an answer is answered with 500.
pub struct Request {
    /// Only `None` when it was answered.
    waiting: Option<Box<Waiting>>,
}

pub(super) struct Waiting {
    pub(super) io: Transport,
    pub(super) head: proto::Request,
    pub(super) rest: BytesMut,
    pub(super) peer: Peer,
    pub(super) member: Member,
    pub(super) shared: Arc<Shared>,
}

impl Request {
    pub(super) fn new(waiting: Waiting) -> Self {
        Self { waiting: Some(Box::new(waiting)) }
    }

    /// The path of the target, percent-encoded as it was sent; `/` for an empty one.
    pub fn path(&self) -> &str {
        self.head().path()
    }

    /// The query of the target without its question mark.
    pub fn query(&self) -> Option<&str> {
        self.head().query()
    }

    /// The method as it was spelled, such as `GET`.
    pub fn method(&self) -> &str {
        self.head().method()
    }

    /// The value of the first field of this name, compared without case; any bytes that HTTP allows.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.head().field(name)
    }

    /// The whole head: target, authority, all fields, and the bytes as they were received.
    pub fn head(&self) -> &proto::Request {
        &self.waiting().head
    }

    /// Whether the client means to open a WebSocket, rightly or wrongly.
    pub fn wants_websocket(&self) -> bool {
        self.head().wants_websocket()
    }

    /// Judges the request by every rule of the handshake, without answering it: the offer with its subprotocols and origin,
    /// or the refusal that [`Request::accept`] would send.
    ///
    /// # Errors
    ///
    /// All faults at once.
    pub fn offer(&self) -> Result<Offer, Refusal> {
        self.head().clone().into_offer(&self.waiting().shared.options.policy)
    }

    /// The client, or its proxy: its address, or that it came over a Unix socket.
    pub fn peer(&self) -> Peer {
        self.waiting().peer
    }

    /// The stream, for its addresses and whether it is TLS.
    pub fn transport(&self) -> &Transport {
        &self.waiting().io
    }

    /// Completes the handshake with the server's [`answer`](crate::Server::answer), and opens the WebSocket.
    ///
    /// A request that is not a right handshake is answered by the complete refusal, and the connection is closed.
    ///
    /// Not cancel safe: when the future is dropped, the connection is closed.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with all faults; [`Error::Io`] when the client has gone.
    pub async fn accept(self) -> Result<WebSocket, Error> {
        self.accept_by(None).await
    }

    /// As [`Request::accept`], with an answer for this request: subprotocols, cookies and other fields.
    ///
    /// # Errors
    ///
    /// As [`Request::accept`]; and [`Error::Misuse`] when the answer requires a subprotocol that was not offered. The client gets 400
    /// then.
    pub async fn accept_with(self, answer: &Answer) -> Result<WebSocket, Error> {
        self.accept_by(Some(answer)).await
    }

    async fn accept_by(mut self, answer: Option<&Answer>) -> Result<WebSocket, Error> {
        let mut waiting = Some(self.take());
        drop(self);
        // All in one poll, so that the handler's future holds nothing of it.
        let (begun, member, shared) = poll_fn(|cx| {
            let waiting = waiting.take().expect("it is ready at the first poll");
            let Waiting { io, head, rest, peer, member, shared } = *waiting;
            // Cheap: the bytes of the head are shared.
            let seen = shared.on_refusal.is_some().then(|| head.clone());
            let on_refusal = |refusal: &Refusal| {
                if let Some(head) = &seen {
                    shared.report_refusal(peer, refusal, head.as_bytes());
                }
            };
            let answer = answer.unwrap_or(&shared.options.answer);
            #[cfg(feature = "http2")]
            if head.version().has_streams() {
                let begun = handshake::begin_stream(io, head, &shared.options, answer, on_refusal);
                return Poll::Ready((begun.map(Begun::Open), member, shared));
            }
            let begun = handshake::begin(cx, io, head, rest, &shared.options, answer, on_refusal);
            Poll::Ready((begun, member, shared))
        })
        .await;
        let mut ws = match begun? {
            Begun::Open(ws) => ws,
            Begun::Unwritten(unwritten) => {
                Box::pin(async move { unwritten.finish(&shared.options).await }).await?
            }
        };
        ws.join(member);
        Ok(ws)
    }

    /// Answers with an HTTP response and closes the connection.
    ///
    /// Not cancel safe: when the future is dropped, the connection is closed.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the client has gone; [`Error::Misuse`] for a status of 200 to 299 where a WebSocket was asked for over
    /// HTTP/2, which would open it ([`Misuse::StatusOpens`]). The client gets 500 then.
    pub async fn respond(mut self, response: HttpResponse) -> Result<(), Error> {
        let mut waiting = self.take();
        Box::pin(async move {
            let Waiting { io, head, shared, .. } = &mut *waiting;
            let limits = &shared.options.policy.limits;
            let status = response.status();
            // RFC 8441 section 5: any 2xx opens, and the client would take the body for frames.
            if head.version().has_streams() && head.method() == "CONNECT" && matches!(status, 200..=299) {
                let misuse = Misuse::StatusOpens(status);
                let text = format!(
                    "The server did not open the WebSocket, and said so with a status that would: {status}.\n"
                );
                write_response(io, head, &HttpResponse::text(500, text), limits).await?;
                return Err(Error::Misuse(misuse));
            }
            Ok(write_response(io, head, &response, limits).await?)
        })
        .await
    }

    /// Takes the connection over, unanswered: from here on the program reads and writes the bytes itself. For what needs the wire
    /// as it is, such as a recorder under [`server_handshake`](crate::server_handshake), or another protocol on the same port.
    ///
    /// # Errors
    ///
    /// The request itself, where it came over HTTP/2: its stream has no bytes of its own before it is accepted.
    pub fn take_over(mut self) -> Result<TakenOver, Self> {
        if self.head().version().has_streams() {
            return Err(self);
        }
        let Waiting { io, head, rest, member, .. } = *self.take();
        Ok(TakenOver { head, stream: io, behind_head: rest.freeze(), member })
    }

    fn waiting(&self) -> &Waiting {
        self.waiting.as_ref().expect("only the methods that consume a request take it")
    }

    fn take(&mut self) -> Box<Waiting> {
        self.waiting.take().expect("only the methods that consume a request take it")
    }
}

/// A connection that a handler has [taken over](Request::take_over), and answers by itself. It counts as open until this is
/// dropped, and a drain waits for the handler that holds it.
#[non_exhaustive]
pub struct TakenOver {
    /// The request, with its bytes.
    pub head: proto::Request,
    /// The connection; nothing was written to it.
    pub stream: Transport,
    /// What was received behind the head: it comes before anything that is read from the stream.
    pub behind_head: Bytes,
    member: Member,
}

impl TakenOver {
    /// Ready once the server drains: the handler should end then, and is dropped at the deadline. Cancel safe.
    pub fn draining(&self) -> impl Future<Output = ()> + Send + use<> {
        self.member.draining()
    }
}

impl fmt::Debug for TakenOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TakenOver").field("target", &self.head.target()).finish_non_exhaustive()
    }
}

/// Writes the response and ends the connection, or the stream of HTTP/2.
async fn write_response(
    io: &mut Transport,
    head: &proto::Request,
    response: &HttpResponse,
    limits: &Limits,
) -> std::io::Result<()> {
    let head_only = head.method() == "HEAD";
    #[cfg(feature = "http2")]
    if let Some(stream) = io.stream() {
        return stream.answer(response.to_parts(head.version(), head_only), false);
    }
    write_last(io, &response.to_bytes(head_only), limits).await
}

impl Drop for Request {
    fn drop(&mut self) {
        let Some(waiting) = self.waiting.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let Waiting { mut io, head, member, shared, .. } = *waiting;
        let response = HttpResponse::text(500, "The server did not answer the request.\n");
        runtime.spawn(async move {
            // The client may have gone; nobody is left to tell.
            let written = pin!(async {
                drop(write_response(&mut io, &head, &response, &shared.options.policy.limits).await)
            });
            member.run(written).await
        });
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method())
            .field("target", &self.head().target())
            .field("peer", &self.peer())
            .finish_non_exhaustive()
    }
}
