//! SIGINT and SIGTERM, and SIGHUP where more than the program itself must end.

use crate::exit::{Exit, Failure};

/// The signals that ask the program to end.
#[derive(Debug)]
pub struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hangup: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    /// Takes them over from now on: they do not end the program by themselves any more.
    #[cfg(unix)]
    pub fn new() -> Result<Self, Failure> {
        use tokio::signal::unix::SignalKind;
        let (interrupt, terminate) = (SignalKind::interrupt(), SignalKind::terminate());
        Ok(Self { interrupt: take(interrupt)?, terminate: take(terminate)?, hangup: None })
    }

    /// The same with SIGHUP, which comes when the terminal closes: for a program that has started others in groups of their own,
    /// which do not get it. Where it is ignored, as under `nohup`, it stays so.
    #[cfg(unix)]
    pub fn with_hangup() -> Result<Self, Failure> {
        let hangup = tokio::signal::unix::SignalKind::hangup();
        let taken = if ignores_hangup() { None } else { Some(take(hangup)?) };
        Ok(Self { hangup: taken, ..Self::new()? })
    }

    /// The same: here no terminal's end is told by a signal.
    #[cfg(not(unix))]
    pub fn with_hangup() -> Result<Self, Failure> {
        Self::new()
    }

    /// Takes Ctrl-C over from now on.
    #[cfg(not(unix))]
    pub fn new() -> Result<Self, Failure> {
        Ok(Self {})
    }

    /// Waits for the next one. Cancel safe.
    #[cfg(unix)]
    pub async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => drop(hangup.recv().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = hangup => {}
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

#[cfg(unix)]
fn take(kind: tokio::signal::unix::SignalKind) -> Result<tokio::signal::unix::Signal, Failure> {
    tokio::signal::unix::signal(kind)
        .map_err(|error| Failure::new(Exit::Internal, format!("cannot take signals: {error}")))
}

/// Whoever started the program had it ignore SIGHUP. Only Linux tells without unsafe code; elsewhere it counts as not ignored.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // SIGHUP is number 1, the lowest bit.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 != 0)
}
