//! When the device becomes a pipe, and whether the pipe loses bytes.

use std::sync::Arc;
use std::time::Duration;

use super::context::{Context, GOOD};
use super::link::{Link, Request};
use super::origin::{Arrival, Step};
use crate::finding::{Finding, Judged, worst};
use crate::report::Verdict;
use crate::wire::frame::{self, MASK};

/// How long the origin withholds an answer to see whether bytes come before it.
const WITHHELD: Duration = Duration::from_secs(2);

/// Bytes that no parser of HTTP lets through.
fn raw(token: &str) -> Vec<u8> {
    format!("\0handfast-mark {token}\r\n\r\n").into_bytes()
}

pub(crate) async fn before_101(context: Arc<Context>) -> Judged {
    let not_found = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    let token = context.always(vec![Step::Listen(WITHHELD), Step::Send(not_found.into()), Step::Next]);
    let mark = format!("{token}-mark");
    let bytes = [context.base(&token).bytes(), Request::plain(&context, &mark).bytes()].concat();
    let mut link = Link::open(&context).await?;
    link.send(&bytes).await;
    let answer = link.answer(context.options.timeout + WITHHELD).await;
    let quiet = context.options.quiet;
    let arrival = context.origin.wait(quiet, || context.origin.arrival(&token)).await;
    // Also where the device answered by itself, and the origin still listens.
    let came = |arrival: &Arrival| arrival.early_has(mark.as_bytes()).then_some(());
    let early = match &arrival {
        Some(arrival) => context.origin.wait(quiet, || came(arrival)).await.is_some(),
        None => false,
    };
    let finding = match (arrival, answer) {
        (Some(_), _) if early => {
            Finding::fail("the second request's bytes reached the origin before it had answered the first")
        }
        (Some(_), _) => Finding::pass("nothing came behind the request while the answer was withheld"),
        (None, Some(answer)) if answer.status() >= 400 => {
            Finding::pass(format!("refused by the device itself: {}", answer.head.line()))
        }
        (None, _) => Finding::open("the request did not reach the origin"),
    };
    Ok(finding.sent(&bytes))
}

pub(crate) async fn after_refusal(context: Arc<Context>) -> Judged {
    let mut findings = Vec::new();
    for (line, fields) in [
        (
            "426 Upgrade Required",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n",
        ),
        ("400 Bad Request", ""),
        ("200 OK", ""),
        ("502 Bad Gateway", ""),
    ] {
        let answer = format!("HTTP/1.1 {line}\r\n{fields}Content-Length: 0\r\n\r\n");
        let token = context.always(vec![Step::Send(answer.into()), Step::Listen(context.options.quiet * 3)]);
        let request = context.base(&token).set("Sec-WebSocket-Version", "25").bytes();
        let mut seen = context.exchange(&token, request).await?;
        let Some(arrival) = seen.arrival.clone() else {
            let text = format!("{line}: not asked for, the device answered {}", seen.words());
            findings.push(if seen.status() >= 400 { Finding::pass(text) } else { Finding::open(text) });
            continue;
        };
        let raw = raw(&token);
        seen.link.send(&raw).await;
        let through =
            context.origin.wait(context.options.quiet, || arrival.later_has(&raw).then_some(())).await;
        findings.push(match through {
            Some(()) => Finding::fail(format!(
                "after the origin's {line} the pipe was open: bytes that are no HTTP reached it"
            ))
            .sent(&[&seen.sent[..], &raw[..]].concat()),
            None => Finding::pass(format!("{line}: no pipe")),
        });
    }
    Ok(worst(findings))
}

