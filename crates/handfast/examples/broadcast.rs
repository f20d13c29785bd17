//! A chat: what one says, all hear. `broadcast [port]`, then open `handfast connect ws://127.0.0.1:8080/` a few times.
//!
//! Who reads too slowly is told to come back later, and delays nobody.

use handfast::{Broadcast, CloseCode, Message, Overflow, Prepared, Server};

#[tokio::main]
async fn main() -> Result<(), handfast::Error> {
    let port: u16 = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(8080);
    let everyone = Broadcast::new();
    let server = Server::bind(("127.0.0.1", port)).await?;
    server
        .serve(move |ws| {
            let everyone = everyone.clone();
            async move {
                let (mut receiver, sender) = ws.split();
                let _member = everyone.join(sender, Overflow::Close(CloseCode::TRY_AGAIN_LATER));
                everyone.send(&Prepared::new(format!("{} are here", everyone.members())));
                while let Some(message) = receiver.recv().await? {
                    if let Message::Text(text) = message {
                        everyone.send(&Prepared::new(text));
                    }
                }
                Ok(())
            }
        })
        .await
}
