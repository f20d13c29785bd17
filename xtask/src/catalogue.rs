//! Reads `rules/*.toml` and says what is wrong with it. `rules/check.py` applies the same rules without a Rust
//! toolchain.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::{Outcome, paths};

/// The list of rules that are not enforced or not tested; it stands beside the catalogue but is not part of it.
pub const EXCEPTIONS: &str = "exceptions.toml";

const REQUIRED: [&str; 11] =
    ["id", "level", "transport", "source", "title", "rule", "why", "fix", "stimulus", "pass", "fail"];
const OPTIONAL: [&str; 2] = ["note", "also"];
const LEVELS: [&str; 4] = ["must", "should", "may", "practice"];
const TRANSPORTS: [&str; 4] = ["h1", "h2", "h3", "any"];
const ROLES: [&str; 3] = ["server", "client", "middle"];

/// One file of the catalogue.
pub struct File {
    /// Its name, such as `server.toml`.
    pub name: String,
    /// Its text as it stands.
    pub text: String,
}

/// One rule; every text is the TOML's own.
pub struct Rule {
    /// The file's name, such as `server.toml`.
    pub file: String,
    fields: BTreeMap<String, String>,
}

impl Rule {
    /// The text of a key; empty when the rule has none.
    pub fn text(&self, key: &str) -> &str {
        self.fields.get(key).map_or("", String::as_str)
    }

    /// The text of an optional key.
    pub fn optional(&self, key: &str) -> Option<&str> {
        self.fields.get(key).map(String::as_str)
    }

    /// `server/key-length`.
    pub fn id(&self) -> &str {
        self.text("id")
    }

    /// `SERVER_KEY_LENGTH`, the rule's name in Rust.
    pub fn name(&self) -> String {
        self.id().to_uppercase().replace(['/', '-'], "_")
    }
}

/// The files of the catalogue, sorted by name.
pub fn files() -> Outcome<Vec<File>> {
    let mut files = Vec::new();
    for path in paths::files(&paths::at("rules"), "toml")? {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name != EXCEPTIONS {
            files.push(File { text: paths::read(&path)?, name });
        }
    }
    Ok(files)
}

/// All rules, ordered by file and place. The error lists everything that is wrong, one fault a line.
pub fn load() -> Outcome<Vec<Rule>> {
    validate(&files()?).map_err(|faults| faults.join("\n"))
}

/// The rules of these files, or every fault that they have.
pub fn validate(files: &[File]) -> Result<Vec<Rule>, Vec<String>> {
    let (mut rules, mut faults) = (Vec::new(), Vec::new());
    for file in files {
        match file.text.parse::<Table>() {
            Ok(table) => read_file(&file.name, &table, &mut rules, &mut faults),
            Err(error) => faults.push(format!("{}: {}", file.name, error.message())),
        }
    }
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for rule in &rules {
        if let Some(first) = seen.insert(rule.id(), &rule.file) {
            faults.push(format!("{}: twice, {first} and {}", rule.id(), rule.file));
        }
    }
    for file in files {
        for id in ids_in(&file.text) {
            if !seen.contains_key(id) {
                faults.push(format!("{}: reference to unknown rule {id}", file.name));
            }
        }
    }
    if faults.is_empty() { Ok(rules) } else { Err(faults) }
}

fn read_file(name: &str, table: &Table, rules: &mut Vec<Rule>, faults: &mut Vec<String>) {
    let keys: Vec<&str> = table.keys().map(String::as_str).collect();
    if keys != ["rule"] {
        faults.push(format!("{name}: top-level keys {keys:?}, wanted only [[rule]]"));
    }
    let Some(Value::Array(records)) = table.get("rule") else {
        faults.push(format!("{name}: no [[rule]]"));
        return;
    };
    for (place, record) in records.iter().enumerate() {
        let Value::Table(record) = record else {
            faults.push(format!("{name}: rule {} is not a table", place + 1));
            continue;
        };
        let fields: BTreeMap<String, String> = record
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect();
        let rule = Rule { file: name.to_owned(), fields };
        check_rule(&rule, record, faults);
        rules.push(rule);
    }
}

