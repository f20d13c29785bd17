//! The report for people.

use super::machine::Load;
use super::outcome::Outcome;
use super::tally::{Counts, Times};
use std::fmt::Write;
use std::time::Duration;

/// The whole report, without a final line break.
pub fn human(outcome: &Outcome) -> String {
    let mut lines = vec![heading(outcome), String::new()];
    lines.extend(totals(outcome));
    lines.extend(percentiles(outcome));
    lines.extend(trouble(outcome));
    lines.push(String::new());
    lines.extend(generator(outcome));
    lines.join("\n")
}

fn heading(outcome: &Outcome) -> String {
    let plan = &outcome.plan;
    let mut line = plan.url.clone();
    // Writing to a String cannot fail.
    let _ = match (plan.rate, &plan.messages) {
        (Some(rate), Some(_)) => {
            write!(line, ", open model, {rate} messages a second over {}", connections(plan.connections))
        }
        (Some(rate), None) => write!(line, ", open model, {rate} handshakes a second"),
        (None, Some(messages)) => {
            write!(
                line,
                ", closed model, {}, {} under way on each",
                connections(plan.connections),
                messages.depth
            )
        }
        (None, None) => write!(line, ", closed model, {} handshakes at a time", plan.connections),
    };
    if let Some(messages) = &plan.messages {
        let _ = write!(line, ", {} bytes {}", messages.payloads.size(), messages.payloads.kind().as_str());
    }
    let _ = write!(line, ", {} s", plan.duration.as_secs_f64());
    if outcome.is_interrupted {
        let _ = write!(line, ", interrupted after {:.1} s", outcome.elapsed.as_secs_f64());
    }
    line
}

fn connections(count: usize) -> String {
    if count == 1 { "1 connection".to_owned() } else { format!("{count} connections") }
}

fn totals(outcome: &Outcome) -> Vec<String> {
    let tally = &outcome.tally;
    let handshakes = &tally.handshakes;
    let mut lines = vec![format!("handshakes  {} of {} opened", handshakes.opened, handshakes.begun)];
    if outcome.plan.messages.is_some() {
        let messages = &tally.messages;
        lines.push(format!("messages    {} of {} verified", messages.verified, messages.sent));
    }
    if let Some(rate) = outcome.handshakes_per_second().or(outcome.messages_per_second()) {
        lines.push(format!("rate        {} a second", significant(rate)));
    }
    if tally.not_begun > 0 {
        let all = outcome.plan.scheduled().unwrap_or_default();
        lines.push(format!("not begun   {} of {all} that were due", tally.not_begun));
    }
    lines
}

fn percentiles(outcome: &Outcome) -> Vec<String> {
    let tally = &outcome.tally;
    let handshakes = &tally.handshakes;
    let rows: [(&str, &Times); 7] = [
        ("name", &handshakes.name),
        ("TCP", &handshakes.tcp),
        ("TLS", &handshakes.tls),
        ("HTTP", &handshakes.http),
        ("handshake", &handshakes.total),
        ("message", &tally.messages.latency),
        ("lateness", &tally.lateness),
    ];
    let mut lines = Vec::new();
    for (name, times) in rows.into_iter().filter(|(_, times)| times.count() > 0) {
        if lines.is_empty() {
            let columns: String =
                ["p50", "p90", "p99", "p99.9", "max"].iter().map(|name| format!("{name:>11}")).collect();
            lines.extend([String::new(), format!("{:10}{columns}", "")]);
        }
        let values = [0.5, 0.9, 0.99, 0.999].map(|part| times.quantile(part));
        let columns: String =
            values.into_iter().chain([times.max()]).map(|time| format!("{:>11}", duration(time))).collect();
        lines.push(format!("{name:10}{columns}"));
    }
    lines
}

