//! The client over HTTP/2 against servers that do anything.

use crate::raw::{CONNECT_PROTOCOL, DATA, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM, Raw, listen};
use crate::servers::{WAYS, echo, start};
use crate::wire::soon;
use bytes::Bytes;
use handfast::error::{Http2Code, Http2Fault, Phase, UriFault};
use handfast::{Client, CloseCode, DeflateOptions, Error, Http2, Limits, Message, Request, Server};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn client(address: SocketAddr) -> Client {
    Client::new(&format!("ws://{address}/chat?x=1")).unwrap().http2(Http2::Require)
}

fn impatient(address: SocketAddr) -> Client {
    client(address).handshake_timeout(Duration::from_millis(50))
}

fn fault(error: Error) -> Http2Fault {
    match error {
        Error::Http2(fault) => *fault,
        other => panic!("{other:?}"),
    }
}

/// Whether nothing comes for a while.
async fn is_silent(raw: &mut Raw) -> bool {
    tokio::time::timeout(Duration::from_millis(50), raw.next()).await.is_err()
}

#[tokio::test]
async fn every_server_of_http_2_is_talked_to() {
    for way in WAYS {
        let address = start(way).await;
        let mut ws = client(address).connect().await.unwrap();
        assert_eq!(ws.response().unwrap().status(), 200);
        assert_eq!(ws.get_ref().peer_addr().unwrap(), address);
        assert!(ws.get_ref().local_addr().unwrap().ip().is_loopback() && !ws.get_ref().is_tls());
        for message in [Message::text("hello"), Message::binary(vec![7; 1 << 20])] {
            ws.send(message.clone()).await.unwrap();
            assert!(soon(ws.recv()).await.unwrap() == Some(message), "{way:?}");
        }
        soon(ws.close(CloseCode::NORMAL, "")).await.unwrap();
    }
}

#[tokio::test]
async fn a_mebibyte_goes_both_ways_at_the_same_time() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.serve(|ws| async move {
        let (mut receiver, sender) = ws.split();
        let (sent, received) = tokio::join!(sender.send(vec![2; 1 << 20]), receiver.recv());
        assert!(received? == Some(Message::binary(vec![1; 1 << 20])));
        sent
    }));
    let ws = client(address).connect().await.unwrap();
    let (mut receiver, sender) = ws.split();
    let (sent, received) = soon(async { tokio::join!(sender.send(vec![1; 1 << 20]), receiver.recv()) }).await;
    sent.unwrap();
    assert!(received.unwrap() == Some(Message::binary(vec![2; 1 << 20])));
}

#[tokio::test]
async fn messages_are_compressed_where_both_ends_agree() {
    let server = Server::bind("127.0.0.1:0").await.unwrap().deflate(DeflateOptions::default());
    let address = server.local_addr().unwrap();
    tokio::spawn(server.serve(echo));
    let mut ws = client(address).deflate(DeflateOptions::with_context()).connect().await.unwrap();
    assert!(ws.deflate().is_some());
    ws.send("compress me ".repeat(1000)).await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap().unwrap().len(), 12_000);
    assert!(ws.stats().bytes_received < 1000);
}

