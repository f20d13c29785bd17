//! The client check: a server that answers wrongly, one case a URL path, and judges what the client does on the wire.

mod addresses;
mod authority;
mod case;
mod cases;
mod judge;
mod page;
mod program;
mod requests;
mod results;
mod run;
mod session;
mod wrong;

pub use wrong::{Played, Reaction, WrongServer};

use std::future::{self, Future};
use std::net::SocketAddr;
use std::time::Duration;

use crate::error::CheckError;
use crate::report::{Event, Report};
use crate::selection::Selection;

/// What a client check can be told.
#[derive(Clone, Debug)]
pub(crate) struct ClientOptions {
    pub(crate) command: Vec<String>,
    pub(crate) listen: SocketAddr,
    pub(crate) timeout: Duration,
    pub(crate) wait: Duration,
    pub(crate) parallel: usize,
    pub(crate) rules: Selection,
}

/// Checks the client that this command starts. Every `{url}` in it is replaced by the URL of a case; without one the
/// URL is added at the end. The command should connect, say something or nothing, and end when the connection does.
///
/// For `wss` the check makes a certificate authority of its own, which the command must trust for a full verdict. Its file
/// stands in the environment as `SSL_CERT_FILE` and `NODE_EXTRA_CA_CERTS`, and wherever the command says `{cacert}`.
///
/// ```no_run
/// # async fn example() -> Result<(), handfast_check::CheckError> {
/// let report = handfast_check::client(["my-client", "--url", "{url}"]).run().await?;
/// assert_eq!(report.failures().count(), 0);
/// # Ok(()) }
/// ```
pub fn client<T: Into<String>>(command: impl IntoIterator<Item = T>) -> ClientCheck {
    ClientCheck {
        options: ClientOptions {
            command: command.into_iter().map(Into::into).collect(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            timeout: Duration::from_secs(8),
            wait: Duration::from_secs(2),
            parallel: 6,
            rules: Selection::default(),
        },
    }
}

/// A client check that has not run yet.
#[derive(Clone, Debug)]
#[must_use = "a check does nothing until it runs"]
pub struct ClientCheck {
    options: ClientOptions,
}

impl ClientCheck {
    /// Where the wrong server listens; a free port of 127.0.0.1 by default.
    pub fn listen(mut self, address: SocketAddr) -> ClientCheck {
        self.options.listen = address;
        self
    }

    /// How long one start of the command may take; 8 s by default.
    pub fn timeout(mut self, timeout: Duration) -> ClientCheck {
        self.options.timeout = timeout;
        self
    }

    /// How long a reaction to an answer may take; 2 s by default. The wait for a client that gets no answer is six
    /// times as long.
    pub fn wait(mut self, wait: Duration) -> ClientCheck {
        self.options.wait = wait;
        self
    }

    /// How many commands run at once; 6 by default, 1 at least.
    pub fn parallel(mut self, commands: usize) -> ClientCheck {
        self.options.parallel = commands;
        self
    }

    /// Only these rules: an id, the beginning of ids up to a `-` or `/`, or a text with `*` at its end.
    pub fn only(mut self, selection: impl Into<String>) -> ClientCheck {
        self.options.rules.only.push(selection.into());
        self
    }

    /// Not these rules; the forms of [`only`](ClientCheck::only).
    pub fn exclude(mut self, selection: impl Into<String>) -> ClientCheck {
        self.options.rules.exclude.push(selection.into());
        self
    }

    /// Runs the command for every case. Each start is ended with its case, and a dropped run ends those that run; on Unix
    /// together with what they started in their turn, unless it left their process group.
    ///
    /// # Errors
    /// [`CheckError::Local`] where the address cannot be listened on, [`CheckError::Option`] where the command cannot be started.
    pub async fn run(self) -> Result<Report, CheckError> {
        self.run_until(|_, _| (), future::pending(), |_| ()).await
    }

    /// As [`run`](ClientCheck::run). `ready` gets the address and the URLs of all cases once the server listens. Without a
    /// command the server waits for clients until `stop` is ready, or until the page at `/` has run every case in a browser.
    /// `observe` is told what is found as it is found.
    ///
    /// # Errors
    /// Those of [`run`](ClientCheck::run).
    pub async fn run_until(
        self,
        ready: impl FnOnce(SocketAddr, Vec<String>),
        stop: impl Future<Output = ()>,
        mut observe: impl FnMut(Event<'_>) + Send,
    ) -> Result<Report, CheckError> {
        run::run(self.options, ready, stop, &mut observe).await
    }
}
