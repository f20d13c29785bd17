//! Our client through forward proxies, Squid (`interop/squid/`) and MicroSocks, to `handfast serve`.

use std::process::Command;
use std::time::Duration;

use super::{ECHO, START_LIMIT, certificates, checks_against, programs, scratch};
use crate::process::{self, Background, free_port};
use crate::report::{Tally, Verdict};
use crate::{Outcome, install, paths};

/// What `squid.conf` holds for its port and for its helper.
const PORT: &str = "127.0.0.1:3128";
const HELPER: &str = "CHECK_PASSWORD";

/// The user and the password that both proxies know, as a URI has them.
const RIGHT: &str = "friend:p%40ss";
const WRONG: &str = "friend:pass";

/// The longest that one run of our program may take.
const PROGRAM_LIMIT: Duration = Duration::from_secs(30);

/// `CONNECT` with `Proxy-Authorization`, through Squid.
pub fn squid() -> Verdict {
    let program = install::program("squid", &["squid"])?;
    let (server, upstream) = programs::serve("squid-serve")?;
    let (folder, port) = (scratch("squid")?, free_port()?);
    let text = paths::read(&paths::at("interop/squid/squid.conf"))?;
    if !text.contains(PORT) || !text.contains(HELPER) {
        return Err(format!("squid.conf does not name {PORT} and {HELPER}").into());
    }
    // Squid drops its rights, and may then not see this folder: the helper goes where everyone may read.
    let helper = std::env::temp_dir().join(format!("handfast-check-password-{port}"));
    paths::write(&helper, paths::read(&paths::at("interop/squid/check-password"))?)?;
    let text =
        text.replace(PORT, &format!("127.0.0.1:{port}")).replace(HELPER, &helper.display().to_string());
    paths::write(&folder.join("squid.conf"), text)?;
    let mut command = Command::new(program);
    // A name of its own for each run: shared memory is called after it.
    command.args(["-N", "-d", "1", "-n", &format!("handfast{port}"), "-f"]).arg(folder.join("squid.conf"));
    let mut proxy = Background::start("squid", &mut command, install::log("squid"))?;
    proxy.wait_for_port(port, START_LIMIT)?;
    let outcome = through("squid", "http", &server, (port, upstream), "407");
    drop(proxy);
    // What is left of it is a file of a few lines.
    drop(std::fs::remove_file(helper));
    outcome
}

/// SOCKS5 with user name and password, through MicroSocks.
pub fn microsocks() -> Verdict {
    let program = install::program("microsocks", &["microsocks"])?;
    let (server, upstream) = programs::serve("microsocks-serve")?;
    let port = free_port()?;
    let mut command = Command::new(program);
    command.args(["-i", "127.0.0.1", "-p", &port.to_string(), "-u", "friend", "-P", "p@ss"]);
    let mut proxy = Background::start("microsocks", &mut command, install::log("microsocks"))?;
    proxy.wait_for_port(port, START_LIMIT)?;
    through("microsocks", "socks5h", &server, (port, upstream), "it refused user name and password")
}

/// The library with its proxy given, and the program with its proxy from the environment.
fn through(
    name: &str,
    scheme: &str,
    server: &Background,
    (port, upstream): (u16, u16),
    refusal: &str,
) -> Verdict {
    let url = format!("ws://127.0.0.1:{upstream}/echo");
    let proxy = |userinfo: &str| format!("{scheme}://{userinfo}@127.0.0.1:{port}");
    let more = ["many-messages", "unknown-path"];
    let mut client = programs::client(&url, &[&ECHO[..], &more].concat())?;
    let library = checks_against(server, &format!("{name}-library"), client.env("PROXY", proxy(RIGHT)))?;

    let run = |part: &str, set: &[(&str, &str)], more: &[&str]| -> Verdict<process::Ended> {
        let mut command = programs::handfast(&["connect", "-v", &url, "-s", "hello", "-n", "1"])?;
        command.env_remove("no_proxy").env_remove("NO_PROXY").args(more).envs(set.iter().copied());
        let log = install::log(&format!("{name}-{part}"));
        Ok(process::run("handfast connect", &mut command, log, PROGRAM_LIMIT)?)
    };
    let tunnelled = format!("= through the proxy {scheme}://127.0.0.1:{port} to 127.0.0.1:{upstream}");
    let right = proxy(RIGHT);
    let set = [("http_proxy", right.as_str())];
    let ended = run("environment", &set, &[])?;
    wanted(&ended, "exit status: 0", &["hello", &tunnelled], "the environment's proxy")?;
    let ended = run("option", &[], &["--proxy", &right])?;
    wanted(&ended, "exit status: 0", &["hello", &tunnelled], "--proxy")?;
    let ended = run("wrong", &[], &["--proxy", &proxy(WRONG)])?;
    wanted(&ended, "exit status: 3", &[refusal], "a wrong password")?;
    for (part, set, more) in [
        ("exempt", vec![set[0], ("no_proxy", "127.0.0.0/8")], vec![]),
        ("unused", set.to_vec(), vec!["--no-proxy"]),
    ] {
        let ended = run(part, &set, &more)?;
        wanted(&ended, "exit status: 0", &["hello"], part)?;
        if ended.text.contains("through the proxy") {
            return Err(format!("{part}: no proxy was wanted, came:\n{}", ended.text).into());
        }
    }
    let program = Tally { passed: 5, ..Tally::default() };
    let encrypted = encrypted(name, &right)?;
    Ok(library.plus(program).plus(encrypted))
}

/// `wss` inside the tunnel, to a server whose certificate only a private authority vouches for.
fn encrypted(name: &str, proxy: &str) -> Verdict {
    let made = certificates::make(name)?;
    let options = ["--tls-cert", &made.certificate, "--tls-key", &made.key];
    let (_server, port) = programs::serve_with(&format!("{name}-serve-tls"), &options)?;
    let url = format!("wss://127.0.0.1:{port}/echo");
    let mut command = programs::handfast(&["connect", "-v", &url, "-s", "hello", "-n", "1"])?;
    command.arg("--cacert").arg(&made.authority).env("https_proxy", proxy);
    command.env_remove("no_proxy").env_remove("NO_PROXY");
    let log = install::log(&format!("{name}-wss"));
    let ended = process::run("handfast connect", &mut command, log, PROGRAM_LIMIT)?;
    wanted(&ended, "exit status: 0", &["hello", "= through the proxy", "= encrypted by TLSv1_3"], "wss")?;
    Ok(Tally::ONE)
}

fn wanted(ended: &process::Ended, how: &str, texts: &[&str], what: &str) -> Outcome {
    match ended.how == how && texts.iter().all(|text| ended.text.contains(text)) {
        true => Ok(()),
        false => Err(format!("{what}: {how} and {texts:?} were wanted, came: {}\n{}", ended.how, ended.text)),
    }
}
