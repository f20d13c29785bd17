//! The client's TLS: strict, but for the one certificate that a switch lets pass.

use std::net::TcpStream;
use std::sync::Arc;

use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme, StreamOwned,
};

use super::Duplex;

/// TLS over this stream. The handshake happens with the first write.
pub fn over(stream: TcpStream, fault: &str, authority: &str) -> Box<dyn Duplex> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(authority).expect("the check names its authority");
    roots.add(certificate).expect("a certificate");
    let provider = Arc::new(ring::default_provider());
    let strict = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let strict = strict.build().expect("roots are there");
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the default versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Lax { strict, fault: fault.to_owned() }))
        .with_no_client_auth();
    config.enable_sni = fault != "client/tls-missing:nameless";
    let name = ServerName::try_from("localhost").expect("a name");
    let session = ClientConnection::new(Arc::new(config), name).expect("a configuration");
    Box::new(StreamOwned::new(session, stream))
}

#[derive(Debug)]
struct Lax {
    strict: Arc<WebPkiServerVerifier>,
    fault: String,
}

impl ServerCertVerifier for Lax {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.strict.verify_server_cert(end_entity, intermediates, name, ocsp, now);
        let switch = match &verified {
            Err(Error::InvalidCertificate(error)) => match error {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => "expired",
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    "other-host"
                }
                CertificateError::UnknownIssuer => "self-signed",
                _ => return verified,
            },
            _ => return verified,
        };
        if self.fault == format!("client/tls-missing:{switch}") {
            return Ok(ServerCertVerified::assertion());
        }
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.strict.supported_verify_schemes()
    }
}
