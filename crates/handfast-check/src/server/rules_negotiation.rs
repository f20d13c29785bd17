//! Probes of subprotocols and extensions.

use super::context::Context;
use super::exchange::{Observation, Reaction};
use super::judge::{Finding, Judge, Need, Probe, refused, worst};
use super::stimulus::Stimulus;
use crate::expect::random_word;
use crate::report::Verdict;

const PROTOCOL: &str = "Sec-WebSocket-Protocol";
const EXTENSIONS: &str = "Sec-WebSocket-Extensions";

/// The correct request with this field added at each of these values.
fn offers(context: &Context, name: &str, values: &[&str]) -> Vec<Stimulus> {
    values
        .iter()
        .map(|value| {
            context.base().without(name).add(format!("{name}: {value}")).named(format!("{name}: {value}"))
        })
        .collect()
}

/// A name that the target knows if one is declared, else one that it cannot know.
fn name(context: &Context, place: usize) -> String {
    match context.subprotocol(place) {
        "" => format!("handfast-unknown-{place}"),
        name => name.to_owned(),
    }
}

fn answered(seen: &Observation, field: &str) -> Vec<String> {
    seen.head.as_ref().map(|head| head.all(field).map(str::to_owned).collect()).unwrap_or_default()
}

/// Judges the field of a 101; other answers pass here and are judged elsewhere.
fn on_101(
    context: &Context,
    seen: &Observation,
    field: &str,
    judge: impl Fn(&[String]) -> Finding,
) -> Finding {
    match seen.status() {
        Some(101) => judge(&answered(seen, field)),
        _ => Finding::pass(seen.describe(context)),
    }
}

fn show(field: &str, values: &[String]) -> String {
    match values {
        [] => format!("101 without {field}"),
        values => {
            let text = values.join(" | ");
            format!("101 with {field}: {}", crate::escape::escape(text.as_bytes(), 160))
        }
    }
}

fn unoffered(context: &Context, seen: &Observation) -> Finding {
    let offered = seen.label.rsplit(' ').next().unwrap_or_default().to_owned();
    on_101(context, seen, PROTOCOL, |values| {
        let names: Vec<&str> = values
            .iter()
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect();
        if names.iter().all(|name| seen.label.starts_with(PROTOCOL) && *name == offered) {
            Finding::pass(show(PROTOCOL, values))
        } else {
            Finding::fail(show(PROTOCOL, values))
        }
    })
}

fn several(context: &Context, seen: &Observation) -> Finding {
    on_101(context, seen, PROTOCOL, |values| {
        if values.len() > 1 || values.iter().any(|value| value.contains(',')) {
            Finding::fail(show(PROTOCOL, values))
        } else {
            Finding::pass(show(PROTOCOL, values))
        }
    })
}

fn empty(context: &Context, seen: &Observation) -> Finding {
    on_101(context, seen, PROTOCOL, |values| {
        if values.iter().any(|value| value.trim().is_empty()) {
            Finding::fail("101 with an empty Sec-WebSocket-Protocol")
        } else {
            Finding::pass(show(PROTOCOL, values))
        }
    })
}

fn swapped(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect()
}

fn case_changed(context: &Context, seen: &Observation) -> Finding {
    let offered = swapped(context.subprotocol(0));
    on_101(context, seen, PROTOCOL, |values| {
        if values.iter().any(|value| *value != offered && value.eq_ignore_ascii_case(&offered)) {
            Finding::fail(show(PROTOCOL, values))
        } else {
            Finding::pass(show(PROTOCOL, values))
        }
    })
}

fn lines(context: &Context, seen: &[Observation]) -> Finding {
    let name = context.subprotocol(0);
    let chosen = |one: &Observation| one.status() == Some(101) && answered(one, PROTOCOL) == [name];
    if !chosen(&seen[0]) {
        return Finding::new(
            Verdict::Skipped,
            format!("{name} alone was not chosen: {}", seen[0].describe(context)),
        );
    }
    match seen.iter().position(|one| !chosen(one)) {
        None => Finding::pass(format!("101 with {name} in each form")),
        Some(at) => Finding::fail(format!("{}: {}", seen[at].label, seen[at].describe(context))).at(at),
    }
}

