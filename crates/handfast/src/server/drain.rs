//! Everything that a server has to tell its connections: go away, stop.

use super::clock::{Clock, Mark};
use super::run::Ended;
use crate::moment::after;
use crate::observe::Why;
use crate::{observe, random};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
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

/// The members of one server.
pub(crate) struct Hub {
    phase: AtomicU8,
    finished: AtomicBool,
    /// Somebody sees to it that it finishes: its server from the beginning; without one, a task from the first drain on.
    is_seen_to: AtomicBool,
    /// Open requests and WebSockets.
    pub(super) open: AtomicUsize,
    members: Mutex<Members>,
    deadline: Mutex<Option<Instant>>,
    /// Set where members are told to go away one by one.
    spread: OnceLock<Spread>,
    /// Places whose moment is before this were told.
    told: AtomicU64,
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

/// When each place is told to go away: at a moment of the window that looks random, and follows from seed and place alone.
#[derive(Clone, Copy, Debug)]
struct Spread {
    window: Duration,
    seed: u64,
}

impl Spread {
    /// The moment of a place, as a share of the window: of 2^64 parts, but never the last.
    fn moment(&self, place: u32) -> u64 {
        // The mixing of SplitMix64: every bit of the result depends on every bit of seed and place.
        let mut bits =
            self.seed.wrapping_add(u64::from(place).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)).min(u64::MAX - 1)
    }

    /// How long after the window's begin a moment is.
    fn after(&self, moment: u64) -> Duration {
        self.window.mul_f64(moment as f64 / EVERYBODY as f64)
    }

