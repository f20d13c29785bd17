//! What one connection may do before others have their turn.

use super::Shared;
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};

/// Counts in the rounds of the server's task: once a turn is spent, it stays so until all others have had theirs, however often
/// the connection is polled meanwhile.
#[derive(Default)]
pub(super) struct Turn {
    round: u32,
    count: u8,
}

impl Turn {
    /// Whether it is over. Then the next round comes soon, and the task is woken for it.
    #[inline]
    pub(super) fn is_over(&mut self, shared: &Shared, cx: &Context<'_>) -> bool {
        let round = shared.round.load(Ordering::Relaxed);
        if self.round != round {
            *self = Self { round, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count > TURN_MAX && Self::wait(shared, cx)
    }

    #[cold]
    fn wait(shared: &Shared, cx: &Context<'_>) -> bool {
        // Nobody is to be woken for a goodbye that is said while a connection is dropped: it is said now or never.
        if cx.waker().will_wake(Waker::noop()) {
            return false;
        }
        shared.task.wake();
        cx.waker().wake_by_ref();
        true
    }
}

/// Reads and writes of one socket, until others have their turn.
const TURN_MAX: u8 = 64;
