//! What a server's operator decides about requests.

use super::OriginPolicy;
use crate::{error::RequestFault, limits::Limits};

/// How requests are judged. The default is strict and same-origin.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Which `Origin` values are let in.
    pub origin: OriginPolicy,
    /// Which rules are relaxed.
    pub strictness: Strictness,
    /// Bounds of the head.
    pub limits: Limits,
    /// Host names (without port, lower case; an IPv6 address without brackets) that this server answers to. Empty:
    /// any. A request for another is refused with 421 (rule `server/host-foreign`).
    pub hosts: Vec<String>,
    /// Whether the connection that carried the request is TLS: it decides the default port when `Origin` is compared.
    pub secure: bool,
    /// Whether keys with set pad bits are refused (rule `server/key-pad-bits`). Off by default: the sample of
    /// RFC 6455 section 4.1 has them.
    pub canonical_keys: bool,
}

/// How strictly requests are judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// Every rule holds.
    #[default]
    Strict,
    /// These rules, by id, are relaxed for old or broken devices; only rules that [`Strictness::relaxable`] lists can
    /// be, others have no effect. [`Offer::relaxed`](super::Offer::relaxed) tells which were let pass.
    Compatible(Vec<&'static str>),
}

impl Strictness {
    /// The ids of the rules that can be relaxed one by one, each known from devices that break it.
    ///
    /// A key that is let pass is hashed as it was sent. Rules that keep two parties from reading one request differently
    /// (several keys, bodies, folded lines and the like) cannot be relaxed.
    pub fn relaxable() -> &'static [&'static str] {
        &RELAXABLE
    }

    /// Whether this fault is let pass.
    pub(crate) fn relaxes(&self, fault: &RequestFault) -> bool {
        let id = fault.rule().id;
        match self {
            Self::Strict => false,
            Self::Compatible(ids) => ids.contains(&id) && RELAXABLE.contains(&id),
        }
    }
}

const RELAXABLE: [&str; 12] = [
    "server/bare-lf",
    "server/host-missing",
    "server/upgrade-version-suffix",
    "server/connection-close-with-upgrade",
    "server/key-alphabet",
    "server/key-url-safe",
    "server/key-padding-missing",
    "server/key-padding-excess",
    "server/key-length",
    "server/subprotocol-offer-invalid",
    "server/subprotocol-offer-duplicate",
    "server/extension-offer-malformed",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_relaxable_rule_stands_in_the_catalogue() {
        for id in Strictness::relaxable() {
            assert!(crate::rules::Rule::find(id).is_some(), "{id}");
        }
    }
}
