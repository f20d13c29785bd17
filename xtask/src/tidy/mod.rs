//! `cargo xtask tidy`: do catalogue, code and tests match, and does the code keep the house's rules?

mod coverage;
mod exceptions;
mod lexer;
mod manifests;
mod pages;
mod sizes;
mod sources;
mod words;

use crate::{Outcome, catalogue, rules};
use sources::Source;

/// Runs every check and prints what each found; fails when one found something.
pub fn run() -> Outcome {
    let rules = catalogue::load()?;
    let sources = sources::load()?;
    let mut faults = Vec::new();
    faults.extend(rules::check(&rules).err());
    faults.extend(coverage::check(&rules, &exceptions::load()?, &sources));
    faults.extend(sizes::check(&sources));
    faults.extend(words::check(&sources));
    faults.extend(manifests::check()?);
    faults.extend(pages::check(&rules, &sources)?);
    if faults.is_empty() {
        println!("tidy: {} rules and {} Rust files, no fault", rules.len(), sources.len());
        Ok(())
    } else {
        Err(format!("{}\ntidy: {} faults", faults.join("\n"), faults.len()))
    }
}

/// `path:line`, counted from 1, as editors want it.
fn place(source: &Source, line: usize) -> String {
    format!("{}:{}", source.path, line + 1)
}
