//! Who is recorded: the clients of the survey, `handfast connect`, and two browsers.

use std::process::Command;

use crate::interop::programs;
use crate::report::Verdict;
use crate::survey::peers;
use crate::{Outcome, install, paths};

/// A client.
pub struct Client {
    pub name: &'static str,
    pub title: &'static str,
    pub version: fn() -> Outcome<String>,
    pub way: Way,
}

/// What a client said and the close code that it was told, from what it printed.
pub type Said = fn(&str) -> (String, Option<u16>);

/// How it is run.
pub enum Way {
    /// Once for each server; `{url}` in its words is the address. What it says stands in what it prints.
    Each { words: fn() -> Verdict<Vec<String>>, said: Said },
    /// Once for all: a script that opens the page behind its words and prints a line of JSON for each server.
    Page(fn() -> Verdict<Command>),
}

/// All of them, browsers first.
pub fn all() -> Vec<Client> {
    let mut all = vec![
        Client {
            name: "chromium",
            title: "Chromium",
            version: || peers::line("chromium", &["--version"]).map(|text| first_words(&text, 2)),
            way: Way::Page(chromium),
        },
        Client {
            name: "firefox",
            title: "Firefox",
            version: || peers::line("firefox-esr", &["--version"]),
            way: Way::Page(firefox),
        },
    ];
    all.extend(peers::clients().into_iter().filter(|one| one.browser.is_none()).map(|one| Client {
        name: one.name,
        title: one.title,
        version: one.version,
        way: Way::Each { words: one.command, said: last_line },
    }));
    all.push(Client {
        name: "handfast",
        title: "handfast connect",
        version: || Ok(format!("handfast {}", env!("CARGO_PKG_VERSION"))),
        way: Way::Each { words: connect, said: words_of_connect },
    });
    all
}

fn chromium() -> Verdict<Command> {
    let chromium = install::program("chromium", &["chromium", "fonts-dejavu-core"])?;
    let mut command = Command::new(install::npm("interop/browser")?);
    command.arg(paths::at("interop/browser/record.mjs")).arg(chromium);
    Ok(command)
}

fn firefox() -> Verdict<Command> {
    let firefox = install::program("firefox-esr", &["firefox-esr"])?;
    let mut command = Command::new(install::npm("interop/survey/node")?);
    command.arg(paths::at("interop/survey/node/firefox.mjs")).arg(firefox);
    Ok(command)
}

/// Waits for a message, which no wrong server sends, and so ends with the connection.
fn connect() -> Verdict<Vec<String>> {
    let command = programs::handfast(&["connect", "-n", "1", "{url}"])?;
    let program = command.get_program().to_string_lossy().into_owned();
    Ok(std::iter::once(program)
        .chain(command.get_args().map(|word| word.to_string_lossy().into_owned()))
        .collect())
}

/// What the clients of `interop/survey/` print last: `failed: WHY`, `lost: WHY` or `closed: CODE`.
fn last_line(text: &str) -> (String, Option<u16>) {
    let told = text.lines().rev().find_map(|line| {
        let (kind, rest) = line.split_once(':')?;
        ["failed", "lost", "closed"].contains(&kind).then(|| (kind, rest.trim()))
    });
    match told {
        Some(("closed", code)) => (String::new(), code.parse().ok()),
        // A message may go on in further lines.
        Some((_, first)) if text.trim_end().ends_with(first) => (first.to_owned(), None),
        Some((kind, first)) => {
            let rest = text.split_once(&format!("{kind}: {first}")).map_or("", |(_, rest)| rest);
            (
                format!("{first} {}", rest.split_whitespace().collect::<Vec<_>>().join(" "))
                    .trim()
                    .to_owned(),
                None,
            )
        }
        None => (String::new(), None),
    }
}

/// The first sentence of `handfast connect`, or the first fault where it announces a list of them. That a message was
/// waited for in vain is how it is run here.
fn words_of_connect(text: &str) -> (String, Option<u16>) {
    let mut lines = text.lines();
    let first = lines.next().and_then(|line| line.strip_prefix("handfast: ")).unwrap_or_default();
    let said = match first.ends_with(':') {
        true => lines.next().unwrap_or_default().trim(),
        false if first.contains("as many messages") => "",
        false => first,
    };
    (said.to_owned(), None)
}

fn first_words(text: &str, count: usize) -> String {
    text.split_whitespace().take(count).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_said_is_read_from_what_it_printed() {
        assert_eq!(last_line("closed: 1000\n"), (String::new(), Some(1000)));
        assert_eq!(last_line("noise\nfailed: Bad: \"x\"\n"), ("Bad: \"x\"".to_owned(), None));
        assert_eq!(last_line("failed: one\n  two\n"), ("one two".to_owned(), None));
        assert_eq!(last_line("panicked\n"), (String::new(), None));
        let faults = "handfast: the answer breaks rules:\n  client/a: Words.\n< HTTP/1.1 101\n";
        assert_eq!(words_of_connect(faults).0, "client/a: Words.");
        assert_eq!(words_of_connect("handfast: refused\n< HTTP/1.1 400 No\n").0, "refused");
    }
}
