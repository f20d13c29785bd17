//! WebSockets that other servers carry end in good order: a `ServerHandle` in the options counts and ends them.

use crate::clients::{BOTH, open, status};
use crate::wire::soon;
use axum::{Extension, Router, response::Response, routing::any};
use handfast::axum::Upgrade;
use handfast::tower::UpgradeLayer;
use handfast::{AcceptOptions, CloseCode, Error, Http2, ServerHandle, WebSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Far longer than a test takes.
const LONG: Duration = Duration::from_secs(600);

fn options(handle: &ServerHandle) -> AcceptOptions {
    AcceptOptions { handle: Some(handle.clone()), ..AcceptOptions::default() }
}

/// An application whose WebSockets the handle counts and ends.
fn app<H, F>(handle: &ServerHandle, handler: H) -> Router
where
    H: Fn(handfast::axum::WebSocket) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let chat = |ws: Upgrade| async { ws.on_upgrade(handler) };
    Router::new().fallback(any(chat)).layer(Extension(Arc::new(options(handle))))
}

/// Serves it until the sender says so, and then drains by the handle.
fn serve_until(
    listener: TcpListener,
    app: Router,
    handle: &ServerHandle,
    deadline: Duration,
) -> (oneshot::Sender<()>, JoinHandle<std::io::Result<()>>) {
    let (stop, stopped) = oneshot::channel();
    let handle = handle.clone();
    let signal = async move {
        stopped.await.unwrap();
        drop(handle.drain(deadline));
    };
    (stop, tokio::spawn(async { axum::serve(listener, app).with_graceful_shutdown(signal).await }))
}

async fn bind() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("ws://{}/", listener.local_addr().unwrap());
    (listener, uri)
}

async fn is_told_to_go(mut ws: WebSocket) -> bool {
    soon(ws.recv()).await.unwrap().is_none()
        && ws.close_received().is_some_and(|close| close.code() == CloseCode::GOING_AWAY)
}

#[tokio::test]
async fn an_axum_server_ends_by_its_graceful_shutdown_and_a_handle() {
    for http2 in BOTH {
        let handle = ServerHandle::new();
        let (listener, uri) = bind().await;
        let app = app(&handle, crate::servers::echo);
        let (stop, served) = serve_until(listener, app, &handle, LONG);
        let clients = [open(&uri, http2).await.unwrap(), open(&uri, http2).await.unwrap()];
        assert_eq!(handle.connections(), 2);
        stop.send(()).unwrap();
        for client in clients {
            assert!(is_told_to_go(client).await, "{http2:?}");
        }
        soon(served).await.unwrap().unwrap();
        soon(handle.drain(LONG)).await;
        assert_eq!(handle.connections(), 0);
    }
}

#[tokio::test]
async fn an_axum_server_ends_at_the_deadline_of_handlers_that_wait_for_something_else() {
    for http2 in BOTH {
        let handle = ServerHandle::new();
        let (listener, uri) = bind().await;
        let app = app(&handle, |_ws| std::future::pending());
        let (stop, served) = serve_until(listener, app, &handle, Duration::from_millis(50));
        let _client = open(&uri, http2).await.unwrap();
        stop.send(()).unwrap();
        soon(served).await.unwrap().unwrap();
        soon(handle.drain(LONG)).await;
        assert_eq!(handle.connections(), 0, "{http2:?}");
    }
}

#[tokio::test]
async fn a_handler_that_waits_for_something_else_is_dropped_at_the_deadline() {
    for http2 in BOTH {
        let handle = ServerHandle::new();
        let (listener, uri) = bind().await;
        crate::servers::serve(listener, app(&handle, |_ws| std::future::pending()));
        let ws = open(&uri, http2).await.unwrap();
        let (begin, span) = (Instant::now(), Duration::from_millis(50));
        soon(handle.drain(span)).await;
        assert!(begin.elapsed() >= span);
        assert_eq!(handle.connections(), 0);
        assert!(is_told_to_go(ws).await, "{http2:?}");
    }
}

#[tokio::test]
async fn who_comes_while_the_server_ends_and_one_too_many_get_503() {
    let handle = ServerHandle::new();
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut options = options(&handle);
    options.policy.limits.connections_max = 1;
    let layer = UpgradeLayer::new(crate::servers::echo)
        .options(options)
        .on_error(move |error| drop(tell.send(error)));
    let (listener, uri) = bind().await;
    crate::servers::serve(listener, Router::new().layer(layer));
    let first = open(&uri, Http2::Never).await.unwrap();
    for http2 in BOTH {
        assert_eq!(status(&open(&uri, http2).await.unwrap_err()), 503, "{http2:?}");
        assert!(matches!(told.try_recv(), Ok(Error::Busy)));
    }
    assert_eq!(handle.connections(), 1);
    let drained = handle.drain(LONG);
    assert!(is_told_to_go(first).await);
    soon(drained).await;
    for http2 in BOTH {
        assert_eq!(status(&open(&uri, http2).await.unwrap_err()), 503, "{http2:?}");
        assert!(matches!(told.try_recv(), Ok(Error::Busy)));
    }
}

