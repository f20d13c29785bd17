//! The proxy from HTTP/1.1 up to HTTP/2: every handshake becomes the stream of a connection of its own.

use std::io;
use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loona_hpack::Decoder;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt, split};
use tokio::net::TcpStream;

use super::h2::{self, Fields, block, credit, frame, one};
use super::head::{Head, Read, read};
use super::{more, refuse};

/// A switch of `middle/h1-to-h2-bridge`.
pub struct Up {
    pub switch: String,
}

impl Up {
    fn is(&self, switch: &str) -> bool {
        self.switch == switch
    }

    /// Serves one request of a client.
    pub async fn serve(&self, mut client: TcpStream, upstream: SocketAddr) -> io::Result<()> {
        client.set_nodelay(true)?;
        let mut bytes = Vec::new();
        let request = match more(&mut client, &mut bytes, |bytes| read(bytes, false)).await? {
            Read::Whole(head) => head,
            Read::Wrong => return refuse(&mut client, "400 Bad Request").await,
            Read::Partial => return Ok(()),
        };
        let early = bytes.split_off(request.length);
        if !self.right(&request) {
            return refuse(&mut client, "400 Bad Request").await;
        }
        let mut server = TcpStream::connect(upstream).await?;
        server.set_nodelay(true)?;
        server.write_all(&[h2::PREFACE, &frame(h2::SETTINGS, 0, 0, &[])].concat()).await?;
        let (mut unread, mut decoder) = (Vec::new(), Decoder::new());
        let (mut answer, mut behind) = (None, Vec::new());
        while answer.is_none() {
            let Some(next) = h2::next(&mut server, &mut unread).await? else {
                return refuse(&mut client, "502 Bad Gateway").await;
            };
            match next.kind {
                h2::SETTINGS if next.flags == 0 => {
                    if next.payload != h2::ENABLE && !self.is("protocol-unannounced") {
                        return refuse(&mut client, "502 Bad Gateway").await;
                    }
                    let flags = if self.is("ended") { 5 } else { 4 };
                    let headers = frame(h2::HEADERS, flags, 1, &block(&self.fields(&request)));
                    server.write_all(&[frame(h2::SETTINGS, 1, 0, &[]), headers].concat()).await?;
                }
                h2::RST_STREAM => return refuse(&mut client, "502 Bad Gateway").await,
                h2::HEADERS => answer = Some((h2::fields(&mut decoder, &next.payload), next.flags & 1 != 0)),
                _ => {}
            }
        }
        let (fields, mut ended) = answer.expect("the loop ends with one");
        if one(&fields, ":status") != Some("200") && !self.is("refusal-opens") {
            while !ended {
                match h2::next(&mut server, &mut unread).await? {
                    Some(next) if next.kind == h2::DATA => {
                        behind.extend(next.payload);
                        ended = next.flags & 1 != 0;
                    }
                    Some(_) => {}
                    None => break,
                }
            }
            return self.refuse(&mut client, &fields, &behind).await;
        }
        client.write_all(&self.opened(&request, &fields)).await?;
        self.tunnel(client, early, server, unread).await
    }