fn preference(context: &Context, seen: &[Observation]) -> Finding {
    let choice = |one: &Observation| answered(one, PROTOCOL).concat();
    let (first, second) = (choice(&seen[0]), choice(&seen[1]));
    if first.contains(',') || second.contains(',') {
        return Finding::new(Verdict::Skipped, "several names came back: see server/subprotocol-several");
    }
    if choice(&seen[2]) != first || choice(&seen[3]) != second {
        Finding::fail("the choice changes from one run to the next")
    } else if first == context.subprotocol(0) && second == context.subprotocol(1) {
        Finding::pass("the client's first name each time")
    } else {
        Finding::remark(format!("a choice of its own: {first:?}, then {second:?}"))
    }
}

fn unoffered_extension(context: &Context, seen: &Observation) -> Finding {
    on_101(context, seen, EXTENSIONS, |values| {
        if values.iter().any(|value| value.contains(|c: char| c.is_ascii_alphanumeric())) {
            Finding::fail(show(EXTENSIONS, values))
        } else {
            Finding::pass(show(EXTENSIONS, values))
        }
    })
}

fn declined(context: &Context, seen: &Observation) -> Finding {
    match seen.status() {
        Some(101) => Finding::pass(show(EXTENSIONS, &answered(seen, EXTENSIONS))),
        _ => Finding::fail(seen.describe(context)),
    }
}

fn malformed_offer(context: &Context, seen: &Observation) -> Finding {
    match seen.reaction(context) {
        Reaction::Silent => Finding::fail(seen.describe(context)),
        _ => refused(context, seen),
    }
}

/// All forms get the answer of the first.
fn same_answer(context: &Context, seen: &[Observation]) -> Finding {
    let wanted = answered(&seen[0], EXTENSIONS);
    if seen[0].status() != Some(101) {
        return Finding::open(format!("{} was not accepted: {}", seen[0].label, seen[0].describe(context)));
    }
    worst(seen.iter().map(|one| {
        let got = answered(one, EXTENSIONS);
        if one.status() != Some(101) {
            Finding::fail(format!("{}: {}", one.label, one.describe(context)))
        } else if got != wanted {
            Finding::fail(format!(
                "{}: {}, wanted {}",
                one.label,
                show(EXTENSIONS, &got),
                show(EXTENSIONS, &wanted)
            ))
        } else {
            Finding::pass(show(EXTENSIONS, &got))
        }
    }))
}

fn empty_extension(context: &Context, seen: &Observation) -> Finding {
    on_101(context, seen, EXTENSIONS, |values| {
        if values.iter().any(|value| value.trim_matches([' ', '\t', ',']).is_empty()) {
            Finding::fail("101 with an empty Sec-WebSocket-Extensions")
        } else {
            Finding::pass(show(EXTENSIONS, values))
        }
    })
}

/// An element of an answer: its name and its parameters.
type Element = (String, Vec<(String, Option<String>)>);

fn elements(seen: &Observation) -> Vec<Element> {
    answered(seen, EXTENSIONS)
        .iter()
        .flat_map(|value| value.split(','))
        .filter(|element| !element.trim().is_empty())
        .map(|element| {
            let mut parts = element.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let parameters = parts.map(|part| match part.split_once('=') {
                Some((name, value)) => {
                    (name.trim().to_ascii_lowercase(), Some(value.trim().trim_matches('"').to_owned()))
                }
                None => (part.to_ascii_lowercase(), None),
            });
            (name, parameters.collect())
        })
        .collect()
}

fn deflate(seen: &Observation) -> Option<Vec<(String, Option<String>)>> {
    elements(seen)
        .into_iter()
        .find(|(name, _)| name == "permessage-deflate")
        .map(|(_, parameters)| parameters)
}

fn bits(parameters: &[(String, Option<String>)], name: &str) -> Option<Option<u32>> {
    let (_, value) = parameters.iter().find(|(other, _)| other == name)?;
    Some(value.as_ref().and_then(|digits| digits.parse().ok()))
}

/// 101 without permessage-deflate.
fn declines_deflate(context: &Context, seen: &Observation) -> Finding {
    let text = show(EXTENSIONS, &answered(seen, EXTENSIONS));
    match (seen.status(), deflate(seen)) {
        (Some(101), None) => Finding::pass(text),
        (Some(101), Some(_)) => Finding::fail(text),
        _ => Finding::fail(seen.describe(context)),
    }
}

fn no_deflate(context: &Context, seen: &Observation) -> Finding {
    match (seen.status(), deflate(seen)) {
        (Some(101), Some(_)) => Finding::fail(show(EXTENSIONS, &answered(seen, EXTENSIONS))),
        _ => Finding::pass(seen.describe(context)),
    }
}

