//! The one table of rules of the path.

use std::pin::Pin;
use std::sync::Arc;

use super::context::Context;
use super::{rules_answer, rules_http, rules_request, rules_time, rules_tunnel};
use crate::finding::Judged;

/// A rule and how it is judged.
pub(crate) struct Probe {
    /// The rule's id in the catalogue.
    pub(crate) rule: &'static str,
    /// It makes sense only where the correct handshake ends in a tunnel.
    pub(crate) tunnel: bool,
    /// It is about devices that speak HTTP, not about those that pass bytes.
    pub(crate) http: bool,
    pub(crate) run: fn(Arc<Context>) -> Running,
}

/// A judgement on its way.
pub(crate) type Running = Pin<Box<dyn Future<Output = Judged> + Send>>;

macro_rules! probe {
    ($rule:literal, $tunnel:literal, $http:literal, $run:path) => {
        Probe { rule: $rule, tunnel: $tunnel, http: $http, run: |context| Box::pin($run(context)) }
    };
}

/// Every probe: rule, whether it needs a tunnel, whether it needs HTTP, judge.
pub(crate) const PROBES: &[Probe] = &[
    probe!("middle/tunnel-before-101", true, true, rules_tunnel::before_101),
    probe!("middle/refused-upgrade-tunnels", true, true, rules_tunnel::after_refusal),
    probe!("middle/unproven-101-tunnels", true, true, rules_tunnel::unproven_101),
    probe!("middle/hop-by-hop-forwarded", true, true, rules_request::hop_by_hop),
    probe!("middle/half-forwarded", false, true, rules_request::half_forwarded),
    probe!("middle/key-altered", true, false, rules_request::key_altered),
    probe!("middle/ambiguous-fields-resolved", true, true, rules_request::ambiguous),
    probe!("middle/malformed-forwarded", true, true, rules_http::malformed),
    probe!("middle/http-version-copied", true, true, rules_http::version),
    probe!("middle/answer-fields-changed", true, false, rules_answer::fields),
    probe!("middle/refusal-changed", true, false, rules_answer::refusal),
    probe!("middle/interim-answer-mishandled", true, false, rules_answer::interim),
    probe!("middle/glued-bytes-lost", true, false, rules_tunnel::glued),
    probe!("middle/answer-cached", true, false, rules_time::cached),
    probe!("middle/handshake-replayed", true, false, rules_time::replayed),
    probe!("middle/idle-tunnel-cut", true, false, rules_time::idle),
];

#[cfg(test)]
mod tests {
    use super::PROBES;
    use handfast_proto::rules::Rule;

    #[test]
    fn every_rule_of_the_middle_over_http_1_1_has_one_probe() {
        for rule in Rule::all().filter(|rule| rule.id.starts_with("middle/") && rule.applies_to("h1")) {
            assert_eq!(PROBES.iter().filter(|probe| probe.rule == rule.id).count(), 1, "{}", rule.id);
        }
        assert!(PROBES.iter().all(|probe| Rule::find(probe.rule).is_some()));
    }
}
