//! The client through proxies: good ones, strict ones and hostile ones.

use crate::support::{Running, Trickle, echo, echoing, read_head, run, server, soon};
use handfast::error::{Phase, ProxyFault, ProxyFaultKind, SocksReply};
use handfast::{Client, CloseCode, Error, Limits, Message, Step};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a proxy was told, in order.
type Log = Arc<Mutex<Vec<String>>>;

/// Accepts connections and hands each, byte by byte, to `serve`.
async fn proxy<F>(serve: impl Fn(Trickle<TcpStream>) -> F + Send + 'static) -> (SocketAddr, JoinHandle<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            tcp.set_nodelay(true).unwrap();
            tokio::spawn(serve(Trickle(tcp)));
        }
    });
    (address, task)
}

async fn tunnel(mut client: impl AsyncRead + AsyncWrite + Unpin, to: SocketAddr) {
    let mut server = TcpStream::connect(to).await.unwrap();
    // Either end may go first.
    drop(copy_bidirectional(&mut client, &mut server).await);
}

/// A right HTTP proxy to one server, whatever name is asked for.
async fn connecting(to: SocketAddr) -> (SocketAddr, Log) {
    let log = Log::default();
    let logged = log.clone();
    let (address, _) = proxy(move |mut io| {
        let log = logged.clone();
        async move {
            let head = read_head(&mut io).await;
            log.lock().unwrap().push(head);
            let answer = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 200 Connection established\r\nContent-Length: 5\r\n\r\n";
            io.write_all(answer).await.unwrap();
            tunnel(io, to).await;
        }
    })
    .await;
    (address, log)
}

/// Answers every request with these bytes and closes.
async fn answering(answer: &'static [u8]) -> SocketAddr {
    let serve = move |mut io: Trickle<TcpStream>| async move {
        read_head(&mut io).await;
        io.write_all(answer).await.unwrap();
    };
    proxy(serve).await.0
}

