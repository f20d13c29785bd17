//! What happened: counts and histograms, added up over the threads.

use super::limits::KINDS_MAX;
use super::payload::Wrong;
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::time::Duration;

/// Everything that one thread, or all of them, counted.
#[derive(Default)]
pub struct Tally {
    pub handshakes: Handshakes,
    pub messages: Messages,
    /// Connections that were open and ended otherwise than by a closing handshake of ours.
    pub broken: u64,
    /// Operations of the open model that were not begun before the end, or had no connection.
    pub not_begun: u64,
    /// How late the generator itself began operations of the open model.
    pub lateness: Times,
    /// HTTP answers other than 101, by status and reason.
    pub refusals: Counts<(u16, String)>,
    /// Rules that answers broke.
    pub faults: Counts<String>,
    /// Wrong echoes by what is wrong.
    pub wrong: BTreeMap<&'static str, u64>,
    /// All other errors by kind.
    pub errors: Counts<String>,
}

/// What became of handshakes.
#[derive(Default)]
pub struct Handshakes {
    pub begun: u64,
    pub opened: u64,
    /// Those of `opened` that were open within the window.
    pub opened_in_window: u64,
    pub refused: u64,
    pub faulty: u64,
    pub failed: u64,
    /// From the scheduled time, or the begin in the closed model, to the open connection.
    pub total: Times,
    pub name: Times,
    pub tcp: Times,
    pub tls: Times,
    pub http: Times,
}

/// What became of messages.
#[derive(Default)]
pub struct Messages {
    pub sent: u64,
    pub verified: u64,
    /// Those of `verified` that came within the window.
    pub verified_in_window: u64,
    pub wrong: u64,
    /// No answer in time, or none before the connection ended.
    pub unanswered: u64,
    /// Came without having been sent.
    pub unasked: u64,
    /// From the scheduled time, or the sending in the closed model, to the whole echo.
    pub latency: Times,
}

impl Messages {
    /// Counts a wrong echo.
    pub fn wrong(&mut self, by_kind: &mut BTreeMap<&'static str, u64>, wrong: Wrong) {
        self.wrong += 1;
        *by_kind.entry(wrong.as_str()).or_default() += 1;
    }
}

impl Tally {
    /// Adds what another thread counted.
    pub fn add(&mut self, other: Self) {
        let (ours, theirs) = (&mut self.handshakes, other.handshakes);
        ours.begun += theirs.begun;
        ours.opened += theirs.opened;
        ours.opened_in_window += theirs.opened_in_window;
        ours.refused += theirs.refused;
        ours.faulty += theirs.faulty;
        ours.failed += theirs.failed;
        ours.total.add(&theirs.total);
        ours.name.add(&theirs.name);
        ours.tcp.add(&theirs.tcp);
        ours.tls.add(&theirs.tls);
        ours.http.add(&theirs.http);
        let (ours, theirs) = (&mut self.messages, other.messages);
        ours.sent += theirs.sent;
        ours.verified += theirs.verified;
        ours.verified_in_window += theirs.verified_in_window;
        ours.wrong += theirs.wrong;
        ours.unanswered += theirs.unanswered;
        ours.unasked += theirs.unasked;
        ours.latency.add(&theirs.latency);
        self.broken += other.broken;
        self.not_begun += other.not_begun;
        self.lateness.add(&other.lateness);
        self.refusals.add(other.refusals);
        self.faults.add(other.faults);
        self.errors.add(other.errors);
        for (kind, count) in other.wrong {
            *self.wrong.entry(kind).or_default() += count;
        }
    }
}

/// Durations, to three digits, from a nanosecond up to an hour; longer ones count as an hour.
pub struct Times(Histogram<u64>);

impl Default for Times {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, HOUR_NANOSECONDS, 3).expect("the bounds and digits are in range"))
    }
}

impl Times {
    /// Counts a duration.
    pub fn record(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(HOUR_NANOSECONDS));
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The duration that this part of all, between 0 and 1, did not exceed.
    pub fn quantile(&self, part: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_quantile(part))
    }

    /// The longest.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.0.max())
    }

    /// The arithmetic mean.
    pub fn mean(&self) -> Duration {
        Duration::from_nanos(self.0.mean() as u64)
    }

    fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("all have the same bounds");
    }
}

/// How often each of some things happened, with an example of each. A server that invents a new reason each time fills no memory:
/// beyond [`KINDS_MAX`] kinds all further ones are counted together.
pub struct Counts<K> {
    kinds: BTreeMap<K, (u64, String)>,
    other: u64,
}

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self { kinds: BTreeMap::new(), other: 0 }
    }
}

impl<K: Ord> Counts<K> {
    /// Counts one; `example` is asked for the first of its kind.
    pub fn count(&mut self, kind: K, example: impl FnOnce() -> String) {
        self.count_many(kind, 1, example);
    }

    /// All kinds with count and example, the most frequent first.
    pub fn sorted(&self) -> Vec<(&K, u64, &str)> {
        let mut kinds: Vec<_> =
            self.kinds.iter().map(|(kind, (count, example))| (kind, *count, example.as_str())).collect();
        kinds.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
        kinds
    }

    /// How many were of kinds beyond [`KINDS_MAX`].
    pub fn other(&self) -> u64 {
        self.other
    }

    fn count_many(&mut self, kind: K, count: u64, example: impl FnOnce() -> String) {
        if let Some((counted, _)) = self.kinds.get_mut(&kind) {
            *counted += count;
        } else if self.kinds.len() < KINDS_MAX {
            self.kinds.insert(kind, (count, example()));
        } else {
            self.other += count;
        }
    }

    fn add(&mut self, other: Self) {
        self.other += other.other;
        for (kind, (count, example)) in other.kinds {
            self.count_many(kind, count, || example);
        }
    }
}

const HOUR_NANOSECONDS: u64 = 3_600_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_beyond_the_bound_are_counted_together() {
        let mut counts = Counts::default();
        for kind in 0..KINDS_MAX + 10 {
            counts.count(kind, String::new);
            counts.count(kind, String::new);
        }
        assert_eq!((counts.sorted().len(), counts.other()), (KINDS_MAX, 20));
        let mut all = Counts::default();
        all.count(1, || "first".to_owned());
        all.add(counts);
        assert_eq!(all.sorted()[0], (&1, 3, "first"));
    }

    #[test]
    fn times_keep_three_digits_and_bound_what_is_longer() {
        let mut times = Times::default();
        for micros in 1..=1000 {
            times.record(Duration::from_micros(micros));
        }
        let near = |time: Duration, micros: f64| (time.as_secs_f64() * 1e6 / micros - 1.0).abs() < 0.002;
        assert!(near(times.quantile(0.5), 500.0) && near(times.quantile(0.99), 990.0));
        assert!(near(times.max(), 1000.0) && near(times.mean(), 500.5));
        times.record(Duration::from_secs(90_000));
        assert!(times.max() >= Duration::from_secs(3600));
    }
}
