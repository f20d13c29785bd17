//! Judges the opening handshake of WebSocket servers, clients and the proxies between them, rule by rule.
//!
//! [`server()`] checks a server, from outside, against every rule of the catalogue that shows from outside. The checker has wire code of its own:
//! it shares nothing with the library but the catalogue's words.

mod error;
mod escape;
mod expect;
mod mistake;
mod report;
mod server;
mod target;
mod wire;

pub use error::CheckError;
pub use expect::accept_for;
pub use mistake::explain as explain_accept;
pub use report::{Phase, Report, RuleResult, Summary, Verdict};
pub use server::{ServerCheck, server};
pub use target::Target;
