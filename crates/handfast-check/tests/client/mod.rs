//! A small strict client with a parser of its own, and one switch a rule.

mod tls;

use std::cell::Cell;
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

struct Client {
    fault: String,
    /// The file of the authority to trust.
    authority: String,
    /// The answer had a length: a client that obeys it takes what follows for a body.
    has_body: Cell<bool>,
}

/// Why a connection failed.
#[derive(Debug)]
enum Wrong {
    /// Anything that ends it.
    Refused,
    /// Another place to go.
    Elsewhere(String),
    /// Credentials are wanted.
    Challenge,
}

/// A byte stream of either kind.
pub trait Duplex: Read + Write {}
impl<T: Read + Write> Duplex for T {}

type Fields = Vec<(String, String)>;

/// Connects and sends a message, as the checked command does.
pub fn run(fault: &str, authority: &str, url: &str) -> ExitCode {
    let client =
        Client { fault: fault.to_owned(), authority: authority.to_owned(), has_body: Cell::new(false) };
    if client.breaks("client/reconnect-storm") && url.contains("reconnect-storm") {
        for _ in 0..12 {
            let _again = client.connect(url);
        }
        return ExitCode::SUCCESS;
    }
    if let Some(marker) = fault.strip_prefix("slow-start:") {
        match File::create_new(marker) {
            Ok(_) => client.hang(url),
            Err(_) => std::thread::sleep(Duration::from_secs(1)),
        }
    }
    match client.connect(url) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

impl Client {
    fn breaks(&self, rule: &str) -> bool {
        self.fault == rule
    }

    fn connect(&self, url: &str) -> Result<(), Wrong> {
        let tls = url.starts_with("wss://") && !self.breaks("client/tls-missing");
        let careless = self.breaks("client/uri-invalid-used");
        let rest = url.strip_prefix("ws://").or_else(|| url.strip_prefix("wss://"));
        let rest = if careless { url.split_once("://").map(|(_, rest)| rest) } else { rest };
        let rest = rest.filter(|rest| careless || !rest.contains('#')).ok_or(Wrong::Refused)?;
        let (authority, path) = rest.split_at(rest.find('/').ok_or(Wrong::Refused)?);
        let key = self.key();
        let mut path = path.to_owned();
        for hop in 0..4 {
            match self.once(tls, authority, &path, &key) {
                Err(Wrong::Elsewhere(to)) if self.breaks("client/redirect-unsafe") && hop < 3 => path = to,
                Err(Wrong::Challenge) if self.breaks("client/auth-retry-unsafe") && hop < 3 => {}
                Err(Wrong::Elsewhere(_) | Wrong::Challenge) => return Err(Wrong::Refused),
                other => return other,
            }
        }
        Err(Wrong::Refused)
    }

    /// Asks for the connection and shows nothing, until the checker ends the program.
    fn hang(&self, url: &str) {
        let rest = url.strip_prefix("ws://").expect("the first case is plain");
        let (authority, path) = rest.split_at(rest.find('/').expect("a path"));
        let mut stream = TcpStream::connect(authority).expect("the checker listens");
        stream.write_all(&self.request(authority, path, &self.key())).expect("it reads");
        std::thread::sleep(Duration::from_secs(30));
    }

    fn key(&self) -> String {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("random bytes");
        if self.breaks("client/key-predictable") {
            bytes[0] |= 0x80;
        }
        match () {
            () if self.breaks("client/key-reused") => "AQIDBAUGBwgJCgsMDQ4PEA==".to_owned(),
            () if self.breaks("client/key-malformed") => STANDARD.encode(&bytes[..12]),
            () if self.breaks("client/key-pad-bits") => {
                let mut text = STANDARD.encode(bytes).into_bytes();
                text[21] += 1;
                String::from_utf8(text).expect("base64")
            }
            () => STANDARD.encode(bytes),
        }
    }

    fn request(&self, authority: &str, path: &str, key: &str) -> Vec<u8> {
        let breaks = |rule| self.breaks(rule);
        let path =
            if breaks("client/request-line-wrong") { path.split('?').next().unwrap_or(path) } else { path };
        let host =
            if breaks("client/host-wrong") { authority.split(':').next().unwrap_or("") } else { authority };
        let upgrade = if breaks("client/upgrade-fields-wrong") { "websocket/13" } else { "websocket" };
        let version = if breaks("client/version-wrong") { "13, 8" } else { "13" };
        let offer = if breaks("client/subprotocol-offer-invalid") { "chat, chat" } else { "chat" };
        let deflate = if breaks("client/extension-offer-malformed") {
            "permessage-deflate; client_max_window_bits; a b"
        } else {
            "permessage-deflate; client_max_window_bits"
        };
        let mut text = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: {upgrade}\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: {version}\r\nSec-WebSocket-Protocol: {offer}\r\n\
             Sec-WebSocket-Extensions: {deflate}\r\n"
        );
        if !breaks("client/request-cacheable") {
            text += "Cache-Control: no-cache\r\nPragma: no-cache\r\n";
        }
        if breaks("client/request-syntax") {
            text += "X-A : b\r\n";
        }
        if breaks("client/body-sent") {
            text += "Content-Length: 2\r\n";
        }
        text += "\r\n";
        let mut bytes = text.into_bytes();
        if breaks("client/body-sent") {
            bytes.extend(b"{}");
        }
        if breaks("client/data-before-answer") && path.contains("data-before-answer") {
            bytes.extend(frame(1, b"hi"));
        }
        bytes
    }

    fn once(&self, tls: bool, authority: &str, path: &str, key: &str) -> Result<(), Wrong> {
        let stream = TcpStream::connect(authority).map_err(|_| Wrong::Refused)?;
        stream.set_nodelay(true).expect("a socket");
        // Shorter than the checker's wait for a client without an answer, longer than any late answer.
        stream.set_read_timeout(Some(Duration::from_millis(2500))).expect("a socket");
        let mut stream: Box<dyn Duplex> = match tls {
            true => tls::over(stream, &self.fault, &self.authority),
            false => Box::new(stream),
        };
        stream.write_all(&self.request(authority, path, key)).map_err(|_| Wrong::Refused)?;
        let mut bytes = Vec::new();
        let verdict = self.answer(&mut *stream, &mut bytes, key);
        match verdict {
            Ok(()) => self.open(&mut *stream, bytes),
            Err(wrong) => {
                if self.breaks("client/failed-connection-kept") && path.contains("failed-connection-kept") {
                    std::thread::sleep(Duration::from_secs(12));
                }
                Err(wrong)
            }
        }
    }

    /// Reads heads until the final one, and judges it. The bytes behind it stay in `bytes`.
    fn answer(&self, stream: &mut dyn Duplex, bytes: &mut Vec<u8>, key: &str) -> Result<(), Wrong> {
        let limit = if self.breaks("client/head-endless") { usize::MAX } else { 64 * 1024 };
        let mut taken = 0;
        let mut reads = 0;
        loop {
            let mut at = 0;
            while let Some(end) = bytes[at..].windows(4).position(|four| four == b"\r\n\r\n") {
                let head = at..at + end + 4;
                at = head.end;
                let text = &bytes[head.clone()];
                let interim = text.starts_with(b"HTTP/1.1 100") || text.starts_with(b"HTTP/1.1 103");
                if !interim {
                    let text = text.to_vec();
                    bytes.drain(..at);
                    return self.judge(&text, key);
                }
                taken += head.len();
                if self.breaks("client/informational-refused") || taken > limit {
                    return Err(Wrong::Refused);
                }
            }
            bytes.drain(..at);
            if bytes.len() > limit {
                return Err(Wrong::Refused);
            }
            if reads > 0 && self.breaks("client/head-in-pieces-refused") && bytes.starts_with(b"HTTP/1.1 101")
            {
                return Err(Wrong::Refused);
            }
            if reads > 0 && self.breaks("client/head-in-pieces-refused") && bytes.len() < 12 {
                return Err(Wrong::Refused);
            }
            let mut buffer = vec![0; 64 * 1024];
            match stream.read(&mut buffer) {
                Ok(length) if length > 0 => bytes.extend(&buffer[..length]),
                _ => return Err(Wrong::Refused),
            }
            if self.breaks("client/head-endless") && bytes.len() > 1 << 16 {
                // Keeps the end only, so that the search stays short.
                bytes.drain(..bytes.len() - 8);
            }
            reads += 1;
        }
    }

    fn judge(&self, head: &[u8], key: &str) -> Result<(), Wrong> {
        let text: String = head.iter().map(|byte| char::from(*byte)).collect();
        let mut lines = text.split("\r\n");
        let status = lines.next().unwrap_or_default();
        let mut fields: Fields = Vec::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let mut line = line.to_owned();
            if line.starts_with([' ', '\t']) {
                if self.breaks("client/obs-fold-misread") && line.contains(':') {
                    line = line.trim().to_owned();
                } else if let Some(last) = fields.last_mut() {
                    last.1 += &format!(" {}", line.trim());
                    continue;
                }
            }
            let parts: Vec<&str> = if self.breaks("client/control-bytes-in-head") {
                line.split('\r').collect()
            } else {
                vec![&line]
            };
            for part in parts {
                if part.contains(['\r', '\0']) {
                    return Err(Wrong::Refused);
                }
                let (name, value) = part.split_once(':').ok_or(Wrong::Refused)?;
                if self.breaks("client/accept-whitespace-refused")
                    && name == "Sec-WebSocket-Accept"
                    && !value.starts_with(' ')
                {
                    return Err(Wrong::Refused);
                }
                fields.push((name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_owned()));
            }
        }
        self.status(status, &fields)?;
        self.fields(&fields)?;
        self.accept(&fields, key)?;
        self.agreed(&fields)
    }

    fn status(&self, status: &str, fields: &Fields) -> Result<(), Wrong> {
        let find =
            |name: &str| fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone());
        let code = status.split(' ').nth(1).unwrap_or_default();
        let strict = status.starts_with("HTTP/1.1 101 ");
        if strict || status == "HTTP/1.0 101 Switching Protocols" && self.breaks("client/http-1-0-opens") {
            return Ok(());
        }
        if matches!(code, "301" | "302" | "307" | "308") {
            return Err(find("location").map_or(Wrong::Refused, Wrong::Elsewhere));
        }
        if matches!(code, "401" | "407") {
            return Err(Wrong::Challenge);
        }
        let lenient = status == "HTTP/1.1 200 OK" && self.breaks("client/status-not-101-opens")
            || status == "ICY 101 OK" && self.breaks("client/status-line-malformed-opens");
        if lenient { Ok(()) } else { Err(Wrong::Refused) }
    }

    fn fields(&self, fields: &Fields) -> Result<(), Wrong> {
        let values = |name: &str| -> Vec<String> {
            fields.iter().filter(|(other, _)| other == name).map(|(_, value)| value.clone()).collect()
        };
        let upgrade = values("upgrade");
        let connection = values("connection");
        let exact = self.breaks("client/upgrade-case-refused");
        let is =
            |text: &str| if exact { text == "websocket" } else { text.eq_ignore_ascii_case("websocket") };
        let right = match upgrade.as_slice() {
            [] => self.breaks("client/upgrade-missing-opens"),
            [one] => is(one) || one == "h2c" && self.breaks("client/upgrade-wrong-opens"),
            _ => false,
        };
        let listed = connection
            .iter()
            .flat_map(|line| line.split(','))
            .any(|option| option.trim().eq_ignore_ascii_case("upgrade"));
        let whole = connection.len() == 1 && connection[0].eq_ignore_ascii_case("upgrade");
        // The folded form is another rule's.
        let folded = connection.len() == 1 && connection[0] == "keep-alive, Upgrade";
        let listed = if self.breaks("client/connection-list-refused") { whole || folded } else { listed };
        let careless = connection == ["upgradex"] && self.breaks("client/connection-wrong-opens");
        if right && (listed || careless) { Ok(()) } else { Err(Wrong::Refused) }
    }

    fn accept(&self, fields: &Fields, key: &str) -> Result<(), Wrong> {
        let wanted = STANDARD.encode(Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
        let values: Vec<&str> = fields
            .iter()
            .filter(|(name, _)| name == "sec-websocket-accept")
            .map(|(_, value)| value.as_str())
            .collect();
        let right = match values.as_slice() {
            [] => self.breaks("client/accept-missing-opens"),
            [one] => {
                *one == wanted
                    || *one == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" && self.breaks("client/accept-wrong-opens")
                    || one.eq_ignore_ascii_case(&wanted) && self.breaks("client/accept-case-changed-opens")
                    || *one == wanted.trim_end_matches('=') && self.breaks("client/accept-trimmed-opens")
            }
            [first, ..] => *first == wanted && self.breaks("client/accept-duplicate-opens"),
        };
        if right { Ok(()) } else { Err(Wrong::Refused) }
    }

    fn agreed(&self, fields: &Fields) -> Result<(), Wrong> {
        let values = |name: &str| -> Vec<&str> {
            fields.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect()
        };
        let right = match values("sec-websocket-protocol").as_slice() {
            [] => !self.breaks("client/subprotocol-declined"),
            ["chat"] => true,
            ["handfast-unoffered"] => self.breaks("client/subprotocol-unoffered-opens"),
            ["chat", "chat"] => self.breaks("client/subprotocol-several-opens"),
            _ => false,
        };
        if !right {
            return Err(Wrong::Refused);
        }
        let right = match values("sec-websocket-extensions").as_slice() {
            [] => true,
            ["handfast-unknown"] => self.breaks("client/extension-unoffered-opens"),
            ["permessage-deflate; a b"] => self.breaks("client/extension-answer-malformed-opens"),
            ["permessage-deflate; foo"] => self.breaks("client/deflate-answer-parameter-opens"),
            ["permessage-deflate", "permessage-deflate"] => {
                self.breaks("client/deflate-answered-twice-opens")
            }
            ["permessage-deflate; client_no_context_takeover"] => {
                !self.breaks("client/deflate-legal-answer-refused")
            }
            ["permessage-deflate; client_max_window_bits=9"]
            | ["permessage-deflate; server_no_context_takeover; server_max_window_bits=12"] => true,
            _ => false,
        };
        if !right {
            return Err(Wrong::Refused);
        }
        let length = !values("content-length").is_empty() || !values("transfer-encoding").is_empty();
        self.has_body.set(length);
        if length && !self.breaks("client/length-fields-obeyed") { Err(Wrong::Refused) } else { Ok(()) }
    }

    /// Sends a message, answers pings and the close.
    fn open(&self, stream: &mut dyn Duplex, mut bytes: Vec<u8>) -> Result<(), Wrong> {
        if self.breaks("client/glued-frames-lost") || self.has_body.get() {
            bytes.clear();
        }
        let gone = |_| Wrong::Refused;
        stream.write_all(&frame(1, b"hello")).map_err(gone)?;
        loop {
            while let Some((opcode, masked, payload, used)) = parse(&bytes) {
                bytes.drain(..used);
                if masked && !self.breaks("client/masked-frame-accepted") {
                    return Err(Wrong::Refused);
                }
                match opcode {
                    8 => return stream.write_all(&frame(8, &payload)).map_err(gone),
                    9 => stream.write_all(&frame(10, &payload)).map_err(gone)?,
                    _ => {}
                }
            }
            let mut buffer = [0; 4096];
            match stream.read(&mut buffer) {
                Ok(length) if length > 0 => bytes.extend(&buffer[..length]),
                _ => return Ok(()),
            }
        }
    }
}

fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("short frames only");
    [&[0x80 | opcode, 0x80 | length, 0, 0, 0, 0], payload].concat()
}

fn parse(bytes: &[u8]) -> Option<(u8, bool, Vec<u8>, usize)> {
    let length = usize::from(bytes.get(1)? & 0x7F);
    let masked = bytes[1] & 0x80 != 0;
    let at = if masked { 6 } else { 2 };
    let payload = bytes.get(at..at + length)?;
    let mask = if masked { bytes[2..6].to_vec() } else { vec![0; 4] };
    let payload = payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]).collect();
    Some((bytes[0] & 0x0F, masked, payload, at + length))
}
