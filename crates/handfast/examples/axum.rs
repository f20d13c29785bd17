//! A chat in an axum application: who may come in is decided before the WebSocket opens, and pages of one site only may.
//!
//! `cargo run -p handfast --features axum --example axum`, then `handfast connect 'ws://127.0.0.1:8080/chat?token=secret'`.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router, routing::any};
use handfast::{AcceptOptions, OriginPolicy, axum::Upgrade};
use std::sync::Arc;

async fn chat(ws: Upgrade) -> Response {
    if ws.offer().request().query() != Some("token=secret") {
        return (StatusCode::FORBIDDEN, "Bring a token.\n").into_response();
    }
    ws.subprotocols(["chat.v1"]).on_upgrade(|mut ws| async move {
        while let Some(message) = ws.recv().await? {
            ws.send(message).await?;
        }
        Ok(())
    })
}

/// The application, with the one site whose pages may connect.
pub fn app() -> Router {
    let mut options = AcceptOptions::default();
    options.policy.origin = OriginPolicy::Allow(vec!["https://app.example".into()]);
    Router::new().route("/chat", any(chat)).layer(Extension(Arc::new(options)))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8080").await?, app()).await
}
