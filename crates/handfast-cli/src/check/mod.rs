//! `handfast check`, `check-client` and `why`: the checker of `handfast-check` on the command line.

pub mod args;
mod client;
mod path;
mod report;
mod server;
mod why;

pub use client::run as run_client;
pub use path::run as run_path;
pub use server::run as run_server;
pub use why::run as run_why;
