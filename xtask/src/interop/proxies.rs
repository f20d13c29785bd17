//! nginx, HAProxy, Apache httpd and Caddy in front of `handfast serve`: `interop/nginx/` and its neighbours.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::http::{ask, field};
use super::{ECHO, START_LIMIT, checks_against, programs, scratch, ws};
use crate::process::{self, Background, free_port};
use crate::report::{Tally, Verdict};
use crate::{Outcome, install, paths};

/// The addresses that files hold which cannot read the environment: the proxy's own, and the server's.
const PUBLIC: &str = "127.0.0.1:8000";
const UPSTREAM: &str = "127.0.0.1:8080";

/// The longest that one run of our program may take.
const PROGRAM_LIMIT: Duration = Duration::from_secs(30);

/// One line of a configuration as it is often wrong, and the rule that the server's refusal names then.
struct Mistake {
    right: &'static str,
    wrong: &'static str,
    rule: &'static str,
}

const NOTHING: Mistake = Mistake { right: "", wrong: "", rule: "" };

/// What `docs/deployment.md` says of nginx.
const NGINX: [Mistake; 5] = [
    Mistake { right: "proxy_http_version 1.1;", wrong: "", rule: "server/http-version-1-0" },
    Mistake { right: "proxy_set_header Upgrade $http_upgrade;", wrong: "", rule: "server/upgrade-missing" },
    Mistake {
        right: "proxy_set_header Connection $connection_upgrade;",
        wrong: "proxy_set_header Connection \"\";",
        rule: "server/connection-missing",
    },
    Mistake { right: "proxy_set_header Host $http_host;", wrong: "", rule: "server/origin-foreign-accepted" },
    Mistake { right: "$http_host;", wrong: "$host;", rule: "server/origin-foreign-accepted" },
];

/// What it says of Apache httpd.
const APACHE: [Mistake; 2] = [
    Mistake { right: " upgrade=websocket\n", wrong: "\n", rule: "server/upgrade-missing" },
    Mistake { right: "ProxyPreserveHost On", wrong: "", rule: "server/origin-foreign-accepted" },
];

/// A copy of a configuration, in a folder of its own, with these ports and this mistake in it.
fn configured(name: &str, file: &str, ports: (u16, u16), mistake: &Mistake) -> Verdict<PathBuf> {
    let folder = scratch(name)?;
    let text = paths::read(&paths::at(&format!("interop/{name}/{file}")))?;
    for wanted in [PUBLIC, UPSTREAM, mistake.right] {
        if !text.contains(wanted) {
            return Err(format!("{file} does not hold {wanted}").into());
        }
    }
    let text = match mistake.right {
        "" => text,
        right => text.replace(right, mistake.wrong),
    };
    let (port, upstream) = ports;
    let text = text.replace(UPSTREAM, &format!("127.0.0.1:{upstream}"));
    paths::write(&folder.join(file), text.replace(PUBLIC, &format!("127.0.0.1:{port}")))?;
    Ok(folder)
}

/// Through nginx, to `handfast serve` and to the example that is made for it.
pub fn nginx() -> Verdict {
    let (server, upstream) = programs::serve("nginx-serve")?;
    let (proxy, port) = start_nginx(upstream, &NOTHING)?;
    let sum = through("nginx", &server, port, true)?;
    drop(proxy);
    let mistakes = refused(&NGINX, |mistake| start_nginx(upstream, mistake))?;

    let (_example, upstream) = programs::behind_nginx("nginx-example")?;
    let (_proxy, port) = start_nginx(upstream, &NOTHING)?;
    // What the client says of itself does not get through.
    let ended = connect(port, "/", &["-n", "1", "-H", "X-Real-IP: 192.0.2.7"], "nginx-example-client")?;
    if !ended.success || !ended.text.lines().any(|line| line == "you are 127.0.0.1") {
        let came = format!("{}\n{}", ended.how, ended.text);
        return Err(format!("nginx: a line \"you are 127.0.0.1\" was wanted, came: {came}").into());
    }
    Ok(sum.plus(mistakes).plus(Tally::ONE))
}

fn start_nginx(upstream: u16, mistake: &Mistake) -> Verdict<(Background, u16)> {
    let program = install::program("nginx", &["nginx"])?;
    let port = free_port()?;
    let folder = configured("nginx", "nginx.conf", (port, upstream), mistake)?;
    let mut command = Command::new(program);
    command.arg("-p").arg(&folder).args(["-e", "stderr", "-c", "nginx.conf"]);
    let mut proxy = Background::start("nginx", &mut command, install::log("nginx"))?;
    proxy.wait_for_port(port, START_LIMIT)?;
    Ok((proxy, port))
}

/// Through Apache httpd.
pub fn apache() -> Verdict {
    let (server, upstream) = programs::serve("apache-serve")?;
    let (proxy, port) = start_apache(upstream, &NOTHING)?;
    let sum = through("apache", &server, port, true)?;
    drop(proxy);
    Ok(sum.plus(refused(&APACHE, |mistake| start_apache(upstream, mistake))?))
}

fn start_apache(upstream: u16, mistake: &Mistake) -> Verdict<(Background, u16)> {
    let program = install::program("apache2", &["apache2"])?;
    let port = free_port()?;
    let folder = configured("apache", "httpd.conf", (port, upstream), mistake)?;
    let mut command = Command::new(program);
    command.arg("-DFOREGROUND").arg("-d").arg(&folder).arg("-f").arg(folder.join("httpd.conf"));
    let mut proxy = Background::start("apache", &mut command, install::log("apache"))?;
    proxy.wait_for_port(port, START_LIMIT)?;
    Ok((proxy, port))
}

