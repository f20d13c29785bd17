//! Redirects: followed on request only, and never with what belongs to another origin.

use crate::support::{read_head, soon};
use handfast::error::RedirectFaultKind;
use handfast::proto::handshake::{Accept, Key};
use handfast::{Client, Error, Limits, Step};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

type Heads = Arc<Mutex<Vec<String>>>;

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.into_iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Redirects each path to where `places` says, with its status, and opens a WebSocket on all others.
async fn redirecting(places: &'static [(&'static str, u16, &'static str)]) -> (SocketAddr, Heads) {
    redirecting_to(move |path| {
        let place = places.iter().find(|(from, ..)| *from == path)?;
        Some((place.1, place.2.to_owned()))
    })
    .await
}

async fn redirecting_to(
    place: impl Fn(&str) -> Option<(u16, String)> + Send + 'static,
) -> (SocketAddr, Heads) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heads = Heads::default();
    let seen = heads.clone();
    tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let head = read_head(&mut tcp).await;
            let path = head.split(' ').nth(1).unwrap();
            let answer = match place(path) {
                Some((status, location)) => {
                    format!("HTTP/1.1 {status} There\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
                }
                None => {
                    let key = Key::parse(field(&head, "sec-websocket-key").unwrap().as_bytes()).unwrap();
                    let accept = Accept::derive(&key);
                    format!(
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                         Sec-WebSocket-Accept: {}\r\n\r\n",
                        accept.as_str()
                    )
                }
            };
            tcp.write_all(answer.as_bytes()).await.unwrap();
            seen.lock().unwrap().push(head);
            open.push(tcp);
        }
    });
    (address, heads)
}

fn secretive(address: SocketAddr, path: &str) -> Client {
    Client::new(&format!("ws://user:pw@{address}{path}")).unwrap().cookie("id", "7").unwrap()
}

// rule: client/redirect-unsafe client/key-reused
#[tokio::test]
async fn within_the_origin_credentials_stay_and_each_request_has_a_key_of_its_own() {
    let places: &[_] = &[
        ("/a/b", 301, "c?d"),
        ("/a/c?d", 302, "/e"),
        ("/e", 303, "?f"),
        ("/e?f", 307, "g"),
        ("/g", 308, "h#x"),
    ];
    let (address, heads) = redirecting(places).await;
    let steps: Heads = Arc::default();
    let seen = steps.clone();
    let client = secretive(address, "/a/b").redirects(10).observe(move |step| {
        if let Step::Redirected { status, to } = step {
            seen.lock().unwrap().push(format!("{status} {to}"));
        }
    });
    soon(client.connect()).await.unwrap();
    let heads = heads.lock().unwrap();
    let paths: Vec<_> = heads.iter().map(|head| head.split(' ').nth(1).unwrap()).collect();
    assert_eq!(paths, ["/a/b", "/a/c?d", "/e", "/e?f", "/g", "/h"]);
    let mut keys: Vec<_> = heads.iter().map(|head| field(head, "sec-websocket-key").unwrap()).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 6);
    for head in heads.iter() {
        assert_eq!(field(head, "authorization"), Some("Basic dXNlcjpwdw=="), "{head}");
        assert_eq!(field(head, "cookie"), Some("id=7"), "{head}");
        assert_eq!(field(head, "host"), Some(address.to_string().as_str()), "{head}");
    }
    assert_eq!(steps.lock().unwrap()[0], format!("301 ws://{address}/a/c?d"));
}

// rule: client/redirect-unsafe
#[tokio::test]
async fn another_origin_gets_no_credentials_and_the_first_one_not_again() {
    let (second, second_heads) = redirecting_to(|path| {
        let back = path.strip_prefix("/back/")?;
        Some((307, format!("http://x:y@127.0.0.1:{back}/end")))
    })
    .await;
    let port = Arc::new(Mutex::new(0));
    let own = port.clone();
    let (first, first_heads) = redirecting_to(move |path| {
        (path == "/").then(|| (302, format!("//{second}/back/{}", own.lock().unwrap())))
    })
    .await;
    *port.lock().unwrap() = first.port();
    let client = secretive(first, "/").header("X-Kept", "yes").unwrap().redirects(3);
    soon(client.connect()).await.unwrap();
    let (first_heads, second_heads) = (first_heads.lock().unwrap(), second_heads.lock().unwrap());
    assert_eq!((first_heads.len(), second_heads.len()), (2, 1));
    assert!(field(&first_heads[0], "authorization").is_some() && field(&first_heads[0], "cookie").is_some());
    for head in [&second_heads[0], &first_heads[1]] {
        assert_eq!((field(head, "authorization"), field(head, "cookie")), (None, None), "{head}");
        assert_eq!(field(head, "x-kept"), Some("yes"), "{head}");
    }
    assert_eq!(field(&second_heads[0], "host"), Some(second.to_string().as_str()));
}

