//! Everything that a server has to tell its connections: go away, stop.

use super::clock::{Clock, Mark};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

/// What a server is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Phase {
    /// It accepts connections.
    Serving,
    /// It accepts no more, and asks those it has to end.
    Draining,
    /// Connections are dropped.
    Stopped,
}

/// A grip on a running server, to end it from elsewhere. Clones are cheap.
#[derive(Clone)]
pub struct ServerHandle {
    pub(super) hub: Arc<Hub>,
}

impl ServerHandle {
    /// Ends the server in good order: it accepts no more connections at once, each open WebSocket sends Close 1001, and
    /// what has not ended after `deadline` is dropped.
    ///
    /// It begins when this is called, not when the future is polled. The future is ready when
    /// [`Server::serve`](crate::Server::serve) or [`Server::run`](crate::Server::run) returns; it need not be awaited. Cancel safe.
    /// Calling it again can only shorten the deadline.
    pub fn drain(&self, deadline: Duration) -> impl Future<Output = ()> + Send + 'static {
        self.drain_spread(deadline, Duration::ZERO)
    }

    /// As [`ServerHandle::drain`], but spreads the Close frames evenly over `window`, so that not all clients come back in the same
    /// moment to whatever takes over. The deadline counts from now all the same: make it longer than the window.
    pub fn drain_spread(
        &self,
        deadline: Duration,
        window: Duration,
    ) -> impl Future<Output = ()> + Send + 'static {
        let hub = self.hub.clone();
        hub.begin_drain(Instant::now() + deadline, window);
        async move { hub.wait_until(Hub::is_finished).await }
    }

    /// Open connections, each once: WebSockets and requests being answered. Those whose request has not come yet do not
    /// count.
    pub fn connections(&self) -> usize {
        self.hub.open.load(Ordering::Acquire)
    }
}

impl std::fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerHandle")
            .field("phase", &self.hub.phase())
            .field("connections", &self.connections())
            .finish()
    }
}

/// The members of one server.
pub(crate) struct Hub {
    phase: AtomicU8,
    finished: AtomicU8,
    /// Open requests and WebSockets.
    open: AtomicUsize,
    members: Mutex<Members>,
    deadline: Mutex<Option<Instant>>,
    /// Over how long members are told to go away, and how many of the places were told.
    window: Mutex<Duration>,
    told: AtomicUsize,
    changed: Notify,
    pub(super) clock: Clock,
    /// Where the server runs, once it does.
    pub(super) runtime: OnceLock<Handle>,
}

#[derive(Default)]
pub(super) struct Members {
    pub(super) places: Vec<Entry>,
    free: Vec<u32>,
    taken: usize,
    /// When the clock looks at the places next.
    pub(super) next_look: Option<Mark>,
}

