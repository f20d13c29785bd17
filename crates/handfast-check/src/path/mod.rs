//! The path check: both ends of a proxy, and what it changes between them.

mod carried;
mod climb;
mod context;
mod diff;
mod http2;
mod link;
mod origin;
mod rules_answer;
mod rules_h1_to_h2;
mod rules_h2_to_h1;
mod rules_http;
mod rules_request;
mod rules_time;
mod rules_tunnel;
mod run;
mod table;

use std::future::{self, Future};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::CheckError;
use crate::report::{Event, Report};
use crate::selection::Selection;
use crate::target::Target;
use crate::wire::tls::Trust;

/// What a path check can be told.
#[derive(Clone, Debug)]
pub(crate) struct PathOptions {
    pub(crate) listen: SocketAddr,
    pub(crate) timeout: Duration,
    pub(crate) quiet: Duration,
    pub(crate) idle: Option<Duration>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) trust: Trust,
    pub(crate) resolve: Vec<SocketAddr>,
    pub(crate) rules: Selection,
    pub(crate) http2: bool,
}

/// Checks the proxy, gateway or load balancer behind this URL (`ws://`, `wss://`, or `host:port`). The check plays the
/// client in front of it and the server behind it: the device must forward to the address of
/// [`origin`](PathCheck::origin).
///
/// ```no_run
/// # async fn example() -> Result<(), handfast_check::CheckError> {
/// let origin = "127.0.0.1:9000".parse().expect("an address");
/// let report = handfast_check::path("ws://127.0.0.1:8080/chat").origin(origin).run().await?;
/// assert_eq!(report.failures().count(), 0);
/// # Ok(()) }
/// ```
pub fn path(url: impl Into<String>) -> PathCheck {
    PathCheck {
        url: url.into(),
        options: PathOptions {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            timeout: Duration::from_secs(10),
            quiet: Duration::from_secs(1),
            idle: None,
            headers: Vec::new(),
            trust: Trust::Platform,
            resolve: Vec::new(),
            rules: Selection::default(),
            http2: false,
        },
    }
}

/// A path check that has not run yet. Each method adds an option; [`run`](PathCheck::run) runs it.
#[derive(Clone, Debug)]
#[must_use = "a check does nothing until it runs"]
pub struct PathCheck {
    url: String,
    options: PathOptions,
}

impl PathCheck {
    /// Where the check listens as the server behind the device, for HTTP/1.1 and, without TLS, HTTP/2; a free port of 127.0.0.1 by default, which
    /// [`run_with`](PathCheck::run_with) tells.
    pub fn origin(mut self, address: SocketAddr) -> PathCheck {
        self.options.listen = address;
        self
    }

    /// How long an answer may take; 10 s by default.
    pub fn timeout(mut self, timeout: Duration) -> PathCheck {
        self.options.timeout = timeout;
        self
    }

    /// How long silence is listened to where silence is right; 1 s by default.
    pub fn quiet(mut self, quiet: Duration) -> PathCheck {
        self.options.quiet = quiet;
        self
    }

    /// How long a quiet tunnel must live. Without it `middle/idle-tunnel-cut` is skipped: it takes twice as long.
    pub fn idle(mut self, idle: Duration) -> PathCheck {
        self.options.idle = Some(idle);
        self
    }

    /// A field for every request; one that the handshake has already is replaced.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> PathCheck {
        self.options.headers.push((name.into(), value.into()));
        self
    }

    /// Takes any certificate of the device.
    pub fn insecure(mut self) -> PathCheck {
        self.options.trust = Trust::Anybody;
        self
    }

    /// Trusts only the certificates in this PEM file.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> PathCheck {
        self.options.trust = Trust::File(path.into());
        self
    }

    /// Connects to this address whatever the host name says; may be given several times.
    pub fn resolve(mut self, address: SocketAddr) -> PathCheck {
        self.options.resolve.push(address);
        self
    }

    /// Only these rules: an id, the beginning of ids up to a `-` or `/`, or a text with `*` at its end.
    pub fn only(mut self, selection: impl Into<String>) -> PathCheck {
        self.options.rules.only.push(selection.into());
        self
    }

    /// Not these rules; the forms of [`only`](PathCheck::only).
    pub fn exclude(mut self, selection: impl Into<String>) -> PathCheck {
        self.options.rules.exclude.push(selection.into());
        self
    }

    /// The device speaks HTTP/2 to its clients without TLS, too. Over TLS it is asked by ALPN in any case.
    pub fn http2(mut self) -> PathCheck {
        self.options.http2 = true;
        self
    }

    /// Runs the check. Broken rules are in the report; so is where it broke when the device cannot be reached or does not
    /// forward to the origin. A dropped run leaves no report, and nothing else behind.
    ///
    /// # Errors
    /// [`CheckError::Target`] for an unusable URL, [`CheckError::Option`] for an unusable certificate file,
    /// [`CheckError::Local`] where the origin's address cannot be listened on or the platform's certificates not be read.
    pub async fn run(self) -> Result<Report, CheckError> {
        self.run_with(|_| future::ready(()), |_| ()).await
    }

    /// As [`run`](PathCheck::run). `ready` gets the origin's address once it listens, and the first request leaves when
    /// what it gives back is done: time to start a device that needs the address. `observe` is told what is found as it is
    /// found.
    ///
    /// # Errors
    /// Those of [`run`](PathCheck::run).
    pub async fn run_with<F: Future<Output = ()>>(
        self,
        ready: impl FnOnce(SocketAddr) -> F,
        mut observe: impl FnMut(Event<'_>) + Send,
    ) -> Result<Report, CheckError> {
        let target = Target::parse(&self.url)?;
        run::run(target, self.options, ready, &mut observe).await
    }
}
