//! Faults of a server's answer to the opening request: which rule each breaks.

use super::Excerpt;
use crate::deflate::ParameterFault;
use crate::handshake::Accept;
use crate::rules::{Rule, table};

/// A server's answer broke a rule of the catalogue. The client fails the connection.
///
/// `Display` is one sentence that names what came and what was wanted; [`ResponseFault::fix`] says what to change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseFault {
    /// The first byte belongs to TLS, and a plain connection was opened.
    TlsAnswer,
    /// The answer does not begin with a status line such as `HTTP/1.1 101`.
    StatusLineMalformed(Excerpt),
    /// A 101 under HTTP/1.0.
    Http10,
    /// A final status other than 101, told beside faults that keep the answer from being read as ordinary HTTP.
    StatusNot101(u16),
    /// A line continues the field before it.
    ObsFold(Excerpt),
    /// A control byte other than a tab stands in the head.
    ControlByte {
        /// The byte.
        byte: u8,
        /// The field's name, or the line where there is none.
        place: Excerpt,
    },
    /// A CR that no LF follows.
    BareCr(Excerpt),
    /// A line that ends with LF alone.
    BareLf(Excerpt),
    /// A blank between a field's name and its colon.
    SpaceBeforeColon(Excerpt),
    /// A line that is not name, colon, value.
    FieldLineMalformed(Excerpt),
    /// The head is longer than the client reads.
    HeadTooLarge {
        /// The bound, in bytes.
        bytes_max: usize,
    },
    /// The head has more field lines than the client reads.
    TooManyFields {
        /// The bound, in lines.
        fields_max: usize,
    },
    /// More interim answers came than the client skips.
    TooManyInterimAnswers {
        /// The bound, in answers.
        answers_max: usize,
    },
    /// The answer did not come in time. The I/O layer, which has the clock, reports it.
    AnswerTimeout,
    /// Over HTTP/2 or HTTP/3: status 101, which does not exist there.
    SwitchingStatus,
    /// Over HTTP/2 or HTTP/3: a field that is about the connection, such as `Upgrade`.
    ConnectionField(Excerpt),
    /// Over HTTP/2 or HTTP/3: the library that reads the stream found the answer malformed and reset the stream, without telling
    /// what is wrong: a field of the connection, a wrong pseudo-header field, a wrong length, or a head that is too large.
    StreamMalformed,
    /// No `Upgrade` field.
    UpgradeMissing,
    /// `Upgrade` is not exactly websocket.
    UpgradeWrong(Excerpt),
    /// Several `Upgrade` lines.
    UpgradeRepeated {
        /// How many.
        lines: usize,
    },
    /// No `Connection` field.
    ConnectionMissing,
    /// `Connection` does not list upgrade.
    ConnectionWrong(Excerpt),
    /// `Connection` lists close.
    ConnectionClose(Excerpt),
    /// No `Sec-WebSocket-Accept`, or an empty one.
    AcceptMissing {
        /// The only value that opens the connection.
        wanted: Accept,
    },
    /// `Sec-WebSocket-Accept` was computed from another key, or not at all.
    AcceptWrong {
        /// The value received.
        received: Excerpt,
        /// The only value that opens the connection.
        wanted: Accept,
    },
    /// `Sec-WebSocket-Accept` is right but for the case of letters.
    AcceptCaseChanged {
        /// The value received.
        received: Excerpt,
        /// The only value that opens the connection.
        wanted: Accept,
    },
    /// `Sec-WebSocket-Accept` is the right value shortened, lengthened, quoted or encoded otherwise.
    AcceptTrimmed {
        /// The value received.
        received: Excerpt,
        /// The only value that opens the connection.
        wanted: Accept,
    },
    /// Several `Sec-WebSocket-Accept` values.
    AcceptDuplicate {
        /// The first line received.
        received: Excerpt,
        /// The only value that opens the connection.
        wanted: Accept,
    },
    /// A subprotocol that was not offered, or an empty one.
    SubprotocolUnoffered(Excerpt),
    /// Several subprotocols.
    SubprotocolSeveral(Excerpt),
    /// No subprotocol, though some were offered and one is required.
    SubprotocolDeclined,
    /// An extension that was not offered.
    ExtensionUnoffered(Excerpt),
    /// permessage-deflate with parameters that are wrong, or that ignore the offer.
    DeflateParameter {
        /// What is wrong with them.
        fault: ParameterFault,
        /// The first field value.
        received: Excerpt,
    },
    /// permessage-deflate twice: both would claim the bit RSV1.
    DeflateTwice(Excerpt),
    /// `Sec-WebSocket-Extensions` is outside the grammar.
    ExtensionMalformed {
        /// The field value.
        received: Excerpt,
        /// Where the grammar is broken, in bytes from the value's start.
        offset: usize,
    },
}

