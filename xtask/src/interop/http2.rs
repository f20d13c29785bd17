//! WebSockets over HTTP/2: Chromium, Node with ws, and Python's h2 against `handfast serve` and against an axum application; our
//! client against servers made with Node and with hypercorn.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{
    ECHO, PATHS, START_LIMIT, certificates, checks_against, listening, programs, scratch, start, ws,
};
use crate::process::{Background, free_port};
use crate::report::{Tally, Verdict};
use crate::{install, paths};

/// A server, and how clients reach it.
struct Site {
    name: String,
    server: Background,
    port: u16,
    /// The authority that vouches for it, where it speaks TLS.
    authority: Option<PathBuf>,
}

impl Site {
    fn echo(&self) -> String {
        let scheme = if self.authority.is_some() { "wss" } else { "ws" };
        format!("{scheme}://127.0.0.1:{}/echo", self.port)
    }
}

/// `handfast serve` and the axum application, each over TLS and, if asked for, without.
fn sites(step: &str, plain: bool) -> Verdict<Vec<Site>> {
    let certificates = certificates::make(step)?;
    let mut sites = Vec::new();
    let mut add = |name: &str, (server, port): (Background, u16), authority: Option<&Path>| {
        let authority = authority.map(Path::to_owned);
        sites.push(Site { name: format!("{step}-{name}"), server, port, authority });
    };
    let identity = [certificates.certificate.as_str(), certificates.key.as_str()];
    let options = ["--tls-cert", identity[0], "--tls-key", identity[1]];
    add("serve", programs::serve_with(&format!("{step}-serve"), &options)?, Some(&certificates.authority));
    add("axum", programs::axum(&format!("{step}-axum"), &identity)?, Some(&certificates.authority));
    if plain {
        add("serve-plain", programs::serve(&format!("{step}-serve-plain"))?, None);
        add("axum-plain", programs::axum(&format!("{step}-axum-plain"), &[])?, None);
    }
    Ok(sites)
}

/// Chromium, which does it over TLS only; its log of the network is what shows that it was HTTP/2.
pub fn browser() -> Verdict {
    let chromium = install::program("chromium", &["chromium", "fonts-dejavu-core"])?;
    let node = install::npm("interop/browser")?;
    let mut sum = Tally::default();
    for site in sites("browser-http2", false)? {
        let folder = scratch(&site.name)?;
        let address = format!("https://127.0.0.1:{}/", site.port);
        let run = |script: &str| -> Verdict {
            let mut command = Command::new(&node);
            command.arg(paths::at(&format!("interop/browser/{script}.mjs"))).arg(&chromium);
            command.arg(&address).arg(&folder);
            checks_against(&site.server, &format!("{}-{script}", site.name), &mut command)
        };
        sum = sum.plus(run("http2")?);
        if site.name.ends_with("serve") {
            sum = sum.plus(run("page-http2")?);
        }
    }
    Ok(sum)
}

/// The client of ws on streams of Node's `http2`, all on one connection.
pub fn ws() -> Verdict {
    let mut sum = Tally::default();
    for site in sites("ws-http2", true)? {
        let mut more =
            vec!["fragments", "many-messages", "wrong-origin", "one-connection", "reset", "all-faults"];
        more.extend(match site.name.contains("axum") {
            true => ["subprotocol", "server-closes", "close-reason", "refusal", "refusal-fields"].as_slice(),
            false => &["unknown-path"],
        });
        let mut command = ws::command(&site.echo())?;
        command.args(ECHO).args(more).env("HTTP2", "1");
        if let Some(authority) = &site.authority {
            command.env("NODE_EXTRA_CA_CERTS", authority);
        }
        sum = sum.plus(checks_against(&site.server, &format!("{}-client", site.name), &mut command)?);
    }
    Ok(sum)
}

/// Python's h2 and wsproto.
pub fn python() -> Verdict {
    let python = install::pip("python-h2", "interop/python-h2/requirements.txt")?;
    let mut sum = Tally::default();
    for site in sites("python-h2", true)? {
        let mut command = Command::new(&python);
        command.arg(paths::at("interop/python-h2/client.py")).arg(site.echo()).args(&site.authority);
        sum = sum.plus(checks_against(&site.server, &format!("{}-client", site.name), &mut command)?);
    }
    Ok(sum)
}

/// Our client against Node's `http2` with ws, with prior knowledge and over TLS.
pub fn ws_server() -> Verdict {
    let node = install::npm("interop/ws")?;
    let checks = [&ECHO[..], &PATHS, &MANY, &["close-each", "fragments"]].concat();
    with_and_without_tls("ws-http2-server", &checks, |name, identity| {
        let mut command = Command::new(&node);
        command.arg(paths::at("interop/ws/http2-server.mjs"));
        if let Some([certificate, key]) = identity {
            command.args([certificate, key]);
        }
        Ok(start(name, &mut command, listening)?)
    })
}

/// Our client against hypercorn, the same way. Left out: closing one of many, after which hypercorn 0.18 ends the whole connection by a
/// `KeyError`, since the client's END_STREAM comes behind its own.
pub fn hypercorn() -> Verdict {
    let python = install::pip("hypercorn", "interop/hypercorn/requirements.txt")?;
    with_and_without_tls("hypercorn", &[&ECHO[..], &PATHS, &MANY].concat(), |name, identity| {
        let port = free_port()?;
        let mut command = Command::new(&python);
        command.args(["-m", "hypercorn", "app:application", "--bind", &format!("127.0.0.1:{port}")]);
        if let Some([certificate, key]) = identity {
            command.args(["--certfile", certificate, "--keyfile", key]);
        }
        command.current_dir(paths::at("interop/hypercorn")).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut server = Background::start(name, &mut command, install::log(name))?;
        server.wait_for_port(port, START_LIMIT)?;
        Ok((server, port))
    })
}

/// What many messages and many WebSockets do to a server.
const MANY: [&str; 2] = ["many-messages", "one-connection"];

/// Runs our client, which then speaks HTTP/2 alone, against a server that is started with a certificate and its key, and against
/// one without.
fn with_and_without_tls(
    step: &str,
    checks: &[&str],
    serve: impl Fn(&str, Option<[&str; 2]>) -> Verdict<(Background, u16)>,
) -> Verdict {
    let certificates = certificates::make(step)?;
    let identity = [certificates.certificate.as_str(), certificates.key.as_str()];
    let mut sum = Tally::default();
    for (name, identity) in [(format!("{step}-tls"), Some(identity)), (format!("{step}-plain"), None)] {
        let (server, port) = serve(&name, identity)?;
        let authority = identity.map(|_| certificates.authority.clone());
        let site = Site { name, server, port, authority };
        let mut client = programs::client(&site.echo(), checks)?;
        client.env("HTTP2", "1");
        if let Some(authority) = &site.authority {
            client.env("AUTHORITY", authority);
        }
        sum = sum.plus(checks_against(&site.server, &format!("{}-client", site.name), &mut client)?);
    }
    Ok(sum)
}
