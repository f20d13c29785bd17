//! `cargo xtask fuzz`: the targets of `fuzz/`, one after another, on the stable toolchain.

use std::process::{Command, Stdio};

use crate::{Outcome, paths};

/// What `cargo xtask fuzz` understands.
pub const HELP: &str = "\
cargo xtask fuzz [TARGET] [--seconds N]
    runs one target, or each in turn; needs cargo-fuzz, which `cargo install cargo-fuzz` brings
    --seconds  how long each runs (default 60)
What it finds it leaves in fuzz/artifacts/TARGET/, and inputs that reach something new in fuzz/work/TARGET/.
";

/// Longer inputs reach nothing that shorter ones do not: the targets set small limits.
const INPUT_BYTES_MAX: usize = 3000;

/// Runs what the words after `fuzz` ask for.
pub fn run(words: &[&str]) -> Outcome {
    let (mut target, mut seconds) = (None, "60");
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        match word {
            "--seconds" => {
                seconds = words.next().ok_or_else(|| format!("--seconds wants a number\n\n{HELP}"))?
            }
            name if !name.starts_with('-') && target.is_none() => target = Some(name),
            _ => return Err(format!("cargo xtask fuzz does not know {word}\n\n{HELP}")),
        }
    }
    if !seconds.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{seconds} is not a number of seconds\n\n{HELP}"));
    }
    let installed = Command::new("cargo").args(["fuzz", "--version"]).stderr(Stdio::null()).output();
    if !installed.is_ok_and(|output| output.status.success()) {
        return Err("cargo-fuzz is missing: run `cargo install cargo-fuzz`".to_owned());
    }
    let targets = targets()?;
    match target {
        Some(name) if targets.iter().any(|target| target == name) => one(name, seconds),
        Some(name) => Err(format!("{name} is no target: there are {}", targets.join(", "))),
        None => targets.iter().try_for_each(|target| one(target, seconds)),
    }
}

/// The names of all targets, in order.
fn targets() -> Outcome<Vec<String>> {
    let files = paths::files(&paths::at("fuzz/fuzz_targets"), "rs")?;
    let names = files.iter().filter_map(|file| file.file_stem());
    Ok(names.map(|name| name.to_string_lossy().into_owned()).collect())
}

fn one(target: &str, seconds: &str) -> Outcome {
    let (work, kept) = (paths::at("fuzz/work").join(target), paths::at("fuzz/corpus").join(target));
    std::fs::create_dir_all(&work).map_err(|error| format!("{}: {error}", paths::shown(&work)))?;
    let mut command = Command::new("cargo");
    // Without a sanitizer it runs on the stable toolchain; this code has no unsafe that one could watch.
    command.args(["fuzz", "run", "--sanitizer", "none", target]).arg(&work).arg(&kept).arg("--").args([
        format!("-max_total_time={seconds}"),
        format!("-max_len={INPUT_BYTES_MAX}"),
        "-timeout=20".to_owned(),
        "-print_final_stats=1".to_owned(),
    ]);
    let status =
        command.current_dir(paths::root()).status().map_err(|error| format!("cargo fuzz: {error}"))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{target} found something: see fuzz/artifacts/{target}/")),
    }
}
