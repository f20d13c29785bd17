//! `handfast check-path` on real proxies: what it finds is true, and a known mistake comes out.

use std::fs;
use std::process::Command;
use std::time::Duration;

use super::certificates::{self, Certificates};
use super::{START_LIMIT, programs, scratch};
use crate::process::{self, Background, free_port};
use crate::report::{Tally, Verdict};
use crate::{install, paths};

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

const DOWN: &str = "middle/h2-to-h1-bridge";
const UP: &str = "middle/h1-to-h2-bridge";

/// A proxy that listens, and where it forwards to.
struct Device {
    name: &'static str,
    proxy: Background,
    port: u16,
    origin: u16,
}

/// nginx as it should be and as it often is, and HAProxy; then bridges between HTTP/1.1 and HTTP/2.
pub fn run() -> Verdict {
    let plain: Vec<(&str, &str)> = KEPT
        .map(|rule| (rule, "pass"))
        .into_iter()
        .chain(BROKEN.map(|rule| (rule, "fail")))
        .chain([(UP, "skipped")])
        .collect();
    let and = |more: &[(&'static str, &'static str)]| [&plain, more].concat();
    let mut passed = known(&mut nginx("path-nginx", &[], None)?, &[], &and(&[(DOWN, "skipped")]), "--http2")?;

    let wrong = check(&mut nginx("path-nginx-wrong", &NEEDED, None)?, "ws", &[])?;
    let lost = "lost on the way to the origin: Upgrade, Connection";
    if wrong.how != "exit status: 1" || !wrong.text.contains(lost) {
        return Err(format!("nginx without its lines: {lost} was wanted\n{}", wrong.text).into());
    }
    // What HAProxy 2.6 does wrong stands in the notes of the two rules.
    let copied = "the client's own sec-websocket-key was copied; Upgrade: h2c in the 101: it became :status 200, as if it had \
                  opened; 200 for 101: it became :status 200, as if it had opened";
    let down = [(DOWN, "fail")];
    passed += 1 + known(&mut haproxy("path-haproxy", None)?, &["--http2"], &and(&down), copied)?;

    // By ALPN: HAProxy takes WebSockets over HTTP/2, nginx speaks HTTP/2 without them.
    let certificates = certificates::make("path")?;
    let authority = certificates.authority.display().to_string();
    let trust = ["--cacert", authority.as_str()];
    passed += known(&mut haproxy("path-haproxy-tls", Some(&certificates))?, &trust, &and(&down), copied)?;
    let mut tls = nginx("path-nginx-tls", &[], Some(&certificates))?;
    passed += known(&mut tls, &trust, &and(&[(DOWN, "skipped")]), "announces no WebSocket over it")?;

    // HTTP/2 alone on one side.
    let (mut two_to_one, mut one_to_two) = bridges()?;
    passed += known(&mut two_to_one, &["--http2"], &down, copied)?;
    let up = [(UP, "fail"), (DOWN, "skipped"), (KEPT[3], "skipped"), ("middle/glued-bytes-lost", "pass")];
    passed += known(&mut one_to_two, &[], &up, "a key that is no base64: HTTP/1.1 101")?;
    Ok(Tally { passed, ..Tally::default() })
}

/// Checks the device; these rules come out so, and these words stand in the report. Gives how many were looked at.
fn known(device: &mut Device, options: &[&str], wanted: &[(&str, &str)], words: &str) -> Verdict<usize> {
    let scheme = if options.contains(&"--cacert") { "wss" } else { "ws" };
    let ended = check(device, scheme, options)?;
    let name = device.name;
    for (rule, wanted) in wanted {
        let line = ended.text.lines().find(|line| line.split_whitespace().nth(2) == Some(rule));
        let came = line.and_then(|line| line.split_whitespace().next()).unwrap_or("(none)");
        if came != *wanted {
            return Err(format!("{name}: {rule} is {came}, wanted was {wanted}\n{}", ended.text).into());
        }
    }
    if !ended.text.contains(words) {
        return Err(format!("{name}: {words:?} was wanted\n{}", ended.text).into());
    }
    Ok(wanted.len() + 1)
}

