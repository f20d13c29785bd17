//! The smallest echo server of tokio-tungstenite, after its own example: tungstenite-server PORT

use futures_util::{StreamExt, TryStreamExt, future};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let port = std::env::args().nth(1).and_then(|port| port.parse::<u16>().ok()).expect("a port");
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let Ok(socket) = tokio_tungstenite::accept_async(stream).await else { return };
            let (write, read) = socket.split();
            let echo = read.try_filter(|message| future::ready(message.is_text() || message.is_binary()));
            // An error is the end of the connection, however it came.
            let _ended = echo.forward(write).await;
        });
    }
}
