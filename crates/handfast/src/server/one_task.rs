//! All connections in one task.

use super::Shared;
use super::listen::Listener;
use super::run::accept_until_ended;
use crate::reactor::Reactor;
use crate::transport::Transport;
use crate::{Error, Peer};
use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Mutex;
use std::task::Poll;

/// Serves until the server has drained.
pub(super) async fn serve<F: Future<Output = ()>>(
    listener: Listener,
    shared: &Shared,
    begin: impl Fn(Transport, Peer) -> F,
) -> Result<(), Error> {
    let mut reactor = Reactor::new()?;
    let listener = listener.watched_by(&reactor)?;
    let begun = Mutex::new(Vec::new());
    let mut accepting = pin!(accept_until_ended(listener, shared, |io, peer| {
        // A handler that panics ends its own connection only, as a task of its own would.
        let serving = AssertUnwindSafe(begin(io, peer)).catch_unwind();
        begun.lock().expect("nothing under it panics").push(serving);
    }));
    let mut connections = FuturesUnordered::new();
    poll_fn(|cx| {
        for _ in 0..ROUNDS_MAX {
            let came = reactor.poll_events(cx)?;
            while let Poll::Ready(Some(_)) = connections.poll_next_unpin(cx) {}
            if accepting.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut begun = begun.lock().expect("nothing under it panics");
            let began = !begun.is_empty();
            connections.extend(begun.drain(..));
            if came.is_pending() && !began {
                return Poll::Pending;
            }
        }
        // Others have their turn.
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// Looks at the sockets, each for all of them, until other tasks of the runtime have their turn.
const ROUNDS_MAX: usize = 16;
