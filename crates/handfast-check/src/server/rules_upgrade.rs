//! Probes of Upgrade, Connection and the version.

use super::context::Context;
use super::exchange::{Observation, Reaction};
use super::judge::{Finding, Judge, Need, Probe, refused};
use super::stimulus::Stimulus;
use crate::report::Verdict;
use crate::wire::head::Head;

/// The correct request with this field at each of these values.
pub(crate) fn values(context: &Context, name: &str, values: &[&str]) -> Vec<Stimulus> {
    values.iter().map(|value| context.base().set(name, value).named(format!("{name}: {value}"))).collect()
}

const UPGRADE: &str = "Upgrade";
const CONNECTION: &str = "Connection";
const VERSION: &str = "Sec-WebSocket-Version";

fn other_protocol(context: &Context, seen: &Observation) -> Finding {
    let text = seen.describe(context);
    match &seen.head {
        Some(head)
            if head.status == Some(101) && head.count(UPGRADE) > 0 && !head.lists(UPGRADE, "websocket") =>
        {
            Finding::pass(text)
        }
        _ => super::judge::not_101(context, seen),
    }
}

fn upgrade_suffix(context: &Context, seen: &Observation) -> Finding {
    let finding = refused(context, seen);
    if finding.verdict == Verdict::Fail { Finding { verdict: Verdict::Remark, ..finding } } else { finding }
}

fn close_with_upgrade(context: &Context, seen: &Observation) -> Finding {
    match seen.reaction(context) {
        Reaction::Accepted => Finding::pass(format!("{}; the socket is usable", seen.describe(context))),
        _ => refused(context, seen),
    }
}

fn no_101(seen: &Observation) -> Result<&Head, Finding> {
    match &seen.head {
        Some(head) if head.status == Some(101) => {
            Err(Finding::new(Verdict::Skipped, "the version was accepted: see server/version-other"))
        }
        Some(head) => Ok(head),
        None => Err(Finding::new(Verdict::Skipped, "there was no answer to read: see server/silent-close")),
    }
}

fn unadvertised(_: &Context, seen: &Observation) -> Finding {
    let head = match no_101(seen) {
        Ok(head) => head,
        Err(finding) => return finding,
    };
    let listed = head.members(VERSION);
    if listed.iter().any(|version| version.trim() == "13") {
        Finding::pass(format!("{}, {VERSION}: {}", head.line(), listed.join(", ")))
    } else if head.count(VERSION) == 0 {
        Finding::fail(format!("{}, without {VERSION}", head.line()))
    } else {
        Finding::fail(format!("{}, {VERSION}: {}", head.line(), listed.join(", ")))
    }
}

fn advertised_malformed(_: &Context, seen: &Observation) -> Finding {
    let head = match no_101(seen) {
        Ok(head) => head,
        Err(finding) => return finding,
    };
    if head.count(VERSION) == 0 {
        return Finding::new(Verdict::Skipped, "no list was sent: see server/version-other-unadvertised");
    }
    let listed = head.members(VERSION);
    let right = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits
            && (text == "0" || !text.starts_with('0'))
            && text.parse::<u16>().is_ok_and(|number| number <= 255)
    };
    let text = format!("{VERSION}: {}", head.all(VERSION).collect::<Vec<_>>().join(" | "));
    if !listed.is_empty() && listed.iter().all(|member| right(member)) {
        Finding::pass(text)
    } else {
        Finding::fail(text)
    }
}

fn version_status(context: &Context, seen: &Observation) -> Finding {
    let text = seen.describe(context);
    match seen.reaction(context) {
        Reaction::Status(426 | 400) => Finding::pass(text),
        Reaction::Status(401..=499) => Finding::remark(text),
        Reaction::Status(_) => Finding::fail(text),
        _ => Finding::new(Verdict::Skipped, text),
    }
}

