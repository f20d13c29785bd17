//! SIGINT and SIGTERM.

use crate::exit::{Exit, Failure};

/// Both signals that ask the program to end.
#[derive(Debug)]
pub struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// Takes them over from now on: they do not end the program by themselves any more.
    #[cfg(unix)]
    pub fn new() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let take = |kind| {
            signal(kind)
                .map_err(|error| Failure::new(Exit::Internal, format!("cannot take signals: {error}")))
        };
        Ok(Self { interrupt: take(SignalKind::interrupt())?, terminate: take(SignalKind::terminate())? })
    }

    /// Takes Ctrl-C over from now on.
    #[cfg(not(unix))]
    pub fn new() -> Result<Self, Failure> {
        Ok(Self {})
    }

    /// Waits for the next one. Cancel safe.
    #[cfg(unix)]
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Waits for the next one. Cancel safe.
    #[cfg(not(unix))]
    pub async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
