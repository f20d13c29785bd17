//! A server of HTTP/2 that writes frames as it is told, right or wrong (RFC 9113).

use crate::wire::soon;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// `SETTINGS_ENABLE_CONNECT_PROTOCOL`
pub const CONNECT_PROTOCOL: u16 = 8;

#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

/// One connection of a client.
pub struct Raw(TcpStream);

pub async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

impl Raw {
    /// Reads the client's preface, and writes nothing.
    pub async fn accept(listener: &TcpListener) -> Self {
        let (mut tcp, _) = soon(listener.accept()).await.unwrap();
        let mut preface = [0; 24];
        soon(tcp.read_exact(&mut preface)).await.unwrap();
        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        Self(tcp)
    }

    /// As [`Raw::accept`], with SETTINGS that allow WebSockets, up to the request. Gives its stream.
    pub async fn accept_request(listener: &TcpListener) -> (Self, u32) {
        let mut raw = Self::accept(listener).await;
        raw.settings(&[(CONNECT_PROTOCOL, 1)]).await;
        let request = raw.next().await.expect("a request");
        // rule: client/h2-request-malformed
        assert_eq!((request.kind, request.flags & END_STREAM), (HEADERS, 0), "{request:?}");
        (raw, request.stream)
    }

    pub async fn write(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
        frame.extend_from_slice(&[kind, flags]);
        frame.extend_from_slice(&stream.to_be_bytes());
        frame.extend_from_slice(payload);
        // The client may have gone: what it made of it, it tells itself.
        let _ = self.0.write_all(&frame).await;
    }

    pub async fn settings(&mut self, settings: &[(u16, u32)]) {
        let payload =
            settings.iter().flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat());
        self.write(SETTINGS, 0, 0, &payload.collect::<Vec<u8>>()).await;
    }

    /// A head, in as many frames as it needs.
    pub async fn headers(&mut self, stream: u32, flags: u8, fields: &[(&str, &str)]) {
        let block: Vec<u8> = fields.iter().flat_map(|(name, value)| literal(name, value)).collect();
        let mut pieces = block.chunks(16 << 10).peekable();
        let mut kind = HEADERS;
        while let Some(piece) = pieces.next() {
            let last = if pieces.peek().is_none() { END_HEADERS } else { 0 };
            let flags = last | if kind == HEADERS { flags } else { 0 };
            self.write(kind, flags, stream, piece).await;
            kind = CONTINUATION;
        }
    }

    /// The next frame that is not about the connection; `None` at its end. Settings and pings are answered.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            let frame = self.next_of_all().await?;
            match (frame.kind, frame.flags & ACK) {
                (SETTINGS, 0) => self.write(SETTINGS, ACK, 0, &[]).await,
                (PING, 0) => self.write(PING, ACK, 0, &frame.payload).await,
                (SETTINGS | PING | WINDOW_UPDATE, _) => {}
                _ => return Some(frame),
            }
        }
    }

    /// The next frame of any kind; `None` at the end of the connection.
    pub async fn next_of_all(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        soon(self.0.read_exact(&mut head)).await.ok()?;
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        soon(self.0.read_exact(&mut payload)).await.ok()?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Some(Frame { kind: head[3], flags: head[4], stream, payload })
    }
}

/// A field that is not indexed, with a new name, uncompressed (RFC 7541 section 6.2.2).
fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut field = vec![0];
    for text in [name, value] {
        match text.len() {
            short @ ..127 => field.push(short as u8),
            long => {
                field.push(127);
                let mut rest = long - 127;
                while rest >= 128 {
                    field.push((rest % 128) as u8 | 128);
                    rest /= 128;
                }
                field.push(rest as u8);
            }
        }
        field.extend_from_slice(text.as_bytes());
    }
    field
}
