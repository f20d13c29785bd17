//! Probes of Sec-WebSocket-Key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::context::Context;
use super::exchange::{Observation, Reaction};
use super::judge::{Finding, Judge, Need, Probe, accepted, refused};
use super::rules_upgrade::values;
use super::stimulus::Stimulus;
use crate::expect;
use crate::mistake;
use crate::report::Verdict;

const KEY: &str = "Sec-WebSocket-Key";

fn lengths(context: &Context) -> Vec<Stimulus> {
    let pool = [expect::random::<16>(), expect::random::<16>()].concat();
    [1, 8, 15, 17, 18, 20, 24, 32]
        .iter()
        .map(|length| {
            let key = STANDARD.encode(&pool[..*length]);
            context.base().set(KEY, &key).named(format!("a key of {length} bytes"))
        })
        .collect()
}

fn over_long(context: &Context, seen: &[Observation]) -> Finding {
    let finding = super::judge::worst(seen.iter().map(|one| {
        let finding = refused(context, one);
        match one.reaction(context) {
            Reaction::Status(400..=499) => finding,
            _ if finding.verdict == Verdict::Pass => {
                Finding::remark(format!("{}: refused, but not with a 4xx: {}", one.label, finding.text))
            }
            _ => finding,
        }
    }));
    if context.survived() || finding.verdict == Verdict::Fail {
        return finding;
    }
    let text = format!("{}, and the correct request is no longer accepted afterwards", finding.text);
    if context.alone {
        Finding::fail(text).at(finding.place)
    } else {
        Finding::open(format!("{text}: alone (--only server/key-over-long) it may be judged"))
            .at(finding.place)
    }
}

fn pad_bits(context: &Context, seen: &Observation) -> Finding {
    let text = seen.describe(context);
    match seen.reaction(context) {
        Reaction::Accepted => Finding::pass(format!("{text}: accepted and hashed as sent")),
        Reaction::Status(400..=599) | Reaction::Closed | Reaction::Reset => {
            Finding::pass(format!("{text}: refused"))
        }
        Reaction::Faulty(_) => Finding::fail(text),
        _ => Finding::remark(text),
    }
}

/// Whether the accept is right wherever a 101 came, with the mistake named where it is not.
fn accept_value(context: &Context, seen: &[Observation]) -> Finding {
    let mut keys: Vec<String> = Vec::new();
    let mut findings = Vec::new();
    for one in seen {
        let Some(head) = one.head.as_ref().filter(|head| head.status == Some(101)) else {
            findings.push(Finding::open(format!("not accepted: {}", one.describe(context))));
            continue;
        };
        let finding = match one.accept_fault() {
            None => Finding::pass(format!("right for {} keys", seen.len())),
            Some(fault) => {
                let value = head.first("Sec-WebSocket-Accept").unwrap_or_default();
                let cause = mistake::explain(&one.key, value, &keys)
                    .map(|words| format!("; {words}"))
                    .unwrap_or_default();
                Finding::fail(format!("101 {fault}{cause}"))
            }
        };
        keys.push(one.key.clone());
        findings.push(finding);
    }
    super::judge::worst(findings)
}

fn over_text(context: &Context, seen: &Observation) -> Finding {
    match (seen.status(), seen.accept_fault()) {
        (Some(101), Some(fault)) => {
            let value =
                seen.head.as_ref().and_then(|head| head.first("Sec-WebSocket-Accept")).unwrap_or_default();
            let cause =
                mistake::explain(&seen.key, value, &[]).map(|words| format!("; {words}")).unwrap_or_default();
            Finding::fail(format!("101 {fault}{cause}"))
        }
        _ => Finding::pass(seen.describe(context)),
    }
}

fn with_keys(context: &Context, keys: &[&str]) -> Vec<Stimulus> {
    keys.iter().map(|key| context.base().key(key).named(format!("the key {key}"))).collect()
}

/// Keys whose text has something that a wrong computation trips over; the rest of the 32 are random.
const ACCEPT_KEYS: &[&str] = &[
    "dGhlIHNhbXBsZSBub25jZQ==",
    "AQIDBAUGBwgJCgsMDQ4PEA==",
    "AAAAAAAAAAAAAAAAAAAAAA==",
    "/////////////////////w==",
    "+++++++++++++++++++++A==",
    "AAECAwQFBgcICQoLDA0ODw==",
];

/// Keys whose last letter has bits that decode to nothing.
const PAD_BIT_KEYS: &[&str] = &[
    "AQIDBAUGBwgJCgsMDQ4PEC==",
    "dGhlIHNhbXBsZSBub25jZR==",
    "AAAAAAAAAAAAAAAAAAAAAB==",
    "/////////////////////x==",
];

