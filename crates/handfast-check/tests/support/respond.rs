//! The strict judgement of a handshake and its answer, with the switches.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use sha1::{Digest, Sha1};

use super::Server;
use super::request::Head;

/// A 101 and what comes with it.
#[derive(Default)]
pub struct Answer {
    pub head: Vec<u8>,
    pub sends_100: bool,
    pub skips_rest: bool,
    pub closes_at_once: bool,
    pub closes_politely: bool,
}

/// An answer that opens nothing.
pub struct Refusal {
    status: u16,
    fields: Vec<(&'static str, String)>,
    silent: bool,
    unframed: bool,
    body: Option<String>,
}

impl Refusal {
    pub fn new(status: u16) -> Refusal {
        Refusal { status, fields: Vec::new(), silent: false, unframed: false, body: None }
    }

    fn with(mut self, name: &'static str, value: &str) -> Refusal {
        self.fields.push((name, value.to_owned()));
        self
    }

    pub fn bytes(&self, server: &Server) -> Option<Vec<u8>> {
        if self.silent {
            return None;
        }
        let mut text = format!("HTTP/1.1 {} No\r\n", self.status);
        for (name, value) in &self.fields {
            text += &format!("{name}: {value}\r\n");
        }
        if self.status == 426 {
            if !server.breaks("server/status-426-without-upgrade") {
                text += "Upgrade: websocket\r\n";
            }
            text += "Connection: Upgrade, close\r\n";
        } else if !self.unframed {
            text += "Connection: close\r\n";
        }
        if !server.breaks("server/refusal-cacheable") {
            text += "Cache-Control: no-store\r\n";
        }
        let body = match &self.body {
            Some(body) => body.clone(),
            None if self.status == 404 && server.breaks("server/error-unexplained") => String::new(),
            None => "The handshake is wrong.\n".to_owned(),
        };
        let kind = if self.body.is_some() { "text/html" } else { "text/plain" };
        text += &format!("Content-Type: {kind}\r\n");
        if !self.unframed {
            text += &format!("Content-Length: {}\r\n", body.len());
        }
        Some((text + "\r\n" + &body).into_bytes())
    }
}

/// Judges a head: the 101, or the refusal.
pub fn judge(server: &Server, head: &Head) -> Result<Answer, Refusal> {
    let mut answer = Answer::default();
    request_line(server, head)?;
    let authority = host(server, head)?;
    let plain = head.values("Upgrade").is_empty() && head.values("Sec-WebSocket-Key").is_empty();
    if plain && head.method == "GET" {
        return Err(Refusal::new(if server.breaks("server/plain-get-unanswered") { 500 } else { 426 }));
    }
    if head.fields.len() > 30 && server.breaks("server/unknown-fields-refused") {
        return Err(Refusal::new(400));
    }
    framing(server, head, &mut answer)?;
    upgrade(server, head)?;
    connection(server, head, &mut answer)?;
    version(server, head)?;
    let key = key(server, head)?;
    credentials(server, head, &key)?;
    origin(server, head, &authority, &mut answer)?;
    let protocol = subprotocol(server, head)?;
    let extensions = super::extensions::extensions(server, head)?;
    if server.breaks("server/correct-handshake-refused") {
        return Err(Refusal::new(403));
    }
    let expects = head.values("Expect").iter().any(|value| value.eq_ignore_ascii_case("100-continue"));
    answer.sends_100 = expects && !server.breaks("server/expect-continue");
    answer.head = switching(server, head, &key, protocol, extensions);
    Ok(answer)
}

fn switching(
    server: &Server,
    head: &Head,
    key: &str,
    protocol: Option<String>,
    extensions: Option<String>,
) -> Vec<u8> {
    let hashed = if server.breaks("server/accept-over-text") || server.breaks("server/key-pad-bits") {
        STANDARD.encode(lenient().decode(key).unwrap_or_default())
    } else if server.breaks("server/accept-wrong") && key.starts_with("/////////////////////w") {
        key.to_ascii_uppercase()
    } else {
        key.to_owned()
    };
    let digest = Sha1::digest(format!("{hashed}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    let accept = STANDARD.encode(digest);
    let list = head.members("Upgrade").len() > 1;
    let mut text = String::new();
    text += if server.breaks("server/status-line-malformed") {
        "HTTP/1.1 101\r\n"
    } else {
        "HTTP/1.1 101 Switching Protocols\r\n"
    };
    text += if list && server.breaks("server/response-upgrade-wrong") {
        "Upgrade: h2c, websocket\r\n"
    } else {
        "Upgrade: websocket\r\n"
    };
    text += if server.breaks("server/response-connection-wrong") {
        "Connection: Upgrade, close\r\n"
    } else {
        "Connection: Upgrade\r\n"
    };
    text += &format!("Sec-WebSocket-Accept: {accept}\r\n");
    if server.breaks("server/accept-duplicate") {
        text += &format!("Sec-WebSocket-Accept: {accept}\r\n");
    }
    if server.breaks("server/response-content-length") {
        text += "Content-Length: 0\r\n";
    }
    if server.breaks("server/response-transfer-encoding") {
        text += "Transfer-Encoding: chunked\r\n";
    }
    if let Some(protocol) = protocol {
        text += &format!("Sec-WebSocket-Protocol: {protocol}\r\n");
    }
    if let Some(extensions) = extensions {
        text += &format!("Sec-WebSocket-Extensions: {extensions}\r\n");
    }
    (text + "\r\n").into_bytes()
}

fn request_line(server: &Server, head: &Head) -> Result<(), Refusal> {
    let folded = head.method.eq_ignore_ascii_case("GET") && head.method != "GET";
    let right = head.method == "GET"
        || folded && server.breaks("server/method-case-folded")
        || !folded && server.breaks("server/method-not-get");
    if !right {
        let refusal = Refusal::new(405);
        return Err(if server.breaks("server/method-without-allow") {
            refusal
        } else {
            refusal.with("Allow", "GET")
        });
    }
    let right = match head.version.as_str() {
        "HTTP/1.1" => true,
        "HTTP/1.0" => server.breaks("server/http-version-1-0"),
        "HTTP/1.2" => !server.breaks("server/http-version-higher-minor"),
        _ => server.breaks("server/http-version-malformed"),
    };
    if !right {
        return Err(Refusal::new(505));
    }
    let target = String::from_utf8_lossy(&head.target).into_owned();
    if server.breaks("server/response-splitting") && target.contains('<') {
        return Err(Refusal { body: Some(format!("<p>{target}</p>")), ..Refusal::new(400) });
    }
    let path = match target
        .strip_prefix("http://")
        .and_then(|rest| rest.find('/').map(|at| rest[at..].to_owned()))
    {
        Some(_) if server.breaks("server/target-absolute-form-refused") => return Err(Refusal::new(400)),
        Some(path) => path,
        None => target,
    };
    if !path.starts_with('/') {
        return if server.breaks("server/target-wrong-form") { Ok(()) } else { Err(Refusal::new(400)) };
    }
    let path = path.split(['?', '#']).next().unwrap_or_default();
    if path == "/chat" || server.breaks("server/target-unavailable") {
        return Ok(());
    }
    Err(Refusal::new(if server.breaks("server/status-401-without-challenge") { 401 } else { 404 }))
}

/// The servers that ask for a login: a right one, and one that knows its visitors by their keys.
fn credentials(server: &Server, head: &Head, key: &str) -> Result<(), Refusal> {
    let by_key = server.breaks("server/key-as-credential");
    if !by_key && !server.breaks("login") {
        return Ok(());
    }
    if head.values("Authorization") == ["Bearer right"] {
        server.remember(key);
        return Ok(());
    }
    if by_key && server.remembers(key) {
        return Ok(());
    }
    Err(Refusal::new(401).with("WWW-Authenticate", "Bearer"))
}

/// The authority that counts.
fn host(server: &Server, head: &Head) -> Result<String, Refusal> {
    let values = head.values("Host");
    let own = server.address.to_string();
    let own_or = |value: Option<&String>| value.cloned().unwrap_or_else(|| own.clone());
    match values.len() {
        0 if server.breaks("server/host-missing") => return Ok(own),
        1 => {}
        2.. if server.breaks("server/host-duplicate") => return Ok(own),
        _ => return Err(Refusal::new(400)),
    }
    let value = own_or(values.first());
    if value.is_empty() {
        return if server.breaks("server/host-empty") { Ok(own) } else { Err(Refusal::new(400)) };
    }
    if value.contains("rebind") {
        return if server.breaks("server/host-foreign") { Ok(value) } else { Err(Refusal::new(421)) };
    }
    let port = server.address.port();
    if [format!("127.0.0.1:{port}"), format!("localhost:{port}")].contains(&value.to_ascii_lowercase()) {
        let capitals = value.bytes().any(|byte| byte.is_ascii_uppercase());
        if capitals && server.breaks("server/host-form-refused") {
            return Err(Refusal::new(400));
        }
        return Ok(value);
    }
    let lenient = server.breaks("server/host-invalid")
        || value.ends_with(".example") && server.breaks("server/nul-in-value");
    if lenient { Ok(own) } else { Err(Refusal::new(400)) }
}

fn framing(server: &Server, head: &Head, answer: &mut Answer) -> Result<(), Refusal> {
    let lengths = head.values("Content-Length");
    let coded = !head.values("Transfer-Encoding").is_empty();
    if lengths == ["+5"] && server.breaks("server/length-conflict") {
        answer.skips_rest = true;
        return Ok(());
    }
    if lengths == ["5"] && !coded && server.breaks("server/body-present") {
        answer.skips_rest = true;
        return Ok(());
    }
    if lengths == ["9"] && server.breaks("server/body-as-frames") {
        return Ok(());
    }
    if coded || !(lengths.is_empty() || lengths == ["0"]) { Err(Refusal::new(400)) } else { Ok(()) }
}

fn upgrade(server: &Server, head: &Head) -> Result<(), Refusal> {
    let lines = head.values("Upgrade");
    let is = |text: &str| {
        if server.breaks("server/upgrade-case-refused") {
            text == "websocket"
        } else {
            text.eq_ignore_ascii_case("websocket")
        }
    };
    let whole = lines.len() == 1 && is(&lines[0]);
    let listed = head.members("Upgrade").iter().any(|member| is(member));
    let odd = |text: &str| text.contains("websocket") && text != "websocket" && !text.contains(['/', ',']);
    let right = whole
        || listed && !server.breaks("server/upgrade-list-refused")
        || lines.is_empty() && server.breaks("server/upgrade-missing")
        || lines == ["h2c"] && server.breaks("server/upgrade-other")
        || lines.iter().any(|line| odd(line)) && server.breaks("server/upgrade-substring")
        || lines == ["websocket/13"] && server.breaks("server/upgrade-version-suffix");
    if right { Ok(()) } else { Err(Refusal::new(426)) }
}

fn connection(server: &Server, head: &Head, answer: &mut Answer) -> Result<(), Refusal> {
    let lines = head.values("Connection");
    let is = |text: &str| {
        if server.breaks("server/connection-case-refused") {
            text == "Upgrade"
        } else {
            text.eq_ignore_ascii_case("upgrade")
        }
    };
    let members = if server.breaks("server/connection-list-refused") {
        lines.clone()
    } else if server.breaks("server/connection-several-lines-refused") {
        let first: Vec<String> = lines.iter().take(1).cloned().collect();
        first.iter().flat_map(|line| line.split(',')).map(|member| member.trim().to_owned()).collect()
    } else {
        head.members("Connection")
    };
    let odd = |text: &String| text.to_ascii_lowercase().contains("upgrade") && !text.contains([';', ',']);
    let closes = members.iter().any(|member| member.eq_ignore_ascii_case("close"));
    let listed = members.iter().any(|member| is(member));
    if closes && listed {
        answer.closes_at_once = true;
        return if server.breaks("server/connection-close-with-upgrade") {
            Ok(())
        } else {
            Err(Refusal::new(400))
        };
    }
    let right = listed
        || lines.is_empty() && server.breaks("server/connection-missing")
        || lines == ["keep-alive"] && server.breaks("server/connection-no-upgrade")
        || lines.iter().any(odd) && server.breaks("server/connection-substring");
    if right { Ok(()) } else { Err(Refusal::new(400)) }
}

fn version(server: &Server, head: &Head) -> Result<(), Refusal> {
    let lines = head.values("Sec-WebSocket-Version");
    let value = lines.first().map_or("", String::as_str);
    let right = match lines.len() {
        0 => server.breaks("server/version-missing"),
        1 => {
            value == "13"
                || value == "14" && server.breaks("server/version-other")
                || value.starts_with("13,") && server.breaks("server/version-list")
                || value == "013" && server.breaks("server/version-leading-zero")
                || value == "13.0" && server.breaks("server/version-not-decimal")
                || value == "269" && server.breaks("server/version-overflow")
                || value == "8" && server.breaks("server/version-draft")
        }
        _ => value == "13" && server.breaks("server/version-duplicate"),
    };
    if right {
        return Ok(());
    }
    let refusal = Refusal::new(if server.breaks("server/version-status") { 500 } else { 400 });
    let refusal = Refusal { unframed: server.breaks("server/error-unframed"), ..refusal };
    Err(if server.breaks("server/version-other-unadvertised") {
        refusal
    } else if server.breaks("server/version-advertised-malformed") {
        refusal.with("Sec-WebSocket-Version", "13, 08")
    } else {
        refusal.with("Sec-WebSocket-Version", "13")
    })
}

fn lenient() -> GeneralPurpose {
    GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    )
}

/// The text that is hashed.
fn key(server: &Server, head: &Head) -> Result<String, Refusal> {
    let lines = head.values("Sec-WebSocket-Key");
    let wrong = || Refusal::new(400);
    match lines.len() {
        0 if server.breaks("server/key-missing") => return Ok(String::new()),
        0 => return Err(Refusal { silent: server.breaks("server/silent-close"), ..wrong() }),
        1 => {}
        _ => {
            let same = lines.iter().all(|line| *line == lines[0]);
            let broken = if same { "server/key-duplicate-same" } else { "server/key-duplicate-different" };
            return if server.breaks(broken) { Ok(lines[0].clone()) } else { Err(wrong()) };
        }
    }
    let key = lines[0].clone();
    let raw = head.raw("Sec-WebSocket-Key").next().unwrap_or_default();
    if server.breaks("server/key-outer-whitespace-refused") && raw != format!(" {key}").as_bytes() {
        return Err(wrong());
    }
    let decoded = lenient().decode(&key);
    let standard = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
    let bare = key.trim_end_matches('=');
    let right = decoded.as_ref().is_ok_and(|bytes| bytes.len() == 16)
        || key.is_empty() && server.breaks("server/key-empty")
        || key.contains([',', ';']) && server.breaks("server/key-list")
        || key.contains('!') && server.breaks("server/key-alphabet")
        || key.contains(['-', '_']) && server.breaks("server/key-url-safe")
        || bare.len() == 22 && key.len() < 24 && server.breaks("server/key-padding-missing")
        || standard(&key)
            && (24..26).contains(&key.len())
            && decoded.is_err()
            && server.breaks("server/key-padding-excess")
        || decoded.as_ref().is_ok_and(|bytes| (1..100).contains(&bytes.len()))
            && server.breaks("server/key-length")
        || key.len() > 1000 && server.breaks("server/key-over-long")
        || key.contains([' ', '\t'])
            && key.split_ascii_whitespace().map(str::len).sum::<usize>() == 24
            && server.breaks("server/key-inner-whitespace");
    if right { Ok(key) } else { Err(wrong()) }
}

fn origin(server: &Server, head: &Head, authority: &str, answer: &mut Answer) -> Result<(), Refusal> {
    let lines = head.values("Origin");
    let own = format!("http://{authority}");
    let right = match lines.as_slice() {
        [] => !server.breaks("server/origin-absent"),
        [one] => {
            if one == "https://evil.example" && server.breaks("server/origin-refusal-status") {
                answer.closes_politely = true;
                return Ok(());
            }
            *one == own
                || one == "https://evil.example" && server.breaks("server/origin-foreign-accepted")
                || one == "null" && server.breaks("server/origin-compared-loosely")
                || one == "http://rebind.example" && server.breaks("server/host-foreign")
        }
        [.., last] => *last == own && server.breaks("server/origin-duplicate"),
    };
    if right { Ok(()) } else { Err(Refusal::new(403)) }
}

fn subprotocol(server: &Server, head: &Head) -> Result<Option<String>, Refusal> {
    const KNOWN: [&str; 2] = ["chat", "superchat"];
    let mut lines = head.values("Sec-WebSocket-Protocol");
    if lines.is_empty() {
        return Ok(server.breaks("server/subprotocol-unoffered").then(|| "chat".to_owned()));
    }
    if server.breaks("server/subprotocol-lines-refused") {
        lines.truncate(1);
    }
    let offers: Vec<String> =
        lines.iter().flat_map(|l| l.split(',')).map(|name| name.trim().to_owned()).collect();
    let offers: Vec<String> = offers.into_iter().filter(|name| !name.is_empty()).collect();
    let token = |name: &String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if offers.is_empty() || !offers.iter().all(token) {
        return if server.breaks("server/subprotocol-offer-invalid") {
            Ok(None)
        } else {
            Err(Refusal::new(400))
        };
    }
    let repeated = offers.iter().enumerate().any(|(at, name)| offers[..at].contains(name));
    if repeated {
        return if server.breaks("server/subprotocol-offer-duplicate") {
            Ok(Some("chat, chat".to_owned()))
        } else {
            Err(Refusal::new(400))
        };
    }
    let common: Vec<&String> = offers.iter().filter(|name| KNOWN.contains(&name.as_str())).collect();
    if common.len() == 2 && server.breaks("server/subprotocol-several") {
        return Ok(Some("chat, superchat".to_owned()));
    }
    if common.len() == 2 && server.breaks("server/subprotocol-preference") {
        // Two of one, then two of the other: the pairs of the probe differ in whatever order they come.
        return Ok(Some(KNOWN[usize::from(server.next_turn() % 4 == 3)].to_owned()));
    }
    if let Some(first) = common.first() {
        return Ok(Some((*first).clone()));
    }
    if server.breaks("server/subprotocol-empty") {
        return Ok(Some(String::new()));
    }
    let folded = |name: &&&str| offers.iter().any(|offer| offer.eq_ignore_ascii_case(name));
    Ok(match KNOWN.iter().find(folded) {
        Some(known) if server.breaks("server/subprotocol-case-changed") => Some((*known).to_owned()),
        _ => None,
    })
}
