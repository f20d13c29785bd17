//! What a run found, and its forms: for people, for programs, for continuous integration.

mod result;

pub use result::{Phase, Report, RuleResult, Summary, Verdict, rule_result};
