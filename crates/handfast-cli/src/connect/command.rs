//! What a person types: text to be sent, or a command.

use handfast_proto::frame::{Close, CloseCode};

/// A line at the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Send this text.
    Send(String),
    /// Send a ping with this payload.
    Ping(String),
    /// Close with this code and reason.
    Close(Close),
    /// Say what can be typed.
    Help,
}

/// Reads a line; otherwise says in a sentence what is wrong with it.
pub fn read(line: &str) -> Result<Command, String> {
    let Some(command) = line.strip_prefix('/') else { return Ok(Command::Send(line.to_owned())) };
    if command.starts_with('/') {
        return Ok(Command::Send(command.to_owned()));
    }
    let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
    match name {
        "ping" => Ok(Command::Ping(rest.to_owned())),
        "close" => close(rest.trim()).map(Command::Close),
        "quit" => Ok(Command::Close(CloseCode::NORMAL.into())),
        "help" => Ok(Command::Help),
        _ => Err(format!("/{name} is no command. Write /{line} to send it as text; {HELP}")),
    }
}

fn close(words: &str) -> Result<Close, String> {
    if words.is_empty() {
        return Ok(CloseCode::NORMAL.into());
    }
    let (code, reason) = words.split_once(' ').unwrap_or((words, ""));
    let code: u16 = code.parse().map_err(|_| "the close code is a number, such as 1000".to_owned())?;
    let code = CloseCode::new(code).map_err(|misuse| misuse.to_string())?;
    Close::new(code, reason.trim()).map_err(|misuse| misuse.to_string())
}

/// The commands, in a sentence.
pub const HELP: &str = "the commands are /ping [TEXT], /close [CODE [REASON]], /quit and /help";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_sent_and_two_slashes_stand_for_one() {
        assert_eq!(read("hi /quit"), Ok(Command::Send("hi /quit".to_owned())));
        assert_eq!(read("//join"), Ok(Command::Send("/join".to_owned())));
        assert_eq!(read(""), Ok(Command::Send(String::new())));
    }

    #[test]
    fn close_takes_a_code_and_a_reason_that_can_be_sent() {
        let close = Close::new(CloseCode::GOING_AWAY, "see you").expect("a short reason");
        assert_eq!(read("/close 1001 see you"), Ok(Command::Close(close)));
        assert_eq!(read("/close"), read("/quit"));
        for wrong in
            ["/close 1005", "/close bye", "/close 99999", &format!("/close 1000 {}", "x".repeat(124))]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_command_is_not_sent() {
        assert!(read("/join #room").is_err_and(|why| why.contains("//join #room")));
    }
}
