//! `cargo xtask bench`: handfast beside its peers and the limits, by the rig in `bench/`.

use std::path::PathBuf;
use std::process::Command;

use crate::{Outcome, paths};

/// What `cargo xtask bench` understands.
pub const HELP: &str = "\
cargo xtask bench [--quick] [--peers NAMES] [--cells NAMES] [--rounds N]
    handfast's echo example beside peers and limits: tables to standard output, raw JSON and plots to bench/results/.
    --quick    one round of a second each and no files: a first look
    --peers    of those that bench/compare knows (default: rust,bun); `none` for the limits alone
    --cells    of those that bench/compare knows
    --rounds   default 7
cargo xtask bench --instructions [--save]
    counts instructions under valgrind and compares them with bench/results/instructions.tsv; --save replaces it
";

/// The peers of a run that names none: those that cargo and npm bring.
const PEERS: &str = "rust,bun";

/// All cells but the one that only adds time: handshakes closed with FIN.
const CELLS: &str = "hs-min,hs-browser,echo-16,echo-16p,echo-1k,echo-1kp,text-1k,echo-64k,echo-1m,text-1m,\
echo-deflate,broadcast,idle,idle-deflate";

/// Runs what the words after `bench` ask for.
pub fn run(words: &[&str]) -> Outcome {
    let mut options = Options { quick: false, peers: PEERS, cells: CELLS, rounds: "7" };
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        let mut value = || words.next().copied().ok_or_else(|| format!("{word} wants a value\n\n{HELP}"));
        match word {
            "--quick" => options.quick = true,
            "--peers" => options.peers = value()?,
            "--cells" => options.cells = value()?,
            "--rounds" => options.rounds = value()?,
            "--instructions" => return instructions(words.as_slice()),
            _ => return Err(format!("cargo xtask bench does not know {word}\n\n{HELP}")),
        }
    }
    compare(&options)
}

struct Options<'a> {
    quick: bool,
    peers: &'a str,
    cells: &'a str,
    rounds: &'a str,
}

fn compare(options: &Options<'_>) -> Outcome {
    build(options.peers)?;
    let peers =
        if options.peers == "none" { "limits".to_owned() } else { format!("limits,{}", options.peers) };
    let echo = paths::at("target/release/examples/echo");
    let mut command = Command::new(paths::at("bench/compare"));
    command.args(["--servers", &peers, "--cells", options.cells, "--regime", "one"]).args([
        "--extra",
        "handfast",
        &format!("{} {{port}} {{style}}", echo.display()),
    ]);
    if options.quick {
        return call(command.arg("--quick"));
    }
    let results = paths::at("bench/results");
    std::fs::create_dir_all(&results).map_err(|error| format!("bench/results: {error}"))?;
    let raw = results.join("compare.json");
    call(command.args(["--rounds", options.rounds, "--out"]).arg(&raw))?;
    call(Command::new(paths::at("bench/target/release/plots")).arg(&raw).arg(results.join("plots")))
}

/// Builds the echo example, the rig, and the parts of it that the peers need.
fn build(peers: &str) -> Outcome {
    let mut setup = Command::new(paths::at("bench/setup"));
    setup.arg("rig");
    let every = peers.split(',').any(|name| ["peers", "all", "other"].contains(&name));
    for (part, signs) in [("node", ["bun", "(node)"]), ("py", ["(py)", "(py)"]), ("go", ["(go)", "(go)"])] {
        if every || signs.iter().any(|sign| peers.contains(sign)) {
            setup.arg(part);
        }
    }
    if peers != "none" && peers != "bun" {
        setup.arg("rust");
    }
    call(&mut setup)?;
    let mut example = cargo();
    call(example.args(["build", "--quiet", "--release", "--package", "handfast", "--example", "echo"]))
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
