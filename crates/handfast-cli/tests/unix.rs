//! `handfast serve` and `handfast connect` over a Unix socket.
#![cfg(unix)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use support::{code, command, handfast, stderr, stdout};

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn folder(name: &str) -> Folder {
    let path = std::env::temp_dir().join(format!("handfast-cli-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).expect("a directory can be made");
    Folder(path)
}

#[test]
fn connect_talks_with_serve_over_a_socket_and_its_file_goes_with_it() {
    for threads in ["1", "2"] {
        let folder = folder("talk");
        let path = folder.0.join("socket");
        let (path, listen) = (path.to_str().unwrap(), format!("unix:{}", path.display()));
        // What a server that was killed has left behind.
        drop(std::os::unix::net::UnixListener::bind(path).expect("the path is free"));
        let mut serve = command(&["serve", "--listen", &listen, "--threads", threads]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(serve.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(
            line,
            format!(
                "handfast serves http://localhost/ and ws://localhost/echo on {listen}: \
                 handfast connect --unix-socket {path} ws://localhost/echo\n"
            )
        );

        let connect = ["connect", "--unix-socket", path, "-v", "-s", "hello", "-n", "1"];
        let output = handfast(&[connect.as_slice(), &["ws://chat.example/echo"]].concat());
        assert_eq!((code(&output), &*stdout(&output)), (0, "hello\n"), "{}", stderr(&output));
        assert!(stderr(&output).contains(path), "{}", stderr(&output));

        let second = handfast(&["serve", "--listen", &listen]);
        assert_eq!(code(&second), 5);
        assert!(stderr(&second).contains("another program listens there"), "{}", stderr(&second));

        let id = serve.id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert_eq!(serve.wait().unwrap().code(), Some(0));
        assert!(!std::path::Path::new(path).exists());
    }
}

#[test]
fn the_page_comes_over_a_socket_and_says_that_a_probe_needs_a_port() {
    let folder = folder("page");
    let path = folder.0.join("socket");
    let listen = format!("unix:{}", path.display());
    let mut serve = command(&["serve", "--listen", &listen, "--threads", "1"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(serve.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let get = |target: &str| {
        let mut stream = std::os::unix::net::UnixStream::connect(&path).expect("the server listens");
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let page = get("/");
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("<!doctype html>"), "{page}");
    let probe = get("/api/probe?rule=server/key-length");
    assert!(probe.starts_with("HTTP/1.1 404 ") && probe.contains("Unix socket"), "{probe}");
    let unknown = get("/api/probe?rule=server/no-such-rule");
    assert!(unknown.contains("no such rule"), "{unknown}");
    serve.kill().unwrap();
    serve.wait().unwrap();
}