/// A place; a free one has neither.
#[derive(Default)]
pub(super) struct Entry {
    pub(super) waker: Option<Waker>,
    /// When it wants to be woken.
    pub(super) alarm: Option<Mark>,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self {
            phase: AtomicU8::new(Phase::Serving as u8),
            finished: AtomicU8::new(0),
            open: AtomicUsize::new(0),
            members: Mutex::default(),
            deadline: Mutex::default(),
            window: Mutex::default(),
            told: AtomicUsize::new(0),
            changed: Notify::new(),
            clock: Clock::default(),
            runtime: OnceLock::new(),
        }
    }

    #[inline]
    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Serving,
            1 => Phase::Draining,
            _ => Phase::Stopped,
        }
    }

    pub(crate) fn begin_drain(&self, deadline: Instant, window: Duration) {
        let mut known = self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(known.map_or(deadline, |known| known.min(deadline)));
        drop(known);
        if window.is_zero() {
            return self.enter(Phase::Draining);
        }
        *self.window.lock().unwrap_or_else(PoisonError::into_inner) = window;
        self.phase.fetch_max(Phase::Draining as u8, Ordering::AcqRel);
        self.changed.notify_waiters();
    }

    /// Everybody is to know.
    fn enter(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::AcqRel);
        self.tell(usize::MAX);
        self.changed.notify_waiters();
    }

    /// Tells the first `count` places of the phase, and wakes those that were not told yet.
    fn tell(&self, count: usize) {
        let before = self.told.fetch_max(count, Ordering::AcqRel);
        // Stopping is told to all, again.
        let before = if self.phase() == Phase::Stopped { 0 } else { before };
        let waiting: Vec<Waker> = {
            let members = self.members();
            let told = members.places.iter().take(count).skip(before);
            told.filter_map(|entry| entry.waker.clone()).collect()
        };
        waiting.iter().for_each(Waker::wake_by_ref);
    }

    /// Tells one place after the other, over the window that was asked for.
    async fn tell_in_turn(&self) {
        let window = *self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let (begin, count) = (Instant::now(), self.members().places.len());
        loop {
            let passed = begin.elapsed();
            if passed >= window {
                return self.tell(usize::MAX);
            }
            // The first goes at once, and the last shortly before the window ends.
            self.tell(1 + (count as f64 * passed.as_secs_f64() / window.as_secs_f64()) as usize);
            tokio::time::sleep((window / (count as u32).max(1)).clamp(TELL_MIN, window)).await;
        }
    }

    /// Waits until all members have left, and stops them at the deadline.
    pub(crate) async fn finish(&self) {
        let deadline = || *self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        let mut telling = pin!(self.tell_in_turn());
        let mut all_told = false;
        loop {
            let at = deadline();
            let sleep = async {
                match at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.wait_until(|hub| hub.members().taken == 0) => return,
                () = self.wait_until(|_| deadline() != at) => {}
                () = &mut telling, if !all_told => all_told = true,
                () = sleep => break,
            }
        }
        self.enter(Phase::Stopped);
        self.wait_until(|hub| hub.members().taken == 0).await;
    }

    pub(crate) fn set_finished(&self) {
        self.finished.store(1, Ordering::Release);
        self.changed.notify_waiters();
    }

    fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire) == 1
    }

    pub(crate) async fn draining(&self) {
        self.wait_until(|hub| hub.phase() != Phase::Serving).await;
    }

    async fn wait_until(&self, is_so: impl Fn(&Self) -> bool) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if is_so(self) {
                return;
            }
            changed.await;
        }
    }

    pub(super) fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task or a WebSocket that belongs to a server.
pub(crate) struct Member {
    pub(super) hub: Arc<Hub>,
    pub(super) place: u32,
    /// It counts as an open connection.
    is_open: bool,
}

impl Member {
    /// One more that has to end before the server has.
    pub(crate) fn join(hub: Arc<Hub>) -> Self {
        let mut members = hub.members();
        members.taken += 1;
        let place = members.free.pop().unwrap_or_else(|| {
            members.places.push(Entry::default());
            u32::try_from(members.places.len() - 1)
                .expect("a connection takes more memory than its number has values")
        });
        drop(members);
        Self { hub, place, is_open: false }
    }

    /// As [`Member::join`], unless `open_max` are open already.
    pub(crate) fn open(hub: &Arc<Hub>, open_max: usize) -> Option<Self> {
        if hub.open.fetch_add(1, Ordering::AcqRel) >= open_max {
            hub.open.fetch_sub(1, Ordering::AcqRel);
            return None;
        }
        let mut member = Self::join(hub.clone());
        member.is_open = true;
        Some(member)
    }

    #[inline]
    pub(crate) fn phase(&self) -> Phase {
        match self.hub.phase() {
            // Its turn has not come.
            Phase::Draining if self.place as usize >= self.hub.told.load(Ordering::Acquire) => Phase::Serving,
            phase => phase,
        }
    }

    /// Has `waker` woken when the phase changes; gives the phase as it is now.
    pub(crate) fn watch(&self, waker: &Waker) -> Phase {
        self.hub.members().places[self.place as usize].waker = Some(waker.clone());
        self.phase()
    }