// rule: client/h2-request-malformed
#[tokio::test]
async fn the_request_has_the_pseudo_header_fields_and_no_field_of_the_connection() {
    let (listener, address) = listen().await;
    let server = async {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut builder = h2::server::Builder::new();
        let mut connection = builder.enable_connect_protocol().handshake::<_, Bytes>(tcp).await.unwrap();
        let (request, mut respond) = connection.accept().await.unwrap().unwrap();
        assert!(!request.body().is_end_stream());
        assert_eq!(request.method(), http::Method::CONNECT);
        assert_eq!(request.extensions().get::<h2::ext::Protocol>().unwrap().as_str(), "websocket");
        assert_eq!(request.uri().to_string(), format!("http://{address}/chat?x=1"));
        let mut names: Vec<&str> = request.headers().keys().map(|name| name.as_str()).collect();
        names.sort_unstable();
        let wanted = [
            "authorization",
            "cache-control",
            "cookie",
            "pragma",
            "sec-websocket-protocol",
            "sec-websocket-version",
            "x",
        ];
        assert_eq!(names, wanted);
        assert_eq!(request.headers()["sec-websocket-version"], "13");
        assert_eq!(request.headers()["cookie"], "a=b; c=d");
        respond.send_response(http::Response::builder().status(403).body(()).unwrap(), true).unwrap();
        while connection.accept().await.is_some() {}
    };
    let client = client(address)
        .basic("me", "secret")
        .and_then(|client| client.cookie("a", "b")?.cookie("c", "d")?.subprotocol("chat"))
        .and_then(|client| client.header("X", "y")?.header("Keep-Alive", "5"))
        .unwrap();
    let connecting = async { assert!(matches!(client.connect().await, Err(Error::Declined(_)))) };
    soon(async { tokio::join!(connecting, server) }).await;
}

// rule: client/h2-connect-unannounced
#[tokio::test]
async fn no_request_is_sent_before_the_servers_settings_allow_it() {
    let (listener, address) = listen().await;
    let connecting = tokio::spawn(async move { client(address).connect().await });
    let mut raw = Raw::accept(&listener).await;
    // Its own settings, and a ping.
    let first = async {
        loop {
            assert_ne!(raw.next_of_all().await.unwrap().kind, HEADERS);
        }
    };
    assert!(tokio::time::timeout(Duration::from_millis(50), first).await.is_err());
    raw.settings(&[(CONNECT_PROTOCOL, 1)]).await;
    let request = raw.next().await.unwrap();
    assert_eq!(request.kind, HEADERS);
    raw.headers(request.stream, 0, &[(":status", "200")]).await;
    connecting.await.unwrap().unwrap();
}

// rule: client/h2-connect-unannounced
#[tokio::test]
async fn a_server_that_does_not_allow_it_gets_no_request() {
    for settings in [&[][..], &[(CONNECT_PROTOCOL, 0)]] {
        let (listener, address) = listen().await;
        let connecting = tokio::spawn(async move { client(address).connect().await });
        let mut raw = Raw::accept(&listener).await;
        raw.settings(settings).await;
        // A farewell, and nothing before it.
        assert_eq!(raw.next().await.map(|frame| frame.kind), Some(GOAWAY));
        assert_eq!(raw.next().await, None);
        assert_eq!(fault(connecting.await.unwrap().unwrap_err()), Http2Fault::ConnectProtocolMissing);
    }
}

#[tokio::test]
async fn a_setting_other_than_0_and_1_breaks_the_protocol() {
    let (listener, address) = listen().await;
    let connecting = tokio::spawn(async move { client(address).connect().await });
    let mut raw = Raw::accept(&listener).await;
    raw.settings(&[(CONNECT_PROTOCOL, 2)]).await;
    assert_eq!(fault(soon(connecting).await.unwrap().unwrap_err()), Http2Fault::Violated(Http2Code(1)));
}

// rule: client/h2-data-before-answer
#[tokio::test]
async fn nothing_is_sent_on_the_stream_before_the_answer_and_a_refused_stream_is_reset() {
    let (listener, address) = listen().await;
    let connecting = tokio::spawn(async move {
        let mut ws = client(address).connect().await?;
        ws.send("hello").await
    });
    let (mut raw, stream) = Raw::accept_request(&listener).await;
    assert!(is_silent(&mut raw).await, "no DATA");
    raw.headers(stream, 0, &[(":status", "403")]).await;
    raw.write(DATA, END_STREAM, stream, b"not you").await;
    let Err(Error::Declined(declined)) = connecting.await.unwrap() else { panic!("it opened") };
    assert_eq!(
        (declined.status(), declined.body(), declined.is_body_complete()),
        (403, &b"not you"[..], true)
    );
    let text = declined.to_string();
    assert_eq!(text, "the server answered 403 where 200 was wanted: \"not you\"");
    let reset = raw.next().await.unwrap();
    assert_eq!((reset.kind, reset.stream, reset.payload), (RST_STREAM, stream, vec![0, 0, 0, 8]), "CANCEL");
}