/// Connects to a name that only the proxy could reach, and gives the proxy's fault.
async fn fault(proxy: &str) -> Box<ProxyFault> {
    let client = Client::new("ws://server.invalid/").unwrap().proxy(proxy).unwrap();
    match soon(client.connect()).await {
        Err(Error::Proxy(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

async fn talks(client: Client) {
    let mut ws = soon(client.connect()).await.unwrap();
    ws.send("hello").await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap(), Some(Message::text("hello")));
    soon(ws.close(CloseCode::NORMAL, "")).await.unwrap();
}

/// A server that notes the names of the fields that it gets.
async fn noting() -> (Running, Log) {
    let log = Log::default();
    let noted = log.clone();
    let running = run(server().await, move |request| {
        let fields = request.head().fields().map(|(name, _)| String::from_utf8_lossy(name).to_lowercase());
        noted.lock().unwrap().extend(fields);
        async move { echo(request.accept().await?).await }
    });
    (running, log)
}

#[tokio::test]
async fn connect_names_the_server_and_its_password_stays_with_the_proxy() {
    let (running, fields) = noting().await;
    let (address, requests) = connecting(running.address).await;
    let steps = Log::default();
    let seen = steps.clone();
    let client = Client::new("ws://Server.invalid/chat")
        .unwrap()
        .proxy(&format!("http://user:p%40ss@{address}"))
        .unwrap()
        .observe(move |step| {
            if let Step::Tunnelled { proxy, to } = step {
                seen.lock().unwrap().push(format!("{proxy} {to}"));
            }
        });
    talks(client).await;
    let expected = "CONNECT server.invalid:80 HTTP/1.1\r\nHost: server.invalid:80\r\n\
        Proxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n";
    assert_eq!(*requests.lock().unwrap(), [expected]);
    assert_eq!(*steps.lock().unwrap(), [format!("http://{address} server.invalid:80")]);
    let fields = fields.lock().unwrap();
    assert!(fields.contains(&"sec-websocket-key".to_owned()), "{fields:?}");
    assert!(!fields.iter().any(|name| name.contains("authorization")), "{fields:?}");
}

// rule: client/auth-retry-unsafe
#[tokio::test]
async fn a_407_is_an_error_of_its_own_and_nothing_is_tried_again() {
    let requests = Log::default();
    let logged = requests.clone();
    let (address, _) = proxy(move |mut io| {
        let log = logged.clone();
        async move {
            let head = read_head(&mut io).await;
            log.lock().unwrap().push(head);
            let answer =
                b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 4\r\n\r\nsay!";
            io.write_all(answer).await.unwrap();
        }
    })
    .await;
    for uri in [format!("http://{address}"), format!("http://a:b@{address}")] {
        let fault = fault(&uri).await;
        let ProxyFaultKind::AuthenticationRequired(declined) = fault.kind() else { panic!("{fault}") };
        assert_eq!((declined.status(), declined.body()), (407, b"say!".as_slice()));
        assert_eq!(fault.proxy(), format!("http://{address}"));
        assert!(fault.to_string().contains("Basic realm=x"), "{fault}");
    }
    assert_eq!(requests.lock().unwrap().len(), 2);
    let error = Client::new("ws://a/").unwrap().header("proxy-authorization", "Basic YTpi").unwrap_err();
    assert!(matches!(error, Error::Misuse(_)), "{error}");
}

// rule: client/auth-retry-unsafe
#[tokio::test]
async fn a_407_of_the_server_is_no_reason_to_send_it_the_proxys_password() {
    let (server, log) = {
        let log = Log::default();
        let logged = log.clone();
        let serve = move |mut io: Trickle<TcpStream>| {
            let log = logged.clone();
            async move {
                let head = read_head(&mut io).await;
                log.lock().unwrap().push(head);
                let answer =
                    b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n";
                io.write_all(answer).await.unwrap();
            }
        };
        (proxy(serve).await.0, log)
    };
    let (address, _) = connecting(server).await;
    let client =
        Client::new("ws://server.invalid/").unwrap().proxy(&format!("http://a:b@{address}")).unwrap();
    let error = soon(client.connect()).await.unwrap_err();
    assert!(matches!(&error, Error::Declined(declined) if declined.status() == 407), "{error}");
    let log = log.lock().unwrap();
    assert!(log.len() == 1 && !log[0].to_lowercase().contains("proxy-auth"), "{log:?}");
}

#[tokio::test]
async fn another_status_is_told_with_what_the_proxy_says() {
    let address =
        answering(b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nno way\r\n0\r\n\r\n").await;
    let fault = fault(&format!("http://{address}")).await;
    let ProxyFaultKind::Declined(declined) = fault.kind() else { panic!("{fault}") };
    assert_eq!((declined.status(), declined.body()), (503, b"no way".as_slice()));
    assert!(fault.to_string().contains("no way"), "{fault}");
    // A 101 makes no tunnel.
    let address = answering(b"HTTP/1.1 101 Switching Protocols\r\nContent-Length: 0\r\n\r\n").await;
    let fault = self::fault(&format!("http://{address}")).await;
    assert!(matches!(fault.kind(), ProxyFaultKind::Declined(it) if it.status() == 101), "{fault}");
}

#[tokio::test]
async fn what_is_no_right_http_is_refused() {
    for answer in [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n".as_slice(),
        b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        b"HTTP/1.1 200 OK\nX: y\n\n",
        b"HTTP/1.1 0200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        b"\x16\x03\x01\x00\x05hello",
        b"\x05\x00\x05\x00",
    ] {
        let address = answering(answer).await;
        let fault = fault(&format!("http://{address}")).await;
        assert!(matches!(fault.kind(), ProxyFaultKind::FaultyAnswer { .. }), "{fault}");
    }
}

#[tokio::test]
async fn bytes_that_the_server_cannot_have_sent_are_refused() {
    let (address, task) = proxy(|Trickle(mut io)| async move {
        read_head(&mut io).await;
        io.write_all(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 Hello").await.unwrap();
    })
    .await;
    let fault = fault(&format!("http://{address}")).await;
    let ProxyFaultKind::EarlyBytes(bytes) = fault.kind() else { panic!("{fault}") };
    assert_eq!(bytes.as_bytes(), b"HTTP/1.1 101 Hello");
    task.abort();
}

#[tokio::test]
async fn an_endless_head_and_endless_interim_answers_end_at_their_limits() {
    for endless in [b"X: y\r\n".as_slice(), b"yyyyyyyyyyyy", b"\r\nHTTP/1.1 102 Wait\r\n"] {
        let (address, _) = proxy(move |Trickle(mut io)| async move {
            read_head(&mut io).await;
            io.write_all(b"HTTP/1.1 103 Hm\r\n").await.unwrap();
            while io.write_all(endless).await.is_ok() {}
        })
        .await;
        let fault = fault(&format!("http://{address}")).await;
        assert!(matches!(fault.kind(), ProxyFaultKind::FaultyAnswer { .. }), "{fault}");
    }
}

#[tokio::test]
async fn a_proxy_that_closes_or_says_nothing_is_named() {
    let address = answering(b"HTTP/1.1 200 O").await;
    let fault = fault(&format!("http://{address}")).await;
    let ProxyFaultKind::Cut(cut) = fault.kind() else { panic!("{fault}") };
    assert_eq!(cut.bytes(), 14);
    let (address, _) = proxy(|io| async move {
        let _open = io;
        std::future::pending().await
    })
    .await;
    for scheme in ["http", "socks5h"] {
        let client = Client::new("ws://server.invalid/").unwrap().proxy(&format!("{scheme}://{address}"));
        let client = client.unwrap();
        let timeout = Duration::from_millis(100);
        let limits = Limits { connect_timeout: timeout, ..Limits::default() };
        for client in [client.clone().connect_timeout(timeout), client.limits(limits)] {
            let error = soon(client.connect()).await.unwrap_err();
            assert!(
                matches!(error, Error::Timeout { phase: Phase::Proxy, after } if after == timeout),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn a_proxy_that_cannot_be_reached_is_not_mistaken_for_the_server() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = Client::new("ws://server.invalid/").unwrap().proxy(&format!("http://{free}")).unwrap();
    let Err(Error::Unreachable(unreachable)) = client.connect().await else { panic!("it opened") };
    assert!(unreachable.is_proxy());
    assert!(unreachable.to_string().starts_with("the proxy 127.0.0.1 "), "{unreachable}");
}

/// A right SOCKS5 proxy to one server; wants user and password if `user` is one.
async fn socks(user: Option<&'static [u8]>, to: SocketAddr) -> (SocketAddr, Log) {
    let log = Log::default();
    let logged = log.clone();
    let (address, _) = proxy(move |mut io| {
        let log = logged.clone();
        async move {
            let mut methods = [0; 2];
            io.read_exact(&mut methods).await.unwrap();
            let mut offered = vec![0; usize::from(methods[1])];
            io.read_exact(&mut offered).await.unwrap();
            if let Some(user) = user {
                assert!(offered.contains(&2), "{offered:?}");
                io.write_all(&[5, 2]).await.unwrap();
                let mut given = vec![0; user.len()];
                io.read_exact(&mut given).await.unwrap();
                let refused = u8::from(given != user);
                io.write_all(&[1, refused]).await.unwrap();
            } else {
                assert!(offered.contains(&0), "{offered:?}");
                io.write_all(&[5, 0]).await.unwrap();
            }
            let mut request = [0; 4];
            if io.read_exact(&mut request).await.is_err() {
                return;
            }
            assert_eq!(request[..3], [5, 1, 0]);
            let target = match request[3] {
                3 => {
                    let mut name = vec![0; usize::from(io.read_u8().await.unwrap())];
                    io.read_exact(&mut name).await.unwrap();
                    String::from_utf8(name).unwrap()
                }
                1 => std::net::Ipv4Addr::from(io.read_u32().await.unwrap()).to_string(),
                4 => std::net::Ipv6Addr::from(io.read_u128().await.unwrap()).to_string(),
                other => panic!("{other}"),
            };
            let port = io.read_u16().await.unwrap();
            log.lock().unwrap().push(format!("{target} {port}"));
            // A bound address of each kind.
            let answer: &[u8] = match request[3] {
                3 => b"\x05\0\0\x03\x05proxy\x1f\x90",
                4 => b"\x05\0\0\x04abcdefghijklmnop\x1f\x90",
                _ => b"\x05\0\0\x01\x7f\0\0\x01\x1f\x90",
            };
            io.write_all(answer).await.unwrap();
            tunnel(io, to).await;
        }
    })
    .await;
    (address, log)
}

#[tokio::test]
async fn socks5h_lets_the_proxy_resolve_the_name_and_socks5_does_not() {
    let running = echoing(server().await);
    let port = running.address.port();
    let (address, log) = socks(None, running.address).await;
    for (uri, scheme) in [
        (format!("ws://server.invalid:{port}/"), "socks5h"),
        (format!("ws://127.0.0.1:{port}/"), "socks5h"),
        (format!("ws://[::1]:{port}/"), "socks5h"),
        (format!("ws://127.0.0.1:{port}/"), "socks5"),
    ] {
        talks(Client::new(&uri).unwrap().proxy(&format!("{scheme}://{address}")).unwrap()).await;
    }
    let expected = ["server.invalid", "127.0.0.1", "::1", "127.0.0.1"].map(|host| format!("{host} {port}"));
    assert_eq!(*log.lock().unwrap(), expected);
    let client = Client::new("ws://server.invalid/").unwrap().proxy(&format!("socks5://{address}")).unwrap();
    let error = client.connect().await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable(it) if it.resolve_error().is_some()), "{error}");
    assert_eq!(log.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_socks_proxy_gets_user_and_password_only_when_it_asks_for_them() {
    let (running, fields) = noting().await;
    let (address, _) = socks(Some(b"\x01\x04user\x03p@s"), running.address).await;
    let client = |userinfo: &str| {
        let uri = format!("ws://server.invalid:{}/", running.address.port());
        Client::new(&uri).unwrap().proxy(&format!("socks5h://{userinfo}{address}")).unwrap()
    };
    talks(client("user:p%40s@")).await;
    assert!(!fields.lock().unwrap().iter().any(|name| name.contains("authorization")));
    let Err(Error::Proxy(fault)) = soon(client("user:bad@").connect()).await else { panic!("it opened") };
    assert!(matches!(fault.kind(), ProxyFaultKind::SocksCredentialsRefused(1)), "{fault}");
    // The proxy above asserts what is offered; this one takes the credentials though it need not.
    let (address, log) = socks(None, running.address).await;
    let client = Client::new("ws://server.invalid/").unwrap().proxy(&format!("socks5h://a:b@{address}"));
    talks(client.unwrap()).await;
    assert_eq!(log.lock().unwrap().len(), 1);
}

/// A SOCKS proxy that says these, one after each thing it is told, and closes.
async fn scripted(answers: &'static [&'static [u8]]) -> SocketAddr {
    let serve = move |Trickle(mut io): Trickle<TcpStream>| async move {
        let mut told = [0; 1024];
        for answer in answers {
            assert!(io.read(&mut told).await.unwrap() > 0);
            for byte in *answer {
                io.write_all(&[*byte]).await.unwrap();
            }
        }
    };
    proxy(serve).await.0
}

#[tokio::test]
async fn each_wrong_socks_answer_has_its_error() {
    type Expected = fn(&ProxyFaultKind) -> bool;
    let cases: [(&'static [&'static [u8]], Expected); 12] = [
        (&[b"\x05\xff"], |kind| matches!(kind, ProxyFaultKind::SocksMethodRefused)),
        (&[b"\x05\x02"], |kind| matches!(kind, ProxyFaultKind::SocksMethodNotOffered(2))),
        (&[b"\x05\x01"], |kind| matches!(kind, ProxyFaultKind::SocksMethodNotOffered(1))),
        (&[b"\x04\x00"], |kind| matches!(kind, ProxyFaultKind::SocksMalformed(_))),
        (&[b"HTTP/1.1 400 Bad Request\r\n\r\n"], |kind| matches!(kind, ProxyFaultKind::SocksMalformed(_))),
        (&[b"\x05"], |kind| matches!(kind, ProxyFaultKind::Cut(cut) if cut.bytes() == 1)),
        (&[b"\x05\x00", b"\x05\x00\x00"], |kind| matches!(kind, ProxyFaultKind::Cut(_))),
        (&[b"\x05\x00", b"\x05\x02"], |kind| matches!(kind, ProxyFaultKind::SocksRefused(SocksReply(2)))),
        (&[b"\x05\x00", b"\x05\x63"], |kind| matches!(kind, ProxyFaultKind::SocksRefused(SocksReply(99)))),
        (&[b"\x05\x00", b"\x01\x00\x00\x01"], |kind| matches!(kind, ProxyFaultKind::SocksMalformed(_))),
        (&[b"\x05\x00", b"\x05\x00\x07\x01"], |kind| matches!(kind, ProxyFaultKind::SocksMalformed(_))),
        (&[b"\x05\x00", b"\x05\x00\x00\x09"], |kind| matches!(kind, ProxyFaultKind::SocksMalformed(_))),
    ];
    for (answers, expected) in cases {
        let fault = fault(&format!("socks5h://{}", scripted(answers).await)).await;
        assert!(expected(fault.kind()), "{answers:?}: {fault}");
    }
    let address = scripted(&[b"\x05\x02", b"\x05\x00"]).await;
    let fault = fault(&format!("socks5h://a:b@{address}")).await;
    assert!(matches!(fault.kind(), ProxyFaultKind::SocksMalformed(_)), "{fault}");
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn wss_is_encrypted_inside_the_tunnel_for_the_servers_name() {
    let certificates = crate::tls::certificates("server.invalid");
    let running = run(server().await.tls(certificates.identity), |request| async move {
        assert!(request.transport().is_tls());
        echo(request.accept().await?).await
    });
    let (http, requests) = connecting(running.address).await;
    let (socks, targets) = socks(None, running.address).await;
    for proxy in [format!("http://{http}"), format!("socks5h://{socks}")] {
        let tls = handfast::TlsConfig::new().add_roots_pem(certificates.root.as_bytes()).unwrap();
        talks(Client::new("wss://server.invalid/").unwrap().tls(tls).proxy(&proxy).unwrap()).await;
    }
    assert!(requests.lock().unwrap()[0].starts_with("CONNECT server.invalid:443 HTTP/1.1\r\n"));
    assert_eq!(*targets.lock().unwrap(), ["server.invalid 443"]);
}
