//! TLS of the checker: HTTP/1.1 by ALPN, and HTTP/2 where it is probed; certificates verified unless the user said otherwise.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rustls_platform_verifier::ConfigVerifierExt;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::error::CheckError;

/// Whom to trust.
#[derive(Clone, Debug, Default)]
pub(crate) enum Trust {
    /// The platform's certificate store.
    #[default]
    Platform,
    /// Only the certificates in this PEM file.
    File(PathBuf),
    /// Anybody (`-k`).
    Anybody,
}

/// The configuration for this trust.
pub(crate) fn config(trust: &Trust) -> Result<Arc<ClientConfig>, CheckError> {
    let provider = Arc::new(ring::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("ring has the default versions")
    };
    let mut config = match trust {
        Trust::Platform => {
            // A process may already have a provider; either one will do.
            let _already = CryptoProvider::install_default(ring::default_provider());
            ClientConfig::with_platform_verifier()
                .map_err(|error| CheckError::Local(format!("the platform's certificate store: {error}")))?
        }
        Trust::File(path) => {
            let wrong = |error: String| CheckError::Option(format!("--cacert {}: {error}", path.display()));
            let mut roots = RootCertStore::empty();
            for certificate in
                CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?
            {
                let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
                roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(wrong("there is no PEM certificate in it".to_owned()));
            }
            builder().with_root_certificates(roots).with_no_client_auth()
        }
        Trust::Anybody => builder()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider.clone())))
            .with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The same configuration with an offer of HTTP/2 first.
pub(crate) fn offering_h2(config: &ClientConfig) -> Arc<ClientConfig> {
    let mut config = config.clone();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

/// Accepts every certificate: the user asked for it.
struct Anybody(Arc<CryptoProvider>);

impl fmt::Debug for Anybody {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Anybody")
    }
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_no_trust() {
        let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        let error = config(&Trust::File(file)).expect_err("nothing to trust");
        assert!(error.to_string().ends_with("there is no PEM certificate in it"), "{error}");
    }
}
