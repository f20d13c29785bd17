//! Probes of HTTP's own grammar, of framing, limits and refusals.

use std::time::Duration;

use super::context::Context;
use super::exchange::{End, Observation, Reaction};
use super::judge::{Finding, Judge, Need, Probe, accepted, refused, status_400};
use super::stimulus::{Delivery, Follow, Stimulus, ping_frame, text_frame};
use crate::report::Verdict;
use crate::wire::frame;
use crate::wire::head::{self, Body};

const KEY: &str = "Sec-WebSocket-Key";

/// A plain GET of the target.
pub(crate) fn plain_get(context: &Context) -> Stimulus {
    context
        .base()
        .without("Upgrade")
        .without("Connection")
        .without(KEY)
        .without("Sec-WebSocket-Version")
        .named("a plain GET")
}

fn body_present(context: &Context, seen: &Observation) -> Finding {
    let finding = refused(context, seen);
    if seen.label.ends_with(": 0") {
        let finding = accepted(context, seen);
        return if finding.verdict == Verdict::Fail {
            Finding { verdict: Verdict::Remark, ..finding }
        } else {
            finding
        };
    }
    if finding.verdict == Verdict::Fail { Finding { verdict: Verdict::Remark, ..finding } } else { finding }
}

/// A frame that makes a living target answer: `abc` as text to an echo service, as a ping to others.
fn glued(context: &Context) -> Vec<u8> {
    if context.echoes { text_frame("abc") } else { ping_frame("abc") }
}

fn body_as_frames(context: &Context, seen: &Observation) -> Finding {
    let text = seen.describe(context);
    if seen.status() != Some(101) {
        return refused(context, seen);
    }
    let closing = seen.frames().iter().any(|one| one.opcode == frame::CLOSE);
    if seen.has_payload("abc") {
        Finding::fail("101, and the body was answered as a frame")
    } else if closing || matches!(seen.end, End::Closed | End::Reset) {
        Finding::fail("101, and the body led to a close")
    } else {
        Finding::pass(text)
    }
}

fn length_conflict(context: &Context, seen: &Observation) -> Finding {
    match &seen.second {
        Some(second) => Finding::fail(format!(
            "{}; then a further request on the same connection was answered: {}",
            seen.describe(context),
            second.line()
        )),
        None => refused(context, seen),
    }
}

fn expect_continue(context: &Context, seen: &Observation) -> Finding {
    let text = seen.describe(context);
    let hundred = seen.interim.iter().any(|head| head.status == Some(100));
    match seen.reaction(context) {
        Reaction::Accepted if hundred => Finding::pass(format!("100, then {text}")),
        Reaction::Accepted => Finding::remark(format!("{text}, without a 100 before it")),
        Reaction::Silent => Finding::fail(text),
        _ => refused(context, seen),
    }
}

fn pipelined(context: &Context, seen: &Observation) -> Finding {
    let text = seen.describe(context);
    match seen.reaction(context) {
        Reaction::Accepted if seen.has_payload("abc") => {
            Finding::pass(format!("{text}; the frame was answered"))
        }
        Reaction::Accepted | Reaction::Faulty(_) => Finding::fail(format!("{text}; the frame was lost")),
        _ => refused(context, seen),
    }
}

/// REFUSED and ACCEPTED are both right; a 101 with a wrong accept shows a misread head.
fn either(context: &Context, seen: &Observation) -> Finding {
    let text = seen.describe(context);
    match seen.reaction(context) {
        Reaction::Accepted => Finding::pass(text),
        _ => refused(context, seen),
    }
}

fn fold(context: &Context, seen: &Observation) -> Finding {
    if seen.label.starts_with("only") { refused(context, seen) } else { either(context, seen) }
}

fn bare_lf(context: &Context, seen: &Observation) -> Finding {
    match seen.reaction(context) {
        Reaction::Silent => Finding::fail(seen.describe(context)),
        _ => either(context, seen),
    }
}

