//! Our own side: the `handfast` program, and `handfast-interop`, made with the library (`interop/peer`).

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use super::{address, listening, start};
use crate::process::{self, Background};
use crate::report::{Stop, Verdict};
use crate::{Outcome, install, paths};

/// The longest that building may take, from nothing compiled.
const LIMIT: Duration = Duration::from_secs(1200);

/// Builds both, optimised, once in a run.
pub fn build() -> Verdict<()> {
    static BUILT: OnceLock<Outcome> = OnceLock::new();
    BUILT.get_or_init(|| build_once().map(drop)).clone().map_err(Stop::Failed)
}

fn build_once() -> Outcome<String> {
    let mut command = Command::new(env!("CARGO"));
    command.args([
        "build",
        "--release",
        "--locked",
        "--package",
        "handfast-cli",
        "--package",
        "handfast-interop",
    ]);
    let ended =
        process::run("cargo build", command.current_dir(paths::root()), install::log("build"), LIMIT)?;
    ended.checked("cargo build --release")
}

fn program(name: &str) -> Verdict<PathBuf> {
    build()?;
    Ok(install::target().join("release").join(name))
}

/// `handfast serve` on a free port of 127.0.0.1, with an echo at /echo.
pub fn serve(log: &str) -> Verdict<(Background, u16)> {
    serve_with(log, &[])
}

/// As [`serve`], with further options.
pub fn serve_with(log: &str, options: &[&str]) -> Verdict<(Background, u16)> {
    let mut command = Command::new(program("handfast")?);
    command.args(["serve", "--listen", "127.0.0.1:0"]).args(options);
    Ok(start(log, &mut command, address)?)
}

/// The server of `handfast-interop`: /echo, /subprotocol, /close and /refuse.
pub fn server(log: &str) -> Verdict<(Background, u16)> {
    let mut command = Command::new(program("handfast-interop")?);
    Ok(start(log, command.arg("server"), listening)?)
}

/// The same server as an axum application; over TLS where a certificate and its key are given.
pub fn axum(log: &str, identity: &[&str]) -> Verdict<(Background, u16)> {
    let mut command = Command::new(program("handfast-interop")?);
    Ok(start(log, command.arg("axum").args(identity), listening)?)
}

/// The example that is made to stand behind nginx.
pub fn behind_nginx(log: &str) -> Verdict<(Background, u16)> {
    let mut command = Command::new(program("handfast-interop")?);
    Ok(start(log, command.arg("behind-nginx"), listening)?)
}

/// The client of `handfast-interop`, which checks the echo server at `url`.
pub fn client(url: &str, checks: &[&str]) -> Verdict<Command> {
    let mut command = Command::new(program("handfast-interop")?);
    command.args(["client", url]).args(checks);
    Ok(command)
}

/// `handfast` with these arguments, and without the proxies that the machine's environment may name.
pub fn handfast(arguments: &[&str]) -> Verdict<Command> {
    let mut command = Command::new(program("handfast")?);
    command.args(arguments).env("no_proxy", "*");
    Ok(command)
}

/// The client of `handfast-interop` that goes through Autobahn's cases; it reads the address from its environment.
pub fn autobahn_client() -> Verdict<PathBuf> {
    program("handfast-interop")
}
