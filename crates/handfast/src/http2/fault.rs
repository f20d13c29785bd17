//! What HTTP/2 adds to the ways in which connecting can fail.

use handfast_proto::error::Excerpt;
use std::fmt;

/// Why HTTP/2 could not carry a WebSocket. Nothing was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Http2Fault {
    /// A `ws://` URI, and HTTP/2 only preferred: without TLS nothing is agreed on, so HTTP/1.1 is used. Told by
    /// [`Step::Http2Unavailable`](crate::Step::Http2Unavailable) only.
    Unencrypted,
    /// TLS did not agree on `h2` (RFC 9113 section 3.2), but on this protocol, or on none.
    NotAgreed(Option<Excerpt>),
    /// The server did not begin with the SETTINGS frame that every server of HTTP/2 begins with (RFC 9113 section 3.4), but
    /// with these bytes.
    NotSpoken(Excerpt),
    /// The server speaks HTTP/2, but its SETTINGS lack `SETTINGS_ENABLE_CONNECT_PROTOCOL` with the value 1: it takes no
    /// WebSockets over HTTP/2 (RFC 8441 section 3). No request was sent.
    ConnectProtocolMissing,
    /// The server reset the stream before it answered (RFC 9113 section 6.4).
    Reset(Http2Code),
    /// The server ends the connection, and takes no new streams on it (GOAWAY, RFC 9113 section 6.8). Connect anew.
    GoneAway(Http2Code),
    /// The server broke HTTP/2 itself, and the connection was ended with this code.
    Violated(Http2Code),
    /// The server allows so many streams at a time, and that many are open. Close one, or connect anew.
    StreamsExhausted {
        /// How many, by `SETTINGS_MAX_CONCURRENT_STREAMS`.
        streams_max: usize,
    },
    /// The URI has another scheme, host or port than the connection was made to.
    OtherOrigin,
}

impl Http2Fault {
    /// Whether the server asks for, or leaves room for, the same over HTTP/1.1.
    pub(crate) fn leaves_http1(&self) -> bool {
        match self {
            Self::Unencrypted | Self::NotAgreed(_) | Self::ConnectProtocolMissing => true,
            Self::Reset(code) | Self::GoneAway(code) => *code == Http2Code::HTTP_1_1_REQUIRED,
            Self::NotSpoken(_) | Self::Violated(_) | Self::StreamsExhausted { .. } | Self::OtherOrigin => {
                false
            }
        }
    }

    /// Whether it may be otherwise at the next attempt.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Reset(code) => matches!(code.0, 0x2 | 0x7 | 0xb),
            Self::GoneAway(code) => *code != Http2Code::HTTP_1_1_REQUIRED,
            Self::StreamsExhausted { .. } => true,
            Self::Unencrypted
            | Self::NotAgreed(_)
            | Self::NotSpoken(_)
            | Self::ConnectProtocolMissing
            | Self::Violated(_)
            | Self::OtherOrigin => false,
        }
    }
}

impl std::error::Error for Http2Fault {}

impl fmt::Display for Http2Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unencrypted => {
                f.write_str("without TLS nothing can be agreed on: HTTP/2 is spoken over ws:// only if it is required")
            }
            Self::NotAgreed(Some(protocol)) => write!(f, "TLS agreed on {protocol}, and not on \"h2\""),
            Self::NotAgreed(None) => f.write_str("the server did not agree on \"h2\" in the TLS handshake"),
            Self::NotSpoken(received) => write!(
                f,
                "the server does not speak HTTP/2: it began with {received}, where a SETTINGS frame was wanted"
            ),
            Self::ConnectProtocolMissing => f.write_str(
                "the server takes no WebSockets over HTTP/2: its SETTINGS lack SETTINGS_ENABLE_CONNECT_PROTOCOL = 1",
            ),
            Self::Reset(code) => write!(f, "the server reset the stream before it answered: {code}"),
            Self::GoneAway(code) => write!(f, "the server takes no new streams on this connection: {code}"),
            Self::Violated(code) => write!(f, "the server broke the rules of HTTP/2: {code}"),
            Self::StreamsExhausted { streams_max } => write!(
                f,
                "the server allows {streams_max} streams at a time on this connection, and so many are open"
            ),
            Self::OtherOrigin => {
                f.write_str("the URI has another scheme, host or port than the HTTP/2 connection was made to")
            }
        }
    }
}

/// An error code of HTTP/2 (RFC 9113 section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Http2Code(pub u32);

impl Http2Code {
    /// The stream is to be tried over HTTP/1.1.
    pub const HTTP_1_1_REQUIRED: Self = Self(0xd);

    /// Its name in the standard, such as `CANCEL`; `None` where it has none.
    pub fn name(self) -> Option<&'static str> {
        const NAMES: [&str; 14] = [
            "NO_ERROR",
            "PROTOCOL_ERROR",
            "INTERNAL_ERROR",
            "FLOW_CONTROL_ERROR",
            "SETTINGS_TIMEOUT",
            "STREAM_CLOSED",
            "FRAME_SIZE_ERROR",
            "REFUSED_STREAM",
            "CANCEL",
            "COMPRESSION_ERROR",
            "CONNECT_ERROR",
            "ENHANCE_YOUR_CALM",
            "INADEQUATE_SECURITY",
            "HTTP_1_1_REQUIRED",
        ];
        NAMES.get(usize::try_from(self.0).ok()?).copied()
    }
}

impl fmt::Display for Http2Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:#x})", self.name().unwrap_or("unknown code"), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_names_of_the_standard() {
        assert_eq!(Http2Code(0).to_string(), "NO_ERROR (0x0)");
        assert_eq!(Http2Code(8).to_string(), "CANCEL (0x8)");
        assert_eq!(Http2Code::HTTP_1_1_REQUIRED.to_string(), "HTTP_1_1_REQUIRED (0xd)");
        assert_eq!(Http2Code(14).to_string(), "unknown code (0xe)");
        assert_eq!(Http2Code(u32::MAX).name(), None);
    }

    #[test]
    fn only_what_leaves_room_for_http_1_1_falls_back_to_it() {
        let code = Http2Code::HTTP_1_1_REQUIRED;
        for fault in [Http2Fault::ConnectProtocolMissing, Http2Fault::Reset(code), Http2Fault::GoneAway(code)]
        {
            assert!(fault.leaves_http1() && !fault.is_transient(), "{fault}");
        }
        for fault in [Http2Fault::Reset(Http2Code(7)), Http2Fault::GoneAway(Http2Code(0))] {
            assert!(!fault.leaves_http1() && fault.is_transient(), "{fault}");
        }
    }
}
