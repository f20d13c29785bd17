//! Probes of origins, hosts and what a refusal gives away.

use super::context::Context;
use super::exchange::{Observation, Reaction};
use super::judge::{Finding, Judge, Need, Probe, accepted, refused, worst};
use super::rules_request::query;
use super::stimulus::Stimulus;
use crate::report::Verdict;
use crate::wire::frame;

const FOREIGN: &str = "https://evil.example";

fn with_origin(context: &Context, origin: &str) -> Stimulus {
    context.base().without("Origin").add(format!("Origin: {origin}")).named(format!("Origin: {origin}"))
}

fn is_accepted(one: &Observation) -> bool {
    one.status() == Some(101)
}

fn foreign(context: &Context, seen: &[Observation]) -> Finding {
    let finding = refused(context, &seen[0]);
    let own = accepted(context, &seen[1]);
    if finding.verdict == Verdict::Fail {
        Finding::fail(format!("{}: {}", seen[0].label, finding.text))
    } else if own.verdict == Verdict::Fail {
        let text = format!("{}: {}", seen[1].label, own.text);
        if context.options.origin.is_some() { Finding::fail(text).at(1) } else { Finding::remark(text).at(1) }
    } else {
        Finding::pass(format!("{}: {}", seen[0].label, finding.text))
    }
}

fn refusal_status(context: &Context, seen: &Observation) -> Finding {
    let text = seen.describe(context);
    match seen.reaction(context) {
        Reaction::Status(400..=499) => Finding::pass(text),
        Reaction::Accepted => Finding::new(Verdict::Skipped, "the target does not check origins"),
        Reaction::Faulty(_) if seen.frames().iter().any(|one| one.opcode == frame::CLOSE) => {
            Finding::fail(format!("{text}: it was refused after the 101 only"))
        }
        Reaction::Faulty(_) => Finding::fail(text),
        _ => Finding::remark(text),
    }
}

fn unchecked(seen: &Observation) -> Option<Finding> {
    is_accepted(seen).then(|| {
        Finding::new(Verdict::Skipped, "the target takes any origin: see server/origin-foreign-accepted")
    })
}

fn loose_origins(context: &Context) -> Vec<Stimulus> {
    let own = context.own_origin();
    let (scheme, authority) = own.split_once("://").unwrap_or(("http", &own));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let tail = port.map(|port| format!(":{port}")).unwrap_or_default();
    let other_scheme = if scheme == "https" { "http" } else { "https" };
    let other_port = if port == Some("444") { 445 } else { 444 };
    [
        FOREIGN.to_owned(),
        format!("{scheme}://{host}.evil.example{tail}"),
        format!("{scheme}://evil{host}{tail}"),
        format!("{scheme}://{authority}@evil.example"),
        format!("{scheme}://{host}:{other_port}"),
        "null".to_owned(),
        String::new(),
        format!("{other_scheme}://{authority}"),
    ]
    .iter()
    .map(|origin| with_origin(context, origin))
    .collect()
}

fn loosely(context: &Context, seen: &[Observation]) -> Finding {
    if let Some(finding) = unchecked(&seen[0]) {
        return finding;
    }
    let last = seen.len() - 1;
    worst(seen.iter().enumerate().map(|(at, one)| {
        let text = format!("{}: {}", one.label, one.describe(context));
        if is_accepted(one) && at == last {
            Finding::remark(format!("{text}: the scheme is not compared"))
        } else if is_accepted(one) {
            Finding::fail(text)
        } else {
            Finding::pass(text)
        }
    }))
}

fn duplicates(context: &Context) -> Vec<Stimulus> {
    let own = context.own_origin();
    let two = |first: &str, second: &str| {
        context
            .base()
            .without("Origin")
            .add(format!("Origin: {first}"))
            .add(format!("Origin: {second}"))
            .named(format!("Origin: {first}, then Origin: {second}"))
    };
    vec![
        with_origin(context, FOREIGN),
        two(&own, FOREIGN),
        two(FOREIGN, &own),
        with_origin(context, &format!("{own} {FOREIGN}")),
        with_origin(context, &format!("{own}, {FOREIGN}")),
    ]
}

fn duplicate(context: &Context, seen: &[Observation]) -> Finding {
    if let Some(finding) = unchecked(&seen[0]) {
        return finding;
    }
    worst(seen.iter().map(|one| {
        let text = format!("{}: {}", one.label, one.describe(context));
        if is_accepted(one) { Finding::fail(text) } else { Finding::pass(text) }
    }))
}

fn key_as_credential(context: &Context, seen: &[Observation]) -> Finding {
    if !is_accepted(&seen[0]) {
        return Finding::open(format!("the credentials were not accepted: {}", seen[0].describe(context)));
    }
    worst(seen.iter().enumerate().map(|(place, one)| match place {
        0 => Finding::pass("access follows the credentials"),
        _ => {
            let finding = refused(context, one);
            Finding { text: format!("{}: {}", one.label, finding.text), ..finding }
        }
    }))
}

