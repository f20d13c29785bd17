//! A certificate for 127.0.0.1, and the private authority that alone vouches for it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::scratch;
use crate::report::Verdict;
use crate::{Outcome, install, process};

/// The longest that making one may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Paths of PEM files.
pub struct Certificates {
    /// The authority's certificate, which clients are to trust.
    pub authority: PathBuf,
    /// The server's certificate.
    pub certificate: String,
    /// The server's key.
    pub key: String,
}

/// Makes both with openssl, in a folder named after the step.
pub fn make(step: &str) -> Verdict<Certificates> {
    let openssl = install::program("openssl", &["openssl"])?;
    let folder = scratch(&format!("{step}-certificates"))?;
    let make = |arguments: &str| -> Outcome {
        let mut command = Command::new(&openssl);
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
        command.args(["-days", "30"]).args(arguments.split(' ')).current_dir(&folder);
        let log = install::log(&format!("{step}-openssl"));
        process::run("openssl", &mut command, log, LIMIT)?.checked("openssl req").map(drop)
    };
    make("-subj /CN=handfast-tests -keyout ca.key -out ca.pem")?;
    make(
        "-CA ca.pem -CAkey ca.key -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost \
         -addext basicConstraints=critical,CA:FALSE -keyout server.key -out server.pem",
    )?;
    let path = |file: &str| folder.join(file).display().to_string();
    Ok(Certificates {
        authority: folder.join("ca.pem"),
        certificate: path("server.pem"),
        key: path("server.key"),
    })
}
