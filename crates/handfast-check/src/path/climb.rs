//! The ladder: from the device's name to a tunnel that carries frames and closes both ways.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::context::{Context, Exchange, GOOD};
use super::diff::diff;
use super::link::Link;
use super::origin::{MARKER, RAW, RAW_BACK, Step};
use crate::finding::Finding;
use crate::ladder::Ladder;
use crate::report::Change;
use crate::wire::bytes::contains;
use crate::wire::frame::{self, MASK};
use crate::wire::head::{self, Parsed};

/// The ladder through the device, and what it changes in a correct handshake.
#[derive(Default)]
pub(crate) struct Climb {
    pub(crate) ladder: Ladder,
    pub(crate) changes: Vec<Change>,
}

impl Climb {
    /// HTTP, upgrade, frames and closes through the device; fills in what the rules need to know.
    pub(crate) async fn converse(&mut self, context: &mut Context) {
        let start = Instant::now();
        let token = context.accepting(vec![Step::Send(GOOD.into()), Step::Echo]);
        let request = context.base(&token);
        let seen = match context.exchange(&token, request.bytes()).await {
            Ok(seen) => seen,
            Err(finding) => {
                self.ladder.step("http", start, Err(finding.text));
                return;
            }
        };
        if !self.ladder.step("http", start, reached(context, &seen)) {
            return;
        }
        context.arrived = seen.arrival.clone();
        let opened = seen.answer.as_ref().is_some_and(|answer| answer.accepts(&request.key));
        if !self.ladder.step("upgrade", start, upgraded(&seen, opened)) {
            self.compare(context).await;
            return;
        }
        context.tunnels = true;
        context.transparent = passes_anything(context).await;
        self.compare(context).await;
        let start = Instant::now();
        let frames = frames(context).await;
        self.ladder.step("echo", start, frames);
        let start = Instant::now();
        let closes = closes(context).await;
        self.ladder.step("close", start, closes);
    }

    /// A request and an answer that show much of what a device changes.
    async fn compare(&mut self, context: &mut Context) {
        let good = GOOD.replace(
            "\r\n\r\n",
            "\r\n{protocol}{extension}Server: handfast\r\nX-Handfast-Case: a\r\n\
             X-Handfast-Twice: 1\r\nX-Handfast-Twice: 2\r\n\r\n",
        );
        let token = context.accepting(vec![Step::Send(good.clone().into()), Step::Echo]);
        let request = context
            .base(&token)
            .add("Sec-WebSocket-Protocol: chat")
            .add("Sec-WebSocket-Extensions: permessage-deflate")
            .add("Cookie: handfast=1")
            .add("X-Handfast-Case: a")
            .add("X-Handfast-Twice: 1")
            .add("X-Handfast-Twice: 2");
        // Between two versions of HTTP everything changes: that is for the rules of bridges.
        if context.http2_behind() {
            return;
        }
        let Ok(seen) = context.exchange(&token, request.bytes()).await else { return };
        let (Some(arrival), Parsed::Complete(sent)) = (&seen.arrival, head::head(&seen.sent)) else { return };
        self.changes = diff("request", &sent, &arrival.head);
        context.added = self
            .changes
            .iter()
            .filter(|change| change.change == "added")
            .map(|change| change.field.to_ascii_lowercase())
            .collect();
        let text = super::origin::render(good.as_bytes(), &arrival.head);
        // Other requests the origin refuses.
        if !arrival.upgrades() {
            return;
        }
        if let (Some(answer), Parsed::Complete(sent)) = (&seen.answer, head::head(&text)) {
            self.changes.extend(diff("answer", &sent, &answer.head));
        }
    }
}

/// The request came to the origin, in words; or why not.
fn reached(context: &Context, seen: &Exchange) -> Result<String, String> {
    let address = context.origin.address;
    match (&seen.arrival, &seen.answer) {
        (Some(arrival), _) => {
            Ok(format!("the request reached the origin as {}; {} came back", arrival.version(), seen.words()))
        }
        (None, Some(answer))
            if answer.status() == 502 || answer.status() == 503 || answer.status() == 504 =>
        {
            Err(format!(
                "{}: the device does not reach the origin; it must forward to {address}",
                seen.words()
            ))
        }
        (None, _) if context.origin.saw_http2() => Err(format!(
            "the device speaks HTTP/2 to the origin, but no request with {MARKER} in its :path came"
        )),
        (None, _) if context.origin.connections() > 0 => Err(format!(
            "{}: the device connected to the origin, but no request with {MARKER} in its target came",
            seen.words()
        )),
        (None, _) => Err(format!(
            "{}: nothing reached the origin; the device must forward this path to {address}",
            seen.words()
        )),
    }
}