fn unknown_parameter(context: &Context, seen: &Observation) -> Finding {
    let fallback = seen.label.ends_with(", permessage-deflate");
    match seen.status() {
        Some(101) if fallback => Finding::pass(show(EXTENSIONS, &answered(seen, EXTENSIONS))),
        _ => declines_deflate(context, seen),
    }
}

fn server_bits(context: &Context, seen: &Observation) -> Finding {
    let asked: u32 = seen.label.rsplit('=').next().and_then(|digits| digits.parse().ok()).unwrap_or(15);
    let text = show(EXTENSIONS, &answered(seen, EXTENSIONS));
    match deflate(seen).map(|parameters| bits(&parameters, "server_max_window_bits")) {
        None => Finding::pass(seen.describe(context)),
        Some(Some(Some(granted))) if (8..=asked).contains(&granted) => Finding::pass(text),
        // 15 is what holds without the parameter: nobody is harmed, though the answer should repeat it.
        Some(None) if asked == 15 => Finding::remark(text),
        _ => Finding::fail(text),
    }
}

fn server_takeover(context: &Context, seen: &Observation) -> Finding {
    let text = show(EXTENSIONS, &answered(seen, EXTENSIONS));
    match deflate(seen) {
        None => Finding::pass(seen.describe(context)),
        Some(parameters) if parameters.iter().any(|(name, _)| name == "server_no_context_takeover") => {
            Finding::pass(text)
        }
        Some(_) => Finding::fail(text),
    }
}

fn client_bits(context: &Context, seen: &Observation) -> Finding {
    let text = show(EXTENSIONS, &answered(seen, EXTENSIONS));
    let Some(parameters) = deflate(seen) else { return Finding::pass(seen.describe(context)) };
    match (bits(&parameters, "client_max_window_bits"), seen.label.contains("client_max_window_bits")) {
        (None, _) => Finding::pass(text),
        (Some(_), false) | (Some(None), true) => Finding::fail(text),
        (Some(Some(granted)), true) if !(8..=15).contains(&granted) => Finding::fail(text),
        (Some(Some(granted)), true) if seen.label.ends_with("=10") && granted > 10 => Finding::remark(text),
        _ => Finding::pass(text),
    }
}

fn answer_malformed(context: &Context, seen: &Observation) -> Finding {
    let text = show(EXTENSIONS, &answered(seen, EXTENSIONS));
    let all = elements(seen);
    let known = |name: &str, value: &Option<String>| match name {
        "server_no_context_takeover" | "client_no_context_takeover" => value.is_none(),
        "server_max_window_bits" | "client_max_window_bits" => value.as_ref().is_some_and(|digits| {
            !digits.starts_with('0') && digits.parse::<u8>().is_ok_and(|number| (8..=15).contains(&number))
        }),
        _ => false,
    };
    match all.as_slice() {
        [] => Finding::pass(seen.describe(context)),
        [(name, parameters)] if name == "permessage-deflate" => {
            let unique = parameters
                .iter()
                .enumerate()
                .all(|(at, (name, _))| parameters[..at].iter().all(|(other, _)| other != name));
            if unique && parameters.iter().all(|(name, value)| known(name, value)) {
                Finding::pass(text)
            } else {
                Finding::fail(text)
            }
        }
        _ => Finding::fail(text),
    }
}

fn fallback(context: &Context, seen: &Observation) -> Finding {
    match deflate(seen) {
        Some(_) => Finding::pass(show(EXTENSIONS, &answered(seen, EXTENSIONS))),
        None => Finding::remark(seen.describe(context)),
    }
}

const BAD_BITS: [&str; 11] =
    ["", "=7", "=16", "=0", "=08", "=010", "=-8", "=+10", "=0xA", "=10.0", "=99999999999999999999"];