/// nginx with the configuration of `interop/nginx/`, without the lines that hold one of these; over TLS with HTTP/2, too.
fn nginx(name: &'static str, without: &[&str], tls: Option<&Certificates>) -> Verdict<Device> {
    let program = install::program("nginx", &["nginx"])?;
    let (folder, port, origin) = (scratch(name)?, free_port()?, free_port()?);
    let text = paths::read(&paths::at("interop/nginx/nginx.conf"))?;
    let text: String = text
        .lines()
        .filter(|line| !without.iter().any(|part| line.contains(part)))
        .map(|line| format!("{line}\n"))
        .collect();
    let listen = match tls {
        None => format!("127.0.0.1:{port}"),
        Some(Certificates { certificate, key, .. }) => {
            format!("127.0.0.1:{port} ssl http2; ssl_certificate {certificate}; ssl_certificate_key {key}")
        }
    };
    let text = text.replace("127.0.0.1:8080", &format!("127.0.0.1:{origin}"));
    paths::write(&folder.join("nginx.conf"), text.replace("127.0.0.1:8000", &listen))?;
    let mut command = Command::new(program);
    command.arg("-p").arg(&folder).args(["-e", "stderr", "-c", "nginx.conf"]);
    Ok(Device { name, proxy: Background::start(name, &mut command, install::log(name))?, port, origin })
}

/// HAProxy with the configuration of `interop/haproxy/`, which takes HTTP/2 with prior knowledge; over TLS by ALPN.
fn haproxy(name: &'static str, tls: Option<&Certificates>) -> Verdict<Device> {
    let program = install::program("haproxy", &["haproxy"])?;
    let (folder, port, origin) = (scratch(name)?, free_port()?, free_port()?);
    let mut text = paths::read(&paths::at("interop/haproxy/haproxy.cfg"))?;
    if let Some(Certificates { certificate, key, .. }) = tls {
        let read = |path: &str| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
        let identity = folder.join("identity.pem");
        paths::write(&identity, read(certificate)? + &read(key)?)?;
        let line = format!("bind \"${{LISTEN}}\" ssl crt {} alpn h2,http/1.1", identity.display());
        text = text.replace("bind \"${LISTEN}\"", &line);
    }
    let file = folder.join("haproxy.cfg");
    paths::write(&file, text)?;
    let mut command = Command::new(program);
    command.arg("-db").arg("-f").arg(&file);
    command.env("LISTEN", format!("127.0.0.1:{port}")).env("UPSTREAM", format!("127.0.0.1:{origin}"));
    Ok(Device { name, proxy: Background::start(name, &mut command, install::log(name))?, port, origin })
}

/// HAProxy from HTTP/2 alone to HTTP/1.1, and from HTTP/1.1 to HTTP/2.
fn bridges() -> Verdict<(Device, Device)> {
    let program = install::program("haproxy", &["haproxy"])?;
    let start = |name: &'static str, which: &str| -> Verdict<Device> {
        let (port, origin) = (free_port()?, free_port()?);
        let mut command = Command::new(&program);
        command.arg("-db").arg("-f").arg(paths::at("interop/haproxy/http2.cfg"));
        for other in ["LISTEN_2_TO_1", "LISTEN_2_TO_2", "LISTEN_1_TO_2"] {
            let port = if other == which { port } else { free_port()? };
            command.env(other, format!("127.0.0.1:{port}"));
        }
        command.env("UPSTREAM", format!("127.0.0.1:{origin}"));
        Ok(Device { name, proxy: Background::start(name, &mut command, install::log(name))?, port, origin })
    };
    Ok((start("path-haproxy-2-to-1", "LISTEN_2_TO_1")?, start("path-haproxy-1-to-2", "LISTEN_1_TO_2")?))
}

fn check(device: &mut Device, scheme: &str, options: &[&str]) -> Verdict<process::Ended> {
    let Device { name, proxy, port, origin } = device;
    proxy.wait_for_port(*port, START_LIMIT)?;
    let (url, origin) = (format!("{scheme}://127.0.0.1:{port}/"), format!("127.0.0.1:{origin}"));
    let mut command = programs::handfast(&["check-path", &url, "--origin", &origin, "--all"])?;
    command.args(options);
    Ok(process::run("handfast check-path", &mut command, install::log(&format!("{name}-check")), LIMIT)?)
}
