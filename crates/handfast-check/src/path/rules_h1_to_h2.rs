//! The device turns a handshake of HTTP/1.1 into an extended CONNECT to the origin: towards the client it is the server.

use std::sync::Arc;

use super::carried::carried;
use super::context::{Context, Exchange, GOOD};
use super::link::Request;
use super::origin::{Arrival, End, Step};
use crate::finding::{Finding, Judged, all_told};
use crate::wire::bytes::contains;
use crate::wire::frame::{self, MASK};

const KEY: &str = "Sec-WebSocket-Key";
const BODY: &str = "handfast refuses for a reason";

pub(crate) async fn bridge(context: Arc<Context>) -> Judged {
    let mut findings = vec![handshake(&context).await?];
    findings.extend(checks(&context).await?);
    findings.extend(versions(&context).await?);
    findings.push(refusal(&context).await?);
    if context.tunnels {
        findings.push(data(&context).await.unwrap_or_else(|finding| finding));
        findings.extend(ends(&context).await.unwrap_or_else(|finding| vec![finding]));
    }
    // Last: the connections of all streams end for it.
    context.origin.announce(false);
    let unannounced = unannounced(&context).await;
    context.origin.announce(true);
    findings.push(unannounced?);
    Ok(all_told(findings))
}

/// Every field of the request and of the answer.
async fn handshake(context: &Context) -> Judged {
    let good = GOOD.replace("\r\n\r\n", "\r\n{protocol}{extension}\r\n");
    let token = context.accepting(vec![Step::Send(good.into()), Step::Echo]);
    let request = context
        .base(&token)
        .add("Sec-WebSocket-Protocol: chat")
        .add("Sec-WebSocket-Extensions: permessage-deflate");
    let seen = context.exchange(&token, request.bytes()).await?;
    let Some(arrival) = &seen.arrival else {
        return Err(Finding::open(format!("nothing reached the origin: {}", seen.words())).sent(&seen.sent));
    };
    let mut wrong = fields(arrival);
    wrong.extend(answer(&seen, &request));
    let finding = if !wrong.is_empty() {
        Finding::fail(wrong.join("; "))
    } else if arrival.head.count("sec-websocket-key") > 0 {
        Finding::remark("sec-websocket-key, which means nothing over HTTP/2, reached the origin")
    } else {
        Finding::pass("a complete extended CONNECT, and 101 with the accept for the client's key")
    };
    Ok(finding.sent(&seen.sent))
}

/// What is wrong with the request that reached the origin.
fn fields(arrival: &Arrival) -> Vec<String> {
    let mut wrong = Vec::new();
    let head = &arrival.head;
    for (name, wanted) in [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "chat"),
        ("sec-websocket-extensions", "permessage-deflate"),
    ] {
        let came: Vec<&str> = head.all(name).collect();
        if came != [wanted] {
            wrong.push(format!("{name} is [{}], wanted was {wanted}", came.join(" | ")));
        }
    }
    for name in [":scheme", ":path", ":authority"] {
        let came: Vec<&str> = head.all(name).collect();
        if !matches!(came.as_slice(), [value] if !value.is_empty()) {
            wrong.push(format!("{name} is [{}], wanted was one value", came.join(" | ")));
        }
    }
    let forbidden = ["connection", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding"];
    for name in forbidden.into_iter().chain(["content-length", "sec-websocket-accept"]) {
        if head.count(name) > 0 {
            wrong.push(format!("{name} reached the origin"));
        }
    }
    if head.first("host").is_some_and(|host| head.first(":authority") != Some(host)) {
        wrong.push("host and :authority of the request differ".to_owned());
    }
    if head.fields.iter().any(|field| field.name.bytes().any(|byte| byte.is_ascii_uppercase())) {
        wrong.push("a field's name has upper-case letters".to_owned());
    }
    let regular = |name: &str| !name.starts_with(':');
    if head.fields.iter().skip_while(|field| !regular(&field.name)).any(|field| !regular(&field.name)) {
        wrong.push("a pseudo-header field stands behind others".to_owned());
    }
    if arrival.ended().is_some() {
        wrong.push("the stream ended with the request".to_owned());
    }
    wrong
}

