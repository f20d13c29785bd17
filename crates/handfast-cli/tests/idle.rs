//! Thousands of idle connections at one `handfast serve`.

#![cfg(target_os = "linux")]

mod support;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{Read, Write};
use support::{Serve, code, handfast, stdout};

/// Raises the limit of open files, for this process and the server that it starts.
fn raise_open_files(wanted: u64) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .expect("the limit may be raised so far");
    assert!(
        maximum.is_none_or(|maximum| maximum >= wanted),
        "{wanted} open files are needed: raise ulimit -Hn"
    );
}

/// Resident memory of a process, in bytes.
fn resident(process: u32) -> usize {
    let statm = std::fs::read_to_string(format!("/proc/{process}/statm")).expect("Linux tells");
    let pages: usize = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    pages * 4096
}

fn idle(count: usize) {
    raise_open_files(count as u64 + 100);
    let serve = Serve::start(&["--threads", "2"]);
    let serves_others = || {
        let output = handfast(&["connect", &serve.url("/echo"), "-s", "hello", "-n", "1", "--timeout", "10"]);
        assert_eq!((code(&output), stdout(&output).as_str()), (0, "hello\n"));
    };
    serves_others();
    let before = resident(serve.child.id());
    let mut open: Vec<_> = (0..count).map(|_| serve.open()).collect();
    serves_others();
    let grown = resident(serve.child.id()).saturating_sub(before) / count;
    // Task, stream and connection; no buffer.
    assert!(grown <= 4 << 10, "the server grew by {grown} bytes for each of {count} idle connections");
    for tcp in &mut open {
        tcp.write_all(b"\x81\x82\0\0\0\0hi").expect("the server reads");
    }
    for tcp in &mut open {
        let mut answer = [0; 4];
        tcp.read_exact(&mut answer).expect("the server answers");
        assert_eq!(&answer, b"\x81\x02hi");
    }
}

#[test]
fn two_thousand_idle_connections_take_little_memory_and_others_are_served() {
    idle(2000);
}

#[test]
#[ignore = "takes ten thousand open files: cargo xtask test --full"]
fn ten_thousand_idle_connections_take_little_memory_and_others_are_served() {
    idle(10_000);
}