fn unknown_fields(context: &Context, seen: &Observation) -> Finding {
    let finding = accepted(context, seen);
    let mild = match seen.reaction(context) {
        Reaction::Status(431) => seen.label.starts_with("40"),
        _ => seen.label.contains("C3 A9"),
    };
    if mild && finding.verdict == Verdict::Fail { Finding::remark(finding.text) } else { finding }
}

fn too_large(context: &Context, seen: &Observation) -> Finding {
    let text = seen.describe(context);
    let endless = seen.label.starts_with("a head without end");
    match seen.reaction(context) {
        Reaction::Status(400..=499) => Finding::pass(text),
        Reaction::Accepted if !endless && seen.sent_whole => Finding::pass(text),
        Reaction::Closed | Reaction::Reset if endless => {
            Finding::pass(format!("{text} after {} bytes", seen.sent_length))
        }
        Reaction::Closed | Reaction::Reset => Finding::remark(text),
        Reaction::Status(100..=399) => Finding::remark(text),
        _ => Finding::fail(text),
    }
}

fn head_timeout(context: &Context, seen: &Observation) -> Finding {
    match seen.reaction(context) {
        Reaction::Silent => Finding::fail("still open after 65 s"),
        _ => Finding::pass(seen.describe(context)),
    }
}

fn silent_close(context: &Context, seen: &[Observation]) -> Finding {
    const LARGE: usize = 32 * 1024;
    let closed = |one: &Observation| {
        one.sent_length < LARGE && matches!(one.reaction(context), Reaction::Closed | Reaction::Reset)
    };
    let count = seen.iter().filter(|one| closed(one)).count();
    match seen.iter().position(closed) {
        None => Finding::pass("every refusal was an HTTP answer"),
        Some(at) => {
            let text = format!("{}: {} ({count} in all)", seen[at].label, seen[at].describe(context));
            Finding::fail(text).at(at)
        }
    }
}

fn unframed(context: &Context, seen: &Observation) -> Finding {
    let Some(head) = seen.head.as_ref().filter(|head| head.status != Some(101)) else {
        return Finding::new(Verdict::Skipped, format!("no refusal to read: {}", seen.describe(context)));
    };
    let line = head.line();
    let announced = head.lists("Connection", "close") || head.first_line.starts_with(b"HTTP/1.0");
    if !seen.complete {
        return Finding::fail(format!("{line}, whose body does not end as announced"));
    }
    if seen.surplus > 0 {
        return Finding::fail(format!("{line}, with {} bytes beyond its announced end", seen.surplus));
    }
    if announced {
        return Finding::pass(format!("{line}; the close is announced"));
    }
    if head::body(head, false) == Body::UntilClose {
        return Finding::fail(format!("{line}, with neither a length nor Connection: close"));
    }
    match (&seen.second, &seen.end) {
        (Some(second), _) => Finding::pass(format!("{line}; the connection goes on: {}", second.line())),
        (None, End::Closed | End::Reset) => {
            Finding::fail(format!("{line}; then a close that was not announced"))
        }
        (None, _) => Finding::remark(format!("{line}; a further request stayed unanswered")),
    }
}

fn is_refusal(one: &Observation) -> bool {
    matches!(one.status(), Some(400..=599)) && !one.sent.starts_with(b"HEAD ")
}

fn unexplained(_: &Context, seen: &[Observation]) -> Finding {
    let refusals = seen.iter().filter(|one| is_refusal(one)).count();
    let empty = |one: &Observation| is_refusal(one) && one.body.is_empty();
    let untyped = |one: &Observation| {
        is_refusal(one) && one.head.as_ref().is_some_and(|head| head.count("Content-Type") == 0)
    };
    let line = |at: usize| seen[at].head.as_ref().map(|head| head.line()).unwrap_or_default();
    if refusals == 0 {
        Finding::new(Verdict::Skipped, "nothing was refused")
    } else if let Some(at) = seen.iter().position(empty) {
        let count = seen.iter().filter(|one| empty(one)).count();
        Finding::fail(format!(
            "{}: {}, without a body ({count} of {refusals} refusals)",
            seen[at].label,
            line(at)
        ))
        .at(at)
    } else if let Some(at) = seen.iter().position(untyped) {
        Finding::remark(format!("{}: {}, without Content-Type", seen[at].label, line(at))).at(at)
    } else {
        Finding::pass(format!("{refusals} refusals, each with words"))
    }
}

