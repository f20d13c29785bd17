//! HTTP/2 on a connection of the one task.

use crate::support::{echoing, server, soon};
use handfast::{Client, CloseCode, Message};

#[tokio::test]
async fn streams_of_http_2_are_served_as_ever() {
    let running = echoing(server().await);
    let uri = running.uri("/");
    let connection = soon(Client::new(&uri).unwrap().connect_http2()).await.unwrap();
    let mut open = Vec::new();
    for _ in 0..20 {
        open.push(soon(connection.open(&uri)).await.unwrap());
    }
    for (number, ws) in open.iter_mut().enumerate() {
        ws.send(vec![number as u8; 100_000]).await.unwrap();
    }
    for (number, mut ws) in open.into_iter().enumerate() {
        let answer = soon(ws.recv()).await.unwrap();
        assert!(answer == Some(Message::from(vec![number as u8; 100_000])));
        soon(ws.close(CloseCode::NORMAL, "")).await.unwrap();
    }
}
