//! A server behind nginx, which is configured as `interop/nginx/nginx.conf` is: `cargo run -p handfast --example behind_nginx`.
//!
//! What differs from a server that clients reach directly: the peer of the connection is always nginx, the client's address stands in a field
//! that nginx sets, and TLS has been taken off before. Same origin needs nothing: nginx passes `Host` on as it came.

use handfast::{Config, Error, KeepAlive, Request, Server};
use std::time::Duration;

/// Says whom it sees, and echoes.
pub async fn serve(server: Server) -> Result<(), Error> {
    // A silent client is pinged after one to two intervals; after proxy_read_timeout, 75 s, nginx would cut it off.
    let keep_alive = KeepAlive { interval: Duration::from_secs(20), timeout: Duration::from_secs(20) };
    let config = Config { keep_alive: Some(keep_alive), ..Config::default() };
    server.config(config).run(answer).await
}

async fn answer(request: Request) -> Result<(), Error> {
    // To be trusted only because nobody but nginx reaches this port: it listens on loopback, and nginx overwrites the field.
    let client = request.header("x-real-ip").and_then(|value| std::str::from_utf8(value).ok());
    let greeting = format!("you are {}", client.unwrap_or("unknown"));
    let mut ws = request.accept().await?;
    ws.send(greeting).await?;
    while let Some(message) = ws.recv().await? {
        ws.send(message).await?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    serve(Server::bind("127.0.0.1:8080").await?).await
}
