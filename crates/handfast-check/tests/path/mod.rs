//! A small right proxy with a parser of its own, and one switch a rule that makes it break this rule and only this.

mod down;
mod h2;
#[path = "proxy_head.rs"]
mod head;
mod up;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use head::{Head, Read, read};
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Which rule is broken, where requests go, and what a cache holds.
pub struct Proxy {
    fault: String,
    upstream: SocketAddr,
    /// Answers by their target, for the switches that store.
    stored: Mutex<HashMap<String, Vec<u8>>>,
}

/// Serves as a proxy that breaks this rule; `""` breaks none, `forwarder` passes bytes, `no-upgrade` loses upgrades, `up` speaks
/// HTTP/2 to the origin, `unannounced` has no WebSocket over HTTP/2. Rules of bridges have many switches, each behind a colon.
pub fn serve(listener: TcpListener, fault: &str, upstream: SocketAddr) {
    let proxy = Arc::new(Proxy { fault: fault.to_owned(), upstream, stored: Mutex::default() });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let proxy = Arc::clone(&proxy);
            tokio::spawn(async move {
                let up = proxy.fault.strip_prefix("middle/h1-to-h2-bridge:");
                let _gone = match (proxy.fault.as_str(), up) {
                    ("forwarder", _) => proxy.forward(stream).await,
                    ("up", _) => up::Up { switch: String::new() }.serve(stream, upstream).await,
                    (_, Some(switch)) => up::Up { switch: switch.to_owned() }.serve(stream, upstream).await,
                    (fault, None) if begins_http2(&stream).await => {
                        down::serve(stream, fault, upstream).await
                    }
                    _ => proxy.handle(stream).await,
                };
            });
        }
    });
}

impl Proxy {
    /// The switch of this rule is on.
    fn breaks(&self, rule: &str) -> bool {
        self.fault == format!("middle/{rule}")
    }

    /// This key is changed on the way: none that is random.
    fn alters(&self, key: &str) -> bool {
        self.breaks("key-altered") && key.starts_with("++++++++")
    }

    /// TCP and nothing else.
    async fn forward(&self, mut client: TcpStream) -> io::Result<()> {
        let mut server = TcpStream::connect(self.upstream).await?;
        copy_bidirectional(&mut client, &mut server).await.map(drop)
    }

    async fn handle(&self, mut client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let mut bytes = Vec::new();
        loop {
            let lax = self.breaks("malformed-forwarded");
            let request = match more(&mut client, &mut bytes, |bytes| read(bytes, lax)).await? {
                Read::Whole(head) => head,
                Read::Wrong => return refuse(&mut client, "400 Bad Request").await,
                Read::Partial => return Ok(()),
            };
            bytes.drain(..request.length);
            if !self.exchange(&mut client, request, &mut bytes).await? {
                return Ok(());
            }
        }
    }

    /// One request. True where the client's connection takes another.
    async fn exchange(&self, client: &mut TcpStream, request: Head, rest: &mut Vec<u8>) -> io::Result<bool> {
        let raw = self.breaks("malformed-forwarded");
        let single = |name: &str| request.count(name) <= 1;
        let resolves = self.breaks("ambiguous-fields-resolved");
        let singles = ["Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version"].into_iter().all(single);
        let lengths = request.count("Content-Length") > 1
            || request.count("Content-Length") + request.count("Transfer-Encoding") > 1;
        if (!singles && !resolves) || request.count("Host") == 0 || (lengths && !raw) {
            refuse(client, "400 Bad Request").await?;
            return Ok(false);
        }
        let old = request.first.ends_with("HTTP/1.0");
        let wants = request.lists("Upgrade", "websocket") && request.lists("Connection", "upgrade");
        let upgrade = wants && (!old || self.breaks("http-version-copied")) && self.fault != "no-upgrade";
        if let Some(stored) = self.stored(&request, upgrade) {
            client.write_all(&stored).await?;
            return Ok(true);
        }
        let forwarded = self.rewrite(&request, upgrade);
        let mut server = TcpStream::connect(self.upstream).await?;
        server.set_nodelay(true)?;
        server.write_all(&forwarded).await?;
        if upgrade && self.breaks("tunnel-before-101") {
            server.write_all(rest).await?;
            return copy_bidirectional(client, &mut server).await.map(|_| false);
        }
        let mut answer = Vec::new();
        loop {
            let head = match more(&mut server, &mut answer, |bytes| read(bytes, raw)).await? {
                Read::Whole(head) => head,
                Read::Partial if self.breaks("handshake-replayed") => {
                    let mut again = TcpStream::connect(self.upstream).await?;
                    again.write_all(&forwarded).await?;
                    refuse(client, "502 Bad Gateway").await?;
                    return Ok(false);
                }
                _ => {
                    refuse(client, "502 Bad Gateway").await?;
                    return Ok(false);
                }
            };
            let body = answer.split_off(head.length);
            let head_bytes = std::mem::replace(&mut answer, body);
            let status = head.status();
            if (100..200).contains(&status) && status != 101 {
                if !self.breaks("interim-answer-mishandled") {
                    client.write_all(&head_bytes).await?;
                }
                continue;
            }
            if status == 101 {
                let trusted = self.breaks("unproven-101-tunnels")
                    || self.alters(request.first_of("Sec-WebSocket-Key").unwrap_or_default());
                if upgrade && (trusted || proven(&request, &head)) {
                    let odd = raw && matches!(read(&head_bytes, false), Read::Wrong);
                    let out = if odd { head_bytes } else { self.switch(&head) };
                    self.store(&request, &out);
                    return self.tunnel(client, server, out, answer, std::mem::take(rest)).await;
                }
                refuse(client, "502 Bad Gateway").await?;
                return Ok(false);
            }
            return self.refusal(client, server, &request, upgrade, (head, answer)).await;
        }
    }

