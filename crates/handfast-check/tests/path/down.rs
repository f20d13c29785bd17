//! The proxy from HTTP/2 down to HTTP/1.1: every stream becomes a connection of its own.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loona_hpack::Decoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt, split};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::h2::{self, Fields, block, credit, data, frame, one};
use super::head::{Head, Read, read};
use super::{more, proven};

/// A switch of `middle/h2-to-h1-bridge`, and where requests go.
struct Down {
    switch: String,
    upstream: SocketAddr,
}

/// What a client says on a stream. The channel ends with RST_STREAM.
enum Said {
    Data(Vec<u8>),
    End,
}

/// Serves a connection that begins with the preface.
pub async fn serve(mut client: TcpStream, fault: &str, upstream: SocketAddr) -> io::Result<()> {
    let switch = fault.strip_prefix("middle/h2-to-h1-bridge:").unwrap_or_default().to_owned();
    let down = Arc::new(Down { switch, upstream });
    let mut preface = [0; h2::PREFACE.len()];
    client.read_exact(&mut preface).await?;
    let (mut reader, mut writer) = split(client);
    // SETTINGS_INITIAL_WINDOW_SIZE: 4096.
    let narrow = down.switch.starts_with("window-");
    let settings = match fault {
        "unannounced" => vec![],
        _ if narrow => [h2::ENABLE, [0, 4, 0, 0, 16, 0]].concat(),
        // SETTINGS_MAX_CONCURRENT_STREAMS: 1.
        _ if down.is("one-stream-end-lost") => [h2::ENABLE, [0, 3, 0, 0, 0, 1]].concat(),
        _ => h2::ENABLE.to_vec(),
    };
    writer.write_all(&frame(h2::SETTINGS, 0, 0, &settings)).await?;
    let (say, mut said) = mpsc::unbounded_channel::<Vec<u8>>();
    let (mut bytes, mut decoder) = (Vec::new(), Decoder::new());
    let mut streams: BTreeMap<u32, UnboundedSender<Said>> = BTreeMap::new();
    let mut data_bytes: BTreeMap<u32, usize> = BTreeMap::new();
    loop {
        let next = tokio::select! {
            next = h2::next(&mut reader, &mut bytes) => next?,
            Some(bytes) = said.recv() => {
                writer.write_all(&bytes).await?;
                continue;
            }
        };
        let Some(next) = next else { return Ok(()) };
        match next.kind {
            h2::SETTINGS if next.flags == 0 => writer.write_all(&frame(h2::SETTINGS, 1, 0, &[])).await?,
            h2::HEADERS if down.switch == "second-refused" && !streams.is_empty() => {
                h2::fields(&mut decoder, &next.payload);
                let refused = block(&[(":status".to_owned(), "503".to_owned())]);
                writer.write_all(&frame(h2::HEADERS, 5, next.id, &refused)).await?;
            }
            h2::HEADERS => {
                let (sender, receiver) = mpsc::unbounded_channel();
                streams.insert(next.id, sender);
                let fields = h2::fields(&mut decoder, &next.payload);
                let (down, say) = (Arc::clone(&down), say.clone());
                tokio::spawn(async move {
                    let _gone = down.bridge(next.id, fields, receiver, &say).await;
                });
            }
            h2::DATA => {
                let taken = data_bytes.entry(next.id).or_default();
                *taken += next.payload.len();
                if down.switch == "window-shut" && *taken > 4096 {
                    // FLOW_CONTROL_ERROR.
                    writer.write_all(&frame(h2::RST_STREAM, 0, next.id, &[0, 0, 0, 3])).await?;
                    continue;
                }
                if down.switch != "window-shut" {
                    writer.write_all(&credit(next.id, next.payload.len().max(1))).await?;
                }
                let Some(stream) = streams.get(&next.id) else { continue };
                let _gone = stream.send(Said::Data(next.payload));
                if next.flags & 1 != 0 && !down.switch.ends_with("-end-lost") {
                    let _gone = stream.send(Said::End);
                }
            }
            h2::RST_STREAM if down.switch == "reset-spreads" => {
                return writer.write_all(&frame(h2::GOAWAY, 0, 0, &[0, 0, 0, 9, 0, 0, 0, 8])).await;
            }
            h2::RST_STREAM if down.switch == "reset-lost" => {}
            h2::RST_STREAM => drop(streams.remove(&next.id)),
            _ => {}
        }
    }
}

impl Down {
    fn is(&self, switch: &str) -> bool {
        self.switch == switch
    }

