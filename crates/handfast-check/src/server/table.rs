//! The one table of server probes.

use super::judge::Probe;
use super::{
    rules_answer, rules_http, rules_key, rules_negotiation, rules_request, rules_security, rules_upgrade,
};

/// Every probe.
pub(crate) fn probes() -> impl Iterator<Item = &'static Probe> {
    [
        rules_request::PROBES,
        rules_upgrade::PROBES,
        rules_key::PROBES,
        rules_answer::PROBES,
        rules_http::PROBES,
        rules_negotiation::PROBES,
        rules_security::PROBES,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use handfast_proto::rules::Rule;

    use super::*;

    #[test]
    fn every_probe_is_for_a_rule_of_the_catalogue_and_for_one_only() {
        let mut seen = HashSet::new();
        for probe in probes() {
            assert!(Rule::find(probe.rule).is_some(), "{} is no rule", probe.rule);
            assert!(seen.insert(probe.rule), "{} has two probes", probe.rule);
        }
    }

    #[test]
    fn every_server_rule_of_http_1_1_has_a_probe() {
        let probed: HashSet<_> = probes().map(|probe| probe.rule).collect();
        for rule in Rule::all().filter(|rule| rule.id.starts_with("server/") && rule.applies_to("h1")) {
            assert!(probed.contains(rule.id), "{} has no probe", rule.id);
        }
    }
}
