//! All connections in one task.

use super::Shared;
use super::listen::Listener;
use super::run::accept_until_ended;
use crate::reactor::Reactor;
use crate::transport::Transport;
use crate::{Error, Peer};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::{Context, Poll};
use tokio::task::coop::unconstrained;

/// Serves until the server has drained.
pub(super) async fn serve<F: Future<Output = ()> + Unpin>(
    listener: Listener,
    shared: &Shared,
    begin: impl Fn(Transport, Peer) -> F,
) -> Result<(), Error> {
    let mut reactor = Reactor::new()?;
    let listener = listener.watched_by(&reactor)?;
    let begun = Mutex::new(Vec::new());
    // The task's budget is spent by its connections: what accepts and ends them must not wait for a rest of it.
    let mut accepting = pin!(unconstrained(accept_until_ended(listener, shared, |io, peer| {
        let serving = Contained(Some(begin(io, peer)));
        begun.lock().expect("nothing under it panics").push(serving);
    })));
    let mut connections = FuturesUnordered::new();
    poll_fn(|cx| {
        for _ in 0..ROUNDS_MAX {
            reactor.begin_round(cx);
            let came = reactor.poll_events(cx)?;
            if accepting.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            connections.extend(begun.lock().expect("nothing under it panics").drain(..));
            while let Poll::Ready(Some(())) = connections.poll_next_unpin(cx) {}
            if came.is_pending() {
                return Poll::Pending;
            }
        }
        // Others have their turn.
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// A connection whose panics end only itself, as those of a task do.
struct Contained<F>(Option<F>);

impl<F> Contained<F> {
    /// Drops what the handler holds: that may panic, too.
    fn end(&mut self) {
        let connection = AssertUnwindSafe(self.0.take());
        // The hook for panics has told it.
        let _ = catch_unwind(|| drop(connection));
    }
}

impl<F: Future<Output = ()> + Unpin> Future for Contained<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let Some(connection) = &mut this.0 else { return Poll::Ready(()) };
        if let Ok(Poll::Pending) = catch_unwind(AssertUnwindSafe(|| Pin::new(connection).poll(cx))) {
            return Poll::Pending;
        }
        this.end();
        Poll::Ready(())
    }
}

impl<F> Drop for Contained<F> {
    fn drop(&mut self) {
        self.end();
    }
}

/// Looks at the sockets, each for all of them, until other tasks of the runtime have their turn.
const ROUNDS_MAX: usize = 16;
