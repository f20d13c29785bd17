//! `handfast serve` and `handfast connect` over a Unix socket.
#![cfg(unix)]

mod support;

use std::io::{BufRead, BufReader};
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
        assert_eq!(line, format!("handfast serves http://localhost/ and ws://localhost/echo on {listen}\n"));

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