    /// The checks of a server.
    fn right(&self, request: &Head) -> bool {
        let key = request.first_of("Sec-WebSocket-Key").unwrap_or_default();
        let valid = STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16);
        let (get, new) = (request.first.starts_with("GET "), request.first.ends_with("HTTP/1.1"));
        let right = match self.switch.as_str() {
            "key-unchecked" => true,
            "key-short" => !key.is_empty(),
            "key-alphabet" => key.len() == 24,
            _ => valid,
        };
        right
            && (get || self.is("any-method"))
            && (new || self.is("any-version"))
            && (request.count("Sec-WebSocket-Key") < 2 || self.is("two-keys"))
    }

    /// The request as it goes up.
    fn fields(&self, request: &Head) -> Fields {
        let target = request.first.split(' ').nth(1).unwrap_or_default();
        let host = request.first_of("Host").unwrap_or_default();
        let mut fields = Fields::new();
        let mut add = |name: &str, value: &str| fields.push((name.to_owned(), value.to_owned()));
        add(":method", if self.is("method-kept") { "GET" } else { "CONNECT" });
        add(":protocol", "websocket");
        if !self.is("scheme-missing") {
            add(":scheme", "http");
        }
        add(":path", target);
        add(":authority", host);
        for (name, value) in &request.fields {
            let name = name.to_ascii_lowercase();
            match name.as_str() {
                "host" if self.is("host-differs") => add("host", "upstream"),
                "host" => {}
                "connection" | "upgrade" if !self.is("fields-kept") => {}
                "sec-websocket-key" if !self.is("key-kept") => {}
                "sec-websocket-protocol" if self.is("subprotocol-lost") => {}
                "sec-websocket-version" if self.is("version-made-up") => {}
                name => add(name, value),
            }
        }
        if self.is("version-made-up") {
            add("sec-websocket-version", "13");
        }
        if self.is("case-kept") {
            add("X-Forwarded-For", "127.0.0.1");
        }
        if self.is("length-added") {
            add("content-length", "0");
        }
        fields
    }

    /// The 101 for the client.
    fn opened(&self, request: &Head, fields: &Fields) -> Vec<u8> {
        let key = request.first_of("Sec-WebSocket-Key").unwrap_or_default();
        let key = if self.is("accept-wrong") { "AAECAwQFBgcICQoLDA0ODw==" } else { key };
        let accept = STANDARD.encode(Sha1::digest([key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"].concat()));
        let mut out = format!("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: {accept}\r\n");
        if !self.is("upgrade-missing") {
            out += "Upgrade: websocket\r\nConnection: Upgrade\r\n";
        }
        if self.is("answer-length") {
            out += "Content-Length: 0\r\n";
        }
        for (name, value) in fields.iter().filter(|(name, _)| !name.starts_with(':')) {
            if name != "sec-websocket-extensions" || !self.is("extension-lost") {
                out += &format!("{name}: {value}\r\n");
            }
        }
        (out + "\r\n").into_bytes()
    }

    async fn refuse(&self, client: &mut TcpStream, fields: &Fields, body: &[u8]) -> io::Result<()> {
        let status = one(fields, ":status").unwrap_or_default();
        let status = if self.is("refusal-changed") { "502" } else { status };
        let body = if self.is("body-lost") { &[] } else { body };
        let mut out = format!("HTTP/1.1 {status} No\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in fields {
            if !name.starts_with(':') && name != "content-length" {
                out += &format!("{name}: {value}\r\n");
            }
        }
        client.write_all(&[out.as_bytes(), b"Connection: close\r\n\r\n", body].concat()).await
    }

    /// Bytes of the client as DATA and back, as far as the window allows.
    async fn tunnel(
        &self,
        client: TcpStream,
        mut waiting: Vec<u8>,
        server: TcpStream,
        mut unread: Vec<u8>,
    ) -> io::Result<()> {
        let ((mut from, mut to), (mut reader, mut writer)) = (split(client), split(server));
        let (mut window, mut buffer, mut first) = (65_535, [0; 4096], true);
        loop {
            let length = waiting.len().min(window).min(16 * 1024);
            if length > 0 {
                window -= length;
                writer.write_all(&frame(h2::DATA, 0, 1, &waiting[..length])).await?;
                waiting.drain(..length);
                continue;
            }
            tokio::select! {
                came = from.read(&mut buffer), if waiting.is_empty() => match came? {
                    0 if self.is("client-end-lost") => {
                        // The origin hears nothing.
                        return std::future::pending().await;
                    }
                    0 => return writer.write_all(&frame(h2::DATA, 1, 1, &[])).await,
                    length => waiting.extend(&buffer[..length]),
                },
                next = h2::next(&mut reader, &mut unread) => match next? {
                    Some(next) if next.kind == h2::DATA => {
                        writer.write_all(&credit(1, next.payload.len().max(1))).await?;
                        if !(first && self.is("glued-lost")) {
                            to.write_all(&next.payload).await?;
                        }
                        first = false;
                        if next.flags & 1 != 0 && !self.is("end-lost") {
                            return to.shutdown().await;
                        }
                    }
                    // That of the stream: the connection's is the same.
                    Some(next) if next.kind == h2::WINDOW_UPDATE && next.id == 1 => {
                        let four = next.payload.first_chunk().expect("four bytes");
                        window += usize::try_from(u32::from_be_bytes(*four)).expect("32 bits");
                    }
                    Some(next) if next.kind == h2::RST_STREAM => return Ok(()),
                    Some(_) => {}
                    None => return Ok(()),
                },
            }
        }
    }
}
