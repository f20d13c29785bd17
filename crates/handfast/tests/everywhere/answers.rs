//! The table of answers: what the client makes of a server's answer, over HTTP/1.1 and HTTP/2 alike.

use crate::raw::{DATA, END_STREAM, RST_STREAM, Raw, listen};
use crate::wire::soon;
use handfast::error::Http2Fault;
use handfast::proto::handshake::{Accept, Key};
use handfast::{Client, DeflateOptions, Error, Http2, Limits};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// An answer and its verdict.
struct Case {
    name: &'static str,
    /// 101 stands for 200 over HTTP/2.
    status: u16,
    /// Fields beside those that every right answer has; `-name` takes one of those away.
    fields: Vec<(String, String)>,
    /// How many times a 103 comes before.
    interim: usize,
    wants: Outcome,
    http1: Option<(Otherwise, &'static str)>,
    http2: Option<(Otherwise, &'static str)>,
}

/// What one version of HTTP does otherwise, and why.
#[derive(Clone, Debug)]
enum Otherwise {
    NotCarried,
    Outcome(Outcome),
}

/// What the client made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Opens,
    Faulty(Vec<&'static str>),
    Declined(u16),
    Cut,
    Late,
    Http2(Http2Fault),
}

use Otherwise::NotCarried;
use Outcome::{Declined, Opens};

impl Case {
    fn http1(mut self, otherwise: Otherwise, why: &'static str) -> Self {
        self.http1 = Some((otherwise, why));
        self
    }

    fn http2(mut self, otherwise: Otherwise, why: &'static str) -> Self {
        self.http2 = Some((otherwise, why));
        self
    }

    fn wanted(&self, otherwise: Option<&(Otherwise, &'static str)>) -> Option<Outcome> {
        match otherwise {
            None => Some(self.wants.clone()),
            Some((Otherwise::Outcome(outcome), _)) => Some(outcome.clone()),
            Some((NotCarried, _)) => None,
        }
    }

    fn lines(&self, accept: &str) -> Vec<(String, String)> {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let right = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)];
        let is_gone = |name: &str| {
            self.fields.iter().any(|(other, _)| other.trim_start_matches('-').eq_ignore_ascii_case(name))
        };
        let right = right.into_iter().filter(|(name, _)| self.status == 101 && !is_gone(name)).map(own);
        right.chain(self.fields.iter().filter(|(name, _)| !name.starts_with('-')).cloned()).collect()
    }

    async fn answer_http1(&self, listener: TcpListener) {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(tcp.read_u8().await.unwrap());
        }
        let request = String::from_utf8(request).unwrap();
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let accept = Accept::derive(&Key::parse(key.as_bytes()).unwrap());
        let mut head = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(self.interim);
        head += &format!("HTTP/1.1 {} x\r\n", self.status);
        for (name, value) in self.lines(accept.as_str()) {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        // A client that has heard enough closes.
        let _ = tcp.write_all(head.as_bytes()).await;
        let mut hi = [0; 8];
        if self.status == 101 && tcp.read_exact(&mut hi).await.is_ok() {
            assert_eq!(hi[..2], [0x81, 0x82]);
            tcp.write_all(b"\x81\x02hi").await.unwrap();
            let _ = tcp.read_u8().await;
        }
    }

    async fn answer_http2(&self, listener: TcpListener) {
        let (mut raw, stream) = Raw::accept_request(&listener).await;
        for _ in 0..self.interim {
            raw.headers(stream, 0, &[(":status", "103")]).await;
        }
        let status = if self.status == 101 { 200 } else { self.status }.to_string();
        let fields: Vec<(String, String)> =
            self.fields.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
        let fields = fields.iter().map(|(name, value)| (&**name, &**value));
        let fields: Vec<(&str, &str)> = [(":status", &*status)].into_iter().chain(fields).collect();
        let flags = if matches!(self.status, 101 | 204) { 0 } else { END_STREAM };
        raw.headers(stream, flags, &fields).await;
        // A client that refuses resets its stream, and has sent no data on it.
        match raw.next().await {
            Some(frame) if frame.kind == DATA => {
                assert_eq!(frame.payload[..2], [0x81, 0x82]);
                raw.write(DATA, 0, stream, b"\x81\x02hi").await;
                raw.next().await;
            }
            Some(frame) if frame.kind == RST_STREAM => assert_eq!(frame.stream, stream),
            _ => {}
        }
    }
}

fn case(name: &'static str, status: u16, fields: &[(&str, &str)], wants: Outcome) -> Case {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Case { name, status, fields, interim: 0, wants, http1: None, http2: None }
}

fn faulty(rules: &[&'static str]) -> Outcome {
    Outcome::Faulty(rules.to_vec())
}

const NO_UPGRADE: &str = "nothing is upgraded over HTTP/2";
const NO_KEY: &str = "the key plays no part over HTTP/2";
const BELOW: &str = "the h2 crate resets the stream, and keeps what came to itself";
const AGREED: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

fn cases() -> Vec<Case> {
    let opens = |name, fields: &[(&str, &str)]| case(name, 101, fields, Opens);
    let bad = |name, fields: &[(&str, &str)], rule| case(name, 101, fields, faulty(&[rule]));
    let declined = |name, status, fields: &[(&str, &str)]| case(name, status, fields, Declined(status));
    let malformed = || Otherwise::Outcome(faulty(&["client/h2-answer-misjudged"]));
    let many: Vec<(String, String)> = (0..200).map(|n| (format!("x-{n}"), "y".to_owned())).collect();
    let large: Vec<(String, String)> = (0..9).map(|n| (format!("x-{n}"), "y".repeat(8 << 10))).collect();
    vec![
        opens("the right answer", &[]),
        opens("one of the subprotocols", &[("Sec-WebSocket-Protocol", "chat")]),
        opens("the extension", &[("Sec-WebSocket-Extensions", AGREED)]),
        opens("fields of the server's own", &[("Set-Cookie", "a=b"), ("Server", "x")]),
        Case { interim: 3, ..opens("interim answers before it", &[]) },
        case("another 2xx", 204, &[], Opens)
            .http1(Otherwise::Outcome(Declined(204)), "only a 101 switches protocols"),
        bad("another subprotocol", &[("Sec-WebSocket-Protocol", "x")], "client/subprotocol-unoffered-opens"),
        bad("an empty subprotocol", &[("Sec-WebSocket-Protocol", "")], "client/subprotocol-unoffered-opens"),
        bad(
            "two subprotocols",
            &[("Sec-WebSocket-Protocol", "chat, more")],
            "client/subprotocol-several-opens",
        ),
        bad("another extension", &[("Sec-WebSocket-Extensions", "x")], "client/extension-unoffered-opens"),
        bad(
            "an extension outside the grammar",
            &[("Sec-WebSocket-Extensions", "x; =")],
            "client/extension-answer-malformed-opens",
        ),
        bad(
            "an unknown parameter",
            &[("Sec-WebSocket-Extensions", &format!("{AGREED}; x"))],
            "client/deflate-answer-parameter-opens",
        ),
        bad(
            "a demand that is not met",
            &[("Sec-WebSocket-Extensions", "permessage-deflate")],
            "client/deflate-unasked-limit-opens",
        ),
        bad(
            "an extension twice",
            &[("Sec-WebSocket-Extensions", &format!("{AGREED}, {AGREED}"))],
            "client/deflate-answered-twice-opens",
        ),
        case(
            "two faults at once",
            101,
            &[("Sec-WebSocket-Protocol", "x"), ("Sec-WebSocket-Extensions", "x")],
            faulty(&["client/subprotocol-unoffered-opens", "client/extension-unoffered-opens"]),
        ),
        bad("no Upgrade", &[("-Upgrade", "")], "client/upgrade-missing-opens").http2(NotCarried, NO_UPGRADE),
        bad("no Connection", &[("-Connection", "")], "client/connection-wrong-opens")
            .http2(NotCarried, NO_UPGRADE),
        bad("no accept value", &[("-Sec-WebSocket-Accept", "")], "client/accept-missing-opens")
            .http2(NotCarried, NO_KEY),
        bad(
            "the accept value of another key",
            &[("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")],
            "client/accept-wrong-opens",
        )
        .http2(Otherwise::Outcome(Opens), NO_KEY),
        opens("a field of the connection", &[("Keep-Alive", "5")]).http2(malformed(), BELOW),
        opens("upgrade where nothing is upgraded", &[("Connection", "upgrade")]).http2(malformed(), BELOW),
        Case { interim: 17, ..bad("interim answers without end", &[], "client/head-endless") },
        Case { fields: many, ..bad("too many fields", &[], "client/head-endless") },
        Case { fields: large, ..bad("a head that is too large", &[], "client/head-endless") },
        declined("a refusal", 403, &[]),
        declined("a redirect", 302, &[("Location", "/x")]),
        declined("a demand for credentials", 401, &[("WWW-Authenticate", "Basic")]),
        declined("a server that cannot", 503, &[("Retry-After", "1")]),
    ]
}

fn client(uri: &str, http2: Http2) -> Client {
    let limits = Limits { handshake_timeout: Duration::from_secs(20), ..Limits::default() };
    Client::new(uri)
        .and_then(|client| client.subprotocol("chat"))
        .unwrap()
        .deflate(DeflateOptions::default())
        .limits(limits)
        .http2(http2)
}

async fn outcome(client: Client) -> Outcome {
    match soon(client.connect()).await {
        Ok(mut ws) => {
            // Sent as it is, so that the other end can read it.
            ws.send_uncompressed("hi").await.unwrap();
            assert_eq!(soon(ws.recv()).await.unwrap().unwrap().as_text(), Some("hi"));
            Opens
        }
        Err(Error::FaultyAnswer(answer)) => {
            Outcome::Faulty(answer.faults().iter().map(|fault| fault.rule().id).collect())
        }
        Err(Error::Declined(declined)) => Declined(declined.status()),
        Err(Error::HandshakeCut(_)) => Outcome::Cut,
        Err(Error::Timeout { .. }) => Outcome::Late,
        Err(Error::Http2(fault)) => Outcome::Http2(*fault),
        Err(other) => panic!("{other:?}"),
    }
}

// rule: client/h2-answer-misjudged client/h2-data-before-answer
#[tokio::test]
async fn every_answer_has_the_same_verdict_over_http_1_1_and_http_2() {
    for case in cases() {
        if let Some(wanted) = case.wanted(case.http1.as_ref()) {
            let (listener, address) = listen().await;
            let client = client(&format!("ws://{address}/"), Http2::Never);
            let (got, ()) = tokio::join!(outcome(client), case.answer_http1(listener));
            assert_eq!(got, wanted, "{}, HTTP/1.1", case.name);
        }
        if let Some(wanted) = case.wanted(case.http2.as_ref()) {
            let (listener, address) = listen().await;
            let client = client(&format!("ws://{address}/"), Http2::Require);
            let (got, ()) = tokio::join!(outcome(client), case.answer_http2(listener));
            assert_eq!(got, wanted, "{}, HTTP/2", case.name);
        }
    }
}
