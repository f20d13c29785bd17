//! Instructions of the protocol's parts, counted by valgrind: the same on a busy machine, so they can be compared with a
//! baseline that is checked in.
//!
//! `cargo bench -p handfast-proto --bench instructions -- [--save] BASELINE.tsv`
//!
//! The program runs itself under callgrind, twice an operation with different numbers of repetitions; the difference of
//! the two counts, divided, is what one operation takes once caches and pools are warm. valgrind 3.19 hides the CPU's
//! SHA-1 and AVX-512 instructions: hashing takes its portable way there, some 3 000 instructions more.

#![expect(clippy::print_stdout, clippy::exit, reason = "it is a program")]

mod work;

use std::collections::BTreeMap;
use std::process::{Command, exit};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| *word != "--bench").collect();
    match words[..] {
        ["--run", name, times] => {
            let mut operation = work::operation(name);
            (0..times.parse::<u32>().expect("a number")).for_each(|_| operation());
        }
        ["--save", baseline] => {
            let lines: String = work::NAMES.iter().map(|name| format!("{name}\t{}\n", count(name))).collect();
            std::fs::write(baseline, lines).expect("the baseline can be written");
        }
        [baseline] => compare(baseline),
        // Under `cargo test`: every operation works.
        _ => work::NAMES.iter().for_each(|name| work::operation(name)()),
    }
}

fn compare(baseline: &str) {
    let text = std::fs::read_to_string(baseline).unwrap_or_default();
    let before: BTreeMap<&str, i64> = text
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(name, count)| Some((name, count.parse().ok()?)))
        .collect();
    println!("| operation | instructions | baseline | change |\n|---|--:|--:|--:|");
    let mut worse = false;
    for name in work::NAMES {
        let now = count(name);
        match before.get(name) {
            Some(&before) => {
                let percent = (now - before) as f64 * 100.0 / before.max(1) as f64;
                worse |= percent > WORSE_PERCENT && now - before > WORSE_LEAST;
                println!("| {name} | {now} | {before} | {percent:+.1} % |");
            }
            None => println!("| {name} | {now} | | |"),
        }
    }
    if worse {
        println!(
            "\nAn operation takes over {WORSE_PERCENT} % more instructions than the baseline: {baseline}"
        );
        exit(1);
    }
}

fn count(name: &str) -> i64 {
    let (few, many) = (20, if name.ends_with('m') { 60 } else { 220 });
    (collected(name, many) - collected(name, few)) / (many - few)
}

fn collected(name: &str, times: i64) -> i64 {
    let program = std::env::current_exe().expect("a program knows its file");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--run", name, &times.to_string()])
        .output()
        .expect("valgrind runs");
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected :"));
    collected.and_then(|(_, count)| count.trim().parse().ok()).unwrap_or_else(|| panic!("{name}: {text}"))
}

/// A change up to this is taken for chance: allocators and compilers differ a little.
const WORSE_PERCENT: f64 = 5.0;
const WORSE_LEAST: i64 = 10;