fn unchallenged(context: &Context, seen: &[Observation]) -> Finding {
    let is_401 = |one: &Observation| one.status() == Some(401);
    let bare = |one: &Observation| {
        is_401(one) && one.head.as_ref().is_some_and(|head| head.count("WWW-Authenticate") == 0)
    };
    match seen.iter().position(bare) {
        Some(at) => Finding::fail(format!("{}: 401 without WWW-Authenticate", seen[at].label)).at(at),
        None if seen.iter().any(is_401) => Finding::pass("each 401 has its challenge"),
        None if context.options.credentials.is_some() => Finding::pass("no 401 was sent"),
        None => Finding::new(Verdict::Skipped, "no 401 was seen: declare the credentials to have it probed"),
    }
}

fn plain(context: &Context, seen: &Observation) -> Finding {
    let text = seen.describe(context);
    match seen.reaction(context) {
        Reaction::Status(200..=499) if seen.complete => Finding::pass(text),
        _ => Finding::fail(text),
    }
}

fn conflicts(context: &Context) -> Vec<Stimulus> {
    let second = plain_get(context).request;
    let form = |fields: &[&str], body: &str, label: &str| {
        let request = fields.iter().fold(context.base(), |request, line| request.add(line));
        request.after(body).follow(Follow::Second(second.clone())).named(label)
    };
    vec![
        form(&["Transfer-Encoding: chunked", "Content-Length: 5"], "0\r\n\r\n", "chunked and a length"),
        form(&["Content-Length: +5"], "hello", "Content-Length: +5"),
        form(&["Content-Length: 5", "Content-Length: 6"], "hello", "lengths 5 and 6"),
        form(&["Transfer-Encoding: chunked, identity"], "0\r\n\r\n", "chunked, identity"),
    ]
}

fn large_heads(context: &Context) -> Vec<Stimulus> {
    let value = |length: usize| {
        context
            .base()
            .add(format!("X-Test: {}", "a".repeat(length)))
            .named(format!("a field of {length} bytes"))
    };
    let fields = |count: usize| {
        let request =
            (0..count).fold(context.base(), |request, number| request.add(format!("X-{number}: v")));
        request.named(format!("{count} fields"))
    };
    let mut endless = context.base().named("a head without end");
    endless.request.truncate(endless.request.len() - 2);
    endless.delivery = Delivery::Endless(b"X-Handfast: endless\r\n".repeat(512), 16 << 20);
    vec![value(64 << 10), value(1 << 20), fields(1_000), fields(10_000), endless]
}

fn pieces(context: &Context) -> Vec<Stimulus> {
    let key = crate::expect::fresh_key();
    let fixed = || context.base().key(&key);
    let pause = Duration::from_millis(20);
    vec![
        fixed()
            .delivery(Delivery::Pieces((1..4096).collect(), Duration::from_millis(5)))
            .named("single bytes"),
        fixed().cut_after(&["\r\n\r"], pause).named("split inside the last CR LF CR LF"),
        fixed().cut_after(&[&key[..9], "Sec-Web"], pause).named("split inside the key"),
    ]
}

fn rename(context: &Context, change: fn(&[u8]) -> Vec<u8>) -> super::stimulus::Request {
    context.base().map_lines(|lines| {
        lines
            .into_iter()
            .map(|line| {
                let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
                [change(&line[..colon]), line[colon..].to_vec()].concat()
            })
            .collect()
    })
}

