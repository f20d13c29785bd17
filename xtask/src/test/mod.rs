//! `cargo xtask test`: installs what is missing and runs everything.

mod api;
mod cargo;
mod publish;

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::interop;
use crate::report::{Stop, Tally, Verdict};

/// What the command line asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Also what takes long: tests of the optimised build, and every case of Autobahn's.
    pub full: bool,
}

/// One thing to run.
pub struct Step {
    /// What `--only` names.
    pub name: &'static str,
    /// What it shows when it passes.
    pub about: &'static str,
    /// Whether it only runs with `--full`.
    pub full: bool,
    /// Does it.
    pub run: fn(Options) -> Verdict,
}

/// How one step went.
struct Done {
    name: &'static str,
    result: Verdict,
    time: Duration,
}

impl Done {
    fn tally(&self) -> Tally {
        match &self.result {
            Ok(tally) => *tally,
            Err(Stop::Failed(_)) => Tally { failed: 1, ..Tally::default() },
            Err(Stop::Skipped(_)) => Tally { skipped: 1, ..Tally::default() },
        }
    }

    fn word(&self) -> &'static str {
        match (&self.result, self.tally()) {
            (Err(Stop::Skipped(_)), _) => "skipped",
            (Err(Stop::Failed(_)), _) => "FAILED",
            (Ok(_), tally) if tally.failed > 0 => "FAILED",
            (Ok(_), _) => "passed",
        }
    }
}

const USAGE: &str = "\
cargo xtask test [--full] [--only NAME]... [--list]

--full       also the steps and cases that take long
--only NAME  only the steps whose names begin like this
--list       print the steps and run none

With CI=true in the environment a skipped test counts as a failure.
";

/// Reads the arguments and runs; true if everything is well.
pub fn main(arguments: &[&str]) -> Outcome<bool> {
    let mut options = Options::default();
    let (mut only, mut list) = (Vec::new(), false);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match *argument {
            "--full" => options.full = true,
            "--list" => list = true,
            "--only" => only.push(*arguments.next().ok_or("--only needs a name")?),
            other => return Err(format!("unknown argument {other}\n{USAGE}")),
        }
    }
    let mut steps: Vec<Step> = cargo::steps();
    steps.extend(interop::steps());
    if list {
        for step in &steps {
            println!("{:<18} {}{}", step.name, step.about, if step.full { " (--full)" } else { "" });
        }
        return Ok(true);
    }
    if let Some(name) = only.iter().find(|name| !steps.iter().any(|step| step.name.starts_with(**name))) {
        return Err(format!("no step is called {name}; cargo xtask test --list names them"));
    }
    let named = |step: &Step| only.iter().any(|name| step.name.starts_with(name));
    steps.retain(|step| if only.is_empty() { options.full || !step.full } else { named(step) });
    Ok(run(&steps, options))
}

fn run(steps: &[Step], options: Options) -> bool {
    let started = Instant::now();
    let mut done: Vec<Done> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        println!("[{:>2}/{}] {}: {}", number + 1, steps.len(), step.name, step.about);
        let begun = Instant::now();
        let result = (step.run)(options);
        let one = Done { name: step.name, result, time: begun.elapsed() };
        match &one.result {
            Ok(tally) => println!("        {} in {:.1} s: {tally}", one.word(), one.time.as_secs_f64()),
            Err(Stop::Skipped(why)) => println!("        skipped: {why}"),
            Err(Stop::Failed(why)) => {
                println!("{}\n        FAILED in {:.1} s", excerpt(why), one.time.as_secs_f64());
            }
        }
        done.push(one);
    }
    summary(&done, started.elapsed())
}

/// Prints the table and the last line; true if nothing failed and, in CI, nothing was skipped.
fn summary(done: &[Done], time: Duration) -> bool {
    println!("\n{:<18} {:<8} {:>7} {:>7} {:>8} {:>8}", "step", "", "passed", "failed", "skipped", "seconds");
    let mut sum = Tally::default();
    for one in done {
        let tally = one.tally();
        sum = sum.plus(tally);
        println!(
            "{:<18} {:<8} {:>7} {:>7} {:>8} {:>8.1}",
            one.name,
            one.word(),
            tally.passed,
            tally.failed,
            tally.skipped,
            one.time.as_secs_f64()
        );
    }
    for one in done {
        match &one.result {
            Err(Stop::Skipped(why)) => println!("skipped {}: {why}", one.name),
            // Once more: who reads a log reads its end first.
            Err(Stop::Failed(why)) => println!("FAILED {}: {}", one.name, excerpt(why)),
            Ok(tally) if tally.failed > 0 => println!("FAILED {}: {tally}", one.name),
            Ok(_) => {}
        }
    }
    let strict = std::env::var("CI").is_ok_and(|value| value == "true");
    if strict && sum.skipped > 0 {
        println!("CI=true: nothing may be skipped");
    }
    println!("{} steps in {:.0} s", done.len(), time.as_secs_f64());
    println!("{sum}");
    sum.failed == 0 && !(strict && sum.skipped > 0)
}

/// The beginning and the end of a long text; the whole of it is in the logs.
fn excerpt(text: &str) -> String {
    const HEAD: usize = 40;
    const TAIL: usize = 160;
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() <= HEAD + TAIL {
        return text.trim_end().to_owned();
    }
    let left_out = lines.len() - HEAD - TAIL;
    format!(
        "{}\n... {left_out} lines left out ...\n{}",
        lines[..HEAD].join("\n"),
        lines[lines.len() - TAIL..].join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(result: Verdict) -> Done {
        Done { name: "x", result, time: Duration::ZERO }
    }

    #[test]
    fn a_step_with_one_failed_test_has_failed() {
        assert_eq!(done(Ok(Tally { passed: 9, failed: 1, skipped: 0 })).word(), "FAILED");
        assert_eq!(done(Ok(Tally::ONE)).word(), "passed");
        assert_eq!(done(Err(Stop::Failed(String::new()))).tally().failed, 1);
        assert_eq!(done(Err(Stop::Skipped(String::new()))).tally().skipped, 1);
    }

    #[test]
    fn a_failure_fails_the_run() {
        assert!(!summary(&[done(Ok(Tally::ONE)), done(Err("why".into()))], Duration::ZERO));
        assert!(summary(&[done(Ok(Tally::ONE))], Duration::ZERO));
    }

    #[test]
    fn long_texts_are_cut_in_the_middle() {
        let text: Vec<String> = (0..1000).map(|number| format!("line {number}")).collect();
        let cut = excerpt(&text.join("\n"));
        assert_eq!(cut.lines().count(), 201);
        assert!(
            cut.starts_with("line 0\n") && cut.ends_with("line 999") && cut.contains("800 lines left out")
        );
    }
}
