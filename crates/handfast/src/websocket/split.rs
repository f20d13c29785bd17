//! A receiver and senders for different tasks.

use super::driver::Driver;
use super::wakers::{FIRST_SENDER, NOBODY, PUMP, Place, RECEIVER, WakerSet};
use super::{Details, Piece};
use crate::Error;
use crate::transport::Transport;
use futures_core::Stream;
use handfast_proto::Message;
use handfast_proto::connection::{End, Event, Stats};
#[cfg(doc)]
use handfast_proto::error::Misuse;
use handfast_proto::frame::{Close, CloseCode};
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;

/// The receiving half of a [`WebSocket`](crate::WebSocket): see [`WebSocket::split`](crate::WebSocket::split).
///
/// When it is dropped while senders are left, or what they have queued, what still comes is read and thrown away in the
/// background, so that pings are answered, the closing handshake works, and a peer that answers what it reads can read on.
pub struct Receiver<S: AsyncRead + AsyncWrite + Unpin + Send + 'static = Transport> {
    shared: Arc<Shared<S>>,
    details: Option<Box<Details>>,
    end: Option<End>,
}

/// A sending half of a [`WebSocket`](crate::WebSocket): see [`WebSocket::split`](crate::WebSocket::split). Clones are cheap, and
/// all send on the same connection; each message goes out whole.
///
/// What a sender has queued is written in the background where it cannot be written at once, whether or not
/// the receiver is waiting. When all halves are dropped, the peer is told 1001.
pub struct Sender<S: AsyncRead + AsyncWrite + Unpin + Send + 'static = Transport> {
    shared: Arc<Shared<S>>,
}

struct Shared<S: AsyncRead + AsyncWrite + Unpin> {
    driver: Mutex<Driver<S>>,
    wakers: Arc<WakerSet>,
    senders: AtomicUsize,
    next_place: AtomicUsize,
    /// A task writes what is left over.
    pump_runs: AtomicBool,
    /// Where background tasks run.
    runtime: Option<Handle>,
}

