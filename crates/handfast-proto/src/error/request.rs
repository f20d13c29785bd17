//! Faults of a client's opening request, one variant a rule.

use crate::rules::Rule;
use std::fmt;

/// A client's request broke a rule of the catalogue, or the server's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestFault {
    /// placeholder
    Placeholder,
}

impl RequestFault {
    /// The rule that was broken, such as `server/key-length`.
    pub fn rule(&self) -> &'static Rule {
        todo!()
    }

    /// The HTTP/1.1 status that answers this fault alone.
    pub fn status(&self) -> u16 {
        todo!()
    }
}

impl std::error::Error for RequestFault {}

impl fmt::Display for RequestFault {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}
