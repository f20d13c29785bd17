//! What the commands that connect have in common.

use crate::exit::{Exit, Failure};
use handfast::TlsConfig;
use std::path::Path;

/// What people write for a WebSocket's address: `http` means `ws`, and so does no scheme.
pub fn websocket_uri(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => format!("ws://{rest}"),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => format!("wss://{rest}"),
        Some(_) => url.to_owned(),
        None => format!("ws://{url}"),
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
            ("ftp://a", "ftp://a"),
        ] {
            assert_eq!(websocket_uri(url), uri);
        }
    }
}
