//! What the pages show of the program is what it does: each `console` block is run and compared.

#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const PAGES: [&str; 4] = ["README.md", "docs/handshake.md", "docs/bench.md", "docs/check.md"];

/// The port that the pages speak of.
const PORT: &str = "8080";

#[test]
fn every_console_block_shows_what_the_program_does() {
    let server = Server::start();
    let mut wrong = Vec::new();
    let mut count = 0;
    for page in PAGES {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        for (command, shown) in commands(&text) {
            count += 1;
            let printed = comparable(&run(&command, &server.port).replace(&server.port, PORT));
            if printed != comparable(&shown) {
                wrong.push(format!("{page}: $ {command}\n--- shown\n{shown}--- printed\n{printed}"));
            }
        }
    }
    assert!(count >= PAGES.len(), "only {count} commands were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_recipe_for_continuous_integration_checks_the_server_and_shows_what_came() {
    let page = std::fs::read_to_string(root().join("docs/check.md")).unwrap();
    let steps = steps(&page);
    let script = |name: &str| {
        let step = steps.iter().find(|(step, _)| step == name);
        &step.unwrap_or_else(|| panic!("no step is called {name}: {steps:?}")).1
    };
    let server = Server::start();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("recipe");
    let _left_over = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["Wait for it", "Check the handshake", "Show what came"] {
        let place = format!("cd '{0}' && export GITHUB_STEP_SUMMARY='{0}/summary'", folder.display());
        // As GitHub runs it.
        let (text, fine) = shell(&format!("{place} && set -e\n{}", script(name)), &server.port);
        assert!(fine, "{name}: {text}");
    }
    let summary = std::fs::read_to_string(folder.join("summary")).unwrap();
    assert!(summary.contains(" 0 broken"), "{summary}");
    for file in ["handshake.html", "handshake.xml"] {
        assert!(std::fs::read_to_string(folder.join(file)).unwrap().contains("server/key-length"), "{file}");
    }
}

/// The steps of the first workflow of a page: names, and what they run.
fn steps(page: &str) -> Vec<(String, String)> {
    let (_, workflow) = page.split_once("```yaml\n").expect("the page has a workflow");
    let (workflow, _) = workflow.split_once("```").expect("the workflow ends");
    let mut steps: Vec<(String, String)> = Vec::new();
    // The indentation of the script that is being read.
    let mut inside = None;
    for line in workflow.lines() {
        let (depth, text) = (line.len() - line.trim_start().len(), line.trim());
        match (inside, steps.last_mut()) {
            (Some(script), Some((_, run))) if depth >= script => *run += &format!("{text}\n"),
            (_, last) => {
                inside = None;
                if let Some(name) = text.strip_prefix("- name: ") {
                    steps.push((name.to_owned(), String::new()));
                } else if let (Some(run), Some((_, script))) = (text.strip_prefix("run: "), last) {
                    match run {
                        "|" => inside = Some(depth + 2),
                        run => script.push_str(run),
                    }
                }
            }
        }
    }
    steps
}

/// `handfast serve` on a free port, until it is dropped.
struct Server {
    child: Child,
    port: String,
}

impl Server {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_handfast"));
        let mut child =
            command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (_, rest) = line.split_once("http://127.0.0.1:").expect("the line names the address");
        let port = rest.split('/').next().unwrap().to_owned();
        Self { child, port }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Each line behind a `$` of the console blocks, with what the page shows below it.
fn commands(page: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            _ if !inside => {}
            _ => match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command.to_owned(), String::new())),
                (None, Some((_, shown))) => *shown += &format!("{line}\n"),
                (None, None) => panic!("a console block begins with a command"),
            },
        }
    }
    commands
}

/// Both streams of a shell command, in the order in which they were written.
fn run(command: &str, port: &str) -> String {
    shell(command, port).0
}

/// The same, and whether it succeeded.
fn shell(command: &str, port: &str) -> (String, bool) {
    let program = Path::new(env!("CARGO_BIN_EXE_handfast"));
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1; {}", command.replace(PORT, port))])
        .env("PATH", format!("{}:{path}", program.parent().unwrap().display()))
        .env("no_proxy", "*")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.success())
}

/// Without carriage returns, and with the random key and its accept value taken out.
fn comparable(text: &str) -> String {
    let line = |line: &str| match line.split_once(": ") {
        Some((name @ ("> Sec-WebSocket-Key" | "< Sec-WebSocket-Accept"), value)) => {
            format!("{name}: {} characters\n", value.len())
        }
        _ => format!("{}\n", line.trim_end()),
    };
    text.lines().map(line).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
