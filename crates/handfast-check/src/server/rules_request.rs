//! Probes of the request line and of Host.

use super::context::Context;
use super::exchange::{Observation, Reaction};
use super::judge::{Finding, Judge, Need, Probe, accepted, refused, status_400};
use super::stimulus::Stimulus;
use crate::expect::random_word;
use crate::report::Verdict;

fn lines(context: &Context, lines: &[&str]) -> Vec<Stimulus> {
    lines
        .iter()
        .map(|line| context.base().line(line).named(line.replace("{target}", &context.target.path)))
        .collect()
}

fn hosts(context: &Context, values: &[&str]) -> Vec<Stimulus> {
    values.iter().map(|value| context.base().set("Host", value).named(format!("Host: {value}"))).collect()
}

/// The target with something in its query.
pub(crate) fn query(context: &Context, text: &str) -> String {
    let path = &context.target.path;
    format!("{path}{}{text}", if path.contains('?') { '&' } else { '?' })
}

fn method(context: &Context, seen: &Observation) -> Finding {
    match seen.reaction(context) {
        Reaction::Status(_) if matches!(seen.label.as_str(), "OPTIONS" | "HEAD") => {
            Finding::pass(seen.describe(context))
        }
        _ => refused(context, seen),
    }
}

fn allow(context: &Context, seen: &Observation) -> Finding {
    match &seen.head {
        Some(head) if head.status == Some(405) && head.count("Allow") == 0 => {
            Finding::fail(format!("{}, without Allow", head.line()))
        }
        _ => Finding::pass(seen.describe(context)),
    }
}

fn higher_minor(context: &Context, seen: &Observation) -> Finding {
    let finding = accepted(context, seen);
    if finding.verdict == Verdict::Fail { Finding { verdict: Verdict::Remark, ..finding } } else { finding }
}

fn illegal_bytes(context: &Context, seen: &Observation) -> Finding {
    let finding = refused(context, seen);
    match seen.reaction(context) {
        Reaction::Status(300..=399) => Finding::pass(finding.text),
        Reaction::Silent => Finding::fail(finding.text),
        Reaction::Accepted | Reaction::Faulty(_) if seen.label.contains("C3 A9") => {
            Finding::remark(finding.text)
        }
        _ => finding,
    }
}

fn too_long(context: &Context, seen: &Observation) -> Finding {
    let text = seen.describe(context);
    match seen.reaction(context) {
        Reaction::Status(414 | 404) | Reaction::Accepted => Finding::pass(text),
        Reaction::Status(431) => Finding::remark(text),
        _ => Finding::fail(text),
    }
}

fn host_form(context: &Context, seen: &Observation) -> Finding {
    let finding = accepted(context, seen);
    match seen.reaction(context) {
        Reaction::Status(421 | 403) => {
            Finding::remark(format!("{}: a list of allowed hosts, perhaps", finding.text))
        }
        _ => finding,
    }
}

fn host_forms(context: &Context) -> Vec<Stimulus> {
    let target = &context.target;
    let mut values = vec![format!("{}:{}", target.bracketed_host(), target.port)];
    if target.host.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        values.push(target.authority().to_ascii_uppercase());
    }
    if context.address.ip().is_loopback() {
        values.push(format!("LOCALHOST:{}", target.port));
    }
    if context.address.is_ipv6() && context.address.ip().is_loopback() {
        values.push(format!("[::1]:{}", target.port));
    }
    values.iter().map(|value| context.base().set("Host", value).named(format!("Host: {value}"))).collect()
}