/// The upgrade in words, or what stood in its way.
fn upgraded(seen: &Exchange, opened: bool) -> Result<String, String> {
    if opened {
        return Ok("101 with the accept for the client's key".to_owned());
    }
    let Some(arrival) = &seen.arrival else { return Err(seen.words()) };
    if arrival.http2 && seen.status() == 101 {
        return Err("101, but the accept is not that of the client's key".to_owned());
    }
    if arrival.http2 {
        let how = if arrival.upgrades() { "as an extended CONNECT" } else { "without :protocol" };
        return Err(format!("{}; over HTTP/2 the request reached the origin {how}", seen.words()));
    }
    let lost: Vec<&str> = ["Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"]
        .into_iter()
        .filter(|name| match *name {
            "Connection" => !arrival.head.lists("Connection", "upgrade"),
            name => arrival.head.count(name) == 0,
        })
        .collect();
    let mut why = seen.words();
    if arrival.version() == "HTTP/1.0" {
        why += "; the request arrived as HTTP/1.0, which has no Upgrade (nginx: proxy_http_version 1.1)";
    }
    if !lost.is_empty() {
        why += &format!("; lost on the way to the origin: {}", lost.join(", "));
    }
    if lost.contains(&"Upgrade") || lost.contains(&"Connection") {
        why += " (nginx: proxy_set_header Upgrade $http_upgrade, and Connection \"upgrade\")";
    }
    if seen.status() == 101 {
        why += "; the accept is not that of the client's key";
    }
    Err(why)
}

/// Whether bytes that are no HTTP reach the origin, and its bytes the client.
async fn passes_anything(context: &Context) -> bool {
    let token = context.always(vec![]);
    let Ok(mut link) = Link::open(context).await else { return false };
    link.send(format!("{RAW}{token};").as_bytes()).await;
    let back = format!("{RAW_BACK}{token};");
    let came = link.until(context.options.quiet, |bytes| contains(bytes, back.as_bytes())).await;
    came && context.origin.has_raw(&token)
}

/// Text, binary, ping and pong, both ways, byte for byte.
async fn frames(context: &Context) -> Result<String, String> {
    let words = |finding: Finding| finding.text;
    let ping = frame::write(frame::PING, b"from the origin", None);
    let script = vec![Step::Send(GOOD.into()), Step::Send(ping.clone()), Step::Echo];
    let mut tunnel = context.tunnel(script).await.map_err(words)?;
    let sent = [
        frame::write(frame::TEXT, "text, \u{fc}".as_bytes(), Some(MASK)),
        frame::write(2, &[0, 1, 254, 255], Some(MASK)),
        frame::write(frame::PING, b"from the client", Some(MASK)),
        frame::write(frame::PONG, b"unasked", Some(MASK)),
        frame::write(frame::TEXT, &[b'x'; 70_000], Some(MASK)),
    ]
    .concat();
    tunnel.link.send(&sent).await;
    let wanted = [
        ping,
        frame::write(frame::TEXT, "text, \u{fc}".as_bytes(), None),
        frame::write(2, &[0, 1, 254, 255], None),
        frame::write(frame::PONG, b"from the client", None),
        frame::write(frame::TEXT, &[b'x'; 70_000], None),
    ]
    .concat();
    let end = tunnel.answer.end;
    tunnel.link.until(context.patience(), |bytes| bytes.len() >= end + wanted.len()).await;
    let arrived = tunnel.arrival.later.lock().expect("no holder panics").clone();
    if arrived != sent {
        return Err(format!(
            "the client's frames did not reach the origin as they were: {} of {} bytes",
            arrived.len(),
            sent.len()
        ));
    }
    let came = tunnel.link.bytes[end..].to_vec();
    if came != wanted {
        let (came, wanted) = (came.len(), wanted.len());
        return Err(format!(
            "the origin's frames did not reach the client as they were: {came} of {wanted} bytes"
        ));
    }
    Ok("text, binary, pings and pongs passed both ways, byte for byte".to_owned())
}

/// Close codes both ways, and the end of the stream behind them.
async fn closes(context: &Context) -> Result<String, String> {
    let words = |finding: Finding| finding.text;
    let limit = context.patience();
    for code in [1000_u16, 1001, 3000, 4999] {
        let payload = [&code.to_be_bytes()[..], b"handfast"].concat();
        let from_client = frame::write(frame::CLOSE, &payload, Some(MASK));
        let from_origin = frame::write(frame::CLOSE, &payload, None);
        let mut tunnel = context.tunnel(vec![Step::Send(GOOD.into()), Step::Echo]).await.map_err(words)?;
        let end = tunnel.answer.end;
        tunnel.link.send(&from_client).await;
        tunnel.link.until(limit, |bytes| bytes.len() >= end + from_origin.len()).await;
        if !tunnel.arrival.later_has(&from_client) || tunnel.link.bytes[end..] != from_origin {
            return Err(format!("the client's close with {code} or its answer did not pass as it was"));
        }
        let script = vec![
            Step::Send(GOOD.into()),
            Step::Send(from_origin.clone()),
            Step::Listen(Duration::from_secs(1)),
        ];
        let mut tunnel = context.tunnel(script).await.map_err(words)?;
        let end = tunnel.answer.end;
        let came = tunnel.link.until(limit, |bytes| bytes[end..] == from_origin).await;
        tunnel.link.send(&from_client).await;
        let arrival = Arc::clone(&tunnel.arrival);
        let answered =
            context.origin.wait(limit, || arrival.later_has(&from_client).then_some(())).await.is_some();
        if !came || !answered {
            return Err(format!("the origin's close with {code} or its answer did not pass as it was"));
        }
    }
    Ok("the codes 1000, 1001, 3000 and 4999 passed both ways".to_owned())
}
