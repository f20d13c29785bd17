//! `Stream` and `Sink`, for combinators.

use super::WebSocket;
use super::wakers::{RECEIVER, SINK};
use crate::Error;
use futures_core::{FusedStream, Stream};
use futures_sink::Sink;
use handfast_proto::Message;
use handfast_proto::frame::CloseCode;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};

/// The messages, as [`WebSocket::recv`] gives them; an error is the last item.
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for WebSocket<S> {
    type Item = Result<Message, Error>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(ready!(self.get_mut().poll_recv(cx)).transpose())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> FusedStream for WebSocket<S> {
    fn is_terminated(&self) -> bool {
        self.driver.is_over()
    }
}

/// Feeding queues, flushing writes. Closing the sink sends Close 1000 and returns when it is written; the stream ends when the
/// peer has answered it.
impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Message> for WebSocket<S> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().driver.poll_room(cx, SINK)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.get_mut().driver.queue(message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().driver.poll_flush(cx, SINK)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let driver = &mut self.get_mut().driver;
        if !driver.connection.is_close_sent() {
            driver.queue_close(Some(CloseCode::NORMAL.into()));
        }
        driver.poll_flush(cx, SINK)
    }
}

const _: () = assert!(RECEIVER != SINK, "the two halves wait at different places");
