//! What the pages for people point at exists: files, rules, tests.

use std::collections::BTreeSet;
use std::path::Path;

use super::sources::Source;
use crate::catalogue::{Rule, ids_in};
use crate::{Outcome, paths};

/// The pages at the top of the repository, beside those of `docs/`.
const PAGES: [&str; 5] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];

/// What begins a path from the top of the repository.
const FOLDERS: [&str; 7] = ["bench/", "crates/", "docs/", "fuzz/", "interop/", "rules/", "xtask/"];

/// From so many underscores on, a name in a page is a test's.
const UNDERSCORES_MIN: usize = 4;

pub fn check(rules: &[Rule], sources: &[Source]) -> Outcome<Vec<String>> {
    let known = Known {
        rules: rules.iter().map(Rule::id).collect(),
        functions: sources
            .iter()
            .flat_map(|source| &source.lines)
            .filter_map(|line| function(&line.code))
            .collect(),
    };
    let mut pages: Vec<_> = PAGES.iter().map(|page| paths::at(page)).collect();
    pages.extend(paths::files(&paths::at("docs"), "md")?);
    let mut faults = Vec::new();
    for path in pages {
        let (text, page) = (paths::read(&path)?, paths::shown(&path));
        let folder = path.parent().unwrap_or(&path);
        faults.extend(
            wrong(&text, folder, &known).into_iter().map(|what| format!("{page}: {what} does not exist")),
        );
    }
    Ok(faults)
}

/// What a page may name.
struct Known<'a> {
    rules: BTreeSet<&'a str>,
    functions: BTreeSet<&'a str>,
}

/// Everything in a page, its code blocks left out, that names nothing.
fn wrong(page: &str, folder: &Path, known: &Known<'_>) -> Vec<String> {
    let prose: String = page.split("```").step_by(2).collect();
    let links = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = links.filter(|link| !link.contains("://") && !link.starts_with('#')).filter(|link| {
        let file = link.split('#').next().unwrap_or_default();
        !folder.join(file).exists()
    });
    let spans = prose.split('`').skip(1).step_by(2).filter(|span| {
        let is_path = span.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte));
        let is_name =
            span.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if FOLDERS.iter().any(|folder| span.starts_with(folder)) && is_path {
            !paths::at(span).exists()
        } else if ids_in(span) == [*span] {
            !known.rules.contains(span)
        } else {
            is_name && span.matches('_').count() >= UNDERSCORES_MIN && !known.functions.contains(span)
        }
    });
    files.chain(spans).map(|what| format!("`{what}`")).collect()
}

/// The function that a line declares.
fn function(code: &str) -> Option<&str> {
    let (_, rest) = code.split_once("fn ")?;
    rest.split(|character: char| !character.is_alphanumeric() && character != '_').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(page: &str) -> Vec<String> {
        let functions = ["a_key_that_is_wrong_is_refused"];
        let known = Known { rules: ["server/key-length"].into(), functions: functions.into() };
        wrong(page, &paths::root(), &known)
    }

    #[test]
    fn what_exists_is_no_fault() {
        let page = "`server/key-length` [x](README.md#there) [y](https://example.org/z) [z](#here)
            `a_key_that_is_wrong_is_refused` `message_bytes_max` `xtask/src/main.rs` `crates/*/src`
            ```text
            `server/nothing`
            ```";
        assert_eq!(faults(page), Vec::<String>::new());
    }

    #[test]
    fn each_name_of_nothing_is_found() {
        for (page, name) in [
            ("[x](nothing.md)", "`nothing.md`"),
            ("`server/nothing`", "`server/nothing`"),
            ("`xtask/nothing.rs`", "`xtask/nothing.rs`"),
            ("`a_test_that_is_not_there`", "`a_test_that_is_not_there`"),
        ] {
            assert_eq!(faults(page), [name]);
        }
    }
}
