//! Other implementations against ours. Each peer is a step, and has its files in `interop/NAME/`.

mod autobahn;
mod browser;
mod certificates;
mod channels;
mod forward;
pub mod gorilla;
pub mod http;
mod http2;
mod path;
pub mod programs;
mod proxies;
mod python2;
mod ws;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::process::{self, Background};
use crate::report::{Verdict, read_checks};
use crate::test::Step;
use crate::{Outcome, install};

/// How long a server may take until it listens.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long all checks of one client may take.
const CHECKS_LIMIT: Duration = Duration::from_secs(600);

/// What every client checks at every echo server.
const ECHO: [&str; 6] = ["text", "empty", "binary", "1-mib", "ping", "close-codes"];

/// What our client checks at the other paths of a server that has them.
const PATHS: [&str; 5] = ["subprotocol", "server-closes", "close-reason", "refusal", "refusal-fields"];

/// All steps, from the strictest judge to the simplest neighbour.
pub fn steps() -> Vec<Step> {
    let step = |name, about, run| Step { name, about, full: false, run };
    vec![
        step("autobahn-server", "Autobahn's fuzzing client against our server", autobahn::server),
        step("autobahn-client", "our client against Autobahn's fuzzing server", autobahn::client),
        step("browser", "headless Chromium on the page of handfast serve", |_| browser::run()),
        step("browser-http2", "headless Chromium over HTTP/2, to handfast serve and to axum", |_| {
            http2::browser()
        }),
        step("ws-client", "the client of ws (Node) against our server", |_| ws::client()),
        step("ws-server", "our client against a server made with ws", |_| ws::server()),
        step("ws-http2", "ws on streams of Node's http2, to handfast serve and to axum", |_| http2::ws()),
        step("python-h2", "Python's h2 and wsproto, to handfast serve and to axum", |_| http2::python()),
        step("ws-http2-server", "our client over HTTP/2 against Node's http2 with ws", |_| {
            http2::ws_server()
        }),
        step("hypercorn", "our client over HTTP/2 against hypercorn (Python's h2)", |_| http2::hypercorn()),
        step("gorilla-client", "the client of gorilla/websocket (Go) against our server", |_| {
            gorilla::client()
        }),
        step("gorilla-server", "our client against a server made with gorilla/websocket", |_| {
            gorilla::server()
        }),
        step("channels", "our client against Django Channels on daphne", |_| channels::run()),
        step("nginx", "both clients through nginx to our server", |_| proxies::nginx()),
        step("haproxy", "both clients through HAProxy to our server", |_| proxies::haproxy()),
        step("haproxy-http2", "ws through HAProxy from HTTP/2 to HTTP/1.1 and back", |_| {
            proxies::haproxy_http2()
        }),
        step("apache", "both clients through Apache httpd to our server", |_| proxies::apache()),
        step("caddy", "both clients through Caddy to our server", |_| proxies::caddy()),
        step(
            "path",
            "handfast check-path on nginx, right and wrong, and on HAProxy, between HTTP versions, too",
            |_| path::run(),
        ),
        step("squid", "our client through Squid (CONNECT) to our server", |_| forward::squid()),
        step("microsocks", "our client through MicroSocks (SOCKS5) to our server", |_| forward::microsocks()),
    ]
}

/// Starts a server; its port is what `find` reads from what it prints.
fn start(name: &str, command: &mut Command, find: fn(&str) -> Option<u16>) -> Outcome<(Background, u16)> {
    let mut server = Background::start(name, command, install::log(name))?;
    let port = server.wait_for(START_LIMIT, find)?;
    server.wait_for_port(port, START_LIMIT)?;
    Ok((server, port))
}

/// The port in a line `listening PORT`.
fn listening(text: &str) -> Option<u16> {
    let (line, _) = text.split_once("listening ")?.1.split_once('\n')?;
    line.trim().parse().ok()
}

/// The port behind the first `127.0.0.1:` of a whole line.
fn address(text: &str) -> Option<u16> {
    let (whole, _) = text.rsplit_once('\n')?;
    let (_, rest) = whole.split_once("127.0.0.1:")?;
    let digits = rest.find(|character: char| !character.is_ascii_digit()).map_or(rest, |end| &rest[..end]);
    digits.parse().ok()
}

/// Runs a client that prints a line for each of its checks.
fn checks(name: &str, command: &mut Command) -> Verdict {
    let ended = process::run(name, command, install::log(name), CHECKS_LIMIT)?;
    let tally = read_checks(name, &ended.text)?;
    if ended.success { Ok(tally) } else { Err(format!("{name}: {}\n{}", ended.how, ended.text).into()) }
}

/// As [`checks`]; when they fail, what the server said stands below.
fn checks_against(server: &Background, name: &str, command: &mut Command) -> Verdict {
    use crate::report::Stop;
    checks(name, command).map_err(|stop| match stop {
        Stop::Failed(text) => Stop::Failed(format!("{text}\n--- the server said:\n{}", server.text())),
        skipped => skipped,
    })
}

/// An empty folder below the logs, for what a step writes.
fn scratch(name: &str) -> Outcome<PathBuf> {
    let folder = install::folder().join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_from_whole_lines_only() {
        assert_eq!(listening("listening 80"), None);
        assert_eq!(listening("x\nlistening 8012\n"), Some(8012));
        assert_eq!(address("handfast: http://127.0.0.1:41"), None);
        assert_eq!(address("handfast: http://127.0.0.1:4123/echo\n"), Some(4123));
        assert_eq!(address("nothing here\n"), None);
    }
}
