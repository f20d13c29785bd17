//! The repository's Rust files, line by line, each line known as test or not.

use super::lexer::code_only;
use crate::{Outcome, paths};

/// One line of a file.
pub struct Line {
    /// As it stands.
    pub text: String,
    /// Without comments and without the inside of literals.
    pub code: String,
    /// Whether it is only compiled for tests.
    pub test: bool,
}

/// One Rust file.
pub struct Source {
    /// From the top of the repository, such as `crates/handfast-proto/src/lib.rs`.
    pub path: String,
    /// Its lines.
    pub lines: Vec<Line>,
}

impl Source {
    /// Splits a file; one at this path is a test as a whole, or where `#[cfg(test)]` says so.
    pub fn new(path: &str, text: &str) -> Self {
        let code = code_only(text);
        let whole = ["/tests/", "/benches/", "/tests.rs"].iter().any(|part| path.contains(part));
        let test = test_lines(&code);
        let lines = text
            .lines()
            .zip(code.lines())
            .enumerate()
            .map(|(number, (text, code))| Line {
                text: text.to_owned(),
                code: code.to_owned(),
                test: whole || test.get(number).copied().unwrap_or_default(),
            })
            .collect();
        Self { path: path.to_owned(), lines }
    }

    /// The crate below `crates/` that the file belongs to, if it belongs to one.
    pub fn package(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }

    /// Whether the file is part of what a crate ships: below `crates/NAME/src`.
    pub fn ships(&self) -> bool {
        self.path.strip_prefix("crates/").and_then(|rest| rest.split('/').nth(1)) == Some("src")
    }

    /// The lines with their numbers, from 0.
    pub fn numbered(&self) -> impl Iterator<Item = (usize, &Line)> {
        self.lines.iter().enumerate()
    }
}

/// All Rust files of the crates, of `interop/` and of the tasks themselves.
pub fn load() -> Outcome<Vec<Source>> {
    let mut sources = Vec::new();
    for folder in ["crates", "interop", "xtask"] {
        let folder = paths::at(folder);
        if !folder.is_dir() {
            continue;
        }
        for path in paths::files(&folder, "rs")? {
            sources.push(Source::new(&paths::shown(&path), &paths::read(&path)?));
        }
    }
    Ok(sources)
}

/// For each line whether it belongs to an item under `#[cfg(test)]`: from the attribute to the brace or semicolon that
/// ends the item.
fn test_lines(code: &str) -> Vec<bool> {
    let mut flags = vec![false; code.lines().count()];
    let mut from = 0;
    while let Some(found) = code[from..].find("#[cfg(test)]") {
        let start = from + found;
        let end = item_end(code, start + "#[cfg(test)]".len());
        let first = code[..start].matches('\n').count();
        let last = first + code[start..end].matches('\n').count();
        for flag in flags.iter_mut().take(last + 1).skip(first) {
            *flag = true;
        }
        from = end;
    }
    flags
}

fn item_end(code: &str, start: usize) -> usize {
    let mut depth = 0usize;
    for (offset, character) in code[start..].char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth <= 1 => return start + offset + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return start + offset + 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::Source;

    fn flags(path: &str, text: &str) -> Vec<bool> {
        Source::new(path, text).lines.iter().map(|line| line.test).collect()
    }

    #[test]
    fn an_inline_test_module_ends_with_its_brace() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { \"}\"; }\n}\nfn c() {}\n";
        assert_eq!(flags("crates/x/src/a.rs", text), [false, true, true, true, true, false]);
    }

    #[test]
    fn a_test_import_ends_with_its_semicolon() {
        assert_eq!(flags("crates/x/src/a.rs", "#[cfg(test)]\nuse a;\nfn b() {}\n"), [true, true, false]);
    }

    #[test]
    fn a_file_below_tests_is_a_test_as_a_whole() {
        assert_eq!(flags("crates/x/tests/a.rs", "fn a() {}\n"), [true]);
    }

    #[test]
    fn only_the_src_folder_ships() {
        let ships = |path| Source::new(path, "").ships();
        assert!(ships("crates/x/src/a/b.rs"));
        assert!(
            !ships("crates/x/examples/a.rs")
                && !ships("xtask/src/main.rs")
                && !ships("interop/x/src/main.rs")
        );
    }
}
