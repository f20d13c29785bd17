//! TLS by rustls, with its ring provider: named here, so that no process-wide default is needed.

use crate::Error;
use crate::client::Alpn;
use crate::error::TlsFault;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{self, CryptoProvider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme};
use rustls_platform_verifier::Verifier;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Which servers a client trusts for `wss://`.
///
/// The default is what the platform trusts. Clones share what was set up, so keep one for many connections.
#[derive(Clone)]
pub struct TlsConfig {
    roots: Vec<CertificateDer<'static>>,
    trusts_all: bool,
    built: Built,
}

/// What was set up, shared by all clones.
type Built = Arc<OnceLock<Arc<ClientConfig>>>;

impl Default for TlsConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl TlsConfig {
    /// Trusts what the platform trusts. Its certificates are loaded once for the whole program.
    pub fn new() -> Self {
        static PLATFORM: OnceLock<Built> = OnceLock::new();
        let built = PLATFORM.get_or_init(Built::default).clone();
        Self { roots: Vec::new(), trusts_all: false, built }
    }

    /// Trusts these root certificates too, in PEM; others between them are passed over.
    ///
    /// # Errors
    ///
    /// [`Error::Tls`] when there is no certificate in `pem`, or one cannot be read.
    pub fn add_roots_pem(mut self, pem: &[u8]) -> Result<Self, Error> {
        self.roots.extend(certificates(pem)?);
        self.built = Arc::default();
        Ok(self)
    }

    /// As [`TlsConfig::add_roots_pem`], from a file. Reads it at once.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the file cannot be read, else as [`TlsConfig::add_roots_pem`].
    pub fn add_roots_file(self, path: impl AsRef<Path>) -> Result<Self, Error> {
        self.add_roots_pem(&read(path.as_ref())?)
    }

    /// Accepts any certificate of any server, for tests. The connection is encrypted, but with whom is not known: whoever
    /// sits in between can read and change everything.
    #[must_use]
    pub fn dangerous_accept_any_certificate(mut self) -> Self {
        self.trusts_all = true;
        self.built = Arc::default();
        self
    }

    /// Encrypts `io`; gives the protocol's version too.
    // rule: client/tls-missing
    pub(crate) async fn connect<S>(
        &self,
        host: &str,
        io: S,
        alpn: Alpn,
    ) -> Result<(TlsStream<S>, String), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        // rule: client/tls-missing
        let name = ServerName::try_from(host.trim_end_matches('.').to_owned())
            .map_err(|error| TlsFault::new("the host's name cannot stand in a certificate", error))?;
        let tls =
            TlsConnector::from(offering(alpn, self.build()?)).connect(name, io).await.map_err(|error| {
                #[cfg(feature = "http2")]
                if alpn == Alpn::Http2 && is_no_application_protocol(&error) {
                    return crate::error::Http2Fault::NotAgreed(None).into();
                }
                Error::from(TlsFault::new(if is_not_tls(&error) { NOT_TLS } else { WITH_SERVER }, error))
            })?;
        let version =
            tls.get_ref().1.protocol_version().map_or_else(String::new, |version| format!("{version:?}"));
        Ok((tls, version))
    }

    fn build(&self) -> Result<Arc<ClientConfig>, Error> {
        if let Some(built) = self.built.get() {
            return Ok(built.clone());
        }
        let fault = |error: rustls::Error| TlsFault::new("the trusted certificates cannot be used", error);
        let verifier: Arc<dyn ServerCertVerifier> = if self.trusts_all {
            Arc::new(AnyCertificate(provider()))
        } else {
            let roots = self.roots.iter().cloned();
            Arc::new(Verifier::new_with_extra_roots(roots, provider()).map_err(fault)?)
        };
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(fault)?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = vec![HTTP_1_1.to_vec()];
        Ok(self.built.get_or_init(|| Arc::new(config)).clone())
    }
}

/// The same with other protocols; what sessions are resumed by is shared.
#[cfg_attr(not(feature = "http2"), expect(unused_variables, reason = "there is one protocol"))]
fn offering(alpn: Alpn, config: Arc<ClientConfig>) -> Arc<ClientConfig> {
    #[cfg(feature = "http2")]
    if alpn != Alpn::Http1 {
        let mut config = (*config).clone();
        config.alpn_protocols.retain(|_| alpn == Alpn::Both);
        config.alpn_protocols.insert(0, HTTP_2.to_vec());
        return Arc::new(config);
    }
    config
}

/// Whether the server found nothing among what was offered (RFC 7301 section 3.2).
#[cfg(feature = "http2")]
fn is_no_application_protocol(error: &std::io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    matches!(cause, Some(rustls::Error::AlertReceived(rustls::AlertDescription::NoApplicationProtocol)))
}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConfig")
            .field("extra_roots", &self.roots.len())
            .field("trusts_all", &self.trusts_all)
            .finish_non_exhaustive()
    }
}

/// A server's certificate with its key.
#[derive(Clone)]
pub struct TlsIdentity(Arc<ServerConfig>);

impl TlsIdentity {
    /// Takes a certificate chain, the server's own first, and its private key (PKCS #8, PKCS #1 or SEC 1), both in PEM.
    ///
    /// # Errors
    ///
    /// [`Error::Tls`] when either cannot be read, or the key does not belong to the certificate.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, Error> {
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| TlsFault::new("the private key cannot be read", error))?;
        let fault = |error: rustls::Error| TlsFault::new("the certificate and its key cannot be used", error);
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(fault)?
            .with_no_client_auth()
            .with_single_cert(certificates(chain)?, key)
            .map_err(fault)?;
        config.alpn_protocols = vec![HTTP_1_1.to_vec()];
        #[cfg(feature = "http2")]
        config.alpn_protocols.insert(0, HTTP_2.to_vec());
        Ok(Self(Arc::new(config)))
    }

    /// As [`TlsIdentity::from_pem`], from two files. Reads them at once.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when a file cannot be read, else as [`TlsIdentity::from_pem`].
    pub fn from_files(chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_pem(&read(chain.as_ref())?, &read(key.as_ref())?)
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.0.clone())
    }
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsIdentity").finish_non_exhaustive()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| {
        Error::Io(std::io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display())))
    })
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    const DOING: &str = "the certificates cannot be read";
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(none) if none.is_empty() => Err(TlsFault::new(DOING, "there is no PEM certificate in them")),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(TlsFault::new(DOING, error)),
    }
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(crypto::ring::default_provider())).clone()
}

/// Checks only that the server has the key of the certificate that it shows.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// What failed, where it was the handshake itself.
pub(crate) const WITH_SERVER: &str = "the TLS handshake with the server failed";

/// What is told of a server that speaks in the clear, which is the usual reason for bytes that are no TLS.
const NOT_TLS: &str = "what the server answered is not TLS: its port may be one for ws://, not wss://";

/// Whether the other end answered with something else than TLS.
fn is_not_tls(error: &std::io::Error) -> bool {
    use tokio_rustls::rustls::{Error, InvalidMessage};
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<Error>());
    matches!(cause, Some(Error::InvalidMessage(InvalidMessage::InvalidContentType)))
}

/// The protocols' names in ALPN (RFC 7301 section 6, RFC 9113 section 3.2).
const HTTP_1_1: &[u8] = b"http/1.1";
#[cfg(feature = "http2")]
const HTTP_2: &[u8] = b"h2";
