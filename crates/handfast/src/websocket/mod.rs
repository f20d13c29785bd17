//! An open WebSocket of either role.

mod after_handshake;
mod alarm;
mod deflate;
pub(crate) mod driver;
mod pool;
mod prepared;
mod reader;
mod split;
mod stream;
mod try_send;
mod wakers;
mod writer;

pub use reader::{MessageReader, ReadPieces};
pub use split::{Receiver, Sender};
pub use try_send::TrySendError;
pub use writer::{MessageKind, MessageWriter, WritePieces};

use crate::Error;
use crate::transport::Transport;
use driver::Driver;
use handfast_proto::connection::{End, Event, Prepared, Stats};
use handfast_proto::error::Misuse;
use handfast_proto::frame::{Close, CloseCode};
use handfast_proto::handshake::ResponseHead;
use handfast_proto::{Message, Role};
use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};
use wakers::RECEIVER;

/// An open WebSocket, of a client or a server, over any stream.
///
/// Pings are answered, and Close frames are answered and awaited, while one of its methods waits: keep a
/// [`recv`](WebSocket::recv) going. Dropping an open WebSocket tells the peer 1001 if that can be written at once; to part in
/// good order call [`close`](WebSocket::close).
///
/// An idle WebSocket holds no buffer.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), handfast::Error> {
/// use handfast::CloseCode;
///
/// let mut ws = handfast::connect("ws://127.0.0.1:8080/echo").await?;
/// ws.send("hello").await?;
/// if let Some(message) = ws.recv().await? {
///     assert_eq!(message.as_text(), Some("hello"));
/// }
/// ws.close(CloseCode::NORMAL, "done").await?;
/// # Ok(())
/// # }
/// ```
pub struct WebSocket<S: AsyncRead + AsyncWrite + Unpin = Transport> {
    driver: Box<Driver<S>>,
    details: Option<Box<Details>>,
}

/// A part of a message: see [`WebSocket::recv_piece`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What came. Its kind is the message's; text is cut between characters. Empty only where it is the last.
    pub piece: Message,
    /// Whether the message ends with it.
    pub last: bool,
}

/// What only some WebSockets have.
#[derive(Default)]
struct Details {
    subprotocol: Option<Box<str>>,
    response: Option<ResponseHead>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Waits for the next message; `None` once the connection was closed by a closing handshake, whatever its code
    /// ([`WebSocket::close_received`] tells). Before it waits, it writes what is queued.
    ///
    /// Cancel safe: dropping the future loses nothing, so it may stand in a `select!`.
    ///
    /// # Errors
    ///
    /// Once, and then `None`: [`Error::Protocol`] when the peer breaks the protocol (it has been told by the right Close code),
    /// [`Error::Lost`] when the connection ends without a Close frame, [`Error::Timeout`] when a pong, a message or the peer's
    /// Close frame is overdue. The connection is over then; connect anew if it is needed.
    pub fn recv(&mut self) -> impl Future<Output = Result<Option<Message>, Error>> {
        // No `async fn` here and below: their futures would be several times larger, for every idle connection.
        poll_fn(|cx| self.poll_recv(cx))
    }

    /// Waits for the next piece of a message, as it arrives: messages of any size pass through little memory, and the limits of
    /// a message's size do not hold. `None` as in [`WebSocket::recv`], which skips the rest of a message that
    /// was begun in pieces.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`].
    pub fn recv_piece(&mut self) -> impl Future<Output = Result<Option<Piece>, Error>> {
        poll_fn(|cx| self.driver.poll_piece(cx, RECEIVER))
    }

