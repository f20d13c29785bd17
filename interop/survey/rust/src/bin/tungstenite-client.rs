//! The client of tokio-tungstenite: connects, and ends with the connection. tungstenite-client URL

use futures_util::StreamExt;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let url = std::env::args().nth(1).expect("a URL");
    let Ok((mut socket, _)) = tokio_tungstenite::connect_async(url).await else { return };
    while let Some(Ok(_)) = socket.next().await {}
}
