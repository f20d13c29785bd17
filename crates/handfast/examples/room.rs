//! A chat room: what one says, all hear; who hears too slowly misses something, and holds nobody up.
//!
//! `cargo run -p handfast --example room`, then `handfast connect ws://127.0.0.1:8080/` in two terminals. A client that
//! offers the subprotocol `chat.v2` is told how many are here; all others speak `chat.v1`.

use handfast::{Answer, Error, Message, Server};
use tokio::sync::broadcast::{self, error::RecvError};

/// Everybody who connects is in the room.
pub async fn serve(server: Server) -> Result<(), Error> {
    let (room, _) = broadcast::channel::<Message>(64);
    let answer = Answer::new().subprotocols(["chat.v2", "chat.v1"])?;
    server
        .answer(answer)
        .serve(move |mut ws| {
            let (room, mut said) = (room.clone(), room.subscribe());
            async move {
                if ws.subprotocol() == Some("chat.v2") {
                    ws.send(format!("{} are here", room.receiver_count())).await?;
                }
                loop {
                    tokio::select! {
                        message = ws.recv() => match message? {
                            // Only the room itself keeps a receiver for certain.
                            Some(message) => drop(room.send(message)),
                            None => return Ok(()),
                        },
                        heard = said.recv() => match heard {
                            Ok(message) => ws.send(message).await?,
                            Err(RecvError::Lagged(missed)) => ws.send(format!("({missed} messages missed)")).await?,
                            Err(RecvError::Closed) => return Ok(()),
                        },
                    }
                }
            }
        })
        .await
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    serve(Server::bind("127.0.0.1:8080").await?).await
}
