//! What is to be sent: the texts of `-s`, or the lines of standard input.

use crate::exit::{Exit, Failure};
use std::collections::VecDeque;
use std::io::{BufRead, ErrorKind};
use tokio::sync::mpsc;

/// Where texts come from.
#[derive(Debug)]
pub enum Input {
    /// The command line.
    Given(VecDeque<String>),
    /// Standard input, read by a thread of its own.
    Lines(mpsc::Receiver<Result<String, Failure>>),
}

impl Input {
    /// The texts of `-s`.
    pub fn given(texts: &[String]) -> Self {
        Self::Given(texts.iter().cloned().collect())
    }

    /// The lines of standard input. The thread that reads them ends with the program: a read cannot be called off.
    pub fn standard_input() -> Self {
        let (sender, receiver) = mpsc::channel(LINES_AHEAD_MAX);
        std::thread::spawn(move || {
            let mut input = std::io::stdin().lock();
            let mut number = 0_u64;
            loop {
                let mut line = Vec::new();
                number += 1;
                let read = match input.read_until(b'\n', &mut line) {
                    Ok(0) => return,
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => {
                        Err(Failure::new(Exit::Internal, format!("cannot read standard input: {error}")))
                    }
                    Ok(_) => text_of(line, number),
                };
                let is_last = read.is_err();
                if sender.blocking_send(read).is_err() || is_last {
                    return;
                }
            }
        });
        Self::Lines(receiver)
    }

    /// The next text, or `None` at the end. Cancel safe.
    pub async fn next(&mut self) -> Option<Result<String, Failure>> {
        match self {
            Self::Given(texts) => texts.pop_front().map(Ok),
            Self::Lines(lines) => lines.recv().await,
        }
    }
}

fn text_of(mut line: Vec<u8>, number: u64) -> Result<String, Failure> {
    if line.ends_with(b"\n") {
        line.pop();
        if line.ends_with(b"\r") {
            line.pop();
        }
    }
    String::from_utf8(line).map_err(|_| {
        let message = format!("line {number} of standard input is not UTF-8, so it cannot be sent as text");
        Failure::new(Exit::WrongUse, message)
    })
}

/// Lines that are read before those before them are sent.
const LINES_AHEAD_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_sent_without_its_end() {
        for line in ["a", "a\n", "a\r\n"] {
            assert_eq!(text_of(line.into(), 1).ok().as_deref(), Some("a"));
        }
        assert_eq!(text_of(b"\r\r\n".to_vec(), 1).ok().as_deref(), Some("\r"));
    }

    #[test]
    fn a_line_that_is_no_text_is_wrong_use_and_named() {
        let failure = text_of(b"\xff\n".to_vec(), 7).expect_err("not UTF-8");
        assert_eq!(failure.exit, Exit::WrongUse);
        assert!(failure.message.contains("line 7"));
    }
}
