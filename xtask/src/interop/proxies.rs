//! nginx and HAProxy in front of `handfast serve`: `interop/nginx/`, `interop/haproxy/`.

use std::process::Command;

use super::http::{ask, field};
use super::{ECHO, START_LIMIT, checks_against, programs, scratch, ws};
use crate::process::{Background, free_port};
use crate::report::{Tally, Verdict};
use crate::{Outcome, install, paths};

/// The addresses that `nginx.conf` holds: its own, and the server's.
const PUBLIC: &str = "127.0.0.1:8000";
const UPSTREAM: &str = "127.0.0.1:8080";

/// Through nginx.
pub fn nginx() -> Verdict {
    let program = install::program("nginx", &["nginx"])?;
    let (server, upstream) = programs::serve("nginx-serve")?;
    let (folder, port) = (scratch("nginx")?, free_port()?);
    let text = paths::read(&paths::at("interop/nginx/nginx.conf"))?;
    if !text.contains(PUBLIC) || !text.contains(UPSTREAM) {
        return Err(format!("nginx.conf does not name {PUBLIC} and {UPSTREAM}").into());
    }
    let text = text.replace(UPSTREAM, &format!("127.0.0.1:{upstream}"));
    paths::write(&folder.join("nginx.conf"), text.replace(PUBLIC, &format!("127.0.0.1:{port}")))?;
    let mut command = Command::new(program);
    command.arg("-p").arg(&folder).args(["-e", "stderr", "-c", "nginx.conf"]);
    let mut proxy = Background::start("nginx", &mut command, install::log("nginx"))?;
    proxy.wait_for_port(port, START_LIMIT)?;
    through("nginx", &server, port)
}

/// Through HAProxy.
pub fn haproxy() -> Verdict {
    let program = install::program("haproxy", &["haproxy"])?;
    let (server, upstream) = programs::serve("haproxy-serve")?;
    let port = free_port()?;
    let mut command = Command::new(program);
    command.arg("-db").arg("-f").arg(paths::at("interop/haproxy/haproxy.cfg"));
    command.env("LISTEN", format!("127.0.0.1:{port}")).env("UPSTREAM", format!("127.0.0.1:{upstream}"));
    let mut proxy = Background::start("haproxy", &mut command, install::log("haproxy"))?;
    proxy.wait_for_port(port, START_LIMIT)?;
    through("haproxy", &server, port)
}

/// Our client, that of ws, and refusals, through whatever listens on `port`.
fn through(name: &str, server: &Background, port: u16) -> Verdict {
    let url = format!("ws://127.0.0.1:{port}/echo");
    let more = ["many-messages", "unknown-path"];
    let mut client = programs::client(&url, &[&ECHO[..], &more].concat())?;
    let ours = checks_against(server, &format!("{name}-handfast"), &mut client)?;
    let more = ["fragments", "many-messages", "wrong-origin", "unknown-path"];
    let theirs = checks_against(server, &format!("{name}-ws"), ws::command(&url)?.args(ECHO).args(more))?;
    refusals(name, port)?;
    let refusals = Tally { passed: 2, ..Tally::default() };
    Ok(ours.plus(theirs).plus(refusals))
}

/// A refusal passes whole: its status, the fields that tell what is wanted, and the body that tells why.
fn refusals(name: &str, port: u16) -> Outcome {
    let host = format!("Host: 127.0.0.1:{port}\r\n");
    let plain = format!("GET /echo HTTP/1.1\r\n{host}\r\n");
    let version = format!(
        "GET /echo HTTP/1.1\r\n{host}Upgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n"
    );
    for (request, wanted) in [(plain, "Upgrade"), (version, "Sec-WebSocket-Version")] {
        let answer = ask(port, &request)?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        if !answer.starts_with("HTTP/1.1 426 ") || body.trim().is_empty() || field(&answer, wanted).is_none()
        {
            return Err(format!(
                "{name}: a 426 with {wanted} and a body was wanted for\n{request}came\n{answer}"
            ));
        }
    }
    Ok(())
}
