//! Judges the opening handshake of WebSocket servers, clients and the proxies between them, rule by rule.
//!
//! [`server()`] checks a server against every rule of the catalogue that shows from outside; [`client()`] checks a client
//! with a server that answers wrongly; [`path()`] checks a proxy from both its ends. The checker has wire code of its own: it
//! shares nothing with the library but the catalogue's words. Each ends in a [`Report`], and tells an [`Event`] for each part of it
//! as it is found; [`human`], [`json`], [`jsonl`], [`junit`], [`html`] and [`markdown`] are its forms.

mod client;
mod difference;
mod error;
mod escape;
mod expect;
mod finding;
mod ladder;
mod limits;
mod mistake;
mod path;
mod report;
mod selection;
mod server;
mod target;
mod why;
mod wire;

pub use client::{ClientCheck, Played, Reaction, WrongServer, client};
pub use error::CheckError;
pub use expect::accept_for;
pub use handfast_proto::rules::{Level, Rule};
pub use ladder::tls_advice;
pub use mistake::explain as explain_accept;
pub use path::{PathCheck, path};
pub use report::{
    Begin, Change, End, Event, JUNIT_SCHEMA, LINE_SCHEMA, Phase, Report, RuleResult, SCHEMA, Summary,
    Verdict, html, human, json, json_line, jsonl, junit, markdown,
};
pub use selection::selects;
pub use server::{ServerCheck, server};
pub use target::Target;
pub use why::{Cause, Situation, situations, why};

/// The examples of the checker's page, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/check.md")]
struct Page;
