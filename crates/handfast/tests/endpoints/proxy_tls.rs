//! The client through proxies that are reached by TLS.

use crate::support::{Trickle, echoing, read_head, server, soon};
use crate::tls::{Certificates, certificates};
use handfast::error::ProxyFaultKind;
use handfast::{Client, CloseCode, Error, Message, Step, TlsConfig};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What the proxy was asked, in order.
type Log = Arc<Mutex<Vec<String>>>;

fn acceptor(certificates: &Certificates) -> TlsAcceptor {
    let chain = CertificateDer::pem_slice_iter(certificates.chain.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(certificates.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// An HTTP proxy inside TLS, to one server whatever name is asked for. It sees the socket byte by byte.
async fn proxy(certificates: &Certificates, to: SocketAddr) -> (SocketAddr, Log) {
    let (acceptor, log) = (acceptor(certificates), Log::default());
    let logged = log.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            tcp.set_nodelay(true).unwrap();
            let (acceptor, log) = (acceptor.clone(), logged.clone());
            tokio::spawn(async move {
                // A client that does not trust it goes away.
                let Ok(mut io) = acceptor.accept(Trickle(tcp)).await else { return };
                let head = read_head(&mut io).await;
                log.lock().unwrap().push(head);
                io.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                io.flush().await.unwrap();
                let mut server = TcpStream::connect(to).await.unwrap();
                drop(copy_bidirectional(&mut io, &mut server).await);
            });
        }
    });
    (address, log)
}

fn trusting(certificates: &Certificates) -> TlsConfig {
    TlsConfig::new().add_roots_pem(certificates.root.as_bytes()).unwrap()
}

async fn talks(client: &Client) -> bool {
    let mut ws = soon(client.connect()).await.unwrap();
    ws.send("hello").await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap(), Some(Message::text("hello")));
    assert!(ws.get_ref().peer_addr().is_ok());
    let is_tls = ws.get_ref().is_tls();
    soon(ws.close(CloseCode::NORMAL, "")).await.unwrap();
    is_tls
}

#[tokio::test]
async fn plain_and_encrypted_websockets_go_through_a_proxy_that_is_reached_by_tls() {
    let (at_proxy, at_server) = (certificates("localhost"), certificates("server.invalid"));
    let (plain, encrypted) =
        (echoing(server().await), echoing(server().await.tls(at_server.identity.clone())));
    for (scheme, port, to) in [("ws", 80, plain.address), ("wss", 443, encrypted.address)] {
        let (address, requests) = proxy(&at_proxy, to).await;
        let steps = Log::default();
        let seen = steps.clone();
        let client = Client::new(&format!("{scheme}://server.invalid/"))
            .unwrap()
            .proxy(&format!("https://user:pass@localhost:{}", address.port()))
            .unwrap()
            .tls(trusting(&at_server))
            .proxy_tls(trusting(&at_proxy))
            .observe(move |step| {
                let step = match step {
                    Step::ProxyEncrypted { proxy, .. } => format!("encrypted to {proxy}"),
                    Step::Tunnelled { to, .. } => format!("tunnel to {to}"),
                    Step::Encrypted(_) => "encrypted".to_owned(),
                    _ => return,
                };
                seen.lock().unwrap().push(step);
            });
        // TLS as far as the proxy is none as far as the server.
        assert_eq!(talks(&client).await, scheme == "wss");
        let mut expected = vec![
            format!("encrypted to https://localhost:{}", address.port()),
            format!("tunnel to server.invalid:{port}"),
        ];
        if scheme == "wss" {
            expected.push("encrypted".to_owned());
        }
        assert_eq!(*steps.lock().unwrap(), expected);
        let requests = requests.lock().unwrap();
        assert_eq!(
            *requests,
            [format!(
                "CONNECT server.invalid:{port} HTTP/1.1\r\nHost: server.invalid:{port}\r\n\
                 Proxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n"
            )]
        );
    }
}

#[tokio::test]
async fn an_error_says_which_of_the_two_tls_layers_failed() {
    let (at_proxy, at_server) = (certificates("localhost"), certificates("server.invalid"));
    let running = echoing(server().await.tls(at_server.identity.clone()));
    let (address, requests) = proxy(&at_proxy, running.address).await;
    let client = Client::new("wss://server.invalid/")
        .unwrap()
        .proxy(&format!("https://user:pass@localhost:{}", address.port()))
        .unwrap();
    // What is trusted for the server is not trusted for the proxy, and nothing was said to it.
    let everywhere = trusting(&at_server).add_roots_pem(at_proxy.root.as_bytes()).unwrap();
    let error = soon(client.clone().tls(everywhere).connect()).await.unwrap_err();
    let Error::Proxy(fault) = &error else { panic!("{error}") };
    assert!(matches!(fault.kind(), ProxyFaultKind::Tls(_)), "{error}");
    assert!(error.to_string().contains("the TLS handshake with the proxy failed"), "{error}");
    assert!(std::error::Error::source(fault).is_some());
    assert!(requests.lock().unwrap().is_empty());

    let error = soon(client.proxy_tls(trusting(&at_proxy)).connect()).await.unwrap_err();
    assert!(matches!(error, Error::Tls(_)), "{error}");
    assert!(error.to_string().contains("the TLS handshake with the server failed"), "{error}");
    assert_eq!(requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_plain_proxy_taken_for_one_with_tls_is_told_and_learns_no_password() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let plain = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        tcp.shutdown().await.unwrap();
        crate::support::read_to_end(&mut tcp).await
    });
    let client =
        Client::new("ws://server.invalid/").unwrap().proxy(&format!("https://user:pass@{address}")).unwrap();
    let error = soon(client.connect()).await.unwrap_err();
    assert!(
        matches!(&error, Error::Proxy(fault) if matches!(fault.kind(), ProxyFaultKind::Tls(_))),
        "{error}"
    );
    let heard = soon(plain).await.unwrap();
    assert!(!heard.windows(5).any(|window| window == b"Basic"), "{}", heard.escape_ascii());
}

#[tokio::test]
async fn a_proxy_that_stays_silent_in_its_tls_handshake_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = Client::new("ws://server.invalid/")
        .unwrap()
        .proxy(&format!("https://{address}"))
        .unwrap()
        .connect_timeout(std::time::Duration::from_millis(200));
    let error = soon(client.connect()).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { phase: handfast::error::Phase::Proxy, .. }), "{error}");
    drop(listener);
}
