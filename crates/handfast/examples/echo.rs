//! Echoes every message, on one thread: `echo {port} [deflate|broadcast] [tasks]`.
//!
//! `feed` queues a reply; the next `recv` that would wait writes all that are queued, so that replies to messages that came
//! together go out together. With `broadcast` every message goes to every connection instead. With `tasks` each connection has a
//! task of its own, as a server has by default.

use handfast::{Broadcast, CloseCode, DeflateOptions, OriginPolicy, Overflow, Policy, Prepared, Server};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), handfast::Error> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| words.iter().any(|given| given == word);
    let port: u16 = words.first().and_then(|port| port.parse().ok()).unwrap_or(8080);
    // Any page may use an echo: there is nothing to protect.
    let policy = Policy { origin: OriginPolicy::Any, ..Policy::default() };
    let server = Server::bind(("127.0.0.1", port)).await?.policy(policy);
    // There is one thread only, so tasks for the connections would bring nothing.
    #[cfg(unix)]
    let server = if has("tasks") { server } else { server.one_task() };
    match has("broadcast") {
        true => broadcast(server).await,
        false if has("deflate") => echo(server.deflate(DeflateOptions::default())).await,
        false => echo(server).await,
    }
}

async fn echo(server: Server) -> Result<(), handfast::Error> {
    server
        .serve(|mut ws| async move {
            while let Some(message) = ws.recv().await? {
                ws.feed(message).await?;
            }
            Ok(())
        })
        .await
}

async fn broadcast(server: Server) -> Result<(), handfast::Error> {
    let everyone = Broadcast::new();
    server
        .serve(move |ws| {
            let everyone = everyone.clone();
            async move {
                let (mut receiver, sender) = ws.split();
                // One who does not keep up is shown out: nobody waits for them.
                let _member = everyone.join(sender, Overflow::Close(CloseCode::POLICY_VIOLATION));
                while let Some(message) = receiver.recv().await? {
                    // Framed once, whatever the number of members.
                    everyone.send(&Prepared::new(message));
                }
                Ok(())
            }
        })
        .await
}
