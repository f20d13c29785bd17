//! `handfast check`: exit codes, files, and lines of JSON.

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::thread;

use support::{Serve, code, command, handfast, stderr, stdout};

/// A file of this test program's own.
fn file(name: &str) -> String {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name).display().to_string()
}

/// A server of pages, which knows no WebSocket and answers 200 to everything.
fn pages() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let _head = stream.read(&mut [0; 4096]);
                let _gone =
                    stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            });
        }
    });
    address
}

#[test]
fn lines_of_json_go_to_standard_output_and_to_a_file_alike() {
    let serve = Serve::start(&[]);
    let (url, path) = (serve.url("/echo"), file("lines.jsonl"));
    let output =
        handfast(&["check", &url, "--only", "server/version", "--format", "jsonl", "--output", &path]);
    assert_eq!((code(&output), stderr(&output)), (0, String::new()));
    let told = stdout(&output);
    assert_eq!(told, std::fs::read_to_string(path).expect("the file was written"));
    let lines: Vec<serde_json::Value> =
        told.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    assert_eq!(lines[0]["begin"]["target"], url);
    assert_eq!(lines[lines.len() - 1]["end"]["summary"]["pass"], 11);
    assert_eq!(lines.iter().filter(|line| line.get("result").is_some()).count(), 11);
}

#[test]
fn what_was_broken_before_does_not_count_and_what_is_not_asked_for_neither() {
    let (url, before) = (format!("ws://{}/", pages()), file("before.json"));
    let check = |more: &[&str]| {
        let only = ["--only", "server/correct-handshake-refused"];
        handfast(&[&["check", &url][..], &only, more].concat())
    };
    let output = check(&["-o", &before]);
    assert_eq!(code(&output), 1, "{}", stdout(&output));
    assert!(stdout(&output).contains("It broke at upgrade: HTTP/1.1 200 OK"));
    assert_eq!(code(&check(&["--baseline", &before])), 0);
    assert_eq!(code(&check(&["--fail-on", "never"])), 0);
    let serve = Serve::start(&[]);
    let nothing = ["--only", "server/key", "--exclude", "server/"];
    let output = handfast(&[&["check", &serve.url("/echo")][..], &nothing].concat());
    assert_eq!(code(&output), 4, "nothing judged is no pass: {}", stdout(&output));
}

#[test]
fn a_server_that_is_not_there_is_told_from_wrong_use() {
    let output = handfast(&["check", "ws://127.0.0.1:1/"]);
    assert_eq!(code(&output), 3, "{}", stdout(&output));
    assert!(stdout(&output).contains("It broke at tcp: 127.0.0.1:1: "), "{}", stdout(&output));
    // What cannot be done is said before anything is sent.
    for (more, words) in [
        (["--output", "report.pdf"], "the extension must be txt, json, jsonl, xml, html or md"),
        (["--baseline", "missing.json"], "--baseline missing.json: "),
        (["--only", "server/key-lenght"], "the nearest is server/key-length"),
        (["--exclude", "client/"], "--exclude client/: this check has no such rule"),
        (["--only", "server/sub"], "server/sub* takes all that begin so"),
        (["--header", "A: b\nC: d"], "one line without control characters"),
        (["--subprotocol", "a b"], "a subprotocol is one word"),
    ] {
        let output = command(&["check", "ws://127.0.0.1:1/"]).args(more).output().expect("the program runs");
        assert_eq!((code(&output), stdout(&output).as_str()), (2, ""));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}

#[test]
fn the_client_of_this_program_keeps_the_rule_of_certificates() {
    let client = [env!("CARGO_BIN_EXE_handfast"), "connect", "--send", "hi", "--count", "1", "{url}"];
    let rules = ["--only", "client/tls-missing", "--only", "client/accept-missing-opens", "--all"];
    let output = handfast(&[&["check-client"][..], &rules, &["--"], &client].concat());
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    assert!(stdout(&output).contains("2 rules judged: 2 kept, "), "{}", stdout(&output));
    assert!(stdout(&output).contains("with a right certificate it opened; "), "{}", stdout(&output));
}

#[test]
fn why_wants_a_text() {
    for text in ["", "  "] {
        let output = handfast(&["why", text]);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains("give the text of the message"), "{}", stderr(&output));
    }
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_the_run_and_leaves_nothing_behind() {
    let (good, bad) = (file("before-the-run.json"), file("no-such-folder/report.json"));
    let output = handfast(&["check", "ws://127.0.0.1:1/", "-o", &good, "-o", &bad]);
    assert_eq!((code(&output), stdout(&output).as_str()), (5, ""));
    assert!(stderr(&output).contains("cannot write "), "{}", stderr(&output));
    assert!(!PathBuf::from(good).exists(), "an empty report is no report");
}

#[test]
fn a_verdict_counts_although_nobody_reads_the_report() {
    use std::process::Stdio;
    let url = format!("ws://{}/", pages());
    for format in ["human", "jsonl"] {
        let (mut run, path) =
            (command(&["check", &url, "--format", format]), file(&format!("{format}-unread.md")));
        let mut run = run.args(["-o", &path]).stdout(Stdio::piped()).spawn().expect("the program runs");
        drop(run.stdout.take());
        assert_eq!(run.wait().expect("it ends").code(), Some(1), "{format}");
        let report = std::fs::read_to_string(path).expect("the file was written");
        assert!(report.contains("server/correct-handshake-refused"), "{report}");
    }
}

#[test]
fn a_port_that_never_speaks_http_was_not_reached_and_breaks_no_rule() {
    type Answer = fn(&mut std::net::TcpStream);
    let answers: [(Answer, &str); 3] = [
        (|_| (), "the connection closed without a byte"),
        (|stream| drop(stream.write_all(b"SSH-2.0-x\r\n\r\n")), "no HTTP answer: SSH-2.0-x"),
        // Without end and without a line: this ran for ever and kept all of it.
        (|stream| while stream.write_all(&[b'a'; 65_536]).is_ok() {}, "no HTTP answer: aaaa"),
    ];
    for (answer, words) in answers {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("ws://{}/", listener.local_addr().expect("bound"));
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    let _head = stream.read(&mut [0; 4096]);
                    answer(&mut stream);
                });
            }
        });
        let output = handfast(&["check", &url, "--timeout", "2"]);
        assert_eq!(code(&output), 3, "{}", stdout(&output));
        assert!(stdout(&output).contains(words), "{}", stdout(&output));
        assert!(stdout(&output).contains("0 rules judged"), "{}", stdout(&output));
    }
}

