//! Wakes the connections of a server at their deadlines, all by one timer: an idle connection has none of its own.

use super::drain::{Hub, Member};
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Waker;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// A moment: milliseconds since the clock began, and one.
pub(crate) type Mark = NonZero<u64>;

/// What the server's clock has done.
#[derive(Default)]
pub(super) struct Clock {
    begin: OnceLock<Instant>,
    /// Up to here all alarms have rung.
    passed: AtomicU64,
    /// An alarm comes before the next look.
    earlier: Notify,
}

impl Clock {
    fn begin(&self) -> Instant {
        *self.begin.get_or_init(Instant::now)
    }

    /// The mark of `at`, or one up to a sixteenth of the time until then later, and never over a second: so that many
    /// connections are woken together.
    fn mark(&self, at: Instant, now: Instant) -> Mark {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX / 2);
        let grain = (millis(at.saturating_duration_since(now)) / 16).clamp(1, GRAIN_MILLIS_MAX);
        // A power of two, so that marks of different grains fall together.
        let grain = 1 << grain.ilog2();
        let after = millis(at.saturating_duration_since(self.begin())).saturating_add(1);
        Mark::MIN.saturating_add(after.next_multiple_of(grain))
    }
}

impl Member {
    /// Has the waker of [`Member::watch`] woken at `at` or soon after: when [`Member::has_passed`] says so of the mark.
    pub(crate) fn wake_at(&self, at: Instant, now: Instant) -> Mark {
        let mark = self.hub.clock.mark(at, now);
        let mut members = self.hub.members();
        members.places[self.place as usize].alarm = Some(mark);
        let runs = match members.next_look {
            Some(next) if next <= mark => return mark,
            next => next.is_some(),
        };
        members.next_look = Some(mark);
        drop(members);
        if runs {
            self.hub.clock.earlier.notify_one();
        } else {
            let runtime = self.hub.runtime.get_or_init(Handle::current);
            runtime.spawn(ring(self.hub.clone()));
        }
        mark
    }

    /// Whether the alarm of this mark has rung.
    #[inline]
    pub(crate) fn has_passed(&self, mark: Mark) -> bool {
        self.hub.clock.passed.load(Ordering::Acquire) >= mark.get()
    }
}

/// Rings alarms for as long as there are any.
async fn ring(hub: Arc<Hub>) {
    let mut next = hub.members().next_look;
    while let Some(mark) = next {
        let at = hub.clock.begin() + Duration::from_millis(mark.get() - 1);
        tokio::select! {
            () = sleep_until(at) => next = hub.look(mark),
            () = hub.clock.earlier.notified() => next = hub.members().next_look,
        }
    }
}

impl Hub {
    /// Wakes everybody whose alarm is not after `mark`; gives the next alarm.
    fn look(&self, mark: Mark) -> Option<Mark> {
        self.clock.passed.fetch_max(mark.get(), Ordering::AcqRel);
        let mut next = None;
        let mut due: Vec<Waker> = Vec::new();
        let mut members = self.members();
        for entry in &mut members.places {
            match entry.alarm {
                Some(alarm) if alarm <= mark => {
                    entry.alarm = None;
                    due.extend(entry.waker.clone());
                }
                Some(alarm) => next = Some(next.map_or(alarm, |next: Mark| next.min(alarm))),
                None => {}
            }
        }
        members.next_look = next;
        drop(members);
        // The lock is free again: a waker may run anything.
        due.into_iter().for_each(Waker::wake);
        next
    }
}

/// Alarms fall together in spans of at most this many milliseconds.
const GRAIN_MILLIS_MAX: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::task::Poll;

    /// How long it takes until a member is woken that wants to be after `span`.
    async fn woken_after(hub: &Arc<Hub>, span: Duration) -> Duration {
        let member = Member::join(hub.clone());
        let begin = Instant::now();
        let mut mark = None;
        poll_fn(|cx| {
            member.watch(cx.waker());
            let mark = *mark.get_or_insert_with(|| member.wake_at(begin + span, begin));
            if member.has_passed(mark) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        begin.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn an_alarm_never_rings_early_and_at_most_a_sixteenth_late() {
        let hub = Arc::new(Hub::new());
        for millis in [1, 15, 100, 999, 5_000, 20_000, 3_600_000] {
            let span = Duration::from_millis(millis);
            let woken = woken_after(&hub, span).await;
            let latest = span + (span / 16).min(Duration::from_secs(2)) + Duration::from_millis(3);
            assert!(woken >= span && woken <= latest, "{woken:?} for {span:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_early_alarm_does_not_wait_for_a_late_one() {
        let hub = Arc::new(Hub::new());
        let late = woken_after(&hub, Duration::from_secs(60));
        let early = woken_after(&hub, Duration::from_millis(10));
        let (late, early) = tokio::join!(late, early);
        assert!(early < Duration::from_millis(15) && late < Duration::from_secs(62), "{early:?}, {late:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_clock_stops_when_nobody_waits_and_starts_again() {
        let hub = Arc::new(Hub::new());
        for _ in 0..2 {
            woken_after(&hub, Duration::from_secs(1)).await;
            tokio::task::yield_now().await;
            assert_eq!(hub.members().next_look, None);
        }
    }
}
