//! Rules that one request shows.

use std::sync::Arc;

use super::probe::Http2;
use crate::finding::{Finding, Judged, worst};
use crate::report::Verdict;
use crate::wire::h2::blocks::Field;
use crate::wire::h2::exchange::{add, set, without};
use crate::wire::h2::session::Session;

pub(crate) async fn correct(http2: Arc<Http2>) -> Judged {
    let mut exchange = http2.exchange(http2.base()).await?;
    let finding = match http2.opened(&mut exchange).await {
        Ok(()) => Finding::pass(format!("{}, and the stream speaks WebSocket", exchange.words())),
        Err(words) => Finding::fail(words),
    };
    Ok(finding.sent(&exchange.sent()))
}

pub(crate) async fn no_101(http2: Arc<Http2>) -> Judged {
    let exchange = http2.exchange(http2.base()).await?;
    let words = exchange.words();
    let is_101 = exchange.seen().interim.contains(&101);
    Ok(if is_101 { Finding::fail(words) } else { Finding::pass(words) }.sent(&exchange.sent()))
}

pub(crate) async fn key(http2: Arc<Http2>) -> Judged {
    let mut findings = Vec::new();
    let fresh = crate::expect::fresh_key();
    for (form, key) in
        [("without a key", None), ("with a key", Some(fresh.as_str())), ("with the key x", Some("x"))]
    {
        let fields = match key {
            None => http2.base(),
            Some(key) => add(http2.base(), "sec-websocket-key", key),
        };
        let mut exchange = http2.exchange(fields).await?;
        let opened = http2.opened(&mut exchange).await;
        let accept = exchange.seen().all("sec-websocket-accept").count() > 0;
        let finding = match opened {
            Ok(()) if accept => Finding::remark("2xx with sec-websocket-accept, which has no meaning here"),
            Ok(()) => Finding::pass(exchange.words()),
            Err(words) if key == Some("x") => Finding::remark(words),
            Err(words) => Finding::fail(words),
        };
        findings.push(finding.about(form).sent(&exchange.sent()));
    }
    Ok(worst(findings))
}

pub(crate) async fn version(http2: Arc<Http2>) -> Judged {
    let name = "sec-websocket-version";
    let unknown = http2.exchange(set(http2.base(), name, "25")).await?;
    let mut finding = http2.refused(&unknown);
    let seen = unknown.seen();
    let lists = seen.all(name).flat_map(|line| line.split(',')).any(|one| one.trim() == "13");
    if finding.verdict == Verdict::Pass && !lists {
        finding = Finding::fail(format!("{} without sec-websocket-version: 13", finding.text));
    }
    let missing = http2.exchange(without(http2.base(), name)).await?;
    Ok(worst(vec![
        finding.about("version 25").sent(&unknown.sent()),
        http2.refused(&missing).about("no version").sent(&missing.sent()),
    ]))
}

/// Each of these must be refused as malformed.
async fn each_malformed(http2: &Http2, forms: Vec<(&str, Vec<Field>)>, statuses: &[u16]) -> Judged {
    let mut findings = Vec::new();
    for (form, fields) in forms {
        let exchange = http2.exchange(fields).await?;
        findings.push(http2.malformed(&exchange, statuses).about(form).sent(&exchange.sent()));
    }
    Ok(worst(findings))
}

pub(crate) async fn incomplete(http2: Arc<Http2>) -> Judged {
    let mut findings = Vec::new();
    for (form, fields) in [
        ("no :path", without(http2.base(), ":path")),
        ("no :scheme", without(http2.base(), ":scheme")),
        ("no :authority", without(http2.base(), ":authority")),
        ("an empty :path", set(http2.base(), ":path", "")),
    ] {
        // Beside a stream that is open already: it must not notice.
        let mut exchange = http2.exchange(http2.base()).await?;
        let first = exchange.stream;
        if http2.opened(&mut exchange).await.is_err() {
            findings.push(Finding::open(format!("{form}: the stream beside it did not open")));
            continue;
        }
        if let Err(withheld) = exchange.session.allows(2) {
            findings.push(Finding::from(withheld).about(form));
            continue;
        }
        exchange.stream = exchange.session.request(&fields).await;
        exchange.fields = fields;
        let (stream, limit) = (exchange.stream, http2.context.options.timeout);
        let decided = |session: &Session| session.seen(stream).decided() || session.goaway.is_some();
        exchange.session.until(limit, decided).await;
        let mut finding = http2.malformed(&exchange, &[400]);
        let data = exchange.session.seen(first).data.len();
        if let Err(withheld) = exchange.session.frame(first, crate::wire::frame::PING, b"beside").await {
            findings.push(Finding::from(withheld).about(form));
        }
        let quiet = http2.context.options.quiet;
        exchange.session.until(quiet, |session| session.seen(first).data.len() > data).await;
        let untouched = exchange.session.seen(first);
        let disturbed = untouched.reset.is_some()
            || untouched.ended
            || exchange.session.goaway.is_some()
            || exchange.session.closed;
        if disturbed {
            finding = Finding::fail(format!("{}, and the stream beside it ended", exchange.words()));
        }
        findings.push(finding.about(form).sent(&exchange.sent()));
    }
    Ok(worst(findings))
}

pub(crate) async fn misplaced(http2: Arc<Http2>) -> Judged {
    let twice = {
        let mut fields = http2.base();
        fields.insert(2, (":protocol".to_owned(), "websocket".to_owned()));
        fields
    };
    let late = add(without(http2.base(), ":protocol"), ":protocol", "websocket");
    let forms = vec![
        (":method GET", set(http2.base(), ":method", "GET")),
        ("two :protocol fields", twice),
        (":protocol behind another field", late),
    ];
    each_malformed(&http2, forms, &[400]).await
}

pub(crate) async fn unannounced(http2: Arc<Http2>) -> Judged {
    let exchange = http2.exchange(http2.base()).await?;
    Ok(http2.refused(&exchange).sent(&exchange.sent()))
}

/// Fields that HTTP/2 does not have (RFC 9113 section 8.2.2).
const OF_HTTP_1: [&str; 5] = ["connection", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding"];

pub(crate) async fn connection_fields(http2: Arc<Http2>) -> Judged {
    let forms = vec![
        ("connection: upgrade", add(http2.base(), "connection", "upgrade")),
        ("upgrade: websocket", add(http2.base(), "upgrade", "websocket")),
    ];
    let request = each_malformed(&http2, forms, &[400]).await?;
    let exchange = http2.exchange(http2.base()).await?;
    let seen = exchange.seen();
    let came: Vec<&str> = OF_HTTP_1.into_iter().filter(|name| seen.all(name).count() > 0).collect();
    let answer = match came.is_empty() {
        true => Finding::pass("no such field in the answer"),
        false => Finding::fail(format!("the answer has {}", came.join(", "))),
    };
    Ok(worst(vec![request, answer.sent(&exchange.sent())]))
}

pub(crate) async fn host(http2: Arc<Http2>) -> Judged {
    let forms = vec![("host: other.example", add(http2.base(), "host", "other.example"))];
    each_malformed(&http2, forms, &[400, 421]).await
}

pub(crate) async fn length(http2: Arc<Http2>) -> Judged {
    let exchange = http2.exchange(http2.base()).await?;
    let seen = exchange.seen();
    let finding = match seen.all("content-length").next() {
        Some(value) => Finding::fail(format!("{} with content-length: {value}", exchange.words())),
        None => Finding::pass(format!("{} without content-length", exchange.words())),
    };
    Ok(finding.sent(&exchange.sent()))
}
