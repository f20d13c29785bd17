//! Moments to come, however far.

use std::time::Duration;
use tokio::time::Instant;

/// So long after `begin`; where the clock does not reach so far, as with [`Duration::MAX`] for "never", decades later.
pub(crate) fn after(begin: Instant, span: Duration) -> Instant {
    begin.checked_add(span).unwrap_or_else(|| begin + FAR)
}

/// Longer than any program runs, and short enough for every clock: 30 years.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
