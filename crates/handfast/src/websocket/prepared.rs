//! Messages that were framed beforehand, for many connections.

use super::wakers::RECEIVER;
use super::{Sender, WebSocket};
use crate::Error;
use handfast_proto::connection::Prepared;
use std::future::poll_fn;
use std::task::ready;
use tokio::io::{AsyncRead, AsyncWrite};

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// As [`WebSocket::send`], for a message that was framed beforehand: see [`Prepared`].
    ///
    /// Cancel safe and fails as [`WebSocket::send`].
    pub fn send_prepared(&mut self, prepared: &Prepared) -> impl Future<Output = Result<(), Error>> {
        let mut prepared = Some(prepared);
        poll_fn(move |cx| {
            if prepared.is_some() {
                ready!(self.driver.poll_room(cx, RECEIVER))?;
            }
            if let Some(prepared) = prepared.take() {
                self.driver.queue_prepared(prepared)?;
            }
            self.driver.poll_flush(cx, RECEIVER)
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Sender<S> {
    /// As [`Sender::send`], for a message that was framed beforehand: see [`Prepared`].
    ///
    /// Cancel safe and fails as [`Sender::send`].
    pub async fn send_prepared(&self, prepared: &Prepared) -> Result<(), Error> {
        let mut driver = self.room().await?;
        driver.queue_prepared(prepared)?;
        self.write_on(driver);
        Ok(())
    }
}
