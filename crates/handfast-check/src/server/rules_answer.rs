//! Probes of the 101 itself.

use super::context::Context;
use super::exchange::Observation;
use super::judge::{Finding, Judge, Need, Probe};
use super::stimulus::{Follow, Stimulus};
use crate::report::Verdict;
use crate::wire::frame;
use crate::wire::head::{Head, Odd};

fn base(context: &Context) -> Vec<Stimulus> {
    vec![context.base().named("the correct request")]
}

/// Judges the head of a 101; another answer is the matter of another rule.
fn on_101(seen: &Observation, judge: impl Fn(&Head) -> Finding) -> Finding {
    match seen.head.as_ref().filter(|head| head.status == Some(101)) {
        Some(head) => judge(head),
        None => Finding::new(Verdict::Skipped, "this form was not answered with 101"),
    }
}

fn accept_lines(_: &Context, seen: &Observation) -> Finding {
    on_101(seen, |head| match head.count("Sec-WebSocket-Accept") {
        0 | 1 => Finding::pass("one line"),
        lines => Finding::fail(format!("{lines} lines")),
    })
}

fn status_line(_: &Context, seen: &Observation) -> Finding {
    on_101(seen, |head| {
        let line_end = seen.head_bytes.iter().position(|byte| *byte == b'\n').unwrap_or(0);
        if head.odd.contains(&Odd::LeadingBytes) {
            Finding::fail("bytes stand before the status line")
        } else if line_end == 0 || seen.head_bytes[line_end - 1] != b'\r' {
            Finding::fail(format!("the status line {} ends with a bare LF", head.line()))
        } else if !head.status_line_is_strict() {
            Finding::fail(format!("the status line is {}", head.line()))
        } else {
            Finding::pass(head.line())
        }
    })
}

fn upgrade_field(_: &Context, seen: &Observation) -> Finding {
    on_101(seen, |head| match head.all("Upgrade").collect::<Vec<_>>().as_slice() {
        [] => Finding::fail("101 without Upgrade"),
        [value] if value.eq_ignore_ascii_case("websocket") => Finding::pass(format!("Upgrade: {value}")),
        [value] => Finding::fail(format!("Upgrade: {}", crate::escape::escape(value.as_bytes(), 80))),
        lines => Finding::fail(format!("{} Upgrade lines", lines.len())),
    })
}

fn connection_field(_: &Context, seen: &Observation) -> Finding {
    on_101(seen, |head| {
        let members = head.members("Connection");
        let text = format!("Connection: {}", members.join(", "));
        if head.count("Connection") == 0 {
            Finding::fail("101 without Connection")
        } else if !members.iter().any(|member| member == "upgrade")
            || members.iter().any(|member| member == "close")
        {
            Finding::fail(text)
        } else if members.len() > 1 {
            Finding::remark(format!(
                "{text}; legal, but undici, aiohttp and tungstenite take only Connection: Upgrade"
            ))
        } else {
            Finding::pass(text)
        }
    })
}

fn content_length(_: &Context, seen: &Observation) -> Finding {
    on_101(seen, |head| match head.first("Content-Length") {
        None => Finding::pass("no Content-Length"),
        Some(value) => {
            Finding::fail(format!("Content-Length: {}", crate::escape::escape(value.as_bytes(), 40)))
        }
    })
}

fn transfer_encoding(_: &Context, seen: &Observation) -> Finding {
    on_101(seen, |head| {
        if let Some(value) = head.first("Transfer-Encoding") {
            Finding::fail(format!("Transfer-Encoding: {}", crate::escape::escape(value.as_bytes(), 40)))
        } else if chunk_syntax(&seen.body) {
            Finding::fail(format!("chunk syntax after the head: {}", crate::escape::escape(&seen.body, 40)))
        } else {
            Finding::pass("no Transfer-Encoding, no chunks")
        }
    })
}

fn chunk_syntax(bytes: &[u8]) -> bool {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    (1..=8).contains(&digits) && bytes[digits..].starts_with(b"\r\n")
}

fn trailing_bytes(_: &Context, seen: &Observation) -> Finding {
    on_101(seen, |_| {
        let (frames, used) = frame::read_all(&seen.body);
        for one in &frames {
            let fault = match one {
                one if one.fault.is_some() => one.fault,
                one if one.masked => Some("a masked frame"),
                one if one.reserved != 0 && (seen.plain() || one.reserved != 4) => {
                    Some("a frame with reserved bits")
                }
                _ => None,
            };
            if let Some(fault) = fault {
                return Finding::fail(format!(
                    "{fault} after the 101: {}",
                    crate::escape::escape(&seen.body, 60)
                ));
            }
        }
        if used < seen.body.len() {
            let rest = crate::escape::escape(&seen.body[used..], 60);
            return Finding::fail(format!("bytes after the 101 that are no whole frame: {rest}"));
        }
        Finding::pass("only frames")
    })
}

/// The probes of this file.
pub(crate) const PROBES: &[Probe] = &[
    Probe { rule: "server/correct-handshake-refused", needs: &[], stimuli: base, judge: Judge::Accepted },
    Probe { rule: "server/accept-duplicate", needs: &[], stimuli: base, judge: Judge::Each(accept_lines) },
    Probe {
        rule: "server/status-line-malformed",
        needs: &[],
        stimuli: base,
        judge: Judge::Each(status_line),
    },
    Probe {
        rule: "server/response-upgrade-wrong",
        needs: &[],
        stimuli: |context| {
            let mut all = base(context);
            all.push(context.base().set("Upgrade", "h2c, websocket").named("Upgrade: h2c, websocket"));
            all
        },
        judge: Judge::Each(upgrade_field),
    },
    Probe {
        rule: "server/response-connection-wrong",
        needs: &[],
        stimuli: |context| {
            let mut all = base(context);
            all.push(
                context
                    .base()
                    .set("Connection", "keep-alive, Upgrade")
                    .named("Connection: keep-alive, Upgrade"),
            );
            all
        },
        judge: Judge::Each(connection_field),
    },
    Probe {
        rule: "server/response-content-length",
        needs: &[],
        stimuli: base,
        judge: Judge::Each(content_length),
    },
    Probe {
        rule: "server/response-transfer-encoding",
        needs: &[],
        stimuli: base,
        judge: Judge::Each(transfer_encoding),
    },
    Probe {
        rule: "server/response-trailing-bytes",
        needs: &[Need::Accepted],
        stimuli: |context| {
            vec![context.base().follow(Follow::QuietThenPing).named("the correct request, then silence")]
        },
        judge: Judge::Each(trailing_bytes),
    },
];