impl ResponseFault {
    /// The rule that was broken, such as `client/accept-wrong-opens`.
    pub fn rule(&self) -> &'static Rule {
        match self {
            Self::TlsAnswer | Self::StatusLineMalformed(_) => &table::CLIENT_STATUS_LINE_MALFORMED_OPENS,
            Self::Http10 => &table::CLIENT_HTTP_1_0_OPENS,
            Self::StatusNot101(_) => &table::CLIENT_STATUS_NOT_101_OPENS,
            Self::ObsFold(_) => &table::CLIENT_OBS_FOLD_MISREAD,
            Self::ControlByte { .. }
            | Self::BareCr(_)
            | Self::BareLf(_)
            | Self::SpaceBeforeColon(_)
            | Self::FieldLineMalformed(_) => &table::CLIENT_CONTROL_BYTES_IN_HEAD,
            Self::HeadTooLarge { .. } | Self::TooManyFields { .. } | Self::TooManyInterimAnswers { .. } => {
                &table::CLIENT_HEAD_ENDLESS
            }
            Self::AnswerTimeout => &table::CLIENT_ANSWER_TIMEOUT,
            Self::SwitchingStatus | Self::ConnectionField(_) | Self::StreamMalformed => {
                &table::CLIENT_H2_ANSWER_MISJUDGED
            }
            Self::UpgradeMissing => &table::CLIENT_UPGRADE_MISSING_OPENS,
            Self::UpgradeWrong(_) | Self::UpgradeRepeated { .. } => &table::CLIENT_UPGRADE_WRONG_OPENS,
            Self::ConnectionMissing | Self::ConnectionWrong(_) | Self::ConnectionClose(_) => {
                &table::CLIENT_CONNECTION_WRONG_OPENS
            }
            Self::AcceptMissing { .. } => &table::CLIENT_ACCEPT_MISSING_OPENS,
            Self::AcceptWrong { .. } => &table::CLIENT_ACCEPT_WRONG_OPENS,
            Self::AcceptCaseChanged { .. } => &table::CLIENT_ACCEPT_CASE_CHANGED_OPENS,
            Self::AcceptTrimmed { .. } => &table::CLIENT_ACCEPT_TRIMMED_OPENS,
            Self::AcceptDuplicate { .. } => &table::CLIENT_ACCEPT_DUPLICATE_OPENS,
            Self::SubprotocolUnoffered(_) => &table::CLIENT_SUBPROTOCOL_UNOFFERED_OPENS,
            Self::SubprotocolSeveral(_) => &table::CLIENT_SUBPROTOCOL_SEVERAL_OPENS,
            Self::SubprotocolDeclined => &table::CLIENT_SUBPROTOCOL_DECLINED,
            Self::ExtensionUnoffered(_) => &table::CLIENT_EXTENSION_UNOFFERED_OPENS,
            Self::DeflateParameter { fault, .. } => match fault {
                ParameterFault::Unknown
                | ParameterFault::Repeated
                | ParameterFault::Value
                | ParameterFault::ValueMissing
                | ParameterFault::ValueUnexpected => &table::CLIENT_DEFLATE_ANSWER_PARAMETER_OPENS,
                ParameterFault::ClientBitsUnoffered
                | ParameterFault::ServerBitsIgnored
                | ParameterFault::ServerTakeoverIgnored => &table::CLIENT_DEFLATE_UNASKED_LIMIT_OPENS,
            },
            Self::DeflateTwice(_) => &table::CLIENT_DEFLATE_ANSWERED_TWICE_OPENS,
            Self::ExtensionMalformed { .. } => &table::CLIENT_EXTENSION_ANSWER_MALFORMED_OPENS,
        }
    }
}

impl std::error::Error for ResponseFault {}
