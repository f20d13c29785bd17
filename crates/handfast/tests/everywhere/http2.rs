//! handfast's own server over HTTP/2: many WebSockets on one connection, and how their ends are told.

use crate::servers::{Way, echo, roomy_axum, start};
use crate::wire::{Http2, Stream};
use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream};
use handfast::proto::error::Misuse;
use handfast::{Client, CloseCode, Error, Http2 as Http2Use, HttpResponse, Request, Server};
use http::Method;
use std::net::SocketAddr;
use std::time::Duration;

fn connect(address: SocketAddr) -> Stream {
    Stream {
        method: Method::CONNECT,
        protocol: Some("websocket"),
        uri: format!("http://{address}/chat"),
        fields: vec![("sec-websocket-version".into(), "13".into())],
    }
}

async fn open(http2: &mut Http2, address: SocketAddr) -> (SendStream<Bytes>, RecvStream) {
    let (response, send) = http2.begin(&connect(address)).unwrap();
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    (send, response.into_body())
}

/// A final frame, masked with zeros.
fn frame(opcode: u8, payload: &[u8]) -> Bytes {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        short @ ..126 => frame.push(0x80 | short as u8),
        long => {
            frame.push(0xfe);
            frame.extend_from_slice(&(long as u16).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame.into()
}

async fn read(receive: &mut RecvStream, bytes: usize) -> Vec<u8> {
    let mut read = Vec::new();
    while read.len() < bytes {
        let data = receive.data().await.expect("more is to come").unwrap();
        receive.flow_control().release_capacity(data.len()).unwrap();
        read.extend_from_slice(&data);
    }
    read
}

// rule: server/h2-setting-invalid
#[tokio::test]
async fn a_thousand_websockets_on_one_connection_echo_at_once() {
    for address in [start(Way::Own).await, roomy_axum().await] {
        let mut http2 = Http2::connect(address).await;
        let mut streams = Vec::new();
        assert!(http2.is_announced(), "with 1: h2's client ends a connection for any other value but 0");
        for _ in 0..1000 {
            streams.push(open(&mut http2, address).await);
        }
        for (number, (send, _)) in streams.iter_mut().enumerate() {
            send.send_data(frame(1, format!("{number:04}").as_bytes()), false).unwrap();
        }
        for (number, (_, receive)) in streams.iter_mut().enumerate() {
            let echo = [&[0x81, 4], format!("{number:04}").as_bytes()].concat();
            assert_eq!(read(receive, 6).await, echo);
        }
    }
}

#[tokio::test]
async fn one_that_is_not_read_does_not_hold_up_the_others() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let own = server.local_addr().unwrap();
    tokio::spawn(server.run(|request: Request| async move {
        let is_deaf = request.header("deaf").is_some();
        let ws = request.accept().await?;
        if is_deaf {
            // Holds it open, and reads nothing.
            std::future::pending::<()>().await;
        }
        echo(ws).await
    }));
    for address in [own, roomy_axum().await] {
        let mut http2 = Http2::connect(address).await;
        let mut deaf = connect(address);
        deaf.fields.push(("deaf".into(), "yes".into()));
        let (response, mut stuck) = http2.begin(&deaf).unwrap();
        assert_eq!(response.await.unwrap().status(), 200);
        // More than the stream's window takes.
        for _ in 0..8 {
            stuck.send_data(frame(2, &[7; 60_000]), false).unwrap();
        }
        let (mut send, mut receive) = open(&mut http2, address).await;
        for _ in 0..20 {
            send.send_data(frame(2, &[7; 30_000]), false).unwrap();
            assert_eq!(read(&mut receive, 30_004).await[..4], [0x82, 126, 0x75, 0x30]);
        }
    }
}

#[tokio::test]
async fn a_client_may_send_what_the_servers_window_takes_and_no_byte_more() {
    let limits = handfast::Limits { server_stream_window_bytes: 1000, ..Default::default() };
    let server = Server::bind("127.0.0.1:0").await.unwrap().limits(limits);
    let address = server.local_addr().unwrap();
    tokio::spawn(server.run(|request: Request| async move {
        let is_deaf = request.header("deaf").is_some();
        let ws = request.accept().await?;
        if is_deaf {
            std::future::pending::<()>().await;
        }
        echo(ws).await
    }));
    let mut http2 = Http2::connect(address).await;
    let mut deaf = connect(address);
    deaf.fields.push(("deaf".into(), "yes".into()));
    let (response, mut stuck) = http2.begin(&deaf).unwrap();
    assert_eq!(response.await.unwrap().status(), 200);
    stuck.reserve_capacity(1001);
    assert_eq!(stuck.capacity(), 1000);
    stuck.send_data(frame(2, &[7; 992]), false).unwrap();
    stuck.reserve_capacity(1);
    // What is read makes room again, as this shows, and what is not does not.
    let (mut send, mut receive) = open(&mut http2, address).await;
    for _ in 0..5 {
        send.send_data(frame(2, &[7; 992]), false).unwrap();
        assert_eq!(read(&mut receive, 996).await[..4], [0x82, 126, 3, 0xe0]);
    }
    assert_eq!(stuck.capacity(), 0);
}

#[tokio::test]
async fn a_client_that_reads_one_websocket_late_gets_the_others_in_time() {
    for address in [start(Way::Own).await, roomy_axum().await] {
        let mut http2 = Http2::connect(address).await;
        let (mut slow, mut unread) = open(&mut http2, address).await;
        // The echo of this waits at the server: it is more than the stream's window takes.
        for _ in 0..8 {
            slow.send_data(frame(2, &[7; 60_000]), false).unwrap();
        }
        let (mut send, mut receive) = open(&mut http2, address).await;
        for _ in 0..20 {
            send.send_data(frame(2, &[7; 30_000]), false).unwrap();
            assert_eq!(read(&mut receive, 30_004).await[..4], [0x82, 126, 0x75, 0x30]);
        }
        assert_eq!(read(&mut unread, 8 * 60_004).await[..4], [0x82, 126, 0xea, 0x60]);
    }
}

// rule: server/h2-end-mapping
#[tokio::test]
async fn a_close_ends_its_stream_a_reset_ends_its_own_and_the_rest_goes_on() {
    let address = start(Way::Own).await;
    let mut http2 = Http2::connect(address).await;
    let (mut closing, mut closed) = open(&mut http2, address).await;
    let (mut aborting, _aborted) = open(&mut http2, address).await;
    let (mut staying, mut stayed) = open(&mut http2, address).await;
    closing.send_data(frame(8, &1000_u16.to_be_bytes()), false).unwrap();
    assert_eq!(read(&mut closed, 4).await, [0x88, 2, 0x03, 0xe8]);
    // END_STREAM comes behind the Close frame, in a frame of its own.
    while let Some(data) = closed.data().await {
        assert_eq!(data.expect("the end is orderly"), b""[..]);
    }
    aborting.send_reset(Reason::CANCEL);
    staying.send_data(frame(1, b"hi"), false).unwrap();
    assert_eq!(read(&mut stayed, 4).await, [0x81, 2, b'h', b'i']);
}

#[tokio::test]
async fn an_aborted_stream_is_a_lost_websocket_and_an_unfinished_end_too() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.serve(move |mut ws| {
        let tell = tell.clone();
        async move {
            let end = ws.recv().await;
            tell.send(matches!(end, Err(Error::Lost(_)))).map_err(Error::other)?;
            Ok(())
        }
    }));
    let mut http2 = Http2::connect(address).await;
    let (mut aborting, _aborted) = open(&mut http2, address).await;
    aborting.send_reset(Reason::CANCEL);
    assert_eq!(told.recv().await, Some(true));
    let (mut ending, _ended) = open(&mut http2, address).await;
    ending.send_data(Bytes::new(), true).unwrap();
    assert_eq!(told.recv().await, Some(true));
}