/// What is wrong with the answer that the client got for 200.
fn answer(seen: &Exchange, request: &Request) -> Vec<String> {
    let Some(answer) = seen.answer.as_ref().filter(|answer| answer.status() == 101) else {
        return vec![format!("the origin's 200 became {}", seen.words())];
    };
    let head = &answer.head;
    let mut wrong = Vec::new();
    if !answer.accepts(&request.key) {
        let came: Vec<&str> = head.all("Sec-WebSocket-Accept").collect();
        wrong.push(format!("Sec-WebSocket-Accept is [{}]: not that of the client's key", came.join(" | ")));
    }
    if !head.lists("Upgrade", "websocket") || !head.lists("Connection", "upgrade") {
        wrong.push("the 101 lacks Upgrade: websocket or Connection: Upgrade".to_owned());
    }
    for (name, wanted) in
        [("Sec-WebSocket-Protocol", "chat"), ("Sec-WebSocket-Extensions", "permessage-deflate")]
    {
        let came: Vec<&str> = head.all(name).collect();
        if came != [wanted] {
            wrong.push(format!("{name} of the 101 is [{}], sent was {wanted}", came.join(" | ")));
        }
    }
    for name in ["Content-Length", "Transfer-Encoding"] {
        if head.count(name) > 0 {
            wrong.push(format!("{name} was added to the 101"));
        }
    }
    wrong
}

/// What makes the correct request another one.
type Change = fn(Request) -> Request;

/// What only the device can refuse: no origin sees it over HTTP/2.
const WRONG: [(&str, Change); 7] = [
    ("no key", |request| request.without(KEY)),
    ("the key x", |request| request.keyed("x")),
    ("a key of 15 bytes", |request| request.keyed("AAECAwQFBgcICQoLDA0O")),
    ("a key that is no base64", |request| request.keyed("AAECAwQFBgcICQoLDA0O!w==")),
    ("two keys", |request| request.add("Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==")),
    ("HTTP/1.0", |request| request.version("HTTP/1.0")),
    ("POST", |request| request.method("POST")),
];

/// The checks of a server that the device must make.
async fn checks(context: &Context) -> Result<Vec<Finding>, Finding> {
    let mut findings = Vec::new();
    for (form, change) in WRONG {
        let token = context.accepting(vec![Step::Send(GOOD.into()), Step::Echo]);
        let request = change(context.base(&token));
        let seen = context.exchange(&token, request.bytes()).await?;
        let finding = match seen.status() {
            101 => Finding::fail(seen.words()),
            400..=599 => Finding::pass(seen.words()),
            0 if !seen.link.open => Finding::pass(seen.words()),
            _ => Finding::remark(seen.words()),
        };
        findings.push(finding.about(form).sent(&seen.sent));
    }
    Ok(findings)
}

/// The version is refused by the device, or the origin decides; it is never made up.
async fn versions(context: &Context) -> Result<Vec<Finding>, Finding> {
    let name = "Sec-WebSocket-Version";
    let refusal = "HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n";
    let mut findings = Vec::new();
    for (form, version) in [("version 25", Some("25")), ("no version", None)] {
        let token = context.accepting(vec![Step::Send(refusal.into()), Step::Next]);
        let request = match version {
            Some(version) => context.base(&token).set(name, version),
            None => context.base(&token).without(name),
        };
        let seen = context.exchange(&token, request.bytes()).await?;
        let came = seen.arrival.as_ref().map(|arrival| arrival.head.first(name));
        let finding = match (came, seen.status()) {
            (_, 101) => Finding::fail(seen.words()),
            (Some(Some(came)), _) if version != Some(came) => {
                Finding::fail(format!("it reached the origin as version {came}"))
            }
            (Some(_), 400) => Finding::pass("the origin decides"),
            (Some(_), _) => Finding::remark(format!("the origin's 400 became {}", seen.words())),
            (None, 400..=599) => Finding::pass(format!("refused by the device itself: {}", seen.words())),
            (None, _) => Finding::remark(seen.words()),
        };
        findings.push(finding.about(form).sent(&seen.sent));
    }
    Ok(findings)
}

