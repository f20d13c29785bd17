//! What the load came to, and the exit code it means.

use super::machine::Load;
use super::plan::Plan;
use super::tally::Tally;
use crate::exit::Exit;
use std::sync::Arc;
use std::time::Duration;

/// What the load came to.
pub struct Outcome {
    pub plan: Arc<Plan>,
    pub tally: Tally,
    /// How busy each thread was.
    pub loads: Vec<Load>,
    /// From the begin of the load to its end, or to the signal.
    pub elapsed: Duration,
    /// Whether there was a connection to begin with.
    pub is_begun: bool,
    /// A signal ended it.
    pub is_interrupted: bool,
}

impl Outcome {
    /// Before anything happened.
    pub fn new(plan: Arc<Plan>) -> Self {
        let loads = vec![Load::default(); plan.threads];
        let tally = Tally::default();
        Self { plan, tally, loads, elapsed: Duration::ZERO, is_begun: false, is_interrupted: false }
    }

    /// Handshakes a second that opened within the time of the load; `None` where messages are measured.
    pub fn handshakes_per_second(&self) -> Option<f64> {
        self.plan.messages.is_none().then(|| self.per_second(self.tally.handshakes.opened_in_window))
    }

    /// Messages a second that came back verified within the time of the load.
    pub fn messages_per_second(&self) -> Option<f64> {
        self.plan.messages.is_some().then(|| self.per_second(self.tally.messages.verified_in_window))
    }

    /// Messages whose fate is not known, because a signal ended the load.
    pub fn under_way(&self) -> u64 {
        let messages = &self.tally.messages;
        messages.sent - messages.verified - messages.wrong - messages.unanswered
    }

    /// The busiest thread.
    pub fn busiest(&self) -> Option<Load> {
        let busy = |load: &&Load| load.busy().is_some();
        self.loads
            .iter()
            .filter(busy)
            .max_by(|a, b| a.busy().partial_cmp(&b.busy()).unwrap_or(std::cmp::Ordering::Equal))
            .copied()
    }

    /// Whether the generator was at its end. One thread is enough: its connections wait for it.
    pub fn is_generator_full(&self) -> bool {
        self.loads.iter().any(Load::is_full)
    }

    /// The worst that happened.
    pub fn exit(&self) -> Exit {
        let Tally { handshakes, messages, .. } = &self.tally;
        let wants_messages = self.plan.messages.is_some();
        match () {
            () if self.is_interrupted => Exit::Interrupted,
            () if handshakes.refused + handshakes.faulty + messages.wrong + messages.unasked > 0 => {
                Exit::Refused
            }
            () if handshakes.opened == 0 => Exit::Unreachable,
            () if self.tally.broken > 0 => Exit::AbnormalClose,
            () if handshakes.failed > 0 => Exit::Unreachable,
            () if messages.unanswered + self.tally.not_begun > 0 => Exit::Inconclusive,
            () if wants_messages && messages.verified == 0 => Exit::Inconclusive,
            () => Exit::Fine,
        }
    }

    fn per_second(&self, count: u64) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
    }
}
