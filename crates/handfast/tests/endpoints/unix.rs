//! Servers on Unix sockets.

use crate::support::{REQUEST, as_tested, echo, soon};
use handfast::{Client, CloseCode, Error, HttpResponse, Message, Peer, Server, ServerHandle};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

/// A directory of the test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("handfast-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("socket")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn client(path: &Path) -> Client {
    Client::new("ws://server.example/").unwrap().unix(path)
}

fn serve(server: Server) -> (ServerHandle, JoinHandle<Result<(), Error>>) {
    let handle = server.handle();
    (handle, tokio::spawn(server.serve(echo)))
}

async fn is_echoed(path: &Path) {
    let mut ws = soon(client(path).connect()).await.unwrap();
    ws.send("hello").await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap(), Some(Message::text("hello")));
    soon(ws.close(CloseCode::NORMAL, "")).await.unwrap();
}

#[tokio::test]
async fn a_server_on_a_path_serves_drains_and_takes_its_file_away() {
    let folder = Folder::new("bind");
    let (handle, task) = serve(as_tested(Server::bind_unix(folder.socket()).await.unwrap()));
    is_echoed(&folder.socket()).await;
    let mut open = soon(client(&folder.socket()).connect()).await.unwrap();
    let drained = handle.drain(Duration::from_secs(10));
    assert_eq!(soon(open.recv()).await.unwrap(), None);
    assert_eq!(open.close_received().map(|close| close.code()), Some(CloseCode::GOING_AWAY));
    soon(drained).await;
    soon(task).await.unwrap().unwrap();
    assert!(!folder.socket().exists());
}

#[tokio::test]
async fn a_listener_of_ones_own_keeps_its_file() {
    let folder = Folder::new("own");
    let listener = UnixListener::bind(folder.socket()).unwrap();
    let (handle, task) = serve(Server::from_unix_listener(listener));
    is_echoed(&folder.socket()).await;
    soon(handle.drain(Duration::from_secs(10))).await;
    soon(task).await.unwrap().unwrap();
    assert!(folder.socket().exists());
}

#[tokio::test]
async fn a_stale_socket_gives_way_and_a_live_one_or_another_file_does_not() {
    let folder = Folder::new("stale");
    // The file outlives its listener.
    drop(UnixListener::bind(folder.socket()).unwrap());
    let (_, task) = serve(as_tested(Server::bind_unix(folder.socket()).await.unwrap()));
    let error = Server::bind_unix(folder.socket()).await.unwrap_err();
    assert!(matches!(&error, Error::Io(error) if error.kind() == std::io::ErrorKind::AddrInUse), "{error}");
    assert!(error.to_string().contains("another program listens there"), "{error}");
    is_echoed(&folder.socket()).await;
    task.abort();

    let file = folder.0.join("file");
    std::fs::write(&file, "precious").unwrap();
    let error = Server::bind_unix(&file).await.unwrap_err();
    assert!(error.to_string().contains("no socket"), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    let link = folder.0.join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert!(Server::bind_unix(&link).await.is_err());
    assert!(link.exists());
}

#[tokio::test]
async fn a_socket_that_has_taken_the_servers_place_is_left_alone() {
    let folder = Folder::new("replaced");
    let server = as_tested(Server::bind_unix(folder.socket()).await.unwrap());
    std::fs::rename(folder.socket(), folder.0.join("aside")).unwrap();
    let _other = UnixListener::bind(folder.socket()).unwrap();
    drop(server);
    assert!(folder.socket().exists());
}

#[tokio::test]
async fn who_comes_over_a_unix_socket_has_no_address_but_a_user() {
    let folder = Folder::new("peer");
    let server = as_tested(Server::bind_unix(folder.socket()).await.unwrap());
    assert!(server.local_addr().is_err());
    let own = std::fs::metadata(&folder.0).map(|own| std::os::unix::fs::MetadataExt::uid(&own)).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (refused, failed) = (seen.clone(), seen.clone());
    let server = server
        .on_refusal(move |refusal| refused.lock().unwrap().push(refusal.peer))
        .on_error(move |peer, _| failed.lock().unwrap().push(peer.expect("the connection has a peer")));
    let task = tokio::spawn(server.run(move |request| async move {
        assert_eq!((request.peer(), request.peer().addr()), (Peer::Unix, None));
        assert!(request.transport().peer_addr().is_err());
        assert_eq!(request.transport().peer_cred()?.uid(), own);
        request.respond(HttpResponse::text(404, "no")).await?;
        Err(Error::other("on purpose"))
    }));
    for request in [REQUEST, "no request\r\n\r\n"] {
        let mut unix = UnixStream::connect(folder.socket()).await.unwrap();
        unix.write_all(request.as_bytes()).await.unwrap();
        unix.shutdown().await.unwrap();
        let mut answer = Vec::new();
        soon(unix.read_to_end(&mut answer)).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 4"), "{}", answer.escape_ascii());
    }
    while seen.lock().unwrap().len() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(*seen.lock().unwrap(), [Peer::Unix, Peer::Unix]);
    task.abort();
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_accepted_over_a_unix_socket() {
    let folder = Folder::new("bytes");
    let (_, task) = serve(as_tested(Server::bind_unix(folder.socket()).await.unwrap()));
    let mut unix = UnixStream::connect(folder.socket()).await.unwrap();
    for byte in REQUEST.as_bytes() {
        unix.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut answer = [0; 12];
    soon(unix.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    task.abort();
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn a_server_on_a_unix_socket_speaks_tls() {
    let folder = Folder::new("encrypted");
    let certificates = crate::tls::certificates("server.example");
    let server = as_tested(Server::bind_unix(folder.socket()).await.unwrap()).tls(certificates.identity);
    let (_, task) = serve(server);
    let tls = handfast::TlsConfig::new().add_roots_pem(certificates.root.as_bytes()).unwrap();
    let client = Client::new("wss://server.example/").unwrap().tls(tls).unix(folder.socket());
    let mut ws = soon(client.connect()).await.unwrap();
    assert!(ws.get_ref().is_tls());
    ws.send("hello").await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap(), Some(Message::text("hello")));
    task.abort();
}

#[tokio::test]
async fn a_copy_of_the_listening_socket_serves_too() {
    use std::os::fd::AsFd;
    let folder = Folder::new("copy");
    let first = as_tested(Server::bind_unix(folder.socket()).await.unwrap());
    let copy: std::os::unix::net::UnixListener = first.as_fd().try_clone_to_owned().unwrap().into();
    let (handle, task) = serve(Server::from_unix_listener(UnixListener::from_std(copy).unwrap()));
    is_echoed(&folder.socket()).await;
    soon(handle.drain(Duration::from_secs(10))).await;
    soon(task).await.unwrap().unwrap();
    // The first has not accepted yet; its socket still listens.
    let (_, task) = serve(first);
    is_echoed(&folder.socket()).await;
    task.abort();
}
