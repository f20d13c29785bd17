//! `cargo xtask bench`: handfast beside its peers and the limits, by the rig in `bench/`.

use std::path::PathBuf;
use std::process::Command;

use crate::{Outcome, paths};

/// What `cargo xtask bench` understands.
pub const HELP: &str = "\
cargo xtask bench [--quick] [--peers NAMES] [--cells NAMES] [--rounds N]
    handfast beside peers and limits: tables to standard output; raw JSON, tables and plots to bench/results/DATE/.
    --quick    one round of a second each of the main cells, and no files: a first look
    --peers    of those that bench/compare knows, or its groups rust and peers; `none` for the limits alone
    --cells    of those that bench/compare knows, or its groups: main (what servers are judged by), growth (all of sizes,
               open, fields, members, cores and memory), hs, echo, sizes, open, fields, members, cores, memory
    --rounds   default 7; at most 3 of the cells of growth, unless --cells names them one by one or by their smaller groups
cargo xtask bench --readme RESULTS.json
    prints README's table from the raw JSON of a run
cargo xtask bench --instructions [--save]
    counts instructions under valgrind and compares them with bench/results/instructions.tsv; --save replaces it
";

/// The peers of a run that names none: the fastest of Rust, the most used, and uWebSockets inside Bun.
const PEERS: &str = "tokio-tungstenite,fastwebsockets,tokio-websockets,sockudo-ws,yawc,bun";

/// Each Rust peer with the package that builds it.
const PACKAGES: [(&str, &str); 7] = [
    ("tokio-tungstenite", "peer-tungstenite"),
    ("fastwebsockets", "peer-fastwebsockets"),
    ("tokio-websockets", "peer-tokio-websockets"),
    ("sockudo-ws", "peer-sockudo"),
    ("yawc", "peer-yawc"),
    ("web-socket", "peer-web-socket"),
    ("axum", "peer-axum"),
];

/// The limits that say something beside one another: the lowest of each kind, what tokio alone costs, and what it costs to hold
/// a whole message.
const LIMITS: &str = "limit-101-lean,limit-tokio-101,limit-tcp,limit-tokio-echo,limit-ws,limit-whole";

/// Those that show how cost grows; more lines could not be told apart in a plot.
const GROWTH: &str = "limit-101-lean,limit-tcp,tokio-tungstenite,tokio-websockets,bun";

/// Runs what the words after `bench` ask for.
pub fn run(words: &[&str]) -> Outcome {
    let mut options = Options { quick: false, peers: PEERS, cells: None, rounds: "7" };
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        let mut value = || words.next().copied().ok_or_else(|| format!("{word} wants a value\n\n{HELP}"));
        match word {
            "--quick" => options.quick = true,
            "--peers" => options.peers = value()?,
            "--cells" => options.cells = Some(value()?),
            "--rounds" => options.rounds = value()?,
            "--readme" => return call(Command::new(paths::at("bench/compare")).args(["--readme", value()?])),
            "--instructions" => return instructions(words.as_slice()),
            _ => return Err(format!("cargo xtask bench does not know {word}\n\n{HELP}")),
        }
    }
    compare(&options)
}

struct Options<'a> {
    quick: bool,
    peers: &'a str,
    cells: Option<&'a str>,
    rounds: &'a str,
}

