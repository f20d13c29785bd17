//! Runs the program, and speaks raw bytes with it.

#![expect(dead_code, reason = "each test binary uses some of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

/// The program, with nothing on standard input.
pub fn handfast(args: &[&str]) -> Output {
    handfast_with_input(args, b"")
}

/// The program, with `input` on standard input.
pub fn handfast_with_input(args: &[&str], input: &[u8]) -> Output {
    let mut child = command(args).stdin(Stdio::piped()).spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    let input = input.to_vec();
    // Beside the reading of its output: else both could wait for each other with full pipes. It may end before it has read all.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the input was written, or not wanted");
    output
}

/// The program, not yet started, with standard output and standard error in pipes.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handfast"));
    command
        .args(args)
        .env_remove("NO_COLOR")
        // The proxies of the machine are not those of the tests.
        .env_remove("http_proxy")
        .env_remove("ws_proxy")
        .env_remove("WS_PROXY")
        .env_remove("all_proxy")
        .env_remove("ALL_PROXY")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("standard output is text")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("standard error is text")
}

pub fn code(output: &Output) -> i32 {
    output.status.code().expect("the program was not killed")
}

/// A running `handfast serve` on a free port; killed when dropped.
pub struct Serve {
    pub child: Child,
    pub address: SocketAddr,
    /// What it printed first.
    pub line: String,
    pub stdout: BufReader<ChildStdout>,
}

impl Serve {
    pub fn start(args: &[&str]) -> Self {
        let args = [&["serve", "--listen", "127.0.0.1:0"], args].concat();
        let mut child = command(&args).spawn().expect("the program starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("it prints a line");
        let (_, rest) = line.split_once("://").expect("the line has a URL");
        let address =
            rest[..rest.find('/').expect("the URL has a path")].parse().expect("the URL has an address");
        Self { child, address, line, stdout }
    }

    pub fn url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }

    /// Sends a request head with CR LF for each line end, and gives all that comes until the server closes.
    pub fn ask(&self, head: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(head.replace('\n', "\r\n").as_bytes()).expect("the server reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the server closes");
        String::from_utf8(answer).expect("the answer is text")
    }

    /// A page, or what stands at the path.
    pub fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\nHost: {}\n\n", self.address))
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        stream
    }

    /// A WebSocket on `/echo`, opened by hand.
    pub fn open(&self) -> TcpStream {
        let mut stream = self.connect();
        let head = handshake(&self.address.to_string(), "/echo", "");
        stream.write_all(head.as_bytes()).expect("the server reads");
        let answer = read_head(&mut stream);
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        stream
    }

    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(sent.expect("kill can be run").success());
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The handshake of RFC 6455 section 1.3, for another host; `fields` are whole lines.
pub fn handshake(host: &str, target: &str, fields: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{fields}\r\n"
    )
}

/// Reads to the empty line, byte by byte, so that nothing behind it is taken.
pub fn read_head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("the head goes on");
        head.push(byte[0]);
    }
    String::from_utf8(head).expect("the head is text")
}

/// A server for one connection: it reads the request, answers with what `answer` makes of its accept value, and gives back what
/// the client sent after the handshake.
pub struct OneAnswer {
    pub address: SocketAddr,
    thread: std::thread::JoinHandle<Vec<u8>>,
}

impl OneAnswer {
    pub fn start(answer: impl FnOnce(&str) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("the listener has an address");
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client comes");
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
            let head = read_head(&mut stream);
            let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).expect("a key");
            // The client may have closed already.
            let _ = stream.write_all(&answer(&accept_of(key)));
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let mut sent = Vec::new();
            let _ = stream.read_to_end(&mut sent);
            sent
        });
        Self { address, thread }
    }

    pub fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }

    /// What the client sent behind its request.
    pub fn sent(self) -> Vec<u8> {
        self.thread.join().expect("the server's thread ends well")
    }
}

/// A right 101 with `fields` in addition.
pub fn switching(accept: &str, fields: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{fields}\r\n"
    )
    .into_bytes()
}

/// The accept value, from the program itself: its own tests compare it with the vectors.
pub fn accept_of(key: &str) -> String {
    let output = handfast(&["key", key]);
    stdout(&output).trim_end().to_owned()
}

/// How long a test waits for bytes that must come.
pub const PATIENCE: Duration = Duration::from_secs(20);
