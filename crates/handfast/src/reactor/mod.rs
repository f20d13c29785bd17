//! Sockets that one task watches by a poller of its own, for [`Server::one_task`](crate::Server::one_task).
//!
//! The runtime is asked once for all of them whether anything came: its poller watches this one. For each connection that
//! spares a registration of 256 bytes, and a system call when it ends.

mod listener;
mod seat;
mod socket;
mod turn;

pub(crate) use listener::Listener;
pub(crate) use socket::Socket;

use futures_util::task::AtomicWaker;
use mio::event::Event;
use mio::{Events, Poll as Poller, Registry};
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::runtime::Handle;

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
    /// How often all connections have had their turn, and the task that gives it.
    round: AtomicU32,
    task: AtomicWaker,
    /// The server's.
    runtime: Handle,
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
            shared: Arc::new(Shared {
                registry,
                places: Mutex::default(),
                round: AtomicU32::new(0),
                task: AtomicWaker::new(),
                runtime: Handle::current(),
            }),
        })
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Everybody may read and write again who has had enough for once. To be called before the connections are polled.
    pub(crate) fn begin_round(&self, cx: &Context<'_>) {
        self.shared.round.fetch_add(1, Ordering::Relaxed);
        self.shared.task.register(cx.waker());
    }

    /// Wakes whoever waited for what has come. Ready when something had, and pending once the runtime will say when something
    /// has again.
    pub(crate) fn poll_events(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut ready = ready!(self.poller.poll_read_ready_mut(cx))?;
        // The lock is held from the poller to the places: no socket leaves, and no other takes its place, while an event for it is under
        // way.
        let mut places = self.shared.places();
        match ready.get_inner_mut().poll(&mut self.events, Some(Duration::ZERO)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Poll::Ready(Ok(())),
            Err(error) => return Poll::Ready(Err(error)),
        }
        let mut count = 0;
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
}

/// Events that are taken from the poller at once.
const EVENTS_MAX: usize = 1024;
