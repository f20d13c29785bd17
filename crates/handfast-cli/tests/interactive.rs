//! `handfast connect` at a terminal.
#![cfg(unix)]

mod support;

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use support::{OneAnswer, PATIENCE, Serve, command, switching};

/// The program at a terminal of its own.
struct Terminal {
    child: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    shown: String,
    /// Keeps the terminal, and shows its settings.
    slave: File,
}

impl Terminal {
    fn start(args: &[&str]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).expect("the terminal is granted");
        unlockpt(&master).expect("the terminal is unlocked");
        let name = ptsname(&master, Vec::new()).expect("the terminal has a name");
        let slave =
            File::from(open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("the terminal opens"));
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&slave, size).expect("the terminal has a size");
        let end = || Stdio::from(slave.try_clone().expect("the terminal is shared"));
        let child =
            command(args).stdin(end()).stdout(end()).stderr(end()).spawn().expect("the program starts");
        let keyboard = File::from(master);
        let mut reader = keyboard.try_clone().expect("the terminal is shared");
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, keyboard, screen, shown: String::new(), slave }
    }

    /// Waits until `text` was shown after what was waited for before.
    fn expect(&mut self, text: &str) {
        loop {
            if let Some(place) = self.shown.find(text) {
                self.shown.drain(..place + text.len());
                return;
            }
            let more = self.screen.recv_timeout(PATIENCE);
            let more = more.unwrap_or_else(|_| panic!("{text:?} is not in {:?}", self.shown));
            self.shown.push_str(&String::from_utf8_lossy(&more));
        }
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    fn exit_code(&mut self) -> Option<i32> {
        let code = self.child.wait().expect("the program ends").code();
        let modes = tcgetattr(&self.slave).expect("the terminal is still there").local_modes;
        assert!(modes.contains(rustix::termios::LocalModes::ICANON), "the terminal was given back");
        code
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn lines_are_sent_commands_obeyed_and_history_kept() {
    let serve = Serve::start(&[]);
    let mut terminal = Terminal::start(&["connect", &serve.url("/echo"), "--color", "never"]);
    terminal.expect("= connected");
    terminal.press("hello\r");
    terminal.expect("< hello");
    terminal.press("/ping abc\r");
    terminal.expect("= PONG \"abc\" [3 bytes]");
    terminal.press("/join\r");
    terminal.expect("= /join is no command. Write //join");
    terminal.press("//join\r");
    terminal.expect("< /join");
    // Two lines up in the history.
    terminal.press("\x1b[A\x1b[A\x1b[A\x1b[A\r");
    terminal.expect("< hello");
    terminal.press("/close 4000 enough\r");
    terminal.expect("= CLOSE 4000 \"enough\"");
    terminal.expect("= closed: CLOSE 4000");
    assert_eq!(terminal.exit_code(), Some(0));
}

#[test]
fn ctrl_d_leaves_with_0_and_ctrl_c_with_130() {
    let serve = Serve::start(&[]);
    for (key, code) in [("\x04", 0), ("\x03", 130)] {
        let mut terminal = Terminal::start(&["connect", &serve.url("/echo"), "--color", "never"]);
        terminal.expect("= connected");
        terminal.press(key);
        terminal.expect("= closed: CLOSE");
        assert_eq!(terminal.exit_code(), Some(code));
    }
}

#[test]
fn what_the_server_sends_cannot_move_the_cursor_and_its_close_is_told() {
    let frames = b"\x81\x06a\x1b[2J\n\x89\x01\x1b\x88\x07\x03\xf3sorry";
    let server = OneAnswer::start(|accept| [switching(accept, ""), frames.to_vec()].concat());
    let mut terminal = Terminal::start(&["connect", &server.url(), "--color", "never"]);
    terminal.expect("< a\\u{1b}[2J\\n");
    terminal.expect("= PING \"\\u{1b}\" [1 byte] (answered)");
    terminal.expect("= closed: CLOSE 1011 \"sorry\"");
    terminal.expect("handfast: the server closed the connection: CLOSE 1011 \"sorry\"");
    assert_eq!(terminal.exit_code(), Some(6));
}
