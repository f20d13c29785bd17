//! Words that may not stand in code, and the one place of the GUID.

use std::collections::BTreeMap;

use super::place;
use super::sources::{Line, Source};

/// The only file of the crates that prints.
const PRINTER: &str = "crates/handfast-cli/src/output.rs";

/// What makes an accept out of a key (RFC 6455 section 1.3), in two parts: this file is not to hold it whole.
const GUID: &str = concat!("258EAFA5-E914-47DA", "-95CA-C5AB0DC85B11");

/// The judge does not use the judged: it has a GUID of its own.
const JUDGE: &str = "handfast-check";

pub fn check(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources {
        for (number, line) in source.numbered() {
            for word in forbidden(source, line) {
                faults.push(format!("{}: {word} is not used here", place(source, number)));
            }
        }
    }
    faults.extend(guid(sources));
    faults.extend(sources.iter().flat_map(uses_the_judged));
    faults
}

/// The judge takes the words of the rules from the library, and nothing that encodes, decodes or decides.
fn uses_the_judged(source: &Source) -> Vec<String> {
    let is_judge = source.package() == Some(JUDGE) && source.ships();
    let lines = source.numbered().filter(|(_, line)| is_judge && !line.test);
    let uses = |code: &str| {
        let proto = code.matches("handfast_proto").count();
        proto > code.matches("handfast_proto::rules").count() || stands_in(code, "handfast::")
    };
    lines
        .filter(|(_, line)| uses(&line.code))
        .map(|(number, _)| format!("{}: only handfast_proto::rules may be used here", place(source, number)))
        .collect()
}

fn forbidden(source: &Source, line: &Line) -> Vec<&'static str> {
    let mut words: Vec<&'static str> = Vec::new();
    words.extend(["unsafe", "todo!", "unimplemented!", "dbg!", "#[allow("]);
    // A module that several test files share may have parts that one of them does not use.
    if source.ships() || !source.path.ends_with("/mod.rs") {
        words.push("#![allow(");
    }
    if source.ships() && !line.test {
        words.push(".unwrap()");
        if source.path != PRINTER {
            words.extend(["println!", "eprintln!", "print!", "eprint!"]);
        }
    }
    words.retain(|word| stands_in(&line.code, word));
    words
}

/// Whether `word` stands in `code` and is not part of a longer name.
fn stands_in(code: &str, word: &str) -> bool {
    let in_name = |character: char| character.is_alphanumeric() || character == '_';
    code.match_indices(word).any(|(start, _)| {
        let before = code[..start].chars().next_back().is_some_and(in_name);
        let after = code[start + word.len()..].chars().next().is_some_and(in_name);
        !(before && word.starts_with(in_name) || after && word.ends_with(in_name))
    })
}

/// Misspelt ones, which the checker explains, do not count.
fn holds_guid(text: &str) -> bool {
    text.match_indices(GUID).any(|(start, _)| !text[start + GUID.len()..].starts_with(char::is_alphanumeric))
}

fn guid(sources: &[Source]) -> Vec<String> {
    let mut holders: BTreeMap<bool, Vec<&str>> = BTreeMap::new();
    for source in sources.iter().filter(|source| source.ships()) {
        if source.lines.iter().any(|line| !line.test && holds_guid(&line.text)) {
            holders.entry(source.package() == Some(JUDGE)).or_default().push(&source.path);
        }
    }
    let count = |judge| holders.get(&judge).map_or(0, Vec::len);
    let mut faults = Vec::new();
    if count(false) != 1 {
        faults.push(format!("the GUID stands in {:?}, and not in one file", holders.get(&false)));
    }
    if count(true) > 1 {
        faults.push(format!("the GUID stands in {:?}, and not in one file of {JUDGE}", holders.get(&true)));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, text: &str) -> usize {
        let source = Source::new(path, text);
        source.lines.iter().map(|line| forbidden(&source, line).len()).sum()
    }

    #[test]
    fn words_are_found_in_code_only() {
        for text in ["x.unwrap();", "todo!()", "println!();", "print!();", "#[allow(dead_code)]", "unsafe {}"]
        {
            assert_eq!(faults("crates/x/src/a.rs", text), 1, "{text}");
            assert_eq!(faults("crates/x/src/a.rs", &format!("// {text}")), 0, "{text}");
            assert_eq!(faults("crates/x/src/a.rs", &format!("let x = {text:?};")), 0, "{text}");
        }
        assert_eq!(faults("crates/x/src/a.rs", "#![forbid(unsafe_code)] x.unwrap_or(1); reprintln!()"), 0);
    }

    #[test]
    fn tests_unwrap_and_the_printer_prints() {
        assert_eq!(faults("crates/x/tests/a.rs", "x.unwrap(); println!()"), 0);
        assert_eq!(faults("crates/x/tests/a.rs", "todo!()"), 1);
        assert_eq!(faults(PRINTER, "println!()"), 0);
    }

    #[test]
    fn the_judge_uses_nothing_of_the_judged_but_the_rules() {
        let count = |path: &str, text: &str| uses_the_judged(&Source::new(path, text)).len();
        for text in ["use handfast_proto::frame::Mask;", "use handfast_proto as p;", "handfast::connect(x)"] {
            assert_eq!(count("crates/handfast-check/src/a.rs", text), 1, "{text}");
            assert_eq!(count("crates/handfast-check/tests/a.rs", text), 0, "{text}");
            assert_eq!(count("crates/handfast-cli/src/a.rs", text), 0, "{text}");
        }
        assert_eq!(count("crates/handfast-check/src/a.rs", "use handfast_proto::rules::{Level, Rule};"), 0);
    }

    #[test]
    fn a_misspelt_guid_is_none() {
        assert!(holds_guid(&format!("x{GUID}\"")));
        assert!(!holds_guid(&format!("{GUID}A")) && !holds_guid(&GUID[1..]));
    }

    #[test]
    fn the_guid_stands_in_one_file_and_one_of_the_judges() {
        let file = |path: &str| Source::new(path, &format!("const GUID: &str = \"{GUID}\";"));
        let one = || file("crates/handfast-proto/src/a.rs");
        assert!(guid(&[one()]).is_empty());
        assert!(
            guid(&[one(), file("crates/handfast-check/src/a.rs"), file("crates/x/tests/a.rs")]).is_empty()
        );
        assert_eq!(guid(&[]).len(), 1);
        assert_eq!(guid(&[one(), file("crates/handfast/src/b.rs")]).len(), 1);
        assert_eq!(
            guid(&[one(), file("crates/handfast-check/src/a.rs"), file("crates/handfast-check/src/b.rs")])
                .len(),
            1
        );
    }
}
