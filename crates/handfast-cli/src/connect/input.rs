//! What is to be sent: the texts of `-s`, or the lines of standard input.

use crate::exit::{Exit, Failure};
use std::collections::VecDeque;
use std::io::{BufRead, ErrorKind};
use tokio::sync::mpsc;

/// The texts to be sent, one after the other.
#[derive(Debug)]
pub struct Input {
    source: Source,
    /// The text that was given last, until it was sent.
    begun: Option<String>,
}

/// Where texts come from.
#[derive(Debug)]
enum Source {
    /// The command line.
    Given(VecDeque<String>),
    /// Standard input, read by a thread of its own.
    Lines(mpsc::Receiver<Result<String, Failure>>),
}

impl Input {
    /// The texts of `-s`.
    pub fn given(texts: &[String]) -> Self {
        Self { source: Source::Given(texts.iter().cloned().collect()), begun: None }
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
        Self { source: Source::Lines(receiver), begun: None }
    }

    /// The next text, or `None` at the end; the same one until [`Input::sent`] is called. Cancel safe.
    pub async fn next(&mut self) -> Option<Result<String, Failure>> {
        if self.begun.is_none() {
            let text = match &mut self.source {
                Source::Given(texts) => texts.pop_front(),
                Source::Lines(lines) => match lines.recv().await? {
                    Ok(text) => Some(text),
                    Err(failure) => return Some(Err(failure)),
                },
            };
            self.begun = text;
        }
        self.begun.clone().map(Ok)
    }

    /// The text was sent.
    pub fn sent(&mut self) {
        self.begun = None;
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

    #[tokio::test]
    async fn a_text_that_was_not_sent_comes_again() {
        let mut input = Input::given(&["a".to_owned(), "b".to_owned()]);
        for wanted in ["a", "a"] {
            assert_eq!(input.next().await.map(|text| text.ok()), Some(Some(wanted.to_owned())));
        }
        input.sent();
        assert_eq!(input.next().await.map(|text| text.ok()), Some(Some("b".to_owned())));
        input.sent();
        assert!(input.next().await.is_none());
    }

    #[test]
    fn a_line_that_is_no_text_is_wrong_use_and_named() {
        let failure = text_of(b"\xff\n".to_vec(), 7).expect_err("not UTF-8");
        assert_eq!(failure.exit, Exit::WrongUse);
        assert!(failure.message.contains("line 7"));
    }
}
