//! ws, the WebSocket of Node: `interop/ws/`.

use std::process::Command;
use std::time::Duration;

use super::{ECHO, PATHS, checks_against, listening, programs, start};
use crate::report::{Tally, Verdict};
use crate::{install, paths, process};

/// The folder of its files.
const FOLDER: &str = "interop/ws";

/// The longest that one run of our program may take.
const PROGRAM_LIMIT: Duration = Duration::from_secs(30);

/// Its client against `handfast serve`, and against a server made with the library.
pub fn client() -> Verdict {
    let (server, port) = programs::serve("ws-client-serve")?;
    let url = format!("ws://127.0.0.1:{port}/echo");
    let more = ["fragments", "many-messages", "compression", "wrong-origin", "unknown-path"];
    let echo = checks_against(&server, "ws-client-echo", command(&url)?.args(ECHO).args(more))?;

    let (server, port) = programs::serve_with("ws-client-deflate", &["--deflate"])?;
    let url = format!("ws://127.0.0.1:{port}/echo");
    let more = ["compressed", "fragments", "many-messages"];
    let deflate = checks_against(&server, "ws-client-compressed", command(&url)?.args(ECHO).args(more))?;

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
    let library = checks_against(&server, "ws-client-library", command(&url)?.args(ECHO).args(more))?;
    Ok(echo.plus(deflate).plus(library))
}

/// Our client against its server.
pub fn server() -> Verdict {
    let mut node = Command::new(install::npm(FOLDER)?);
    node.arg(paths::at(FOLDER).join("server.mjs"));
    let (server, port) = start("ws-server", &mut node, listening)?;
    let checks = [&ECHO[..], &PATHS, &["compressed", "fragments", "many-messages"]].concat();
    let mut client = programs::client(&format!("ws://127.0.0.1:{port}/echo"), &checks)?;
    let library = checks_against(&server, "ws-server-client", &mut client)?;
    Ok(library.plus(program(port)?))
}

/// The program itself as a client: the echo stands on its output, and a refusal ends it with 1.
fn program(port: u16) -> Verdict {
    let run = |path: &str, log: &str| -> Verdict<process::Ended> {
        let url = format!("ws://127.0.0.1:{port}{path}");
        let mut command =
            programs::handfast(&["connect", &url, "-s", "hello", "-n", "1", "--timeout", "20"])?;
        Ok(process::run("handfast connect", &mut command, install::log(log), PROGRAM_LIMIT)?)
    };
    let echo = run("/echo", "ws-server-connect")?;
    if !echo.success || !echo.text.lines().any(|line| line == "hello") {
        return Err(format!(
            "handfast connect: {}; a line \"hello\" was wanted, came:\n{}",
            echo.how, echo.text
        )
        .into());
    }
    let refused = run("/refuse", "ws-server-refused")?;
    if refused.how != "exit status: 1" || !refused.text.contains("not for you") {
        let text =
            format!("{}; exit status 1 and the body were wanted, came:\n{}", refused.how, refused.text);
        return Err(format!("handfast connect: {text}").into());
    }
    Ok(Tally { passed: 2, ..Tally::default() })
}

/// Its client, ready to check this address; names of checks follow.
pub fn command(url: &str) -> Verdict<Command> {
    let mut node = Command::new(install::npm(FOLDER)?);
    node.arg(paths::at(FOLDER).join("client.mjs")).arg(url);
    Ok(node)
}
