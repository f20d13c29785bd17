//! What a server's operator decides about requests.

use super::OriginPolicy;
use crate::limits::Limits;

/// How requests are judged. The default is strict and same-origin.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Which `Origin` values are let in.
    pub origin: OriginPolicy,
    /// Which rules are relaxed.
    pub strictness: Strictness,
    /// Bounds of the head.
    pub limits: Limits,
    /// Host names (without port, lower case) that this server answers to. Empty: any. A request for another is
    /// refused with 421 (rule `server/host-foreign`).
    pub hosts: Vec<String>,
    /// Whether the connection that carried the request is TLS: it decides the default port when `Origin` is compared.
    pub secure: bool,
}

/// How strictly requests are judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// Every rule holds.
    #[default]
    Strict,
    /// These rules, by id, are relaxed for old or broken devices; only rules that [`Strictness::relaxable`] lists can be.
    Compatible(Vec<&'static str>),
}
