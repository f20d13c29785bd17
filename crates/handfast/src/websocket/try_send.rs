//! Sending without waiting, and what becomes of a message that finds no room.

use super::driver::Driver;
use super::wakers::NOBODY;
use super::{Sender, WebSocket};
use crate::Error;
use handfast_proto::Message;
use handfast_proto::connection::Prepared;
use handfast_proto::error::Misuse;
use handfast_proto::frame::{Close, CloseCode};
use std::fmt;
use std::task::{Context, Waker};
use tokio::io::{AsyncRead, AsyncWrite};

/// Why a message was not taken, with the message.
#[derive(Debug)]
#[non_exhaustive]
pub enum TrySendError {
    /// The queue holds [`Limits::send_queue_bytes_max`](crate::Limits::send_queue_bytes_max) already, or the connection
    /// [`Limits::connection_bytes_max`](crate::Limits::connection_bytes_max): wait with `send`, or drop the message.
    Full(Message),
    /// Another message is being sent in pieces and is not finished: nothing can come in between. Finish it; or, where another
    /// sender sends it, wait with `send`.
    Unfinished(Message),
    /// The connection is closed, closing or lost.
    Closed(Message),
}

impl TrySendError {
    /// The message that was not sent.
    pub fn into_message(self) -> Message {
        match self {
            Self::Full(message) | Self::Unfinished(message) | Self::Closed(message) => message,
        }
    }
}

impl std::error::Error for TrySendError {}

