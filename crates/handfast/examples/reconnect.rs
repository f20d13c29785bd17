//! A client that stays: when its connection ends, however it ends, it connects again, and never too soon.
//!
//! `cargo run -p handfast --example reconnect -- ws://127.0.0.1:8080/`; end and start the server meanwhile.

use handfast::{Client, Error, Message, Reconnect};
use std::io::Write as _;
use std::time::Duration;

/// Hands over each message, from whichever connection it comes. Ends only where trying again cannot help.
pub async fn follow(mut reconnect: Reconnect, mut hear: impl FnMut(Message)) -> Result<(), Error> {
    loop {
        // Waits before it tries again: a random time, ever longer, or as long as the server's Retry-After says.
        let mut ws = reconnect.connect().await?;
        // What was missed in between the server must tell: a new connection knows nothing of the old one.
        ws.send("what is new?").await.ok();
        while let Ok(Some(message)) = ws.recv().await {
            hear(message);
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let uri = std::env::args().nth(1).unwrap_or_else(|| "ws://127.0.0.1:8080/".into());
    let client = Client::new(&uri)?.connect_timeout(Duration::from_secs(5));
    let reconnect = Reconnect::new(client).observe(|error, wait| {
        let why = error.map_or_else(|| "the connection has ended".to_owned(), |error| error.to_string());
        writeln!(std::io::stderr(), "{why}; the next attempt is in {wait:?}").ok();
    });
    follow(reconnect, |message| drop(writeln!(std::io::stdout(), "{message:?}"))).await
}