// rule: server/h2-protocol-unknown
#[tokio::test]
async fn pages_and_refusals_end_their_stream_and_not_the_connection() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.run(|request: Request| async move {
        if request.wants_websocket() || request.method() == "CONNECT" {
            return echo(request.accept().await?).await;
        }
        request.respond(HttpResponse::text(200, "a page")).await
    }));
    let mut http2 = Http2::connect(address).await;
    let page = Stream { method: Method::GET, protocol: None, fields: vec![], ..connect(address) };
    let (response, _) = http2.begin(&page).unwrap();
    let response = response.await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()["content-length"]),
        (http::StatusCode::OK, &"6".parse().unwrap())
    );
    assert!(!response.headers().contains_key("connection"));
    assert_eq!(read(&mut response.into_body(), 6).await, b"a page");
    let unknown = Stream { protocol: Some("handfast-unknown"), ..connect(address) };
    let (response, _send) = http2.begin(&unknown).unwrap();
    assert_eq!(response.await.unwrap().status(), 501);
    let _open = open(&mut http2, address).await;
}

#[tokio::test]
async fn a_page_in_answer_to_a_handshake_does_not_open_the_websocket() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let server =
        server.on_error(move |_, error| tell.send(error.to_string()).expect("the test waits for it"));
    tokio::spawn(server.run(|request: Request| request.respond(HttpResponse::text(200, "a page"))));
    for (http2, status) in [(Http2Use::Never, 200), (Http2Use::Require, 500)] {
        let client = Client::new(&format!("ws://{address}/")).unwrap().http2(http2);
        let error = client.connect().await.unwrap_err();
        assert!(matches!(&error, Error::Declined(declined) if declined.status() == status), "{error:?}");
    }
    assert_eq!(told.recv().await, Some(Misuse::StatusOpens(200).to_string()));
}