fn draft(context: &Context, seen: &[Observation]) -> Finding {
    let listed = seen[0].head.as_ref().map(|head| head.members(VERSION)).unwrap_or_default();
    super::judge::worst(seen.iter().map(|one| match one.reaction(context) {
        Reaction::Accepted | Reaction::Faulty(_) => {
            let number = one.label.rsplit(' ').next().unwrap_or_default();
            let text = format!("{}: {}", one.label, one.describe(context));
            if listed.iter().any(|version| version == number) {
                Finding::pass(text)
            } else {
                Finding::fail(format!("{text}, and the advertised list lacks {number}"))
            }
        }
        _ => Finding::pass(one.describe(context)),
    }))
}

fn status_426(context: &Context, seen: &[Observation]) -> Finding {
    let mut count = 0;
    for (at, one) in seen.iter().enumerate() {
        let Some(head) = one.head.as_ref().filter(|head| head.status == Some(426)) else { continue };
        count += 1;
        if !head.lists(UPGRADE, "websocket") {
            return Finding::fail(format!("{}: {}, without Upgrade: websocket", one.label, head.line()))
                .at(at);
        }
        if !head.lists(CONNECTION, "upgrade") {
            return Finding::fail(format!(
                "{}: {}, Connection does not list upgrade",
                one.label,
                head.line()
            ))
            .at(at);
        }
    }
    let _unused = context;
    Finding::pass(format!("{count} answers with 426, each with both fields"))
}

