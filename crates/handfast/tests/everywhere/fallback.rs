//! A client that prefers HTTP/2, or requires it, and servers over TLS that agree to it or not.
#![cfg(feature = "tls")]

use crate::servers::echo;
use crate::wire::soon;
use handfast::error::{Http2Code, Http2Fault};
use handfast::{AcceptOptions, Client, Error, Http2, Server, Step, TlsConfig, TlsIdentity, WebSocket};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use tokio_rustls::rustls::{ServerConfig, crypto::ring};

struct Site {
    uri: String,
    trusted: TlsConfig,
}

fn certificate() -> (rcgen::CertifiedKey<rcgen::KeyPair>, TlsConfig) {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let trusted = TlsConfig::new().add_roots_pem(key.cert.pem().as_bytes()).unwrap();
    (key, trusted)
}

/// What a server makes of a request over HTTP/2.
#[derive(Clone, Copy)]
enum Over2 {
    /// TLS does not agree on it.
    NotAgreed,
    /// Its SETTINGS do not allow WebSockets.
    NotAnnounced,
    /// It wants HTTP/1.1.
    Http1Required,
}

/// A server that echoes over HTTP/1.1.
async fn site(over2: Over2) -> Site {
    let (key, trusted) = certificate();
    let secret = PrivateKeyDer::from_pem_slice(key.signing_key.serialize_pem().as_bytes()).unwrap();
    let mut config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], secret)
        .unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if !matches!(over2, Over2::NotAgreed) {
        config.alpn_protocols.insert(0, b"h2".to_vec());
    }
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("wss://localhost:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that finds nothing agreed on goes away.
                let Ok(tls) = acceptor.accept(tcp).await else { return };
                if tls.get_ref().1.alpn_protocol() != Some(b"h2") {
                    let ws = handfast::server_handshake(tls, &AcceptOptions::default()).await.unwrap();
                    return echo(ws).await.unwrap();
                }
                let mut builder = h2::server::Builder::new();
                if matches!(over2, Over2::Http1Required) {
                    builder.enable_connect_protocol();
                }
                let mut connection = builder.handshake::<_, bytes::Bytes>(tls).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    respond.send_reset(h2::Reason::HTTP_1_1_REQUIRED);
                }
            });
        }
    });
    Site { uri, trusted }
}

/// handfast's own server.
async fn own() -> Site {
    let (key, trusted) = certificate();
    let (chain, secret) = (key.cert.pem(), key.signing_key.serialize_pem());
    let identity = TlsIdentity::from_pem(chain.as_bytes(), secret.as_bytes()).unwrap();
    let server = Server::bind("127.0.0.1:0").await.unwrap().tls(identity);
    let uri = format!("wss://localhost:{}/", server.local_addr().unwrap().port());
    tokio::spawn(server.serve(echo));
    Site { uri, trusted }
}

/// Connects, and gives why HTTP/2 was not used, and how many connections were made.
async fn connect(site: &Site, http2: Http2) -> (Result<WebSocket, Error>, Vec<Http2Fault>, usize) {
    let told: Arc<Mutex<(Vec<Http2Fault>, usize)>> = Arc::default();
    let tell = told.clone();
    let client =
        Client::new(&site.uri).unwrap().tls(site.trusted.clone()).http2(http2).observe(move |step| {
            let mut told = tell.lock().unwrap();
            match step {
                Step::Http2Unavailable(fault) => told.0.push(fault.clone()),
                Step::Connected(_) => told.1 += 1,
                _ => {}
            }
        });
    let opened = soon(client.connect()).await;
    let (faults, connections) = told.lock().unwrap().clone();
    (opened, faults, connections)
}

/// Whether the WebSocket echoes, and over which status it was opened.
async fn status(mut ws: WebSocket) -> u16 {
    ws.send("hello").await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap().unwrap().as_text(), Some("hello"));
    assert!(ws.get_ref().is_tls());
    ws.response().unwrap().status()
}

#[tokio::test]
async fn where_tls_agrees_on_http_2_it_is_used_if_it_is_wanted() {
    let site = own().await;
    for (http2, wanted) in [(Http2::Never, 101), (Http2::Prefer, 200), (Http2::Require, 200)] {
        let (opened, faults, connections) = connect(&site, http2).await;
        assert_eq!((status(opened.unwrap()).await, faults, connections), (wanted, vec![], 1), "{http2:?}");
    }
    let client = Client::new(&site.uri).unwrap().tls(site.trusted.clone());
    let shared = client.connect_http2().await.unwrap();
    for _ in 0..3 {
        assert_eq!(status(shared.open(&site.uri).await.unwrap()).await, 200);
    }
}

#[tokio::test]
async fn where_tls_agrees_on_http_1_1_a_preference_goes_on_with_it_and_a_requirement_fails() {
    let site = site(Over2::NotAgreed).await;
    let (opened, faults, connections) = connect(&site, Http2::Prefer).await;
    assert_eq!((status(opened.unwrap()).await, connections), (101, 1));
    assert!(matches!(&faults[..], [Http2Fault::NotAgreed(Some(other))] if other.as_bytes() == b"http/1.1"));
    let (opened, _, connections) = connect(&site, Http2::Require).await;
    let Err(Error::Http2(fault)) = opened else { panic!("{opened:?}") };
    assert_eq!((*fault, connections), (Http2Fault::NotAgreed(None), 1));
}

// rule: client/h2-connect-unannounced
#[tokio::test]
async fn where_the_settings_do_not_allow_it_a_preference_connects_anew_by_http_1_1() {
    let site = site(Over2::NotAnnounced).await;
    let (opened, faults, connections) = connect(&site, Http2::Prefer).await;
    assert_eq!((status(opened.unwrap()).await, connections), (101, 2));
    assert_eq!(faults, [Http2Fault::ConnectProtocolMissing]);
    let (opened, ..) = connect(&site, Http2::Require).await;
    let Err(Error::Http2(fault)) = opened else { panic!("{opened:?}") };
    assert_eq!(*fault, Http2Fault::ConnectProtocolMissing);
    assert!(fault.to_string().contains("SETTINGS_ENABLE_CONNECT_PROTOCOL"), "{fault}");
}

#[tokio::test]
async fn a_server_that_demands_http_1_1_gets_it_from_a_preference() {
    let site = site(Over2::Http1Required).await;
    let (opened, faults, connections) = connect(&site, Http2::Prefer).await;
    assert_eq!((status(opened.unwrap()).await, connections), (101, 2));
    assert_eq!(faults, [Http2Fault::Reset(Http2Code::HTTP_1_1_REQUIRED)]);
    assert!(matches!(connect(&site, Http2::Require).await.0, Err(Error::Http2(_))));
}

#[tokio::test]
async fn without_tls_a_preference_is_http_1_1() {
    let address = crate::servers::start(crate::servers::Way::Own).await;
    let told: Arc<Mutex<Vec<Http2Fault>>> = Arc::default();
    let tell = told.clone();
    let client =
        Client::new(&format!("ws://{address}/")).unwrap().http2(Http2::Prefer).observe(move |step| {
            if let Step::Http2Unavailable(fault) = step {
                tell.lock().unwrap().push(fault.clone());
            }
        });
    assert_eq!(client.connect().await.unwrap().response().unwrap().status(), 101);
    assert_eq!(*told.lock().unwrap(), [Http2Fault::Unencrypted]);
}
