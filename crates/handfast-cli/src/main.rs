//! The `handfast` program: serve, connect, key, explain, check, check-client, check-path, why, bench.

mod args;
mod bench;
mod check;
mod client;
mod connect;
mod escape;
mod exit;
mod explain;
mod key;
mod output;
mod serve;
mod signals;

use args::{Args, Command};
use clap::Parser;
use exit::{Exit, Failure};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            output::set_color(output::Color::Auto);
            let exit = if error.use_stderr() { Exit::WrongUse } else { Exit::Fine };
            return finish(output::usage(&error).map(|()| exit).map_err(Failure::from));
        }
    };
    output::set_color(args.color);
    finish(match &args.command {
        Command::Serve(args) => serve::run(args),
        Command::Connect(args) => connect::run(args),
        Command::Key(args) => key::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Check(args) => check::run_server(args),
        Command::CheckClient(args) => check::run_client(args),
        Command::CheckPath(args) => check::run_path(args),
        Command::Why(args) => check::run_why(args),
        Command::Bench(args) => bench::run(args),
    })
}

/// Says what went wrong, unless that was said, and gives the exit code.
fn finish(outcome: Result<Exit, Failure>) -> ExitCode {
    let exit = outcome.unwrap_or_else(|failure| {
        if !failure.message.is_empty() {
            output::complain(&failure.message);
        }
        failure.exit
    });
    exit.into()
}

/// A runtime on this thread alone.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Internal, format!("cannot start: {error}")))
}
