//! An echo server on each way into handfast.

use axum::response::{IntoResponse, Response};
use axum::routing::any;
use handfast::tower::UpgradeLayer;
use handfast::{AcceptOptions, Error, Server, WebSocket};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

/// A way into handfast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// handfast's own server.
    Own,
    Hyper,
    Tower,
    Axum,
}

pub const WAYS: [Way; 4] = [Way::Own, Way::Hyper, Way::Tower, Way::Axum];

/// Starts it with all defaults, for as long as the test's runtime runs.
pub async fn start(way: Way) -> SocketAddr {
    if way == Way::Own {
        let server = Server::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        tokio::spawn(server.serve(echo));
        return address;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    match way {
        Way::Own => unreachable!("it has a listener of its own"),
        Way::Hyper => drop(tokio::spawn(hyper(listener))),
        Way::Tower => {
            let app = axum::Router::new().fallback(page).layer(UpgradeLayer::new(echo));
            serve(listener, app);
        }
        Way::Axum => serve(listener, axum::Router::new().fallback(any(upgrade))),
    }
    address
}

pub fn serve(listener: TcpListener, app: axum::Router) {
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
}

pub async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut ws: WebSocket<S>) -> Result<(), Error> {
    while let Some(message) = ws.recv().await? {
        ws.send(message).await?;
    }
    Ok(())
}

/// An axum application on hyper with room for as many streams on a connection as HTTP/2 can number; `axum::serve` leaves hyper's
/// own limit of 200. A request with a field `deaf` is held open and never read.
pub async fn roomy_axum() -> SocketAddr {
    async fn upgrade(ws: handfast::axum::Upgrade) -> Response {
        let is_deaf = ws.offer().request().field("deaf").is_some();
        ws.on_upgrade(move |ws| async move {
            match is_deaf {
                true => std::future::pending().await,
                false => echo(ws).await,
            }
        })
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = hyper_util::service::TowerToHyperService::new(axum::Router::new().fallback(any(upgrade)));
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let service = service.clone();
            tokio::spawn(async move {
                let mut builder = auto::Builder::new(TokioExecutor::new());
                builder.http2().enable_connect_protocol().max_concurrent_streams(u32::MAX);
                // What the test does to the connection it sees at its own end.
                let _ = builder.serve_connection_with_upgrades(TokioIo::new(tcp), service).await;
            });
        }
    });
    address
}

async fn upgrade(ws: handfast::axum::Upgrade) -> Response {
    ws.on_upgrade(echo)
}

async fn page() -> Response {
    "an ordinary page".into_response()
}

async fn hyper(listener: TcpListener) {
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            let mut builder = auto::Builder::new(TokioExecutor::new());
            builder.http2().enable_connect_protocol();
            let service = hyper_util::service::TowerToHyperService::new(Own);
            // What the test does to the connection it sees at its own end.
            let _ = builder.serve_connection_with_upgrades(TokioIo::new(tcp), service).await;
        });
    }
}

/// A service without a framework.
#[derive(Clone)]
struct Own;

impl<B> tower_service::Service<http::Request<B>> for Own {
    type Response = http::Response<handfast::hyper::Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let upgraded = handfast::hyper::upgrade(&request, &AcceptOptions::default());
        std::future::ready(Ok(match upgraded {
            Ok((response, upgrading)) => {
                tokio::spawn(async move { echo(upgrading.await?).await });
                response
            }
            Err(rejection) => rejection.into(),
        }))
    }
}