// rule: client/h2-answer-misjudged
#[tokio::test]
async fn a_101_is_no_answer_of_http_2() {
    let (listener, address) = listen().await;
    let connecting = tokio::spawn(async move { client(address).connect().await });
    let (mut raw, stream) = Raw::accept_request(&listener).await;
    raw.headers(stream, 0, &[(":status", "101"), ("x", "y")]).await;
    let Err(Error::FaultyAnswer(answer)) = soon(connecting).await.unwrap() else { panic!("it opened") };
    assert_eq!(answer.faults()[0].rule().id, "client/h2-answer-misjudged");
    assert_eq!((answer.key(), answer.expected_accept()), (None, None));
    assert_eq!(answer.head().unwrap().field("x"), Some(&b"y"[..]));
    assert!(!answer.to_string().contains("key"), "{answer}");
}

#[tokio::test]
async fn an_endless_body_of_a_refusal_is_cut_at_its_limit() {
    let (listener, address) = listen().await;
    let limits = Limits { declined_body_bytes_max: 20_000, ..Limits::default() };
    let connecting = tokio::spawn(async move { client(address).limits(limits).connect().await });
    let (mut raw, stream) = Raw::accept_request(&listener).await;
    raw.headers(stream, 0, &[(":status", "500")]).await;
    for _ in 0..3 {
        raw.write(DATA, 0, stream, &[b'x'; 10_000]).await;
    }
    let Err(Error::Declined(declined)) = soon(connecting).await.unwrap() else { panic!("it opened") };
    assert_eq!((declined.body().len(), declined.is_body_complete()), (20_000, false));
}

#[tokio::test]
async fn a_reset_before_the_answer_is_told_with_its_code() {
    for (code, name, is_transient) in [
        (7, "REFUSED_STREAM (0x7)", true),
        (8, "CANCEL (0x8)", false),
        (0xd, "HTTP_1_1_REQUIRED (0xd)", false),
    ] {
        let (listener, address) = listen().await;
        let connecting = tokio::spawn(async move { client(address).connect().await });
        let (mut raw, stream) = Raw::accept_request(&listener).await;
        raw.write(RST_STREAM, 0, stream, &u32::to_be_bytes(code)).await;
        let error = soon(connecting).await.unwrap().unwrap_err();
        assert!(error.to_string().contains(name) && error.is_transient() == is_transient, "{error}");
        assert_eq!(fault(error), Http2Fault::Reset(Http2Code(code)));
    }
}

#[tokio::test]
async fn a_goaway_instead_of_an_answer_is_told_with_its_code() {
    let (listener, address) = listen().await;
    let connecting = tokio::spawn(async move { client(address).connect().await });
    let (mut raw, _) = Raw::accept_request(&listener).await;
    // The last stream that was looked at is none.
    raw.write(GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 11]).await;
    assert_eq!(fault(soon(connecting).await.unwrap().unwrap_err()), Http2Fault::GoneAway(Http2Code(11)));
}

#[tokio::test]
async fn a_connection_that_ends_before_the_answer_is_cut() {
    let (listener, address) = listen().await;
    let connecting = tokio::spawn(async move { client(address).connect().await });
    drop(Raw::accept(&listener).await);
    assert!(matches!(soon(connecting).await.unwrap(), Err(Error::HandshakeCut(_))));
    let connecting = tokio::spawn(async move { client(address).connect().await });
    drop(Raw::accept_request(&listener).await);
    assert!(matches!(soon(connecting).await.unwrap(), Err(Error::HandshakeCut(_))));
}

