//! Who is surveyed: how each is installed and started, and which version it is. Their files are in `interop/survey/`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::interop::gorilla;
use crate::report::Verdict;
use crate::{Outcome, install, paths, process};

/// A server, the smallest that its documentation shows, on a port of 127.0.0.1 that is always the same.
pub struct Server {
    pub name: &'static str,
    pub title: &'static str,
    pub port: u16,
    /// What the operator would tell the checker about it.
    pub options: &'static [&'static str],
    pub start: fn(u16) -> Verdict<Command>,
    pub version: fn() -> Outcome<String>,
    /// A sentence that a reader needs to be fair.
    pub note: &'static str,
}

impl Server {
    /// Where it listens.
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.port)
    }
}

/// A client that connects to the URL behind its command, and ends with the connection.
pub struct Client {
    pub name: &'static str,
    pub title: &'static str,
    /// Options of the check.
    pub options: &'static [&'static str],
    pub command: fn() -> Verdict<Vec<String>>,
    pub version: fn() -> Outcome<String>,
    /// For a browser: the port of the page that runs every case.
    pub browser: Option<u16>,
    pub note: &'static str,
}

const NODE: &str = "interop/survey/node";
const PYTHON: &str = "interop/survey/python";
/// An echo that takes any path and any host, as the smallest servers do.
const ANYWHERE: &[&str] = &["--every-path", "--every-host"];
/// One that routes by path, and takes any host.
const ROUTED: &[&str] = &["--every-host"];
const DEBIAN: &str = "The release that Debian packages, which is not the newest of the library.";

/// All servers.
pub fn servers() -> Vec<Server> {
    let one = |name, title, port, options, start, version, note| Server {
        name,
        title,
        port,
        options,
        start,
        version,
        note,
    };
    vec![
        one(
            "ws",
            "ws (Node)",
            9701,
            ANYWHERE,
            |port| node("server.mjs", &port.to_string()),
            || npm_version("ws"),
            "",
        ),
        one(
            "websockets",
            "websockets (Python)",
            9702,
            ANYWHERE,
            |port| python("websockets_server.py", port),
            || pip_version(&["websockets"]),
            "",
        ),
        one("daphne", "daphne with Django Channels", 9703, ROUTED, daphne, channels_version, ""),
        one(
            "uvicorn",
            "uvicorn (with httptools and websockets)",
            9704,
            ANYWHERE,
            uvicorn,
            || pip_version(&["uvicorn", "httptools", "websockets"]),
            "",
        ),
        one(
            "aiohttp",
            "aiohttp",
            9705,
            ROUTED,
            |port| python("aiohttp_server.py", port),
            || pip_version(&["aiohttp"]),
            "",
        ),
        one(
            "gorilla",
            "gorilla/websocket (Go)",
            9706,
            ANYWHERE,
            |port| go("server", &port.to_string()),
            go_version,
            DEBIAN,
        ),
        one(
            "axum",
            "axum's own ws",
            9707,
            ROUTED,
            |port| rust("axum-server", &port.to_string()),
            || rust_version("axum"),
            "",
        ),
        one(
            "tokio-tungstenite",
            "tokio-tungstenite",
            9708,
            ANYWHERE,
            |port| rust("tungstenite-server", &port.to_string()),
            || rust_version("tokio-tungstenite"),
            "accept_async alone: it answers no refusal, closes instead, and leaves HTTP to the program around it.",
        ),
    ]
}

/// All clients.
pub fn clients() -> Vec<Client> {
    let one = |name, title, command, version, note| Client {
        name,
        title,
        options: &[],
        command,
        version,
        browser: None,
        note,
    };
    vec![
        one("ws", "ws (Node)", || words(node("ws-client.mjs", "{url}")), || npm_version("ws"), ""),
        one(
            "undici",
            "undici (Node)",
            || words(node("undici-client.mjs", "{url}")),
            || npm_version("undici"),
            "",
        ),
        one(
            "websockets",
            "websockets (Python)",
            || python_client("websockets_client.py"),
            || pip_version(&["websockets"]),
            "",
        ),
        one(
            "websocket-client",
            "websocket-client (Python)",
            || python_client("websocket_client.py"),
            || pip_version(&["websocket-client"]),
            "",
        ),
        one("aiohttp", "aiohttp", || python_client("aiohttp_client.py"), || pip_version(&["aiohttp"]), ""),
        one("gorilla", "gorilla/websocket (Go)", || words(go("client", "{url}")), go_version, DEBIAN),
        one(
            "tokio-tungstenite",
            "tokio-tungstenite",
            || words(rust("tungstenite-client", "{url}")),
            || rust_version("tokio-tungstenite"),
            "",
        ),
        Client {
            name: "fastwebsockets",
            title: "fastwebsockets",
            options: &[
                "--exclude",
                "client/request-",
                "--exclude",
                "client/uri-",
                "--exclude",
                "client/tls-missing",
            ],
            command: || words(rust("fastwebsockets-client", "{url}")),
            version: || rust_version("fastwebsockets"),
            browser: None,
            note: "Program and URL are around the library, so rules about requests and URLs are left out.",
        },
        Client {
            name: "chromium",
            title: "Chromium",
            options: &[],
            command: chromium,
            version: || line("chromium", &["--version"]),
            browser: Some(9720),
            note: "By the page of `handfast check-client` without a command, headless.",
        },
    ]
}

fn node(file: &str, argument: &str) -> Verdict<Command> {
    install::npm(NODE)?;
    let mut command = Command::new("node");
    command.arg(format!("{NODE}/{file}")).arg(argument);
    Ok(command)
}

