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

    /// The last step ended without an answer, after all the time that an answer may take.
    pub(crate) fn waited_in_vain(&self, limit: Duration) -> bool {
        let last = self.phases.last().filter(|phase| !phase.ok);
        last.is_some_and(|phase| u128::from(phase.microseconds) >= limit.as_micros())
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
    let plain = Some("a port that speaks plain text does this: try ws://");
    let (text, advice) = match error.kind() {
        std::io::ErrorKind::TimedOut => ("no answer to the TLS handshake in time".to_owned(), plain),
        std::io::ErrorKind::UnexpectedEof => ("the connection closed in the TLS handshake".to_owned(), plain),
        _ => (error.to_string(), tls_advice(&error.to_string())),
    };
    advice.map_or(text.clone(), |advice| format!("{text}; {advice}"))
}

/// What to do about a TLS handshake that failed, as far as the words of the error (rustls's, as its `Display` writes them) tell:
/// a clause for behind them, with the options of the `handfast` program. None where nothing is known.
///
/// ```
/// let advice = handfast_check::tls_advice("invalid peer certificate: UnknownIssuer");
/// assert!(advice.is_some_and(|advice| advice.starts_with("--cacert FILE")));
/// ```
#[must_use]
pub fn tls_advice(error: &str) -> Option<&'static str> {
    let has = |words: &[&str]| words.iter().any(|word| error.contains(word));
    if has(&["CaUsedAsEndEntity"]) {
        Some(
            "this is the certificate of an authority, as `openssl req -x509` makes it, and no server's: make one with \
             basicConstraints=CA:FALSE or, for a test, use -k",
        )
    } else if has(&["expired", "not valid", "NotValid"]) {
        Some("-k takes it all the same, for a test")
    } else if has(&["invalid peer certificate"]) {
        Some("--cacert FILE trusts the authority that signed it, -k trusts anybody, for a test")
    } else if has(&["InvalidContentType", "corrupt message"]) {
        Some("the port speaks plain text: try ws:// instead of wss://")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn only_a_last_step_that_took_all_the_time_waited_in_vain() {
        let limit = Duration::from_millis(1);
        let long_ago = Instant::now() - 2 * limit;
        let mut ladder = Ladder::default();
        assert!(!ladder.waited_in_vain(limit));
        ladder.step("tcp", long_ago, Ok(String::new()));
        assert!(!ladder.waited_in_vain(limit));
        ladder.step("http", long_ago, Err(String::new()));
        assert!(ladder.waited_in_vain(limit) && !ladder.waited_in_vain(Duration::from_secs(60)));
    }

    #[test]
    fn a_failed_tls_handshake_comes_with_what_to_do() {
        let words = |text: &str| tls_words(&Error::other(text));
        assert!(words("invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))").contains("CA:FALSE"));
        assert!(words("invalid peer certificate: UnknownIssuer").contains("UnknownIssuer; --cacert FILE"));
        assert!(words("invalid peer certificate: certificate expired: verified at 1").contains("; -k takes"));
        assert!(words("received corrupt message of type InvalidContentType").contains("; the port speaks"));
        assert_eq!(
            words("received fatal alert: handshake_failure"),
            "received fatal alert: handshake_failure"
        );
        assert!(
            tls_words(&ErrorKind::TimedOut.into())
                .ends_with("in time; a port that speaks plain text does this: try ws://")
        );
    }
}
