//! What shows over several requests, and over time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::context::{Context, GOOD};
use super::link::Request;
use super::origin::Step;
use crate::finding::{Finding, Judged, worst};
use crate::wire::frame::{self, MASK};

const STORED: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCache-Control: public, max-age=3600\r\n\
    ETag: \"handfast\"\r\nContent-Length: 6\r\n\r\nstored";
const FRESH: &str = "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 5\r\n\r\nfresh";

pub(crate) async fn cached(context: Arc<Context>) -> Judged {
    let good =
        GOOD.replace("\r\n\r\n", "\r\nCache-Control: public, max-age=3600\r\nETag: \"handfast\"\r\n\r\n");
    let token =
        context.expect(vec![Step::Send(good.into()), Step::Echo], vec![Step::Send(FRESH.into()), Step::Next]);
    let first = context.base(&token);
    let second = context.base(&token);
    let plain = Request::plain(&context, &token);
    let mut findings = Vec::new();
    for (place, request) in [&first, &second, &plain].into_iter().enumerate() {
        let seen = context.exchange(&token, request.bytes()).await?;
        let (count, status) = (context.origin.arrivals(&token).len(), seen.status());
        let form = ["the handshake", "the same with another key", "a plain GET of the same path"][place];
        let wanted = place + 1;
        findings.push(
            if count >= wanted {
                Finding::pass(form)
            } else if place == 0 || status >= 400 || status == 0 {
                Finding::open(format!("{form} did not reach the origin: {}", seen.words()))
            } else {
                Finding::fail(format!("{form} was answered with {status}, and the origin never saw it"))
            }
            .sent(&seen.sent),
        );
    }
    Ok(worst(findings))
}

pub(crate) async fn replayed(context: Arc<Context>) -> Judged {
    let mut findings = vec![after_stored(&context).await?, in_parallel(&context).await?];
    for (form, before) in [("no byte", ""), ("half a status line", "HTTP/1.1 101 Switch")] {
        findings.push(cut_off(&context, form, before).await?);
    }
    Ok(worst(findings))
}

/// A handshake to a path that a cache may hold.
async fn after_stored(context: &Context) -> Judged {
    let token = context
        .expect(vec![Step::Send(GOOD.into()), Step::Echo], vec![Step::Send(STORED.into()), Step::Next]);
    let _stored = context.exchange(&token, Request::plain(context, &token).bytes()).await?;
    let request = context.base(&token);
    let seen = context.exchange(&token, request.bytes()).await?;
    let came = context.origin.arrivals(&token).iter().any(|arrival| arrival.upgrades());
    let opened = seen.answer.as_ref().is_some_and(|answer| answer.accepts(&request.key));
    Ok(if came && opened {
        Finding::pass("after a stored 200 the handshake reached the origin")
    } else if context.origin.arrivals(&token).len() > 1 {
        Finding::open(format!("after a 200 the handshake came without Upgrade: {}", seen.words()))
    } else if seen.status() == 200 || seen.status() == 101 {
        Finding::fail(format!("after a stored 200 the handshake was answered with {}", seen.words()))
    } else {
        Finding::open(format!("after a stored 200: {}", seen.words()))
    }
    .sent(&seen.sent))
}

/// Two handshakes at once.
async fn in_parallel(context: &Context) -> Judged {
    let token =
        context.always(vec![Step::Wait(Duration::from_millis(300)), Step::Send(GOOD.into()), Step::Echo]);
    let (one, two) = (context.base(&token), context.base(&token));
    let (first, second) =
        tokio::join!(context.exchange(&token, one.bytes()), context.exchange(&token, two.bytes()));
    let (first, second) = (first?, second?);
    let arrivals = context.origin.settled(&token, context.options.quiet).await.len();
    let opened = [(&first, &one), (&second, &two)]
        .iter()
        .all(|(seen, request)| seen.answer.as_ref().is_some_and(|answer| answer.accepts(&request.key)));
    Ok(match (arrivals, opened) {
        (2, true) => Finding::pass("two handshakes at once: two requests, two accepts"),
        (2, false) => Finding::fail(format!(
            "two handshakes at once: {} and {}, not each the accept for its key",
            first.words(),
            second.words()
        )),
        (count, opened) if opened || count > 2 => {
            Finding::fail(format!("two handshakes at once made {count} requests at the origin"))
        }
        _ => Finding::open(format!("two handshakes at once: {} and {}", first.words(), second.words())),
    }
    .sent(&first.sent))
}

