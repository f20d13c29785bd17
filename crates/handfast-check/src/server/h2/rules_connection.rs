//! Rules that show over a connection, or beside it.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::time::timeout;

use super::probe::Http2;
use crate::finding::{Finding, Judged};
use crate::wire::h2::exchange::set;
use crate::wire::{frame, h2};

pub(crate) async fn setting(http2: Arc<Http2>) -> Judged {
    let mut session = http2.session().await?;
    session.until(http2.context.options.quiet, |_| false).await;
    let wrong = session.announced.iter().find(|value| **value > 1);
    Ok(match wrong {
        Some(value) => Finding::fail(format!("SETTINGS_ENABLE_CONNECT_PROTOCOL is {value}")),
        None if session.announced.is_empty() => Finding::pass("the setting is absent"),
        None => Finding::pass(format!("the setting is {:?}", session.announced)),
    })
}

pub(crate) async fn withdrawn(http2: Arc<Http2>) -> Judged {
    let mut exchange = http2.exchange(http2.base()).await?;
    let context = &http2.context;
    exchange.session.until(context.options.quiet * 3, |_| false).await;
    let values = &exchange.session.announced;
    let withdrawn = values.windows(2).any(|pair| pair[0] == 1 && pair[1] == 0);
    Ok(match withdrawn {
        true => Finding::fail(format!("the setting was sent as {values:?}")),
        false => Finding::pass(format!("the setting stayed {values:?}")),
    }
    .sent(&exchange.sent()))
}

pub(crate) async fn authority(http2: Arc<Http2>) -> Judged {
    if !http2.context.address.ip().is_loopback() {
        return Err(Finding::skipped("the listener of this check is on this machine only"));
    }
    let any = (http2.context.address.ip(), 0);
    let listener = TcpListener::bind(any).await.map_err(|error| Finding::open(error.to_string()))?;
    let address = listener.local_addr().map_err(|error| Finding::open(error.to_string()))?;
    let exchange = http2.exchange(set(http2.base(), ":authority", &address.to_string())).await?;
    let contacted = timeout(http2.context.options.quiet, listener.accept()).await.is_ok();
    let words = exchange.words();
    Ok(match contacted {
        true => Finding::fail(format!("{words}, and the server connected to {address}")),
        false => Finding::pass(format!("{words}, and nobody connected to {address}")),
    }
    .sent(&exchange.sent()))
}

pub(crate) async fn ends(http2: Arc<Http2>) -> Judged {
    let mut exchange = http2.exchange(http2.base()).await?;
    let limit = http2.context.options.timeout;
    exchange.session.allows(3)?;
    let mut sockets = vec![exchange.stream];
    for _ in 0..2 {
        let stream = exchange.session.request(&http2.base()).await;
        exchange.session.until(limit, |session| session.seen(stream).decided()).await;
        sockets.push(stream);
    }
    for socket in &sockets {
        if !exchange.session.seen(*socket).succeeded() {
            return Err(Finding::open(format!(
                "three sockets on one connection: {} for one of them",
                exchange.session.seen(*socket).status.map_or("no status".to_owned(), |one| one.to_string())
            )));
        }
    }
    let (closed, aborted, kept) = (sockets[0], sockets[1], sockets[2]);
    let session = &mut exchange.session;
    session.reset(aborted, h2::CANCEL).await;
    session.frame(closed, frame::CLOSE, &frame::close_payload(1000)).await?;
    // A server may wait for the end of our side before it ends its own.
    session.end(closed).await;
    let quiet = http2.context.options.quiet;
    session.until(quiet * 2, |session| session.seen(closed).ended).await;
    let seen = session.seen(closed);
    let answered = frame::read_all(&seen.data).0.iter().any(|one| one.opcode == frame::CLOSE);
    let ended = seen.ended;
    let alive = http2.alive(session, kept).await;
    let finding = if let Some(code) = session.goaway {
        Finding::fail(format!("GOAWAY with code {code}"))
    } else if session.closed || !alive {
        Finding::fail("the remaining socket stopped")
    } else if !answered {
        Finding::fail("the close frame was not answered")
    } else if !ended {
        let how = seen.reset.map_or("nothing".to_owned(), |code| format!("RST_STREAM with code {code}"));
        Finding::fail(format!("END_STREAM did not follow the close frame, but {how}"))
    } else {
        Finding::pass("close frame and END_STREAM came back; the remaining socket lives")
    };
    Ok(finding.sent(&exchange.sent()))
}
