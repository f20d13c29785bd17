//! The one table of answers, right and wrong.

use std::time::Duration;

use super::case::{Case, Expect, GOOD, Manner, Offers};

const ACCEPT_LINE: &str = "Sec-WebSocket-Accept: {accept}\r\n";
const STATUS_LINE: &str = "HTTP/1.1 101 Switching Protocols\r\n";
const CONNECTION: &str = "Connection: Upgrade\r\n";
const UPGRADE: &str = "Upgrade: websocket\r\n";
/// A ping with the payload `hi`.
const PING_HI: &[u8] = b"\x89\x02hi";

/// The rule that GOOD is judged under: nothing else makes sense where it does not open.
pub(crate) const BASE: &str = "client/accept-wrong-opens";

fn swap(what: &str, with: &str) -> String {
    assert!(GOOD.contains(what), "GOOD holds what a case replaces");
    GOOD.replace(what, with)
}

fn add(line: &str) -> String {
    GOOD.replacen("{protocol}", &format!("{{protocol}}{line}\r\n"), 1)
}

fn extension(value: &str) -> String {
    add(&format!("Sec-WebSocket-Extensions: {value}"))
}

fn protocol(lines: &str) -> String {
    GOOD.replace("{protocol}", lines)
}

/// All cases.
pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    http(&mut all);
    fields(&mut all);
    accept(&mut all);
    negotiation(&mut all);
    stream(&mut all);
    all
}

