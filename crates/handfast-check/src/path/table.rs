//! The one table of rules of the path.

use std::pin::Pin;
use std::sync::Arc;

use super::context::Context;
use super::{
    rules_answer, rules_h1_to_h2, rules_h2_to_h1, rules_http, rules_request, rules_time, rules_tunnel,
};
use crate::finding::Judged;

/// A rule and how it is judged.
pub(crate) struct Probe {
    /// The rule's id in the catalogue.
    pub(crate) rule: &'static str,
    /// It makes sense only where the correct handshake ends in a tunnel.
    pub(crate) tunnel: bool,
    /// It is about devices that speak HTTP, not about those that pass bytes.
    pub(crate) http: bool,
    pub(crate) way: Way,
    pub(crate) run: fn(Arc<Context>) -> Running,
}

/// Which versions of HTTP a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// HTTP/1.1 on both sides.
    Plain,
    /// HTTP/1.1 in front, whatever the device speaks to the origin.
    Any,
    /// HTTP/2 in front, HTTP/1.1 behind.
    Down,
    /// HTTP/1.1 in front, HTTP/2 behind.
    Up,
}

/// A judgement on its way.
pub(crate) type Running = Pin<Box<dyn Future<Output = Judged> + Send>>;

macro_rules! probe {
    ($rule:literal, $tunnel:literal, $http:literal, $way:expr, $run:path) => {
        Probe { rule: $rule, tunnel: $tunnel, http: $http, way: $way, run: |context| Box::pin($run(context)) }
    };
}

/// Every probe: rule, whether it needs a tunnel, whether it needs HTTP, versions, judge.
pub(crate) const PROBES: &[Probe] = &[
    probe!("middle/tunnel-before-101", true, true, Way::Plain, rules_tunnel::before_101),
    probe!("middle/refused-upgrade-tunnels", true, true, Way::Plain, rules_tunnel::after_refusal),
    probe!("middle/unproven-101-tunnels", true, true, Way::Plain, rules_tunnel::unproven_101),
    probe!("middle/hop-by-hop-forwarded", true, true, Way::Plain, rules_request::hop_by_hop),
    probe!("middle/half-forwarded", false, true, Way::Plain, rules_request::half_forwarded),
    probe!("middle/key-altered", true, false, Way::Plain, rules_request::key_altered),
    probe!("middle/ambiguous-fields-resolved", true, true, Way::Plain, rules_request::ambiguous),
    probe!("middle/malformed-forwarded", true, true, Way::Plain, rules_http::malformed),
    probe!("middle/http-version-copied", true, true, Way::Plain, rules_http::version),
    probe!("middle/answer-fields-changed", true, false, Way::Plain, rules_answer::fields),
    probe!("middle/refusal-changed", true, false, Way::Plain, rules_answer::refusal),
    probe!("middle/interim-answer-mishandled", true, false, Way::Plain, rules_answer::interim),
    probe!("middle/glued-bytes-lost", true, false, Way::Any, rules_tunnel::glued),
    probe!("middle/answer-cached", true, false, Way::Plain, rules_time::cached),
    probe!("middle/handshake-replayed", true, false, Way::Plain, rules_time::replayed),
    probe!("middle/h2-to-h1-bridge", false, true, Way::Down, rules_h2_to_h1::bridge),
    probe!("middle/h1-to-h2-bridge", false, true, Way::Up, rules_h1_to_h2::bridge),
    probe!("middle/idle-tunnel-cut", true, false, Way::Any, rules_time::idle),
];

#[cfg(test)]
mod tests {
    use super::PROBES;
    use handfast_proto::rules::Rule;

    #[test]
    fn every_rule_of_the_middle_has_one_probe() {
        for rule in Rule::all().filter(|rule| rule.id.starts_with("middle/")) {
            assert_eq!(PROBES.iter().filter(|probe| probe.rule == rule.id).count(), 1, "{}", rule.id);
        }
        assert!(PROBES.iter().all(|probe| Rule::find(probe.rule).is_some()));
    }
}
