//! Why a check could not be made.

use std::fmt;

/// Why a run ended without a judgement. A broken rule is no error: it is in the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckError {
    /// The target is no usable WebSocket URL. The text says what is wrong with it.
    Target(String),
    /// An option has a value that cannot be used. The text names the option and what it takes.
    Option(String),
    /// A local file or socket could not be used. The text has the operating system's words.
    Local(String),
}

impl fmt::Display for CheckError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckError::Target(text) | CheckError::Option(text) | CheckError::Local(text) => {
                out.write_str(text)
            }
        }
    }
}

impl std::error::Error for CheckError {}
