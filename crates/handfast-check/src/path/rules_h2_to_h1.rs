//! The device turns the extended CONNECT of a client into a handshake of HTTP/1.1.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::carried::carried;
use super::context::{Context, GOOD};
use super::http2::Bridged;
use super::origin::{Arrival, End, Step};
use crate::expect;
use crate::finding::{Finding, Judged, all_told};
use crate::wire::frame::{self, MASK};
use crate::wire::h2;
use crate::wire::h2::blocks::Field;
use crate::wire::h2::exchange::add;
use crate::wire::h2::session::{Seen, Session};

/// How many handshakes show whether keys are fresh.
const KEYS: usize = 16;
const BODY: &str = "handfast refuses for a reason";

pub(crate) async fn bridge(context: Arc<Context>) -> Judged {
    let token = context.accepting(vec![Step::Send(GOOD.into()), Step::Echo]);
    let first = context.bridge(&token, context.base2(&token)).await?;
    match &first.arrival {
        None => {
            let text = format!(
                "WebSocket over HTTP/2 is announced, but the extended CONNECT did not reach the origin: {}",
                first.client.words()
            );
            let finding = if context.arrived.is_some() { Finding::fail(text) } else { Finding::open(text) };
            return Ok(finding.sent(&first.client.sent()));
        }
        Some(arrival) if arrival.http2 => {
            return Ok(Finding::skipped("the device speaks HTTP/2 to the origin, too: it bridges nothing"));
        }
        Some(_) => {}
    }
    let mut findings = vec![handshake(&context).await?, keys(&context).await?, own_key(&context).await?];
    findings.extend(unproven(&context).await?);
    findings.extend(refusals(&context).await?);
    if first.opened() {
        findings.push(data(&context).await.unwrap_or_else(|finding| finding));
        findings.extend(ends(&context).await.unwrap_or_else(|finding| vec![finding]));
    }
    Ok(all_told(findings))
}

/// Every field of the request and of the answer.
async fn handshake(context: &Context) -> Judged {
    let good = GOOD.replace(
        "\r\n\r\n",
        "\r\n{protocol}{extension}Set-Cookie: handfast_a=1\r\nSet-Cookie: handfast_b=2\r\n\r\n",
    );
    let token = context.accepting(vec![Step::Send(good.into()), Step::Echo]);
    let mut fields = context.base2(&token);
    for (name, value) in [
        ("sec-websocket-protocol", "chat"),
        ("sec-websocket-extensions", "permessage-deflate"),
        ("cookie", "handfast_a=1"),
        ("cookie", "handfast_b=2"),
    ] {
        fields = add(fields, name, value);
    }
    let bridged = context.bridge(&token, fields).await?;
    let mut wrong = match &bridged.arrival {
        Some(arrival) => request(context, &token, arrival, &bridged),
        None => vec!["nothing reached the origin".to_owned()],
    };
    wrong.extend(answer(&bridged));
    let finding = if !wrong.is_empty() {
        Finding::fail(wrong.join("; "))
    } else if bridged.seen().all("sec-websocket-accept").count() > 0 {
        Finding::remark("sec-websocket-accept, which means nothing over HTTP/2, came to the client")
    } else {
        Finding::pass("a complete handshake of HTTP/1.1, and 200 without its fields")
    };
    Ok(finding.sent(&bridged.client.sent()))
}

/// What is wrong with the request that reached the origin.
fn request(context: &Context, token: &str, arrival: &Arrival, bridged: &Bridged) -> Vec<String> {
    let mut wrong = Vec::new();
    let head = &arrival.head;
    let sent = |name: &str| {
        let mut values = bridged.client.fields.iter().filter(|(other, _)| other == name);
        values.next().map(|(_, value)| value.clone()).unwrap_or_default()
    };
    // A device may send elsewhere and under another name what it does not bridge, too: then that is right here.
    let (target, host) = match &context.arrived {
        Some(base) => (
            base.target().replace(&base.token, token),
            base.head.first(if base.http2 { ":authority" } else { "Host" }).unwrap_or_default().to_owned(),
        ),
        None => (sent(":path"), sent(":authority")),
    };
    let line = format!("GET {target} HTTP/1.1");
    if head.first_line != line.as_bytes() {
        wrong.push(format!("the request line is {}, wanted was {line}", head.line()));
    }
    for (name, wanted) in [
        ("Host", host.as_str()),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Protocol", "chat"),
        ("Sec-WebSocket-Extensions", "permessage-deflate"),
        ("Cookie", "handfast_a=1; handfast_b=2"),
    ] {
        let came: Vec<&str> = head.all(name).collect();
        if came != [wanted] {
            wrong.push(format!("{name} is [{}], wanted was {wanted}", came.join(" | ")));
        }
    }
    if !head.lists("Upgrade", "websocket") {
        wrong.push("Upgrade: websocket is missing".to_owned());
    }
    if !head.lists("Connection", "upgrade") {
        wrong.push("Connection does not list upgrade".to_owned());
    }
    wrong.extend(key(arrival).err());
    for name in ["Content-Length", "Transfer-Encoding"] {
        wrong.extend(head.first(name).map(|value| format!("{name}: {value} was added")));
    }
    wrong
}