fn check_rule(rule: &Rule, record: &Table, faults: &mut Vec<String>) {
    let id = rule.optional("id").unwrap_or("?");
    for key in REQUIRED {
        if rule.text(key).trim().is_empty() {
            faults.push(format!("{id}: {key} missing or empty"));
        }
    }
    for key in record.keys() {
        if !REQUIRED.contains(&key.as_str()) && !OPTIONAL.contains(&key.as_str()) {
            faults.push(format!("{id}: unknown key {key}"));
        } else if rule.optional(key).is_none() {
            faults.push(format!("{id}: {key} is not a string"));
        }
    }
    if !LEVELS.contains(&rule.text("level")) {
        faults.push(format!("{id}: level is none of {LEVELS:?}"));
    }
    if !TRANSPORTS.contains(&rule.text("transport")) {
        faults.push(format!("{id}: transport is none of {TRANSPORTS:?}"));
    }
    if let Some(also) = rule.optional("also")
        && (also != "h3" || rule.text("transport") != "h2")
    {
        faults.push(format!("{id}: also may only be h3, beside a transport of h2"));
    }
    if ids_in(id) != [id] {
        faults.push(format!("{id}: id is not ROLE/words-in-lower-case"));
    }
}

/// Every rule id in a text: a role, a slash, and words of lower-case letters and digits joined by single hyphens.
pub fn ids_in(text: &str) -> Vec<&str> {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let mut ids = Vec::new();
    for (slash, _) in text.match_indices('/') {
        let Some(role) = ROLES.iter().find(|role| text[..slash].ends_with(**role)) else { continue };
        let start = slash - role.len();
        if text[..start].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            continue;
        }
        let mut end = slash + 1;
        while end < bytes.len()
            && (is_word(bytes[end])
                || (bytes[end] == b'-'
                    && end > slash + 1
                    && bytes.get(end + 1).is_some_and(|next| is_word(*next))))
        {
            end += 1;
        }
        if end > slash + 1 {
            ids.push(&text[start..end]);
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        [[rule]]
        id = "server/one"
        level = "must"
        transport = "h2"
        also = "h3"
        source = "a"
        title = "b"
        rule = "c"
        why = "d"
        fix = "e"
        stimulus = "f"
        pass = "g"
        fail = "h; see server/one"
    "#;

    fn faults(text: &str) -> Vec<String> {
        let file = File { name: "x.toml".to_owned(), text: text.to_owned() };
        validate(&[file]).err().unwrap_or_default()
    }

    #[test]
    fn the_catalogue_of_this_repository_is_valid() {
        let rules = load().unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(rules.len(), 217);
    }

    #[test]
    fn a_good_rule_has_no_fault() {
        assert_eq!(faults(GOOD), Vec::<String>::new());
    }

    #[test]
    fn each_fault_is_named() {
        for (from, to, want) in [
            ("level = \"must\"", "level = \"shall\"", "server/one: level is none of"),
            ("\"h2\"", "\"h9\"", "server/one: transport is none of"),
            ("\"h2\"", "\"h1\"", "server/one: also may only be h3"),
            ("also = \"h3\"", "also = \"h1\"", "server/one: also may only be h3"),
            ("why = \"d\"", "why = \" \"", "server/one: why missing or empty"),
            ("why = \"d\"", "", "server/one: why missing or empty"),
            ("why = \"d\"", "why = 1", "server/one: why is not a string"),
            ("why = \"d\"", "why = \"d\"\nextra = \"x\"", "server/one: unknown key extra"),
            ("id = \"server/one\"", "id = \"server/One\"", "server/One: id is not ROLE"),
            ("id = \"server/one\"", "id = \"proxy/one\"", "proxy/one: id is not ROLE"),
            ("see server/one", "see server/two", "x.toml: reference to unknown rule server/two"),
            ("[[rule]]", "[[rules]]", "x.toml: top-level keys"),
            ("[[rule]]", "[[rule", "x.toml: "),
        ] {
            let faults = faults(&GOOD.replace(from, to));
            assert!(faults.iter().any(|fault| fault.starts_with(want)), "{want}: {faults:?}");
        }
    }

    #[test]
    fn an_id_may_stand_only_once() {
        assert_eq!(faults(&format!("{GOOD}{GOOD}")), ["server/one: twice, x.toml and x.toml"]);
    }

    #[test]
    fn ids_are_found_in_running_text() {
        let text = "server/a-1, xserver/b client/c- (middle/d--e) server/ server/F _client/g: client/h.";
        assert_eq!(ids_in(text), ["server/a-1", "client/c", "middle/d", "client/h"]);
    }
}
