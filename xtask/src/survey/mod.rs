//! `cargo xtask survey`: other people's servers and clients before the checker, and the page that says what came.

mod page;
pub mod peers;
mod replay;

use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use self::peers::{Client, Server};
use crate::process::{self, Background};
use crate::report::{Stop, Verdict};
use crate::{Outcome, install, paths};

/// What `cargo xtask survey` understands.
pub const HELP: &str = "\
cargo xtask survey [--only NAME]... [--page]
    installs other WebSocket implementations, pinned; runs `handfast check` against their servers and `handfast check-client`
    against their clients; sends the bytes of each finding once more; writes docs/survey.md. Results of earlier runs stay.
    --only   only these peers
    --page   only write the page from the results that are there
cargo xtask survey --serve NAME
    keeps the server of a peer running on its port, for the commands of docs/survey.md
";

/// The longest that one check may take.
const LIMIT: Duration = Duration::from_secs(1200);

/// Not asked here: what presses a peer until it gives way, or takes minutes, belongs to its owner.
const LEFT_OUT: [&str; 6] = [
    "server/head-too-large",
    "server/key-over-long",
    "server/target-too-long",
    "client/head-endless",
    "client/answer-timeout",
    "client/failed-connection-kept",
];

/// Runs what the words after `survey` ask for.
pub fn run(words: &[&str]) -> Outcome {
    let (mut only, mut page_only, mut serve) = (Vec::new(), false, None);
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        let mut value = || words.next().copied().ok_or_else(|| format!("{word} wants a value\n\n{HELP}"));
        match word {
            "--only" => only.push(value()?),
            "--serve" => serve = Some(value()?),
            "--page" => page_only = true,
            _ => return Err(format!("cargo xtask survey does not know {word}\n\n{HELP}")),
        }
    }
    let (servers, clients) = (peers::servers(), peers::clients());
    let names = servers.iter().map(|one| one.name).chain(clients.iter().map(|one| one.name));
    let names: Vec<&str> = names.collect();
    if let Some(unknown) = only.iter().chain(&serve).find(|name| !names.contains(name)) {
        return Err(format!("no peer is called {unknown}; there are {}", names.join(", ")));
    }
    let chosen = |name: &str| !page_only && (only.is_empty() || only.contains(&name));
    let outcome = match serve {
        Some(name) => servers.iter().filter(|one| one.name == name).try_for_each(keep_serving),
        None => servers
            .iter()
            .filter(|one| chosen(one.name))
            .try_for_each(check_server)
            .and_then(|()| clients.iter().filter(|one| chosen(one.name)).try_for_each(check_client))
            .and_then(|()| Ok(page::write(&servers, &clients)?)),
    };
    outcome.map_err(|stop| match stop {
        Stop::Failed(text) | Stop::Skipped(text) => text,
    })
}

/// Where the result of a peer stands.
fn result(kind: &str, name: &str) -> PathBuf {
    install::folder().join("survey").join(format!("{kind}-{name}.json"))
}

/// `handfast`, not optimised: its speed is no subject here.
fn handfast() -> Verdict<PathBuf> {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--locked", "--package", "handfast-cli"]).current_dir(paths::root());
    process::run("cargo build", &mut build, install::log("survey-build"), LIMIT)?.checked("cargo build")?;
    Ok(install::target().join("debug/handfast"))
}

fn start(server: &Server) -> Verdict<Background> {
    let mut command = (server.start)(server.port)?;
    let log = install::log(&format!("survey-{}", server.name));
    if TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).is_ok() {
        return Err(format!("something else listens on port {} already", server.port).into());
    }
    let mut running = Background::start(server.name, command.current_dir(paths::root()), log)?;
    running.wait_for_port(server.port, Duration::from_secs(60))?;
    Ok(running)
}

fn keep_serving(server: &Server) -> Verdict<()> {
    let running = start(server)?;
    println!("{} on {}; Ctrl-C ends it", server.title, server.url());
    loop {
        std::thread::sleep(Duration::from_secs(3600));
        // The server lives as long as this.
        let _running = &running;
    }
}

fn check_server(server: &Server) -> Verdict<()> {
    println!("{}", server.title);
    let handfast = handfast()?;
    let running = start(server)?;
    let path = result("server", server.name);
    let mut command = Command::new(handfast);
    command.args(["check", &server.url(), "--fail-on", "never", "--output"]).arg(&path);
    command.args(LEFT_OUT.iter().flat_map(|rule| ["--exclude", rule])).args(server.options);
    let text = judge(&format!("server-{}", server.name), &mut command)?;
    let report = replay::mark(&paths::read(&path)?, server.port)?;
    paths::write(&path, with_version(report, &(server.version)()?)?)?;
    drop(running);
    println!("        {text}");
    Ok(())
}

fn check_client(client: &Client) -> Verdict<()> {
    println!("{}", client.title);
    let handfast = handfast()?;
    let words = (client.command)()?;
    let path = result("client", client.name);
    let mut command = Command::new(handfast);
    command.current_dir(paths::root());
    command.args(["check-client", "--fail-on", "never", "--parallel", "4", "--timeout", "20", "--output"]);
    command.arg(&path).args(LEFT_OUT.iter().flat_map(|rule| ["--exclude", rule])).args(client.options);
    let name = format!("client-{}", client.name);
    let text = match &client.browser {
        None => judge(&name, command.arg("--").args(&words))?,
        Some(port) => {
            let listen = format!("127.0.0.1:{port}");
            let log = install::log(&format!("survey-{name}"));
            let mut running = Background::start(&name, command.args(["--listen", &listen]), log)?;
            running.wait_for_port(*port, Duration::from_secs(30))?;
            let mut open = Command::new(words.first().map_or("", String::as_str));
            open.args(&words[1..]).arg(format!("http://{listen}/"));
            let log = install::log(&format!("survey-{name}-browser"));
            let browser = Background::start(client.name, &mut open, log)?;
            let ready = |text: &str| text.contains(" rules judged").then(|| text.to_owned());
            // It ends when it has said that.
            let text = running.wait_for(LIMIT, ready).or_else(|text| ready(&text).ok_or(text))?;
            drop(browser);
            text.lines().last().unwrap_or_default().to_owned()
        }
    };
    let report = paths::read(&path)?;
    paths::write(&path, with_version(report, &(client.version)()?)?)?;
    println!("        {text}");
    Ok(())
}

/// Runs a check and hands back its last line.
fn judge(name: &str, command: &mut Command) -> Outcome<String> {
    let folder = install::folder().join("survey");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let ended = process::run(name, command, install::log(&format!("survey-{name}")), LIMIT)?;
    let text = ended.checked(name).or_else(|text| match text.contains(" rules judged") {
        // Inconclusive rules make another exit code; the page counts them.
        true => Ok(text),
        false => Err(text),
    })?;
    Ok(text.trim_end().lines().last().unwrap_or_default().to_owned())
}

/// The report with the peer's version and the day in it.
fn with_version(report: String, version: &str) -> Outcome<String> {
    let mut report: serde_json::Value = serde_json::from_str(&report).map_err(|error| error.to_string())?;
    report["peer"] = serde_json::json!({ "version": version, "date": peers::line("date", &["-u", "+%F"])? });
    Ok(format!("{report:#}\n"))
}

#[cfg(test)]
mod tests {
    use super::run;

    #[test]
    fn an_unknown_peer_is_named_beside_those_there_are() {
        let error = run(&["--only", "nobody"]).err().unwrap_or_default();
        assert!(error.contains("nobody") && error.contains("aiohttp"), "{error}");
    }
}
