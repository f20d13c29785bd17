//! `cargo xtask docs`: the pages that are written from the code.

use std::process::Command;

use crate::{Outcome, paths};

/// Writes `docs/errors.md`. The test that does it otherwise checks that the page is up to date, so `cargo test` notices a
/// stale one; it lives with the code because this program must build when the library does not.
pub fn write() -> Outcome {
    let status = Command::new(env!("CARGO"))
        .args(["test", "--quiet", "--package", "handfast-proto", "--test", "errors_page", "--locked"])
        .env("HANDFAST_WRITE_DOCS", "1")
        .current_dir(paths::root())
        .stdout(std::process::Stdio::null())
        .status()
        .map_err(|error| format!("cargo test: {error}"))?;
    if !status.success() {
        return Err(format!("docs/errors.md was not written: {status}"));
    }
    println!("docs/errors.md");
    Ok(())
}
