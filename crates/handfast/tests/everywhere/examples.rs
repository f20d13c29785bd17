//! The examples that people copy, as they stand.

#[path = "../../examples/axum.rs"]
#[expect(dead_code, reason = "its `main` listens on a fixed port")]
mod axum_app;
#[path = "../../examples/behind_nginx.rs"]
#[expect(dead_code, reason = "its `main` listens on a fixed port")]
mod behind_nginx;
#[path = "../../examples/http2_client.rs"]
#[expect(dead_code, reason = "its `main` reads arguments")]
mod http2_client;
#[path = "../../examples/reconnect.rs"]
#[expect(dead_code, reason = "its `main` reads the command line")]
mod reconnect;
#[path = "../../examples/room.rs"]
#[expect(dead_code, reason = "its `main` listens on a fixed port")]
mod room;
#[path = "../../examples/tls.rs"]
#[expect(dead_code, reason = "its `main` reads the command line")]
mod tls;

use crate::servers::serve;
use crate::wire::{Http2, Reaction, Stream, http1};
use handfast::{Client, CloseCode, Error, HttpResponse, Reconnect, Request, Server, TlsConfig, TlsIdentity};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

#[tokio::test]
async fn the_axum_example_lets_in_who_has_a_token_and_a_page_of_its_site() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    serve(listener, axum_app::app());
    let client =
        |query, origin| Client::new(&format!("ws://{address}/chat{query}")).unwrap().origin(origin).unwrap();
    let mut ws = client("?token=secret", "https://app.example").connect().await.unwrap();
    ws.send("hello").await.unwrap();
    assert_eq!(ws.recv().await.unwrap().unwrap().as_text(), Some("hello"));
    ws.close(CloseCode::NORMAL, "").await.unwrap();
    for refused in [client("", "https://app.example"), client("?token=secret", "https://evil.example")] {
        let Error::Declined(declined) = refused.connect().await.unwrap_err() else { panic!("declined") };
        assert_eq!(declined.status(), 403);
    }
}

#[tokio::test]
async fn a_bad_handshake_to_the_axum_example_hears_of_all_its_faults() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    serve(listener, axum_app::app());
    let request = b"GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n";
    let rules = ["server/connection-missing", "server/version-missing", "server/key-length"];
    let Reaction::Refuses(426, named) = http1(address, request).await else { panic!("refused with 426") };
    assert!(rules.iter().all(|rule| named.iter().any(|one| one == rule)), "{named:?}");

    let fields = [("sec-websocket-protocol", "chat.v1, chat.v1"), ("origin", "https://evil.example")];
    let stream = Stream {
        method: http::Method::CONNECT,
        protocol: Some("websocket"),
        uri: format!("http://{address}/chat"),
        fields: fields.map(|(name, value)| (name.into(), value.into())).into(),
    };
    let rules =
        ["server/version-missing", "server/subprotocol-offer-duplicate", "server/origin-foreign-accepted"];
    let reaction = Http2::connect(address).await.react(&stream).await;
    let Reaction::Refuses(400, named) = reaction else { panic!("{reaction:?}") };
    assert!(rules.iter().all(|rule| named.iter().any(|one| one == rule)), "{named:?}");
}

#[test]
fn the_axum_example_has_at_most_20_lines_beside_its_imports_and_comments() {
    let text = include_str!("../../examples/axum.rs");
    let is_counted = |line: &&str| !line.is_empty() && !line.starts_with("use ") && !line.starts_with("//");
    let lines = text.lines().map(str::trim).filter(is_counted).count();
    assert!(lines <= 20, "{lines}");
}

#[tokio::test]
async fn the_http_2_example_talks_on_several_streams() {
    let address = crate::servers::start(crate::servers::Way::Own).await;
    let uri = format!("ws://{address}/");
    let server = Client::new(&uri).unwrap().connect_http2().await.unwrap();
    for number in 0..3 {
        let echo = http2_client::talk(&server, &uri, number).await.unwrap();
        assert!(echo.contains(&format!("hello {number}")), "{echo}");
    }
}

#[tokio::test]
async fn in_the_chat_room_all_hear_what_one_says() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("ws://{}/", server.local_addr().unwrap());
    tokio::spawn(room::serve(server));
    let mut one = handfast::connect(&uri).await.unwrap();
    let mut other = Client::new(&uri).unwrap().subprotocol("chat.v2").unwrap().connect().await.unwrap();
    let count = other.recv().await.unwrap().unwrap();
    assert!(count.as_text().unwrap().ends_with(" are here"), "{count:?}");
    other.send("here").await.unwrap();
    // By its own words the other knows that it is in the room.
    assert_eq!(other.recv().await.unwrap().unwrap().as_text(), Some("here"));
    one.send("hello").await.unwrap();
    assert_eq!(other.recv().await.unwrap().unwrap().as_text(), Some("hello"));
}

#[tokio::test]
async fn the_client_that_reconnects_hears_on_until_trying_again_cannot_help() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("ws://{}/", server.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    tokio::spawn(server.run(move |request: Request| {
        let count = count.fetch_add(1, Ordering::Relaxed);
        async move {
            if count == 2 {
                return request.respond(HttpResponse::text(403, "that was all\n")).await;
            }
            let mut ws = request.accept().await?;
            assert_eq!(ws.recv().await?.unwrap().as_text(), Some("what is new?"));
            ws.send(format!("message {count}")).await?;
            ws.close(CloseCode::GOING_AWAY, "").await
        }
    }));
    let reconnect = Reconnect::new(Client::new(&uri).unwrap()).first_delay_max(Duration::ZERO);
    let mut heard = Vec::new();
    let end = reconnect::follow(reconnect, |message| heard.push(message.as_text().unwrap().to_owned())).await;
    let Err(Error::Declined(declined)) = end else { panic!("{end:?}") };
    assert_eq!((declined.status(), heard), (403, vec!["message 0".to_owned(), "message 1".to_owned()]));
}

#[tokio::test]
async fn the_tls_example_echoes_over_wss() {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let chain = key.cert.pem();
    let identity =
        TlsIdentity::from_pem(chain.as_bytes(), key.signing_key.serialize_pem().as_bytes()).unwrap();
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("wss://localhost:{}/", server.local_addr().unwrap().port());
    tokio::spawn(tls::serve(server, identity));
    let trust = TlsConfig::new().add_roots_pem(chain.as_bytes()).unwrap();
    let mut ws = Client::new(&uri).unwrap().tls(trust).connect().await.unwrap();
    ws.send("hello").await.unwrap();
    assert_eq!(ws.recv().await.unwrap().unwrap().as_text(), Some("hello"));
    ws.close(CloseCode::NORMAL, "").await.unwrap();
}

#[tokio::test]
async fn the_example_behind_nginx_names_the_client_that_nginx_saw() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("ws://{}/", server.local_addr().unwrap());
    tokio::spawn(behind_nginx::serve(server));
    let client = Client::new(&uri).unwrap().header("X-Real-IP", "192.0.2.7").unwrap();
    let mut ws = client.connect().await.unwrap();
    assert_eq!(ws.recv().await.unwrap().unwrap().as_text(), Some("you are 192.0.2.7"));
    ws.close(CloseCode::NORMAL, "").await.unwrap();
}
