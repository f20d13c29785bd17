//! What the manifests must say: no crate may hold `unsafe`, and the protocol has no runtime and no random source.

use std::process::Command;

use toml::{Table, Value};

use crate::{Outcome, paths};

/// The crate without sockets, clock and random source.
const PROTOCOL: &str = "handfast-proto";

/// What it may not depend on, directly or not.
const BANNED: [&str; 9] =
    ["tokio", "mio", "socket2", "async-std", "smol", "rand", "rand_core", "getrandom", "fastrand"];

pub fn check() -> Outcome<Vec<String>> {
    let mut faults = Vec::new();
    let workspace = table("Cargo.toml")?;
    if at(&workspace, &["workspace", "lints", "rust", "unsafe_code"]).and_then(Value::as_str)
        != Some("forbid")
    {
        faults.push("Cargo.toml: the workspace's lints do not forbid unsafe code".to_owned());
    }
    let members =
        at(&workspace, &["workspace", "members"]).and_then(Value::as_array).cloned().unwrap_or_default();
    for member in members.iter().filter_map(Value::as_str) {
        let path = format!("{member}/Cargo.toml");
        if !forbids_unsafe(&table(&path)?) {
            faults.push(format!("{path}: has neither the workspace's lints nor unsafe_code = \"forbid\""));
        }
    }
    faults.extend(protocol_dependencies()?);
    Ok(faults)
}

fn forbids_unsafe(manifest: &Table) -> bool {
    at(manifest, &["lints", "workspace"]).and_then(Value::as_bool) == Some(true)
        || at(manifest, &["lints", "rust", "unsafe_code"]).and_then(Value::as_str) == Some("forbid")
}

fn protocol_dependencies() -> Outcome<Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", PROTOCOL, "--edges", "normal", "--all-features", "--prefix", "none"])
        .args(["--format", "{p}", "--locked"])
        .current_dir(paths::root())
        .output()
        .map_err(|error| format!("cargo tree: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo tree: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|name| BANNED.contains(name))
        .map(|name| format!("{PROTOCOL} depends on {name}"))
        .collect())
}

fn table(path: &str) -> Outcome<Table> {
    let text = paths::read(&paths::at(path))?;
    text.parse().map_err(|error: toml::de::Error| format!("{path}: {}", error.message()))
}

fn at<'a>(table: &'a Table, keys: &[&str]) -> Option<&'a Value> {
    let (first, rest) = keys.split_first()?;
    let value = table.get(*first)?;
    if rest.is_empty() { Some(value) } else { at(value.as_table()?, rest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_without_lints_is_found() {
        let good = ["lints.workspace = true", "[lints.rust]\nunsafe_code = \"forbid\""];
        let bad = ["", "lints.workspace = false", "[lints.rust]\nunsafe_code = \"deny\""];
        let read = |text: &str| text.parse::<Table>().unwrap_or_default();
        assert!(good.iter().all(|text| forbids_unsafe(&read(text))));
        assert!(!bad.iter().any(|text| forbids_unsafe(&read(text))));
    }
}
