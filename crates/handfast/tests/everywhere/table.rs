//! The table: one list of handshakes, and what each must come to, wherever it enters.

use crate::servers::{WAYS, Way, start};
use crate::wire::{Http2, Reaction, Stream, http1};
use http::Method;

/// A handshake and its verdict.
struct Case {
    name: &'static str,
    /// The lines of the request, without `Host` where `HOST` stands for the server's own.
    lines: Vec<String>,
    wants: Wants,
    /// What is otherwise where hyper reads HTTP/1.1, and why.
    hyper: Option<(Otherwise, &'static str)>,
    /// What is otherwise over HTTP/2, and why.
    http2: Option<(Otherwise, &'static str)>,
}

/// The same verdict over all transports.
#[derive(Clone, Copy)]
enum Wants {
    Opens,
    Refusal(u16, &'static [&'static str]),
}

/// A verdict of one transport's own.
#[derive(Clone, Copy)]
enum Otherwise {
    /// It cannot be sent.
    NotCarried,
    /// The library underneath refuses it, without naming rules.
    RefusedBelow,
    /// The library underneath makes it right.
    Opens,
    /// Another refusal.
    Refusal(u16, &'static [&'static str]),
}

use Otherwise::{NotCarried, RefusedBelow};
use Wants::{Opens, Refusal};

impl Case {
    fn hyper(mut self, otherwise: Otherwise, why: &'static str) -> Self {
        self.hyper = Some((otherwise, why));
        self
    }

    fn http2(mut self, otherwise: Otherwise, why: &'static str) -> Self {
        self.http2 = Some((otherwise, why));
        self
    }

    fn bytes(&self, address: &str) -> Vec<u8> {
        let text: String = self.lines.iter().map(|line| format!("{line}\r\n")).collect();
        (text.replace("HOST", address) + "\r\n").replace("<LF>\r\n", "\n").into_bytes()
    }

    /// As an extended CONNECT: the same without what RFC 8441 takes away.
    fn stream(&self, address: &str) -> Stream {
        let (first, rest) = self.lines.split_first().unwrap();
        let mut first = first.split(' ');
        let (method, target) = (first.next().unwrap(), first.next().unwrap());
        let split = |line: &String| line.replace("HOST", address).split_once(": ").map(own);
        let fields: Vec<(String, String)> = rest.iter().filter_map(split).collect();
        let wants = fields.iter().any(|(name, _)| name.to_ascii_lowercase().starts_with("sec-websocket"));
        let taken = ["host", "upgrade", "connection", "sec-websocket-key"];
        let fields = fields.into_iter().filter(|(name, _)| !taken.contains(&&*name.to_ascii_lowercase()));
        let target = target.strip_prefix("http://HOST").unwrap_or(target);
        Stream {
            method: if wants { Method::CONNECT } else { method.parse().unwrap() },
            protocol: wants.then_some("websocket"),
            uri: format!("http://{address}{target}"),
            fields: fields.collect(),
        }
    }
}

