//! What wakes a connection at its next deadline.

use crate::server::clock::Mark;
use crate::server::drain::Member;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

/// Set when a deadline is first waited for, and then only set earlier, never later, until it rings.
#[derive(Default)]
pub(super) enum Alarm {
    #[default]
    Unset,
    /// By the clock of the server, which spares each connection a timer.
    Shared(Mark),
    /// By a timer; whether it runs and wakes the task that was seen last.
    Own(Pin<Box<Sleep>>, bool),
}

impl Alarm {
    /// Ready with the time once `at` has come. `is_known` says that the task is the same as last time. With a member its server's clock is
    /// asked, which may be a little late; deadlines only move away then.
    pub(super) fn poll(
        &mut self,
        at: Instant,
        member: Option<&Member>,
        is_known: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Instant> {
        match member {
            Some(member) => self.poll_shared(at, member),
            None => self.poll_own(at, is_known, cx),
        }
    }

    #[inline]
    fn poll_shared(&mut self, at: Instant, member: &Member) -> Poll<Instant> {
        if let Self::Shared(mark) = self
            && !member.has_passed(*mark)
        {
            return Poll::Pending;
        }
        let now = Instant::now();
        if at <= now {
            *self = Self::Unset;
            return Poll::Ready(now);
        }
        *self = Self::Shared(member.wake_at(at, now));
        Poll::Pending
    }

    fn poll_own(&mut self, at: Instant, is_known: bool, cx: &mut Context<'_>) -> Poll<Instant> {
        if !matches!(self, Self::Own(..)) {
            *self = Self::Own(Box::pin(sleep_until(at)), false);
        }
        let Self::Own(timer, runs) = self else { unreachable!("it was just made sure of") };
        if timer.deadline() > at {
            timer.as_mut().reset(at);
            *runs = false;
        }
        // A running timer that wakes this task needs no more attention.
        if is_known && *runs && !timer.is_elapsed() {
            return Poll::Pending;
        }
        loop {
            *runs = true;
            // A task that has used up its turn must still be woken, and a peer that floods it keeps no deadline away.
            ready!(Pin::new(&mut unconstrained(timer.as_mut())).poll(cx));
            let now = Instant::now();
            if at <= now {
                return Poll::Ready(now);
            }
            // The deadline had moved on.
            timer.as_mut().reset(at);
        }
    }
}