fn bad_values(context: &Context) -> Vec<Stimulus> {
    let mut values: Vec<String> =
        BAD_BITS.iter().map(|value| format!("permessage-deflate; server_max_window_bits{value}")).collect();
    values.extend(
        ["=7", "=16", "=08"].map(|value| format!("permessage-deflate; client_max_window_bits{value}")),
    );
    values
        .extend(["server", "client"].map(|side| format!("permessage-deflate; {side}_no_context_takeover=1")));
    offers(context, EXTENSIONS, &values.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The probes of this file.
pub(crate) const PROBES: &[Probe] = &[
    Probe {
        rule: "server/subprotocol-unoffered",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let mut all = vec![context.base().without(PROTOCOL).named("no offer")];
            all.extend(offers(context, PROTOCOL, &[&format!("handfast-unknown-{}", random_word())]));
            all
        },
        judge: Judge::Each(unoffered),
    },
    Probe {
        rule: "server/subprotocol-several",
        needs: &[Need::Accepted],
        stimuli: |context| {
            offers(context, PROTOCOL, &[&format!("{}, {}", name(context, 0), name(context, 1))])
        },
        judge: Judge::Each(several),
    },
    Probe {
        rule: "server/subprotocol-empty",
        needs: &[Need::Accepted],
        stimuli: |context| offers(context, PROTOCOL, &["handfast-unknown"]),
        judge: Judge::Each(empty),
    },
    Probe {
        rule: "server/subprotocol-case-changed",
        needs: &[Need::Accepted, Need::Subprotocols(1)],
        stimuli: |context| offers(context, PROTOCOL, &[&swapped(context.subprotocol(0))]),
        judge: Judge::Each(case_changed),
    },
    Probe {
        rule: "server/subprotocol-offer-invalid",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let forms = ["chat superchat", "", ",", "chat/2", "ch@t", "chat;v=1", "\"chat\""];
            let mut all = offers(context, PROTOCOL, &forms);
            all.push(context.base().add(b"Sec-WebSocket-Protocol: ch\xE9t").named("byte E9 in a name"));
            all
        },
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/subprotocol-offer-duplicate",
        needs: &[Need::Accepted],
        stimuli: |context| offers(context, PROTOCOL, &[&format!("{0}, {0}", name(context, 0))]),
        judge: Judge::Each(several),
    },
    Probe {
        rule: "server/subprotocol-lines-refused",
        needs: &[Need::Accepted, Need::Subprotocols(1)],
        stimuli: |context| {
            let name = context.subprotocol(0);
            let mut all = offers(context, PROTOCOL, &[name]);
            let two = context.base().without(PROTOCOL).add("Sec-WebSocket-Protocol: handfast-unknown");
            all.push(two.add(format!("{PROTOCOL}: {name}")).named("two lines"));
            all.extend(offers(context, PROTOCOL, &[&format!("handfast-unknown,{name}")]));
            all
        },
        judge: Judge::All(lines),
    },
    Probe {
        rule: "server/subprotocol-preference",
        needs: &[Need::Accepted, Need::Subprotocols(2)],
        stimuli: |context| {
            let (a, b) = (context.subprotocol(0), context.subprotocol(1));
            let (there, back) = (format!("{a}, {b}"), format!("{b}, {a}"));
            // The second pair differs in a blank, so that it is really sent again.
            offers(context, PROTOCOL, &[&there, &back, &format!("{there} "), &format!("{back} ")])
        },
        judge: Judge::All(preference),
    },
    Probe {
        rule: "server/extension-unoffered",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let mut all = vec![context.base().without(EXTENSIONS).named("no offer")];
            all.extend(offers(context, EXTENSIONS, &["handfast-unknown"]));
            all
        },
        judge: Judge::Each(unoffered_extension),
    },
    Probe {
        rule: "server/extension-unknown-refused",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let forms = ["handfast-unknown; a=1 ; b=x , permessage-deflate", "x-webkit-deflate-frame"];
            offers(context, EXTENSIONS, &forms)
        },
        judge: Judge::Each(declined),
    },
    Probe {
        rule: "server/extension-offer-malformed",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let forms = [
                "permessage-deflate; =1",
                "",
                ",",
                "; a",
                "permessage-deflate; a b",
                "permessage-deflate; a=",
                "permessage-deflate; a=\"b",
                "permessage-deflate; a=\"b c\"",
                "permessage-deflate = 1",
            ];
            let mut all = offers(context, EXTENSIONS, &forms);
            all.push(context.base().add(b"Sec-WebSocket-Extensions: x-\xE9").named("byte E9 in a name"));
            all
        },
        judge: Judge::Each(malformed_offer),
    },
    Probe {
        rule: "server/extension-lines-refused",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let mut all = offers(context, EXTENSIONS, &["handfast-unknown, permessage-deflate"]);
            let two = context.base().without(EXTENSIONS).add("Sec-WebSocket-Extensions: handfast-unknown");
            all.push(two.add("Sec-WebSocket-Extensions: permessage-deflate").named("two lines"));
            all.extend(offers(context, EXTENSIONS, &[",, permessage-deflate ,,"]));
            all
        },
        judge: Judge::All(same_answer),
    },
    Probe {
        rule: "server/extension-quoted-value",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let forms = [
                "permessage-deflate; server_max_window_bits=10",
                "permessage-deflate; server_max_window_bits=\"10\"",
            ];
            offers(context, EXTENSIONS, &forms)
        },
        judge: Judge::All(same_answer),
    },
    Probe {
        rule: "server/extension-empty-field",
        needs: &[Need::Accepted],
        stimuli: |context| offers(context, EXTENSIONS, &["handfast-unknown"]),
        judge: Judge::Each(empty_extension),
    },
    Probe {
        rule: "server/deflate-parameter-unknown",
        needs: &[Need::Accepted, Need::Deflate],
        stimuli: |context| {
            let forms = [
                "permessage-deflate; foo",
                "permessage-deflate; client_max_window_bits; foo=bar",
                "permessage-deflate; mode=0, permessage-deflate",
            ];
            offers(context, EXTENSIONS, &forms)
        },
        judge: Judge::Each(unknown_parameter),
    },
    Probe {
        rule: "server/deflate-parameter-value",
        needs: &[Need::Accepted, Need::Deflate],
        stimuli: bad_values,
        judge: Judge::Each(declines_deflate),
    },
    Probe {
        rule: "server/deflate-parameter-duplicate",
        needs: &[Need::Accepted, Need::Deflate],
        stimuli: |context| {
            let forms = [
                "permessage-deflate; server_max_window_bits=10; server_max_window_bits=12",
                "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
                "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            ];
            offers(context, EXTENSIONS, &forms)
        },
        judge: Judge::Each(no_deflate),
    },
    Probe {
        rule: "server/deflate-server-bits-ignored",
        needs: &[Need::Accepted, Need::Deflate],
        stimuli: |context| {
            let forms =
                [10, 8, 9, 15].map(|bits| format!("permessage-deflate; server_max_window_bits={bits}"));
            offers(context, EXTENSIONS, &forms.each_ref().map(String::as_str))
        },
        judge: Judge::Each(server_bits),
    },
    Probe {
        rule: "server/deflate-server-takeover-ignored",
        needs: &[Need::Accepted, Need::Deflate],
        stimuli: |context| offers(context, EXTENSIONS, &["permessage-deflate; server_no_context_takeover"]),
        judge: Judge::Each(server_takeover),
    },
    Probe {
        rule: "server/deflate-client-bits-unoffered",
        needs: &[Need::Accepted, Need::Deflate],
        stimuli: |context| {
            let forms = [
                "permessage-deflate",
                "permessage-deflate; client_max_window_bits",
                "permessage-deflate; client_max_window_bits=10",
            ];
            offers(context, EXTENSIONS, &forms)
        },
        judge: Judge::Each(client_bits),
    },
    Probe {
        rule: "server/deflate-answer-malformed",
        needs: &[Need::Accepted, Need::Deflate],
        stimuli: |context| {
            let forms = [
                "permessage-deflate; client_max_window_bits",
                "permessage-deflate; server_max_window_bits=10, permessage-deflate",
                "permessage-deflate, permessage-deflate",
            ];
            offers(context, EXTENSIONS, &forms)
        },
        judge: Judge::Each(answer_malformed),
    },
    Probe {
        rule: "server/deflate-fallback-ignored",
        needs: &[Need::Accepted, Need::Deflate],
        stimuli: |context| {
            let forms = [
                "permessage-deflate; server_max_window_bits=16, permessage-deflate",
                "permessage-deflate; foo, permessage-deflate",
            ];
            offers(context, EXTENSIONS, &forms)
        },
        judge: Judge::Each(fallback),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_swapped_both_ways() {
        assert_eq!(swapped("Chat-v1"), "cHAT-V1");
    }

    #[test]
    fn answers_are_split_into_elements_and_parameters() {
        let mut seen = Observation::default();
        let head = b"HTTP/1.1 101 x\r\nSec-WebSocket-Extensions: a, permessage-deflate; client_max_window_bits=\"9\"\r\n\r\n";
        if let crate::wire::head::Parsed::Complete(head) = crate::wire::head::answer(head) {
            seen.head = Some(head);
        }
        assert_eq!(elements(&seen).len(), 2);
        assert_eq!(bits(&deflate(&seen).expect("there"), "client_max_window_bits"), Some(Some(9)));
    }
}