fn own((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// The correct request, changed: `Name: value` replaces the field or adds it, `-Name` takes it away, `+Name: value` adds another
/// line, and the first may be a request line.
fn case(name: &'static str, changes: &[&str], wants: Wants) -> Case {
    let base = [
        "GET /chat HTTP/1.1",
        "Host: HOST",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ];
    let mut lines: Vec<String> = base.map(String::from).to_vec();
    for change in changes {
        let name = |line: &str| line.split(':').next().unwrap().to_ascii_lowercase();
        if let Some(gone) = change.strip_prefix('-') {
            lines.retain(|line| name(line) != gone.to_ascii_lowercase());
        } else if let Some(line) = change.strip_prefix('+') {
            lines.push(line.into());
        } else if change.contains(" HTTP/") {
            lines[0] = (*change).into();
        } else if let Some(at) = lines.iter().position(|line| name(line) == name(change)) {
            lines[at] = (*change).into();
        } else {
            lines.push((*change).into());
        }
    }
    Case { name, lines, wants, hyper: None, http2: None }
}

const NO_UPGRADE: &str =
    "an extended CONNECT has no such field, and a server of HTTP/2 resets streams that have";
const NO_KEY: &str = "the key plays no part";
const BODY: &str = "hyper ends a connection that has a CONNECT with a length";
const NO_LINES: &str = "HTTP/2 has no lines";

fn right() -> Vec<Case> {
    let opens = |name, changes: &[&str]| case(name, changes, Opens);
    vec![
        opens("the correct request", &[]),
        opens(
            "names in other letters",
            &["-Upgrade", "+UPGRADE: WebSocket", "-Connection", "+connection: UPGRADE"],
        ),
        opens("a list in Upgrade", &["Upgrade: h2c, websocket"]),
        opens("a list in Connection", &["Connection: keep-alive, Upgrade"]),
        opens("Connection on two lines", &["Connection: keep-alive", "+Connection: Upgrade"]),
        opens("a page of the same origin", &["Origin: http://HOST"]),
        opens("subprotocols on two lines", &["Sec-WebSocket-Protocol: a, b", "+Sec-WebSocket-Protocol: c"]),
        opens("an unknown extension", &["Sec-WebSocket-Extensions: x-y; z=\"1\""]),
        opens("a full URI as target", &["GET http://HOST/chat HTTP/1.1"]),
        opens("a length of 0", &["Content-Length: 0"]).http2(
            Otherwise::Refusal(400, &["server/body-present"]),
            "a WebSocket's frames are data, and HTTP/2 resets a stream whose data exceeds its length",
        ),
        opens("100-continue", &["Expect: 100-continue"]),
        opens("a key with set pad bits", &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]),
    ]
}

fn wrong() -> Vec<Case> {
    let bad = |name, changes: &[&str], status, rules| case(name, changes, Refusal(status, rules));
    vec![
        bad(
            "a page request",
            &["-Upgrade", "-Connection", "-Sec-WebSocket-Key", "-Sec-WebSocket-Version"],
            426,
            &["server/plain-get-unanswered"],
        )
        .http2(
            Otherwise::Refusal(400, &["server/plain-get-unanswered"]),
            "426 is about upgrades, which HTTP/2 does not have",
        ),
        bad("POST", &["POST /chat HTTP/1.1"], 405, &["server/method-not-get"])
            .http2(NotCarried, "the method is CONNECT"),
        bad("HTTP/1.0", &["GET /chat HTTP/1.0"], 505, &["server/http-version-1-0"])
            .http2(NotCarried, "it is another version"),
        bad("no Host", &["-Host"], 400, &["server/host-missing"]).http2(
            NotCarried,
            "h2's client cannot leave :authority out; the rule has a test without a transport",
        ),
        bad("two Hosts", &["+Host: other.example"], 400, &["server/host-duplicate"]).http2(
            NotCarried,
            ":authority stands in the place of Host; host lines beside it are tested without a transport",
        ),
        bad("a Host that is none", &["Host: a b"], 400, &["server/host-invalid"])
            .http2(NotCarried, "h2's client sends no such :authority"),
        bad("no Upgrade", &["-Upgrade"], 426, &["server/upgrade-missing"]).http2(NotCarried, NO_UPGRADE),
        bad("another Upgrade", &["Upgrade: h2c"], 426, &["server/upgrade-other"])
            .http2(NotCarried, NO_UPGRADE),
        bad("a part of a word in Upgrade", &["Upgrade: websockets"], 426, &["server/upgrade-substring"])
            .http2(NotCarried, NO_UPGRADE),
        bad("no Connection", &["-Connection"], 426, &["server/connection-missing"])
            .http2(NotCarried, NO_UPGRADE),
        bad(
            "Connection without upgrade",
            &["Connection: keep-alive"],
            426,
            &["server/connection-no-upgrade"],
        )
        .http2(NotCarried, NO_UPGRADE),
        bad(
            "Connection with close",
            &["Connection: Upgrade, close"],
            400,
            &["server/connection-close-with-upgrade"],
        )
        .http2(NotCarried, NO_UPGRADE),
        bad("no key", &["-Sec-WebSocket-Key"], 400, &["server/key-missing"]).http2(Otherwise::Opens, NO_KEY),
        bad("a key of 15 bytes", &["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA"], 400, &["server/key-length"])
            .http2(Otherwise::Opens, NO_KEY),
        bad(
            "two keys",
            &["+Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="],
            400,
            &["server/key-duplicate-different"],
        )
        .http2(Otherwise::Opens, NO_KEY),
        bad(
            "a key that is no base64",
            &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!Q=="],
            400,
            &["server/key-alphabet"],
        )
        .http2(Otherwise::Opens, NO_KEY),
        bad(
            "no version",
            &["-Sec-WebSocket-Version", "Sec-WebSocket-Protocol: a"],
            426,
            &["server/version-missing"],
        )
        .http2(Otherwise::Refusal(400, &["server/version-missing"]), "426 is about upgrades"),
        bad("another version", &["Sec-WebSocket-Version: 12"], 426, &["server/version-other"])
            .http2(Otherwise::Refusal(400, &["server/version-other"]), "426 is about upgrades"),
        bad("two versions", &["+Sec-WebSocket-Version: 13"], 426, &["server/version-duplicate"])
            .http2(Otherwise::Refusal(400, &["server/version-duplicate"]), "426 is about upgrades"),
        bad("a body", &["Content-Length: 5"], 400, &["server/body-present"]).http2(RefusedBelow, BODY),
        bad("a body in chunks", &["Transfer-Encoding: chunked"], 400, &["server/body-present"])
            .http2(NotCarried, NO_UPGRADE),
        bad("another expectation", &["Expect: tea"], 417, &["server/expect-continue"]),
        bad("a foreign page", &["Origin: https://evil.example"], 403, &["server/origin-foreign-accepted"]),
        bad("a malformed origin", &["Origin: evil"], 403, &["server/origin-compared-loosely"]),
        bad(
            "two origins",
            &["Origin: http://HOST", "+Origin: http://HOST"],
            403,
            &["server/origin-duplicate"],
        ),
        bad(
            "a subprotocol twice",
            &["Sec-WebSocket-Protocol: a, a"],
            400,
            &["server/subprotocol-offer-duplicate"],
        ),
        bad(
            "a subprotocol that is no token",
            &["Sec-WebSocket-Protocol: a b"],
            400,
            &["server/subprotocol-offer-invalid"],
        ),
        bad(
            "a malformed extension",
            &["Sec-WebSocket-Extensions: x; ="],
            400,
            &["server/extension-offer-malformed"],
        ),
        bad(
            "several faults at once",
            &["Sec-WebSocket-Version: 8", "Origin: null", "Sec-WebSocket-Protocol: ,"],
            426,
            &["server/version-draft", "server/subprotocol-offer-invalid", "server/origin-foreign-accepted"],
        )
        .http2(
            Otherwise::Refusal(
                400,
                &[
                    "server/version-draft",
                    "server/subprotocol-offer-invalid",
                    "server/origin-foreign-accepted",
                ],
            ),
            "426 is about upgrades",
        ),
        bad("a line that ends with LF alone", &["X: y<LF>"], 400, &["server/bare-lf"])
            .hyper(Otherwise::Opens, "hyper takes such lines")
            .http2(NotCarried, NO_LINES),
        bad("a folded line", &["X: y", "+ z"], 400, &["server/obs-fold"])
            .hyper(RefusedBelow, "hyper answers malformed heads itself")
            .http2(NotCarried, NO_LINES),
        bad("a blank before the colon", &["X : y"], 400, &["server/space-before-colon"])
            .hyper(RefusedBelow, "hyper answers malformed heads itself")
            .http2(NotCarried, NO_LINES),
        bad("a fragment in the target", &["GET /chat#x HTTP/1.1"], 400, &["server/target-fragment"])
            .hyper(Otherwise::Opens, "http::Uri drops fragments")
            .http2(NotCarried, "http::Uri drops fragments before they are sent"),
    ]
}

fn check(case: &Case, reaction: Reaction, otherwise: Option<(Otherwise, &str)>, context: &str) {
    let refusal = |status, rules: &[&str]| {
        Reaction::Refuses(status, rules.iter().map(|rule| (*rule).to_owned()).collect())
    };
    let wanted = match (otherwise, case.wants) {
        (None, Opens) | (Some((Otherwise::Opens, _)), _) => Reaction::Opens,
        (None, Refusal(status, rules)) | (Some((Otherwise::Refusal(status, rules), _)), _) => {
            refusal(status, rules)
        }
        (Some((RefusedBelow, why)), _) => {
            let below = matches!(&reaction, Reaction::Resets)
                || matches!(&reaction, Reaction::Refuses(400.., rules) if rules.is_empty());
            assert!(below, "{}, {context}: {reaction:?}, though {why}", case.name);
            return;
        }
        (Some((NotCarried, _)), _) => return,
    };
    assert_eq!(reaction, wanted, "{}, {context}", case.name);
}

#[tokio::test]
async fn every_case_has_the_same_verdict_over_http_1_1_by_every_way() {
    for way in WAYS {
        let address = start(way).await;
        for case in right().into_iter().chain(wrong()) {
            // A layer leaves page requests to the service that it covers.
            if way == Way::Tower && case.name == "a page request" {
                continue;
            }
            let otherwise = case.hyper.filter(|_| way != Way::Own);
            let reaction = http1(address, &case.bytes(&address.to_string())).await;
            check(&case, reaction, otherwise, &format!("HTTP/1.1 by {way:?}"));
        }
    }
}

#[tokio::test]
async fn every_case_that_http_2_can_carry_has_the_same_verdict_by_every_way() {
    for way in WAYS {
        let address = start(way).await;
        let mut http2 = Http2::connect(address).await;
        for case in right().into_iter().chain(wrong()) {
            if matches!(case.http2, Some((NotCarried, _)))
                || (way == Way::Tower && case.name == "a page request")
            {
                continue;
            }
            // What hyper does to a body, handfast's own server does not.
            let otherwise = case.http2.filter(|(_, why)| way != Way::Own || *why != BODY);
            let reaction = http2.react(&case.stream(&address.to_string())).await;
            check(&case, reaction, otherwise, &format!("HTTP/2 by {way:?}"));
            if matches!(case.http2, Some((RefusedBelow, _))) {
                http2 = Http2::connect(address).await;
            }
        }
    }
}
