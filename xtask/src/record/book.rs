//! The file of results: a line for each, so that a change of one shows as one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::Outcome;

/// What one client did with one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As the server saw it: opened, failed or hung.
    pub reaction: String,
    /// What the checker makes of that.
    pub verdict: String,
    /// What the client said; empty where it said nothing.
    pub said: String,
    /// The close code that its program was told, if any.
    pub code: Option<u16>,
}

/// Results by the server's path behind `/wrong/`.
pub type Results = BTreeMap<String, Entry>;

/// The results of all clients.
pub struct Book {
    clients: Vec<Page>,
}

struct Page {
    name: String,
    version: String,
    date: String,
    results: Results,
}

impl Book {
    /// Reads the file.
    pub fn parse(text: &str) -> Outcome<Self> {
        let all: Value =
            serde_json::from_str(text).map_err(|error| format!("the recorded results: {error}"))?;
        let clients = all["clients"].as_array().ok_or("the recorded results have no clients")?;
        Ok(Self { clients: clients.iter().filter_map(Page::read).collect() })
    }

    /// Puts a client's results in place of those it had.
    pub fn put(&mut self, name: &str, version: &str, date: &str, results: Results) {
        self.clients.retain(|page| page.name != name);
        let text = str::to_owned;
        self.clients.push(Page { name: text(name), version: text(version), date: text(date), results });
    }

    /// Drops the results of these paths, whoever has some.
    pub fn forget(&mut self, is_left_out: impl Fn(&str) -> bool) {
        for page in &mut self.clients {
            page.results.retain(|path, _| !is_left_out(path));
        }
    }

    /// Sorts the clients by these names; those of other names go.
    pub fn sort(&mut self, names: &[&str]) {
        self.clients.retain(|page| names.contains(&page.name.as_str()));
        self.clients.sort_by_key(|page| names.iter().position(|name| *name == page.name));
    }

    /// The file.
    pub fn text(&self) -> String {
        let mut text = String::from("{\"made\": \"by cargo xtask record\", \"clients\": [");
        for (place, page) in self.clients.iter().enumerate() {
            text.push_str(if place > 0 { ",\n" } else { "\n" });
            let [name, version, date] = [&page.name, &page.version, &page.date].map(|value| json!(value));
            let _ =
                write!(text, "{{\"name\": {name}, \"version\": {version}, \"date\": {date}, \"results\": {{");
            for (place, (path, entry)) in page.results.iter().enumerate() {
                text.push_str(if place > 0 { ",\n" } else { "\n" });
                let entry = json!([entry.reaction, entry.verdict, entry.said, entry.code]);
                let _ = write!(text, "{}: {entry}", json!(path));
            }
            text.push_str("}}");
        }
        text.push_str("]}\n");
        text
    }
}

impl Page {
    fn read(page: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let entry = |value: &Value| {
            let code = value[3].as_u64().and_then(|code| u16::try_from(code).ok());
            Some(Entry {
                reaction: text(&value[0])?,
                verdict: text(&value[1])?,
                said: text(&value[2])?,
                code,
            })
        };
        let results = page["results"].as_object()?;
        Some(Self {
            name: text(&page["name"])?,
            version: text(&page["version"])?,
            date: text(&page["date"])?,
            results: results.iter().filter_map(|(path, value)| Some((path.clone(), entry(value)?))).collect(),
        })
    }
}

/// How many of each verdict, in words.
pub fn summary(results: &Results) -> String {
    let count = |verdict: &str| results.values().filter(|entry| entry.verdict == verdict).count();
    let all =
        ["pass", "fail", "remark", "skipped", "inconclusive"].map(|one| format!("{} {one}", count(one)));
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(said: &str) -> Results {
        let entry =
            |code| Entry { reaction: "failed".into(), verdict: "pass".into(), said: said.into(), code };
        [("a/1".to_owned(), entry(None)), ("a/2".to_owned(), entry(Some(1006)))].into()
    }

    #[test]
    fn what_was_written_is_read_again_and_only_the_client_that_ran_changes() {
        let mut book = Book::parse("{\"clients\": []}").unwrap();
        book.put("one", "1.0", "2026-01-01", results("\"quoted\" \\ <b>"));
        book.put("two", "2.0", "2026-01-01", results(""));
        let mut again = Book::parse(&book.text()).unwrap();
        assert_eq!(again.text(), book.text());
        again.put("one", "1.1", "2026-02-02", results("new"));
        again.sort(&["one", "two"]);
        let names: Vec<_> =
            again.clients.iter().map(|page| (page.name.as_str(), page.version.as_str())).collect();
        assert_eq!(names, [("one", "1.1"), ("two", "2.0")]);
        assert_eq!(again.clients[1].results, results(""));
        again.forget(|path| path.ends_with("/2"));
        assert!(again.clients.iter().all(|page| page.results.len() == 1 && page.results.contains_key("a/1")));
        assert_eq!(summary(&results("")), "2 pass, 0 fail, 0 remark, 0 skipped, 0 inconclusive");
    }
}
