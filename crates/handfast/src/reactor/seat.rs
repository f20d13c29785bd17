//! One socket's place at its poller.

use super::{Place, Shared};
use mio::event::Source;
use mio::{Interest, Token};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// A place that is left when this is dropped. The socket has to be closed before, so that there is no event for it any more: let
/// its field stand before this one.
pub(super) struct Seat {
    pub(super) shared: Arc<Shared>,
    /// [`NONE`] until the poller is to watch the socket.
    place: u32,
}

impl Seat {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: shared.clone(), place: NONE }
    }

    /// Has the poller watch whether `source` can be read, if it does not yet. It tells what is there already.
    #[inline]
    pub(super) fn join(&mut self, source: &mut impl Source) -> io::Result<()> {
        if self.place == NONE { self.take(source) } else { Ok(()) }
    }

    #[cold]
    fn take(&mut self, source: &mut impl Source) -> io::Result<()> {
        let mut places = self.shared.places();
        let place = places.free.pop().unwrap_or_else(|| {
            places.taken.push(Place::default());
            u32::try_from(places.taken.len() - 1)
                .expect("a connection takes more memory than its number has values")
        });
        places.taken[place as usize] = Place::default();
        drop(places);
        self.place = place;
        self.shared.registry.register(source, Token(place as usize), Interest::READABLE)
    }

    /// Also has it watch whether `source` can be written.
    pub(super) fn watch_writes(&self, source: &mut impl Source) -> io::Result<()> {
        let token = Token(self.place as usize);
        self.shared.registry.reregister(source, token, Interest::READABLE | Interest::WRITABLE)
    }

    /// Has the poller watch `source` no more, and those go on who waited for it.
    pub(super) fn forget(&self, source: &mut impl Source) {
        if self.place == NONE {
            return;
        }
        // If it fails there are events for a socket that asks for none.
        let _ = self.shared.registry.deregister(source);
        let mut waiting = std::mem::take(&mut self.shared.places().taken[self.place as usize]);
        let writer = waiting.writer.take().map(|writer| *writer);
        waiting.reader.take().into_iter().chain(writer).for_each(Waker::wake);
    }

    /// Ready when a read may bring something. A read that then brings all that was asked for is followed by
    /// [`Seat::read_again`].
    pub(super) fn poll_readable(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let mut places = self.shared.places();
        if places.ended {
            return Poll::Ready(Err(ended()));
        }
        let place = &mut places.taken[self.place as usize];
        if place.readable {
            place.readable = place.ended;
            return Poll::Ready(Ok(()));
        }
        // Wakers may run anything when they are dropped, too: not under the lock.
        let before = match &place.reader {
            Some(waiting) if waiting.will_wake(cx.waker()) => None,
            _ => place.reader.replace(cx.waker().clone()),
        };
        drop(places);
        drop(before);
        Poll::Pending
    }

    /// More may be there.
    pub(super) fn read_again(&self) {
        self.shared.places().taken[self.place as usize].readable = true;
    }

    /// Has `cx` woken once the socket can be written. The caller tries again after it: what came before is not told.
    pub(super) fn wait_writable(&self, cx: &Context<'_>) -> io::Result<()> {
        let mut places = self.shared.places();
        if places.ended {
            return Err(ended());
        }
        let before = places.taken[self.place as usize].writer.replace(Box::new(cx.waker().clone()));
        drop(places);
        drop(before);
        Ok(())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.place == NONE {
            return;
        }
        let mut places = self.shared.places();
        let left = std::mem::take(&mut places.taken[self.place as usize]);
        places.free.push(self.place);
        drop(places);
        drop(left);
    }
}

fn ended() -> io::Error {
    io::Error::new(
        io::ErrorKind::BrokenPipe,
        "the server has ended whose task served this connection (Server::one_task)",
    )
}

const NONE: u32 = u32::MAX;
