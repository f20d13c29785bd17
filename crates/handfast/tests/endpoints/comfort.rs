//! What a client need not do by itself: credentials, cookies, other sockets, trying again.

use crate::support::{echo, read_head, run, server, soon};
use handfast::{AcceptOptions, Client, CloseCode, Error, Message, Reconnect};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

/// The head of the request that this client sends.
async fn head(client: impl FnOnce(Client) -> Client) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("ws://from:uri@{}/", listener.local_addr().unwrap());
    let client = client(Client::new(&uri).unwrap());
    let (_, head) = tokio::join!(client.connect(), async {
        let (mut tcp, _) = listener.accept().await.unwrap();
        read_head(&mut tcp).await
    });
    head
}

#[tokio::test]
async fn there_is_one_authorization_and_one_cookie_field() {
    let head_of_bearer = head(|client| client.basic("a", "b").unwrap().bearer("7Hs.-_~+/=").unwrap()).await;
    assert!(head_of_bearer.contains("\r\nAuthorization: Bearer 7Hs.-_~+/=\r\n"), "{head_of_bearer}");
    assert_eq!(head_of_bearer.matches("Authorization").count(), 1);
    let head = head(|client| {
        let client = client.basic("Aladdin", "open sesame").unwrap().cookie("a", "1").unwrap();
        client.header("cookie", "b=2; c=3").unwrap().cookie("d", "").unwrap()
    })
    .await;
    assert!(head.contains("\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"), "{head}");
    assert!(head.contains("\r\nCookie: a=1; b=2; c=3; d=\r\n"), "{head}");
    assert_eq!(head.to_lowercase().matches("cookie:").count(), 1);
}

#[test]
fn credentials_and_cookies_that_would_be_read_otherwise_are_refused() {
    let client = || Client::new("ws://a/").unwrap();
    for token in ["", "a b", "a\r\nX: y", "ü"] {
        assert!(matches!(client().bearer(token), Err(Error::Misuse(_))), "{token:?}");
    }
    for (user, password) in [("a:b", "c"), ("a", "b\n"), ("a\0", "b")] {
        assert!(matches!(client().basic(user, password), Err(Error::Misuse(_))), "{user:?}");
    }
    for (name, value) in
        [("", "x"), ("a b", "x"), ("a=", "x"), ("a", "x;y"), ("a", "x y"), ("a", "\"x\""), ("a", "ü")]
    {
        assert!(matches!(client().cookie(name, value), Err(Error::Misuse(_))), "{name:?} {value:?}");
    }
}

