//! The server of `server.rs` as an axum application, over HTTP/1.1 and HTTP/2 on one port. Prints `listening PORT`.
//!
//! Browsers speak HTTP/2 over TLS only, and `axum::serve` has no TLS: the loop below is what takes its place.

use std::fs::read;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get};
use handfast::axum::{Upgrade, Upgraded};
use handfast::{CloseCode, Error, WebSocket};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::Outcome;

/// Serves on a free port of 127.0.0.1 until it is ended; over TLS where files of a certificate and its key are given.
pub async fn run(identity: Option<(&str, &str)>) -> Outcome {
    let tls = identity.map(|(certificate, key)| acceptor(certificate, key)).transpose()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening {}", listener.local_addr()?.port());
    loop {
        let (tcp, _) = listener.accept().await?;
        tcp.set_nodelay(true)?;
        match tls.clone() {
            None => drop(tokio::spawn(serve(tcp))),
            Some(tls) => drop(tokio::spawn(async move {
                match tls.accept(tcp).await {
                    Ok(stream) => serve(stream).await,
                    Err(error) => eprintln!("TLS: {error}"),
                }
            })),
        }
    }
}

fn acceptor(certificate: &str, key: &str) -> Outcome<TlsAcceptor> {
    let chain = CertificateDer::pem_slice_iter(&read(certificate)?).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(&read(key)?)?;
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http2().enable_connect_protocol();
    let service = TowerToHyperService::new(app());
    if let Err(error) = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await {
        eprintln!("HTTP: {error}");
    }
}

fn app() -> Router {
    let page = Html("<!doctype html><title>axum</title><link rel=icon href=data:,>");
    Router::new()
        .route("/", get(move || async move { page }))
        .route("/echo", any(|ws: Upgrade| async { ws.on_upgrade(echo) }))
        .route("/subprotocol", any(|ws: Upgrade| async { ws.subprotocols(["chat.v2"]).on_upgrade(echo) }))
        .route("/close", any(|ws: Upgrade| async { ws.on_upgrade(close) }))
        .route("/refuse", any(|| async { refuse() }))
}

fn refuse() -> Response {
    (StatusCode::FORBIDDEN, [("x-reason", "interop")], "not for you\n").into_response()
}

async fn echo(mut ws: WebSocket<Upgraded>) -> Result<(), Error> {
    while let Some(message) = ws.recv().await? {
        ws.send(message).await?;
    }
    Ok(())
}

async fn close(mut ws: WebSocket<Upgraded>) -> Result<(), Error> {
    ws.close(CloseCode::new(4001).map_err(Error::Misuse)?, "see you").await
}
