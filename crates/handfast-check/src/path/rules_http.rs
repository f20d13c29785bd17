//! Whether the device parses and writes HTTP, or copies it.

use std::sync::Arc;

use super::context::{Context, GOOD};
use super::origin::Step;
use crate::finding::{Finding, Judged, worst};
use crate::wire::bytes::contains;
use crate::wire::head::Odd;

const BAD: &str = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 2\r\n\r\nok";

/// What is wrong, its lines, and whether bytes hold it unchanged.
type Broken = (&'static str, &'static [u8], fn(&[u8]) -> bool);

const FOLD: Broken = ("a folded line", b"X-Handfast: a\r\n b", |bytes| contains(bytes, b"a\r\n b"));
const NUL: Broken = ("NUL in a value", b"X-Handfast: a\0b", |bytes| bytes.contains(&0));
const BARE_CR: Broken = ("a lone CR", b"X-Handfast: a\rb", |bytes| contains(bytes, b"a\rb"));
const COLON: Broken = ("a blank before the colon", b"X-Handfast : a", |bytes| {
    contains(&bytes.to_ascii_lowercase(), b"x-handfast :")
});
const LENGTHS: Broken = ("two lengths", b"Content-Length: 1\r\nContent-Length: 2", |bytes| {
    let bytes = bytes.to_ascii_lowercase();
    contains(&bytes, b"content-length: 1") && contains(&bytes, b"content-length: 2")
});
const FRAMINGS: Broken =
    ("a length and chunks", b"Content-Length: 1\r\nTransfer-Encoding: chunked", |bytes| {
        let bytes = bytes.to_ascii_lowercase();
        contains(&bytes, b"content-length: 1") && contains(&bytes, b"transfer-encoding: chunked")
    });

pub(crate) async fn malformed(context: Arc<Context>) -> Judged {
    let (mut findings, mut sent) = (Vec::new(), Vec::new());
    for (form, lines, is_in) in [FOLD, NUL, BARE_CR, COLON, LENGTHS, FRAMINGS] {
        let token = context.always(vec![Step::Send(BAD.into())]);
        let bytes = context.base(&token).add(lines).bytes();
        let mut link = super::link::Link::open(&context).await?;
        link.send(&bytes).await;
        // A device that takes a length for true waits for a body that never comes: no need to wait as long.
        let answer = link.answer(context.options.timeout.min(context.options.quiet * 2)).await;
        sent.push((form, is_in, token, bytes, answer));
    }
    // A device may forward while it answers by itself: that nothing arrived takes a while to be known.
    tokio::time::sleep(context.options.quiet).await;
    for (form, is_in, token, bytes, answer) in sent {
        let arrived = context.origin.arrivals(&token).iter().any(|arrival| is_in(&arrival.bytes));
        findings.push(if arrived {
            Finding::fail(format!("{form} reached the origin as it was")).sent(&bytes)
        } else {
            let line = answer.map_or("no answer".to_owned(), |answer| answer.head.line());
            Finding::pass(format!("{form}: {line}")).sent(&bytes)
        });
    }
    for (form, lines, is_in) in [FOLD, NUL, BARE_CR, COLON] {
        let lines = [lines, b"\r\n\r\n"].concat();
        let head = [GOOD.as_bytes().strip_suffix(b"\r\n").unwrap_or_default(), &lines].concat();
        let token = context.accepting(vec![Step::Send(head.clone())]);
        let seen = context.exchange(&token, context.base(&token).bytes()).await?;
        let end = seen.answer.as_ref().map_or(0, |answer| answer.end);
        findings.push(if is_in(&seen.link.bytes[..end]) {
            Finding::fail(format!("{form} in the origin's 101 reached the client as it was")).sent(&head)
        } else {
            Finding::pass(format!("{form} in the 101: {}", seen.words())).sent(&head)
        });
    }
    Ok(worst(findings))
}

pub(crate) async fn version(context: Arc<Context>) -> Judged {
    let steps = || vec![Step::Send(GOOD.into()), Step::Echo];
    let plain = || vec![Step::Send(OK.into()), Step::Next];
    let token = context.expect(steps(), plain());
    let old = context.exchange(&token, context.base(&token).version("HTTP/1.0").bytes()).await?;
    let first = match &old.arrival {
        _ if old.status() == 101 => Finding::fail("the handshake in HTTP/1.0 ended in 101").sent(&old.sent),
        Some(arrival) if arrival.head.count("Upgrade") > 0 => {
            Finding::remark(format!("HTTP/1.0 with Upgrade arrived as {} with Upgrade", arrival.version()))
                .sent(&old.sent)
        }
        Some(arrival) => Finding::pass(format!("HTTP/1.0 arrived as {} without Upgrade", arrival.version())),
        None => Finding::pass(format!("HTTP/1.0 was refused: {}", old.words())),
    };
    let token = context.expect(steps(), plain());
    let new = context.exchange(&token, context.base(&token).bytes()).await?;
    let second = match &new.arrival {
        Some(arrival) if arrival.version() == "HTTP/1.0" && arrival.head.count("Upgrade") > 0 => {
            Finding::fail("HTTP/1.1 arrived as HTTP/1.0 with Upgrade").sent(&new.sent)
        }
        Some(arrival) if arrival.head.odd.contains(&Odd::BadField) => {
            Finding::fail(format!("a broken head arrived: {}", arrival.head.line())).sent(&new.sent)
        }
        Some(arrival) => Finding::pass(format!("HTTP/1.1 arrived as {}", arrival.version())),
        None => Finding::open(format!("nothing reached the origin: {}", new.words())),
    };
    Ok(worst(vec![first, second]))
}
