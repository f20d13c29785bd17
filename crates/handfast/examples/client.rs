//! Sends one message and shows what comes back: `client ws://127.0.0.1:8080/ [TEXT]`.

use handfast::{Client, CloseCode};
use std::io::Write;
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), handfast::Error> {
    let mut arguments = std::env::args().skip(1);
    let uri = arguments.next().unwrap_or_else(|| "ws://127.0.0.1:8080/".into());
    let text = arguments.next().unwrap_or_else(|| "hello".into());

    let mut ws = Client::new(&uri)?.connect_timeout(Duration::from_secs(3)).await?;
    ws.send(text).await?;
    if let Some(message) = ws.recv().await? {
        writeln!(std::io::stdout(), "{message:?}")?;
    }
    ws.close(CloseCode::NORMAL, "").await
}
