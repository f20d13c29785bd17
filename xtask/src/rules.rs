//! `cargo xtask rules`: the catalogue as Rust.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::catalogue::{self, Rule};
use crate::{Outcome, paths};

const TABLE: &str = "crates/handfast-proto/src/rules/table.rs";

/// Writes the table from the catalogue.
pub fn write() -> Outcome {
    let rules = catalogue::load()?;
    paths::write(&paths::at(TABLE), generate(&rules)?)?;
    println!("{TABLE}: {} rules", rules.len());
    Ok(())
}

/// Fails unless the table is what the catalogue says.
pub fn check(rules: &[Rule]) -> Outcome {
    let stands = paths::read(&paths::at(TABLE))?;
    if stands == generate(rules)? {
        Ok(())
    } else {
        Err(format!("{TABLE} is out of date: run cargo xtask rules"))
    }
}

fn generate(rules: &[Rule]) -> Outcome<String> {
    let mut text = String::from(
        "//! One static a rule, and all of them in order.\n//!\n\
         //! Generated from `rules/*.toml` by `cargo xtask rules`: do not edit.\n\n\
         use super::{Level, Rule};\n\n",
    );
    text.push_str("/// Every rule of the catalogue, ordered by the name of its file and its place in it.\n");
    text.push_str(&format!("pub static ALL: [&Rule; {}] = [\n", rules.len()));
    for rule in rules {
        text.push_str(&format!("    &{},\n", rule.name()));
    }
    text.push_str("];\n");
    for rule in rules {
        text.push_str(&one(rule));
    }
    format_source(&text)
}

fn one(rule: &Rule) -> String {
    let level = match rule.text("level") {
        "must" => "Must",
        "should" => "Should",
        "may" => "May",
        _ => "Practice",
    };
    let optional = |key| match rule.optional(key) {
        Some(text) => format!("Some({text:?})"),
        None => "None".to_owned(),
    };
    let mut text = format!(
        "\n/// `{}`: {}.\npub static {}: Rule = Rule {{\n",
        rule.id(),
        documentation(rule.text("title")),
        rule.name()
    );
    text.push_str(&format!("    id: {:?},\n    level: Level::{level},\n", rule.id()));
    text.push_str(&format!(
        "    transport: {:?},\n    also: {},\n",
        rule.text("transport"),
        optional("also")
    ));
    for key in ["source", "title", "rule", "why", "fix", "stimulus", "pass", "fail"] {
        text.push_str(&format!("    {key}: {:?},\n", rule.text(key)));
    }
    text.push_str(&format!("    note: {},\n}};\n", optional("note")));
    text
}

/// A title as rustdoc prints it literally.
fn documentation(title: &str) -> String {
    let mut text = String::new();
    for character in title.trim_end_matches('.').chars() {
        if matches!(character, '\\' | '*' | '_' | '`' | '[' | ']' | '<' | '>') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

fn format_source(text: &str) -> Outcome<String> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--config-path"])
        .arg(paths::at("rustfmt.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("rustfmt: {error}"))?;
    let mut input = rustfmt.stdin.take().ok_or("rustfmt: no input")?;
    let source = text.as_bytes().to_vec();
    // A thread of its own writes, or two full pipes could wait for each other.
    let writer = std::thread::spawn(move || input.write_all(&source));
    let output = rustfmt.wait_with_output().map_err(|error| format!("rustfmt: {error}"))?;
    writer
        .join()
        .map_err(|_| "rustfmt: the writer panicked")?
        .map_err(|error| format!("rustfmt: {error}"))?;
    if !output.status.success() {
        return Err(format!("rustfmt: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("rustfmt: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_current() {
        let rules = catalogue::load().unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(check(&rules), Ok(()));
    }
}