impl fmt::Display for TrySendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => Misuse::SendQueueFull.fmt(f),
            Self::Unfinished(_) => f.write_str("another message is being sent in pieces and is not finished"),
            Self::Closed(_) => Error::Closed.fmt(f),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// As [`WebSocket::send`], but never waits: queues the message and writes what the stream takes at once. The rest is
    /// written by whatever waits next, such as [`recv`](WebSocket::recv) or [`flush`](WebSocket::flush).
    ///
    /// There are two marks. At [`Limits::send_queue_bytes_max`](crate::Limits::send_queue_bytes_max) queued bytes (high
    /// water) no more is taken; a message is taken whole as long as fewer are queued, so that one message may stand above
    /// the mark. Here there is room again as soon as the queue is below it. Those who wait for room (`send`, `feed`) go on only at
    /// [`Limits::send_queue_bytes_low`](crate::Limits::send_queue_bytes_low) (low water).
    /// [`WebSocket::send_queue_bytes`] tells how much is queued.
    ///
    /// # Errors
    ///
    /// Gives the message back and says why it was not taken. How a connection ended is told by the next `recv`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(mut ws: handfast::WebSocket) -> Result<(), handfast::Error> {
    /// use handfast::TrySendError;
    ///
    /// match ws.try_send("position 3") {
    ///     Ok(()) => {}
    ///     Err(TrySendError::Full(_)) => println!("a slow reader: it misses this one"),
    ///     Err(other) => return Err(handfast::Error::other(other)),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_send(&mut self, message: impl Into<Message>) -> Result<(), TrySendError> {
        queue(&mut self.driver, message.into())?;
        self.write_now();
        Ok(())
    }

    /// As [`WebSocket::try_send`]; but where the queue is full, the connection is closed with this code, such as
    /// [`CloseCode::TRY_AGAIN_LATER`] or [`CloseCode::POLICY_VIOLATION`]: a peer that falls behind so far is to come back and
    /// begin anew. It gets what is queued, if it reads that in [`Limits::close_timeout`](crate::Limits::close_timeout); go
    /// on with [`recv`](WebSocket::recv) meanwhile.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::try_send`]; [`TrySendError::Full`] when it closed the connection.
    pub fn try_send_or_close(
        &mut self,
        message: impl Into<Message>,
        code: CloseCode,
    ) -> Result<(), TrySendError> {
        let sent = self.try_send(message);
        if matches!(sent, Err(TrySendError::Full(_))) {
            self.driver.queue_close(Some(too_slow(code)));
            self.write_now();
        }
        sent
    }

    /// Writes what can be written now.
    fn write_now(&mut self) {
        // A stream that fails is told by whatever comes next.
        let _ = self.driver.poll_flush(&mut Context::from_waker(Waker::noop()), NOBODY);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Sender<S> {
    /// As [`Sender::send`], but never waits: see [`WebSocket::try_send`] for the two marks of the queue. What cannot be written
    /// at once is written in the background.
    ///
    /// # Errors
    ///
    /// Gives the message back and says why it was not taken.
    pub fn try_send(&self, message: impl Into<Message>) -> Result<(), TrySendError> {
        let mut driver = self.driver();
        queue(&mut driver, message.into())?;
        self.write_on(driver);
        Ok(())
    }

    /// As [`Sender::try_send`]; but where the queue is full, the connection is closed with this code, such as
    /// [`CloseCode::TRY_AGAIN_LATER`] or [`CloseCode::POLICY_VIOLATION`]: a peer that falls behind so far is to come back and
    /// begin anew. It gets what is queued, if it reads that in [`Limits::close_timeout`](crate::Limits::close_timeout).
    ///
    /// # Errors
    ///
    /// As [`Sender::try_send`]; [`TrySendError::Full`] when it closed the connection.
    pub fn try_send_or_close(
        &self,
        message: impl Into<Message>,
        code: CloseCode,
    ) -> Result<(), TrySendError> {
        let sent = self.try_send(message);
        if matches!(sent, Err(TrySendError::Full(_))) {
            self.close_too_slow(code);
        }
        sent
    }

    /// As [`Sender::try_send`], for a message that was framed beforehand, for many connections: see [`Prepared`].
    ///
    /// # Errors
    ///
    /// As [`Sender::try_send`].
    pub fn try_send_prepared(&self, prepared: &Prepared) -> Result<(), TrySendError> {
        let mut driver = self.driver();
        if let Some(why) = why_not(&mut driver) {
            return Err(why(prepared.message().clone()));
        }
        driver.queue_prepared(prepared).expect("the connection has just said that it takes a message");
        self.write_on(driver);
        Ok(())
    }

    /// As [`Sender::try_send_prepared`], but leaves the message to [`Sender::write_queued`], with others that follow, unless
    /// much is queued. Whether it left anything.
    pub(crate) fn try_queue_prepared(&self, prepared: &Prepared) -> Result<bool, TrySendError> {
        let mut driver = self.driver();
        if let Some(why) = why_not(&mut driver) {
            return Err(why(prepared.message().clone()));
        }
        driver.queue_prepared(prepared).expect("the connection has just said that it takes a message");
        let waits = driver.connection.send_queue_bytes() < LEFT_BYTES_MAX;
        if !waits {
            self.write_on(driver);
        }
        Ok(waits)
    }

    /// Writes what the stream takes of what is queued, and leaves the rest to the background.
    pub(crate) fn write_queued(&self) {
        let driver = self.driver();
        if !driver.is_written() {
            self.write_on(driver);
        }
    }

    /// Closes the connection because its peer reads too slowly.
    pub(crate) fn close_too_slow(&self, code: CloseCode) {
        let mut driver = self.driver();
        driver.queue_close(Some(too_slow(code)));
        self.write_on(driver);
    }
}

/// So much is left to be written later: one large write is as good as several.
const LEFT_BYTES_MAX: usize = 32 << 10;

fn too_slow(code: CloseCode) -> Close {
    Close::new(code, "too slow").expect("the reason is short")
}

fn queue<S: AsyncRead + AsyncWrite + Unpin>(
    driver: &mut Driver<S>,
    message: Message,
) -> Result<(), TrySendError> {
    if let Some(why) = why_not(driver) {
        return Err(why(message));
    }
    driver.queue(message).expect("the connection has just said that it takes a message");
    Ok(())
}

/// Why a message cannot be queued now, if it cannot.
fn why_not<S: AsyncRead + AsyncWrite + Unpin>(driver: &mut Driver<S>) -> Option<fn(Message) -> TrySendError> {
    match driver.has_room() {
        Err(_) => Some(TrySendError::Closed),
        Ok(false) => Some(TrySendError::Full),
        // There is room, but perhaps in the middle of another message.
        Ok(true) => driver.connection.check_send().is_err().then_some(TrySendError::Unfinished),
    }
}
