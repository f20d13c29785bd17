//! What applications do: look at the offer, answer with fields of their own, reject with a page of their own.

use crate::servers::serve;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router, routing::any};
use handfast::axum::Upgrade;
use handfast::{AcceptOptions, Answer, Client, CloseCode, Error, OriginPolicy};
use std::sync::Arc;
use tokio::net::TcpListener;

async fn run(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("ws://{}/chat", listener.local_addr().unwrap());
    serve(listener, app);
    uri
}

fn status(error: &Error) -> u16 {
    match error {
        Error::Declined(declined) => declined.status(),
        other => panic!("{other:?}"),
    }
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
async fn a_layer_on_one_path_leaves_the_others_alone() {
    let layer = handfast::tower::UpgradeLayer::new(crate::servers::echo).path("/chat");
    let uri = run(Router::new().fallback(|| async { (StatusCode::IM_A_TEAPOT, "tea") }).layer(layer)).await;
    Client::new(&uri).unwrap().connect().await.unwrap();
    let other = Client::new(&uri.replace("chat", "other")).unwrap().connect().await.unwrap_err();
    assert_eq!(status(&other), 418);
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
