//! The steps that cargo itself runs, and tidy.

use std::process::Command;
use std::time::Duration;

use super::{Options, Step, api, publish};
use crate::report::{Stop, Tally, Verdict, read_cargo_test};
use crate::{install, interop, paths, process, tidy};

/// The longest that one of these may take, from nothing compiled.
pub const LIMIT: Duration = Duration::from_secs(1200);

/// Where the tests are that take long, package and test program: to build all others, optimised, would take longer still.
const LONG: [(&str, &str); 2] = [("handfast", "endpoints"), ("handfast-cli", "idle")];

/// In the order in which they tell the most in the least time.
pub fn steps() -> Vec<Step> {
    let step = |name, about, run| Step { name, about, full: false, run };
    vec![
        step("fmt", "the code is formatted", |_| one("fmt", &["fmt", "--all", "--check"])),
        step("tidy", "catalogue, code and tests match; the code keeps the house's rules", |_| {
            tidy::run().map(|()| Tally::ONE).map_err(Stop::Failed)
        }),
        step("clippy", "no warning in any target", |_| {
            one(
                "clippy",
                &[
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--all-features",
                    "--locked",
                    "--",
                    "-D",
                    "warnings",
                ],
            )
        }),
        step("features", "the library also builds without its features, and with each alone", |_| {
            let library = ["clippy", "--package", "handfast", "--lib", "--no-default-features", "--locked"];
            for features in ["", "hyper", "tower", "axum", "http2", "tracing", "metrics"] {
                let features = ["--features", features, "--", "-D", "warnings"];
                one("features", &[&library[..], &features].concat())?;
            }
            Ok(Tally::ONE)
        }),
        step("tests", "unit, rule, pair and documentation tests", |_| {
            tests("tests", &["test", "--workspace", "--all-features", "--locked", "--no-fail-fast"])
        }),
        step("junit", "JUnit reports keep their schema, as xmllint judges", |_| {
            install::program("xmllint", &["libxml2-utils"])?;
            tests("junit", &["test", "--package", "handfast-check", "--test", "junit", "--locked"])
        }),
        step("doc", "the documentation builds without a warning", |_| {
            one("doc", &["doc", "--workspace", "--all-features", "--lib", "--no-deps", "--locked"])
        }),
        step("api", "no other crate's types in the public API but those with a reason", |_| api::run()),
        step("build", "the programs build, optimised", build),
        Step {
            name: "package",
            about: "each crate can be packed, and what was packed builds",
            full: true,
            run: |_| publish::package(),
        },
        Step {
            name: "deny",
            about: "licences, duplicates and origins of all dependencies, by cargo-deny",
            full: true,
            run: |_| publish::deny(),
        },
        Step {
            name: "tests-release",
            about: "the same tests, optimised",
            full: true,
            run: |_| {
                tests(
                    "tests-release",
                    &["test", "--workspace", "--all-features", "--locked", "--no-fail-fast", "--release"],
                )
            },
        },
        Step {
            name: "tests-long",
            about: "the tests that take long: 4 GiB in pieces, ten thousand connections",
            full: true,
            run: |_| {
                let named = LONG.iter().flat_map(|(package, test)| ["--package", package, "--test", test]);
                let ignored = ["--locked", "--release", "--", "--ignored"];
                let arguments: Vec<&str> = ["test"].into_iter().chain(named).chain(ignored).collect();
                tests("tests-long", &arguments)
            },
        },
    ]
}

fn cargo(name: &str, arguments: &[&str]) -> Verdict<process::Ended> {
    let mut command = command(arguments);
    command.env("RUSTDOCFLAGS", "-D warnings");
    Ok(process::run(&format!("cargo {}", arguments[0]), &mut command, install::log(name), LIMIT)?)
}

/// Cargo at the top of the repository, with these arguments.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).current_dir(paths::root());
    // What this program was started with is not to change how the others are built.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
        command.env_remove(name);
    }
    command
}

/// Runs cargo once, which counts as one test.
pub fn one(name: &str, arguments: &[&str]) -> Verdict {
    cargo(name, arguments)?.checked(&format!("cargo {}", arguments.join(" ")))?;
    Ok(Tally::ONE)
}

fn tests(name: &str, arguments: &[&str]) -> Verdict {
    let ended = cargo(name, arguments)?;
    let tally = read_cargo_test(&ended.text);
    if ended.success && tally.passed > 0 && tally.failed == 0 {
        return Ok(tally);
    }
    let failures = failures(&ended.text);
    let shown = if failures.is_empty() { ended.text } else { failures };
    Err(Stop::Failed(format!("cargo {}: {}, {tally}\n{shown}", arguments.join(" "), ended.how)))
}

/// The most lines shown of one panic outside the usual harness.
const PANIC_LINES: usize = 60;

/// The parts of cargo's output that tell of failures: the harness's own lists, the panics of test programs without a harness,
/// and errors.
fn failures(text: &str) -> String {
    let mut shown = String::new();
    let mut listed = false;
    let mut panic_lines = 0;
    for line in text.lines() {
        if line == "failures:" {
            listed = true;
        } else if line.starts_with("test result: ") {
            listed = false;
        } else if line.starts_with("thread ") && line.contains(" panicked at ") {
            panic_lines = PANIC_LINES;
        }
        if listed || panic_lines > 0 || line.starts_with("error") {
            shown.push_str(line);
            shown.push('\n');
        }
        panic_lines = if line.starts_with("note: ") { 0 } else { panic_lines.saturating_sub(1) };
    }
    shown
}

fn build(_: Options) -> Verdict {
    interop::programs::build()?;
    Ok(Tally::ONE)
}

#[cfg(test)]
mod tests {
    use super::{LONG, failures};
    use crate::paths;

    #[test]
    fn every_test_that_takes_long_is_run_with_full() {
        let known = LONG.map(|(package, test)| format!("crates/{package}/tests/{test}"));
        let is_known = |path: &str| known.iter().any(|known| path.starts_with(known));
        let mut found = 0;
        for file in paths::files(&paths::at("crates"), "rs").unwrap_or_default() {
            if paths::read(&file).is_ok_and(|text| text.contains("cargo xtask test --full\"]")) {
                assert!(is_known(&paths::shown(&file)), "{} is in no program of {LONG:?}", file.display());
                found += 1;
            }
        }
        assert_eq!(found, LONG.len());
    }

    #[test]
    fn only_failures_are_shown() {
        let text = "test a ... ok\n\nfailures:\n\n---- b stdout ----\nwhy\n\nfailures:\n    b\n\ntest result: FAILED. 1\nx\n";
        assert_eq!(failures(text), "failures:\n\n---- b stdout ----\nwhy\n\nfailures:\n    b\n\n");
    }

    #[test]
    fn a_panic_without_a_harness_is_shown() {
        let panic = "thread 'main' (7) panicked at a.rs:1:2:\n\nwhy\nnote: run with more\n";
        let text = format!("Running a\n{panic}Running b\nerror: 1 target failed:\n    `a`\n");
        assert_eq!(failures(&text), format!("{panic}error: 1 target failed:\n"));
    }
}