#[cfg(unix)]
#[test]
fn a_client_that_says_nothing_right_is_told_why() {
    let run = |words: &[&str]| handfast(&[&CHECK_CLIENT[..], words].concat());
    let output = run(&["no-such-program", "{url}"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("no-such-program cannot be started"), "{}", stderr(&output));
    let output = run(&["sh", "-c", "echo no config >&2; exit 3"]);
    assert_eq!(code(&output), 3);
    let words = "It broke at start: the client never connected; it ended with exit status 3; its last words: no config";
    assert!(stdout(&output).contains(words), "{}", stdout(&output));
}

/// A check of clients by one rule, up to the command.
#[cfg(unix)]
const CHECK_CLIENT: [&str; 4] = ["check-client", "--only", "client/accept-missing-opens", "--"];

/// The process whose number the file holds has ended; one that waits to be reaped has, too. Only Linux tells.
#[cfg(target_os = "linux")]
fn has_ended(path: &str) -> bool {
    let child = std::fs::read_to_string(path).expect("the shell ran");
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.trim()));
    stat.is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
}

/// It ends, or has ended: who is killed may need a moment for it.
#[cfg(target_os = "linux")]
fn ends(path: &str) -> bool {
    (0..500).any(|_| {
        thread::sleep(std::time::Duration::from_millis(10));
        has_ended(path)
    })
}

#[cfg(target_os = "linux")]
#[test]
fn a_shell_and_what_it_started_go_with_its_check() {
    let path = file("child.pid");
    let script = format!("sleep 600 & echo $! >'{path}'");
    assert_eq!(code(&handfast(&[&CHECK_CLIENT[..], &["sh", "-c", &script]].concat())), 3);
    assert!(ends(&path));
}

#[cfg(target_os = "linux")]
#[test]
fn clients_end_when_the_terminal_closes_unless_the_check_was_told_to_stay() {
    use std::process::{Command, Stdio};
    use std::time::Duration;
    for (how, stays) in [("--default-signal=HUP", false), ("--ignore-signal=HUP", true)] {
        let path = file(&format!("hangup-{stays}.pid"));
        let _none = std::fs::remove_file(&path);
        let script = format!("echo $$ >'{path}'; exec sleep 600");
        // `env` becomes the program, so that the signals reach it.
        let mut check = Command::new("env")
            .args([how, env!("CARGO_BIN_EXE_handfast")])
            .args([&CHECK_CLIENT[..], &["sh", "-c", &script]].concat())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("env can be run");
        let id = check.id().to_string();
        let signal = |name: &str| {
            let sent = Command::new("kill").args([name, &id]).status();
            assert!(sent.expect("kill can be run").success());
        };
        while !std::fs::read_to_string(&path).is_ok_and(|child| child.ends_with('\n')) {
            thread::sleep(Duration::from_millis(10));
        }
        signal("-HUP");
        if stays {
            thread::sleep(Duration::from_millis(300));
            assert!(!has_ended(&path), "it was told to ignore SIGHUP");
            signal("-TERM");
        }
        assert_eq!(check.wait().expect("it ends").code(), Some(130), "{how}");
        assert!(ends(&path), "{how}: the client was left");
    }
}