    /// Ready once the server drains, whosever turn it is.
    pub(crate) fn draining(&self) -> impl Future<Output = ()> + Send + use<> {
        let hub = self.hub.clone();
        async move { hub.draining().await }
    }

    /// Runs `work` until the server stops. True when it came to its end.
    pub(crate) async fn run(self, mut work: Pin<&mut impl Future<Output = ()>>) -> bool {
        let mut is_watched = false;
        poll_fn(|cx: &mut Context<'_>| {
            // A spawned task keeps its waker.
            if !std::mem::replace(&mut is_watched, true) {
                self.watch(cx.waker());
            }
            match self.phase() {
                Phase::Stopped => Poll::Ready(false),
                Phase::Serving | Phase::Draining => work.as_mut().poll(cx).map(|()| true),
            }
        })
        .await
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if self.is_open {
            self.hub.open.fetch_sub(1, Ordering::AcqRel);
        }
        let mut members = self.hub.members();
        members.places[self.place as usize] = Entry::default();
        members.free.push(self.place);
        members.taken -= 1;
        let is_last = members.taken == 0;
        drop(members);
        if is_last && self.hub.phase() != Phase::Serving {
            self.hub.changed.notify_waiters();
        }
    }
}

/// The shortest pause between two groups that are told to go away.
const TELL_MIN: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_was_left_is_taken_again() {
        let hub = Arc::new(Hub::new());
        let first = Member::join(hub.clone());
        let second = Member::join(hub.clone());
        let (a, b) = (first.place, second.place);
        drop(first);
        drop(second);
        let again = [Member::join(hub.clone()), Member::join(hub.clone())];
        assert_eq!([again[0].place, again[1].place], [b, a]);
        assert_eq!(hub.members().places.len(), 2);
    }

    #[test]
    fn only_so_many_are_open_at_once() {
        let hub = Arc::new(Hub::new());
        let first = Member::open(&hub, 1).unwrap();
        assert!(Member::open(&hub, 1).is_none());
        let _task = Member::join(hub.clone());
        drop(first);
        assert!(Member::open(&hub, 1).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn members_are_told_one_after_the_other_over_the_window() {
        let hub = Arc::new(Hub::new());
        let members: Vec<Member> = (0..10).map(|_| Member::join(hub.clone())).collect();
        let begin = Instant::now();
        hub.begin_drain(begin + Duration::from_secs(60), Duration::from_secs(10));
        assert!(members.iter().all(|member| member.phase() == Phase::Serving));
        let finishing = tokio::spawn({
            let hub = hub.clone();
            async move { hub.finish().await }
        });
        for second in 0..=10 {
            tokio::time::sleep_until(begin + Duration::from_millis(second * 1000 + 500)).await;
            let told = members.iter().filter(|member| member.phase() == Phase::Draining).count();
            assert_eq!(told as u64, (second + 1).min(10), "after {second} s");
        }
        drop(members);
        finishing.await.unwrap();
        assert!(begin.elapsed() < Duration::from_secs(11));
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_drain_without_a_window_tells_everybody_at_once() {
        let hub = Arc::new(Hub::new());
        let members = [Member::join(hub.clone()), Member::join(hub.clone())];
        let deadline = Instant::now() + Duration::from_secs(60);
        hub.begin_drain(deadline, Duration::from_secs(10));
        hub.begin_drain(deadline, Duration::ZERO);
        assert!(members.iter().all(|member| member.phase() == Phase::Draining));
    }

    #[tokio::test(start_paused = true)]
    async fn members_that_stay_are_stopped_at_the_deadline() {
        let hub = Arc::new(Hub::new());
        let member = Member::join(hub.clone());
        let stubborn = tokio::spawn(async move { member.run(pin!(std::future::pending())).await });
        let willing = Member::join(hub.clone());
        tokio::task::yield_now().await;
        let begin = Instant::now();
        hub.begin_drain(begin + Duration::from_secs(3), Duration::ZERO);
        drop(willing);
        hub.finish().await;
        assert_eq!(begin.elapsed(), Duration::from_secs(3));
        assert!(!stubborn.await.unwrap());
    }
}
