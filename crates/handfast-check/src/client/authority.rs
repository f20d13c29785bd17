//! An authority for one run, and the certificates, right and wrong, that a client of wss is shown.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::expect;

/// The host name of every wss URL.
pub(crate) const HOST: &str = "localhost";

/// A certificate that a client is shown for [`HOST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certificate {
    /// By the authority, for the host, in time.
    Right,
    /// By nobody but itself.
    SelfSigned,
    /// By the authority, and out of date.
    Expired,
    /// By the authority, for another host.
    OtherHost,
}

impl Certificate {
    /// All, the right one first.
    pub(crate) const ALL: [Certificate; 4] =
        [Certificate::Right, Certificate::SelfSigned, Certificate::Expired, Certificate::OtherHost];

    /// It in a few words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Certificate::Right => "a right certificate",
            Certificate::SelfSigned => "a self-signed certificate",
            Certificate::Expired => "an expired certificate",
            Certificate::OtherHost => "a certificate for other.example",
        }
    }
}

/// The authority, its certificate in a file that is removed with it.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: PathBuf,
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.file);
    }
}

impl Authority {
    /// Makes one, and writes its certificate to a file of the system's folder for such.
    pub(crate) fn new() -> io::Result<Authority> {
        let mut params = params(Vec::new(), "handfast check-client");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, key()).expect("ring signs its own keys");
        let file = std::env::temp_dir().join(format!("handfast-check-{}.pem", expect::random_word()));
        std::fs::write(&file, issuer.pem())?;
        Ok(Authority { issuer, file })
    }

    /// The file with its certificate in PEM.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// A server's side of TLS with this certificate.
    pub(crate) fn server(&self, which: Certificate) -> Arc<ServerConfig> {
        let name = if which == Certificate::OtherHost { "other.example" } else { HOST };
        let mut params = params(vec![name.to_owned()], name);
        params.use_authority_key_identifier_extension = which != Certificate::SelfSigned;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        if which == Certificate::Expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = key();
        let signed = match which {
            Certificate::SelfSigned => params.self_signed(&key),
            Certificate::Right | Certificate::Expired | Certificate::OtherHost => {
                params.signed_by(&key, &self.issuer)
            }
        };
        let certificate: CertificateDer<'static> = signed.expect("ring signs its own keys").into();
        let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the default versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], private)
            .expect("the key is that of the certificate");
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Arc::new(config)
    }
}

/// From yesterday for a month: some verifiers refuse what is valid for years.
fn params(hosts: Vec<String>, name: &str) -> CertificateParams {
    let day = Duration::from_secs(24 * 60 * 60);
    let mut params = CertificateParams::new(hosts).expect("the names are host names");
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = (SystemTime::now() - day).into();
    params.not_after = (SystemTime::now() + 30 * day).into();
    params
}

fn key() -> KeyPair {
    KeyPair::generate().expect("ring makes keys")
}