    /// As [`WebSocket::recv`], but shows pings and pongs too, as far as [`Config::show_pings`](crate::Config::show_pings) and
    /// [`Config::show_pongs`](crate::Config::show_pongs) ask for them. Never gives [`Event::End`].
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`].
    pub fn recv_event(&mut self) -> impl Future<Output = Result<Option<Event>, Error>> {
        poll_fn(|cx| self.poll_recv_event(cx))
    }

    /// Sends a message: queues it behind those before it, and writes all.
    ///
    /// Not cancel safe: when the future is dropped, the message may or may not have been queued. It is never sent in part.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] after the Close frame of either side, [`Error::Lost`] when the stream fails. The next
    /// [`recv`](WebSocket::recv) tells how the connection ended.
    pub fn send(&mut self, message: impl Into<Message>) -> impl Future<Output = Result<(), Error>> {
        let mut message = Some(message.into());
        poll_fn(move |cx| {
            ready!(self.poll_feed(cx, &mut message))?;
            self.driver.poll_flush(cx, RECEIVER)
        })
    }

    /// Queues a message without writing it, so that several share one system call: the next [`flush`](WebSocket::flush),
    /// [`send`](WebSocket::send) or waiting [`recv`](WebSocket::recv) writes them all. While
    /// [`Limits::send_queue_bytes_max`](crate::Limits::send_queue_bytes_max) are queued, it writes and waits.
    ///
    /// Not cancel safe: when the future is dropped, the message was not queued.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`].
    #[inline]
    pub fn feed(&mut self, message: impl Into<Message>) -> impl Future<Output = Result<(), Error>> {
        let mut message = Some(message.into());
        poll_fn(move |cx| self.poll_feed(cx, &mut message))
    }

    /// Sends one piece of a message as a fragment (RFC 6455 section 5.4); the first begins the message and `last` ends it. All
    /// pieces are of the same kind. A message of any size so passes through little memory.
    ///
    /// Cancel safe as [`WebSocket::send`] is.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] for a piece of the other kind, else as [`WebSocket::send`]. Until the message is ended,
    /// `send` and `feed` fail with [`Error::Misuse`].
    pub fn send_piece(
        &mut self,
        piece: impl Into<Message>,
        last: bool,
    ) -> impl Future<Output = Result<(), Error>> {
        let mut piece = Some(piece.into());
        poll_fn(move |cx| {
            if piece.is_some() {
                ready!(self.driver.poll_room(cx, RECEIVER))?;
            }
            if let Some(piece) = piece.take() {
                self.driver.queue_piece(piece, last)?;
            }
            self.driver.poll_flush(cx, RECEIVER)
        })
    }

    /// Queues a message that was framed beforehand, for many connections: see [`Prepared`]. Otherwise as
    /// [`WebSocket::feed`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`].
    pub fn feed_prepared(&mut self, prepared: &Prepared) -> impl Future<Output = Result<(), Error>> {
        poll_fn(|cx| {
            ready!(self.driver.poll_room(cx, RECEIVER))?;
            Poll::Ready(self.driver.queue_prepared(prepared))
        })
    }

    /// Writes everything that is queued.
    ///
    /// Cancel safe: what was not written stays queued.
    ///
    /// # Errors
    ///
    /// [`Error::Lost`] when the stream fails.
    pub fn flush(&mut self) -> impl Future<Output = Result<(), Error>> {
        poll_fn(|cx| self.driver.poll_flush(cx, RECEIVER))
    }

    /// Sends a ping of at most 125 bytes, ahead of queued messages (RFC 6455 section 5.5.2). Its pong is shown by
    /// [`WebSocket::recv_event`].
    ///
    /// Where the queue is full and [`Limits::pongs_queued_max`](crate::Limits::pongs_queued_max) pings and pongs went beyond it,
    /// it waits until the peer has read: pinging in a loop holds no more memory.
    ///
    /// Cancel safe in so far as a dropped future has queued the ping or not, and never a part of it.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] when the payload is too long, else as [`WebSocket::send`].
    pub async fn ping(&mut self, payload: impl AsRef<[u8]>) -> Result<(), Error> {
        self.control(payload.as_ref(), true).await
    }

    /// Sends a pong that nobody asked for, of at most 125 bytes (RFC 6455 section 5.5.3). Pings are answered without it.
    ///
    /// Cancel safe and fails as [`WebSocket::ping`].
    pub async fn pong(&mut self, payload: impl AsRef<[u8]>) -> Result<(), Error> {
        self.control(payload.as_ref(), false).await
    }

    /// Closes the connection in good order: sends what is queued and a Close frame, and waits for the peer's, no longer than
    /// [`Limits::close_timeout`](crate::Limits::close_timeout) (RFC 6455 section 7.1.2). Messages that still come are thrown
    /// away; to see them call [`WebSocket::begin_close`] and go on with [`recv`](WebSocket::recv).
    ///
    /// Closing what is closed does nothing. Cancel safe: call it again to go on waiting.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] when the reason has more than 123 bytes, else as [`WebSocket::recv`].
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.begin_close(code, reason)?;
        while self.recv_event().await?.is_some() {}
        Ok(())
    }

    /// Queues a Close frame behind all that was sent. [`recv`](WebSocket::recv) then writes it, gives the messages that
    /// still come, and `None` once the peer has answered. Does nothing when the connection is closing already.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] when the reason has more than 123 bytes.
    pub fn begin_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.driver.queue_close(Some(Close::new(code, reason)?));
        Ok(())
    }

    /// What the peer's Close frame said, once both Close frames were exchanged; `None` before that, when it had no code
    /// (reported as 1005 in RFC 6455 section 7.1.5), and when the connection ended otherwise.
    pub fn close_received(&self) -> Option<&Close> {
        match self.end()? {
            End::Closed(close) => close.as_ref(),
            _ => None,
        }
    }

    /// How the connection ended, as soon as that was noticed.
    pub fn end(&self) -> Option<&End> {
        self.driver.end()
    }

    /// Which end this is.
    pub fn role(&self) -> Role {
        self.driver.connection.role()
    }

    /// The subprotocol that was agreed on, if any.
    pub fn subprotocol(&self) -> Option<&str> {
        self.details.as_ref()?.subprotocol.as_deref()
    }

    /// A client's: the server's answer that opened the WebSocket, with its fields (such as `Set-Cookie`).
    pub fn response(&self) -> Option<&ResponseHead> {
        self.details.as_ref()?.response.as_ref()
    }

    /// Bytes queued to be written.
    pub fn send_queue_bytes(&self) -> usize {
        self.driver.connection.send_queue_bytes()
    }

    /// What this connection has carried, what it holds, and its latency.
    pub fn stats(&self) -> Stats {
        self.driver.connection.stats()
    }

    /// The stream.
    pub fn get_ref(&self) -> &S {
        self.driver.io()
    }

    /// Splits it into a receiver and a sender that can be cloned, for use in different tasks.
    pub fn split(self) -> (Receiver<S>, Sender<S>)
    where
        S: Send + 'static,
    {
        split::split(*self.driver, self.details)
    }

    /// Makes it follow its server.
    pub(crate) fn join(&mut self, member: crate::server::drain::Member) {
        self.driver.member = Some(member);
    }

    /// Queues a control frame once there is room, and writes it.
    async fn control(&mut self, payload: &[u8], is_ping: bool) -> Result<(), Error> {
        match self.driver.queue_control(payload, is_ping) {
            Err(Error::Misuse(Misuse::SendQueueFull)) => {
                self.flush().await?;
                self.driver.queue_control(payload, is_ping)?;
            }
            queued => queued?,
        }
        self.flush().await
    }

    /// Queues `message` once there is room, and takes it away.
    #[inline]
    fn poll_feed(&mut self, cx: &mut Context<'_>, message: &mut Option<Message>) -> Poll<Result<(), Error>> {
        if message.is_some() {
            ready!(self.driver.poll_room(cx, RECEIVER))?;
        }
        Poll::Ready(message.take().map_or(Ok(()), |message| self.driver.queue(message)))
    }

    #[inline]
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Message>, Error>> {
        self.driver.connection.receive_in_pieces(false);
        loop {
            match ready!(self.driver.poll_event(cx, RECEIVER)) {
                Some(Event::Message(message)) => return Poll::Ready(Ok(Some(message))),
                Some(_) => {}
                None => return Poll::Ready(self.driver.outcome().map(|()| None)),
            }
        }
    }

    fn poll_recv_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, Error>> {
        self.driver.connection.receive_in_pieces(false);
        match ready!(self.driver.poll_event(cx, RECEIVER)) {
            Some(event) => Poll::Ready(Ok(Some(event))),
            None => Poll::Ready(self.driver.outcome().map(|()| None)),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> fmt::Debug for WebSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("connection", &self.driver.connection)
            .field("subprotocol", &self.subprotocol())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_websocket_is_small() {
        assert!(size_of::<WebSocket>() <= 16, "{} bytes", size_of::<WebSocket>());
        let driver = size_of::<Driver<Transport>>();
        // What was counted already of each connection, where it is counted.
        let most = if cfg!(feature = "metrics") { 344 } else { 312 };
        assert!(driver <= most, "{driver} bytes");
    }

    #[test]
    fn a_websocket_and_its_halves_cross_threads() {
        fn crosses<T: Send>() {}
        crosses::<WebSocket>();
        crosses::<Receiver>();
        fn is_shared<T: Send + Sync + Clone>() {}
        is_shared::<Sender>();
    }
}
