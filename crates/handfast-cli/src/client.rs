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