/// Everything that did not go well, with counts.
fn trouble(outcome: &Outcome) -> Vec<String> {
    let tally = &outcome.tally;
    let mut lines = Vec::new();
    let mut section = |title: &str, rows: Vec<String>| {
        if !rows.is_empty() {
            lines.extend([String::new(), title.to_owned()]);
            lines.extend(rows);
        }
    };
    let mut refusals: Vec<String> = tally
        .refusals
        .sorted()
        .into_iter()
        .map(|((status, reason), count, _)| row(count, format!("{status} {reason}").trim_end()))
        .collect();
    refusals.extend(rest(&tally.refusals));
    section("Refused:", refusals);
    section("Answers that break rules (`handfast explain` tells about them):", kinds(&tally.faults));
    section("Wrong echoes:", tally.wrong.iter().map(|(kind, count)| row(*count, kind)).collect());
    let messages = &tally.messages;
    let mut lost = Vec::new();
    for (count, what) in [
        (messages.unanswered, "sent, and never answered"),
        (messages.unasked, "received without having been sent"),
        (outcome.under_way(), "under way when it was interrupted"),
    ] {
        lost.extend((count > 0).then(|| row(count, what)));
    }
    section("Messages:", lost);
    section("Errors:", kinds(&tally.errors));
    if outcome.plan.messages.is_some() && messages.sent > 0 && messages.verified == 0 {
        let hint = "No echo came at all. For endpoints that do not echo there is --handshakes.";
        lines.extend([String::new(), hint.to_owned()]);
    }
    lines
}

fn kinds(counts: &Counts<String>) -> Vec<String> {
    let one = |(kind, count, example): (&String, u64, &str)| match example {
        "" => row(count, kind),
        _ => row(count, &format!("{kind}, such as: {example}")),
    };
    counts.sorted().into_iter().map(one).chain(rest(counts)).collect()
}

fn rest<K: Ord>(counts: &Counts<K>) -> Option<String> {
    (counts.other() > 0).then(|| row(counts.other(), "of other kinds"))
}

fn row(count: u64, what: &str) -> String {
    format!("{count:>10}  {what}")
}

/// How busy we were ourselves.
fn generator(outcome: &Outcome) -> Vec<String> {
    let threads = match outcome.loads.len() {
        1 => "1 thread".to_owned(),
        many => format!("{many} threads, the busiest"),
    };
    let Some(load) = outcome.busiest() else {
        return vec![format!("generator   {threads}; how busy it was, this system does not tell")];
    };
    let mut lines = vec![format!("generator   {threads} {}", busy(load))];
    if outcome.is_generator_full() {
        lines.push(
            "The generator was the bottleneck: these figures are its own as much as the server's. Take more --threads, or \
             give it cores of its own."
                .to_owned(),
        );
    }
    lines
}

fn busy(load: Load) -> String {
    let percent = |part: f64| format!("{:.0} %", part * 100.0);
    let cpu = percent(load.cpu.unwrap_or_default());
    match load.waited {
        Some(waited) if waited >= 0.05 => {
            format!("ran for {cpu} of the time, and waited for a core for {}", percent(waited))
        }
        _ => format!("ran for {cpu} of the time"),
    }
}

/// Three digits and a unit.
fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        _ if seconds < 0.001 => format!("{} µs", significant(seconds * 1e6)),
        _ if seconds < 1.0 => format!("{} ms", significant(seconds * 1e3)),
        _ => format!("{} s", significant(seconds)),
    }
}

/// Three digits; whole numbers are not cut.
fn significant(value: f64) -> String {
    match value {
        _ if value >= 99.95 => format!("{value:.0}"),
        _ if value >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_and_the_unit_that_suits() {
        let shown = [999, 12_340, 999_999, 1_000_000, 45_600_000, 2_500_000_000]
            .map(Duration::from_nanos)
            .map(duration);
        assert_eq!(shown, ["1.00 µs", "12.3 µs", "1000 µs", "1.00 ms", "45.6 ms", "2.50 s"]);
    }
}