/// The probes of this file.
pub(crate) const PROBES: &[Probe] = &[
    Probe {
        rule: "server/body-present",
        needs: &[Need::Accepted],
        stimuli: |context| {
            vec![
                context.base().add("Content-Length: 5").after("hello").named("Content-Length: 5"),
                context
                    .base()
                    .add("Transfer-Encoding: chunked")
                    .after("5\r\nhello\r\n0\r\n\r\n")
                    .named("Transfer-Encoding: chunked"),
                context.base().add("Content-Length: 0").named("Content-Length: 0"),
            ]
        },
        judge: Judge::Each(body_present),
    },
    Probe {
        rule: "server/body-as-frames",
        needs: &[Need::Accepted, Need::Liveness],
        stimuli: |context| {
            let frame = glued(context);
            let request = context.base().add(format!("Content-Length: {}", frame.len()));
            vec![request.after(frame).follow(Follow::Listen).named("a frame as body")]
        },
        judge: Judge::Each(body_as_frames),
    },
    Probe {
        rule: "server/length-conflict",
        needs: &[Need::Accepted],
        stimuli: conflicts,
        judge: Judge::Each(length_conflict),
    },
    Probe {
        rule: "server/expect-continue",
        needs: &[Need::Accepted],
        stimuli: |context| vec![context.base().add("Expect: 100-continue").named("Expect: 100-continue")],
        judge: Judge::Each(expect_continue),
    },
    Probe {
        rule: "server/pipelined-bytes-lost",
        needs: &[Need::Accepted, Need::Liveness],
        stimuli: |context| vec![context.base().after(glued(context)).named("a frame glued to the head")],
        judge: Judge::Each(pipelined),
    },
    Probe {
        rule: "server/obs-fold",
        needs: &[Need::Accepted],
        stimuli: |context| {
            vec![
                context
                    .base()
                    .replace("Connection", "Connection: keep-alive,\r\n Upgrade")
                    .named("Connection folded"),
                context.base().replace(KEY, "Sec-WebSocket-Key:\r\n\t{key}").named("the key folded"),
                context
                    .base()
                    .add("X-A: b\r\n Host: evil.example")
                    .named("a folded line that looks like Host"),
                context
                    .base()
                    .replace(KEY, "X-A: b\r\n Sec-WebSocket-Key: {key}")
                    .named("only a folded line holds the key"),
            ]
        },
        judge: Judge::Each(fold),
    },
    Probe {
        rule: "server/nul-in-value",
        needs: &[Need::Accepted],
        stimuli: |context| {
            vec![
                context.base().add("X-Test: a\0b").named("NUL in X-Test"),
                context.base().set(KEY, "{key}\0").named("NUL after the key"),
                context.base().set("Host", "{authority}\0.example").named("NUL in Host"),
            ]
        },
        judge: Judge::Each(|context, seen| {
            if seen.label.contains("X-Test") { either(context, seen) } else { refused(context, seen) }
        }),
    },
    Probe {
        rule: "server/bare-cr",
        needs: &[Need::Accepted],
        stimuli: |context| {
            vec![
                context
                    .base()
                    .without(KEY)
                    .add("X-Test: a\rSec-WebSocket-Key: {key}")
                    .named("the key behind a lone CR"),
                context.base().set(KEY, "dGhlIHNhbXBs\rZSBub25jZQ==").named("a CR inside the key"),
            ]
        },
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/bare-lf",
        needs: &[Need::Accepted],
        stimuli: |context| {
            vec![
                context.base().line_end(b"\n").named("LF everywhere"),
                context.base().add_first("X-Test: a\nX-Other: b").named("one line ended by LF"),
            ]
        },
        judge: Judge::Each(bare_lf),
    },
    Probe {
        rule: "server/space-before-colon",
        needs: &[Need::Accepted],
        stimuli: |context| {
            vec![
                context.base().replace(KEY, "Sec-WebSocket-Key : {key}").named("Sec-WebSocket-Key SP :"),
                context.base().replace(KEY, "Sec-WebSocket-Key\t: {key}").named("Sec-WebSocket-Key HTAB :"),
                context.base().add("X-Test : a").named("X-Test SP :"),
            ]
        },
        judge: Judge::Each(status_400),
    },
    Probe {
        rule: "server/space-before-first-field",
        needs: &[Need::Accepted],
        stimuli: |context| {
            vec![
                context.base().add_first(" Host: evil.example").named("an indented Host in front"),
                context
                    .base()
                    .without(KEY)
                    .add_first(" Sec-WebSocket-Key: {key}")
                    .named("only an indented line holds the key"),
            ]
        },
        judge: Judge::Each(fold),
    },
    Probe {
        rule: "server/field-line-malformed",
        needs: &[Need::Accepted],
        stimuli: |context| {
            ["garbage", ": value", "X Test: a", "X(Test): a"]
                .iter()
                .map(|line| context.base().add(line).named(format!("the line {line}")))
                .collect()
        },
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/head-in-pieces-refused",
        needs: &[Need::Accepted],
        stimuli: pieces,
        judge: Judge::Accepted,
    },
    Probe {
        rule: "server/field-name-case-refused",
        needs: &[Need::Accepted],
        stimuli: |context| {
            vec![
                rename(context, <[u8]>::to_ascii_lowercase).named("names in lower case"),
                rename(context, <[u8]>::to_ascii_uppercase).named("names in upper case"),
            ]
        },
        judge: Judge::Accepted,
    },
    Probe {
        rule: "server/unknown-fields-refused",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let forty = (1..=40).fold(context.base(), |request, n| request.add(format!("X-Handfast-{n}: v")));
            let reverse = context.base().map_lines(|lines| lines.into_iter().rev().collect());
            vec![
                reverse.named("fields in reverse order"),
                forty.named("40 unknown fields"),
                context.base().add(b"X-Test: \xC3\xA9").named("bytes C3 A9 in a value"),
                context.base().add("X-Empty:").named("an empty unknown field"),
            ]
        },
        judge: Judge::Each(unknown_fields),
    },
    Probe {
        rule: "server/head-too-large",
        needs: &[Need::Accepted, Need::Pressure],
        stimuli: large_heads,
        judge: Judge::Each(too_large),
    },
    Probe {
        rule: "server/head-timeout",
        needs: &[Need::Accepted, Need::Patience],
        stimuli: |context| {
            let mut slow = context.base().named("one byte a second");
            let first_line = slow.request.iter().position(|byte| *byte == b'\n').unwrap_or(0) + 1;
            slow.request.truncate(first_line);
            slow.request.extend(b"X-Slow: ");
            slow.delivery = Delivery::Drip(Duration::from_secs(65));
            vec![slow]
        },
        judge: Judge::Each(head_timeout),
    },
    Probe {
        rule: "server/silent-close",
        needs: &[],
        stimuli: |_| Vec::new(),
        judge: Judge::Run(silent_close),
    },
    Probe {
        rule: "server/error-unframed",
        needs: &[],
        stimuli: |context| {
            let second = plain_get(context).request;
            let request = context.base().set("Sec-WebSocket-Version", "25");
            vec![request.follow(Follow::Second(second)).named("version 25, then a plain GET")]
        },
        judge: Judge::Each(unframed),
    },
    Probe {
        rule: "server/error-unexplained",
        needs: &[],
        stimuli: |_| Vec::new(),
        judge: Judge::Run(unexplained),
    },
    Probe {
        rule: "server/status-401-without-challenge",
        needs: &[],
        stimuli: |context| match &context.options.credentials {
            Some((name, _)) => vec![context.base().without(name).named("no credentials")],
            None => Vec::new(),
        },
        judge: Judge::Run(unchallenged),
    },
    Probe {
        rule: "server/plain-get-unanswered",
        needs: &[],
        stimuli: |context| vec![plain_get(context)],
        judge: Judge::Each(plain),
    },
];
