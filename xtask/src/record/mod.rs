//! `cargo xtask record`: real clients before the playground's wrong servers, and what each did: `recorded.json`.

mod book;
mod clients;
mod play;

use self::book::Book;
use self::clients::Client;
use crate::report::{Stop, Verdict};
use crate::survey::peers;
use crate::{Outcome, paths};

/// What `cargo xtask record` understands.
pub const HELP: &str = "\
cargo xtask record [--only NAME]...
    installs WebSocket clients, pinned; runs each against every wrong server of `handfast serve`; writes what they did, what they
    said, their version and the day into crates/handfast-cli/web/recorded.json. Results of clients that are not run stay.
    --only   only these clients
";

/// Where the results stand: a file of the page.
const PLACE: &str = "crates/handfast-cli/web/recorded.json";

/// Runs what the words after `record` ask for.
pub fn run(words: &[&str]) -> Outcome {
    let mut only = Vec::new();
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        match word {
            "--only" => only.push(*words.next().ok_or_else(|| format!("--only wants a value\n\n{HELP}"))?),
            _ => return Err(format!("cargo xtask record does not know {word}\n\n{HELP}")),
        }
    }
    let clients = clients::all();
    let names: Vec<&str> = clients.iter().map(|one| one.name).collect();
    if let Some(unknown) = only.iter().find(|name| !names.contains(name)) {
        return Err(format!("no client is called {unknown}; there are {}", names.join(", ")));
    }
    let chosen = clients.iter().filter(|one| only.is_empty() || only.contains(&one.name));
    for client in chosen {
        match record(client) {
            Ok(()) => {}
            Err(Stop::Skipped(why)) => println!("        skipped: {why}"),
            Err(Stop::Failed(why)) => return Err(why),
        }
    }
    Ok(())
}

/// Runs one client against all, and writes its results beside those that stand.
fn record(client: &Client) -> Verdict<()> {
    println!("{}", client.title);
    let results = play::all(client)?;
    let path = paths::at(PLACE);
    let mut book = Book::parse(&paths::read(&path)?)?;
    println!("        {} servers; {}", results.len(), book::summary(&results));
    book.put(client.title, &(client.version)()?, &peers::line("date", &["-u", "+%F"])?, results);
    book.forget(play::is_left_out);
    // In the order of the table above, whatever was run first.
    book.sort(&clients::all().iter().map(|one| one.title).collect::<Vec<_>>());
    Ok(paths::write(&path, book.text())?)
}

#[cfg(test)]
mod tests {
    use super::run;

    #[test]
    fn an_unknown_client_is_named_beside_those_there_are() {
        let error = run(&["--only", "nobody"]).err().unwrap_or_default();
        assert!(error.contains("nobody") && error.contains("firefox"), "{error}");
    }
}