fn compare(options: &Options<'_>) -> Outcome {
    for (tool, package) in [("python3", "python3"), ("taskset", "util-linux"), ("chrt", "util-linux")] {
        if Command::new(tool).arg("--version").output().is_err() {
            return Err(format!("the rig needs {tool}: install {package}"));
        }
    }
    build(options.peers)?;
    let servers =
        if options.peers == "none" { LIMITS.to_owned() } else { format!("{LIMITS},{}", options.peers) };
    let at = |name: &str| paths::at("target/release/examples").join(name).display().to_string();
    let (echo, threads) = (at("echo"), at("threads"));
    let limit = paths::at("bench/target/release/limit-ws").display().to_string();
    let mut command = Command::new(paths::at("bench/compare"));
    command
        .args(["--servers", &servers, "--regime", "one", "--secs", "1", "--warmup", "0.3"])
        .args(["--cells", options.cells.unwrap_or(if options.quick { "main" } else { "main,growth" })])
        .args(["--extra", "handfast", &format!("{echo} {{port}} {{style}}")])
        .args(["--extra", "handfast, tasks", &format!("{echo} {{port}} {{style}} tasks")])
        .args(["--extra", "limit-ws, threads", &format!("{limit} {{port}} {{threads}}")])
        .args(["--extra", "handfast, shards", &format!("{threads} {{port}} shards {{threads}}")])
        .args(["--extra", "handfast, pool", &format!("{threads} {{port}} pool {{threads}}")])
        .args(["--extra-style", "tls", "handfast", &format!("{threads} {{port}} shards 1 tls")])
        .args([
            "--extra-style",
            "tls-deflate",
            "handfast",
            &format!("{threads} {{port}} shards 1 tls deflate"),
        ]);
    if options.quick {
        return call(command.arg("--quick"));
    }
    if options.peers == PEERS {
        command.args(["--growth-servers", GROWTH]);
    }
    if options.cells.is_some_and(|cells| !cells.split(',').any(|cell| cell == "growth")) {
        command.args(["--growth-rounds", options.rounds]);
    }
    let results = paths::at("bench/results").join(date()?);
    std::fs::create_dir_all(&results).map_err(|error| format!("{}: {error}", results.display()))?;
    let (raw, tables, plots) =
        (results.join("compare.json"), results.join("compare.md"), results.join("plots"));
    call(command.args(["--rounds", options.rounds, "--out"]).arg(&raw).arg("--markdown").arg(&tables))?;
    call(Command::new(paths::at("bench/target/release/plots")).arg(&raw).arg(&plots))?;
    println!("\nwritten: {}, {}, and {}", raw.display(), tables.display(), plots.display());
    println!("README's table: cargo xtask bench --readme {}", raw.display());
    Ok(())
}

/// The day and minute, in UTC, as a folder's name.
fn date() -> Outcome<String> {
    let output = Command::new("date")
        .args(["-u", "+%Y-%m-%d-%H%M"])
        .output()
        .map_err(|error| format!("date: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Builds the examples, the rig, and the parts of it that the peers need.
fn build(peers: &str) -> Outcome {
    let mut setup = Command::new(paths::at("bench/setup"));
    setup.arg("rig");
    let every = peers.split(',').any(|name| ["peers", "all", "other"].contains(&name));
    for (part, signs) in [("node", ["bun", "(node)"]), ("py", ["(py)", "(py)"]), ("go", ["(go)", "(go)"])] {
        if every || signs.iter().any(|sign| peers.contains(sign)) {
            setup.arg(part);
        }
    }
    let named = |name: &str| peers.split(',').any(|peer| peer.split(':').next() == Some(name));
    if ["rust", "peers", "all", "send", "send3"].iter().any(|group| named(group)) {
        setup.arg("rust");
    }
    setup.args(PACKAGES.iter().filter(|(name, _)| named(name)).map(|(_, package)| package));
    call(&mut setup)?;
    let mut examples = cargo();
    println!("cargo build --release -p handfast --example echo --example threads");
    call(examples.args(["build", "--quiet", "--release", "--package", "handfast"]).args([
        "--example",
        "echo",
        "--example",
        "threads",
    ]))
}

fn instructions(words: &[&str]) -> Outcome {
    let mut command = cargo();
    command.args(["bench", "--quiet", "--package", "handfast-proto", "--bench", "instructions", "--"]);
    call(command.args(words).arg(baseline()))
}

fn baseline() -> PathBuf {
    paths::at("bench/results/instructions.tsv")
}

fn cargo() -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(paths::root());
    command
}

fn call(command: &mut Command) -> Outcome {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| format!("{name}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name}: {status}")) }
}

#[cfg(test)]
mod tests {
    use super::run;

    #[test]
    fn a_word_that_is_not_known_is_named() {
        let error = run(&["--fast"]).err().unwrap_or_default();
        assert!(error.contains("--fast") && error.contains("--quick"), "{error}");
    }

    #[test]
    fn an_option_without_its_value_is_named() {
        let error = run(&["--quick", "--peers"]).err().unwrap_or_default();
        assert!(error.starts_with("--peers wants a value"), "{error}");
    }
}
