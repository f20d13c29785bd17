//! Several WebSockets on one connection of HTTP/2: `http2_client ws://127.0.0.1:8080/echo [COUNT]`.

use handfast::{Client, CloseCode, Error, Http2Connection};
use std::io::Write;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let uri = arguments.next().unwrap_or_else(|| "ws://127.0.0.1:8080/echo".into());
    let count = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(3);
    let server = Client::new(&uri)?.connect_http2().await?;
    for number in 0..count {
        writeln!(std::io::stdout(), "{}", talk(&server, &uri, number).await?)?;
    }
    Ok(())
}

/// One WebSocket more on the connection, for one message and its echo.
pub async fn talk(server: &Http2Connection, uri: &str, number: usize) -> Result<String, Error> {
    let mut ws = server.open(uri).await?;
    ws.send(format!("hello {number}")).await?;
    let echo = ws.recv().await?.map(|message| format!("{message:?}"));
    ws.close(CloseCode::NORMAL, "").await?;
    Ok(echo.unwrap_or_default())
}