#[tokio::test]
async fn a_server_that_is_silent_is_given_up_in_time() {
    let is_late = |error: Error| matches!(error, Error::Timeout { phase: Phase::Handshake, .. });
    let (listener, address) = listen().await;
    // It never sends its SETTINGS.
    let connecting = tokio::spawn(async move { impatient(address).connect().await });
    let _raw = Raw::accept(&listener).await;
    assert!(is_late(soon(connecting).await.unwrap().unwrap_err()));
    // It never answers.
    let connecting = tokio::spawn(async move { impatient(address).connect().await });
    let _raw = Raw::accept_request(&listener).await;
    assert!(is_late(soon(connecting).await.unwrap().unwrap_err()));
    // It never takes a byte.
    assert!(is_late(soon(impatient(address).connect()).await.unwrap_err()));
}

#[tokio::test]
async fn a_server_that_speaks_something_else_is_quoted() {
    for (answer, shown) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "HTTP/1.1 400 Bad Request"),
        (b"220 mail\r\n", "220 mail"),
    ] {
        let (listener, address) = listen().await;
        let server = async {
            let (mut tcp, _) = listener.accept().await.unwrap();
            tcp.read_u8().await.unwrap();
            tcp.write_all(answer).await.unwrap();
            tcp.shutdown().await.unwrap();
            let mut rest = Vec::new();
            tcp.read_to_end(&mut rest).await.unwrap();
        };
        let connecting = client(address);
        let (error, ()) = soon(async { tokio::join!(connecting.connect(), server) }).await;
        let error = error.unwrap_err();
        assert!(error.to_string().contains(shown), "{error}");
        assert!(matches!(fault(error), Http2Fault::NotSpoken(_)));
    }
}

#[tokio::test]
async fn a_lost_connection_is_a_lost_websocket_and_a_reset_stream_too() {
    let (listener, address) = listen().await;
    for resets in [true, false] {
        let connecting = tokio::spawn(async move { client(address).connect().await });
        let (mut raw, stream) = Raw::accept_request(&listener).await;
        raw.headers(stream, 0, &[(":status", "200")]).await;
        let mut ws = soon(connecting).await.unwrap().unwrap();
        raw.write(DATA, 0, stream, b"\x81\x02hi").await;
        assert_eq!(soon(ws.recv()).await.unwrap().unwrap().as_text(), Some("hi"));
        if resets {
            raw.write(RST_STREAM, 0, stream, &[0, 0, 0, 8]).await;
        } else {
            drop(raw);
        }
        assert!(matches!(soon(ws.recv()).await, Err(Error::Lost(_))));
    }
}

