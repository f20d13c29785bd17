//! Whether the crates can be published, and what they are made of may be.

use std::process::Command;
use std::time::Duration;

use super::cargo::{LIMIT, command, one};
use crate::report::{Tally, Verdict};
use crate::{install, process};

/// What goes to the registry, each behind those that it needs.
const CRATES: [&str; 4] = ["handfast-proto", "handfast", "handfast-check", "handfast-cli"];

/// The version that `deny.toml` is written for.
const DENY_VERSION: &str = "0.20.2";

/// The longest that building cargo-deny may take: it has more dependencies than handfast.
const INSTALL_LIMIT: Duration = Duration::from_secs(2400);

/// Packs each crate and builds what was packed, against those that were packed before it.
pub fn package() -> Verdict {
    let crates = CRATES.iter().flat_map(|name| ["--package", name]);
    // What is not committed yet is packed as well: this is no release.
    let arguments: Vec<&str> = ["package", "--locked", "--allow-dirty"].into_iter().chain(crates).collect();
    one("package", &arguments)?;
    Ok(Tally { passed: CRATES.len(), ..Tally::default() })
}

/// Licences, duplicates and origins of all dependencies. Advisories need a database that not every machine reaches.
pub fn deny() -> Verdict {
    let home = install::folder().join("cargo-deny");
    let program = home.join("bin/cargo-deny");
    let has_version = || {
        let output = Command::new(&program).arg("--version").output();
        output.is_ok_and(|output| output.stdout.trim_ascii_end().ends_with(DENY_VERSION.as_bytes()))
    };
    if !has_version() {
        println!("        installing cargo-deny {DENY_VERSION} (cargo)");
        let mut cargo = command(&["install", "cargo-deny", "--locked", "--version", DENY_VERSION, "--root"]);
        // In a folder that stays: what was built counts, should this be ended before it is done.
        cargo.arg(&home).arg("--target-dir").arg(home.join("target"));
        process::run("cargo install", &mut cargo, install::log("cargo-deny"), INSTALL_LIMIT)?
            .checked("cargo install cargo-deny")?;
    }
    let mut check = Command::new(&program);
    check.args(["--locked", "check", "licenses", "bans", "sources"]).current_dir(crate::paths::root());
    process::run("cargo-deny", &mut check, install::log("deny"), LIMIT)?.checked("cargo deny check")?;
    Ok(Tally { passed: 3, ..Tally::default() })
}
