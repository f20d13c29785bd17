//! Faults of the program that calls this library. Nothing that a peer sends can cause one.

use std::fmt;

/// The caller asked for something that cannot be sent. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// A close code that RFC 6455 section 7.4 does not let an endpoint send: 1004, 1005, 1006, 1015, below 1000 or
    /// above 4999, or one that is reserved.
    CloseCodeNotSendable(u16),
    /// A close reason longer than 123 bytes, which is what fits behind the code in a control frame.
    CloseReasonTooLong {
        /// The length of the reason in bytes.
        bytes: usize,
    },
    /// A ping or pong payload longer than 125 bytes.
    ControlPayloadTooLong {
        /// The length of the payload in bytes.
        bytes: usize,
    },
    /// A message, or a piece of another kind, while a message that is sent in pieces is not finished.
    MessageUnfinished,
    /// Data, a ping or a pong after the Close frame was sent.
    SentAfterClose,
    /// The send queue is full: flush it before sending more.
    SendQueueFull,
    /// A header name or value that HTTP does not allow, or one that belongs to the handshake itself.
    HeaderNotAllowed,
    /// A subprotocol that is not a token, or that was given twice.
    SubprotocolInvalid,
    /// A subprotocol is required, and the client offers none of those that are supported.
    SubprotocolNotOffered,
    /// Bytes of HTTP/1.1 were asked for to answer a request of HTTP/2 or HTTP/3.
    NotHttp1,
    /// An ordinary answer with a status of 200 to 299 to a CONNECT, which over HTTP/2 and HTTP/3 opens the stream (RFC 8441
    /// section 5): the client would take the body for frames.
    StatusOpens(u16),
}

impl std::error::Error for Misuse {}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CloseCodeNotSendable(code) => {
                write!(f, "close code {code} cannot be sent: use 1000, 1001 to 1003, 1007 to 1014 or 3000 to 4999")
            }
            Self::CloseReasonTooLong { bytes } => {
                write!(f, "the close reason has {bytes} bytes, and 123 fit into a Close frame")
            }
            Self::ControlPayloadTooLong { bytes } => {
                write!(f, "the ping or pong payload has {bytes} bytes, and 125 fit into a control frame")
            }
            Self::MessageUnfinished => {
                f.write_str("a message is being sent in pieces: send its last piece before anything else")
            }
            Self::SentAfterClose => f.write_str("the connection is closing: nothing can be sent after a Close frame"),
            Self::SendQueueFull => f.write_str("the send queue is full: flush it before sending more"),
            Self::HeaderNotAllowed => {
                f.write_str("the header field cannot be added: its name or value is not valid HTTP, or it belongs to the handshake")
            }
            Self::SubprotocolInvalid => f.write_str("the subprotocol is not a token, or was given twice"),
            Self::SubprotocolNotOffered => f.write_str("the client offers none of the subprotocols of which one is required"),
            Self::NotHttp1 => f.write_str("the request did not come over HTTP/1.1: answer it by parts"),
            Self::StatusOpens(status) => write!(
                f,
                "an answer of {status} to a CONNECT would open the WebSocket: accept it, or answer with a status that is no 2xx"
            ),
        }
    }
}
