//! The server check: what a WebSocket server does with right and wrong handshakes.

mod again;
pub(crate) mod context;
pub(crate) mod exchange;
mod h2;
pub(crate) mod judge;
mod judging;
pub(crate) mod options;
pub(crate) mod phases;
mod presence;
mod rules_answer;
mod rules_http;
mod rules_key;
mod rules_negotiation;
mod rules_request;
mod rules_security;
mod rules_upgrade;
mod run;
pub(crate) mod stimulus;
mod table;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::CheckError;
use crate::report::{Event, Report};
use crate::target::Target;
use crate::wire::tls::Trust;
use options::Options;

/// Checks the WebSocket server behind this URL (`ws://`, `wss://`, or `host:port`).
///
/// ```no_run
/// # async fn example() -> Result<(), handfast_check::CheckError> {
/// let report = handfast_check::server("ws://127.0.0.1:8080/chat").run().await?;
/// assert_eq!(report.failures().count(), 0);
/// # Ok(()) }
/// ```
pub fn server(url: impl Into<String>) -> ServerCheck {
    ServerCheck { url: url.into(), options: Options::default() }
}

/// A server check that has not run yet. Each method adds an option; [`run`](ServerCheck::run) runs it.
#[derive(Clone, Debug)]
#[must_use = "a check does nothing until it runs"]
pub struct ServerCheck {
    url: String,
    options: Options,
}

impl ServerCheck {
    /// How long an answer may take; 10 s by default.
    pub fn timeout(mut self, timeout: Duration) -> ServerCheck {
        self.options.timeout = timeout;
        self
    }

    /// How long silence is listened to where silence is right; 2 s by default.
    pub fn quiet(mut self, quiet: Duration) -> ServerCheck {
        self.options.quiet = quiet;
        self
    }

    /// At most so many new connections a second; no bound by default.
    pub fn rate(mut self, per_second: u32) -> ServerCheck {
        self.options.rate = Some(per_second);
        self
    }

    /// How many exchanges run at once; 16 by default, 1 at least.
    pub fn parallel(mut self, exchanges: usize) -> ServerCheck {
        self.options.parallel = exchanges;
        self
    }

    /// A field for every request; one that the handshake has already is replaced.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> ServerCheck {
        self.options.headers.push((name.into(), value.into()));
        self
    }

    /// Credentials as a field: sent like [`header`](ServerCheck::header), and left out where a rule asks what happens then.
    pub fn credentials(mut self, name: impl Into<String>, value: impl Into<String>) -> ServerCheck {
        let (name, value) = (name.into(), value.into());
        self.options.credentials = Some((name.clone(), value.clone()));
        self.header(name, value)
    }

    /// Takes any certificate.
    pub fn insecure(mut self) -> ServerCheck {
        self.options.trust = Trust::Anybody;
        self
    }

    /// Trusts only the certificates in this PEM file.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> ServerCheck {
        self.options.trust = Trust::File(path.into());
        self
    }

    /// Connects to this address whatever the host name says; may be given several times.
    pub fn resolve(mut self, address: SocketAddr) -> ServerCheck {
        self.options.resolve.push(address);
        self
    }

    /// Only these rules: an id, the beginning of ids up to a `-` or `/`, or a text with `*` at its end.
    pub fn only(mut self, selection: impl Into<String>) -> ServerCheck {
        self.options.rules.only.push(selection.into());
        self
    }

    /// Not these rules; the forms of [`only`](ServerCheck::only).
    pub fn exclude(mut self, selection: impl Into<String>) -> ServerCheck {
        self.options.rules.exclude.push(selection.into());
        self
    }

    /// A subprotocol that the target speaks. Two of them let all rules of subprotocols be judged.
    pub fn subprotocol(mut self, name: impl Into<String>) -> ServerCheck {
        self.options.subprotocols.push(name.into());
        self
    }

    /// An origin that the target must let in; by default the origin of its own URL.
    pub fn origin(mut self, origin: impl Into<String>) -> ServerCheck {
        self.options.origin = Some(origin.into());
        self
    }

    /// The target is a public service: pages of any origin may use it.
    pub fn public(mut self) -> ServerCheck {
        self.options.public = true;
        self
    }

    /// The target serves every path.
    pub fn every_path(mut self) -> ServerCheck {
        self.options.serves_every_path = true;
        self
    }

    /// The target serves every host name.
    pub fn every_host(mut self) -> ServerCheck {
        self.options.serves_every_host = true;
        self
    }

    /// You own the target: probes with large heads may run against it even if it is not on this machine.
    pub fn own_this_host(mut self) -> ServerCheck {
        self.options.own_this_host = true;
        self
    }

    /// Runs the probes that take a minute, too.
    pub fn slow(mut self) -> ServerCheck {
        self.options.slow = true;
        self
    }

    /// The target speaks HTTP/2 without TLS, with prior knowledge (RFC 9113 section 3.3). Over TLS it is offered by ALPN in
    /// any case, and the rules of RFC 8441 are judged where the target chooses it.
    pub fn http2(mut self) -> ServerCheck {
        self.options.http2 = true;
        self
    }

    /// Runs the check. Broken rules are in the report; so is where it broke when the target cannot be reached.
    ///
    /// Not cancel-safe in one sense: a dropped run leaves no report. It leaves nothing else behind.
    ///
    /// # Errors
    /// [`CheckError::Target`] for an unusable URL, [`CheckError::Option`] for an unusable certificate file,
    /// [`CheckError::Local`] where the platform's certificates cannot be read.
    pub async fn run(self) -> Result<Report, CheckError> {
        self.run_with(|_| ()).await
    }

    /// As [`run`](ServerCheck::run), and tells what is found as it is found.
    ///
    /// # Errors
    /// Those of [`run`](ServerCheck::run).
    pub async fn run_with(self, mut observe: impl FnMut(Event<'_>) + Send) -> Result<Report, CheckError> {
        let target = Target::parse(&self.url)?;
        run::run(target, self.options, &mut observe).await
    }
}
