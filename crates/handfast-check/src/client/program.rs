//! The command under test.

use std::path::Path;
use std::process::Stdio;

use tokio::process::{Child, Command};

/// Where common libraries look for the certificates to trust: OpenSSL and all that read its variable, and Node.
const TRUST: [&str; 2] = ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"];

/// Starts the command with this URL, and with the file of the check's authority where it has a place for one. None where the
/// program cannot be started. For wss the authority is also named in the environment.
pub(crate) fn spawn(command: &[String], url: &str, authority: &Path) -> Option<Child> {
    let file = authority.display().to_string();
    let fill = |word: &String| word.replace("{url}", url).replace("{cacert}", &file);
    let mut words: Vec<String> = command.iter().map(fill).collect();
    if !command.iter().any(|word| word.contains("{url}")) {
        words.push(url.to_owned());
    }
    let (program, arguments) = words.split_first()?;
    let mut starting = Command::new(program);
    if url.starts_with("wss://") {
        starting.envs(TRUST.iter().map(|name| (name, &file)));
    }
    starting
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()
}