    /// The request as it goes on.
    fn rewrite(&self, request: &Head, upgrade: bool) -> Vec<u8> {
        // Only what is odd is copied.
        let odd = matches!(read(&request.bytes, false), Read::Wrong) || request.count("Content-Length") > 0;
        if self.breaks("malformed-forwarded") && odd {
            return request.bytes.clone();
        }
        let mut first = request.first.clone();
        if !self.breaks("http-version-copied") || upgrade {
            first = first.replace("HTTP/1.0", "HTTP/1.1");
        }
        let mut named: Vec<String> = request.members("Connection");
        if self.breaks("hop-by-hop-forwarded") {
            named.clear();
        }
        let mut out = format!("{first}\r\n");
        let mut keys = 0;
        for (name, value) in &request.fields {
            let lower = name.to_ascii_lowercase();
            if matches!(lower.as_str(), "connection" | "upgrade" | "keep-alive") || named.contains(&lower) {
                continue;
            }
            if matches!(lower.as_str(), "sec-websocket-key" | "sec-websocket-version" | "host") {
                // The last of several, for the switch that resolves them.
                keys += 1;
                if request.fields.iter().rposition(|(other, _)| other.eq_ignore_ascii_case(name))
                    != request.fields.iter().position(|field| std::ptr::eq(&field.0, name))
                {
                    continue;
                }
            }
            let changed = lower == "sec-websocket-key" && self.alters(value);
            let value = if changed { value.replace('+', "-") } else { value.clone() };
            out += &format!("{name}: {value}\r\n");
        }
        assert!(keys > 0, "a Host is always there");
        out += "X-Forwarded-For: 127.0.0.1\r\n";
        if upgrade {
            out += "Connection: Upgrade\r\n";
            if !self.breaks("half-forwarded") || !request.lists("Connection", "keep-alive") {
                out += "Upgrade: websocket\r\n";
            }
        }
        (out + "\r\n").into_bytes()
    }

    /// The 101 as it goes back.
    fn switch(&self, head: &Head) -> Vec<u8> {
        let mut out = format!("{}\r\n", head.first);
        for (name, value) in &head.fields {
            let lower = name.to_ascii_lowercase();
            if lower == "connection" || lower == "upgrade" {
                continue;
            }
            if lower == "sec-websocket-protocol" && self.breaks("answer-fields-changed") {
                continue;
            }
            out += &format!("{name}: {value}\r\n");
        }
        (out + "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n").into_bytes()
    }