// rule: server/h2-setting-withdrawn
#[tokio::test]
async fn a_drained_server_tells_its_websockets_and_ends() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let (address, handle) = (server.local_addr().unwrap(), server.handle());
    let running = tokio::spawn(server.serve(echo));
    let mut http2 = Http2::connect(address).await;
    let (mut send, mut receive) = open(&mut http2, address).await;
    let drained = handle.drain(Duration::from_secs(5));
    let code = CloseCode::GOING_AWAY.get();
    assert_eq!(read(&mut receive, 4).await[2..], code.to_be_bytes());
    send.send_data(frame(8, &code.to_be_bytes()), true).unwrap();
    assert!(http2.is_announced(), "the setting stays");
    drop((send, receive, http2));
    drained.await;
    running.await.unwrap().unwrap();
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn over_tls_http_2_is_agreed_on_by_alpn() {
    use tokio_rustls::rustls::pki_types::ServerName;
    use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (chain, secret) = (key.cert.pem(), key.signing_key.serialize_pem());
    let identity = handfast::TlsIdentity::from_pem(chain.as_bytes(), secret.as_bytes()).unwrap();
    let server = Server::bind("127.0.0.1:0").await.unwrap().tls(identity);
    let address = server.local_addr().unwrap();
    tokio::spawn(server.serve(echo));
    let mut roots = RootCertStore::empty();
    roots.add(key.cert.der().clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let tcp = tokio::net::TcpStream::connect(address).await.unwrap();
    let tls = connector.connect(ServerName::try_from("localhost").unwrap(), tcp).await.unwrap();
    assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let mut http2 = Http2::over(tls).await;
    let mut stream = connect(address);
    stream.uri = "https://localhost/chat".into();
    stream.fields.push(("origin".into(), "https://localhost".into()));
    assert_eq!(http2.react(&stream).await, crate::wire::Reaction::Opens);
}

#[tokio::test]
async fn a_connection_without_streams_is_ended_in_time() {
    let limits = handfast::Limits { handshake_timeout: Duration::from_millis(20), ..Default::default() };
    let server = Server::bind("127.0.0.1:0").await.unwrap().limits(limits);
    let (address, handle) = (server.local_addr().unwrap(), server.handle());
    tokio::spawn(server.serve(echo));
    let mut http2 = Http2::connect(address).await;
    while handle.connections() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(http2.begin(&connect(address)).is_err(), "the connection is gone");
}