#[tokio::test]
async fn a_place_is_free_again_when_its_websocket_has_ended_or_never_opened() {
    let handle = ServerHandle::new();
    let mut options = options(&handle);
    options.policy.limits.connections_max = 1;
    let app = Router::new()
        .route("/", any(|ws: Upgrade| async { ws.on_upgrade(crate::servers::echo) }))
        // The response that would open it is thrown away.
        .route(
            "/changed-its-mind",
            any(|ws: Upgrade| async {
                drop(ws.on_upgrade(crate::servers::echo));
                Response::builder().status(403).body(axum::body::Body::empty()).unwrap()
            }),
        )
        .layer(Extension(Arc::new(options)));
    let (listener, uri) = bind().await;
    crate::servers::serve(listener, app);
    for http2 in BOTH {
        let declined = open(&format!("{uri}changed-its-mind"), http2).await.unwrap_err();
        assert_eq!(status(&declined), 403);
        for _ in 0..2 {
            until(|| handle.connections() == 0).await;
            let mut ws = open(&uri, http2).await.unwrap();
            assert_eq!(handle.connections(), 1);
            soon(ws.close(CloseCode::NORMAL, "")).await.unwrap();
        }
        until(|| handle.connections() == 0).await;
    }
}

async fn until(is_so: impl Fn() -> bool) {
    soon(async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_handle_without_websockets_drains_at_once_and_takes_none_after() {
    let handle = ServerHandle::new();
    let options = options(&handle);
    soon(handle.drain(LONG)).await;
    let (here, there) = tokio::io::duplex(4096);
    let request = handfast::ClientRequest::new("pipe", "/").unwrap();
    let (server, client) = soon(async {
        tokio::join!(
            handfast::server_handshake(here, &options),
            handfast::client_handshake(there, &request, handfast::Config::default().into()),
        )
    })
    .await;
    assert!(matches!(server.unwrap_err(), Error::Busy));
    assert_eq!(status(&client.unwrap_err()), 503);
}

#[tokio::test]
async fn a_task_that_keeps_a_websocket_and_does_not_look_keeps_no_drain() {
    let handle = ServerHandle::new();
    let (here, there) = tokio::io::duplex(4096);
    let request = handfast::ClientRequest::new("pipe", "/").unwrap();
    let options = options(&handle);
    let (server, client) = soon(async {
        tokio::try_join!(
            handfast::server_handshake(here, &options),
            handfast::client_handshake(there, &request, handfast::Config::default().into()),
        )
    })
    .await
    .unwrap();
    soon(handle.drain(Duration::ZERO)).await;
    // It is still there, and told when it looks again.
    let mut kept = server;
    assert_eq!(handle.connections(), 1);
    assert!(soon(kept.recv()).await.is_err());
    assert_eq!(handle.connections(), 0);
    drop(client);
}

#[test]
fn a_drain_ends_although_the_runtime_of_its_websockets_has_ended() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let handle = ServerHandle::new();
    let options = options(&handle);
    let request = handfast::ClientRequest::new("pipe", "/").unwrap();
    let first = runtime();
    let kept = first.block_on(soon(async {
        let (here, there) = tokio::io::duplex(4096);
        tokio::try_join!(
            handfast::server_handshake(here, &options),
            handfast::client_handshake(there, &request, handfast::Config::default().into()),
        )
        .unwrap()
    }));
    drop(first);
    runtime().block_on(async { soon(handle.drain(LONG)).await });
    assert_eq!(handle.connections(), 1);
    drop(kept);
    assert_eq!(handle.connections(), 0);
}

#[tokio::test]
async fn a_layers_handler_gets_the_parts_of_its_request() {
    #[derive(Clone)]
    struct User(&'static str);

    let layer = UpgradeLayer::with_request(|mut ws, request| async move {
        let User(name) = request.extensions.get().cloned().expect("the middleware before it left one");
        ws.send(format!("{name} at {}", request.uri)).await
    });
    let (listener, uri) = bind().await;
    crate::servers::serve(listener, Router::new().layer(layer).layer(Extension(User("ada"))));
    for http2 in BOTH {
        let mut ws = open(&format!("{uri}chat?room=7"), http2).await.unwrap();
        let said = soon(ws.recv()).await.unwrap().unwrap();
        let text = said.as_text().unwrap();
        assert!(text.starts_with("ada at ") && text.ends_with("/chat?room=7"), "{text}");
    }
}
