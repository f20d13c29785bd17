//! A small right server of WebSocket over HTTP/2, and one switch a rule that makes it break this rule and only this.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use loona_hpack::Decoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const PROTOCOL_ERROR: u32 = 1;

/// What to do with a request.
enum Answer {
    /// A final status and fields; 2xx stay open.
    Status(&'static str, Vec<(&'static str, &'static str)>),
    Reset,
    /// The whole connection ends.
    GoAway,
}

struct Server {
    fault: String,
}

/// Starts a server that breaks this rule; `""` breaks none, `unannounced` has no WebSocket over HTTP/2.
pub async fn start(fault: &str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let server = Arc::new(Server { fault: fault.to_owned() });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                let _gone = server.handle(stream).await;
            });
        }
    });
    address
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short");
    [&length.to_be_bytes()[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn block(status: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in [&(":status", status)].into_iter().chain(fields) {
        bytes.extend([0, u8::try_from(name.len()).expect("short")]);
        bytes.extend(name.as_bytes());
        bytes.push(u8::try_from(value.len()).expect("short"));
        bytes.extend(value.as_bytes());
    }
    bytes
}

impl Server {
    /// The switch of this rule is on.
    fn breaks(&self, rule: &str) -> bool {
        self.fault == format!("server/h2-{rule}")
    }

    fn announces(&self) -> bool {
        self.fault != "unannounced" && !self.breaks("protocol-unannounced")
    }

    async fn handle(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        while bytes.len() < PREFACE.len() {
            match stream.read(&mut buffer).await? {
                0 => return Ok(()),
                length => bytes.extend(&buffer[..length]),
            }
            if !bytes.starts_with(&PREFACE[..bytes.len().min(3)]) {
                stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await?;
                return stream.shutdown().await;
            }
        }
        bytes.drain(..PREFACE.len());
        let value: u32 = if self.breaks("setting-invalid") { 2 } else { 1 };
        let setting = |value: u32| [&[0, 8][..], &value.to_be_bytes()].concat();
        let settings = if self.announces() { setting(value) } else { Vec::new() };
        stream.write_all(&frame(4, 0, 0, &settings)).await?;
        if self.breaks("setting-invalid") {
            // Otherwise nothing else could be judged.
            stream.write_all(&frame(4, 0, 0, &setting(1))).await?;
        }
        let mut decoder = Decoder::new();
        let mut open: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
        loop {
            while bytes.len() >= 9 {
                let length = usize::from(bytes[1]) << 8 | usize::from(bytes[2]);
                if bytes.len() < 9 + length {
                    break;
                }
                let whole: Vec<u8> = bytes.drain(..9 + length).collect();
                let (kind, flags) = (whole[3], whole[4]);
                let id = u32::from_be_bytes([whole[5], whole[6], whole[7], whole[8]]);
                let payload = &whole[9..];
                match kind {
                    4 if flags == 0 => stream.write_all(&frame(4, 1, 0, &[])).await?,
                    1 => {
                        let list = decoder.decode(payload).expect("the checker sends right blocks");
                        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
                        let fields: Vec<(String, String)> =
                            list.into_iter().map(|(name, value)| (text(name), text(value))).collect();
                        if !self.answer(&mut stream, id, &fields, &mut open).await? {
                            return stream.shutdown().await;
                        }
                    }
                    0 => self.data(&mut stream, id, payload, &mut open).await?,
                    3 if self.breaks("end-mapping") => {
                        stream.write_all(&frame(7, 0, 0, &[0, 0, 0, 9, 0, 0, 0, 1])).await?;
                        return stream.shutdown().await;
                    }
                    3 => drop(open.remove(&id)),
                    _ => {}
                }
            }
            match timeout(Duration::from_secs(20), stream.read(&mut buffer)).await {
                Ok(Ok(length)) if length > 0 => bytes.extend(&buffer[..length]),
                _ => return Ok(()),
            }
        }
    }

    /// Answers a request. False where the connection ends.
    async fn answer(
        &self,
        stream: &mut TcpStream,
        id: u32,
        fields: &[(String, String)],
        open: &mut BTreeMap<u32, Vec<u8>>,
    ) -> io::Result<bool> {
        match self.judge(fields).await {
            Answer::Status(status, fields) => {
                let opens = status.starts_with('2') || status == "101";
                let ends = !opens;
                let flags = if ends { 5 } else { 4 };
                stream.write_all(&frame(1, flags, id, &block(status, &fields))).await?;
                if opens {
                    open.insert(id, Vec::new());
                    if self.breaks("setting-withdrawn") {
                        stream.write_all(&frame(4, 0, 0, &[0, 8, 0, 0, 0, 0])).await?;
                    }
                }
            }
            Answer::Reset => stream.write_all(&frame(3, 0, id, &PROTOCOL_ERROR.to_be_bytes())).await?,
            Answer::GoAway => {
                stream.write_all(&frame(7, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 1])).await?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn judge(&self, fields: &[(String, String)]) -> Answer {
        let all = |name: &str| -> Vec<&str> {
            fields.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect()
        };
        let one = |name: &str| all(name).first().copied().unwrap_or_default();
        let late = fields
            .iter()
            .skip_while(|(name, _)| name.starts_with(':'))
            .any(|(name, _)| name.starts_with(':'));
        let asks = !all(":protocol").is_empty();
        if asks && !self.announces() && !self.breaks("protocol-unannounced") {
            return Answer::Reset;
        }
        let misplaced = one(":method") != "CONNECT" || all(":protocol").len() > 1 || late;
        if misplaced && !self.breaks("protocol-misplaced") {
            return Answer::Reset;
        }
        let incomplete = [":scheme", ":path", ":authority"].iter().any(|name| one(name).is_empty());
        if incomplete {
            return if self.breaks("path-or-scheme-missing") { Answer::GoAway } else { Answer::Reset };
        }
        let of_http_1 = !all("connection").is_empty() || !all("upgrade").is_empty();
        let conflict = all("host").first().is_some_and(|host| *host != one(":authority"));
        if of_http_1 && !self.breaks("connection-fields") || conflict && !self.breaks("host-conflict") {
            return Answer::Reset;
        }
        if one("sec-websocket-version") != "13" {
            let list =
                if self.breaks("version-unchecked") { vec![] } else { vec![("sec-websocket-version", "13")] };
            return Answer::Status("400", list);
        }
        if self.breaks("authority-tunnel") {
            // An address, and not the server's own: the checker's listener.
            let _reached = TcpStream::connect(one(":authority")).await;
        }
        if self.breaks("correct-handshake-refused") {
            return Answer::Status("404", vec![]);
        }
        if self.breaks("status-101") {
            return Answer::Status("101", vec![]);
        }
        if self.breaks("key-required") && one("sec-websocket-key").len() == 24 {
            return Answer::Status("400", vec![]);
        }
        let length = if self.breaks("answer-length") { vec![("content-length", "0")] } else { vec![] };
        Answer::Status("200", length)
    }

    /// Echoes text, answers pings and the close.
    async fn data(
        &self,
        stream: &mut TcpStream,
        id: u32,
        payload: &[u8],
        open: &mut BTreeMap<u32, Vec<u8>>,
    ) -> io::Result<()> {
        let Some(bytes) = open.get_mut(&id) else { return Ok(()) };
        bytes.extend(payload);
        let mut out = Vec::new();
        let mut closed = false;
        while bytes.len() >= 6 {
            let length = usize::from(bytes[1] & 0x7F);
            if bytes.len() < 6 + length {
                break;
            }
            let frame: Vec<u8> = bytes.drain(..6 + length).collect();
            let opcode = frame[0] & 0x0F;
            out.extend([0x80 | if opcode == 9 { 10 } else { opcode }, frame[1] & 0x7F]);
            out.extend(frame[6..].iter().enumerate().map(|(at, byte)| byte ^ frame[2 + at % 4]));
            closed |= opcode == 8;
        }
        if !out.is_empty() {
            stream.write_all(&frame(0, u8::from(closed), id, &out)).await?;
        }
        if closed {
            open.remove(&id);
        }
        Ok(())
    }
}
