//! Compression as a program sees it: what was agreed, and messages that go without it.

use super::wakers::RECEIVER;
use super::{Sender, WebSocket};
use crate::Error;
use handfast_proto::Message;
use handfast_proto::deflate::Agreed;
use std::future::poll_fn;
use std::task::ready;
use tokio::io::{AsyncRead, AsyncWrite};

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// What was agreed for permessage-deflate in the handshake; `None` when messages are not compressed.
    pub fn deflate(&self) -> Option<&Agreed> {
        self.driver.connection.deflate()
    }

    /// As [`WebSocket::send`], but this message is not compressed, whatever was agreed: for one that holds a secret beside text
    /// of others ([`DeflateOptions`](crate::DeflateOptions) says why), or that is compressed by itself, such as a picture.
    ///
    /// Cancel safe and fails as [`WebSocket::send`].
    pub fn send_uncompressed(
        &mut self,
        message: impl Into<Message>,
    ) -> impl Future<Output = Result<(), Error>> {
        let mut message = Some(message.into());
        poll_fn(move |cx| {
            if message.is_some() {
                ready!(self.driver.poll_room(cx, RECEIVER))?;
            }
            if let Some(message) = message.take() {
                self.driver.queue_uncompressed(message)?;
            }
            self.driver.poll_flush(cx, RECEIVER)
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Sender<S> {
    /// As [`Sender::send`], but this message is not compressed: see [`WebSocket::send_uncompressed`].
    ///
    /// Cancel safe and fails as [`Sender::send`].
    pub async fn send_uncompressed(&self, message: impl Into<Message>) -> Result<(), Error> {
        let mut driver = self.room().await?;
        driver.queue_uncompressed(message.into())?;
        self.write_on(driver);
        Ok(())
    }
}