/// The origin closes before its answer is whole.
async fn cut_off(context: &Context, form: &str, before: &str) -> Judged {
    let token = context.always(vec![Step::Send(before.into())]);
    let seen = context.exchange(&token, context.base(&token).bytes()).await?;
    let arrivals = context.origin.settled(&token, context.options.quiet).await;
    let connections: Vec<usize> = arrivals.iter().map(|arrival| arrival.connection).collect();
    let form = format!("the origin closed after {form}");
    Ok(match connections.as_slice() {
        [] => Finding::open(format!("nothing reached the origin: {}", seen.words())),
        [_] if seen.status() == 101 => Finding::fail(format!("{form}, and the client got 101")),
        [_] => Finding::pass(format!("{form}: {}", seen.words())),
        [one, two] if before.is_empty() && one != two => {
            Finding::pass(format!("{form}: tried once more on a fresh connection, then {}", seen.words()))
        }
        all => Finding::fail(format!("{form}, and the handshake was sent {} times", all.len())),
    }
    .sent(&seen.sent))
}

pub(crate) async fn idle(context: Arc<Context>) -> Judged {
    let Some(limit) = context.options.idle else {
        return Ok(Finding::skipped("takes two minutes: ask for it with --idle 60"));
    };
    let (quiet, clients, servers) =
        tokio::join!(silence(&context, limit), client_alone(&context, limit), server_alone(&context, limit));
    Ok(worst(vec![quiet?, clients?, servers?]))
}

/// A ping at the end of the silence shows whether the tunnel lives.
async fn silence(context: &Context, limit: Duration) -> Judged {
    let mut tunnel = context.tunnel(vec![Step::Send(GOOD.into()), Step::Echo]).await?;
    let start = Instant::now();
    let end = tunnel.answer.end;
    tunnel.link.until(limit, |bytes| bytes.len() > end).await;
    let seconds = start.elapsed().as_secs_f64();
    if !tunnel.link.open {
        return Ok(Finding::fail(format!("closed after {seconds:.1} s of silence")).sent(&tunnel.sent));
    }
    tunnel.link.send(&frame::write(frame::PING, b"alive", Some(MASK))).await;
    let pong = frame::write(frame::PONG, b"alive", None);
    let alive = tunnel
        .link
        .until(context.options.timeout, |bytes| bytes[end..].windows(pong.len()).any(|part| part == pong))
        .await;
    Ok(match alive {
        true => Finding::pass(format!("alive after {:.0} s of silence", limit.as_secs_f64())),
        false => Finding::fail(format!("dead after {seconds:.1} s of silence: no pong")),
    }
    .sent(&tunnel.sent))
}

/// For one and a half times the limit only the client sends.
async fn client_alone(context: &Context, limit: Duration) -> Judged {
    let mut tunnel = context.tunnel(vec![Step::Send(GOOD.into()), Step::Echo]).await?;
    let start = Instant::now();
    let end = tunnel.answer.end;
    let pong = frame::write(frame::PONG, b"here", Some(MASK));
    while start.elapsed() < limit.mul_f64(1.5) && tunnel.link.open {
        tunnel.link.send(&pong).await;
        tunnel.link.until(limit / 3, |bytes| bytes.len() > end).await;
    }
    Ok(one_way(tunnel.link.open, "client", start.elapsed()).sent(&tunnel.sent))
}

/// The same with the server.
async fn server_alone(context: &Context, limit: Duration) -> Judged {
    let pong = frame::write(frame::PONG, b"here", None);
    let mut tunnel = context.tunnel(vec![Step::Send(GOOD.into()), Step::Tick(pong, limit / 3)]).await?;
    let start = Instant::now();
    tunnel.link.until(limit.mul_f64(1.5), |_| false).await;
    Ok(one_way(tunnel.link.open, "server", start.elapsed()).sent(&tunnel.sent))
}

fn one_way(open: bool, who: &str, time: Duration) -> Finding {
    let seconds = time.as_secs_f64();
    match open {
        true => Finding::pass(format!("alive after {seconds:.0} s in which only the {who} sent")),
        false => Finding::fail(format!("closed after {seconds:.1} s in which only the {who} sent")),
    }
}
