//! TLS with certificates of our own.

use crate::support::{Running, echo, run, server, soon};
use handfast::{Client, CloseCode, Error, Message, Step, TlsConfig, TlsIdentity};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

pub struct Certificates {
    pub root: String,
    pub identity: TlsIdentity,
    /// The certificate and its key, in PEM.
    pub chain: String,
    pub key: String,
}

pub fn certificates(host: &str) -> Certificates {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![host.into()]).unwrap().signed_by(&key, &ca).unwrap();
    let identity =
        TlsIdentity::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes()).unwrap();
    Certificates { root: ca.pem(), identity, chain: certificate.pem(), key: key.serialize_pem() }
}

async fn serving(identity: TlsIdentity) -> (Running, Arc<AtomicUsize>) {
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = requests.clone();
    let running = run(server().await.tls(identity), move |request| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move {
            assert!(request.transport().is_tls());
            echo(request.accept().await?).await
        }
    });
    (running, requests)
}

fn client(running: &Running) -> Client {
    Client::new(&format!("wss://localhost:{}/", running.address.port())).unwrap()
}

#[tokio::test]
async fn a_private_root_is_trusted_when_it_is_given() {
    let certificates = certificates("localhost");
    let (running, _) = serving(certificates.identity).await;
    let tls = TlsConfig::new().add_roots_pem(certificates.root.as_bytes()).unwrap();
    let version: Arc<Mutex<String>> = Arc::default();
    let observed = version.clone();
    let mut ws = client(&running)
        .tls(tls)
        .origin(&format!("https://localhost:{}", running.address.port()))
        .unwrap()
        .observe(move |step| {
            if let Step::Encrypted(version) = step {
                version.clone_into(&mut observed.lock().unwrap());
            }
        })
        .await
        .unwrap();
    assert!(ws.get_ref().is_tls());
    assert_eq!(*version.lock().unwrap(), "TLSv1_3");
    for message in [Message::text("hello"), Message::binary(vec![1; 1 << 20])] {
        ws.send(message.clone()).await.unwrap();
        assert!(soon(ws.recv()).await.unwrap() == Some(message));
    }
    soon(ws.close(CloseCode::NORMAL, "")).await.unwrap();
}

// rule: client/tls-missing
// rule: client/tls-missing
#[tokio::test]
async fn an_untrusted_certificate_fails_before_any_request() {
    let (running, requests) = serving(certificates("localhost").identity).await;
    let error = client(&running).await.unwrap_err();
    assert!(matches!(error, Error::Tls(_)), "{error:?}");
    // A certificate for another name is no better, though its root is trusted.
    let other = certificates("other.example");
    let (wrong_name, _) = serving(other.identity).await;
    let tls = TlsConfig::new().add_roots_pem(other.root.as_bytes()).unwrap();
    let error = client(&wrong_name).tls(tls).await.unwrap_err();
    assert!(matches!(error, Error::Tls(_)), "{error:?}");
    assert_eq!(requests.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn any_certificate_is_accepted_only_on_demand() {
    let (running, requests) = serving(certificates("other.example").identity).await;
    let tls = TlsConfig::new().dangerous_accept_any_certificate();
    let mut ws = client(&running).tls(tls).await.unwrap();
    ws.send("hello").await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap(), Some(Message::text("hello")));
    assert_eq!(requests.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn plain_clients_of_a_tls_port_and_tls_clients_of_a_plain_one_get_an_error() {
    let (running, _) = serving(certificates("localhost").identity).await;
    let error = soon(handfast::connect(&running.uri("/"))).await.unwrap_err();
    assert!(matches!(error, Error::HandshakeCut(_) | Error::FaultyAnswer(_)), "{error:?}");
    let plain = crate::support::echoing(server().await);
    let error = soon(client(&plain).connect()).await.unwrap_err();
    assert!(matches!(error, Error::Tls(_)), "{error:?}");
    assert!(error.to_string().contains("may be one for ws://"), "{error}");
}

#[test]
fn unusable_certificates_and_keys_are_told_apart_from_good_ones() {
    let (a, b) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let certificate = CertificateParams::new(vec!["a".into()]).unwrap().self_signed(&a).unwrap().pem();
    assert!(TlsIdentity::from_pem(certificate.as_bytes(), a.serialize_pem().as_bytes()).is_ok());
    for (chain, key) in
        [(&*certificate, b.serialize_pem()), ("", a.serialize_pem()), (&*certificate, String::new())]
    {
        assert!(matches!(TlsIdentity::from_pem(chain.as_bytes(), key.as_bytes()), Err(Error::Tls(_))));
    }
    assert!(matches!(TlsConfig::new().add_roots_pem(b"nothing"), Err(Error::Tls(_))));
    assert!(matches!(TlsConfig::new().add_roots_file("/no/such/file"), Err(Error::Io(_))));
}
