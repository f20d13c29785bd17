//! For the report: what was special about an exchange, and a command that makes it again.

use std::net::IpAddr;
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
        // An address is no server name, and some servers end the handshake over one (RFC 6066 section 3).
        let name = match target.host.parse::<IpAddr>() {
            Ok(_) => "-noservername".to_owned(),
            Err(_) => format!("-servername {}", target.host),
        };
        format!("({print}; sleep 2) | openssl s_client -quiet -no_ign_eof -connect {host}:{port} {name}")
    } else {
        // Without a limit it would wait for ever where the server opened a WebSocket.
        format!("({print}; sleep 2) | nc -w 3 {} {}", target.host, target.port)
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