fn http(all: &mut Vec<Case>) {
    for status in ["200 OK", "204 No Content", "400 No", "403 No", "404 No", "426 No", "500 No", "503 No"] {
        let answer = swap("101 Switching Protocols", status);
        all.push(Case::answer("client/status-not-101-opens", status, Expect::Fails, answer));
    }
    let answer = "HTTP/1.1 100 Continue\r\n\r\n";
    all.push(Case::answer("client/status-not-101-opens", "100 and a close", Expect::Fails, answer));
    for (label, before) in [
        ("100 first", "HTTP/1.1 100 Continue\r\n\r\n".to_owned()),
        ("103 first", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".to_owned()),
        ("five times 103 first", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(5)),
    ] {
        all.push(Case::answer("client/informational-refused", label, Expect::Opens, before + GOOD));
    }
    for line in [
        "ICY 101 OK",
        "HTTP/1.1 0101 x",
        "HTTP/1.1 1010 x",
        "HTTP/2 101 x",
        "HTTP/1.1101 x",
        "x HTTP/1.1 101 x",
    ] {
        let answer = swap(STATUS_LINE, &format!("{line}\r\n"));
        all.push(Case::answer("client/status-line-malformed-opens", line, Expect::Fails, answer));
    }
    let answer = swap("HTTP/1.1", "HTTP/1.0");
    all.push(Case::answer("client/http-1-0-opens", "HTTP/1.0", Expect::FailsOrRemark, answer));
    for (label, answer) in [
        ("the accept behind a lone CR", swap(ACCEPT_LINE, "X-A: b\rSec-WebSocket-Accept: {accept}\r\n")),
        ("NUL after the accept", swap("{accept}\r\n", "{accept}\0\r\n")),
    ] {
        all.push(Case::answer("client/control-bytes-in-head", label, Expect::Fails, answer));
    }
    all.push(Case::answer(
        "client/obs-fold-misread",
        "only a folded line holds the accept",
        Expect::Fails,
        swap(ACCEPT_LINE, "X-A: b\r\n Sec-WebSocket-Accept: {accept}\r\n"),
    ));
    all.push(Case::answer(
        "client/obs-fold-misread",
        "Connection folded",
        Expect::OpensOrRemark,
        swap(CONNECTION, "Connection: keep-alive,\r\n Upgrade\r\n"),
    ));
    for (label, code) in
        [("301", "301 Moved"), ("302", "302 Found"), ("307", "307 Over there"), ("308", "308 Moved")]
    {
        let answer = format!("HTTP/1.1 {code}\r\nLocation: {{again}}\r\nContent-Length: 0\r\n\r\n");
        all.push(Case::answer("client/redirect-unsafe", label, Expect::Own, answer));
    }
    for (label, answer) in [
        ("401", "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"),
        ("407", "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"),
    ] {
        all.push(Case::answer("client/auth-retry-unsafe", label, Expect::Own, answer));
    }
}

fn fields(all: &mut Vec<Case>) {
    all.push(Case::answer("client/upgrade-missing-opens", "no Upgrade", Expect::Fails, swap(UPGRADE, "")));
    for value in ["h2c", "websockets", "websocket, h2c", "websocket/13", ""] {
        let answer = swap(UPGRADE, &format!("Upgrade: {value}\r\n"));
        all.push(Case::answer(
            "client/upgrade-wrong-opens",
            &format!("Upgrade: {value}"),
            Expect::Fails,
            answer,
        ));
    }
    let answer = swap(UPGRADE, "Upgrade: websocket\r\nUpgrade: h2c\r\n");
    all.push(Case::answer("client/upgrade-wrong-opens", "two Upgrade lines", Expect::Fails, answer));
    let mixed = swap(UPGRADE, "Upgrade: WebSocket\r\n").replace(CONNECTION, "Connection: upgrade\r\n");
    let names = |change: fn(&str) -> String| {
        ["Upgrade:", "Connection:", "Sec-WebSocket-Accept:"]
            .iter()
            .fold(GOOD.to_owned(), |text, name| text.replace(name, &change(name)))
    };
    for (label, answer) in [
        ("WebSocket and upgrade", mixed),
        ("names in lower case", names(str::to_ascii_lowercase)),
        ("names in upper case", names(str::to_ascii_uppercase)),
    ] {
        all.push(Case::answer("client/upgrade-case-refused", label, Expect::Opens, answer));
    }
    all.push(Case::answer(
        "client/connection-wrong-opens",
        "no Connection",
        Expect::Fails,
        swap(CONNECTION, ""),
    ));
    for value in ["keep-alive", "close", "upgradex", "not-upgrade", "keep-alive Upgrade"] {
        let answer = swap(CONNECTION, &format!("Connection: {value}\r\n"));
        all.push(Case::answer(
            "client/connection-wrong-opens",
            &format!("Connection: {value}"),
            Expect::Fails,
            answer,
        ));
    }
    for lines in [
        "Connection: keep-alive, Upgrade\r\n",
        "Connection: keep-alive\r\nConnection: Upgrade\r\n",
        "Connection: Upgrade\r\nConnection: keep-alive\r\n",
    ] {
        let label = lines.trim_end().replace("\r\n", " | ");
        all.push(Case::answer(
            "client/connection-list-refused",
            &label,
            Expect::Opens,
            swap(CONNECTION, lines),
        ));
    }
}

fn accept(all: &mut Vec<Case>) {
    let value = |text: &str| swap(ACCEPT_LINE, &format!("Sec-WebSocket-Accept: {text}\r\n"));
    let mut case =
        |rule, label: &str, expect, answer: String| all.push(Case::answer(rule, label, expect, answer));
    case("client/accept-missing-opens", "no accept", Expect::Fails, swap(ACCEPT_LINE, ""));
    case("client/accept-missing-opens", "an empty accept", Expect::Fails, value(""));
    for (label, text) in [
        ("the sample of RFC 6455", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("the accept of another connection", "{previous}"),
        ("the key itself", "{key}"),
        ("the hash in hexadecimal", "{hex}"),
        ("the hash over the decoded key", "{decoded}"),
    ] {
        case("client/accept-wrong-opens", label, Expect::Fails, value(text));
    }
    for (label, text) in
        [("lower case", "{lower}"), ("upper case", "{upper}"), ("one letter changed", "{onecase}")]
    {
        case("client/accept-case-changed-opens", label, Expect::Fails, value(text));
    }
    for (label, first, second) in [
        ("twice the right one", "{accept}", "{accept}"),
        ("right, then wrong", "{accept}", "{previous}"),
        ("wrong, then right", "{previous}", "{accept}"),
    ] {
        let lines = format!("Sec-WebSocket-Accept: {first}\r\nSec-WebSocket-Accept: {second}\r\n");
        case("client/accept-duplicate-opens", label, Expect::Fails, swap(ACCEPT_LINE, &lines));
    }
    case("client/accept-duplicate-opens", "two in one line", Expect::Fails, value("{accept}, {accept}"));
    for (label, text) in [
        ("without padding", "{bare}"),
        ("one = more", "{accept}="),
        ("the first 20 characters", "{short}"),
        ("in double quotes", "\"{accept}\""),
        ("followed by x", "{accept}x"),
        ("a blank inside", "{gap}"),
        ("pad bits set", "{padbits}"),
    ] {
        case("client/accept-trimmed-opens", label, Expect::Fails, value(text));
    }
    for (label, line) in [
        ("no blank", "Sec-WebSocket-Accept:{accept}\r\n"),
        ("three blanks", "Sec-WebSocket-Accept:   {accept}\r\n"),
        ("blanks after it", "Sec-WebSocket-Accept: {accept} \t\r\n"),
    ] {
        case("client/accept-whitespace-refused", label, Expect::Opens, swap(ACCEPT_LINE, line));
    }
}

fn negotiation(all: &mut Vec<Case>) {
    let mut case = |rule, label: &str, expect, offers, answer: String| {
        all.push(Case::answer(rule, label, expect, answer).offers(offers));
    };
    const UNOFFERED: &str = "client/subprotocol-unoffered-opens";
    case(
        UNOFFERED,
        "a name nobody offered",
        Expect::Fails,
        Offers::Anything,
        protocol("Sec-WebSocket-Protocol: handfast-unoffered\r\n"),
    );
    case(
        UNOFFERED,
        "an empty name",
        Expect::Fails,
        Offers::Anything,
        protocol("Sec-WebSocket-Protocol:\r\n"),
    );
    let other_case = protocol("Sec-WebSocket-Protocol: {otherscase}\r\n");
    case(UNOFFERED, "the other letter case", Expect::Fails, Offers::Subprotocol, other_case);
    const SEVERAL: &str = "client/subprotocol-several-opens";
    let list = protocol("Sec-WebSocket-Protocol: {offer}, {offer}\r\n");
    case(SEVERAL, "a list", Expect::Fails, Offers::Subprotocol, list);
    let lines = protocol("Sec-WebSocket-Protocol: {offer}\r\nSec-WebSocket-Protocol: {offer}\r\n");
    case(SEVERAL, "two lines", Expect::Fails, Offers::Subprotocol, lines);
    let none = protocol("");
    case("client/subprotocol-declined", "no subprotocol", Expect::OpensOrRemark, Offers::Subprotocol, none);

    const EXTENSION: &str = "client/extension-unoffered-opens";
    for value in ["handfast-unknown", "permessage-deflate, handfast-unknown", "x-webkit-deflate-frame"] {
        case(EXTENSION, value, Expect::Fails, Offers::Anything, extension(value));
    }
    case(
        EXTENSION,
        "permessage-deflate, unoffered",
        Expect::Fails,
        Offers::NoExtension,
        extension("permessage-deflate"),
    );
    for value in [
        "permessage-deflate; =1",
        "",
        ",",
        "permessage-deflate; a b",
        "permessage-deflate; a=\"b",
        "permessage-deflate permessage-deflate",
    ] {
        case(
            "client/extension-answer-malformed-opens",
            value,
            Expect::Fails,
            Offers::Anything,
            extension(value),
        );
    }
    for parameter in [
        "foo",
        "server_max_window_bits=7",
        "server_max_window_bits=16",
        "server_max_window_bits=08",
        "server_max_window_bits",
        "client_max_window_bits",
        "server_no_context_takeover=1",
        "server_no_context_takeover; server_no_context_takeover",
    ] {
        let answer = extension(&format!("permessage-deflate; {parameter}"));
        case("client/deflate-answer-parameter-opens", parameter, Expect::Fails, Offers::Deflate, answer);
    }
    let unasked = extension("permessage-deflate; client_max_window_bits=12");
    let label = "client_max_window_bits, unoffered";
    case("client/deflate-unasked-limit-opens", label, Expect::Fails, Offers::DeflateWithoutBits, unasked);
    const TWICE: &str = "client/deflate-answered-twice-opens";
    case(
        TWICE,
        "on one line",
        Expect::Fails,
        Offers::Deflate,
        extension("permessage-deflate, permessage-deflate"),
    );
    let lines =
        add("Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Extensions: permessage-deflate");
    case(TWICE, "on two lines", Expect::Fails, Offers::Deflate, lines);
    const LEGAL: &str = "client/deflate-legal-answer-refused";
    let takeover = extension("permessage-deflate; client_no_context_takeover");
    case(LEGAL, "client_no_context_takeover", Expect::Opens, Offers::Deflate, takeover);
    let bits = extension("permessage-deflate; client_max_window_bits=9");
    case(LEGAL, "client_max_window_bits=9", Expect::Opens, Offers::DeflateBits, bits);
    let both = extension("permessage-deflate; server_no_context_takeover; server_max_window_bits=12");
    case(LEGAL, "limits of the server, unasked", Expect::OpensOrRemark, Offers::Deflate, both);
}

fn stream(all: &mut Vec<Case>) {
    const PIECES: &str = "client/head-in-pieces-refused";
    all.push(Case::good(PIECES, "single bytes", Expect::Opens).manner(Manner::Bytes));
    all.push(Case::good(PIECES, "split inside the last CR LF CR LF", Expect::Opens).manner(Manner::SplitEnd));
    const GLUED: &str = "client/glued-frames-lost";
    all.push(Case::good(GLUED, "a ping glued to the answer", Expect::Hears).glued(PING_HI));
    all.push(Case::good(GLUED, "a glued ping and half a frame", Expect::Hears).manner(Manner::HalfFrame));
    all.push(
        Case::good("client/masked-frame-accepted", "a masked ping", Expect::Closes)
            .glued(b"\x89\x82\x01\x02\x03\x04\x69\x6B"),
    );
    for (label, line) in
        [("Content-Length: 4", "Content-Length: 4"), ("chunked", "Transfer-Encoding: chunked")]
    {
        let case = Case::answer("client/length-fields-obeyed", label, Expect::HearsOrFails, add(line));
        all.push(case.glued(PING_HI));
    }
    const BEFORE: &str = "client/data-before-answer";
    all.push(
        Case::good(BEFORE, "a late answer", Expect::Own).manner(Manner::Late(Duration::from_millis(1500))),
    );
    let refusal = "HTTP/1.1 400 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let late = Manner::Late(Duration::from_millis(1500));
    all.push(Case::answer(BEFORE, "a late refusal", Expect::Own, refusal).manner(late));
    const ENDLESS: &str = "client/head-endless";
    all.push(
        Case::answer(ENDLESS, "fields without end", Expect::Own, STATUS_LINE)
            .manner(Manner::Endless("X-n: v\r\n")),
    );
    let line = format!("{STATUS_LINE}X-n: ");
    all.push(
        Case::answer(ENDLESS, "a line without end", Expect::Own, line).manner(Manner::Endless("vvvvvvvv")),
    );
    let interim = Manner::Endless("HTTP/1.1 103 Early Hints\r\n\r\n");
    all.push(Case::answer(ENDLESS, "answers with 103 without end", Expect::Own, "").manner(interim));
    all.push(Case::good("client/answer-timeout", "no answer", Expect::Own).manner(Manner::Silent));
    let wrong = GOOD.replace("{accept}", "{previous}");
    let case = Case::answer(
        "client/failed-connection-kept",
        "a wrong accept and a glued message",
        Expect::Own,
        wrong,
    );
    all.push(case.glued(b"\x81\x02hi"));
    let gone = "";
    all.push(Case::answer("client/reconnect-storm", "a close without an answer", Expect::Own, gone));
}
