//! What the device makes of the origin's answer.

use std::sync::Arc;

use super::context::{Context, GOOD};
use super::origin::Step;
use crate::finding::{Finding, Judged, worst};
use crate::wire::bytes::contains;
use crate::wire::frame::{self, MASK};
use crate::wire::head::Head;

pub(crate) async fn fields(context: Arc<Context>) -> Judged {
    let good = GOOD.replace(
        "\r\n\r\n",
        "\r\n{protocol}{extension}Set-Cookie: handfast_a=1\r\nSet-Cookie: handfast_b=2\r\nX-Handfast-B: 1\r\n\r\n",
    );
    let token = context.accepting(vec![Step::Send(good.clone().into()), Step::Echo]);
    let request = context
        .base(&token)
        .add("Sec-WebSocket-Protocol: chat")
        .add("Sec-WebSocket-Extensions: permessage-deflate");
    let seen = context.exchange(&token, request.bytes()).await?;
    let (Some(answer), Some(arrival)) = (&seen.answer, &seen.arrival) else {
        return Err(Finding::open(format!("no answer through the device: {}", seen.words())).sent(&seen.sent));
    };
    let head = &answer.head;
    if answer.status() != 101 {
        return Ok(Finding::fail(format!("the origin's 101 became {}", head.line())).sent(&seen.sent));
    }
    let mut wrong = Vec::new();
    let mut wanted = vec![
        ("Upgrade", vec!["websocket".to_owned()]),
        ("X-Handfast-B", vec!["1".to_owned()]),
        ("Sec-WebSocket-Accept", vec![crate::expect::accept_for(request.key.as_bytes())]),
    ];
    let cookies = [
        head.all("Set-Cookie").any(|one| one.starts_with("handfast_a=1")),
        head.all("Set-Cookie").any(|one| one.starts_with("handfast_b=2")),
    ];
    if cookies != [true, true] {
        wrong.push("a Set-Cookie line is missing".to_owned());
    }
    // What did not reach the origin it did not answer.
    if arrival.head.lists("Sec-WebSocket-Protocol", "chat") {
        wanted.push(("Sec-WebSocket-Protocol", vec!["chat".to_owned()]));
    }
    if arrival.head.count("Sec-WebSocket-Extensions") > 0 {
        wanted.push(("Sec-WebSocket-Extensions", vec!["permessage-deflate".to_owned()]));
    }
    for (name, values) in &wanted {
        let came: Vec<&str> = head.all(name).collect();
        let same = came.len() == values.len()
            && came.iter().zip(values).all(|(one, two)| one.eq_ignore_ascii_case(two));
        if !same {
            wrong.push(format!("{name} is [{}], sent was {}", came.join(" | "), values.join(" | ")));
        }
    }
    if !head.lists("Connection", "upgrade") {
        wrong.push(format!("Connection is [{}]", head.members("Connection").join(", ")));
    }
    for name in ["Content-Length", "Transfer-Encoding"] {
        if head.count(name) > 0 {
            wrong.push(format!("{name} was added"));
        }
    }
    Ok(if wrong.is_empty() {
        Finding::pass("every field of the 101 arrived")
    } else {
        Finding::fail(wrong.join("; "))
    }
    .sent(&seen.sent))
}

pub(crate) async fn refusal(context: Arc<Context>) -> Judged {
    let body = "handfast refuses for a reason";
    let mut findings = Vec::new();
    for (line, fields) in [
        (
            "426 Upgrade Required",
            &[("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")][..],
        ),
        ("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"handfast\"")][..]),
    ] {
        let lines: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {line}\r\n{lines}Content-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let token = context.always(vec![Step::Send(answer.into()), Step::Next]);
        let mut seen = context.exchange(&token, context.base(&token).bytes()).await?;
        let Some(answer) = seen.answer.clone() else {
            findings.push(Finding::fail(format!("{line}: {}", seen.words())).sent(&seen.sent));
            continue;
        };
        let end = answer.end;
        seen.link.until(context.patience(), |bytes| contains(&bytes[end..], body.as_bytes())).await;
        let mut wrong = Vec::new();
        if answer.status().to_string() != line[..3] {
            wrong.push(format!("the status became {}", answer.head.line()));
        }
        for (name, value) in fields.iter().filter(|(name, _)| *name != "Connection") {
            if !answer.head.all(name).any(|came| came.eq_ignore_ascii_case(value)) {
                wrong.push(format!("{name} is missing or changed"));
            }
        }
        if !contains(&seen.link.bytes[end..], body.as_bytes()) {
            wrong.push("the body is missing or changed".to_owned());
        }
        findings.push(
            match wrong.is_empty() {
                true => Finding::pass(format!("{line} arrived whole")),
                false => Finding::fail(format!("{line}: {}", wrong.join("; "))),
            }
            .sent(&seen.sent),
        );
    }
    Ok(worst(findings))
}

pub(crate) async fn interim(context: Arc<Context>) -> Judged {
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </handfast>; rel=preload\r\n\r\n";
    let text = frame::write(frame::TEXT, b"after the hints", None);
    let has = |interim: &[Head], status: u16| interim.iter().any(|head| head.status == Some(status));
    let mut findings = Vec::new();
    let (hints, go_on) = ((103, hints, false), (100, "HTTP/1.1 100 Continue\r\n\r\n", true));
    for ((status, before, expects), glued) in [(hints, true), (hints, false), (go_on, true), (go_on, false)] {
        let bytes = [before.as_bytes(), GOOD.as_bytes(), &text[..]].concat();
        let (step, how) = match glued {
            true => (Step::Send(bytes), "in one write with the 101"),
            false => (Step::Pieces(bytes, vec![before.len()]), "before the 101"),
        };
        let token = context.accepting(vec![step, Step::Echo]);
        let mut request = context.base(&token);
        if expects {
            request = request.add("Expect: 100-continue");
        }
        let mut seen = context.exchange(&token, request.bytes()).await?;
        let Some(answer) = seen.answer.clone() else {
            let words = seen.words();
            findings.push(Finding::fail(format!("{status} {how}: {words}")).sent(&seen.sent));
            continue;
        };
        let end = answer.end;
        let opened = answer.accepts(&request.key);
        let limit = context.patience();
        let frame = opened && seen.link.until(limit, |bytes| contains(&bytes[end..], &text)).await;
        if frame {
            seen.link.send(&frame::write(frame::TEXT, b"and back", Some(MASK))).await;
        }
        let echo = frame::write(frame::TEXT, b"and back", None);
        let echoed = frame && seen.link.until(limit, |bytes| contains(&bytes[end..], &echo)).await;
        let finding = if seen.arrival.is_none() && answer.status() >= 400 {
            Finding::pass(format!("{status} {how}: refused by the device itself: {}", seen.words()))
        } else if !echoed {
            Finding::fail(format!("{status} {how}: no tunnel came about: {}", seen.words()))
        } else if has(&answer.interim, status) {
            Finding::pass(format!("{status} {how}: both and the frames arrived"))
        } else if expects {
            Finding::remark(format!("100 {how}: the 100 did not arrive, the 101 did"))
        } else {
            Finding::fail(format!("103 {how}: the 103 was lost, the 101 arrived"))
        };
        findings.push(finding.sent(&seen.sent));
    }
    Ok(worst(findings))
}
