//! `handfast connect --reconnect`.

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use support::{PATIENCE, Serve, accept_of, code, handfast, read_head, stderr, stdout, switching};

/// Serves one connection after the other, each in its own way; gives the texts that each of them got.
fn script(ways: Vec<fn(&mut TcpStream, &str)>) -> (String, JoinHandle<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("ws://{}/", listener.local_addr().expect("it has an address"));
    let serving = std::thread::spawn(move || {
        let serve = |way: fn(&mut TcpStream, &str)| {
            let (mut stream, _) = listener.accept().expect("a client comes");
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
            let head = read_head(&mut stream);
            let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).expect("a key");
            way(&mut stream, &accept_of(key));
            // So that all that was written arrives, and what is read is all that was sent.
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let mut sent = Vec::new();
            let _ = stream.read_to_end(&mut sent);
            sent
        };
        ways.into_iter().map(serve).collect()
    });
    (url, serving)
}

fn write(stream: &mut TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).expect("the client reads");
}

/// Opens, says something and goes without a Close frame.
fn lose(stream: &mut TcpStream, accept: &str) {
    write(stream, &switching(accept, ""));
    write(stream, b"\x81\x03one");
}

fn waits(text: &str) -> usize {
    text.matches("connecting again in ").count()
}

#[test]
fn a_lost_connection_and_a_cut_handshake_are_made_good_and_each_wait_is_told() {
    let go_away = |stream: &mut TcpStream, accept: &str| {
        write(stream, &switching(accept, ""));
        write(stream, b"\x81\x03two\x88\x02\x03\xe9");
    };
    let end = |stream: &mut TcpStream, accept: &str| {
        write(stream, &switching(accept, ""));
        write(stream, b"\x81\x05three");
        // Until the client has closed.
        let _ = stream.read(&mut [0; 100]);
        write(stream, b"\x88\x02\x03\xe8");
    };
    let (url, serving) = script(vec![lose, |_, _| {}, go_away, end]);
    let output = handfast(&["connect", "--reconnect", "--reconnect-wait", "0.1", "-n", "3", &url]);
    let errors = stderr(&output);
    assert_eq!((code(&output), &*stdout(&output)), (0, "one\ntwo\nthree\n"), "{errors}");
    assert_eq!(waits(&errors), 3, "{errors}");
    assert!(errors.contains("CLOSE 1001"), "{errors}");
    serving.join().expect("the server ends well");
}

#[test]
fn without_the_option_a_lost_connection_is_the_end() {
    let (url, serving) = script(vec![lose]);
    let output = handfast(&["connect", "-n", "3", &url]);
    assert_eq!((code(&output), waits(&stderr(&output))), (6, 0), "{}", stderr(&output));
    serving.join().expect("the server ends well");
}

#[test]
fn what_was_sent_is_not_sent_again_and_what_was_not_comes_next() {
    let read_one = |stream: &mut TcpStream, accept: &str| {
        write(stream, &switching(accept, ""));
        // One masked text of one letter.
        stream.read_exact(&mut [0; 7]).expect("a text comes");
    };
    let echo_one = |stream: &mut TcpStream, accept: &str| {
        write(stream, &switching(accept, ""));
        let mut frame = [0; 7];
        stream.read_exact(&mut frame).expect("a text comes");
        write(stream, &[0x81, 1, frame[6] ^ frame[2]]);
        let _ = stream.read(&mut [0; 100]);
        write(stream, b"\x88\x02\x03\xe8");
    };
    let (url, serving) = script(vec![read_one, echo_one]);
    let mut child = support::command(&["connect", "--reconnect", "--reconnect-wait", "0.1", "-n", "1", &url])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    let mut errors = std::io::BufReader::new(child.stderr.take().expect("standard error is a pipe"));
    stdin.write_all(b"a\n").expect("it reads");
    let mut line = String::new();
    while !line.contains("connecting again in ") {
        line.clear();
        let count = std::io::BufRead::read_line(&mut errors, &mut line).expect("it is told");
        assert_ne!(count, 0, "it ended without connecting again");
    }
    stdin.write_all(b"b\n").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((code(&output), &*stdout(&output)), (0, "b\n"));
    serving.join().expect("the server ends well");
}

#[test]
fn what_stays_wrong_is_not_tried_again_and_attempts_are_bounded_on_request() {
    let serve = Serve::start(&[]);
    let output = handfast(&["connect", "--reconnect", &serve.url("/nothing")]);
    assert_eq!((code(&output), waits(&stderr(&output))), (1, 0), "{}", stderr(&output));

    let free = TcpListener::bind("127.0.0.1:0").expect("a port is free").local_addr().expect("an address");
    let url = format!("ws://{free}/");
    let output = handfast(&["connect", "--reconnect=3", "--reconnect-wait", "0.1", &url]);
    assert_eq!((code(&output), waits(&stderr(&output))), (3, 2), "{}", stderr(&output));
    let output = handfast(&["connect", "--reconnect-wait", "1", &url]);
    assert_eq!(code(&output), 2, "it means nothing without --reconnect");
    // All was sent, and no number of messages is waited for: nothing is left to connect again for.
    let hear = |stream: &mut TcpStream, accept: &str| {
        write(stream, &switching(accept, ""));
        stream.read_exact(&mut [0; 7]).expect("a text comes");
    };
    let (url, serving) = script(vec![hear]);
    let output = handfast(&["connect", "--reconnect", "-s", "a", &url]);
    assert_eq!((code(&output), waits(&stderr(&output))), (6, 0), "{}", stderr(&output));
    serving.join().expect("the server ends well");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_wait() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port is free").local_addr().expect("an address");
    let url = format!("ws://{free}/");
    let mut child = support::command(&["connect", "--reconnect", "--reconnect-wait", "60", &url])
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    let mut errors = std::io::BufReader::new(child.stderr.take().expect("standard error is a pipe"));
    std::io::BufRead::read_line(&mut errors, &mut line).expect("it is told");
    assert_eq!(waits(&line), 1, "{line}");
    let sent = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(sent.expect("kill can be run").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}
