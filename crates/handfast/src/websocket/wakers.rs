//! Several tasks that wait for one stream.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

/// Who waits. Each waiting place has a number of its own.
pub(crate) type Place = usize;

/// The task that receives.
pub(crate) const RECEIVER: Place = 0;
/// The task that sends through the `Sink` half.
pub(crate) const SINK: Place = 1;
/// The task that writes on when no other does; see `split.rs`.
pub(crate) const PUMP: Place = 2;
/// Nobody: for one look that is not waited for.
pub(crate) const NOBODY: Place = 3;
/// Places from here on are given out to waiting senders.
pub(crate) const FIRST_SENDER: Place = 4;

/// A stream remembers one task for reading and one for writing. Where several tasks use it, it is polled with the waker of
/// this set, which wakes them all; so none is forgotten, also when another stops waiting.
#[derive(Default)]
pub(crate) struct WakerSet(Mutex<Vec<(Place, Waker)>>);

impl WakerSet {
    /// Wakes `waker` too, until the next wake-up. A place has one waker.
    pub(crate) fn register(&self, place: Place, waker: &Waker) {
        let mut waiting = self.lock();
        match waiting.iter_mut().find(|(taken, _)| *taken == place) {
            Some((_, known)) => known.clone_from(waker),
            None => waiting.push((place, waker.clone())),
        }
    }

    /// Forgets the place's waker.
    pub(crate) fn forget(&self, place: Place) {
        self.lock().retain(|(taken, _)| *taken != place);
    }

    /// Wakes all.
    pub(crate) fn wake_all(&self) {
        let waiting = std::mem::take(&mut *self.lock());
        // The lock is free again: a waker may run anything.
        for (_, waker) in waiting {
            waker.wake();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Place, Waker)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for WakerSet {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn each_waiting_task_is_woken_once_and_a_forgotten_one_never() {
        let counters: [Arc<Counter>; 3] = Default::default();
        let set = Arc::new(WakerSet::default());
        for (place, counter) in counters.iter().enumerate() {
            set.register(place, &Waker::from(counter.clone()));
            set.register(place, &Waker::from(counter.clone()));
        }
        set.forget(1);
        Waker::from(set.clone()).wake_by_ref();
        Waker::from(set).wake();
        assert_eq!(counters.map(|counter| counter.0.load(Ordering::Relaxed)), [1, 0, 1]);
    }
}
