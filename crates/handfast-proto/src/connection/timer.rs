//! Deadlines of a connection. Messages only set flags; the clock is looked at when a deadline comes.

use super::Config;
use std::time::{Duration, Instant};

/// All deadlines of a connection. Small: every idle connection has one.
#[derive(Debug, Default)]
pub(super) struct Timer {
    /// The next look, or when the pong of a ping is overdue.
    keep_alive: Option<Instant>,
    rare: Option<Box<Rare>>,
    latency_micros: Option<u32>,
    /// A frame other than a pong came since the last look.
    pub(super) heard: bool,
    /// Any frame came since the last ping.
    pub(super) alive: bool,
    /// A data message came or went since the last look.
    pub(super) busy: bool,
    /// A ping was sent that is to be answered until `keep_alive`.
    pinged: bool,
    /// Its pong has come, but the clock was not looked at.
    ponged: bool,
    /// The close deadline is to be counted.
    pub(super) closing: bool,
    /// Nothing but the close deadline counts any more.
    pub(super) ended: bool,
}

/// Deadlines that few connections have.
#[derive(Debug, Default)]
struct Rare {
    idle: Option<Instant>,
    close: Option<Instant>,
}

/// What has become of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expired {
    /// Send a ping.
    KeepAlive,
    /// The peer did not react to a ping.
    Pong,
    /// No data for too long.
    Idle,
    /// The closing handshake took too long.
    Close,
}

impl Timer {
    #[inline]
    pub(super) fn wants_clock(&self, config: &Config) -> bool {
        let live = !self.ended
            && (config.keep_alive.is_some() && self.keep_alive.is_none()
                || config.idle_timeout.is_some() && self.idle().is_none());
        live || self.ponged || self.closing && self.close().is_none()
    }

    /// From the last keep-alive ping to its pong.
    pub(super) fn latency(&self) -> Option<Duration> {
        self.latency_micros.map(|micros| Duration::from_micros(micros.into()))
    }

    fn idle(&self) -> Option<Instant> {
        self.rare.as_ref()?.idle
    }

    fn close(&self) -> Option<Instant> {
        self.rare.as_ref()?.close
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// The pong of a keep-alive ping came.
    pub(super) fn pong(&mut self) {
        self.ponged = self.pinged;
    }

    pub(super) fn arm(&mut self, config: &Config, now: Instant) {
        if std::mem::take(&mut self.ponged)
            && self.pinged
            && let (Some(keep_alive), Some(overdue)) = (config.keep_alive, self.keep_alive)
        {
            // Since the ping: its deadline was set by the same clock.
            let passed = after(now, keep_alive.timeout).saturating_duration_since(overdue);
            self.latency_micros = Some(passed.as_micros().try_into().unwrap_or(u32::MAX));
        }
        if let (Some(keep_alive), None) = (config.keep_alive, self.keep_alive) {
            self.keep_alive = Some(after(now, keep_alive.interval));
        }
        if let (Some(idle), None) = (config.idle_timeout, self.idle()) {
            self.rare().idle = Some(after(now, idle));
        }
        if self.closing && self.close().is_none() {
            self.rare().close = Some(after(now, config.limits.close_timeout));
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        if self.ended {
            return self.close();
        }
        [self.keep_alive, self.idle(), self.close()].into_iter().flatten().min()
    }

    /// Which deadline has passed at `now`, one at a time; those that only need another look are set anew.
    pub(super) fn expired(&mut self, config: &Config, now: Instant) -> Option<Expired> {
        if self.close().is_some_and(|at| at <= now) {
            self.rare().close = None;
            self.closing = false;
            return Some(Expired::Close);
        }
        if self.ended {
            return None;
        }
        if let (Some(at), Some(idle)) = (self.idle(), config.idle_timeout)
            && at <= now
        {
            self.rare().idle = Some(after(now, idle));
            if !std::mem::take(&mut self.busy) {
                return Some(Expired::Idle);
            }
        }
        if let (Some(at), Some(keep_alive)) = (self.keep_alive, config.keep_alive)
            && at <= now
        {
            if std::mem::take(&mut self.pinged) {
                if !self.alive {
                    return Some(Expired::Pong);
                }
                // The ping was answered: what is left of the interval.
                let left = keep_alive.interval.saturating_sub(keep_alive.timeout);
                if !left.is_zero() {
                    self.keep_alive = Some(after(now, left));
                    return None;
                }
            }
            if std::mem::take(&mut self.heard) {
                self.keep_alive = Some(after(now, keep_alive.interval));
                return None;
            }
            self.alive = false;
            self.pinged = true;
            self.keep_alive = Some(after(now, keep_alive.timeout));
            return Some(Expired::KeepAlive);
        }
        None
    }
}

/// So long after `now`; where the clock does not reach so far, as with [`Duration::MAX`] for "never", decades later.
fn after(now: Instant, span: Duration) -> Instant {
    now.checked_add(span).unwrap_or_else(|| now + FAR)
}

/// Longer than any program runs, and short enough for every clock: 30 years.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
