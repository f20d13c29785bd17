//! The report as JSON. README.md documents its shape, and `tests/bench.rs` holds it.

use super::outcome::Outcome;
use super::tally::{Counts, Times};
use serde_json::{Value, json};
use std::time::Duration;

/// One object, in lines.
pub fn json(outcome: &Outcome) -> String {
    let (plan, tally) = (&outcome.plan, &outcome.tally);
    let handshakes = &tally.handshakes;
    let messages = plan.messages.as_ref().map(|messages| {
        let counts = &tally.messages;
        json!({
            "payload_bytes": messages.payloads.size(),
            "kind": messages.payloads.kind().as_str(),
            "depth": messages.depth,
            "sent": counts.sent,
            "verified": counts.verified,
            "wrong": counts.wrong,
            "wrong_by_kind": tally.wrong,
            "unanswered": counts.unanswered,
            "unasked": counts.unasked,
            "under_way": outcome.under_way(),
            "per_second": outcome.messages_per_second(),
            "latency_us": times(&counts.latency),
        })
    });
    let refusals: Vec<Value> = tally
        .refusals
        .sorted()
        .into_iter()
        .map(|((status, reason), count, example)| {
            json!({ "status": status, "reason": reason, "count": count, "example": example })
        })
        .collect();
    let report = json!({
        "schema": SCHEMA,
        "url": plan.url,
        "model": if plan.rate.is_some() { "open" } else { "closed" },
        "rate": plan.rate,
        "connections": plan.connections,
        "duration_s": plan.duration.as_secs_f64(),
        "elapsed_s": outcome.elapsed.as_secs_f64(),
        "interrupted": outcome.is_interrupted,
        "scheduled": plan.scheduled(),
        "not_begun": tally.not_begun,
        "handshakes": {
            "begun": handshakes.begun,
            "opened": handshakes.opened,
            "refused": handshakes.refused,
            "faulty": handshakes.faulty,
            "failed": handshakes.failed,
            "per_second": outcome.handshakes_per_second(),
            "name_us": times(&handshakes.name),
            "tcp_us": times(&handshakes.tcp),
            "tls_us": times(&handshakes.tls),
            "http_us": times(&handshakes.http),
            "total_us": times(&handshakes.total),
        },
        "messages": messages,
        "refusals": refusals,
        "refusals_other": tally.refusals.other(),
        "faulty_answers": counted(&tally.faults, "rule"),
        "errors": counted(&tally.errors, "kind"),
        "errors_other": tally.errors.other(),
        "generator": {
            "threads": outcome.loads.iter().map(|load| json!({ "cpu": load.cpu, "waited": load.waited })).collect::<Vec<_>>(),
            "was_bottleneck": outcome.is_generator_full(),
            "lateness_us": times(&tally.lateness),
        },
        "exit": outcome.exit() as u8,
    });
    format!("{report:#}")
}

fn counted(counts: &Counts<String>, name: &str) -> Vec<Value> {
    let one = |(kind, count, example): (&String, u64, &str)| json!({ name: kind, "count": count, "example": example });
    counts.sorted().into_iter().map(one).collect()
}

/// Microseconds; `null` where nothing was counted.
fn times(times: &Times) -> Option<Value> {
    let micros = |time: Duration| time.as_nanos() as f64 / 1000.0;
    (times.count() > 0).then(|| {
        json!({
            "count": times.count(),
            "mean": micros(times.mean()),
            "p50": micros(times.quantile(0.5)),
            "p90": micros(times.quantile(0.9)),
            "p99": micros(times.quantile(0.99)),
            "p99_9": micros(times.quantile(0.999)),
            "max": micros(times.max()),
        })
    })
}

/// The name and version of the shape.
const SCHEMA: &str = "handfast-bench/1";