/// The probes of this file.
pub(crate) const PROBES: &[Probe] = &[
    Probe {
        rule: "server/method-not-get",
        needs: &[Need::Accepted],
        stimuli: |context| {
            ["POST", "HEAD", "PUT", "OPTIONS", "XGET"]
                .iter()
                .map(|method| {
                    let request = context.base().line(format!("{method} {{target}} HTTP/1.1"));
                    if *method == "POST" { request.add("Content-Length: 0") } else { request }.named(*method)
                })
                .collect()
        },
        judge: Judge::Each(method),
    },
    Probe {
        rule: "server/method-case-folded",
        needs: &[Need::Accepted],
        stimuli: |context| lines(context, &["get {target} HTTP/1.1", "Get {target} HTTP/1.1"]),
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/method-without-allow",
        needs: &[],
        stimuli: |context| {
            vec![context.base().line("POST {target} HTTP/1.1").add("Content-Length: 0").named("POST")]
        },
        judge: Judge::Each(allow),
    },
    Probe {
        rule: "server/http-version-1-0",
        needs: &[Need::Accepted],
        stimuli: |context| lines(context, &["GET {target} HTTP/1.0"]),
        judge: Judge::Not101,
    },
    Probe {
        rule: "server/http-version-malformed",
        needs: &[Need::Accepted],
        stimuli: |context| {
            lines(
                context,
                &[
                    "GET {target} http/1.1",
                    "GET {target} HTTP/1.1x",
                    "GET {target} HTTP/01.1",
                    "GET {target} HTTP/1.10",
                    "GET {target} HTTP/2.0",
                    "GET {target} HTTP/1",
                    "GET {target}",
                ],
            )
        },
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/http-version-higher-minor",
        needs: &[Need::Accepted],
        stimuli: |context| lines(context, &["GET {target} HTTP/1.2"]),
        judge: Judge::Each(higher_minor),
    },
    Probe {
        rule: "server/target-absolute-form-refused",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let scheme = if context.target.secure { "https" } else { "http" };
            vec![
                context
                    .base()
                    .line(format!("GET {scheme}://{{authority}}{{target}} HTTP/1.1"))
                    .named("absolute form"),
            ]
        },
        judge: Judge::Accepted,
    },
    Probe {
        rule: "server/target-wrong-form",
        needs: &[Need::Accepted],
        stimuli: |context| {
            lines(context, &["GET * HTTP/1.1", "GET {authority} HTTP/1.1", "GET chat HTTP/1.1"])
        },
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/target-illegal-bytes",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let form = |target: &[u8], label: &str| {
                context.base().line([b"GET ", target, b" HTTP/1.1"].concat()).named(label)
            };
            let here = |text: &str| query(context, text).into_bytes();
            vec![
                form(b"/a b", "/a b"),
                form(b"/a<b", "/a<b"),
                form(b"/a\tb", "/a HTAB b"),
                form(b"/a\x01", "/a and byte 01"),
                form(b"/a\xC3\xA9", "/a and bytes C3 A9"),
                form(&here("a<b"), "a<b in the query of the target"),
                form(&here("a\"b"), "a double quote in the query of the target"),
                form(&here("a\u{1}"), "byte 01 in the query of the target"),
                form(&here("a\u{E9}"), "bytes C3 A9 in the query of the target"),
            ]
        },
        judge: Judge::Each(illegal_bytes),
    },
    Probe {
        rule: "server/target-fragment",
        needs: &[Need::Accepted],
        stimuli: |context| lines(context, &["GET {target}#part HTTP/1.1"]),
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/target-unavailable",
        needs: &[Need::Accepted, Need::Paths],
        stimuli: |context| {
            let path = format!("/handfast-no-such-resource-{}", random_word());
            vec![context.base().line(format!("GET {path} HTTP/1.1")).named("an unknown path")]
        },
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/target-too-long",
        needs: &[Need::Accepted, Need::Pressure],
        stimuli: |context| {
            [65_536, 1 << 20]
                .iter()
                .map(|length| {
                    let line = format!("GET /{} HTTP/1.1", "a".repeat(*length));
                    context.base().line(line).named(format!("a target of {length} letters"))
                })
                .collect()
        },
        judge: Judge::Each(too_long),
    },
    Probe {
        rule: "server/target-8000-octets",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let line =
                |pad: usize| format!("GET {} HTTP/1.1", query(context, &format!("pad={}", "a".repeat(pad))));
            let pad = 8000_usize.saturating_sub(line(0).len());
            vec![context.base().line(line(pad)).named("a request line of 8000 octets")]
        },
        judge: Judge::Accepted,
    },
    Probe {
        rule: "server/request-line-spacing",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let form = |line: &str, label: &str| context.base().line(line).named(label);
            vec![
                form("GET  {target} HTTP/1.1", "two spaces"),
                form("GET\t{target}\tHTTP/1.1", "tabs"),
                form(" GET {target} HTTP/1.1", "a leading space"),
                form("GET {target} HTTP/1.1 ", "a trailing space"),
            ]
        },
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/leading-empty-line",
        needs: &[Need::Accepted],
        stimuli: |context| vec![context.base().before("\r\n").named("CR LF in front")],
        judge: Judge::Accepted,
    },
    Probe {
        rule: "server/host-missing",
        needs: &[Need::Accepted],
        stimuli: |context| vec![context.base().without("Host").named("no Host")],
        judge: Judge::Each(status_400),
    },
    Probe {
        rule: "server/host-duplicate",
        needs: &[Need::Accepted],
        stimuli: |context| {
            vec![
                context.base().add("Host: {authority}").named("the same Host twice"),
                context.base().add_first("Host: other.example").named("another Host first"),
                context.base().add("Host: other.example").named("another Host last"),
            ]
        },
        judge: Judge::Each(status_400),
    },
    Probe {
        rule: "server/host-invalid",
        needs: &[Need::Accepted],
        stimuli: |context| {
            hosts(
                context,
                &[
                    "a b",
                    "user@{authority}",
                    "{authority}/x",
                    "[::1",
                    "{authority}:port",
                    "{authority}:-1",
                    "http://{authority}",
                ],
            )
        },
        judge: Judge::Each(status_400),
    },
    Probe {
        rule: "server/host-empty",
        needs: &[Need::Accepted],
        stimuli: |context| {
            vec![
                context.base().replace("Host", "Host:").named("an empty Host"),
                context.base().replace("Host", "Host:   ").named("a blank Host"),
            ]
        },
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/host-form-refused",
        needs: &[Need::Accepted],
        stimuli: host_forms,
        judge: Judge::Each(host_form),
    },
];