#[tokio::test]
async fn what_was_sent_before_a_websocket_is_dropped_or_closed_is_heard_and_so_is_the_end() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let (address, handle) = (server.local_addr().unwrap(), server.handle());
    tokio::spawn(server.run(move |request: Request| {
        let tell = tell.clone();
        async move {
            let mut ws = request.accept().await?;
            let mut bytes = 0;
            while let Some(message) = ws.recv().await? {
                bytes += message.len();
            }
            tell.send((bytes, ws.close_received().map(|close| close.code()))).map_err(Error::other)?;
            Ok(())
        }
    }));
    for size in [10, 10_000] {
        for (is_closed, code) in [(false, CloseCode::GOING_AWAY), (true, CloseCode::NORMAL)] {
            let mut ws = client(address).connect().await.unwrap();
            for _ in 0..3 {
                soon(ws.send(vec![7; size])).await.unwrap();
            }
            if is_closed {
                soon(ws.close(CloseCode::NORMAL, "")).await.unwrap();
            }
            drop(ws);
            assert_eq!(soon(told.recv()).await, Some((3 * size, Some(code))));
        }
    }
    // The connections under them have ended as well.
    soon(async {
        while handle.connections() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_queued_in_a_dropped_websocket_is_written_as_far_as_the_window_goes() {
    let (listener, address) = listen().await;
    // The window of a stream is 65,535 bytes as long as the server says nothing else.
    for (queued, fits) in [(3, true), (30, false)] {
        let opening = tokio::spawn(async move { client(address).connect().await });
        let (mut raw, stream) = Raw::accept_request(&listener).await;
        raw.headers(stream, 0, &[(":status", "200")]).await;
        let mut ws = soon(opening).await.unwrap().unwrap();
        for _ in 0..queued {
            soon(ws.feed(vec![7; 10_000])).await.unwrap();
        }
        drop(ws);
        let mut heard = Vec::new();
        let end = loop {
            let frame = raw.next().await.unwrap();
            if frame.kind != DATA || frame.flags & END_STREAM != 0 {
                break frame;
            }
            heard.extend_from_slice(&frame.payload);
        };
        if fits {
            assert_eq!((end.kind, end.flags & END_STREAM), (DATA, END_STREAM));
            // A masked Close frame with a code.
            let close = heard.len() - 8;
            assert_eq!((close, heard[close]), (3 * 10_008, 0x88));
        } else {
            // Cut in the middle of a frame, which must not look like an orderly end.
            assert_eq!((end.kind, &*end.payload), (RST_STREAM, &[0, 0, 0, 8][..]));
        }
    }
}

#[tokio::test]
async fn a_dropped_websocket_is_given_up_in_time_where_the_server_does_not_end_it() {
    let (listener, address) = listen().await;
    let limits = Limits { linger_timeout: Duration::from_millis(20), ..Limits::default() };
    let opening = tokio::spawn(async move { client(address).limits(limits).connect().await });
    let (mut raw, stream) = Raw::accept_request(&listener).await;
    raw.headers(stream, 0, &[(":status", "200")]).await;
    drop(opening.await.unwrap().unwrap());
    let close = raw.next().await.unwrap();
    assert_eq!((close.kind, close.payload[0]), (DATA, 0x88));
    let end = raw.next().await.unwrap();
    assert_eq!((end.kind, end.flags & END_STREAM), (DATA, END_STREAM));
    let reset = raw.next().await.unwrap();
    assert_eq!((reset.kind, reset.stream, &*reset.payload), (RST_STREAM, stream, &[0, 0, 0, 8][..]));
}

#[tokio::test]
async fn a_path_that_is_too_long_for_http_2_is_told_as_such() {
    let address = start(crate::servers::Way::Own).await;
    let uri = format!("ws://{address}/{}", "p".repeat(70_000));
    let error = soon(Client::new(&uri).unwrap().http2(Http2::Require).connect()).await.unwrap_err();
    let fault = UriFault::TooLong { bytes: 70_001 };
    assert!(matches!(&error, Error::Uri(told) if **told == fault), "{error:?}");
}

#[tokio::test]
async fn redirects_are_followed_and_begin_a_connection_anew() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.run(|request: Request| async move {
        match request.path() {
            "/chat" => {
                let answer = handfast::HttpResponse::text(307, "").field("Location", "/there")?;
                request.respond(answer).await
            }
            _ => echo(request.accept().await?).await,
        }
    }));
    let error = client(address).connect().await.unwrap_err();
    assert!(matches!(error, Error::Declined(declined) if declined.status() == 307));
    let mut ws = client(address).redirects(1).connect().await.unwrap();
    ws.send("hello").await.unwrap();
    assert!(soon(ws.recv()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_ping_comes_before_the_settings_are_judged_and_only_one() {
    let (listener, address) = listen().await;
    let connecting = tokio::spawn(async move { client(address).connect().await });
    let mut raw = Raw::accept(&listener).await;
    let mut pings = 0;
    while pings == 0 {
        pings += usize::from(raw.next_of_all().await.unwrap().kind == PING);
    }
    raw.settings(&[(CONNECT_PROTOCOL, 1)]).await;
    // Without waiting for the pong.
    assert_eq!(raw.next().await.unwrap().kind, HEADERS);
    connecting.abort();
}
