//! Listening on a Unix socket: the file it is reached by, and its end.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use tokio::net::{UnixListener, UnixStream};

/// Binds to `path`, over the file of a socket that nobody listens on any more.
pub(super) async fn bind(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let named = |error: io::Error| {
        io::Error::new(error.kind(), format!("cannot listen on unix:{}: {error}", path.display()))
    };
    remove_stale(path).await.map_err(named)?;
    let listener = UnixListener::bind(path).map_err(named)?;
    // Absolute, since the program may go elsewhere meanwhile.
    let file = std::path::absolute(path).and_then(|path| SocketFile::of(&path)).map_err(named)?;
    Ok((listener, file))
}

/// The file of a socket that this program has bound, removed when this is dropped, unless another has taken its place.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), identity: identity(&fs::symlink_metadata(path)?) })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|now| identity(&now) == self.identity) {
            // What is left is taken for stale by the next who binds there.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes what a server has left behind that ended without removing it. Anything else at `path` stays: other files, and
/// sockets that answer, or that cannot be asked.
async fn remove_stale(path: &Path) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !found.file_type().is_socket() {
        let why = "there is a file that is no socket, and it is not removed";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
        Ok(_) => return Err(io::Error::new(io::ErrorKind::AddrInUse, "another program listens there")),
        Err(error) => return Err(error),
    }
    // Another server may have begun meanwhile, with a socket of its own.
    match fs::symlink_metadata(path) {
        Ok(now) if identity(&now) == identity(&found) => fs::remove_file(path),
        _ => Ok(()),
    }
}

/// The file itself, whatever its name.
fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}