    /// The share of the window that has passed by then, in the unit of moments.
    fn passed(&self, time: Duration) -> u64 {
        // A conversion from a float ends at the largest value.
        (time.div_duration_f64(self.window) * EVERYBODY as f64) as u64
    }
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
            finished: AtomicBool::new(false),
            is_seen_to: AtomicBool::new(true),
            open: AtomicUsize::new(0),
            members: Mutex::default(),
            deadline: Mutex::default(),
            spread: OnceLock::new(),
            told: AtomicU64::new(0),
            changed: Notify::new(),
            clock: Clock::default(),
            runtime: OnceLock::new(),
        }
    }

    /// For the members of a server that is none of ours.
    pub(super) fn of_another_server() -> Self {
        Self { is_seen_to: AtomicBool::new(false), ..Self::new() }
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
        // A server whose future was dropped tells nobody in turn.
        if window.is_zero() || self.is_finished() {
            return self.enter(Phase::Draining);
        }
        // Without a random source the moments are as far apart, and only the same each time.
        self.spread.get_or_init(|| Spread { window, seed: random::bits().unwrap_or_default() });
        self.phase.fetch_max(Phase::Draining as u8, Ordering::AcqRel);
        self.changed.notify_waiters();
    }

    /// Everybody is to know.
    fn enter(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::AcqRel);
        self.tell_all();
        self.changed.notify_waiters();
    }

    /// Whether a place's turn to go away has come.
    fn is_told(&self, place: u32) -> bool {
        let told = self.told.load(Ordering::Acquire);
        told == EVERYBODY || self.spread.get().is_some_and(|spread| spread.moment(place) < told)
    }

    /// Tells all places, those of later members too.
    fn tell_all(&self) {
        self.told.store(EVERYBODY, Ordering::Release);
        self.wake(|members| members.places.iter().filter_map(|entry| entry.waker.clone()).collect());
    }

    /// Wakes these members, which then look at the phase.
    fn wake(&self, choose: impl FnOnce(&Members) -> Vec<Waker>) {
        // The lock is free again when they are woken.
        let waiting = choose(&self.members());
        waiting.iter().for_each(Waker::wake_by_ref);
    }

    /// Tells each place at its moment, over the window that was asked for.
    async fn tell_in_turn(&self) {
        let Some(spread) = self.spread.get() else { return };
        let begin = Instant::now();
        let count = u32::try_from(self.members().places.len()).expect("places are numbered so");
        let mut places: Vec<(u64, u32)> = (0..count).map(|place| (spread.moment(place), place)).collect();
        places.sort_unstable();
        let mut left = &places[..];
        while let [(moment, _), ..] = left {
            tokio::time::sleep_until(after(begin, spread.after(*moment))).await;
            // At least this one, whatever the clock's grain and the conversion's last bits make of it.
            let told = spread.passed(begin.elapsed()).max(moment + 1);
            let due;
            (due, left) = left.split_at(left.partition_point(|(moment, _)| *moment < told));
            self.told.fetch_max(told, Ordering::AcqRel);
            self.wake(|members| {
                due.iter().filter_map(|(_, place)| members.places[*place as usize].waker.clone()).collect()
            });
        }
        tokio::time::sleep_until(after(begin, spread.window)).await;
        // Also who came meanwhile.
        self.tell_all();
    }

    /// Waits until all members have left, and stops them at the deadline. Those that a task keeps which does not look are not
    /// waited for.
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
        let _ = tokio::time::timeout(STOP_TIMEOUT, self.wait_until(|hub| hub.members().taken == 0)).await;
    }

    /// Has it finish in a task of its own, where no server waits for the members.
    pub(super) fn finish_without_server(self: &Arc<Self>) {
        if self.is_seen_to.swap(true, Ordering::AcqRel) {
            return;
        }
        // Who comes after this look sees the phase, and leaves again: see `Member::admit`.
        if self.members().taken == 0 {
            return self.set_finished();
        }
        // It is finished too where the runtime drops the task, or has ended before.
        let ended = Ended(self.clone());
        self.runtime.get().expect("members set it before they join").spawn(async move {
            ended.0.finish().await;
        });
    }

    pub(crate) fn set_finished(&self) {
        self.finished.store(true, Ordering::Release);
        if self.phase() != Phase::Serving {
            // Where it ends in the middle of its window: those that are left have nothing to wait for.
            self.tell_all();
        }
        self.changed.notify_waiters();
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }

    pub(crate) async fn draining(&self) {
        self.wait_until(|hub| hub.phase() != Phase::Serving).await;
    }

    pub(super) async fn wait_until(&self, is_so: impl Fn(&Self) -> bool) {
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

    /// One more of the same server.
    #[cfg(any(feature = "axum", feature = "tower"))]
    pub(crate) fn join_beside(&self) -> Self {
        Self::join(self.hub.clone())
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

    /// As [`Member::open`], while the server takes any; else it is counted as turned away. In a runtime.
    pub(crate) fn admit(hub: &Arc<Hub>, open_max: usize) -> Option<Self> {
        hub.runtime.get_or_init(Handle::current);
        let member = Self::open(hub, open_max);
        // The phase after joining: a server that ends now either waits for this member, or is seen to end.
        let why = match (hub.phase(), &member) {
            (Phase::Serving, Some(_)) => return member,
            (Phase::Serving, None) => Why::Busy,
            (Phase::Draining | Phase::Stopped, _) => Why::Draining,
        };
        observe::turned_away(why);
        None
    }

    #[inline]
    pub(crate) fn phase(&self) -> Phase {
        match self.hub.phase() {
            // Its turn has not come.
            Phase::Draining if !self.hub.is_told(self.place) => Phase::Serving,
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

/// How long members have to leave once they were stopped: a task that is run at all takes far less.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// More than any moment.
const EVERYBODY: u64 = u64::MAX;

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

    /// When each of a thousand members was told, in milliseconds after the begin of a drain over ten seconds.
    async fn told_at(seed: u64) -> Vec<u64> {
        let hub = Arc::new(Hub::new());
        let members: Vec<Member> = (0..1000).map(|_| Member::join(hub.clone())).collect();
        let begin = Instant::now();
        hub.spread.set(Spread { window: Duration::from_secs(10), seed }).unwrap();
        hub.begin_drain(begin + Duration::from_secs(60), Duration::from_secs(10));
        let (finishing, finished) = (hub.clone(), hub.clone());
        let finishing = tokio::spawn(async move { finishing.finish().await });
        let watching = members.into_iter().map(|member| {
            tokio::spawn(async move {
                poll_fn(|cx| match member.watch(cx.waker()) {
                    Phase::Serving => Poll::Pending,
                    _ => Poll::Ready(()),
                })
                .await;
                // It stays, so that the drain goes on for the others.
                (begin.elapsed().as_millis() as u64, member)
            })
        });
        let watching: Vec<_> = watching.collect();
        let mut told = Vec::new();
        for watched in watching {
            told.push(watched.await.unwrap());
        }
        assert_eq!(finished.phase(), Phase::Draining);
        let (moments, members): (Vec<u64>, Vec<Member>) = told.into_iter().unzip();
        drop(members);
        finishing.await.unwrap();
        moments
    }

    #[tokio::test(start_paused = true)]
    async fn members_are_told_at_moments_of_their_own_that_fill_the_window() {
        let moments = told_at(7).await;
        // Evenly on the whole: of a thousand, a hundred in each tenth of the window, give or take five times the deviation.
        for tenth in 0..10 {
            let count = moments.iter().filter(|at| (tenth * 1000..(tenth + 1) * 1000).contains(*at)).count();
            assert!((52..=148).contains(&count), "{count} in tenth {tenth}");
        }
        assert!(*moments.iter().max().unwrap() <= 10_001);
        // In no order: whoever came later is told later about as often as earlier.
        let rising = moments.windows(2).filter(|pair| pair[0] < pair[1]).count();
        assert!((450..550).contains(&rising), "{rising} of 999 rise");
        // Not in steps either: neighbours in time are now close and now far.
        let mut sorted = moments.clone();
        sorted.sort_unstable();
        let gaps: Vec<u64> = sorted.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().any(|gap| *gap >= 30) && gaps.iter().filter(|gap| **gap <= 2).count() > 100);
        assert_eq!(moments, told_at(7).await, "the seed decides");
        assert_ne!(moments, told_at(8).await);
    }

    #[test]
    fn each_drain_draws_moments_of_its_own() {
        let moments = || {
            let hub = Hub::new();
            hub.begin_drain(Instant::now(), Duration::from_secs(10));
            (0..3).map(|place| hub.spread.get().unwrap().moment(place)).collect::<Vec<_>>()
        };
        assert_ne!(moments(), moments());
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_while_others_are_told_is_told_by_the_end_of_the_window() {
        let hub = Arc::new(Hub::new());
        let first = Member::join(hub.clone());
        let begin = Instant::now();
        hub.begin_drain(begin + Duration::from_secs(60), Duration::from_secs(10));
        let finishing = hub.clone();
        let finishing = tokio::spawn(async move { finishing.finish().await });
        tokio::task::yield_now().await;
        let late: Vec<Member> = (0..20).map(|_| Member::join(hub.clone())).collect();
        tokio::time::sleep_until(begin + Duration::from_millis(10_002)).await;
        assert!(late.iter().chain([&first]).all(|member| member.phase() == Phase::Draining));
        drop((late, first));
        finishing.await.unwrap();
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
