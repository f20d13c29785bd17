//! How far the closing handshake has come (RFC 6455 sections 7.1.1 to 7.1.7). It does not know which end it is.

// Every state answers every input by name.
#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Data flows both ways.
    Open,
    /// Our Close is queued or sent; the peer may still send data, and then its Close.
    CloseSent,
    /// Nothing more is read.
    Ended,
}

/// What can happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// The program closes.
    Close,
    /// The peer's Close frame came.
    PeerClose,
    /// The peer broke a rule or a limit, or stayed silent too long.
    Failure,
    /// The transport ended.
    TransportEnd,
}

/// What must be sent then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reaction {
    /// Nothing.
    Nothing,
    /// Our Close frame.
    SendClose,
}

impl State {
    /// The next state, and what to send.
    pub(super) fn on(self, input: Input) -> (Self, Reaction) {
        match (self, input) {
            (Self::Open, Input::Close) => (Self::CloseSent, Reaction::SendClose),
            (Self::Open, Input::PeerClose | Input::Failure) => (Self::Ended, Reaction::SendClose),
            (Self::Open, Input::TransportEnd) => (Self::Ended, Reaction::Nothing),
            (Self::CloseSent, Input::Close) => (Self::CloseSent, Reaction::Nothing),
            (Self::CloseSent, Input::PeerClose | Input::Failure | Input::TransportEnd) => {
                (Self::Ended, Reaction::Nothing)
            }
            (Self::Ended, Input::Close | Input::PeerClose | Input::Failure | Input::TransportEnd) => {
                (Self::Ended, Reaction::Nothing)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    #[test]
    fn the_whole_table_is_as_it_was_reviewed() {
        let mut table = String::new();
        for state in [State::Open, State::CloseSent, State::Ended] {
            for input in [Input::Close, Input::PeerClose, Input::Failure, Input::TransportEnd] {
                let (next, reaction) = state.on(input);
                writeln!(table, "{state:?} on {input:?}: {next:?}, {reaction:?}").unwrap();
            }
        }
        let reviewed = "\
Open on Close: CloseSent, SendClose
Open on PeerClose: Ended, SendClose
Open on Failure: Ended, SendClose
Open on TransportEnd: Ended, Nothing
CloseSent on Close: CloseSent, Nothing
CloseSent on PeerClose: Ended, Nothing
CloseSent on Failure: Ended, Nothing
CloseSent on TransportEnd: Ended, Nothing
Ended on Close: Ended, Nothing
Ended on PeerClose: Ended, Nothing
Ended on Failure: Ended, Nothing
Ended on TransportEnd: Ended, Nothing
";
        assert_eq!(table, reviewed);
    }
}
