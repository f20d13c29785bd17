//! The command under test, and all that it starts.

use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr, Command};

use crate::limits::LAST_WORDS_BYTES_MAX;

/// Where common libraries look for the certificates to trust: OpenSSL and all that read its variable, and Node.
const TRUST: [&str; 2] = ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"];

/// A command that was started. Dropping it ends it, and what it started in its turn, as a script does.
pub(crate) struct Running {
    pub(crate) child: Child,
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

impl Drop for Running {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.group {
            // Nothing is left of the group when all of it has ended by itself.
            let _gone = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// Starts the command with this URL, and with the file of the check's authority where it has a place for one. For wss the
/// authority is also named in the environment. With `heard`, its standard error is a pipe, which must be read.
///
/// # Errors
/// The program cannot be started.
pub(crate) fn spawn(command: &[String], url: &str, authority: &Path, heard: bool) -> io::Result<Running> {
    let file = authority.display().to_string();
    let fill = |word: &String| word.replace("{url}", url).replace("{cacert}", &file);
    let mut words: Vec<String> = command.iter().map(fill).collect();
    if !command.iter().any(|word| word.contains("{url}")) {
        words.push(url.to_owned());
    }
    let (program, arguments) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut starting = Command::new(program);
    if url.starts_with("wss://") {
        starting.envs(TRUST.iter().map(|name| (name, &file)));
    }
    starting
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(if heard { Stdio::piped() } else { Stdio::null() })
        .kill_on_drop(true);
    // A group of its own, which can be ended as a whole.
    #[cfg(unix)]
    starting.process_group(0);
    let child = starting.spawn()?;
    Ok(Running {
        #[cfg(unix)]
        group: child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?)),
        child,
    })
}

/// Reads to the end, and keeps the end of it as one line of text.
pub(crate) async fn last_words(mut stream: ChildStderr) -> String {
    let (mut kept, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        kept.extend_from_slice(&buffer[..length]);
        kept.drain(..kept.len().saturating_sub(LAST_WORDS_BYTES_MAX));
    }
    crate::escape::escape(kept.trim_ascii(), LAST_WORDS_BYTES_MAX)
}
