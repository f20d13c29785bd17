//! The exit codes: the one table of them, which `--help` prints.

use std::process::ExitCode;

/// How the program ended, as its exit code says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// What was asked for was done.
    Fine = 0,
    /// A peer refused, or a rule is broken, or nothing was found.
    Refused = 1,
    /// The arguments or the input make no sense.
    WrongUse = 2,
    /// No answer could be had: name, address, TCP, TLS, or no complete answer in time.
    Unreachable = 3,
    /// The connection was open, but what was waited for did not come, or a rule could not be judged.
    Inconclusive = 4,
    /// A fault of handfast, or of the machine it runs on.
    Internal = 5,
    /// The connection was open and ended abnormally.
    AbnormalClose = 6,
    /// Interrupted by a signal.
    Interrupted = 130,
    /// The reader of standard output went away before everything was written: 128 and the number of SIGPIPE, as a shell shows
    /// the tools that this signal ends.
    Unread = 141,
}

impl Exit {
    /// Every code with its meaning, in order.
    const TABLE: [(Self, &'static str); 9] = [
        (Self::Fine, "fine"),
        (Self::Refused, "refused, a rule broken, or nothing found"),
        (Self::WrongUse, "wrong use"),
        (Self::Unreachable, "could not reach: name, TCP, TLS, or no complete answer to the handshake"),
        (
            Self::Inconclusive,
            "inconclusive: messages that were waited for did not come, or a rule could not be judged",
        ),
        (Self::Internal, "an error of our own, such as an address that cannot be listened on"),
        (Self::AbnormalClose, "closed abnormally: no Close frame, or a code other than 1000, 1001 and 1005"),
        (Self::Interrupted, "interrupted"),
        (
            Self::Unread,
            "standard output was closed too early, as by `head`; checks still end with their verdict",
        ),
    ];

    /// The table as text, for the end of `--help`.
    pub fn help() -> String {
        let rows = Self::TABLE.iter().map(|(exit, meaning)| format!("  {:>3}  {meaning}", *exit as u8));
        format!("Exit codes:\n{}", rows.collect::<Vec<_>>().join("\n"))
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do what it was asked for.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// Sentences for people, without a final line break. Empty: there is nothing to say, or it was said.
    pub message: String,
}

impl Failure {
    /// A failure with something to say.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// A failure that has been explained already.
    pub fn explained(exit: Exit) -> Self {
        Self::new(exit, "")
    }
}

/// Writing to standard output failed. When its reader went away, as in `handfast explain key | head -1`, it has what it
/// wanted, and the program ends quietly, with the code that a shell shows for other tools then. A check has its verdict all the
/// same, and decides by itself.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::explained(Exit::Unread),
            _ => Self::new(Exit::Internal, format!("cannot write to standard output: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_stands_in_the_help_once_and_in_order() {
        let codes: Vec<u8> = Exit::TABLE.iter().map(|(exit, _)| *exit as u8).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 130, 141]);
        for (_, meaning) in Exit::TABLE {
            assert_eq!(Exit::help().matches(meaning).count(), 1, "{meaning}");
        }
    }
}
