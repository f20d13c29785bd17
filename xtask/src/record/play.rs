//! Plays the wrong servers of `handfast serve` with a client, and asks the server what it saw.

use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::book::{Entry, Results};
use super::clients::{Client, Said, Way};
use crate::interop::{http, programs};
use crate::report::Verdict;
use crate::{Outcome, install, paths, process};

/// Rules that only several connections can judge, where the playground plays one; and those that the survey leaves out too, because
/// they press a client or take minutes. `handfast check-client` judges all of them.
const LEFT_OUT: [&str; 6] = [
    "client/redirect-unsafe",
    "client/auth-retry-unsafe",
    "client/reconnect-storm",
    "client/head-endless",
    "client/answer-timeout",
    "client/failed-connection-kept",
];

/// How long a client may take with one server. It is ended then; some never end by themselves.
const CLIENT_LIMIT: Duration = Duration::from_secs(20);

/// How long a page may take with all of them.
const PAGE_LIMIT: Duration = Duration::from_secs(600);

/// How long the server may take to see the end, after the client's.
const SEEN_LIMIT: Duration = Duration::from_secs(20);

/// Clients at the same time. The server remembers 64 plays, so that none of these is forgotten.
const AT_ONCE: usize = 4;

/// The longest that is kept of what a client says, in characters.
const SAID_MAX: usize = 200;

/// All wrong servers with this client.
pub fn all(client: &Client) -> Verdict<Results> {
    let (_server, port) = programs::serve(&format!("record-{}-serve", client.name))?;
    match &client.way {
        Way::Each { words, said } => each(client.name, &words()?, *said, port),
        Way::Page(command) => page(client.name, command()?, port),
    }
}

/// The client is run once for each server, some at the same time.
fn each(name: &str, words: &[String], said: Said, port: u16) -> Verdict<Results> {
    let paths = list(port)?;
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(path) = paths.get(place) else { return };
                    let entry = one(name, words, said, port, (place, path));
                    results.lock().expect("no thread panics").push((path.clone(), entry));
                }
            });
        }
    });
    let results = results.into_inner().expect("no thread panics");
    Ok(results.into_iter().map(|(path, entry)| Ok((path, entry?))).collect::<Outcome<Results>>()?)
}

/// The script plays all servers, and prints a line of JSON for each.
fn page(name: &str, mut command: Command, port: u16) -> Verdict<Results> {
    let name = format!("record-{name}");
    command.arg(format!("http://127.0.0.1:{port}/"));
    let lines = process::run(&name, &mut command, install::log(&name), PAGE_LIMIT)?.checked(&name)?;
    let mut results = Results::new();
    for line in lines.lines().filter(|line| line.starts_with('{')) {
        let told: Value = serde_json::from_str(line).map_err(|error| format!("{name}: {error}: {line}"))?;
        let path = told["path"].as_str().unwrap_or_default().to_owned();
        if !is_left_out(&path) {
            let said = told["said"].as_str().unwrap_or_default();
            let code = told["code"].as_u64().and_then(|code| u16::try_from(code).ok());
            results.insert(path, entry(&told["seen"], said, code));
        }
    }
    let wanted = list(port)?.len();
    if results.len() != wanted {
        return Err(format!("{name} told of {} servers, and there are {wanted}", results.len()).into());
    }
    Ok(results)
}

/// The paths behind `/wrong/`, those of [`LEFT_OUT`] left out.
fn list(port: u16) -> Outcome<Vec<String>> {
    let all = ask(port, "/api/wrong")?;
    let paths =
        all.as_array().into_iter().flatten().filter_map(|one| one["path"].as_str()?.strip_prefix("/wrong/"));
    let paths: Vec<String> = paths.filter(|path| !is_left_out(path)).map(str::to_owned).collect();
    if paths.is_empty() { Err("the server knows no wrong servers".to_owned()) } else { Ok(paths) }
}

/// Whether nothing is recorded of the server on this path.
pub fn is_left_out(path: &str) -> bool {
    LEFT_OUT.iter().any(|rule| path.starts_with(rule))
}

/// One server.
fn one(
    client: &str,
    words: &[String],
    said: Said,
    port: u16,
    (place, path): (usize, &str),
) -> Outcome<Entry> {
    // A name for the server, which wants 16 characters of it at least.
    let id = format!("recorded-{client}-{place:06}");
    let url = format!("ws://127.0.0.1:{port}/wrong/{path}?observe={id}");
    let mut command = Command::new(words.first().map_or("", String::as_str));
    command.args(words[1..].iter().map(|word| word.replace("{url}", &url))).current_dir(paths::root());
    let ended = process::run(&id, &mut command, install::log(&format!("record/{id}")), CLIENT_LIMIT)?;
    let (said, code) = said(&ended.text);
    // The address is this run's.
    let said = said.replace(&format!("127.0.0.1:{port}/wrong/{path}?observe={id}"), "localhost/…");
    let deadline = Instant::now() + SEEN_LIMIT;
    loop {
        let seen = ask(port, &format!("/api/played?id={id}"))?;
        if !seen.is_null() || Instant::now() > deadline {
            return Ok(entry(&seen, &said, code));
        }
        sleep(Duration::from_millis(50));
    }
}

fn entry(seen: &Value, said: &str, code: Option<u16>) -> Entry {
    let text = |name: &str, otherwise: &str| seen[name].as_str().unwrap_or(otherwise).to_owned();
    let said = match said.char_indices().nth(SAID_MAX) {
        Some((end, _)) => format!("{}…", &said[..end]),
        None => said.to_owned(),
    };
    Entry { reaction: text("reaction", "unseen"), verdict: text("verdict", "inconclusive"), said, code }
}

fn ask(port: u16, target: &str) -> Outcome<Value> {
    let request = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    let answer = http::ask(port, &request)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| format!("{target}: no answer"))?;
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(format!("{target}: {head}"));
    }
    serde_json::from_str(body).map_err(|error| format!("{target}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_are_cut_and_what_was_not_seen_is_said_so() {
        let cut = entry(&Value::Null, &"ü".repeat(SAID_MAX + 1), Some(1006));
        assert_eq!(cut.said.chars().count(), SAID_MAX + 1);
        assert_eq!((cut.reaction.as_str(), cut.verdict.as_str()), ("unseen", "inconclusive"));
    }
}