/// The probes of this file.
pub(crate) const PROBES: &[Probe] = &[
    Probe {
        rule: "server/key-missing",
        needs: &[Need::Accepted],
        stimuli: |context| vec![context.base().without(KEY).named("no key")],
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/key-empty",
        needs: &[Need::Accepted],
        stimuli: |context| {
            vec![
                context.base().replace(KEY, "Sec-WebSocket-Key:").named("an empty key"),
                context.base().replace(KEY, "Sec-WebSocket-Key:  \t").named("a blank key"),
            ]
        },
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/key-duplicate-different",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let other = "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==";
            vec![
                context.base().add(other).named("another key after it"),
                context.base().add_before(KEY, other).named("another key before it"),
            ]
        },
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/key-duplicate-same",
        needs: &[Need::Accepted],
        stimuli: |context| vec![context.base().add("Sec-WebSocket-Key: {key}").named("the key line twice")],
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/key-list",
        needs: &[Need::Accepted],
        stimuli: |context| {
            values(context, KEY, &["{key}, {key}", "{key},", ",{key}", "{key}; v=1", "{key} {key}"])
        },
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/key-alphabet",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let mut all = values(
                context,
                KEY,
                &[
                    "dGhlIHNhbXBsZSBub25jZ!==",
                    "dGhlIHNhbXBsZSBub25j*Q==",
                    "dGhlIHNhbXBsZSBub25jZQ%3D%3D",
                    "\"dGhlIHNhbXBsZSBub25jZQ==\"",
                ],
            );
            all.push(context.base().set(KEY, b"dGhlIHNhbX\xE9sZSBub25jZQ==").named("byte E9 in the key"));
            all
        },
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/key-url-safe",
        needs: &[Need::Accepted],
        stimuli: |context| values(context, KEY, &["--------------------_w==", "____________________-w=="]),
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/key-padding-missing",
        needs: &[Need::Accepted],
        stimuli: |context| values(context, KEY, &["dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ="]),
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/key-padding-excess",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let forms = [
                "dGhlIHNhbXBsZSBub25jZQ===",
                "dGhlIHNhbXBs==ZSBub25jZQ",
                "=dGhlIHNhbXBsZSBub25jZQ=",
                "dGhlIHNhbXBsZSBub25jZQ==A",
                "========================",
            ];
            values(context, KEY, &forms)
        },
        judge: Judge::Refused,
    },
    Probe { rule: "server/key-length", needs: &[Need::Accepted], stimuli: lengths, judge: Judge::Refused },
    Probe {
        rule: "server/key-over-long",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let long = |length: usize| {
                context.base().set(KEY, "A".repeat(length)).named(format!("{length} letters A"))
            };
            let mut all = vec![long(4096)];
            if context.may_press() {
                all.push(long(65_536));
            }
            all
        },
        judge: Judge::After(over_long),
    },
    Probe {
        rule: "server/key-inner-whitespace",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let forms =
                ["dGhlIHNh bXBsZSBub25jZQ==", "dGhlIHNh\tbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ =="];
            values(context, KEY, &forms)
        },
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/key-outer-whitespace-refused",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let form = |line: &str, label: &str| context.base().replace(KEY, line).named(label);
            vec![
                form("Sec-WebSocket-Key:{key}", "no blank"),
                form("Sec-WebSocket-Key:   {key}", "three spaces before"),
                form("Sec-WebSocket-Key:\t{key}", "a tab before"),
                form("Sec-WebSocket-Key: {key} \t", "a space and a tab after"),
            ]
        },
        judge: Judge::Each(accepted),
    },
    Probe {
        rule: "server/key-pad-bits",
        needs: &[Need::Accepted],
        stimuli: |context| with_keys(context, &PAD_BIT_KEYS[..1]),
        judge: Judge::Each(pad_bits),
    },
    Probe {
        rule: "server/accept-over-text",
        needs: &[Need::Accepted],
        stimuli: |context| with_keys(context, PAD_BIT_KEYS),
        judge: Judge::Each(over_text),
    },
    Probe {
        rule: "server/accept-wrong",
        needs: &[],
        stimuli: |context| {
            let mut all = vec![context.base().named("the correct request")];
            all.extend(with_keys(context, ACCEPT_KEYS));
            all.extend((all.len()..32).map(|_| {
                let key = expect::fresh_key();
                context.base().key(&key).named(format!("the key {key}"))
            }));
            all
        },
        judge: Judge::All(accept_value),
    },
];
