//! A message written as it is made, without holding it.

use super::driver::Driver;
use super::wakers::{Place, RECEIVER};
use super::{Sender, WebSocket};
use crate::Error;
use crate::transport::Transport;
use handfast_proto::Message;
use handfast_proto::error::Misuse;
use handfast_proto::frame::{Close, CloseCode};
use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// UTF-8 text.
    Text,
    /// Any bytes.
    Binary,
}

/// A message that is being sent as fragments (RFC 6455 section 5.4): see [`WebSocket::send_stream`] and
/// [`Sender::send_stream`].
///
/// End it with [`finish`](MessageWriter::finish). A message that was begun cannot be taken back: dropping the writer
/// before its end closes the connection with 1011, since nothing else could ever be sent.
#[must_use = "nothing is sent unless pieces are written"]
pub struct MessageWriter<'a, W: WritePieces = WebSocket<Transport>> {
    to: &'a mut W,
    kind: MessageKind,
    place: Place,
    is_begun: bool,
    is_finished: bool,
}

impl<W: WritePieces> MessageWriter<'_, W> {
    /// Sends a piece as a frame, and waits until it is written: no more than one piece is held, however slow the peer is.
    /// Text and binary are as the message's kind.
    ///
    /// When the future is dropped, the piece may or may not have been queued; it is never sent in part. Cancel safe in this
    /// sense only.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] for a piece of the other kind, and where [`WebSocket::send_piece`] has begun a message that is not
    /// finished ([`Misuse::MessageUnfinished`]); else as [`WebSocket::send`].
    pub fn write(&mut self, piece: impl Into<Message>) -> impl Future<Output = Result<(), Error>> {
        let mut piece = Some(piece.into());
        poll_fn(move |cx| self.poll_piece(cx, &mut piece, false))
    }

    /// Ends the message, and waits until that is written.
    ///
    /// Not cancel safe: when the future is dropped before the end was queued, the connection is closed with 1011.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`].
    pub async fn finish(mut self) -> Result<(), Error> {
        let mut piece = Some(match self.kind {
            MessageKind::Text => Message::text(""),
            MessageKind::Binary => Message::binary(Vec::new()),
        });
        poll_fn(|cx| self.poll_piece(cx, &mut piece, true)).await
    }

    fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
        piece: &mut Option<Message>,
        last: bool,
    ) -> Poll<Result<(), Error>> {
        if piece.as_ref().is_some_and(|piece| piece.is_text() != (self.kind == MessageKind::Text)) {
            return Poll::Ready(Err(Misuse::MessageUnfinished.into()));
        }
        let was_queued = piece.is_none();
        let written = self.to.poll_write_piece(cx, self.place, piece, !self.is_begun, last);
        // What was refused has begun nothing.
        let is_refused = matches!(written, Poll::Ready(Err(Error::Misuse(_))));
        if !was_queued && piece.is_none() && !is_refused {
            self.is_begun = true;
            self.is_finished = last;
        }
        written
    }
}

impl<W: WritePieces> Drop for MessageWriter<'_, W> {
    fn drop(&mut self) {
        self.to.forget(self.place);
        if self.is_begun && !self.is_finished {
            self.to.abandon();
        }
    }
}

impl<W: WritePieces> std::fmt::Debug for MessageWriter<'_, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageWriter")
            .field("kind", &self.kind)
            .field("is_begun", &self.is_begun)
            .finish_non_exhaustive()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Sends a message piece by piece, without holding it whole; with permessage-deflate it is compressed as it goes. Pings are
    /// answered and control frames go out in between.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(mut ws: handfast::WebSocket) -> Result<(), handfast::Error> {
    /// use handfast::MessageKind;
    ///
    /// let mut message = ws.send_stream(MessageKind::Binary);
    /// for _ in 0..65_536 {
    ///     message.write(vec![0; 65_536]).await?;
    /// }
    /// message.finish().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn send_stream(&mut self, kind: MessageKind) -> MessageWriter<'_, Self> {
        MessageWriter { to: self, kind, place: RECEIVER, is_begun: false, is_finished: false }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Sender<S> {
    /// As [`WebSocket::send_stream`]. From the first piece to the end of the message, what other senders of this connection
    /// send waits, and their `try_send` gives [`TrySendError::Unfinished`](crate::TrySendError::Unfinished).
    pub fn send_stream(&mut self, kind: MessageKind) -> MessageWriter<'_, Self> {
        let place = self.new_place();
        MessageWriter { to: self, kind, place, is_begun: false, is_finished: false }
    }
}

/// What a message can be written to in pieces. Only [`WebSocket`] and [`Sender`] are such.
pub trait WritePieces: private::WritePieces {}

impl<S: AsyncRead + AsyncWrite + Unpin> WritePieces for WebSocket<S> {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> WritePieces for Sender<S> {}

impl<S: AsyncRead + AsyncWrite + Unpin> private::WritePieces for WebSocket<S> {
    fn poll_write_piece(
        &mut self,
        cx: &mut Context<'_>,
        place: Place,
        piece: &mut Option<Message>,
        begins: bool,
        last: bool,
    ) -> Poll<Result<(), Error>> {
        if begins && piece.is_some() {
            ready!(self.driver.poll_room(cx, place))?;
            // A message that was begun by `send_piece` has nobody else who would end it: this would silently be more of it.
            self.driver.connection.check_send()?;
        }
        poll_write_piece(&mut self.driver, cx, place, piece, false, last)
    }

    fn abandon(&mut self) {
        self.driver.queue_close(Some(unfinished()));
    }

    fn forget(&self, _: Place) {}
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> private::WritePieces for Sender<S> {
    fn poll_write_piece(
        &mut self,
        cx: &mut Context<'_>,
        place: Place,
        piece: &mut Option<Message>,
        begins: bool,
        last: bool,
    ) -> Poll<Result<(), Error>> {
        poll_write_piece(&mut self.driver(), cx, place, piece, begins, last)
    }

    fn abandon(&mut self) {
        let mut driver = self.driver();
        driver.queue_close(Some(unfinished()));
        self.write_on(driver);
    }

    fn forget(&self, place: Place) {
        self.forget_place(place);
    }
}

/// Queues the piece once there is room, and where it waits for its turn also for the end of the message of another sender; then
/// writes all.
fn poll_write_piece<S: AsyncRead + AsyncWrite + Unpin>(
    driver: &mut Driver<S>,
    cx: &mut Context<'_>,
    place: Place,
    piece: &mut Option<Message>,
    waits_for_turn: bool,
    last: bool,
) -> Poll<Result<(), Error>> {
    if piece.is_some() {
        ready!(if waits_for_turn { driver.poll_turn(cx, place) } else { driver.poll_room(cx, place) })?;
    }
    if let Some(piece) = piece.take() {
        driver.queue_piece(piece, last)?;
    }
    driver.poll_flush(cx, place)
}

fn unfinished() -> Close {
    Close::new(CloseCode::INTERNAL_ERROR, "a message was begun and not finished")
        .expect("the reason is short")
}

mod private {
    use super::{Context, Error, Message, Place, Poll};

    pub trait WritePieces {
        fn poll_write_piece(
            &mut self,
            cx: &mut Context<'_>,
            place: Place,
            piece: &mut Option<Message>,
            begins: bool,
            last: bool,
        ) -> Poll<Result<(), Error>>;
        fn abandon(&mut self);
        fn forget(&self, place: Place);
    }
}
