//! Files stay small.

use super::sources::Source;

/// No file is longer, in lines; tables are named below.
const LINES_MAX: usize = 600;

/// Files that are one table each.
const TABLES: [&str; 1] = ["crates/handfast-proto/src/rules/table.rs"];

pub fn check(sources: &[Source]) -> Vec<String> {
    sources
        .iter()
        .filter(|source| source.lines.len() > LINES_MAX && !TABLES.contains(&source.path.as_str()))
        .map(|source| {
            format!("{}: {} lines, more than {LINES_MAX}: split it", source.path, source.lines.len())
        })
        .collect()
}