#[tokio::test]
async fn a_local_address_is_bound() {
    let seen = Arc::new(Mutex::new(None));
    let noted = seen.clone();
    let running = run(server().await, move |request| {
        *noted.lock().unwrap() = request.transport().peer_addr().ok();
        async move { echo(request.accept().await?).await }
    });
    let client = Client::new(&running.uri("/")).unwrap();
    soon(client.clone().local_address([127, 0, 0, 9].into()).connect()).await.unwrap();
    assert_eq!(seen.lock().unwrap().unwrap().ip(), std::net::Ipv4Addr::new(127, 0, 0, 9));
    let error = client.local_address(std::net::Ipv6Addr::LOCALHOST.into()).connect().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable(_)), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_takes_the_place_of_the_address() {
    let folder = std::env::temp_dir().join(format!("handfast-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("socket");
    let client = Client::new("ws://server.invalid/").unwrap().unix(&path);
    let error = client.connect().await.unwrap_err();
    assert!(error.to_string().contains("socket"), "{error}");

    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let server = tokio::spawn(async move {
        let (unix, _) = listener.accept().await.unwrap();
        echo(handfast::server_handshake(unix, &AcceptOptions::default()).await?).await
    });
    let mut ws = soon(client.connect()).await.unwrap();
    assert!(!ws.get_ref().is_tls());
    assert!(ws.get_ref().peer_addr().is_err());
    ws.send("hello").await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap(), Some(Message::text("hello")));
    soon(ws.close(CloseCode::NORMAL, "")).await.unwrap();
    soon(server).await.unwrap().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}

#[cfg(all(unix, feature = "tls"))]
#[tokio::test]
async fn a_unix_socket_can_be_encrypted() {
    let (here, there) = tokio::net::UnixStream::pair().unwrap();
    drop((here, there));
    let folder = std::env::temp_dir().join(format!("handfast-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("socket");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    // A relay from the socket to a server on TCP: the encryption is between the ends.
    let certificates = crate::tls::certificates("server.invalid");
    let running = crate::support::echoing(server().await.tls(certificates.identity));
    let address = running.address;
    tokio::spawn(async move {
        let (mut unix, _) = listener.accept().await.unwrap();
        let mut tcp = tokio::net::TcpStream::connect(address).await.unwrap();
        drop(tokio::io::copy_bidirectional(&mut unix, &mut tcp).await);
    });
    let tls = handfast::TlsConfig::new().add_roots_pem(certificates.root.as_bytes()).unwrap();
    let client = Client::new("wss://server.invalid/").unwrap().tls(tls).unix(&path);
    let mut ws = soon(client.connect()).await.unwrap();
    assert!(ws.get_ref().is_tls());
    ws.send("hello").await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap(), Some(Message::text("hello")));
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Answers its connections with these, one after the other; the last one again and again.
async fn answering(answers: &'static [&'static str]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("ws://{}/", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        loop {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let number = counted.fetch_add(1, Ordering::Relaxed);
            read_head(&mut tcp).await;
            tcp.write_all(answers[number.min(answers.len() - 1)].as_bytes()).await.unwrap();
        }
    });
    (uri, count)
}

// rule: client/reconnect-storm
#[tokio::test]
async fn only_what_may_change_is_tried_again() {
    let (uri, count) = answering(&[
        "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 1",
        "HTTP/1.1 429 Slow\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
    ])
    .await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    let mut reconnect = Reconnect::new(Client::new(&uri).unwrap())
        .first_delay_max(Duration::ZERO)
        .delay_max(Duration::from_millis(100))
        .observe(move |error, delay| heard.lock().unwrap().push((error.map(ToString::to_string), delay)));
    let error = soon(reconnect.connect()).await.unwrap_err();
    assert!(matches!(&error, Error::Declined(declined) if declined.status() == 404), "{error}");
    assert_eq!(count.load(Ordering::Relaxed), 4);
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|(_, delay)| *delay <= Duration::from_millis(100)), "{told:?}");
}

#[tokio::test]
async fn a_faulty_answer_is_not_tried_again() {
    let (uri, count) = answering(&["HTTP/1.1 101 Switching Protocols\r\n\r\n"]).await;
    let error = soon(Reconnect::new(Client::new(&uri).unwrap()).connect()).await.unwrap_err();
    assert!(matches!(error, Error::FaultyAnswer(_)), "{error}");
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_server_that_comes_up_late_is_reached() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (first_failure, failed) = tokio::sync::oneshot::channel();
    let first_failure = Mutex::new(Some(first_failure));
    let mut reconnect = Reconnect::new(Client::new(&format!("ws://{free}/")).unwrap())
        .first_delay_max(Duration::from_millis(100))
        .delay_max(Duration::from_millis(100))
        .observe(move |_, _| {
            if let Some(first_failure) = first_failure.lock().unwrap().take() {
                first_failure.send(()).unwrap();
            }
        });
    let late = async {
        failed.await.unwrap();
        crate::support::echoing(handfast::Server::bind(free).await.unwrap())
    };
    let (ws, _running) = soon(async { tokio::join!(reconnect.connect(), late) }).await;
    let mut ws = ws.unwrap();
    ws.send("hello").await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap(), Some(Message::text("hello")));
}
