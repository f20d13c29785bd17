//! Clients that send what they are told, over HTTP/1.1 and HTTP/2.

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::ext::Protocol;
use http::{Method, Request, Uri, Version};
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub enum Reaction {
    /// The WebSocket is open, and echoes.
    Opens,
    /// This status and, from the body, these rules.
    Refuses(u16, Vec<String>),
    /// The stream was reset, or the connection ended without an answer.
    Resets,
}

/// Text of two letters, masked with zeros; and its echo.
const HI: [u8; 8] = [0x81, 0x82, 0, 0, 0, 0, b'h', b'i'];
const ECHO: [u8; 4] = [0x81, 2, b'h', b'i'];

/// Fails the test when `future` hangs.
pub async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(std::time::Duration::from_secs(20), future).await.expect("it hangs")
}

/// Sends these bytes as a request of HTTP/1.1.
pub async fn http1(address: SocketAddr, request: &[u8]) -> Reaction {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(request).await.unwrap();
    let mut input = Vec::new();
    let text = loop {
        if tcp.read_buf(&mut input).await.unwrap_or(0) == 0 {
            return Reaction::Resets;
        }
        let text = String::from_utf8_lossy(&input).into_owned();
        let text = text.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(&text).to_owned();
        if text.contains("\r\n\r\n") {
            break text;
        }
    };
    let status = text[9..12].parse().unwrap();
    if status != 101 {
        // Each refusal ends the connection.
        tcp.read_to_end(&mut input).await.unwrap();
        let text = String::from_utf8(input).unwrap();
        return Reaction::Refuses(status, rules(text.split_once("\r\n\r\n").unwrap().1));
    }
    let head = text.to_ascii_lowercase();
    assert!(head.contains("\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"), "{head}");
    tcp.write_all(&HI).await.unwrap();
    let mut echo = [0; 4];
    tcp.read_exact(&mut echo).await.unwrap();
    assert_eq!(echo, ECHO);
    Reaction::Opens
}

/// The rules that a body names, in order.
fn rules(body: &str) -> Vec<String> {
    let rules = body.lines().filter(|line| line.starts_with("server/"));
    rules.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

/// One connection of HTTP/2.
pub struct Http2(SendRequest<Bytes>);

/// What is sent as an extended CONNECT, or as a request without `:protocol`.
#[derive(Clone, Debug)]
pub struct Stream {
    pub method: Method,
    pub protocol: Option<&'static str>,
    pub uri: String,
    pub fields: Vec<(String, String)>,
}

impl Http2 {
    /// Connects with prior knowledge, and waits until the server has announced the extended CONNECT.
    pub async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap()).await
    }

    /// As [`Http2::connect`], over a stream that is connected already.
    pub async fn over(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        let mut builder = h2::client::Builder::new();
        // Many streams at once are read late, and h2 bounds what small frames may take meanwhile.
        builder.initial_connection_window_size(16 << 20);
        let (send, connection) = builder.handshake(io).await.unwrap();
        tokio::spawn(connection);
        let mut send = send.ready().await.unwrap();
        while !send.is_extended_connect_protocol_enabled() {
            tokio::task::yield_now().await;
            send = send.ready().await.unwrap();
        }
        Self(send)
    }

    /// Whether the extended CONNECT is announced now.
    pub fn is_announced(&self) -> bool {
        self.0.is_extended_connect_protocol_enabled()
    }

    /// Begins a stream without ending it.
    pub fn begin(&mut self, stream: &Stream) -> Result<(ResponseFuture, h2::SendStream<Bytes>), h2::Error> {
        let mut request = Request::new(());
        *request.method_mut() = stream.method.clone();
        *request.uri_mut() = stream.uri.parse::<Uri>().unwrap();
        *request.version_mut() = Version::HTTP_2;
        if let Some(protocol) = stream.protocol {
            request.extensions_mut().insert(Protocol::from_static(protocol));
        }
        for (name, value) in &stream.fields {
            let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            request.headers_mut().append(name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        self.0.send_request(request, stream.protocol.is_none())
    }

    /// The whole exchange.
    pub async fn react(&mut self, stream: &Stream) -> Reaction {
        let (response, mut send) = self.begin(stream).unwrap_or_else(|error| panic!("{error}: {stream:?}"));
        let Ok(response) = response.await else { return Reaction::Resets };
        let status = response.status().as_u16();
        for forbidden in ["connection", "upgrade", "sec-websocket-accept", "transfer-encoding"] {
            assert!(!response.headers().contains_key(forbidden), "{forbidden}");
        }
        let mut body = response.into_body();
        if status != 200 {
            let mut text = Vec::new();
            while let Some(data) = body.data().await {
                text.extend_from_slice(&data.unwrap());
            }
            return Reaction::Refuses(status, rules(std::str::from_utf8(&text).unwrap()));
        }
        send.send_data(Bytes::from_static(&HI), false).unwrap();
        let mut echo = Vec::new();
        while echo.len() < ECHO.len() {
            echo.extend_from_slice(&body.data().await.unwrap().unwrap());
        }
        assert_eq!(echo, ECHO);
        Reaction::Opens
    }
}
