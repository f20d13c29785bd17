//! ws, the WebSocket of Node: `interop/ws/`.

use std::process::Command;

use super::{ECHO, checks_against, listening, programs, start};
use crate::report::Verdict;
use crate::{install, paths};

/// The folder of its files.
const FOLDER: &str = "interop/ws";

/// Its client against `handfast serve`, and against a server made with the library.
pub fn client() -> Verdict {
    let (server, port) = programs::serve("ws-client-serve")?;
    let url = format!("ws://127.0.0.1:{port}/echo");
    let more = ["fragments", "many-messages", "compression", "wrong-origin", "unknown-path"];
    let echo = checks_against(&server, "ws-client-echo", command(&url)?.args(ECHO).args(more))?;

    let (server, port) = programs::server("ws-client-server")?;
    let url = format!("ws://127.0.0.1:{port}/echo");
    let more = [
        "fragments",
        "many-messages",
        "subprotocol",
        "server-closes",
        "close-reason",
        "refusal",
        "refusal-fields",
    ];
    Ok(echo.plus(checks_against(&server, "ws-client-library", command(&url)?.args(ECHO).args(more))?))
}

/// Our client against its server.
pub fn server() -> Verdict {
    let mut node = Command::new(install::npm(FOLDER)?);
    node.arg(paths::at(FOLDER).join("server.mjs"));
    let (server, port) = start("ws-server", &mut node, listening)?;
    let more = [
        "fragments",
        "many-messages",
        "subprotocol",
        "server-closes",
        "close-reason",
        "refusal",
        "refusal-fields",
    ];
    let mut client = programs::client(&format!("ws://127.0.0.1:{port}/echo"), &[&ECHO[..], &more].concat())?;
    checks_against(&server, "ws-server-client", &mut client)
}

/// Its client, ready to check this address; names of checks follow.
pub fn command(url: &str) -> Verdict<Command> {
    let mut node = Command::new(install::npm(FOLDER)?);
    node.arg(paths::at(FOLDER).join("client.mjs")).arg(url);
    Ok(node)
}
