//! From what came to a verdict.

use super::context::Context;
use super::exchange::{End, Observation, Reaction};
use super::stimulus::Stimulus;
pub(crate) use crate::finding::{Finding, worst};
use crate::report::Verdict;

/// A rule, what to send for it, and how to judge what comes.
pub(crate) struct Probe {
    /// The rule's id in the catalogue.
    pub(crate) rule: &'static str,
    /// What must be known or allowed before it makes sense.
    pub(crate) needs: &'static [Need],
    /// What to send.
    pub(crate) stimuli: fn(&Context) -> Vec<Stimulus>,
    /// How to judge it.
    pub(crate) judge: Judge,
}

/// A condition of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// The correct request was accepted.
    Accepted,
    /// So many subprotocols of the target are declared.
    Subprotocols(usize),
    /// permessage-deflate is spoken.
    Deflate,
    /// The target may be pressed: it is this machine, or its owner agreed.
    Pressure,
    /// Time: the probe takes about a minute.
    Patience,
    /// The target checks origins, as far as the operator declared it.
    Origins,
    /// The operator declared credentials.
    Credentials,
    /// The target is not declared as one that serves every path.
    Paths,
    /// The target is not declared as one that serves every host.
    Hosts,
    /// The target shows that it is alive by pongs or echoes.
    Liveness,
    /// The target goes by an IP address or name whose case can change.
    Never(&'static str),
}

/// How a rule is judged.
#[derive(Clone, Copy)]
pub(crate) enum Judge {
    /// Each must be refused; a harmless other answer is a remark.
    Refused,
    /// None may be answered with 101.
    Not101,
    /// Each must be accepted.
    Accepted,
    /// Each by its own.
    Each(fn(&Context, &Observation) -> Finding),
    /// All together.
    All(fn(&Context, &[Observation]) -> Finding),
    /// All together, once it is known whether the target still accepts the correct request.
    After(fn(&Context, &[Observation]) -> Finding),
    /// All exchanges of the run, after the others.
    Run(fn(&Context, &[Observation]) -> Finding),
}

/// The judgement over these exchanges.
pub(crate) fn judge(judge: Judge, context: &Context, seen: &[Observation]) -> Finding {
    if let Some(finding) = fatal(context, seen) {
        return finding;
    }
    let one: fn(&Context, &Observation) -> Finding = match judge {
        Judge::Refused => refused,
        Judge::Not101 => not_101,
        Judge::Accepted => accepted,
        Judge::Each(one) => one,
        Judge::All(all) => {
            return unmeasured(seen).or_else(|| left(context, seen)).unwrap_or_else(|| all(context, seen));
        }
        Judge::After(all) | Judge::Run(all) => return all(context, seen),
    };
    worst(seen.iter().map(|observation| {
        if let Reaction::Unmeasured(why) = observation.reaction(context) {
            return Finding::open(why);
        }
        if let Some(finding) = left(context, std::slice::from_ref(observation)) {
            return finding;
        }
        let mut finding = one(context, observation);
        if seen.len() > 1 && finding.verdict != Verdict::Pass {
            finding.text = format!("{}: {}", observation.label, finding.text);
        }
        finding
    }))
}

/// One request that ends the server decides, whatever the others got.
fn fatal(context: &Context, seen: &[Observation]) -> Option<Finding> {
    let place = seen.iter().position(|one| one.fatal)?;
    let (label, got) = (&seen[place].label, seen[place].describe(context));
    Some(
        Finding::fail(format!("{label}: {got}, and the server went away: sent alone, this request ends it"))
            .at(place),
    )
}

fn unmeasured(seen: &[Observation]) -> Option<Finding> {
    seen.iter().enumerate().find_map(|(place, one)| match &one.end {
        End::Unmeasured(why) => Some(Finding::open(format!("one of the requests: {why}")).at(place)),
        _ => None,
    })
}

/// Silence of a server that answers nobody any more says nothing about this request.
fn left(context: &Context, seen: &[Observation]) -> Option<Finding> {
    if context.survived() {
        return None;
    }
    let place = seen.iter().position(|one| one.reaction(context) == Reaction::Silent)?;
    let text = seen[place].describe(context);
    Some(Finding::open(format!("{text}, and the target no longer answers the correct request")).at(place))
}

/// REFUSED of the catalogue.
pub(crate) fn refused(context: &Context, seen: &Observation) -> Finding {
    let text = seen.describe(context);
    match seen.reaction(context) {
        Reaction::Accepted | Reaction::Faulty(_) => Finding::fail(text),
        Reaction::Status(400..=599) | Reaction::Closed | Reaction::Reset => Finding::pass(text),
        Reaction::Status(_) | Reaction::NotHttp => Finding::remark(text),
        Reaction::Silent => Finding::remark(format!("{text}: neither accepted nor refused")),
        Reaction::Unmeasured(_) => Finding::open(text),
    }
}

/// NOT 101 of the catalogue.
pub(crate) fn not_101(context: &Context, seen: &Observation) -> Finding {
    match seen.reaction(context) {
        Reaction::Status(_) => Finding::pass(seen.describe(context)),
        _ => refused(context, seen),
    }
}

/// ACCEPTED of the catalogue.
pub(crate) fn accepted(context: &Context, seen: &Observation) -> Finding {
    let text = seen.describe(context);
    match seen.reaction(context) {
        Reaction::Accepted => Finding::pass(text),
        Reaction::Unmeasured(_) => Finding::open(text),
        // RFC 6455 section 4.1 allows both: they say that this request is not the correct one here.
        Reaction::Status(401) if context.options.credentials.is_none() => {
            Finding::open(format!("{text}: not known without --credentials"))
        }
        Reaction::Status(301 | 302 | 303 | 307 | 308) => {
            Finding::open(format!("{text}: not known of a URL that points elsewhere"))
        }
        _ => Finding::fail(text),
    }
}

/// Status 400 passes, another refusal is a remark, 101 fails.
pub(crate) fn status_400(context: &Context, seen: &Observation) -> Finding {
    let finding = refused(context, seen);
    match seen.reaction(context) {
        Reaction::Status(400) => finding,
        _ if finding.verdict == Verdict::Pass => {
            Finding::remark(format!("refused, but not with 400: {}", finding.text))
        }
        _ => finding,
    }
}