pub(super) fn split<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    mut driver: Driver<S>,
    details: Option<Box<Details>>,
) -> (Receiver<S>, Sender<S>) {
    let wakers = driver.split();
    let shared = Arc::new(Shared {
        driver: Mutex::new(driver),
        wakers,
        senders: AtomicUsize::new(1),
        next_place: AtomicUsize::new(FIRST_SENDER),
        pump_runs: AtomicBool::new(false),
        runtime: Handle::try_current().ok(),
    });
    (Receiver { shared: shared.clone(), details, end: None }, Sender { shared })
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Shared<S> {
    fn driver(&self) -> MutexGuard<'_, Driver<S>> {
        self.driver.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anything is sent still, or may be.
    fn is_needed(&self) -> bool {
        self.senders.load(Ordering::Acquire) > 0 || !self.driver().is_written()
    }

    /// Writes what can be written now, and leaves the rest to a task. Holds the lock while it decides, so that no rest is
    /// left to a task that is just ending.
    fn write_on(self: &Arc<Self>, mut driver: MutexGuard<'_, Driver<S>>) {
        let cx = &mut Context::from_waker(std::task::Waker::noop());
        if driver.poll_flush(cx, NOBODY).is_ready() {
            return;
        }
        let Some(runtime) = &self.runtime else { return };
        if self.pump_runs.swap(true, Ordering::AcqRel) {
            return;
        }
        drop(driver);
        let shared = self.clone();
        runtime.spawn(poll_fn(move |cx| {
            let mut driver = shared.driver();
            let flushed = driver.poll_flush(cx, PUMP).map(drop);
            if flushed.is_ready() {
                shared.pump_runs.store(false, Ordering::Release);
                drop(driver);
                if !shared.is_needed() {
                    // A background reader may end.
                    shared.wakers.wake_all();
                }
            }
            flushed
        }));
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Receiver<S> {
    /// As [`WebSocket::recv`](crate::WebSocket::recv): cancel safe, `None` after the closing handshake, an error once.
    pub async fn recv(&mut self) -> Result<Option<Message>, Error> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// As [`WebSocket::recv_event`](crate::WebSocket::recv_event): cancel safe.
    pub async fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        poll_fn(|cx| self.poll_recv_event(cx)).await
    }

    /// What the peer's Close frame said, once [`Receiver::recv`] has given `None`: see
    /// [`WebSocket::close_received`](crate::WebSocket::close_received).
    pub fn close_received(&self) -> Option<&Close> {
        match self.end.as_ref()? {
            End::Closed(close) => close.as_ref(),
            _ => None,
        }
    }

    /// How the connection ended, once [`Receiver::recv`] has given `None` or an error.
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// The subprotocol that was agreed on, if any.
    pub fn subprotocol(&self) -> Option<&str> {
        self.details.as_ref()?.subprotocol.as_deref()
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Message>, Error>> {
        loop {
            match ready!(self.poll_recv_event(cx))? {
                Some(Event::Message(message)) => return Poll::Ready(Ok(Some(message))),
                Some(_) => {}
                None => return Poll::Ready(Ok(None)),
            }
        }
    }

    fn poll_recv_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, Error>> {
        let mut driver = self.shared.driver();
        driver.connection.receive_in_pieces(false);
        match ready!(driver.poll_event(cx, RECEIVER)) {
            Some(event) => Poll::Ready(Ok(Some(event))),
            None => {
                self.end = driver.end().cloned();
                Poll::Ready(driver.outcome().map(|()| None))
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Receiver<S> {
    pub(super) fn driver(&self) -> MutexGuard<'_, Driver<S>> {
        self.shared.driver()
    }

    pub(super) fn poll_recv_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Piece>, Error>> {
        let mut driver = self.shared.driver();
        let piece = ready!(driver.poll_piece(cx, RECEIVER));
        if !matches!(piece, Ok(Some(_))) {
            self.end = driver.end().cloned();
        }
        Poll::Ready(piece)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for Receiver<S> {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(ready!(self.get_mut().poll_recv(cx)).transpose())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Drop for Receiver<S> {
    fn drop(&mut self) {
        if self.end.is_some() || !self.shared.is_needed() {
            return;
        }
        let Some(runtime) = &self.shared.runtime else { return };
        let shared = self.shared.clone();
        runtime.spawn(poll_fn(move |cx| {
            loop {
                let event = shared.driver().poll_event(cx, RECEIVER);
                if !shared.is_needed() || ready!(event).is_none() {
                    return Poll::Ready(());
                }
            }
        }));
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Sender<S> {
    /// Queues a message behind all others and writes what the stream takes. Waits only when
    /// [`Limits::send_queue_bytes_max`](crate::Limits::send_queue_bytes_max) are queued, until no more than
    /// [`Limits::send_queue_bytes_low`](crate::Limits::send_queue_bytes_low) are left, while another sender sends a
    /// message in pieces, and where the task has used up its turn (tokio's budget).
    ///
    /// Cancel safe as far as that a dropped future has sent nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] after the Close frame of either side, and once the receiver was told how it ended; [`Error::Lost`] when the
    /// stream fails.
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), Error> {
        let mut driver = self.room().await?;
        driver.queue(message.into())?;
        self.shared.write_on(driver);
        Ok(())
    }

    /// Queues a message without writing it, so that several share one system call; it waits as [`Sender::send`] does. The next
    /// sending of any half, or a waiting receiver, writes it: call [`Sender::flush`] after the last.
    ///
    /// Cancel safe and fails as [`Sender::send`].
    pub async fn feed(&self, message: impl Into<Message>) -> Result<(), Error> {
        self.room().await?.queue(message.into())
    }

    /// Waits until everything queued is written. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Error::Lost`] when the stream fails.
    pub async fn flush(&self) -> Result<(), Error> {
        let waiting = self.wait();
        poll_fn(|cx| self.shared.driver().poll_flush(cx, waiting.place)).await
    }

    /// Sends a ping of at most 125 bytes: see [`WebSocket::ping`](crate::WebSocket::ping). Never waits.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] when the payload is too long, and with [`Misuse::SendQueueFull`] when the queue is full and
    /// [`Limits::pongs_queued_max`](crate::Limits::pongs_queued_max) went beyond it: the peer does not read, so wait with
    /// [`Sender::flush`]. Else as [`Sender::send`].
    pub fn ping(&self, payload: impl AsRef<[u8]>) -> Result<(), Error> {
        let mut driver = self.shared.driver();
        driver.queue_control(payload.as_ref(), true)?;
        self.shared.write_on(driver);
        Ok(())
    }

    /// Queues a Close frame behind all that was sent. The receiver gives `None` when the peer has answered it. Does nothing
    /// when the connection is closing already. Never waits.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] when the reason has more than 123 bytes.
    pub fn close(&self, code: CloseCode, reason: &str) -> Result<(), Error> {
        let close = Close::new(code, reason)?;
        let mut driver = self.shared.driver();
        driver.queue_close(Some(close));
        self.shared.write_on(driver);
        Ok(())
    }

    /// Bytes queued by all senders and not yet written.
    pub fn send_queue_bytes(&self) -> usize {
        self.shared.driver().connection.send_queue_bytes()
    }

    /// What the connection has carried, what it holds, and its latency.
    pub fn stats(&self) -> Stats {
        self.shared.driver().connection.stats()
    }

    /// Whether nothing more can be sent.
    pub fn is_closed(&self) -> bool {
        self.shared.driver().has_room().is_err()
    }

    /// Writes what can be written now, and leaves the rest to the background.
    pub(super) fn write_on(&self, driver: MutexGuard<'_, Driver<S>>) {
        self.shared.write_on(driver);
    }

    /// The connection, once it has room for a message.
    pub(super) async fn room(&self) -> Result<MutexGuard<'_, Driver<S>>, Error> {
        // What is written here is not waited for: a loop that only sends to a fast reader would never let others have their turn.
        tokio::task::coop::consume_budget().await;
        {
            let mut driver = self.shared.driver();
            if driver.has_room_for_waiting()? && driver.connection.check_send().is_ok() {
                return Ok(driver);
            }
        }
        let waiting = self.wait();
        poll_fn(|cx| {
            let mut driver = self.shared.driver();
            match ready!(driver.poll_turn(cx, waiting.place)) {
                Ok(()) => Poll::Ready(Ok(driver)),
                Err(error) => Poll::Ready(Err(error)),
            }
        })
        .await
    }

    pub(super) fn driver(&self) -> MutexGuard<'_, Driver<S>> {
        self.shared.driver()
    }

    /// A place to wait at, until [`Sender::forget_place`].
    pub(super) fn new_place(&self) -> Place {
        self.shared.next_place.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn forget_place(&self, place: Place) {
        self.shared.wakers.forget(place);
    }

    fn wait(&self) -> Waiting<'_> {
        Waiting { wakers: &self.shared.wakers, place: self.new_place() }
    }
}

/// A place to wait at, for as long as one call lasts.
struct Waiting<'a> {
    wakers: &'a WakerSet,
    place: Place,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.wakers.forget(self.place);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Clone for Sender<S> {
    fn clone(&self) -> Self {
        self.shared.senders.fetch_add(1, Ordering::Relaxed);
        Self { shared: self.shared.clone() }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Drop for Sender<S> {
    fn drop(&mut self) {
        if self.shared.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            // A background reader has nobody left to read for.
            self.shared.wakers.wake_all();
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> fmt::Debug for Receiver<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("connection", &self.shared.driver().connection)
            .finish_non_exhaustive()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> fmt::Debug for Sender<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("connection", &self.shared.driver().connection).finish_non_exhaustive()
    }
}
