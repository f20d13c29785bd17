//! Autobahn's test suite, in both directions: `interop/autobahn/`.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use toml::{Table, Value};

use super::{programs, python2};
use crate::process;
use crate::report::{Stop, Tally, Verdict};
use crate::test::Options;
use crate::{Outcome, install, paths};

/// The longest that the suite may take.
const LIMIT: Duration = Duration::from_secs(900);

/// The longest with every case.
const LIMIT_FULL: Duration = Duration::from_secs(3600);

/// Its exit status where there is nothing to judge by, such as no Python 2.7.
const NOTHING: &str = "exit status: 3";

/// The fuzzing client against `handfast serve`.
pub fn server(options: Options) -> Verdict {
    let mut command = suite(options)?;
    let (server, port) = programs::serve_with("autobahn-serve", &["--deflate"])?;
    command.arg("server").arg(format!("ws://127.0.0.1:{port}/echo")).arg("handfast");
    command.arg(install::folder().join("autobahn-server"));
    run("autobahn-server", &mut command, options).map_err(|stop| match stop {
        Stop::Failed(text) => Stop::Failed(format!("{text}\n--- the server said:\n{}", server.text())),
        skipped => skipped,
    })
}

/// Our client against the fuzzing server.
pub fn client(options: Options) -> Verdict {
    let mut command = suite(options)?;
    command.args(["--name", "handfast", "--out"]).arg(install::folder().join("autobahn-client"));
    command.arg("client").arg(programs::autobahn_client()?).arg("autobahn");
    run("autobahn-client", &mut command, options)
}

/// `run-autobahn`, installed, with the options that choose and judge cases.
fn suite(options: Options) -> Verdict<Command> {
    let limit = if options.full { LIMIT_FULL } else { LIMIT };
    let mut command = script();
    python2::prepare(&mut command)?;
    // Its deadlines of 1 s, doubled: machines of CI are busy now and then.
    command.args(["--strict", "--patience", "2"]).arg("--timeout").arg((limit.as_secs() - 120).to_string());
    if options.full {
        command.args(["--jobs", "2"]);
    } else {
        for (cases, reason) in exclusions()? {
            println!("        without {cases} ({reason})");
            command.args(["--skip", &cases]);
        }
    }
    Ok(command)
}

/// The script itself.
pub fn script() -> Command {
    Command::new(paths::at("interop/autobahn/run-autobahn"))
}

/// Globs of cases that are left out, with reasons.
fn exclusions() -> Outcome<Vec<(String, String)>> {
    let path: PathBuf = paths::at("interop/autobahn/exclusions.toml");
    let table: Table = paths::read(&path)?
        .parse()
        .map_err(|error: toml::de::Error| format!("{}: {}", paths::shown(&path), error.message()))?;
    let records = table.get("exclusion").and_then(Value::as_array).cloned().unwrap_or_default();
    records
        .iter()
        .map(|record| {
            let text =
                |key: &str| record.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
            match (text("cases"), text("reason")) {
                (Some(cases), Some(reason)) => Ok((cases.to_owned(), reason.to_owned())),
                _ => Err(format!("{}: an exclusion has cases and a reason", paths::shown(&path))),
            }
        })
        .collect()
}

fn run(name: &str, command: &mut Command, options: Options) -> Verdict {
    let limit = if options.full { LIMIT_FULL } else { LIMIT };
    let ended = process::run(name, command, install::log(name), limit)?;
    let tally = ended.text.lines().rev().find_map(|line| line.strip_prefix("autobahn: ")).and_then(read);
    match tally {
        Some(tally) if ended.success && tally.passed > 0 => {
            for line in ended
                .text
                .lines()
                .filter(|line| line.starts_with("  behavior:") || line.starts_with("  closing:"))
            {
                println!("      {line}");
            }
            Ok(tally)
        }
        _ if ended.how == NOTHING && ended.text.contains("could not be installed") => {
            Err(Stop::Skipped(format!("{name}: the suite could not be installed\n{}", ended.text)))
        }
        _ => Err(Stop::Failed(format!("{name}: {}\n{}", ended.how, ended.text))),
    }
}

/// Reads `N passed, N failed, N skipped`.
fn read(line: &str) -> Option<Tally> {
    let mut counts = line.split(", ").map(|part| part.split(' ').next()?.parse().ok());
    Some(Tally { passed: counts.next()??, failed: counts.next()??, skipped: counts.next()?? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_read() {
        assert_eq!(
            read("298 passed, 1 failed, 2 skipped"),
            Some(Tally { passed: 298, failed: 1, skipped: 2 })
        );
        assert_eq!(read("nothing"), None);
    }

    #[test]
    fn every_exclusion_has_a_reason() {
        assert!(
            exclusions()
                .is_ok_and(|list| list.iter().all(|(cases, reason)| !cases.is_empty() && !reason.is_empty()))
        );
    }
}
