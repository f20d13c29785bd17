//! A message read as it comes, without holding it.

use super::wakers::RECEIVER;
use super::{Piece, Receiver, WebSocket};
use crate::Error;
use crate::transport::Transport;
use handfast_proto::Message;
use std::future::poll_fn;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};

/// A message on its way: see [`WebSocket::recv_stream`] and [`Receiver::recv_stream`].
///
/// Dropping it before the message's end leaves the connection usable: the rest of the message is thrown away as it comes, and the
/// next `recv` gives the message behind it.
#[must_use = "the message is thrown away unless it is read"]
pub struct MessageReader<'a, R: ReadPieces = WebSocket<Transport>> {
    from: &'a mut R,
    next: Option<Message>,
    is_text: bool,
    /// The last piece has come.
    is_whole: bool,
}

impl<R: ReadPieces> MessageReader<'_, R> {
    /// Waits for the next piece; `None` at the message's end. Each is of the message's kind, at most 64 KiB unless it came
    /// as a frame's payload that was being read already, and text is cut between characters. Only an empty message has an
    /// empty piece.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Error::MessageCut`] when the peer closes the connection in the middle of the message; else as
    /// [`WebSocket::recv`]. What came before it is then no whole message.
    pub fn next_piece(&mut self) -> impl Future<Output = Result<Option<Message>, Error>> {
        poll_fn(|cx| {
            loop {
                if let Some(piece) = self.next.take() {
                    return Poll::Ready(Ok(Some(piece)));
                }
                if self.is_whole {
                    return Poll::Ready(Ok(None));
                }
                match std::task::ready!(self.from.poll_piece(cx)) {
                    Ok(Some(Piece { piece, last })) => {
                        self.is_whole = last;
                        self.next = (!piece.is_empty()).then_some(piece);
                    }
                    Ok(None) => {
                        self.is_whole = true;
                        return Poll::Ready(Err(Error::MessageCut));
                    }
                    Err(error) => {
                        self.is_whole = true;
                        return Poll::Ready(Err(error));
                    }
                }
            }
        })
    }

    /// Whether it is a text message; else it is binary.
    pub fn is_text(&self) -> bool {
        self.is_text
    }
}

impl<R: ReadPieces> Drop for MessageReader<'_, R> {
    fn drop(&mut self) {
        if !self.is_whole {
            self.from.skip_message();
        }
    }
}

impl<R: ReadPieces> std::fmt::Debug for MessageReader<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageReader")
            .field("is_text", &self.is_text)
            .field("is_whole", &self.is_whole)
            .finish_non_exhaustive()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Waits for the begin of the next message, to read it as it comes: a message of any size passes through little memory, and
    /// [`Limits::message_bytes_max`](crate::Limits::message_bytes_max), `frame_bytes_max` and `fragments_max` do not hold.
    /// `None` as in [`WebSocket::recv`].
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(mut ws: handfast::WebSocket) -> Result<(), handfast::Error> {
    /// let mut bytes = 0;
    /// if let Some(mut message) = ws.recv_stream().await? {
    ///     while let Some(piece) = message.next_piece().await? {
    ///         bytes += piece.len();
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn recv_stream(&mut self) -> Result<Option<MessageReader<'_, Self>>, Error> {
        open(self).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Receiver<S> {
    /// As [`WebSocket::recv_stream`].
    ///
    /// Cancel safe and fails as [`Receiver::recv`].
    pub async fn recv_stream(&mut self) -> Result<Option<MessageReader<'_, Self>>, Error> {
        open(self).await
    }
}

async fn open<R: ReadPieces>(from: &mut R) -> Result<Option<MessageReader<'_, R>>, Error> {
    let Some(first) = poll_fn(|cx| from.poll_piece(cx)).await? else { return Ok(None) };
    let is_text = first.piece.is_text();
    Ok(Some(MessageReader { from, next: Some(first.piece), is_text, is_whole: first.last }))
}

/// What a message can be read from in pieces. Only [`WebSocket`] and [`Receiver`] are such.
pub trait ReadPieces: private::ReadPieces {}

impl<S: AsyncRead + AsyncWrite + Unpin> ReadPieces for WebSocket<S> {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> ReadPieces for Receiver<S> {}

impl<S: AsyncRead + AsyncWrite + Unpin> private::ReadPieces for WebSocket<S> {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Piece>, Error>> {
        self.driver.poll_piece(cx, RECEIVER)
    }

    fn skip_message(&mut self) {
        self.driver.connection.skip_message();
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> private::ReadPieces for Receiver<S> {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Piece>, Error>> {
        self.poll_recv_piece(cx)
    }

    fn skip_message(&mut self) {
        self.driver().connection.skip_message();
    }
}

mod private {
    use super::{Context, Error, Piece, Poll};

    pub trait ReadPieces {
        fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Piece>, Error>>;
        fn skip_message(&mut self);
    }
}
