//! What the device makes of the request's fields.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::context::{Context, GOOD};
use super::origin::Step;
use crate::expect;
use crate::finding::{Finding, Judged, worst};

const OK: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\nContent-Length: 2\r\n\r\nok";
const BAD: &str = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

pub(crate) async fn hop_by_hop(context: Arc<Context>) -> Judged {
    let token = context.always(vec![Step::Send(OK.into()), Step::Next]);
    let request = context
        .base(&token)
        .set("Connection", "Upgrade, X-Handfast-Secret, X-Forwarded-For")
        .add("X-Handfast-Secret: 1");
    let seen = context.exchange(&token, request.bytes()).await?;
    let Some(arrival) = &seen.arrival else {
        let text = format!("refused by the device itself: {}", seen.words());
        return Ok(
            if seen.status() >= 400 { Finding::pass(text) } else { Finding::open(text) }.sent(&seen.sent)
        );
    };
    let head = &arrival.head;
    let members = head.members("Connection");
    let finding = if head.count("X-Handfast-Secret") > 0 {
        Finding::fail("X-Handfast-Secret, which Connection named, reached the origin")
    } else if members.iter().any(|member| member == "x-handfast-secret") {
        Finding::fail(format!("the client's Connection was copied: {}", members.join(", ")))
    } else if context.added.iter().any(|name| name == "x-forwarded-for") && head.count("X-Forwarded-For") == 0
    {
        Finding::fail("the client made the device leave out its own X-Forwarded-For")
    } else if head.count("Connection") > 1 {
        Finding::fail(format!("{} Connection lines reached the origin", head.count("Connection")))
    } else {
        Finding::pass(format!("X-Handfast-Secret did not arrive; Connection: {}", members.join(", ")))
    };
    Ok(finding.sent(&seen.sent))
}

pub(crate) async fn half_forwarded(context: Arc<Context>) -> Judged {
    let mut findings = Vec::new();
    for connection in ["Upgrade", "keep-alive, Upgrade"] {
        let token = context.always(vec![Step::Send(OK.into()), Step::Next]);
        let request = context.base(&token).set("Connection", connection);
        let seen = context.exchange(&token, request.bytes()).await?;
        let status = seen.status();
        let finding = match &seen.arrival {
            _ if status == 101 => Finding::fail("101, where the origin had answered 200"),
            None if status >= 400 => Finding::pass(format!("refused by the device itself: {}", seen.words())),
            None => Finding::open(format!("nothing reached the origin: {}", seen.words())),
            Some(arrival) => {
                let upgrade = arrival.head.count("Upgrade") > 0;
                let option = arrival.head.lists("Connection", "upgrade");
                match (upgrade, option) {
                    (true, false) => Finding::fail("Upgrade arrived, the connection option upgrade did not"),
                    (false, true) => Finding::fail("the connection option upgrade arrived, Upgrade did not"),
                    (true, true) => Finding::pass("both Upgrade and its connection option arrived"),
                    (false, false) if status == 200 => {
                        Finding::pass("neither Upgrade nor its option arrived, and the 200 came back")
                    }
                    (false, false) => {
                        Finding::remark(format!("neither arrived; the 200 became {}", seen.words()))
                    }
                }
            }
        };
        findings.push(finding.about(&format!("Connection: {connection}")).sent(&seen.sent));
    }
    Ok(worst(findings))
}

pub(crate) async fn key_altered(context: Arc<Context>) -> Judged {
    let mut findings = Vec::new();
    for turn in 0..32_u8 {
        // All digits of the alphabet: + and / in every place, pad bits, and bytes of both kinds.
        let (key, blanks) = match turn {
            0 => ("+".repeat(21) + "w==", ""),
            1 => ("/".repeat(21) + "w==", ""),
            2 => ("+/".repeat(10) + "+A==", ""),
            // Two of the four last bits are unused; here they are set, as in the example of RFC 6455 section 4.1.
            3 => ("AQIDBAUGBwgJCgsMDQ4PEC==".to_owned(), ""),
            4 => (STANDARD.encode([0; 16]), ""),
            5 => (STANDARD.encode([255; 16]), ""),
            6 => (expect::fresh_key(), "  "),
            7 => (expect::fresh_key(), "\t "),
            _ => (expect::fresh_key(), ""),
        };
        let token = context.accepting(vec![Step::Send(GOOD.into())]);
        let request = context.base(&token).keyed(&format!("{blanks}{key}{blanks}"));
        let seen = context.exchange(&token, request.bytes()).await?;
        let accepted = seen.answer.as_ref().is_some_and(|answer| answer.accepts(&key));
        let arrived = seen.arrival.as_ref().and_then(|one| one.head.first("Sec-WebSocket-Key"));
        findings.push(
            match &seen.answer {
                _ if accepted => Finding::pass("the accept for this key"),
                Some(answer) if answer.status() == 101 => Finding::fail(format!(
                    "101 with the accept {} for the key {key}, of which the origin saw {}",
                    answer.head.first("Sec-WebSocket-Accept").unwrap_or("(none)"),
                    arrived.unwrap_or("(nothing)")
                )),
                _ if arrived.is_some_and(|arrived| arrived != key) => Finding::fail(format!(
                    "the key {key} reached the origin as {}, and the client got {}",
                    arrived.unwrap_or_default(),
                    seen.words()
                )),
                _ if blanks.is_empty() => Finding::open(format!("the key {key}: {}", seen.words())),
                _ => Finding::remark(format!("a key with blanks around it: {}", seen.words())),
            }
            .sent(&seen.sent),
        );
    }
    Ok(worst(findings))
}

/// What is doubled, and the two lines.
const DOUBLES: [(&str, &str, &str); 3] = [
    ("two keys", "Sec-WebSocket-Key", "AAECAwQFBgcICQoLDA0ODw=="),
    ("two versions", "Sec-WebSocket-Version", "8"),
    ("two hosts", "Host", "other.example"),
];

pub(crate) async fn ambiguous(context: Arc<Context>) -> Judged {
    let mut findings = Vec::new();
    for (form, name, second) in DOUBLES {
        let token = context.always(vec![Step::Send(BAD.into())]);
        let request = context.base(&token).add(format!("{name}: {second}"));
        let seen = context.exchange(&token, request.bytes()).await?;
        let finding = match &seen.arrival {
            None if (400..500).contains(&seen.status()) => Finding::pass(seen.words()),
            None if seen.answer.is_none() && !seen.link.open => Finding::pass("closed without an answer"),
            None => Finding::remark(format!("nothing reached the origin, but {}", seen.words())),
            Some(_) if name == "Host" => Finding::fail("the request with two Host lines reached the origin"),
            Some(arrival) => {
                let values: Vec<&str> = arrival.head.all(name).flat_map(|line| line.split(',')).collect();
                if values.len() < 2 {
                    Finding::fail(format!("only one value reached the origin: {}", values.join("")))
                } else if seen.status() == 400 {
                    Finding::pass("both values reached the origin, and its 400 the client")
                } else {
                    Finding::fail(format!("both values reached the origin; its 400 became {}", seen.words()))
                }
            }
        };
        findings.push(finding.about(form).sent(&seen.sent));
    }
    Ok(worst(findings))
}
