//! What the commands that connect have in common.

use crate::escape;
use crate::exit::{Exit, Failure};
use handfast::TlsConfig;
use std::path::Path;

/// What people write for a WebSocket's address: `http` means `ws`, and so does no scheme.
/// Fails with words for people for another scheme.
pub fn websocket_uri(url: &str) -> Result<String, Failure> {
    let Some((scheme, rest)) = url.split_once("://") else { return Ok(format!("ws://{url}")) };
    match scheme.to_ascii_lowercase().as_str() {
        "ws" | "http" => Ok(format!("ws://{rest}")),
        "wss" | "https" => Ok(format!("wss://{rest}")),
        _ => {
            let scheme = escape::quoted(scheme);
            let words =
                format!("a URL here begins with ws://, wss://, http:// or https://, this one with {scheme}");
            Err(Failure::new(Exit::WrongUse, words))
        }
    }
}

/// What to do about a certificate that was not believed, as far as it is known.
pub fn certificate_advice(error: &str) -> Option<&'static str> {
    if error.contains("CaUsedAsEndEntity") {
        Some(
            "This is the certificate of an authority, as `openssl req -x509` makes it, and no server's: make one with \
             basicConstraints=CA:FALSE or, for a test, use -k",
        )
    } else if error.contains("expired") || error.contains("not valid") || error.contains("NotValid") {
        Some("-k takes it all the same, for a test")
    } else if error.contains("invalid peer certificate") {
        Some("--cacert FILE trusts the authority that signed it; -k trusts anybody, for a test")
    } else if error.contains("InvalidContentType") || error.contains("corrupt message") {
        Some("The port speaks plain text: try ws:// instead of wss://")
    } else {
        None
    }
}

/// The trust that `--insecure` and `--cacert` ask for.
pub fn tls(is_insecure: bool, roots: Option<&Path>) -> Result<TlsConfig, Failure> {
    if is_insecure {
        return Ok(TlsConfig::new().dangerous_accept_any_certificate());
    }
    let Some(path) = roots else { return Ok(TlsConfig::new()) };
    let wrong = |why: String| Failure::new(Exit::WrongUse, format!("cannot use {}: {why}", path.display()));
    let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    TlsConfig::new().add_roots_pem(&pem).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_was_not_believed_comes_with_what_to_do() {
        let advice = |error| certificate_advice(error).unwrap_or_default();
        assert!(
            advice("invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))").contains("CA:FALSE")
        );
        assert!(advice("invalid peer certificate: UnknownIssuer").starts_with("--cacert FILE"));
        assert!(advice("invalid peer certificate: certificate expired: verified at 1").starts_with("-k"));
        assert!(advice("received corrupt message of type InvalidContentType").contains("ws://"));
        assert_eq!(advice("received fatal alert: handshake_failure"), "");
    }

    #[test]
    fn http_and_no_scheme_mean_ws() {
        for (url, uri) in [
            ("localhost:8080/echo", "ws://localhost:8080/echo"),
            ("http://a/", "ws://a/"),
            ("HTTPS://a/", "wss://a/"),
            ("ws://a", "ws://a"),
            ("WS://a", "ws://a"),
        ] {
            assert_eq!(websocket_uri(url).map_err(|failure| failure.message), Ok(uri.to_owned()));
        }
        let failure = websocket_uri("ftp://a").expect_err("another scheme");
        assert!(failure.message.contains("https://, this one with \"ftp\""), "{}", failure.message);
    }
}
