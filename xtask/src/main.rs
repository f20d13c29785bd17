//! The house's own tasks, run as `cargo xtask TASK`. `cargo xtask help` lists them.

mod bench;
mod catalogue;
mod docs;
mod fuzz;
mod install;
mod interop;
mod paths;
mod process;
mod record;
mod report;
mod rules;
mod screenshots;
mod survey;
mod test;
mod tidy;

use std::process::ExitCode;

/// What a task that can fail hands back; the text is for people.
type Outcome<T = ()> = Result<T, String>;

const HELP: &str = "\
cargo xtask TASK

docs    write docs/errors.md from the code
record  real clients before the playground's wrong servers; writes its recorded.json: see `cargo xtask record --help`
rules   write crates/handfast-proto/src/rules/table.rs from rules/*.toml
bench   handfast beside its peers and the limits: see `cargo xtask bench --help`
fuzz    run the fuzz targets: see `cargo xtask fuzz --help`
screenshots  take the README's pictures of the playground anew: docs/playground-*.png
survey  other people's servers and clients before the checker; writes docs/survey.md: see `cargo xtask survey --help`
tidy    check that catalogue, code and tests match, and that the code keeps the house's rules
test    install what is missing and run everything; cargo xtask test --list names the steps
            --full       also what takes long
            --only NAME  only the steps whose names begin like this
help    print this
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["docs"] => docs::write(),
        ["rules"] => rules::write(),
        ["bench", "--help"] => {
            print!("{}", bench::HELP);
            Ok(())
        }
        ["bench", rest @ ..] => bench::run(rest),
        ["fuzz", "--help"] => {
            print!("{}", fuzz::HELP);
            Ok(())
        }
        ["fuzz", rest @ ..] => fuzz::run(rest),
        ["record", "--help"] => {
            print!("{}", record::HELP);
            Ok(())
        }
        ["record", rest @ ..] => record::run(rest),
        ["screenshots"] => screenshots::write(),
        ["survey", "--help"] => {
            print!("{}", survey::HELP);
            Ok(())
        }
        ["survey", rest @ ..] => survey::run(rest),
        ["tidy"] => tidy::run(),
        ["test", arguments @ ..] => match test::main(arguments) {
            Ok(true) => Ok(()),
            Ok(false) => return ExitCode::FAILURE,
            Err(text) => Err(text),
        },
        ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}
