//! Many WebSockets of a client on one connection of HTTP/2.

use crate::raw::{DATA, GOAWAY, HEADERS, RST_STREAM, Raw, listen};
use crate::servers::{Way, echo, start};
use crate::wire::soon;
use handfast::error::{Http2Code, Http2Fault, RedirectFaultKind};
use handfast::{
    Client, CloseCode, Error, Http2Connection, HttpResponse, Limits, Message, Request, Server, WebSocket,
};
use std::net::SocketAddr;
use std::time::Duration;

async fn connect(address: SocketAddr) -> Http2Connection {
    Client::new(&format!("ws://{address}/")).unwrap().connect_http2().await.unwrap()
}

fn fault(opened: Result<WebSocket, Error>) -> Http2Fault {
    match opened {
        Err(Error::Http2(fault)) => *fault,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_thousand_websockets_on_one_connection_echo_at_once() {
    let address = start(Way::Own).await;
    let http2 = connect(address).await;
    let uri = format!("ws://{address}/echo");
    let mut all = Vec::new();
    for _ in 0..1000 {
        all.push(soon(http2.open(&uri)).await.unwrap());
    }
    assert_eq!((http2.streams(), http2.streams_max()), (1000, 1024));
    for (number, ws) in all.iter_mut().enumerate() {
        ws.send(format!("{number}")).await.unwrap();
    }
    for (number, ws) in all.iter_mut().enumerate() {
        let echo = soon(ws.recv()).await.unwrap().unwrap();
        assert_eq!(echo.as_text(), Some(&*number.to_string()));
    }
    let mut closing = tokio::task::JoinSet::new();
    for mut ws in all {
        closing.spawn(async move { ws.close(CloseCode::NORMAL, "").await });
    }
    while let Some(closed) = soon(closing.join_next()).await {
        closed.unwrap().unwrap();
    }
    assert_eq!(http2.streams(), 0);
}

#[tokio::test]
async fn one_that_is_not_read_does_not_hold_up_the_others() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.run(|request: Request| async move {
        let size = match request.path() {
            "/small" => 20,
            "/large" => 100_000,
            _ => return echo(request.accept().await?).await,
        };
        let mut ws = request.accept().await?;
        loop {
            ws.send(vec![7; size]).await?;
        }
    }));
    let http2 = connect(address).await;
    let open = async |path: &str| http2.open(&format!("ws://{address}{path}")).await.unwrap();
    // Each is sent more than it takes, in large messages and in many small ones.
    let mut deaf = [open("/large").await, open("/large").await, open("/small").await, open("/small").await];
    let mut ws = open("/echo").await;
    for round in 0..50 {
        ws.send(vec![round; 30_000]).await.unwrap();
        assert!(soon(ws.recv()).await.unwrap() == Some(Message::binary(vec![round; 30_000])));
    }
    // Those that were not read still can be.
    for ws in &mut deaf {
        for _ in 0..100 {
            assert!(soon(ws.recv()).await.unwrap().is_some());
        }
    }
}

#[tokio::test]
async fn each_has_its_own_path_and_options() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.run(|request: Request| async move {
        let text = format!(
            "{} {} {}",
            request.path(),
            request.header("x").map(String::from_utf8_lossy).unwrap_or_default(),
            request.header("authorization").map(String::from_utf8_lossy).unwrap_or_default(),
        );
        let mut ws = request.accept().await?;
        ws.send(text).await?;
        while ws.recv().await?.is_some() {}
        Ok(())
    }));
    let uri = |path: &str| format!("ws://{address}{path}");
    let client = Client::new(&uri("/")).unwrap().header("X", "shared").unwrap();
    let http2 = client.connect_http2().await.unwrap();
    let mut first = http2.open(&uri("/first")).await.unwrap();
    let own = Client::new(&uri("/second")).unwrap().header("X", "own").unwrap();
    let mut second = http2.open_with(&own).await.unwrap();
    let mut third = http2.open(&format!("ws://a:b@{address}/third")).await.unwrap();
    for (ws, text) in [
        (&mut first, "/first shared "),
        (&mut second, "/second own "),
        (&mut third, "/third shared Basic YTpi"),
    ] {
        assert_eq!(soon(ws.recv()).await.unwrap().unwrap().as_text(), Some(text));
    }
    for other in ["ws://127.0.0.1:1/", "ws://localhost/", &uri("/").replace("ws:", "wss:")] {
        assert_eq!(fault(http2.open(other).await), Http2Fault::OtherOrigin);
    }
    assert!(matches!(http2.open("ws://a/#b").await, Err(Error::Uri(_))));
}

#[tokio::test]
async fn no_more_are_opened_than_the_server_allows() {
    let limits = Limits { streams_max: 2, ..Limits::default() };
    let server = Server::bind("127.0.0.1:0").await.unwrap().limits(limits);
    let address = server.local_addr().unwrap();
    tokio::spawn(server.serve(echo));
    let http2 = connect(address).await;
    let uri = format!("ws://{address}/");
    let mut one = http2.open(&uri).await.unwrap();
    let _two = http2.open(&uri).await.unwrap();
    assert_eq!(fault(http2.open(&uri).await), Http2Fault::StreamsExhausted { streams_max: 2 });
    soon(one.close(CloseCode::NORMAL, "")).await.unwrap();
    drop(one);
    let mut three = soon(http2.open(&uri)).await.unwrap();
    three.send("hello").await.unwrap();
    assert!(soon(three.recv()).await.unwrap().is_some());
}

