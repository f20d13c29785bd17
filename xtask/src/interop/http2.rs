//! WebSockets over HTTP/2: Chromium, Node with ws, and Python's h2 against `handfast serve` and against an axum application.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{ECHO, certificates, checks_against, programs, scratch, ws};
use crate::process::Background;
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
