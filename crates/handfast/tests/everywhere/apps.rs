//! What applications do: look at the offer, answer with fields of their own, reject with a page of their own.

use crate::clients::{BOTH, open, status};
use crate::servers::serve;
use crate::wire::soon;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{StatusCode, Version};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router, routing::any};
use handfast::axum::{Rejection, Upgrade, WebSocket};
use handfast::proto::error::Misuse;
use handfast::tower::UpgradeLayer;
use handfast::{AcceptOptions, Answer, Client, CloseCode, Error, Http2, Limits, OriginPolicy};
use std::sync::Arc;
use tokio::net::TcpListener;
use tower_service::Service;

async fn run(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("ws://{}/chat", listener.local_addr().unwrap());
    serve(listener, app);
    uri
}

async fn is_echoing(mut ws: handfast::WebSocket) -> bool {
    ws.send("hello").await.is_ok() && matches!(soon(ws.recv()).await, Ok(Some(_)))
}

#[tokio::test]
async fn an_axum_handler_looks_at_the_offer_and_accepts_with_fields_of_its_own() {
    async fn chat(ws: Upgrade) -> Response {
        if ws.offer().request().query() != Some("token=secret") {
            return (StatusCode::UNAUTHORIZED, "who are you?").into_response();
        }
        ws.answer(|answer| answer.field("Set-Cookie", "seen=1"))
            .expect("the field is right")
            .subprotocols(["v2", "v1"])
            .on_upgrade(|mut ws| async move {
                let subprotocol = ws.subprotocol().unwrap_or_default().to_owned();
                ws.send(subprotocol).await?;
                while ws.recv().await?.is_some() {}
                Ok(())
            })
    }
    let uri = run(Router::new().route("/chat", any(chat))).await;
    let refused = Client::new(&uri).unwrap().connect().await.unwrap_err();
    assert_eq!(status(&refused), 401);
    let client = Client::new(&format!("{uri}?token=secret")).unwrap();
    let mut ws = client.subprotocol("v1").unwrap().connect().await.unwrap();
    assert_eq!(ws.response().unwrap().field("set-cookie"), Some(&b"seen=1"[..]));
    assert_eq!(ws.subprotocol(), Some("v1"));
    assert_eq!(ws.recv().await.unwrap().unwrap().as_text(), Some("v1"));
    ws.close(CloseCode::NORMAL, "").await.unwrap();
}

#[tokio::test]
async fn options_in_a_layer_say_which_pages_are_let_in_and_what_is_answered() {
    let mut options = AcceptOptions::default();
    options.policy.origin = OriginPolicy::Allow(vec!["https://app.example".into()]);
    options.answer = Answer::new().subprotocols(["chat"]).unwrap().require_subprotocol(true);
    let chat = |ws: Upgrade| async { ws.on_upgrade(crate::servers::echo) };
    let uri = run(Router::new().route("/chat", any(chat)).layer(Extension(Arc::new(options)))).await;
    let client = |origin| Client::new(&uri).unwrap().origin(origin).unwrap();
    let foreign = client("https://evil.example").subprotocol("chat").unwrap().connect().await.unwrap_err();
    assert_eq!(status(&foreign), 403);
    assert_eq!(status(&client("https://app.example").connect().await.unwrap_err()), 400);
    client("https://app.example").subprotocol("chat").unwrap().connect().await.unwrap();
}

#[tokio::test]
async fn a_client_that_is_refused_says_which_rules_it_broke() {
    let uri =
        run(Router::new().route("/chat", any(|ws: Upgrade| async { ws.on_upgrade(crate::servers::echo) })))
            .await;
    for (http2, wanted) in [(Http2::Never, 101), (Http2::Require, 200)] {
        let foreign = Client::new(&uri).unwrap().http2(http2).origin("https://evil.example").unwrap();
        let error = foreign.connect().await.unwrap_err();
        let (text, shown) = (error.to_string(), format!("{error:?}"));
        let says = format!(
            "the server answered 403 where {wanted} was wanted: it names server/origin-foreign-accepted"
        );
        assert_eq!(text, says);
        // What `main` shows when it returns the error.
        assert!(shown.contains("Pages of the origin") && !shown.contains("84, 104, 101"), "{shown}");
    }
}