    /// Passes bytes both ways until one end closes.
    async fn tunnel(
        &self,
        client: &mut TcpStream,
        mut server: TcpStream,
        head: Vec<u8>,
        behind: Vec<u8>,
        early: Vec<u8>,
    ) -> io::Result<bool> {
        client.write_all(&head).await?;
        // Many bytes with the head are what a buffer forgets.
        if !(self.breaks("glued-bytes-lost") && behind.len() > 1000) {
            client.write_all(&behind).await?;
        }
        server.write_all(&early).await?;
        let passing = copy_bidirectional(client, &mut server);
        if self.breaks("idle-tunnel-cut") {
            // Since its beginning, whatever passes.
            let _over = timeout(Duration::from_millis(500), passing).await;
        } else {
            passing.await?;
        }
        Ok(false)
    }

    /// A final answer other than 101, with its body.
    async fn refusal(
        &self,
        client: &mut TcpStream,
        mut server: TcpStream,
        request: &Head,
        upgrade: bool,
        (head, mut body): (Head, Vec<u8>),
    ) -> io::Result<bool> {
        let length: usize = head.first_of("Content-Length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut buffer = [0; 4096];
        while body.len() < length {
            let count = server.read(&mut buffer).await?;
            if count == 0 {
                break;
            }
            body.extend(&buffer[..count]);
        }
        let mut out = format!("{}\r\n", head.first);
        for (name, value) in &head.fields {
            let lower = name.to_ascii_lowercase();
            if matches!(lower.as_str(), "connection" | "upgrade" | "keep-alive") {
                continue;
            }
            if lower == "www-authenticate" && self.breaks("refusal-changed") {
                continue;
            }
            out += &format!("{name}: {value}\r\n");
        }
        if head.status() == 426 {
            out += "Upgrade: websocket\r\nConnection: Upgrade\r\n";
        }
        let out = [out.as_bytes(), b"\r\n", &body[..]].concat();
        client.write_all(&out).await?;
        self.store(request, &out);
        if upgrade && self.breaks("refused-upgrade-tunnels") {
            copy_bidirectional(client, &mut server).await?;
            return Ok(false);
        }
        Ok(true)
    }

    /// Keeps an answer that says it may be kept, where a switch asks for it.
    fn store(&self, request: &Head, answer: &[u8]) {
        let text = String::from_utf8_lossy(answer);
        let is_101 = text.starts_with("HTTP/1.1 101");
        let keeps = self.breaks("answer-cached") && is_101 && text.contains("max-age");
        if keeps {
            let target = request.first.split(' ').nth(1).unwrap_or_default();
            self.stored.lock().expect("no holder panics").insert(target.to_owned(), answer.to_vec());
        }
    }

    fn stored(&self, request: &Head, _upgrade: bool) -> Option<Vec<u8>> {
        let target = request.first.split(' ').nth(1).unwrap_or_default();
        self.stored.lock().expect("no holder panics").get(target).cloned()
    }
}

/// The connection begins with the preface of HTTP/2. Until then nothing is taken from it.
async fn begins_http2(stream: &TcpStream) -> bool {
    let mut three = [0; 3];
    while let Ok(length @ 1..) = stream.peek(&mut three).await {
        if length == three.len() || three[..length] != b"PRI"[..length] {
            return three == *b"PRI";
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    false
}

/// 16 bytes that are new each time.
fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has a random source");
    bytes
}

/// A 101 that answers this request.
fn proven(request: &Head, answer: &Head) -> bool {
    let key = request.first_of("Sec-WebSocket-Key").unwrap_or_default();
    let accept = STANDARD.encode(Sha1::digest([key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"].concat()));
    answer.first_of("Sec-WebSocket-Accept") == Some(accept.as_str())
        && answer.first_of("Upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
        && answer.lists("Connection", "upgrade")
}

/// Reads until a head is there or the stream ends.
async fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>, read: impl Fn(&[u8]) -> Read) -> io::Result<Read> {
    let mut buffer = [0; 4096];
    loop {
        match read(bytes) {
            Read::Partial => {}
            other => return Ok(other),
        }
        match stream.read(&mut buffer).await? {
            0 => return Ok(Read::Partial),
            length => bytes.extend(&buffer[..length]),
        }
    }
}

async fn refuse(client: &mut TcpStream, line: &str) -> io::Result<()> {
    let answer = format!("HTTP/1.1 {line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    client.write_all(answer.as_bytes()).await?;
    client.shutdown().await?;
    // What is unread when a socket closes turns the close into a reset: read it.
    let mut sink = [0; 4096];
    while let Ok(Ok(length)) = timeout(Duration::from_secs(1), client.read(&mut sink)).await {
        if length == 0 {
            break;
        }
    }
    Ok(())
}
