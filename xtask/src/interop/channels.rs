//! Django Channels on daphne: `interop/channels/`.

use std::process::Command;

use super::{START_LIMIT, checks_against, programs};
use crate::process::{Background, free_port};
use crate::report::Verdict;
use crate::{install, paths};

/// Our client against its server. Left out, as daphne differs there: empty messages, which it never sends, and the
/// code of a Close, which it answers with 1000 whatever came.
pub fn run() -> Verdict {
    let python = install::pip("channels", "interop/channels/requirements.txt")?;
    let port = free_port()?;
    let mut daphne = Command::new(python);
    daphne
        .args(["-m", "daphne", "--bind", "127.0.0.1", "--port"])
        .arg(port.to_string())
        .arg("app:application");
    daphne.current_dir(paths::at("interop/channels")).env("PYTHONDONTWRITEBYTECODE", "1");
    let mut server = Background::start("daphne", &mut daphne, install::log("daphne"))?;
    server.wait_for_port(port, START_LIMIT)?;
    let checks =
        ["text", "binary", "1-mib", "ping", "many-messages", "subprotocol", "server-closes", "refusal"];
    let mut client = programs::client(&format!("ws://127.0.0.1:{port}/echo"), &checks)?;
    checks_against(&server, "channels-client", &mut client)
}