#[tokio::test]
async fn a_layer_on_one_path_leaves_the_others_alone() {
    let layer = UpgradeLayer::new(crate::servers::echo).path("/chat");
    let uri = run(Router::new().fallback(|| async { (StatusCode::IM_A_TEAPOT, "tea") }).layer(layer)).await;
    Client::new(&uri).unwrap().connect().await.unwrap();
    let other = Client::new(&uri.replace("chat", "other")).unwrap().connect().await.unwrap_err();
    assert_eq!(status(&other), 418);
}

#[tokio::test]
async fn a_page_behind_a_layer_opens_no_websocket_and_a_service_that_means_to_still_does() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let layer = UpgradeLayer::new(crate::servers::echo)
        .path("/chat")
        .on_error(move |error| drop(tell.send(error.to_string())));
    let app = Router::new()
        .route("/own", any(|ws: Upgrade| async { ws.on_upgrade(crate::servers::echo) }))
        .route("/empty", any(|| async { StatusCode::NO_CONTENT }))
        .fallback(|| async { "a page" });
    let uri = run(app.layer(layer)).await;
    let at = |path: &str| uri.replace("/chat", path);
    for (http2, page, empty) in [(Http2::Never, 200, 204), (Http2::Require, 500, 500)] {
        assert_eq!(status(&open(&at("/page"), http2).await.unwrap_err()), page);
        assert_eq!(status(&open(&at("/empty"), http2).await.unwrap_err()), empty);
        for path in ["/chat", "/own"] {
            assert!(is_echoing(open(&at(path), http2).await.unwrap()).await, "{http2:?} {path}");
        }
    }
    for opens in [200, 204] {
        assert_eq!(told.try_recv().unwrap(), Misuse::StatusOpens(opens).to_string());
    }
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn an_error_of_the_handler_reaches_the_observer() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let tell = Arc::new(std::sync::Mutex::new(Some(tell)));
    let chat = move |ws: Upgrade| {
        let tell = tell.lock().unwrap().take().expect("there is one request");
        async move {
            ws.on_error(|error| drop(tell.send(error.to_string())))
                .on_upgrade(|_| async { Err(Error::other("no wish to talk")) })
        }
    };
    let uri = run(Router::new().route("/chat", any(chat))).await;
    let _ws = Client::new(&uri).unwrap().connect().await.unwrap();
    assert_eq!(told.await.unwrap(), "no wish to talk");
}

#[tokio::test]
async fn middleware_may_judge_a_request_before_its_handler_does() {
    async fn judge(ws: Result<Upgrade, Rejection>, request: Request, next: Next) -> Response {
        match ws {
            Ok(ws) if ws.offer().origin().is_none() => next.run(request).await,
            _ => StatusCode::UNAUTHORIZED.into_response(),
        }
    }
    let chat = |ws: Upgrade| async { ws.on_upgrade(crate::servers::echo) };
    let uri = run(Router::new().route("/chat", any(chat)).layer(from_fn(judge))).await;
    for http2 in BOTH {
        assert!(is_echoing(open(&uri, http2).await.unwrap()).await, "{http2:?}");
    }
}

#[tokio::test]
async fn a_request_without_a_stream_is_not_told_that_it_opens() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let chat = move |ws: Upgrade| {
        let tell = tell.clone();
        async move {
            ws.on_error(move |error| drop(tell.send(error.to_string()))).on_upgrade(crate::servers::echo)
        }
    };
    // As a program's own tests call it, without a server.
    let request = Request::get("/chat")
        .header("host", "a.example")
        .header("upgrade", "websocket")
        .header("connection", "upgrade")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .body(Body::empty())
        .unwrap();
    let response = Router::new().route("/chat", any(chat)).call(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body = to_bytes(response.into_body(), 1000).await.unwrap();
    assert!(String::from_utf8_lossy(&body).contains("did not come from a hyper server"), "{body:?}");
    assert!(told.recv().await.unwrap().contains("did not come from a hyper server"));
}