fn splitting(_: &Context, seen: &[Observation]) -> Finding {
    worst(seen.iter().map(|one| {
        let Some(head) = &one.head else { return Finding::pass("no answer to read") };
        let body = String::from_utf8_lossy(&one.body).to_ascii_lowercase();
        let kind = head.first("Content-Type").unwrap_or_default().to_ascii_lowercase();
        if head.count("X-Injected") > 0 {
            Finding::fail(format!("{}: the answer has a field X-Injected", one.label))
        } else if head.status == Some(101) || !body.contains("<script>") {
            Finding::pass(head.line())
        } else if kind.starts_with("text/plain") && head.lists("X-Content-Type-Options", "nosniff") {
            Finding::pass("the text stands in a text/plain body with nosniff")
        } else if kind.starts_with("text/plain") {
            Finding::remark(format!("{}: the text stands in a text/plain body without nosniff", one.label))
        } else {
            Finding::fail(format!("{}: <script> stands unescaped in a body of type {kind:?}", one.label))
        }
    }))
}

fn cacheable(_: &Context, seen: &[Observation]) -> Finding {
    let stored = |one: &Observation| {
        matches!(one.status(), Some(200 | 203 | 204 | 206 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501))
            && one.head.as_ref().is_some_and(|head| head.count("Cache-Control") == 0)
    };
    let refusals = seen.iter().filter(|one| matches!(one.status(), Some(200..=599))).count();
    match seen.iter().position(stored) {
        Some(at) => {
            let line = seen[at].head.as_ref().map(|head| head.line()).unwrap_or_default();
            let count = seen.iter().filter(|one| stored(one)).count();
            Finding::remark(format!(
                "{}: {line}, without Cache-Control ({count} of {refusals})",
                seen[at].label
            ))
            .at(at)
        }
        None if refusals == 0 => Finding::new(Verdict::Skipped, "nothing was refused"),
        None => Finding::pass(format!("{refusals} refusals, none to be stored")),
    }
}

/// The probes of this file.
pub(crate) const PROBES: &[Probe] = &[
    Probe {
        rule: "server/origin-foreign-accepted",
        needs: &[Need::Accepted, Need::Origins],
        stimuli: |context| vec![with_origin(context, FOREIGN), with_origin(context, &context.own_origin())],
        judge: Judge::All(foreign),
    },
    Probe {
        rule: "server/origin-refusal-status",
        needs: &[Need::Accepted, Need::Origins],
        stimuli: |context| vec![with_origin(context, FOREIGN)],
        judge: Judge::Each(refusal_status),
    },
    Probe {
        rule: "server/origin-compared-loosely",
        needs: &[Need::Accepted, Need::Origins],
        stimuli: loose_origins,
        judge: Judge::All(loosely),
    },
    Probe {
        rule: "server/origin-duplicate",
        needs: &[Need::Accepted, Need::Origins],
        stimuli: duplicates,
        judge: Judge::All(duplicate),
    },
    Probe {
        rule: "server/origin-absent",
        needs: &[],
        stimuli: |context| vec![context.base().without("Origin").named("no Origin")],
        judge: Judge::Accepted,
    },
    Probe {
        rule: "server/key-as-credential",
        needs: &[Need::Accepted, Need::Credentials],
        stimuli: |context| {
            let key = crate::expect::fresh_key();
            let name =
                context.options.credentials.as_ref().map_or("Authorization", |(name, _)| name.as_str());
            vec![
                context.base().key(&key).named("with credentials"),
                context.base().key(&key).without(name).named("the same key without credentials").late(),
                context
                    .base()
                    .key(&key)
                    .set(name, "handfast-wrong")
                    .named("the same key with other credentials")
                    .late(),
            ]
        },
        judge: Judge::All(key_as_credential),
    },
    Probe {
        rule: "server/host-foreign",
        needs: &[Need::Accepted, Need::Hosts],
        stimuli: |context| {
            let request = context.base().without("Origin").set("Host", "rebind.example");
            vec![request.add("Origin: http://rebind.example").named("Host: rebind.example and its origin")]
        },
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/response-splitting",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let poison = "%0d%0aX-Injected:1<script>";
            vec![
                context
                    .base()
                    .line(format!("GET {} HTTP/1.1", query(context, poison)))
                    .named("in the query of the target"),
                context.base().line(format!("GET /{poison} HTTP/1.1")).named("in the path"),
                context.base().add(format!("Sec-WebSocket-Protocol: {poison}")).named("in the subprotocol"),
                context.base().set("Host", poison).named("in Host"),
                context.base().without("Origin").add(format!("Origin: {poison}")).named("in Origin"),
            ]
        },
        judge: Judge::All(splitting),
    },
    Probe {
        rule: "server/refusal-cacheable",
        needs: &[],
        stimuli: |_| Vec::new(),
        judge: Judge::Run(cacheable),
    },
    Probe {
        rule: "server/handshake-flood",
        needs: &[Need::Never("a flood needs the operator at hand; it is no part of a check")],
        stimuli: |_| Vec::new(),
        judge: Judge::Refused,
    },
];
