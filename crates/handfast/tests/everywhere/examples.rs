//! The examples that people copy, as they stand.

#[path = "../../examples/axum.rs"]
#[expect(dead_code, reason = "its `main` listens on a fixed port")]
mod axum_app;
#[path = "../../examples/room.rs"]
#[expect(dead_code, reason = "its `main` listens on a fixed port")]
mod room;

use crate::servers::serve;
use crate::wire::{Reaction, http1};
use handfast::{Client, CloseCode, Error, Server};
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
}

#[tokio::test]
async fn in_the_chat_room_all_hear_what_one_says() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("ws://{}/", server.local_addr().unwrap());
    tokio::spawn(room::serve(server));
    let mut one = handfast::connect(&uri).await.unwrap();
    let mut other = handfast::connect(&uri).await.unwrap();
    other.send("here").await.unwrap();
    // By its own words the other knows that it is in the room.
    assert_eq!(other.recv().await.unwrap().unwrap().as_text(), Some("here"));
    one.send("hello").await.unwrap();
    assert_eq!(other.recv().await.unwrap().unwrap().as_text(), Some("hello"));
}
