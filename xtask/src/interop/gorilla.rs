//! gorilla/websocket, the WebSocket of Go, as Debian packages it: `interop/gorilla/`.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::{ECHO, PATHS, checks_against, listening, programs, start};
use crate::report::Verdict;
use crate::{install, paths, process};

/// Where Debian puts the sources of Go's libraries.
const GOPATH: &str = "/usr/share/gocode";

/// The longest that building one of the two programs may take.
const LIMIT: Duration = Duration::from_secs(300);

/// Its client against `handfast serve`, and against a server made with the library.
pub fn client() -> Verdict {
    let client = build("client")?;
    let (server, port) = programs::serve("gorilla-client-serve")?;
    let url = format!("ws://127.0.0.1:{port}/echo");
    let more = ["fragments", "compression", "wrong-origin", "unknown-path"];
    let echo =
        checks_against(&server, "gorilla-client-echo", Command::new(&client).arg(url).args(ECHO).args(more))?;

    let (server, port) = programs::serve_with("gorilla-client-deflate", &["--deflate"])?;
    let url = format!("ws://127.0.0.1:{port}/echo");
    let more = ["compressed", "fragments"];
    let deflate = checks_against(
        &server,
        "gorilla-client-compressed",
        Command::new(&client).arg(url).args(ECHO).args(more),
    )?;

    let (server, port) = programs::server("gorilla-client-server")?;
    let url = format!("ws://127.0.0.1:{port}/echo");
    let more = ["fragments", "subprotocol", "server-closes", "refusal", "refusal-fields"];
    let library = checks_against(
        &server,
        "gorilla-client-library",
        Command::new(&client).arg(url).args(ECHO).args(more),
    )?;
    Ok(echo.plus(deflate).plus(library))
}

/// Our client against its server.
pub fn server() -> Verdict {
    let (server, port) = start("gorilla-server", &mut Command::new(build("server")?), listening)?;
    let checks = [&ECHO[..], &PATHS, &["compressed", "fragments", "many-messages"]].concat();
    let mut client = programs::client(&format!("ws://127.0.0.1:{port}/echo"), &checks)?;
    checks_against(&server, "gorilla-server-client", &mut client)
}

/// Compiles `interop/gorilla/NAME/main.go`.
fn build(name: &str) -> Verdict<PathBuf> {
    compile(&format!("interop/gorilla/{name}/main.go"), &format!("gorilla-{name}"))
}

/// Compiles a program that uses gorilla/websocket; the source is named from the top, the program stands in
/// `install::folder()`.
pub fn compile(source: &str, name: &str) -> Verdict<PathBuf> {
    let packages = ["golang", "golang-github-gorilla-websocket-dev"];
    let library = PathBuf::from(GOPATH).join("src/github.com/gorilla/websocket");
    if !library.is_dir() {
        install::apt(&packages, "gorilla/websocket")?;
    }
    let go = install::program("go", &packages)?;
    let binary = install::folder().join(name);
    let mut command = Command::new(go);
    command.env("GOPATH", GOPATH).env("GO111MODULE", "off").args(["build", "-o"]).arg(&binary);
    command.arg(paths::at(source));
    let log = install::log(&format!("build-{name}"));
    process::run("go build", &mut command, log, LIMIT)?.checked("go build")?;
    Ok(binary)
}