    /// One handshake, and the tunnel after it.
    async fn bridge(
        &self,
        id: u32,
        fields: Fields,
        mut said: UnboundedReceiver<Said>,
        say: &UnboundedSender<Vec<u8>>,
    ) -> io::Result<()> {
        let answer = |status: &str, more: Fields, ends: bool| {
            let mut fields = vec![(":status".to_owned(), status.to_owned())];
            fields.extend(more);
            let _gone = say.send(frame(h2::HEADERS, if ends { 5 } else { 4 }, id, &block(&fields)));
        };
        if self.is("never-forwarded") {
            answer("404", vec![], true);
            return Ok(());
        }
        let (request, key) = self.request(&fields);
        let mut server = TcpStream::connect(self.upstream).await?;
        server.set_nodelay(true)?;
        server.write_all(&request).await?;
        let mut bytes = Vec::new();
        let Read::Whole(head) = more(&mut server, &mut bytes, |bytes| read(bytes, false)).await? else {
            answer("502", vec![], true);
            return Ok(());
        };
        let mut behind = bytes.split_off(head.length);
        if head.status() != 101 && !(head.status() == 200 && self.is("ok-opens")) {
            return self.refuse(id, &head, behind, &mut server, say).await;
        }
        let asked = Head { fields: vec![("Sec-WebSocket-Key".to_owned(), key)], ..head.clone() };
        if head.status() == 101 && !self.is("accept-unchecked") && !proven(&asked, &head) {
            answer("502", vec![], true);
            return Ok(());
        }
        answer(if self.is("status-101") { "101" } else { "200" }, self.fields(&head), self.is("ended"));
        if self.is("glued-lost") {
            behind.clear();
        }
        let _gone = say.send(data(id, &behind));
        let (mut reader, mut writer) = server.split();
        let mut buffer = [0; 4096];
        loop {
            tokio::select! {
                length = reader.read(&mut buffer) => match length? {
                    0 if self.is("end-becomes-reset") => {
                        let _gone = say.send(frame(h2::RST_STREAM, 0, id, &[0, 0, 0, 8]));
                        return Ok(());
                    }
                    0 => {
                        let _gone = say.send(frame(h2::DATA, 1, id, &[]));
                        return Ok(());
                    }
                    length => drop(say.send(data(id, &buffer[..length]))),
                },
                what = said.recv() => match what {
                    Some(Said::Data(bytes)) if self.is("frames-cut") => {
                        writer.write_all(&bytes[..bytes.len().min(4_000)]).await?;
                    }
                    Some(Said::Data(bytes)) => writer.write_all(&bytes).await?,
                    Some(Said::End) => writer.shutdown().await?,
                    None => return Ok(()),
                },
            }
        }
    }

    /// The request as it goes down, and its key.
    fn request(&self, fields: &Fields) -> (Vec<u8>, String) {
        let value = |name: &str| one(fields, name).unwrap_or_default();
        let fresh = STANDARD.encode(super::random());
        let key = match (self.switch.as_str(), one(fields, "sec-websocket-key")) {
            ("key-fixed", _) => "AAECAwQFBgcICQoLDA0ODw==".to_owned(),
            ("key-short", _) => "AAECAwQFBgcICQoLDA0O".to_owned(),
            ("key-copied", Some(key)) => key.to_owned(),
            _ => fresh,
        };
        let path = match self.is("path-changed") {
            true => value(":path").replace("/chat", "/"),
            false => value(":path").to_owned(),
        };
        let host = if self.is("host-upstream") { "upstream" } else { value(":authority") };
        let mut out = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\n");
        if !self.is("upgrade-missing") {
            out += "Upgrade: websocket\r\n";
        }
        if !self.is("key-missing") {
            out += &format!("Sec-WebSocket-Key: {key}\r\n");
        }
        let mut cookies = Vec::new();
        for (name, value) in fields {
            match name.as_str() {
                name if name.starts_with(':') || name == "sec-websocket-key" => {}
                "sec-websocket-version" if self.is("version-missing") => {}
                "sec-websocket-protocol" if self.is("subprotocol-lost") => {}
                "cookie" if !self.is("cookies-apart") => cookies.push(value.as_str()),
                name => out += &format!("{name}: {value}\r\n"),
            }
        }
        if !cookies.is_empty() {
            out += &format!("Cookie: {}\r\n", cookies.join("; "));
        }
        if self.is("length-added") {
            out += "Content-Length: 0\r\n";
        }
        ((out + "\r\n").into_bytes(), key)
    }

    /// An answer's fields as they go up.
    fn fields(&self, head: &Head) -> Fields {
        let mut fields = Fields::new();
        for (name, value) in &head.fields {
            let name = name.to_ascii_lowercase();
            let kept = match name.as_str() {
                "connection" | "upgrade" => self.is("fields-kept"),
                "sec-websocket-accept" => self.is("accept-kept"),
                "sec-websocket-extensions" => !self.is("extension-lost"),
                _ => true,
            };
            if kept {
                fields.push((name, value.clone()));
            }
        }
        if self.is("answer-length") {
            fields.push(("content-length".to_owned(), "0".to_owned()));
        }
        fields
    }

    /// An answer that opens nothing.
    async fn refuse(
        &self,
        id: u32,
        head: &Head,
        mut body: Vec<u8>,
        server: &mut TcpStream,
        say: &UnboundedSender<Vec<u8>>,
    ) -> io::Result<()> {
        let length: usize = head.first_of("Content-Length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut buffer = [0; 4096];
        while body.len() < length {
            match server.read(&mut buffer).await? {
                0 => break,
                length => body.extend(&buffer[..length]),
            }
        }
        if self.is("body-lost") {
            body.clear();
        }
        let status = match head.status() {
            // It is no refusal, and yet nothing opens.
            200 => 502,
            _ if self.is("refusal-changed") => 502,
            status => status,
        };
        let mut fields = vec![(":status".to_owned(), status.to_string())];
        fields.extend(self.fields(head).into_iter().filter(|(name, _)| name != "content-length"));
        let _gone = say.send(frame(h2::HEADERS, 4, id, &block(&fields)));
        let _gone = say.send(frame(h2::DATA, 1, id, &body));
        Ok(())
    }
}