// rule: client/redirect-unsafe
#[tokio::test]
async fn a_loop_ends_at_the_bound_and_the_bound_at_its_limit() {
    for (asked, followed) in [(2, 2), (10, 10), (usize::MAX, 10)] {
        let (address, heads) = redirecting(&[("/", 302, "/")]).await;
        let client = Client::new(&format!("ws://{address}/")).unwrap().redirects(asked);
        let Err(Error::Redirect(fault)) = soon(client.connect()).await else { panic!("it opened") };
        assert_eq!(*fault.kind(), RedirectFaultKind::TooMany { followed });
        assert_eq!(fault.answer().status(), 302);
        assert_eq!(heads.lock().unwrap().len(), followed + 1);
    }
    let (address, heads) = redirecting(&[("/", 302, "/")]).await;
    let limits = Limits { redirects_max: 1, ..Limits::default() };
    let client = Client::new(&format!("ws://{address}/")).unwrap().redirects(2).limits(limits);
    let Err(Error::Redirect(fault)) = soon(client.connect()).await else { panic!("it opened") };
    assert_eq!(*fault.kind(), RedirectFaultKind::TooMany { followed: 1 });
    assert_eq!(heads.lock().unwrap().len(), 2);
}

// rule: client/redirect-unsafe
#[tokio::test]
async fn nothing_is_followed_unless_asked_for_or_without_one_location() {
    let (address, heads) =
        redirecting(&[("/", 302, "/x"), ("/300", 300, "/x"), ("/two", 302, "/x\r\nLocation: /y")]).await;
    let client = |path: &str| Client::new(&format!("ws://{address}{path}")).unwrap();
    for client in
        [client("/"), client("/").redirects(0), client("/300").redirects(5), client("/two").redirects(5)]
    {
        let error = soon(client.connect()).await.unwrap_err();
        assert!(matches!(error, Error::Declined(_)), "{error}");
    }
    assert_eq!(heads.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_location_that_cannot_be_connected_to_is_told() {
    let (address, _) = redirecting(&[("/", 302, "ftp://a/"), ("/b", 302, "http://a b/")]).await;
    for path in ["/", "/b"] {
        let client = Client::new(&format!("ws://{address}{path}")).unwrap().redirects(5);
        let error = soon(client.connect()).await.unwrap_err();
        let Error::Redirect(fault) = &error else { panic!("{error}") };
        assert!(matches!(fault.kind(), RedirectFaultKind::Location(_)), "{error}");
    }
}

// rule: client/redirect-unsafe
#[cfg(feature = "tls")]
#[tokio::test]
async fn from_wss_no_redirect_leads_to_ws() {
    let (plain, heads) = redirecting(&[]).await;
    let certificates = crate::tls::certificates("localhost");
    let server = crate::support::server().await.tls(certificates.identity);
    let running = crate::support::run(server, move |request| async move {
        let answer = handfast::HttpResponse::new(307).field("Location", &format!("http://{plain}/"))?;
        request.respond(answer).await?;
        Ok(())
    });
    let tls = handfast::TlsConfig::new().add_roots_pem(certificates.root.as_bytes()).unwrap();
    let uri = format!("wss://localhost:{}/", running.address.port());
    let client = Client::new(&uri).unwrap().tls(tls).redirects(5);
    let Err(Error::Redirect(fault)) = soon(client.connect()).await else { panic!("it opened") };
    assert_eq!(*fault.kind(), RedirectFaultKind::Insecure { to: format!("ws://{plain}/") });
    assert!(heads.lock().unwrap().is_empty());
}
