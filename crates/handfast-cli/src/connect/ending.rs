//! How a conversation ended: what to say about it, and the exit code.

use super::transcript;
use crate::exit::{Exit, Failure};
use handfast::Error;
use handfast_proto::frame::{Close, CloseCode};

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
    fn every_other_code_and_every_error_is_abnormal() {
        for code in [1002, 1007, 1009, 1011, 3000, 4999] {
            assert_eq!(exit(Some(code), true), Exit::AbnormalClose, "{code}");
        }
        let lost = judge(Err(Error::Lost(None)), true).map_err(|failure| failure.exit);
        assert_eq!(lost, Err(Exit::AbnormalClose));
    }
}
