//! The open model: operations at fixed times, whatever became of those before them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// When the load begins and ends.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub begin: Instant,
    pub end: Instant,
}

/// One taker's share of the schedule: every `stride`-th operation.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    window: Window,
    rate: f64,
    next: u64,
    stride: u64,
    count: u64,
}

impl Share {
    /// The share that begins with operation `first` of `count`.
    pub fn new(window: Window, rate: f64, first: usize, stride: usize, count: u64) -> Self {
        Self { window, rate, next: first as u64, stride: stride as u64, count }
    }

    /// Takes the next operation if its time has come: the time at which it was due.
    pub fn take(&mut self, now: Instant) -> Option<Instant> {
        if self.is_over() {
            return None;
        }
        let due = due(self.window.begin, self.rate, self.next);
        if due > now {
            return None;
        }
        self.next += self.stride;
        Some(due)
    }

    /// Whether every operation was taken.
    pub fn is_over(&self) -> bool {
        self.next >= self.count
    }

    /// How many were not taken.
    pub fn left(&self) -> u64 {
        self.count.saturating_sub(self.next).div_ceil(self.stride)
    }
}

/// When an operation is due.
fn due(begin: Instant, rate: f64, number: u64) -> Instant {
    begin + Duration::from_secs_f64(number as f64 / rate)
}

/// Wakes the taker of each operation at its time, on a thread of its own: the runtime's own clock ticks in milliseconds only. A
/// taker that is late finds everything that is due by itself, so no wake-up needs to be kept.
pub fn spawn(
    window: Window,
    rate: f64,
    count: u64,
    takers: Vec<Arc<Notify>>,
    is_stopped: Arc<AtomicBool>,
) -> std::io::Result<()> {
    let pace = move || {
        let mut takers = takers.iter().cycle();
        for number in 0..count {
            let due = due(window.begin, rate, number);
            // In parts, so that a stop is heard soon.
            while let Some(left) = due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
                if is_stopped.load(Ordering::Relaxed) {
                    return;
                }
                std::thread::sleep(left.min(Duration::from_millis(100)));
            }
            if let Some(taker) = takers.next() {
                taker.notify_one();
            }
        }
    };
    std::thread::Builder::new().name("pace".to_owned()).spawn(pace).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_together_are_the_whole_schedule_and_each_time_comes_once() {
        let begin = Instant::now();
        let window = Window { begin, end: begin + Duration::from_secs(1) };
        let mut all = Vec::new();
        for first in 0..3 {
            let mut share = Share::new(window, 100.0, first, 3, 100);
            assert_eq!(share.left(), if first == 0 { 34 } else { 33 });
            while let Some(due) = share.take(window.end) {
                all.push((due - begin).as_millis());
            }
            assert!(share.is_over() && share.left() == 0);
        }
        all.sort_unstable();
        assert_eq!(all, (0..100).map(|number| number * 10).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_is_taken_before_its_time_and_what_is_late_keeps_its_time() {
        let begin = Instant::now();
        let window = Window { begin, end: begin + Duration::from_secs(1) };
        let mut share = Share::new(window, 10.0, 1, 1, 10);
        assert_eq!(share.take(begin + Duration::from_millis(99)), None);
        let late = begin + Duration::from_millis(350);
        let times: Vec<_> =
            std::iter::from_fn(|| share.take(late)).map(|due| (due - begin).as_millis()).collect();
        assert_eq!(times, [100, 200, 300]);
        assert_eq!(share.left(), 6);
    }
}
