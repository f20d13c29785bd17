//! Sockets that one task watches by a poller of its own, for [`Server::one_task`](crate::Server::one_task).
//!
//! The runtime is asked once for all of them whether anything came: its poller watches this one. For each connection that
//! spares a registration of 256 bytes, one system call when it begins and one when it ends.

mod listener;
mod socket;

pub(crate) use listener::Listener;
pub(crate) use socket::Socket;

use mio::event::{Event, Source};
use mio::{Events, Interest, Poll as Poller, Registry, Token};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::unix::AsyncFd;

/// The poller, for the task that asks it. Its end is the end of all its sockets.
pub(crate) struct Reactor {
    poller: AsyncFd<Poller>,
    events: Events,
    /// Who is to be woken, gathered first: a waker may run anything, so no lock may be held.
    due: Vec<Waker>,
    shared: Arc<Shared>,
}

/// What sockets know of their poller.
pub(crate) struct Shared {
    registry: Registry,
    places: Mutex<Places>,
}

/// Who waits for what. A socket has the number of its place as its token.
#[derive(Default)]
struct Places {
    taken: Vec<Place>,
    free: Vec<u32>,
    /// Nobody asks the poller any more.
    ended: bool,
}

#[derive(Default)]
struct Place {
    reader: Option<Waker>,
    /// Hardly any socket is ever full.
    writer: Option<Box<Waker>>,
    /// Something may be there to be read. Taken back before each read, so that nothing that comes meanwhile is lost.
    readable: bool,
    /// The peer sends no more, or the connection has failed: reads say so from now on, and there is no further event.
    ended: bool,
}

impl Reactor {
    /// Must be called inside a runtime that has I/O enabled.
    pub(crate) fn new() -> io::Result<Self> {
        let poller = Poller::new()?;
        let registry = poller.registry().try_clone()?;
        #[expect(
            deprecated,
            reason = "what is asked for instead is unsafe; the one danger, a descriptor that changes, does not arise here"
        )]
        let poller = AsyncFd::with_interest(poller, tokio::io::Interest::READABLE)?;
        Ok(Self {
            poller,
            events: Events::with_capacity(EVENTS_MAX),
            due: Vec::new(),
            shared: Arc::new(Shared { registry, places: Mutex::default() }),
        })
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Wakes whoever waited for what has come. Ready when something had, and pending once the runtime will say when something
    /// has again.
    pub(crate) fn poll_events(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut ready = std::task::ready!(self.poller.poll_read_ready_mut(cx))?;
        match ready.get_inner_mut().poll(&mut self.events, Some(Duration::ZERO)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Poll::Ready(Ok(())),
            Err(error) => return Poll::Ready(Err(error)),
        }
        let mut count = 0;
        let mut places = self.shared.places();
        for event in &self.events {
            count += 1;
            if let Some(place) = places.taken.get_mut(event.token().0) {
                place.note(event, &mut self.due);
            }
        }
        drop(places);
        if count < EVENTS_MAX {
            ready.clear_ready();
        }
        self.due.drain(..).for_each(Waker::wake);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Reactor {
    /// Sockets that have outlived their poller would wait for ever.
    fn drop(&mut self) {
        let mut places = self.shared.places();
        places.ended = true;
        let waiting: Vec<Waker> = places
            .taken
            .iter_mut()
            .flat_map(|place| {
                place.reader.take().into_iter().chain(place.writer.take().map(|writer| *writer))
            })
            .collect();
        drop(places);
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl Place {
    fn note(&mut self, event: &Event, due: &mut Vec<Waker>) {
        self.ended |= event.is_read_closed();
        if event.is_readable() || event.is_error() || event.is_read_closed() {
            self.readable = true;
            due.extend(self.reader.take());
        }
        if event.is_writable() || event.is_error() || event.is_write_closed() {
            due.extend(self.writer.take().map(|writer| *writer));
        }
    }
}

impl Shared {
    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the poller watch whether `source` can be read, and gives its place.
    fn join(&self, source: &mut impl Source) -> io::Result<u32> {
        let mut places = self.places();
        let place = places.free.pop().unwrap_or_else(|| {
            places.taken.push(Place::default());
            u32::try_from(places.taken.len() - 1)
                .expect("a connection takes more memory than its number has values")
        });
        drop(places);
        let joined = self.registry.register(source, Token(place as usize), Interest::READABLE);
        joined.map(|()| place).inspect_err(|_| self.leave(place))
    }

    /// Also has it watch whether `source` can be written.
    fn watch_writes(&self, source: &mut impl Source, place: u32) -> io::Result<()> {
        self.registry.reregister(source, Token(place as usize), Interest::READABLE | Interest::WRITABLE)
    }

    /// Has the poller watch `source` no more, and those go on who waited for it.
    fn forget(&self, source: &mut impl Source, place: u32) {
        // If it fails there are events for a socket that asks for none.
        let _ = self.registry.deregister(source);
        let mut waiting = std::mem::take(&mut self.places().taken[place as usize]);
        let writer = waiting.writer.take().map(|writer| *writer);
        waiting.reader.take().into_iter().chain(writer).for_each(Waker::wake);
    }

    fn leave(&self, place: u32) {
        let mut places = self.places();
        let left = std::mem::take(&mut places.taken[place as usize]);
        places.free.push(place);
        drop(places);
        drop(left);
    }

    /// Ready when a read may bring something. A read that then brings all that was asked for is followed by
    /// [`Shared::read_again`].
    fn poll_readable(&self, place: u32, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let mut places = self.places();
        if places.ended {
            return Poll::Ready(Err(ended()));
        }
        let place = &mut places.taken[place as usize];
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
    fn read_again(&self, place: u32) {
        self.places().taken[place as usize].readable = true;
    }

    /// Has `cx` woken once `place` can be written. The caller tries again after it: what came before is not told.
    fn wait_writable(&self, place: u32, cx: &Context<'_>) -> io::Result<()> {
        let mut places = self.places();
        if places.ended {
            return Err(ended());
        }
        let before = places.taken[place as usize].writer.replace(Box::new(cx.waker().clone()));
        drop(places);
        drop(before);
        Ok(())
    }
}

fn ended() -> io::Error {
    io::Error::new(
        io::ErrorKind::BrokenPipe,
        "the server has ended whose task served this connection (Server::one_task)",
    )
}

/// Events that are taken from the poller at once.
const EVENTS_MAX: usize = 1024;
/// Accepts, and reads or writes of one socket, until others have their turn.
const TURN_MAX: u8 = 64;

/// Whether a turn is over; the task is woken to go on.
fn turn_is_over(turn: &mut u8, cx: &Context<'_>) -> bool {
    *turn += 1;
    if *turn <= TURN_MAX {
        return false;
    }
    *turn = 0;
    cx.waker().wake_by_ref();
    true
}