fn venv() -> Verdict<PathBuf> {
    install::pip("survey", &format!("{PYTHON}/requirements.txt"))
}

fn python(file: &str, port: u16) -> Verdict<Command> {
    let mut command = Command::new(venv()?);
    command.arg(format!("{PYTHON}/{file}")).arg(port.to_string());
    Ok(command)
}

fn python_client(file: &str) -> Verdict<Vec<String>> {
    Ok(vec![paths::shown(&venv()?), format!("{PYTHON}/{file}"), "{url}".to_owned()])
}

fn daphne(port: u16) -> Verdict<Command> {
    let mut command = Command::new(install::pip("channels", "interop/channels/requirements.txt")?);
    command.args([
        "-m",
        "daphne",
        "--bind",
        "127.0.0.1",
        "--port",
        &port.to_string(),
        "channels_echo:application",
    ]);
    command.env("PYTHONPATH", paths::at(PYTHON));
    Ok(command)
}

fn uvicorn(port: u16) -> Verdict<Command> {
    let mut command = Command::new(venv()?);
    command.args(["-m", "uvicorn", "--host", "127.0.0.1", "--port", &port.to_string(), "--app-dir", PYTHON]);
    command.arg("asgi_echo:app");
    Ok(command)
}

fn go(part: &str, argument: &str) -> Verdict<Command> {
    let source = format!("interop/survey/go/{part}/main.go");
    let program = gorilla::compile(&source, &format!("survey-gorilla-{part}"))?;
    let mut command = Command::new(paths::shown(&program));
    command.arg(argument);
    Ok(command)
}

fn rust(program: &str, argument: &str) -> Verdict<Command> {
    let folder = install::folder().join("survey-rust");
    let mut build = Command::new(env!("CARGO"));
    build
        .args(["build", "--quiet", "--locked", "--manifest-path"])
        .arg(paths::at("interop/survey/rust/Cargo.toml"));
    build.arg("--target-dir").arg(&folder).current_dir(paths::root());
    let limit = Duration::from_secs(1200);
    process::run("cargo build", &mut build, install::log("survey-rust"), limit)?.checked("cargo build")?;
    let mut command = Command::new(paths::shown(&folder.join("debug").join(program)));
    command.arg(argument);
    Ok(command)
}

fn chromium() -> Verdict<Vec<String>> {
    let program = install::program("chromium", &["chromium", "fonts-dejavu-core"])?;
    let profile = install::folder().join("survey-chromium");
    Ok(vec![
        program.to_string_lossy().into_owned(),
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-gpu".to_owned(),
        format!("--user-data-dir={}", profile.display()),
    ])
}

/// The words of a command, as a person types them at the top of the repository.
fn words(command: Verdict<Command>) -> Verdict<Vec<String>> {
    let command = command?;
    let program = command.get_program().to_string_lossy().into_owned();
    Ok(std::iter::once(program)
        .chain(command.get_args().map(|word| word.to_string_lossy().into_owned()))
        .collect())
}

fn npm_version(package: &str) -> Outcome<String> {
    let path = paths::at(NODE).join("node_modules").join(package).join("package.json");
    let manifest: serde_json::Value =
        serde_json::from_str(&paths::read(&path)?).map_err(|error| error.to_string())?;
    let version = manifest["version"].as_str().unwrap_or_default();
    Ok(format!("{package} {version}, Node {}", line("node", &["--version"])?))
}

fn pip_version(packages: &[&str]) -> Outcome<String> {
    python_versions(&install::folder().join("survey-venv"), packages)
}

fn channels_version() -> Outcome<String> {
    python_versions(&install::folder().join("channels-venv"), &["daphne", "channels", "Twisted", "autobahn"])
}

fn python_versions(home: &Path, packages: &[&str]) -> Outcome<String> {
    let python = home.join("bin/python");
    let python = python.to_string_lossy();
    let script =
        "import sys, importlib.metadata as m\nprint(', '.join(p + ' ' + m.version(p) for p in sys.argv[1:]))";
    let arguments: Vec<&str> = ["-c", script].into_iter().chain(packages.iter().copied()).collect();
    Ok(format!("{}, {}", line(&python, &arguments)?, line(&python, &["--version"])?))
}

fn go_version() -> Outcome<String> {
    let package = "golang-github-gorilla-websocket-dev";
    let version = line("dpkg-query", &["--showformat=${Version}", "--show", package])?;
    let go = line("go", &["version"])?;
    let go = go.split(' ').nth(2).unwrap_or_default().trim_start_matches("go").to_owned();
    Ok(format!("gorilla/websocket {version} of Debian, Go {go}"))
}

fn rust_version(package: &str) -> Outcome<String> {
    let lock = paths::read(&paths::at("interop/survey/rust/Cargo.lock"))?;
    let lock: toml::Table = toml::from_str(&lock).map_err(|error| error.to_string())?;
    let packages = lock.get("package").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let of = |name: &str| {
        // Where two stand there, the older is another library's.
        let found = packages.iter().rfind(|one| one.get("name").and_then(toml::Value::as_str) == Some(name));
        let version =
            found.and_then(|one| one.get("version")).and_then(toml::Value::as_str).unwrap_or_default();
        format!("{name} {version}")
    };
    Ok(if package == "axum" { format!("{}, {}", of("axum"), of("hyper")) } else { of(package) })
}

/// The first line that a program prints.
pub fn line(program: &str, arguments: &[&str]) -> Outcome<String> {
    let output =
        Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().trim().to_owned())
}
