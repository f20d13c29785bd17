//! Faults and rules as the page wants them.

use handfast_proto::error::{RequestFault, ResponseFault};
use handfast_proto::rules::Rule;
use serde_json::{Value, json};

/// A fault of a request.
pub fn request_fault(fault: &RequestFault) -> Value {
    with_rule(fault.rule(), &fault.to_string(), fault.fix())
}

/// A fault of an answer.
pub fn response_fault(fault: &ResponseFault) -> Value {
    with_rule(fault.rule(), &fault.to_string(), fault.fix())
}

fn with_rule(rule: &Rule, text: &str, fix: &str) -> Value {
    json!({
        "rule": rule.id,
        "level": rule.level.as_str(),
        "source": rule.source,
        "title": rule.title,
        "text": text,
        "fix": fix,
    })
}

/// A rule with everything that the catalogue says about it.
pub fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "level": rule.level.as_str(),
        "transport": rule.transport,
        "also": rule.also,
        "source": rule.source,
        "title": rule.title,
        "rule": rule.rule,
        "why": rule.why,
        "fix": rule.fix,
        "stimulus": rule.stimulus,
        "pass": rule.pass,
        "fail": rule.fail,
        "note": rule.note,
    })
}
