//! `docs/survey.md`, from the results of all peers that were surveyed.

use std::fmt::Write as _;

use serde_json::Value;

use super::peers::{Client, Server};
use super::{LEFT_OUT, result};
use crate::{Outcome, paths};

const HEAD: &str = "\
# What others do with a handshake: a survey

Written by `cargo xtask survey`; not by hand. It installs each implementation below, starts the smallest server or client that
its documentation shows, with nothing configured, and runs `handfast check` or `handfast check-client` on it.

Read it with care. A broken rule is a difference from a sentence of a standard, and the command below it shows the difference; it
says nothing about how good a library is otherwise, and many of these are lenient on purpose. *must* and *should* are the
levels of the [catalogue](../rules/README.md); a *remark* is worth knowing and not counted. `handfast explain RULE` has source,
reason and fix of each. Set-up matters: most of these have an option for the origins they let in, for instance, and a program
around them may check more.

To repeat a finding about a server, keep it running with `cargo xtask survey --serve NAME` and paste the command. (Where `nc` prints
nothing although an answer is told here, the server reset the connection right after it, and this `nc` drops what it has
not read by then.) To repeat one about a client, install with `cargo xtask survey --only NAME` and run the command at the
top of the repository.
";

/// Writes the page.
pub fn write(servers: &[Server], clients: &[Client]) -> Outcome {
    let servers: Vec<Section> =
        servers.iter().filter_map(|one| Section::read("server", one.name, one.title, one.note)).collect();
    let clients: Vec<Section> =
        clients.iter().filter_map(|one| Section::read("client", one.name, one.title, one.note)).collect();
    let mut page = HEAD.to_owned();
    let left_out: Vec<String> = LEFT_OUT.iter().map(|rule| format!("`{rule}`")).collect();
    let _ = writeln!(
        page,
        "\nLeft out: {}, which press a peer or take minutes; HTTP/2; and rules that need something declared.",
        left_out.join(", ")
    );
    table(&mut page, "Servers", &servers);
    table(&mut page, "Clients", &clients);
    for section in servers.iter().chain(&clients) {
        section.write(&mut page);
    }
    let path = paths::at("docs/survey.md");
    println!("writing {}", paths::shown(&path));
    paths::write(&path, page)
}

struct Section {
    kind: &'static str,
    name: &'static str,
    title: &'static str,
    note: &'static str,
    report: Value,
}

fn table(page: &mut String, heading: &str, sections: &[Section]) {
    let _ = writeln!(page, "\n## {heading}\n");
    page.push_str("| | versions | judged | kept | *must* broken | *should* broken | other | remarks |\n");
    page.push_str("| --- | --- | --: | --: | --: | --: | --: | --: |\n");
    for section in sections {
        let broken = |level: &str| section.findings("fail").filter(|one| one["level"] == level).count();
        let (must, should) = (broken("must"), broken("should"));
        let other = section.findings("fail").count() - must - should;
        let (kept, remarks) = (section.findings("pass").count(), section.findings("remark").count());
        let _ = writeln!(
            page,
            "| [{}](#{}) | {} | {} | {kept} | {must} | {should} | {other} | {remarks} |",
            section.title,
            section.anchor(),
            section.report["peer"]["version"].as_str().unwrap_or_default(),
            kept + must + should + other + remarks,
        );
    }
}

impl Section {
    fn read(kind: &'static str, name: &'static str, title: &'static str, note: &'static str) -> Option<Self> {
        let text = std::fs::read_to_string(result(kind, name)).ok()?;
        let report = serde_json::from_str(&text).ok()?;
        Some(Self { kind, name, title, note, report })
    }

    fn anchor(&self) -> String {
        format!("{}-{}", self.kind, self.name)
    }

    /// The results with this verdict that showed again.
    fn findings<'a>(&'a self, verdict: &'a str) -> impl Iterator<Item = &'a Value> {
        let all = self.report["results"].as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().filter(move |one| one["verdict"] == verdict && one["again"] != Value::Bool(false))
    }

    fn write(&self, page: &mut String) {
        let text = |name: &str| self.report["peer"][name].as_str().unwrap_or_default();
        let _ =
            writeln!(page, "\n<a id=\"{}\"></a>\n\n## {}, the {}\n", self.anchor(), self.title, self.kind);
        let _ = writeln!(page, "{}; {}. {}", text("version"), text("date"), self.note);
        for (heading, verdict) in
            [("Broken", "fail"), ("Remarks", "remark"), ("Not to be judged", "inconclusive")]
        {
            let mut findings: Vec<&Value> = self.findings(verdict).collect();
            if findings.is_empty() {
                continue;
            }
            let rank =
                |one: &Value| ["must", "should", "may"].iter().position(|level| one["level"] == *level);
            findings.sort_by_key(|one| rank(one).unwrap_or(3));
            let _ = writeln!(page, "\n### {heading}\n");
            for one in findings {
                self.finding(page, one);
            }
        }
    }

    fn finding(&self, page: &mut String, one: &Value) {
        let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        let mut came = text("got");
        if came.is_empty() {
            came = text("reason");
        }
        // What the request was stands in front.
        let came = came.split("; the request: ").next().unwrap_or_default().to_owned();
        let _ = write!(page, "- `{}` ({}): {}.", text("id"), text("level"), text("title"));
        if !text("change").is_empty() {
            let _ = write!(page, " Sent: {}.", text("change"));
        }
        let _ = writeln!(page, " Came: {}", escape(&came));
        if let Some(command) = self.command(one) {
            let _ = writeln!(page, "\n  ```sh\n  {command}\n  ```");
        }
    }

    /// The command that shows it, where there is one.
    fn command(&self, one: &Value) -> Option<String> {
        match one["repro"].as_str() {
            Some(command) => Some(command.to_owned()),
            None if self.name == "chromium" && one["verdict"] != "inconclusive" => Some(format!(
                "handfast check-client --only {}   # then open the page that it names",
                one["id"].as_str().unwrap_or_default()
            )),
            None => None,
        }
    }
}

/// Markup of a peer's text stays text.
fn escape(text: &str) -> String {
    text.replace('<', "&lt;").replace('*', "\\*").replace('[', "\\[")
}
