//! How a conversation ended: what to say about it, and the exit code.

use super::transcript;
use crate::exit::{Exit, Failure};
use handfast::Error;
use handfast_proto::frame::{Close, CloseCode};

/// How one connection ended.
pub struct Ended {
    /// What the command comes to, if it was the last.
    pub outcome: Result<Exit, Failure>,
    /// Why another connection may go on where this one ended; `None` when the conversation is over.
    pub lost: Option<String>,
}

impl Ended {
    /// The conversation is over.
    pub fn with(outcome: Result<Exit, Failure>) -> Self {
        Self { outcome, lost: None }
    }
}

/// Why it may go on with another connection: it was lost, or the server has to go for now. All else is the server's last
/// word.
pub fn lost(ended: &Result<Option<&Close>, Error>) -> Option<String> {
    match ended {
        Ok(Some(close)) if matches!(close.code().get(), 1001 | 1011..=1014) => {
            Some(format!("the server closed the connection: {}", transcript::describe_close(Some(close))))
        }
        Err(error @ (Error::Lost(_) | Error::Timeout { .. })) => Some(error.to_string()),
        Ok(_) | Err(_) => None,
    }
}

/// What the end of the connection means. `Ok` is the normal end; `is_enough` says whether all came that was waited for.
pub fn judge(ended: Result<Option<&Close>, Error>, is_enough: bool) -> Result<Exit, Failure> {
    match ended {
        Ok(close) if !is_normal(close) => Err(Failure::new(
            Exit::AbnormalClose,
            format!("the server closed the connection: {}", transcript::describe_close(close)),
        )),
        Ok(_) if !is_enough => Err(Failure::new(
            Exit::Inconclusive,
            "the connection was closed before as many messages came as -n asks for",
        )),
        Ok(_) => Ok(Exit::Fine),
        Err(error) => Err(Failure::new(Exit::AbnormalClose, error.to_string())),
    }
}

/// 1000, 1001, or no code at all (reported as 1005): the purpose was fulfilled, or one side had to go. All other codes
/// say that something was wrong; those from 3000 on in words that only the application knows.
fn is_normal(close: Option<&Close>) -> bool {
    close.is_none_or(|close| [CloseCode::NORMAL, CloseCode::GOING_AWAY].contains(&close.code()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(code: Option<u16>, is_enough: bool) -> Exit {
        let close = code.map(|code| Close::from(CloseCode::new(code).expect("a code that can be sent")));
        judge(Ok(close.as_ref()), is_enough).unwrap_or_else(|failure| failure.exit)
    }

    #[test]
    fn a_close_with_1000_1001_or_no_code_is_fine() {
        for code in [None, Some(1000), Some(1001)] {
            assert_eq!(exit(code, true), Exit::Fine, "{code:?}");
            assert_eq!(exit(code, false), Exit::Inconclusive, "{code:?}");
        }
    }

    #[test]
    fn what_is_lost_or_has_to_go_for_now_may_go_on() {
        let closed =
            |code| lost(&Ok(Some(&Close::from(CloseCode::new(code).expect("a code that can be sent")))));
        for code in [1001, 1011, 1012, 1013, 1014] {
            assert!(closed(code).is_some(), "{code}");
        }
        for code in [1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 4001] {
            assert_eq!(closed(code), None, "{code}");
        }
        assert!(lost(&Err(Error::Lost(None))).is_some() && lost(&Ok(None)).is_none());
        assert!(lost(&Err(Error::Closed)).is_none());
    }

    #[test]
    fn every_other_code_and_every_error_is_abnormal() {
        for code in [1002, 1007, 1009, 1011, 3000, 4999] {
            assert_eq!(exit(Some(code), true), Exit::AbnormalClose, "{code}");
        }
        let lost = judge(Err(Error::Lost(None)), true).map_err(|failure| failure.exit);
        assert_eq!(lost, Err(Exit::AbnormalClose));
    }
}
