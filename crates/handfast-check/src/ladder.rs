//! The steps to an open socket, with times, and where it broke.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_rustls::rustls::ClientConfig;

use crate::report::Phase;
use crate::target::Target;
use crate::wire::dial::{self, Stream};

/// The steps so far, and where it broke.
#[derive(Debug, Default)]
pub(crate) struct Ladder {
    pub(crate) phases: Vec<Phase>,
    /// Why it ended early, in words.
    pub(crate) broke: Option<String>,
}

impl Ladder {
    /// One more step, which began then. True where it was taken.
    pub(crate) fn step(
        &mut self,
        name: &'static str,
        start: Instant,
        result: Result<String, String>,
    ) -> bool {
        let phase = Phase::since(name, start, result);
        let ok = phase.ok;
        if !ok {
            self.broke = Some(format!("{name}: {}", phase.detail));
        }
        self.phases.push(phase);
        ok
    }

    /// Whether this step was tried, and whether it was taken.
    pub(crate) fn went(&self, name: &str) -> (bool, bool) {
        let mut tries = self.phases.iter().filter(|phase| phase.name == name).peekable();
        (tries.peek().is_some(), tries.any(|phase| phase.ok))
    }

    /// Name, TCP to each address, and TLS: the first address that took a connection, and the stream if TLS came about, too.
    pub(crate) async fn reach(
        &mut self,
        target: &Target,
        resolve: &[SocketAddr],
        tls: Option<&Arc<ClientConfig>>,
        limit: Duration,
    ) -> Option<(SocketAddr, Option<Stream>)> {
        let start = Instant::now();
        let addresses = match dial::addresses(target, resolve).await {
            Ok(addresses) if addresses.is_empty() => Err("the name has no address".to_owned()),
            Ok(addresses) => Ok(addresses),
            Err(error) => Err(format!("{} is not found: {error}", target.host)),
        };
        let words =
            addresses.clone().map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
        if !self.step("name", start, words) {
            return None;
        }
        let mut reached = None;
        for address in addresses.unwrap_or_default() {
            let start = Instant::now();
            let result = dial::tcp(address, limit).await;
            let words = match &result {
                Ok(_) => Ok(address.to_string()),
                Err(error) => Err(format!("{address}: {error}")),
            };
            self.step("tcp", start, words);
            if let Ok(stream) = result {
                reached.get_or_insert((address, stream));
            }
        }
        let (address, stream) = reached?;
        self.broke = None;
        let Some(config) = tls else { return Some((address, Some(Box::new(stream)))) };
        let start = Instant::now();
        let result = dial::tls(stream, &target.host, Arc::clone(config), limit).await;
        let (stream, words) = match result {
            Ok((stream, words)) => (Some(stream), Ok(words)),
            Err(error) => (None, Err(tls_words(&error))),
        };
        self.step("tls", start, words);
        Some((address, stream))
    }
}

/// A failed TLS handshake in words, with what to do about it where that is known.
fn tls_words(error: &std::io::Error) -> String {
    let text = match error.kind() {
        std::io::ErrorKind::TimedOut => "no answer to the TLS handshake in time".to_owned(),
        std::io::ErrorKind::UnexpectedEof => "the connection closed in the TLS handshake".to_owned(),
        _ => error.to_string(),
    };
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let hint = if has(&["InvalidContentType", "corrupt message"]) {
        "; the port speaks plain text: use ws:// instead of wss://"
    } else if has(&["no answer to", "closed in"]) {
        "; a port that speaks plain text does this: try ws://"
    } else if has(&["CaUsedAsEndEntity"]) {
        "; this is the certificate of an authority, as `openssl req -x509` makes it, and no server's: make one with \
         basicConstraints=CA:FALSE or, for a test, -k"
    } else if has(&["expired", "not valid", "NotValid"]) {
        "; -k takes it all the same, for a test"
    } else if has(&["invalid peer certificate"]) {
        "; trust it with --cacert FILE or, for a test, -k"
    } else {
        ""
    };
    format!("{text}{hint}")
}