pub(crate) async fn unproven_101(context: Arc<Context>) -> Judged {
    let accept = "Sec-WebSocket-Accept: {accept}\r\n";
    let wrong = GOOD.replace("{accept}", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    let mut findings = Vec::new();
    for (form, answer, plain, must) in [
        ("a wrong accept", wrong, false, false),
        ("no accept", GOOD.replace(accept, ""), false, false),
        ("no Upgrade", GOOD.replace("Upgrade: websocket\r\n", ""), false, true),
        ("Upgrade: h2c", GOOD.replace("Upgrade: websocket", "Upgrade: h2c"), false, true),
        ("101 to a plain GET", GOOD.replace(accept, ""), true, true),
    ] {
        let token = context.always(vec![Step::Send(answer.into()), Step::Listen(context.options.quiet * 3)]);
        let request = if plain { Request::plain(&context, &token) } else { context.base(&token) };
        let mut seen = context.exchange(&token, request.bytes()).await?;
        let finding = match (&seen.arrival, seen.status()) {
            (None, _) => Finding::open(format!("{form}: nothing reached the origin: {}", seen.words())),
            (Some(_), status) if status != 101 => Finding::pass(format!("{form}: {}", seen.words())),
            (Some(arrival), _) => {
                let (arrival, raw) = (Arc::clone(arrival), raw(&token));
                seen.link.send(&raw).await;
                let through = context
                    .origin
                    .wait(context.options.quiet, || arrival.later_has(&raw).then_some(()))
                    .await;
                match through {
                    Some(()) => Finding::fail(format!("{form}: the pipe was opened")),
                    None => Finding::remark(format!("{form}: 101 was passed on, and no pipe opened")),
                }
            }
        };
        findings.push(if must { finding.must() } else { finding }.sent(&seen.sent));
    }
    Ok(worst(findings))
}

pub(crate) async fn glued(context: Arc<Context>) -> Judged {
    // 64 KiB of frames that all differ.
    let mut frames = Vec::new();
    for number in 0..64_u32 {
        let text: String = (0..128).map(|place| format!("{:08}", number * 1000 + place)).collect();
        frames.extend(frame::write(frame::TEXT, text.as_bytes(), None));
    }
    let whole = [GOOD.as_bytes(), &frames[..]].concat();
    let head = GOOD.len() - "{accept}".len() + 28;
    let mut scripts =
        vec![("64 KiB of frames in one write with the 101".to_owned(), Step::Send(whole.clone()))];
    for back in 0..8 {
        let form = format!("cut {back} bytes before the end of the head");
        scripts.push((form, Step::Pieces(whole.clone(), vec![head - back])));
    }
    let mut findings = Vec::new();
    for (form, step) in scripts {
        let mut tunnel = context.tunnel(vec![step, Step::Echo]).await?;
        let end = tunnel.answer.end;
        // Once bytes were lost, no further form needs as much time.
        let lost = findings.iter().any(|finding: &Finding| finding.verdict == Verdict::Fail);
        let limit = if lost { context.options.quiet } else { context.patience() };
        tunnel.link.until(limit, |bytes| bytes.len() >= end + frames.len()).await;
        let came = &tunnel.link.bytes[end..];
        findings.push(
            if came == frames {
                Finding::pass(form)
            } else if came.len() < frames.len() {
                let text = format!("{form}: {} of {} bytes came", came.len(), frames.len());
                Finding::fail(text)
            } else {
                Finding::fail(format!("{form}: the bytes that came are not those that were sent"))
            }
            .sent(&tunnel.sent),
        );
    }
    findings.push(early(&context).await?);
    Ok(worst(findings))
}

/// Frames that the client sends in one write with its request: early, and not to be lost where the handshake succeeds.
async fn early(context: &Context) -> Judged {
    let token = context.accepting(vec![Step::Send(GOOD.into()), Step::Echo]);
    let request = context.base(&token);
    let hello = frame::write(frame::TEXT, b"early", Some(MASK));
    let bytes = [request.bytes(), hello.clone()].concat();
    let seen = context.exchange(&token, bytes).await?;
    let opened = seen.answer.as_ref().is_some_and(|answer| answer.accepts(&request.key));
    let Some(arrival) = seen.arrival.clone().filter(|_| opened) else {
        return Ok(Finding::pass(format!("a frame before the 101 was refused: {}", seen.words())));
    };
    Ok(match context.origin.wait(context.patience(), || arrival.later_has(&hello).then_some(())).await {
        Some(()) => Finding::pass("a frame of the client with its request came after the 101"),
        None => {
            Finding::remark("a frame that the client sent with its request was lost; the handshake succeeded")
                .sent(&seen.sent)
        }
    })
}