/// With each mistake the handshake of a page is refused, and the refusal, which passes the proxy, names what is missing.
fn refused(mistakes: &[Mistake], start: impl Fn(&Mistake) -> Verdict<(Background, u16)>) -> Verdict {
    let mut sum = Tally::default();
    for mistake in mistakes {
        let (_proxy, port) = start(mistake)?;
        let origin = format!("http://127.0.0.1:{port}");
        let ended = connect(port, "/echo", &["-s", "x", "-n", "1", "--origin", &origin], "mistake")?;
        if ended.how != "exit status: 1" || !ended.text.contains(mistake.rule) {
            let Mistake { right, wrong, rule } = mistake;
            let what = format!("with {wrong:?} for {right:?}, a refusal that names {rule} was wanted");
            return Err(format!("{what}, came: {}\n{}", ended.how, ended.text).into());
        }
        sum = sum.plus(Tally::ONE);
    }
    Ok(sum)
}

/// `handfast connect` to this port.
fn connect(port: u16, path: &str, options: &[&str], log: &str) -> Verdict<process::Ended> {
    let url = format!("ws://127.0.0.1:{port}{path}");
    let mut command = programs::handfast(&["connect", &url])?;
    Ok(process::run("handfast connect", command.args(options), install::log(log), PROGRAM_LIMIT)?)
}

/// Through Caddy.
pub fn caddy() -> Verdict {
    let program = install::program("caddy", &["caddy"])?;
    let (server, upstream) = programs::serve("caddy-serve")?;
    let (folder, port) = (scratch("caddy")?, free_port()?);
    let mut command = Command::new(program);
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(paths::at("interop/caddy/Caddyfile"));
    command
        .env("LISTEN", format!("http://127.0.0.1:{port}"))
        .env("UPSTREAM", format!("127.0.0.1:{upstream}"));
    // Where it keeps certificates, which it has none of here.
    command.env("XDG_DATA_HOME", &folder).env("XDG_CONFIG_HOME", &folder);
    let mut proxy = Background::start("caddy", &mut command, install::log("caddy"))?;
    proxy.wait_for_port(port, START_LIMIT)?;
    through("caddy", &server, port, false)
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
    through("haproxy", &server, port, true)
}

/// Through HAProxy where it translates between HTTP/2 and HTTP/1.1, both ways, and where it does not have to.
pub fn haproxy_http2() -> Verdict {
    let program = install::program("haproxy", &["haproxy"])?;
    let (server, upstream) = programs::serve("haproxy-http2-serve")?;
    let ways = [("2_TO_1", true), ("2_TO_2", true), ("1_TO_2", false)];
    let ports = [free_port()?, free_port()?, free_port()?];
    let mut command = Command::new(program);
    command.arg("-db").arg("-f").arg(paths::at("interop/haproxy/http2.cfg"));
    command.env("UPSTREAM", format!("127.0.0.1:{upstream}"));
    for ((way, _), port) in ways.iter().zip(ports) {
        command.env(format!("LISTEN_{way}"), format!("127.0.0.1:{port}"));
    }
    let mut proxy = Background::start("haproxy", &mut command, install::log("haproxy-http2"))?;
    let mut sum = Tally::default();
    for ((way, is_http2), port) in ways.iter().zip(ports) {
        proxy.wait_for_port(port, START_LIMIT)?;
        let mut client = ws::command(&format!("ws://127.0.0.1:{port}/echo"))?;
        client.args(ECHO).args(["fragments", "many-messages", "wrong-origin", "unknown-path"]);
        if *is_http2 {
            client.args(["one-connection", "reset"]).env("HTTP2", "1");
        }
        sum = sum.plus(checks_against(&server, &format!("haproxy-{way}"), &mut client)?);
    }
    Ok(sum)
}

/// Our client, that of ws, and refusals, through whatever listens on `port`.
fn through(name: &str, server: &Background, port: u16, keeps_upgrade: bool) -> Verdict {
    let url = format!("ws://127.0.0.1:{port}/echo");
    let more = ["many-messages", "unknown-path"];
    let mut client = programs::client(&url, &[&ECHO[..], &more].concat())?;
    let ours = checks_against(server, &format!("{name}-handfast"), &mut client)?;
    let more = ["fragments", "many-messages", "wrong-origin", "unknown-path"];
    let theirs = checks_against(server, &format!("{name}-ws"), ws::command(&url)?.args(ECHO).args(more))?;
    refusals(name, port, keeps_upgrade)?;
    let refusals = Tally { passed: 2, ..Tally::default() };
    Ok(ours.plus(theirs).plus(refusals))
}

/// A refusal passes whole: its status, the fields that tell what is wanted, and the body that tells why. Of its fields `Upgrade` is
/// for the next machine only, and not every proxy writes one of its own.
fn refusals(name: &str, port: u16, keeps_upgrade: bool) -> Outcome {
    let host = format!("Host: 127.0.0.1:{port}\r\n");
    let plain = format!("GET /echo HTTP/1.1\r\n{host}\r\n");
    let version = format!(
        "GET /echo HTTP/1.1\r\n{host}Upgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n"
    );
    let of_plain = if keeps_upgrade { "Upgrade" } else { "Sec-WebSocket-Version" };
    for (request, wanted) in [(plain, of_plain), (version, "Sec-WebSocket-Version")] {
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
