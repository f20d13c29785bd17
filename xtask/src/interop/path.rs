//! `handfast check-path` on real proxies: what it finds is true, and a known mistake comes out.

use std::process::Command;
use std::time::Duration;

use super::{START_LIMIT, programs, scratch};
use crate::process::{self, Background, free_port};
use crate::report::{Tally, Verdict};
use crate::{Outcome, install, paths};

/// The longest that one check may take.
const LIMIT: Duration = Duration::from_secs(90);

/// What nginx 1.22 and HAProxy 2.6 both keep, and what both break: fields that Connection names go on to the origin.
const KEPT: [&str; 8] = [
    "middle/tunnel-before-101",
    "middle/refused-upgrade-tunnels",
    "middle/half-forwarded",
    "middle/key-altered",
    "middle/answer-fields-changed",
    "middle/glued-bytes-lost",
    "middle/answer-cached",
    "middle/handshake-replayed",
];
const BROKEN: [&str; 1] = ["middle/hop-by-hop-forwarded"];

/// The lines without which nginx makes no tunnel.
const NEEDED: [&str; 3] = ["proxy_http_version", "proxy_set_header Upgrade", "proxy_set_header Connection"];

/// nginx as it should be and as it often is, and HAProxy.
pub fn run() -> Verdict {
    let right = nginx("path-nginx", &[])?;
    known("nginx", &right)?;
    let wrong = nginx("path-nginx-wrong", &NEEDED)?;
    let lost = "lost on the way to the origin: Upgrade, Connection";
    if wrong.how != "exit status: 1" || !wrong.text.contains(lost) {
        return Err(format!("nginx without its lines: {lost} was wanted\n{}", wrong.text).into());
    }
    known("haproxy", &haproxy()?)?;
    Ok(Tally { passed: 2 * (KEPT.len() + BROKEN.len()) + 1, ..Tally::default() })
}

fn known(name: &str, ended: &process::Ended) -> Outcome {
    let verdict = |rule: &str| {
        let line = ended.text.lines().find(|line| line.split_whitespace().nth(2) == Some(rule));
        line.and_then(|line| line.split_whitespace().next()).unwrap_or("(none)").to_owned()
    };
    let wanted = KEPT.map(|rule| (rule, "pass")).into_iter().chain(BROKEN.map(|rule| (rule, "fail")));
    for (rule, wanted) in wanted {
        let came = verdict(rule);
        if came != wanted {
            return Err(format!("{name}: {rule} is {came}, wanted was {wanted}\n{}", ended.text));
        }
    }
    Ok(())
}

/// Checks nginx with the configuration of `interop/nginx/`, without the lines that hold one of these.
fn nginx(name: &str, without: &[&str]) -> Verdict<process::Ended> {
    let program = install::program("nginx", &["nginx"])?;
    let (folder, port, origin) = (scratch(name)?, free_port()?, free_port()?);
    let text = paths::read(&paths::at("interop/nginx/nginx.conf"))?;
    let text: String = text
        .lines()
        .filter(|line| !without.iter().any(|part| line.contains(part)))
        .map(|line| format!("{line}\n"))
        .collect();
    let text = text.replace("127.0.0.1:8080", &format!("127.0.0.1:{origin}"));
    paths::write(&folder.join("nginx.conf"), text.replace("127.0.0.1:8000", &format!("127.0.0.1:{port}")))?;
    let mut command = Command::new(program);
    command.arg("-p").arg(&folder).args(["-e", "stderr", "-c", "nginx.conf"]);
    check(name, &mut command, port, origin)
}

fn haproxy() -> Verdict<process::Ended> {
    let program = install::program("haproxy", &["haproxy"])?;
    let (port, origin) = (free_port()?, free_port()?);
    let mut command = Command::new(program);
    command.arg("-db").arg("-f").arg(paths::at("interop/haproxy/haproxy.cfg"));
    command.env("LISTEN", format!("127.0.0.1:{port}")).env("UPSTREAM", format!("127.0.0.1:{origin}"));
    check("path-haproxy", &mut command, port, origin)
}

fn check(name: &str, command: &mut Command, port: u16, origin: u16) -> Verdict<process::Ended> {
    let mut proxy = Background::start(name, command, install::log(name))?;
    proxy.wait_for_port(port, START_LIMIT)?;
    let (url, origin) = (format!("ws://127.0.0.1:{port}/"), format!("127.0.0.1:{origin}"));
    let mut command = programs::handfast(&["check-path", &url, "--origin", &origin, "--all"])?;
    Ok(process::run("handfast check-path", &mut command, install::log(&format!("{name}-check")), LIMIT)?)
}
