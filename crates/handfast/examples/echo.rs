//! Echoes every message, on one thread: `echo {port} [deflate|broadcast]`.
//!
//! `feed` queues a reply; the next `recv` that would wait writes all that are queued, so that replies to messages that came
//! together go out together. With `broadcast` every message goes to every connection instead.

use handfast::{Broadcast, CloseCode, DeflateOptions, OriginPolicy, Overflow, Policy, Prepared, Server};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), handfast::Error> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let style = arguments.next().unwrap_or_default();
    // Any page may use an echo: there is nothing to protect.
    let policy = Policy { origin: OriginPolicy::Any, ..Policy::default() };
    let server = Server::bind(("127.0.0.1", port)).await?.policy(policy);
    // One thread is all there is, so a task for each connection would bring nothing.
    #[cfg(unix)]
    let server = if std::env::var_os("ECHO_TASKS").is_some() { server } else { server.one_task() };
    match style.as_str() {
        "broadcast" => broadcast(server).await,
        "deflate" => echo(server.deflate(DeflateOptions::default())).await,
        _ => echo(server).await,
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
