//! Faults of a server's answer to the opening request, one variant a rule.

use crate::rules::Rule;
use std::fmt;

/// A server's answer broke a rule of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseFault {
    /// placeholder
    Placeholder,
}

impl ResponseFault {
    /// The rule that was broken, such as `client/accept-wrong-opens`.
    pub fn rule(&self) -> &'static Rule {
        todo!()
    }
}

impl std::error::Error for ResponseFault {}

impl fmt::Display for ResponseFault {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}
