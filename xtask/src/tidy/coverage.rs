//! Every rule that this library must or should keep is enforced by its code and named by a test, or let off with a
//! reason.
//!
//! A rule is named by a comment `// rule: server/key-length` (several ids may follow each other), by its static
//! (`table::SERVER_KEY_LENGTH`), or by a literal that is the id (`"server/key-length"`). Named in code that ships, it
//! counts as enforced; in test code, as tested.

use std::collections::{BTreeMap, BTreeSet};

use super::exceptions::Exception;
use super::place;
use super::sources::{Line, Source};
use crate::catalogue::{Rule, ids_in};

/// Packages whose mention of a rule shows nothing about the library: the checker judges others.
const OTHERS: [&str; 1] = ["handfast-check"];

/// The generated list of all rules enforces nothing.
const TABLE: &str = "crates/handfast-proto/src/rules/table.rs";

/// Where rules are named.
#[derive(Default)]
struct Mentions<'a> {
    enforced: BTreeSet<&'a str>,
    tested: BTreeSet<&'a str>,
    unknown: Vec<String>,
}

pub fn check(rules: &[Rule], exceptions: &[Exception], sources: &[Source]) -> Vec<String> {
    let mentions = mentions(rules, sources);
    let mut faults = mentions.unknown.clone();
    let mut excepted = BTreeSet::new();
    for exception in exceptions {
        let id = exception.id.as_str();
        if !rules.iter().any(|rule| rule.id() == id) {
            faults.push(format!("rules/exceptions.toml: unknown rule {id}"));
        } else if !excepted.insert(id) {
            faults.push(format!("rules/exceptions.toml: {id} stands twice"));
        } else if mentions.tested.contains(id) && mentions.enforced.contains(id) {
            faults.push(format!(
                "rules/exceptions.toml: {id} is enforced and tested, yet excepted ({})",
                exception.reason
            ));
        }
    }
    for rule in rules.iter().filter(|rule| binds(rule)) {
        let id = rule.id();
        if excepted.contains(id) {
            continue;
        }
        if !mentions.tested.contains(id) {
            faults.push(format!("{id} ({}): no test names it", rule.text("level")));
        }
        if !mentions.enforced.contains(id) {
            faults.push(format!("{id} ({}): no code names it", rule.text("level")));
        }
    }
    print_summary(rules, &mentions, &excepted);
    faults
}

/// Whether the library has to keep the rule: a server's or client's, over HTTP/1.1 or HTTP/2, at a level that binds.
fn binds(rule: &Rule) -> bool {
    let role = rule.id().split('/').next().unwrap_or_default();
    matches!(role, "server" | "client")
        && matches!(rule.text("level"), "must" | "should")
        && matches!(rule.text("transport"), "h1" | "h2" | "any")
}

fn mentions<'a>(rules: &'a [Rule], sources: &[Source]) -> Mentions<'a> {
    let by_id: BTreeMap<&str, &Rule> = rules.iter().map(|rule| (rule.id(), rule)).collect();
    let by_name: BTreeMap<String, &Rule> = rules.iter().map(|rule| (rule.name(), rule)).collect();
    let mut mentions = Mentions::default();
    for source in sources.iter().filter(|source| source.path != TABLE) {
        let Some(package) = source.package() else { continue };
        for (number, line) in source.numbered() {
            let mut named: Vec<&'a str> = Vec::new();
            for id in ids_after_comment(line) {
                match by_id.get(id) {
                    Some(rule) => named.push(rule.id()),
                    None => mentions.unknown.push(format!("{}: unknown rule {id}", place(source, number))),
                }
            }
            named.extend(line.text.split('"').filter_map(|part| by_id.get(part)).map(|rule| rule.id()));
            named.extend(names(&line.code).filter_map(|name| by_name.get(name)).map(|rule| rule.id()));
            if !OTHERS.contains(&package) {
                let set = if line.test { &mut mentions.tested } else { &mut mentions.enforced };
                set.extend(named);
            }
        }
    }
    mentions
}