/// The probes of this file.
pub(crate) const PROBES: &[Probe] = &[
    Probe {
        rule: "server/upgrade-missing",
        needs: &[Need::Accepted],
        stimuli: |context| vec![context.base().without(UPGRADE).named("no Upgrade")],
        judge: Judge::Not101,
    },
    Probe {
        rule: "server/upgrade-other",
        needs: &[Need::Accepted],
        stimuli: |context| values(context, UPGRADE, &["h2c", "TLS/1.0", "Upgrade", ""]),
        judge: Judge::Each(other_protocol),
    },
    Probe {
        rule: "server/upgrade-substring",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let forms = ["websockets", "xwebsocket", "not-websocket", "web socket", "\"websocket\""];
            values(context, UPGRADE, &forms)
        },
        judge: Judge::Not101,
    },
    Probe {
        rule: "server/upgrade-case-refused",
        needs: &[Need::Accepted],
        stimuli: |context| values(context, UPGRADE, &["WebSocket", "WEBSOCKET"]),
        judge: Judge::Accepted,
    },
    Probe {
        rule: "server/upgrade-list-refused",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let mut all = values(context, UPGRADE, &["h2c, websocket", "websocket, h2c"]);
            all.push(
                context
                    .base()
                    .add_before(UPGRADE, "Upgrade: h2c")
                    .named("two Upgrade lines, h2c and websocket"),
            );
            all
        },
        judge: Judge::Accepted,
    },
    Probe {
        rule: "server/upgrade-version-suffix",
        needs: &[Need::Accepted],
        stimuli: |context| values(context, UPGRADE, &["websocket/13"]),
        judge: Judge::Each(upgrade_suffix),
    },
    Probe {
        rule: "server/connection-missing",
        needs: &[Need::Accepted],
        stimuli: |context| vec![context.base().without(CONNECTION).named("no Connection")],
        judge: Judge::Not101,
    },
    Probe {
        rule: "server/connection-no-upgrade",
        needs: &[Need::Accepted],
        stimuli: |context| {
            values(context, CONNECTION, &["keep-alive", "close", "websocket", "", "keep-alive; Upgrade"])
        },
        judge: Judge::Not101,
    },
    Probe {
        rule: "server/connection-substring",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let forms =
                ["upgradex", "xupgrade", "not-upgrade", "upgraded", "u", "keep-alive Upgrade", "\"Upgrade\""];
            values(context, CONNECTION, &forms)
        },
        judge: Judge::Not101,
    },
    Probe {
        rule: "server/connection-case-refused",
        needs: &[Need::Accepted],
        stimuli: |context| values(context, CONNECTION, &["upgrade", "UPGRADE"]),
        judge: Judge::Accepted,
    },
    Probe {
        rule: "server/connection-list-refused",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let forms =
                ["keep-alive, Upgrade", "Upgrade,keep-alive", "keep-alive\t,\tUpgrade", ",,Upgrade,,"];
            values(context, CONNECTION, &forms)
        },
        judge: Judge::Accepted,
    },
    Probe {
        rule: "server/connection-several-lines-refused",
        needs: &[Need::Accepted],
        stimuli: |context| {
            vec![
                context
                    .base()
                    .add_before(CONNECTION, "Connection: keep-alive")
                    .named("keep-alive, then Upgrade"),
                context.base().add("Connection: keep-alive").named("Upgrade, then keep-alive"),
            ]
        },
        judge: Judge::Accepted,
    },
    Probe {
        rule: "server/connection-close-with-upgrade",
        needs: &[Need::Accepted],
        stimuli: |context| values(context, CONNECTION, &["close, Upgrade"]),
        judge: Judge::Each(close_with_upgrade),
    },
    Probe {
        rule: "server/version-missing",
        needs: &[Need::Accepted],
        stimuli: |context| {
            vec![
                context.base().without(VERSION).named("no version"),
                context.base().replace(VERSION, "Sec-WebSocket-Version:").named("an empty version"),
            ]
        },
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/version-other",
        needs: &[Need::Accepted],
        stimuli: |context| values(context, VERSION, &["25", "0", "9", "10", "11", "12", "14", "255"]),
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/version-other-unadvertised",
        needs: &[Need::Accepted],
        stimuli: |context| values(context, VERSION, &["25"]),
        judge: Judge::Each(unadvertised),
    },
    Probe {
        rule: "server/version-advertised-malformed",
        needs: &[Need::Accepted],
        stimuli: |context| values(context, VERSION, &["25"]),
        judge: Judge::Each(advertised_malformed),
    },
    Probe {
        rule: "server/version-status",
        needs: &[Need::Accepted],
        stimuli: |context| values(context, VERSION, &["25"]),
        judge: Judge::Each(version_status),
    },
    Probe {
        rule: "server/status-426-without-upgrade",
        needs: &[],
        stimuli: |context| vec![super::rules_http::plain_get(context)],
        judge: Judge::Run(status_426),
    },
    Probe {
        rule: "server/version-list",
        needs: &[Need::Accepted],
        stimuli: |context| values(context, VERSION, &["13, 8", "8, 13", "13, 13", "13,", "13 13"]),
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/version-leading-zero",
        needs: &[Need::Accepted],
        stimuli: |context| values(context, VERSION, &["013", "0013"]),
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/version-not-decimal",
        needs: &[Need::Accepted],
        stimuli: |context| {
            let forms =
                ["+13", "-13", "0xD", "0b1101", "13.0", "1.3e1", "v13", "hybi-13", "13;q=1", "\"13\""];
            values(context, VERSION, &forms)
        },
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/version-overflow",
        needs: &[Need::Accepted],
        stimuli: |context| values(context, VERSION, &["269", "4294967309", "99999999999999999999"]),
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/version-duplicate",
        needs: &[Need::Accepted],
        stimuli: |context| {
            vec![
                context.base().add("Sec-WebSocket-Version: 13").named("13 twice"),
                context.base().add("Sec-WebSocket-Version: 8").named("13, then 8"),
                context.base().add_before(VERSION, "Sec-WebSocket-Version: 8").named("8, then 13"),
            ]
        },
        judge: Judge::Refused,
    },
    Probe {
        rule: "server/version-draft",
        needs: &[Need::Accepted],
        stimuli: |context| values(context, VERSION, &["25", "8", "7"]),
        judge: Judge::All(draft),
    },
];