/// A refusal arrives with status, field and body.
async fn refusal(context: &Context) -> Judged {
    let length = BODY.len();
    let answer = format!(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"handfast\"\r\n\
         Content-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{BODY}"
    );
    let token = context.always(vec![Step::Send(answer.into()), Step::Next]);
    let mut seen = context.exchange(&token, context.base(&token).bytes()).await?;
    let words = seen.words();
    let Some(answer) = seen.answer.clone() else {
        return Ok(Finding::fail(words).about("the origin's 401").sent(&seen.sent));
    };
    let end = answer.end;
    let body = seen.link.until(context.patience(), |bytes| contains(&bytes[end..], BODY.as_bytes())).await;
    let finding = if answer.status() == 101 {
        Finding::fail(format!("it became {words}"))
    } else if answer.status() != 401 {
        Finding::remark(format!("it became {words}: the client does not learn why"))
    } else if answer.head.count("WWW-Authenticate") == 0 {
        Finding::remark("its WWW-Authenticate did not arrive")
    } else if !body {
        Finding::remark("its body did not arrive whole")
    } else {
        Finding::pass("it arrived whole")
    };
    Ok(finding.about("the origin's 401").sent(&seen.sent))
}

/// Frames both ways, those of the origin right behind its answer; more than one window of HTTP/2 holds.
async fn data(context: &Context) -> Judged {
    let glued = frame::write(frame::PING, b"with the answer", None);
    let script = vec![Step::Send([GOOD.as_bytes(), &glued].concat()), Step::Echo];
    let mut tunnel = context.tunnel(script).await?;
    let long = [b'x'; 100_000];
    let sent = frame::write(2, &long, Some(MASK));
    let wanted = [glued, frame::write(2, &long, None)].concat();
    let end = tunnel.answer.end;
    tunnel.link.send(&sent).await;
    tunnel.link.until(context.patience(), |bytes| bytes.len() >= end + wanted.len()).await;
    let arrived = tunnel.arrival.later.lock().expect("no holder panics").clone();
    let came = &tunnel.link.bytes[end..];
    Ok(carried((&arrived, &sent), (came, &wanted)).sent(&tunnel.sent))
}

/// Ends on either side show on the other.
async fn ends(context: &Context) -> Result<Vec<Finding>, Finding> {
    let limit = context.patience();
    let close = frame::write(frame::CLOSE, &frame::close_payload(1000), None);
    let script = vec![Step::Send(GOOD.into()), Step::Send(close.clone())];
    let mut tunnel = context.tunnel(script).await?;
    let end = tunnel.answer.end;
    // Reads to the end of the stream.
    tunnel.link.until(limit, |_| false).await;
    let origin = if tunnel.link.bytes[end..] != close {
        Finding::fail("the close frame of the origin did not come to the client")
    } else if tunnel.link.open {
        Finding::fail("END_STREAM of the origin did not close the client's connection")
    } else {
        Finding::pass("END_STREAM of the origin: the end of the connection")
    };
    let origin = origin.sent(&tunnel.sent);

    let tunnel = context.tunnel(vec![Step::Send(GOOD.into()), Step::Echo]).await?;
    let (sent, arrival) = (tunnel.sent, tunnel.arrival);
    drop(tunnel.link);
    let client = match context.origin.wait(limit, || arrival.ended()).await {
        Some(End::Orderly) => Finding::pass("the client's end: END_STREAM"),
        Some(End::Abrupt) => Finding::pass("the client's end: RST_STREAM"),
        None => Finding::fail("the end of the client's connection did not reach the origin"),
    };
    Ok(vec![origin, client.sent(&sent)])
}

/// An origin without the setting.
async fn unannounced(context: &Context) -> Judged {
    let token = context.accepting(vec![Step::Send(GOOD.into()), Step::Echo]);
    let request = context.base(&token);
    let seen = context.exchange(&token, request.bytes()).await?;
    let protocol = seen.arrival.as_ref().is_some_and(|arrival| arrival.head.count(":protocol") > 0);
    let over_1 = seen.arrival.as_ref().is_some_and(|arrival| !arrival.http2);
    Ok(match seen.status() {
        _ if protocol => Finding::fail(":protocol reached an origin that had not announced it"),
        101 if over_1 => Finding::pass("an origin that announces nothing gets HTTP/1.1"),
        101 => Finding::fail("101, and the origin had announced nothing"),
        400..=599 => Finding::pass(format!("an origin that announces nothing: {}", seen.words())),
        _ => Finding::remark(format!("an origin that announces nothing: {}", seen.words())),
    }
    .sent(&seen.sent))
}