/// The ids behind `// rule:` (or `// rules:`) on this line.
fn ids_after_comment(line: &Line) -> Vec<&str> {
    let text = line.text.as_str();
    ["// rule: ", "// rules: "]
        .iter()
        .filter_map(|marker| text.split_once(marker))
        .flat_map(|(_, rest)| ids_in(rest))
        .collect()
}

/// Every name in capitals: what a static may be called.
fn names(code: &str) -> impl Iterator<Item = &str> {
    code.split(|character: char| {
        !(character.is_ascii_uppercase() || character.is_ascii_digit() || character == '_')
    })
    .filter(|name| name.contains('_'))
}

fn print_summary(rules: &[Rule], mentions: &Mentions<'_>, excepted: &BTreeSet<&str>) {
    println!("{:<16} {:>6} {:>9} {:>7} {:>9}", "rules that bind", "all", "enforced", "tested", "excepted");
    for role in ["server", "client"] {
        for level in ["must", "should"] {
            let group: Vec<&str> = rules
                .iter()
                .filter(|rule| binds(rule) && rule.text("level") == level)
                .map(Rule::id)
                .filter(|id| id.starts_with(role))
                .collect();
            let count = |set: &BTreeSet<&str>| group.iter().filter(|id| set.contains(*id)).count();
            println!(
                "{:<16} {:>6} {:>9} {:>7} {:>9}",
                format!("{role} {level}"),
                group.len(),
                count(&mentions.enforced),
                count(&mentions.tested),
                count(excepted)
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn rules() -> Vec<Rule> {
        catalogue::load().unwrap_or_else(|faults| panic!("{faults}"))
    }

    fn about(id: &str, exceptions: &[Exception], sources: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> = sources.iter().map(|(path, text)| Source::new(path, text)).collect();
        check(&rules(), exceptions, &sources).into_iter().filter(|fault| fault.contains(id)).collect()
    }

    fn exception(id: &str) -> Exception {
        Exception { id: id.to_owned(), reason: "a reason".to_owned() }
    }

    const ID: &str = "server/key-length";
    const ENFORCED: (&str, &str) = ("crates/handfast-proto/src/a.rs", "x(&table::SERVER_KEY_LENGTH)");
    const TESTED: (&str, &str) =
        ("crates/handfast-proto/tests/a.rs", "// rule: server/key-length\nfn a() {}");

    #[test]
    fn a_rule_must_be_enforced_and_tested() {
        assert_eq!(about(ID, &[], &[]).len(), 2);
        assert_eq!(about(ID, &[], &[ENFORCED]), [format!("{ID} (must): no test names it")]);
        assert_eq!(about(ID, &[], &[TESTED]), [format!("{ID} (must): no code names it")]);
        assert_eq!(about(ID, &[], &[ENFORCED, TESTED]), [""; 0]);
    }

    #[test]
    fn the_checker_and_the_table_prove_nothing() {
        let checker = ("crates/handfast-check/src/a.rs", ENFORCED.1);
        assert_eq!(about(ID, &[], &[checker, (TABLE, ENFORCED.1)]).len(), 2);
    }

    #[test]
    fn an_exception_lets_a_rule_off_until_it_is_kept() {
        assert_eq!(about(ID, &[exception(ID)], &[]), [""; 0]);
        assert_eq!(about(ID, &[exception(ID)], &[ENFORCED, TESTED]).len(), 1);
        assert_eq!(about(ID, &[exception(ID), exception(ID)], &[]).len(), 1);
        assert_eq!(about("server/nothing", &[exception("server/nothing")], &[]).len(), 1);
    }

    #[test]
    fn an_unknown_rule_in_a_comment_is_found() {
        let source = ("crates/handfast/src/a.rs", "// rule: server/no-such-rule");
        assert_eq!(
            about("no-such-rule", &[], &[source]),
            ["crates/handfast/src/a.rs:1: unknown rule server/no-such-rule"]
        );
    }

    #[test]
    fn a_literal_names_a_rule_too() {
        let source = ("crates/handfast/tests/a.rs", "let ids = [\"server/key-length\"];");
        assert_eq!(about(ID, &[], &[ENFORCED, source]), [""; 0]);
    }
}
