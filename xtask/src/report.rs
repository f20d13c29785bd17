//! What a step of `cargo xtask test` found.

/// How many tests passed, failed and were skipped. A step without tests of its own counts as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl Tally {
    /// One test that passed.
    pub const ONE: Self = Self { passed: 1, failed: 0, skipped: 0 };

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Why a step ended early.
#[derive(Debug)]
pub enum Stop {
    /// Something is wrong; the text shows it.
    Failed(String),
    /// The machine lacks something; the text names it.
    Skipped(String),
}

impl From<String> for Stop {
    fn from(text: String) -> Self {
        Self::Failed(text)
    }
}

impl From<&str> for Stop {
    fn from(text: &str) -> Self {
        Self::Failed(text.to_owned())
    }
}

/// What a step hands back.
pub type Verdict<T = Tally> = Result<T, Stop>;

/// Reads what a peer's program printed: `ok NAME` or `not ok NAME: WHY` a test, and `1..N` with their number at the
/// end, so that a program that ends early is not taken for one that passed.
pub fn read_checks(name: &str, text: &str) -> Verdict {
    let mut tally = Tally::default();
    let mut plan = None;
    for line in text.lines() {
        if line.starts_with("ok ") {
            tally.passed += 1;
        } else if line.starts_with("not ok ") {
            tally.failed += 1;
        } else if let Some(count) = line.strip_prefix("1..") {
            plan = count.trim().parse::<usize>().ok();
        }
    }
    match plan {
        Some(count) if count > 0 && count == tally.passed + tally.failed && tally.failed == 0 => Ok(tally),
        Some(count) if count > 0 && count == tally.passed + tally.failed => {
            Err(Stop::Failed(format!("{name}: {} of {count} checks failed\n{text}", tally.failed)))
        }
        _ => Err(Stop::Failed(format!("{name}: ended before its last check\n{text}"))),
    }
}

/// Sums up what `cargo test` printed.
pub fn read_cargo_test(text: &str) -> Tally {
    let mut tally = Tally::default();
    for line in text.lines().filter_map(|line| line.trim().strip_prefix("test result: ")) {
        let words: Vec<&str> = line.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let Ok(count) = pair[0].parse::<usize>() else { continue };
            match pair[1] {
                "passed" => tally.passed += count,
                "failed" => tally.failed += count,
                "ignored" => tally.skipped += count,
                _ => {}
            }
        }
    }
    // What is too long for every run belongs to another one, and is not skipped here.
    let for_full = |line: &&str| line.contains(" ... ignored, ") && line.ends_with(FOR_FULL);
    tally.skipped -= text.lines().filter(for_full).count().min(tally.skipped);
    tally
}

/// What the reason of an ignored test ends with when the step `tests-long` runs it.
const FOR_FULL: &str = "cargo xtask test --full";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_count_only_when_all_of_them_ran() {
        let good = read_checks("x", "noise\nok a\nok b\n1..2\n").ok();
        assert_eq!(good, Some(Tally { passed: 2, failed: 0, skipped: 0 }));
        for bad in ["", "1..0", "ok a\n", "ok a\n1..2\n", "ok a\nnot ok b: c\n1..2\n"] {
            assert!(read_checks("x", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn results_of_cargo_test_are_summed() {
        let text = "test result: ok. 6 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.00s\n\
                    test result: FAILED. 2 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.50s\n";
        assert_eq!(read_cargo_test(text), Tally { passed: 8, failed: 4, skipped: 1 });
        let for_another_run = format!("test idle ... ignored, takes long: cargo xtask test --full\n{text}");
        assert_eq!(read_cargo_test(&for_another_run), Tally { passed: 8, failed: 4, skipped: 0 });
    }
}