/// The one valid key of the request, or what is wrong.
fn key(arrival: &Arrival) -> Result<String, String> {
    let keys: Vec<&str> = arrival.head.all("Sec-WebSocket-Key").collect();
    match keys.as_slice() {
        [key] if expect::is_key(key) => Ok((*key).to_owned()),
        [] => Err("Sec-WebSocket-Key is missing".to_owned()),
        [key] => Err(format!("the key {key} is not 16 bytes in base64")),
        keys => Err(format!("{} keys reached the origin: {}", keys.len(), keys.join(" | "))),
    }
}

/// What is wrong with the answer that the client got for the 101.
fn answer(bridged: &Bridged) -> Vec<String> {
    let seen = bridged.seen();
    if !bridged.opened() {
        let end = if seen.ended_at_once { " with END_STREAM" } else { "" };
        return vec![format!("the origin's 101 became {}{end}", bridged.client.words())];
    }
    let mut wrong = of_http_1(&seen);
    if seen.status != Some(200) {
        wrong.push(format!("the origin's 101 became {}, not 200", bridged.client.words()));
    }
    for (name, wanted) in
        [("sec-websocket-protocol", "chat"), ("sec-websocket-extensions", "permessage-deflate")]
    {
        let came: Vec<&str> = seen.all(name).collect();
        if came != [wanted] {
            wrong.push(format!("{name} of the answer is [{}], sent was {wanted}", came.join(" | ")));
        }
    }
    for cookie in ["handfast_a=1", "handfast_b=2"] {
        if !seen.all("set-cookie").any(|value| value == cookie) {
            wrong.push(format!("Set-Cookie: {cookie} is missing"));
        }
    }
    wrong
}

/// The fields of an answer that HTTP/2 has no place for.
fn of_http_1(seen: &Seen) -> Vec<String> {
    ["connection", "upgrade", "keep-alive", "transfer-encoding"]
        .iter()
        .filter(|name| seen.all(name).count() > 0)
        .map(|name| format!("{name} came to the client"))
        .chain(
            (seen.succeeded() && seen.all("content-length").count() > 0)
                .then(|| "content-length came to the client with a stream that has no length".to_owned()),
        )
        .collect()
}

/// Many handshakes at once on one connection: each a key of its own, and each the answer of its own.
async fn keys(context: &Context) -> Judged {
    let mut session = context.session().await?;
    let form = format!("{KEYS} handshakes on one connection");
    if let Err(withheld) = session.allows(KEYS) {
        return Ok(Finding::from(withheld).about(&form));
    }
    let requests: Vec<(String, Vec<Field>)> = (0..KEYS)
        .map(|_| context.accepting(vec![Step::Send(GOOD.into()), Step::Echo]))
        .map(|token| (token.clone(), context.base2(&token)))
        .collect();
    let all: Vec<&[Field]> = requests.iter().map(|(_, fields)| fields.as_slice()).collect();
    let streams = context.answers(&mut session, &all).await;
    let mut keys = BTreeSet::new();
    for ((token, _), stream) in requests.iter().zip(streams) {
        let words = session.words(stream);
        let Some(arrival) = context.origin.arrival(token) else {
            let text = format!("one did not reach the origin, and got {words}");
            return Ok(Finding::open(text).about(&form));
        };
        match key(&arrival) {
            Err(wrong) => return Ok(Finding::fail(wrong).about(&form)),
            Ok(key) if !keys.insert(key.clone()) => {
                return Ok(Finding::fail(format!("two with the key {key}")).about(&form));
            }
            Ok(_) if !session.seen(stream).succeeded() => {
                return Ok(Finding::fail(format!("{words} for one of them")).about(&form));
            }
            Ok(_) => {}
        }
    }
    Ok(Finding::pass("each with a valid key of its own").about(&form))
}

/// A key of the client means nothing over HTTP/2: it must be neither used nor sent on.
async fn own_key(context: &Context) -> Judged {
    let token = context.accepting(vec![Step::Send(GOOD.into()), Step::Echo]);
    let own = expect::fresh_key();
    let bridged = context.bridge(&token, add(context.base2(&token), "sec-websocket-key", &own)).await?;
    let words = bridged.client.words();
    Ok(match &bridged.arrival {
        None => Finding::pass(format!("a client's key: refused by the device itself: {words}")),
        Some(arrival) => match key(arrival) {
            Ok(key) if key == own => Finding::fail("the client's own sec-websocket-key was copied"),
            Ok(_) => Finding::pass("a client's key is replaced"),
            Err(wrong) => Finding::fail(wrong).about("a client's key"),
        },
    }
    .sent(&bridged.client.sent()))
}

