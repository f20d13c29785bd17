//! The client of tokio-tungstenite: connects, and ends with the connection. tungstenite-client URL
//! A last line says how: `failed: WHY` where it did not open, `lost: WHY` or `closed: CODE` where it did.

use futures_util::StreamExt;
use tokio_tungstenite::tungstenite::Message;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let url = std::env::args().nth(1).expect("a URL");
    let mut socket = match tokio_tungstenite::connect_async(url).await {
        Ok((socket, _)) => socket,
        Err(error) => return eprintln!("failed: {error}"),
    };
    while let Some(message) = socket.next().await {
        match message {
            Ok(Message::Close(Some(frame))) => eprintln!("closed: {}", u16::from(frame.code)),
            Ok(_) => {}
            Err(error) => return eprintln!("lost: {error}"),
        }
    }
}
