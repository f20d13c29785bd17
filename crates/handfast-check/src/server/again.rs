//! For the report: what was special about an exchange, and a command that makes it again.

use std::time::Duration;

use handfast_proto::rules::Rule;

use super::context::Context;
use super::exchange::Observation;
use super::stimulus::Delivery;
use crate::difference::difference;
use crate::escape::shell_print;

/// The most pieces that a printed command sends one by one.
const PIECES: usize = 12;

/// How what was sent differs from the correct request; what is special about it where the bytes are the same.
pub(crate) fn change(context: &Context, seen: &Observation) -> String {
    let right = context.base().named("").render(&seen.key);
    match difference(&seen.sent, &right) {
        Some(words) => words,
        None if seen.label.is_empty() => "the correct request".to_owned(),
        None => format!("the correct request: {}", seen.label),
    }
}

/// A command that sends the same bytes in the same way.
pub(crate) fn command(context: &Context, rule: &Rule, seen: &Observation) -> String {
    let target = &context.target;
    let Some(print) = print(seen) else {
        return format!("handfast check {} --only {}", target.url(), rule.id);
    };
    if target.secure {
        let (host, port) = (target.bracketed_host(), target.port);
        format!(
            "({print}; sleep 2) | openssl s_client -quiet -connect {host}:{port} -servername {}",
            target.host
        )
    } else {
        format!("({print}; sleep 2) | nc {} {}", target.host, target.port)
    }
}

/// The part of the command that prints the bytes; `None` where a person would not paste it.
fn print(seen: &Observation) -> Option<String> {
    if seen.sent.len() < seen.sent_length {
        return None;
    }
    match &seen.delivery {
        Delivery::Whole => shell_print(&seen.sent),
        Delivery::Pieces(cuts, pause) if cuts.len() < PIECES => {
            let mut parts = Vec::new();
            let mut at = 0;
            for cut in cuts.iter().copied().chain([seen.sent.len()]).map(|cut| cut.min(seen.sent.len())) {
                if cut > at {
                    parts.push(shell_print(&seen.sent[at..cut])?);
                    at = cut;
                }
            }
            Some(parts.join(&format!("; sleep {}; ", seconds(*pause))))
        }
        Delivery::Pieces(..) | Delivery::Endless(..) | Delivery::Drip(..) => None,
    }
}

/// A pause for `sleep`, at least a tenth of a second: shorter ones are not worth a process.
fn seconds(pause: Duration) -> String {
    format!("{:.1}", pause.as_secs_f64().max(0.1))
}
