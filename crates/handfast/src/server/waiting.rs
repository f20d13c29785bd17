//! The connections whose request head has not come yet, all together.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Bounds how many wait. One more makes the oldest give way: in any flood of slow heads a quick one comes through.
pub(crate) struct WaitingRoom {
    places: Mutex<Places>,
    places_max: usize,
}

#[derive(Default)]
struct Places {
    next: u64,
    /// The oldest comes first. The waker of those that have waited at all.
    taken: BTreeMap<u64, Option<Waker>>,
}

impl WaitingRoom {
    pub(crate) fn new(places_max: usize) -> Self {
        Self { places: Mutex::default(), places_max }
    }

    /// Takes a place, from the oldest if there is no other.
    pub(crate) fn enter(self: &Arc<Self>) -> Place {
        let mut places = self.places();
        let number = places.next;
        places.next += 1;
        places.taken.insert(number, None);
        let gives_way = if places.taken.len() > self.places_max { places.taken.pop_first() } else { None };
        drop(places);
        if let Some((_, Some(waker))) = gives_way {
            waker.wake();
        }
        Place { room: self.clone(), number }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the room, until it is dropped.
pub(crate) struct Place {
    room: Arc<WaitingRoom>,
    number: u64,
}

impl Place {
    /// Whether the place was given to another.
    pub(crate) fn is_lost(&self) -> bool {
        !self.room.places().taken.contains_key(&self.number)
    }

    /// Ready when the place was given to another.
    pub(crate) fn poll_lost(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self.room.places().taken.get_mut(&self.number) {
            None => Poll::Ready(()),
            Some(Some(known)) => {
                known.clone_from(cx.waker());
                Poll::Pending
            }
            Some(unknown) => {
                *unknown = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.places().taken.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_gives_way_and_nobody_else() {
        let room = Arc::new(WaitingRoom::new(2));
        let cx = &mut Context::from_waker(Waker::noop());
        let places = [room.enter(), room.enter()];
        assert!(places.iter().all(|place| place.poll_lost(cx).is_pending()));
        let third = room.enter();
        assert!(places[0].poll_lost(cx).is_ready());
        assert!(places[1].poll_lost(cx).is_pending());
        drop(third);
        let _fourth = room.enter();
        assert!(places[1].poll_lost(cx).is_pending());
    }
}
