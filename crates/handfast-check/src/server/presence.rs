//! Whether the server is still there, and which requests were under way when it went away.

use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use super::context::Context;
use super::exchange::{End, Observation, Reaction, exchange};
use crate::limits::RETURN_MAX;

/// Why a rule stays open whose request was under way then.
pub(crate) const UNDER_WAY: &str = "it was under way when the server went away";

/// Why one stays open whose request came too late.
pub(crate) const NOT_SENT: &str = "it was not sent: the server had gone away";

/// The pause between two looks at a server that is not there.
const STEP: Duration = Duration::from_millis(200);

/// What the correct request shows.
#[derive(Debug)]
pub(crate) enum Presence {
    /// It gets what it always got.
    Here,
    /// It did not at first, and does again.
    Back,
    /// It no longer does; what it gets now, in words.
    Gone(String),
}

/// Looks whether the server is there. For one that is not it waits a little, and looks twice at least.
pub(crate) async fn presence(context: &Context) -> Presence {
    let base = context.base().named("the correct request");
    let patience = RETURN_MAX.min(context.options.timeout);
    let start = Instant::now();
    let mut seen = exchange(context, &base).await;
    if is_usual(context, &seen) {
        return Presence::Here;
    }
    loop {
        sleep(STEP).await;
        // One that is back answers soon, and one that hangs has had its time.
        if let Ok(again) = timeout(context.options.quiet, exchange(context, &base)).await {
            seen = again;
        }
        if is_usual(context, &seen) {
            return Presence::Back;
        }
        if start.elapsed() >= patience {
            return Presence::Gone(seen.describe(context));
        }
    }
}

/// The correct request got what it always got.
pub(crate) fn is_usual(context: &Context, seen: &Observation) -> bool {
    seen.status().is_some() && seen.status() == context.usual
}

/// It may mean that the server is gone: no connection, silence, or a
/// gateway in front that finds nobody behind it or has had enough. A bare
/// close is no sign: many servers refuse so, and where it was the end of the server the next connection shows it.
pub(crate) fn is_sign(context: &Context, seen: &Observation) -> bool {
    let silent = seen.head.is_none() && seen.end == End::Silent;
    let passed_on = matches!(seen.status(), Some(429 | 502..=504)) && seen.status() != context.usual;
    silent || passed_on || matches!(seen.end, End::Unmeasured(_))
}

/// Nothing whole came: it would look the same if the server had gone away meanwhile.
pub(crate) fn is_cut_short(context: &Context, seen: &Observation) -> bool {
    match seen.reaction(context) {
        Reaction::Accepted => false,
        Reaction::Status(_) => !seen.complete,
        Reaction::Faulty(_) => seen.accept_fault().is_none(),
        Reaction::NotHttp | Reaction::Closed | Reaction::Reset | Reaction::Silent => true,
        Reaction::Unmeasured(_) => false,
    }
}