#[tokio::test]
async fn after_a_goaway_what_is_open_goes_on_and_nothing_new_is_opened() {
    let (listener, address) = listen().await;
    let connecting = tokio::spawn(connect(address));
    let mut raw = Raw::accept(&listener).await;
    raw.settings(&[(crate::raw::CONNECT_PROTOCOL, 1)]).await;
    let http2 = connecting.await.unwrap();
    let opening = {
        let http2 = http2.clone();
        tokio::spawn(async move { http2.open(&format!("ws://{address}/")).await })
    };
    let request = raw.next().await.unwrap();
    assert_eq!(request.kind, HEADERS);
    raw.headers(request.stream, 0, &[(":status", "200")]).await;
    let mut ws = opening.await.unwrap().unwrap();
    assert!(http2.is_open());
    raw.write(GOAWAY, 0, 0, &[[0, 0, 0, request.stream as u8], [0; 4]].concat()).await;
    raw.write(DATA, 0, request.stream, b"\x81\x02hi").await;
    assert_eq!(soon(ws.recv()).await.unwrap().unwrap().as_text(), Some("hi"));
    assert!(!http2.is_open());
    let gone = fault(http2.open(&format!("ws://{address}/")).await);
    assert_eq!(gone, Http2Fault::GoneAway(Http2Code(0)));
    ws.send("still").await.unwrap();
    let data = raw.next().await.unwrap();
    assert_eq!((data.kind, data.payload[1]), (DATA, 0x80 | 5));
}

#[tokio::test]
async fn a_server_that_drains_closes_all_and_takes_no_more() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let (address, handle) = (server.local_addr().unwrap(), server.handle());
    let running = tokio::spawn(server.serve(echo));
    let http2 = connect(address).await;
    let mut ws = http2.open(&format!("ws://{address}/")).await.unwrap();
    let drained = tokio::spawn(handle.drain(Duration::from_secs(5)));
    assert_eq!(soon(ws.recv()).await.unwrap(), None);
    assert_eq!(ws.close_received().unwrap().code(), CloseCode::GOING_AWAY);
    soon(async {
        while http2.is_open() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(http2.open(&format!("ws://{address}/")).await.is_err());
    drop((ws, http2));
    soon(drained).await.unwrap();
    soon(running).await.unwrap().unwrap();
}

#[tokio::test]
async fn dropping_an_opening_resets_its_stream_only() {
    let (listener, address) = listen().await;
    let connecting = tokio::spawn(connect(address));
    let mut raw = Raw::accept(&listener).await;
    raw.settings(&[(crate::raw::CONNECT_PROTOCOL, 1)]).await;
    let http2 = connecting.await.unwrap();
    let uri = format!("ws://{address}/");
    let open = || {
        let (http2, uri) = (http2.clone(), uri.clone());
        tokio::spawn(async move { http2.open(&uri).await })
    };
    let (given_up, kept) = (open(), open());
    let (first, second) = (raw.next().await.unwrap().stream, raw.next().await.unwrap().stream);
    given_up.abort();
    let reset = raw.next().await.unwrap();
    assert_eq!((reset.kind, reset.stream, &*reset.payload), (RST_STREAM, first, &[0, 0, 0, 8][..]));
    raw.headers(second, 0, &[(":status", "200")]).await;
    soon(kept).await.unwrap().unwrap();
}

#[tokio::test]
async fn redirects_are_followed_only_where_they_stay_with_the_origin() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.run(|request: Request| async move {
        let to = match request.path() {
            "/here" => "/there",
            "/away" => "ws://other.example/",
            _ => return echo(request.accept().await?).await,
        };
        request.respond(HttpResponse::text(302, "").field("Location", to)?).await
    }));
    let client = Client::new(&format!("ws://{address}/")).unwrap().redirects(3);
    let http2 = client.connect_http2().await.unwrap();
    let mut ws = http2.open(&format!("ws://{address}/here")).await.unwrap();
    ws.send("hello").await.unwrap();
    assert!(soon(ws.recv()).await.unwrap().is_some());
    let Err(Error::Redirect(fault)) = http2.open(&format!("ws://{address}/away")).await else {
        panic!("it was followed")
    };
    assert_eq!(fault.kind(), &RedirectFaultKind::OtherOrigin { to: "ws://other.example/".into() });
}

#[tokio::test]
async fn a_connection_that_nobody_uses_any_more_ends() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let (address, handle) = (server.local_addr().unwrap(), server.handle());
    tokio::spawn(server.serve(echo));
    let http2 = connect(address).await;
    let mut ws = http2.open(&format!("ws://{address}/")).await.unwrap();
    drop(http2);
    // The WebSocket keeps it.
    ws.send("hello").await.unwrap();
    assert!(soon(ws.recv()).await.unwrap().is_some());
    drop(ws);
    soon(async {
        while handle.connections() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