/// Answers that prove no WebSocket.
async fn unproven(context: &Context) -> Result<Vec<Finding>, Finding> {
    let wrong = GOOD.replace("{accept}", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    let none = GOOD.replace("Sec-WebSocket-Accept: {accept}\r\n", "");
    let other = GOOD.replace("Upgrade: websocket", "Upgrade: h2c");
    let ok = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok".to_owned();
    let mut findings = Vec::new();
    for (form, answer) in [
        ("a wrong accept", wrong),
        ("no accept", none),
        ("Upgrade: h2c in the 101", other),
        ("200 for 101", ok),
    ] {
        let token = context.always(vec![Step::Send(answer.into()), Step::Listen(context.options.quiet * 3)]);
        let bridged = context.bridge(&token, context.base2(&token)).await?;
        let (seen, words) = (bridged.seen(), bridged.client.words());
        let finding = match (seen.status, seen.reset) {
            (None, _) if bridged.client.session.goaway.is_some() => Finding::fail(words),
            (Some(200..=299), _) => Finding::fail(format!("it became {words}, as if it had opened")),
            _ if seen.interim.contains(&101) => Finding::fail(words),
            (Some(400..=599), _) | (None, Some(_)) => Finding::pass(words),
            (Some(_), _) => Finding::remark(words),
            (None, None) => Finding::fail(words),
        };
        findings.push(finding.about(form).sent(&bridged.client.sent()));
    }
    Ok(findings)
}

/// Refusals with a body: the client should learn why.
async fn refusals(context: &Context) -> Result<Vec<Finding>, Finding> {
    let mut findings = Vec::new();
    for (status, line, name, value) in [
        (426, "Upgrade Required", "sec-websocket-version", "13"),
        (401, "Unauthorized", "www-authenticate", "Basic realm=\"handfast\""),
    ] {
        let more = if status == 426 { "Upgrade: websocket\r\nConnection: Upgrade\r\n" } else { "" };
        let length = BODY.len();
        let answer = format!(
            "HTTP/1.1 {status} {line}\r\n{more}{name}: {value}\r\nContent-Type: text/plain\r\n\
             Content-Length: {length}\r\n\r\n{BODY}"
        );
        let token = context.always(vec![Step::Send(answer.into()), Step::Next]);
        let mut bridged = context.bridge(&token, context.base2(&token)).await?;
        let stream = bridged.client.stream;
        let over = |session: &Session| {
            let seen = session.seen(stream);
            seen.ended || seen.reset.is_some()
        };
        bridged.client.session.until(context.patience(), over).await;
        let (seen, words) = (bridged.seen(), bridged.client.words());
        let finding = if seen.succeeded() || seen.interim.contains(&101) {
            Finding::fail(format!("it became {words}"))
        } else if seen.status != Some(status) {
            Finding::remark(format!("it became {words}: the client does not learn why"))
        } else if let [wrong, ..] = of_http_1(&seen).as_slice() {
            Finding::fail(wrong.as_str())
        } else if seen.data != BODY.as_bytes() {
            Finding::remark("its body did not arrive whole")
        } else if !seen.all(name).any(|came| came == value) {
            Finding::remark(format!("its {name} did not arrive"))
        } else {
            Finding::pass("it arrived whole")
        };
        findings.push(finding.about(&format!("the origin's {status}")).sent(&bridged.client.sent()));
    }
    Ok(findings)
}

/// An open stream to this script.
async fn open(context: &Context, steps: Vec<Step>) -> Result<(Bridged, Arc<Arrival>), Finding> {
    let token = context.accepting(steps);
    let bridged = context.bridge(&token, context.base2(&token)).await?;
    match &bridged.arrival {
        Some(arrival) if bridged.opened() => {
            let arrival = Arc::clone(arrival);
            Ok((bridged, arrival))
        }
        _ => Err(Finding::open(format!("this time no stream opened: {}", bridged.client.words()))
            .sent(&bridged.client.sent())),
    }
}

/// Frames both ways, those of the origin glued to its 101.
async fn data(context: &Context) -> Judged {
    let glued = frame::write(frame::PING, b"with the 101", None);
    let script = vec![Step::Send([GOOD.as_bytes(), &glued].concat()), Step::Echo];
    let (mut bridged, arrival) = open(context, script).await?;
    let text = "text, \u{fc}".as_bytes();
    let long = [b'x'; 9_000];
    let sent = [
        frame::write(frame::TEXT, text, Some(MASK)),
        frame::write(2, &long, Some(MASK)),
        frame::write(frame::PING, b"from the client", Some(MASK)),
    ]
    .concat();
    let wanted = [
        glued,
        frame::write(frame::TEXT, text, None),
        frame::write(2, &long, None),
        frame::write(frame::PONG, b"from the client", None),
    ]
    .concat();
    let (stream, session) = (bridged.client.stream, &mut bridged.client.session);
    // Frames of HTTP/2 that end within those of WebSocket.
    for part in sent.chunks(4_001) {
        session.data(stream, part).await?;
    }
    session.until(context.patience(), |session| session.seen(stream).data.len() >= wanted.len()).await;
    let came = session.seen(stream).data;
    let arrived = arrival.later.lock().expect("no holder panics").clone();
    Ok(carried((&arrived, &sent), (&came, &wanted)).sent(&bridged.client.sent()))
}

/// Ends of every kind, each on both ends.
async fn ends(context: &Context) -> Result<Vec<Finding>, Finding> {
    let limit = context.patience();
    let close = frame::close_payload(1000);
    let (from_client, from_origin) =
        (frame::write(frame::CLOSE, &close, Some(MASK)), frame::write(frame::CLOSE, &close, None));
    let echo = || vec![Step::Send(GOOD.into()), Step::Echo];
    let mut findings = Vec::new();

    let (mut bridged, _) = open(context, echo()).await?;
    let stream = bridged.client.stream;
    bridged.client.session.data(stream, &from_client).await?;
    findings.push(closed(context, &mut bridged, &from_origin).await.about("the client closes"));

    let script = vec![Step::Send(GOOD.into()), Step::Send(from_origin.clone())];
    let (mut bridged, _) = open(context, script).await?;
    findings.push(closed(context, &mut bridged, &from_origin).await.about("the origin closes"));

    let (mut bridged, arrival) = open(context, echo()).await?;
    bridged.client.session.end(bridged.client.stream).await;
    let end = context.origin.wait(limit, || arrival.ended()).await;
    findings.push(
        match end {
            Some(End::Orderly) => Finding::pass("END_STREAM of the client: the end of the connection"),
            Some(End::Abrupt) => Finding::fail("END_STREAM of the client became a reset at the origin"),
            None => Finding::fail("END_STREAM of the client did not reach the origin"),
        }
        .sent(&bridged.client.sent()),
    );

    let (mut bridged, arrival) = open(context, echo()).await?;
    let token = context.accepting(echo());
    let fields = context.base2(&token);
    let (first, session) = (bridged.client.stream, &mut bridged.client.session);
    if let Err(withheld) = session.allows(2) {
        findings.push(withheld.into());
        return Ok(findings);
    }
    let second = context.answers(session, &[&fields]).await[0];
    if !session.seen(second).succeeded() {
        let text = format!("no second stream opened beside another: {}", session.words(second));
        findings.push(Finding::open(text).sent(&bridged.client.sent()));
        return Ok(findings);
    }
    session.reset(first, h2::CANCEL).await;
    let ended = context.origin.wait(limit, || arrival.ended()).await.is_some();
    let sent = session.frame(second, frame::TEXT, b"alive").await;
    let alive = frame::write(frame::TEXT, b"alive", None);
    let lives = session.until(limit, |session| session.seen(second).data == alive).await;
    findings.push(
        match (ended, sent, lives) {
            (false, ..) => Finding::fail("RST_STREAM of the client did not reach the origin"),
            (true, Err(withheld), _) => Finding::from(withheld),
            (true, Ok(()), false) => Finding::fail("RST_STREAM of one stream ended another"),
            (true, Ok(()), true) => Finding::pass("RST_STREAM ended its connection and no other"),
        }
        .sent(&bridged.client.sent()),
    );
    Ok(findings)
}

/// The origin's close frame and the end behind it, as they came to the client.
async fn closed(context: &Context, bridged: &mut Bridged, frame: &[u8]) -> Finding {
    let stream = bridged.client.stream;
    let over = |session: &Session| {
        let seen = session.seen(stream);
        seen.ended || seen.reset.is_some()
    };
    bridged.client.session.until(context.patience(), over).await;
    let seen = bridged.seen();
    if seen.data != frame {
        Finding::fail("the close frame of the origin did not come to the client")
    } else if seen.ended {
        Finding::pass("the close frame and END_STREAM came to the client")
    } else {
        let how = seen.reset.map_or("nothing".to_owned(), |code| format!("RST_STREAM with code {code}"));
        Finding::fail(format!("the origin's close frame came, but {how} instead of END_STREAM"))
    }
    .sent(&bridged.client.sent())
}