#[tokio::test]
async fn options_count_whether_they_are_shared_or_not() {
    let mut options = AcceptOptions::default();
    options.policy.origin = OriginPolicy::Allow(vec!["https://app.example".into()]);
    let chat = || any(|ws: Upgrade| async { ws.on_upgrade(crate::servers::echo) });
    let shared = Router::new().route("/chat", chat()).layer(Extension(Arc::new(options.clone())));
    let own = Router::new().route("/chat", chat()).layer(Extension(options));
    for app in [shared, own] {
        let client = Client::new(&run(app).await).unwrap().origin("https://app.example").unwrap();
        client.connect().await.unwrap();
    }
}

#[tokio::test]
async fn one_path_has_a_page_and_a_websocket() {
    async fn both(ws: Option<Upgrade>) -> Response {
        match ws {
            Some(ws) => ws.on_upgrade(crate::servers::echo),
            None => (StatusCode::IM_A_TEAPOT, "a page").into_response(),
        }
    }
    let mut app = Router::new().route("/chat", any(both));
    let uri = run(app.clone()).await;
    for http2 in BOTH {
        assert!(is_echoing(open(&uri, http2).await.unwrap()).await, "{http2:?}");
    }
    let page = Request::get("/chat").body(Body::empty()).unwrap();
    assert_eq!(app.call(page).await.unwrap().status(), StatusCode::IM_A_TEAPOT);
    let wrong = Request::get("/chat").header("upgrade", "websocket").body(Body::empty()).unwrap();
    assert_eq!(app.call(wrong).await.unwrap().status(), StatusCode::BAD_REQUEST);
    // A page in answer to it would open a tunnel.
    let tunnel = Request::connect("/chat").version(Version::HTTP_2).body(Body::empty()).unwrap();
    assert_eq!(app.call(tunnel).await.unwrap().status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_answer_that_cannot_be_sent_is_a_500_over_both_versions() {
    async fn chat(ws: Upgrade) -> Result<Response, Rejection> {
        let ws = ws.answer(|answer| answer.field("X-Name", "a\r\nSet-Cookie: b"))?;
        Ok(ws.on_upgrade(crate::servers::echo))
    }
    let uri = run(Router::new().route("/chat", any(chat))).await;
    for http2 in BOTH {
        assert_eq!(status(&open(&uri, http2).await.unwrap_err()), 500, "{http2:?}");
    }
}

#[tokio::test]
async fn a_handler_sets_the_limits_of_its_websocket() {
    async fn chat(ws: Upgrade) -> Response {
        ws.limits(Limits { message_bytes_max: 10, ..Limits::default() }).on_upgrade(
            |mut ws: WebSocket| async move {
                while ws.recv().await?.is_some() {}
                Ok(())
            },
        )
    }
    let mut ws = open(&run(Router::new().route("/chat", any(chat))).await, Http2::Never).await.unwrap();
    ws.send("ten bytes!").await.unwrap();
    ws.send("eleven bytes").await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap(), None);
    assert_eq!(ws.close_received().unwrap().code(), CloseCode::TOO_BIG);
}

#[tokio::test]
async fn a_layer_tells_of_refusals_and_of_its_handlers_errors() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let layer = UpgradeLayer::new(|_| async { Err(Error::other("no wish to talk")) })
        .on_error(move |error| drop(tell.send(error)));
    let uri = run(Router::new().fallback(|| async { "a page" }).layer(layer)).await;
    let foreign = Client::new(&uri).unwrap().origin("https://evil.example").unwrap();
    assert_eq!(status(&foreign.connect().await.unwrap_err()), 403);
    assert!(matches!(soon(told.recv()).await, Some(Error::Refused(_))));
    let _ws = open(&uri, Http2::Never).await.unwrap();
    assert!(matches!(soon(told.recv()).await, Some(Error::Other(_))));
}
