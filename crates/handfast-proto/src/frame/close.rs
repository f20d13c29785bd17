//! Close codes and the Close frame's payload (RFC 6455 sections 5.5.1 and 7.4).

use crate::error::Misuse;
use crate::limits::CONTROL_PAYLOAD_BYTES_MAX;
use crate::message::Text;
use bytes::Bytes;
use std::fmt;

/// A close code as it may stand on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: the server goes down, or the page was left.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: a kind of data that this endpoint does not take.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1007: data that does not fit its kind, such as text that is not UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// 1008: a policy was violated; for when no other code fits.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: a message too big to process.
    pub const TOO_BIG: Self = Self(1009);
    /// 1010: the client wanted an extension that the server did not agree to.
    pub const EXTENSION_MISSING: Self = Self(1010);
    /// 1011: the server met a condition it did not expect.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the service restarts; clients may come back.
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: too busy; clients may come back later.
    pub const TRY_AGAIN_LATER: Self = Self(1013);

    /// A code that an endpoint may send: 1000 to 1003, 1007 to 1014, 3000 to 4999.
    ///
    /// Fails with [`Misuse::CloseCodeNotSendable`] for all others: 1005, 1006 and 1015 are only ever reported.
    pub const fn new(code: u16) -> Result<Self, Misuse> {
        match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => Ok(Self(code)),
            _ => Err(Misuse::CloseCodeNotSendable(code)),
        }
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What a Close frame says: a code and a reason of at most 123 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    code: CloseCode,
    reason: Text,
}

impl Close {
    /// How many bytes of reason fit behind the code.
    pub const REASON_BYTES_MAX: usize = CONTROL_PAYLOAD_BYTES_MAX - 2;

    /// Fails with [`Misuse::CloseReasonTooLong`].
    pub fn new(code: CloseCode, reason: impl Into<Text>) -> Result<Self, Misuse> {
        let reason = reason.into();
        match reason.as_bytes().len() {
            0..=Self::REASON_BYTES_MAX => Ok(Self { code, reason }),
            bytes => Err(Misuse::CloseReasonTooLong { bytes }),
        }
    }

    /// The code.
    pub fn code(&self) -> CloseCode {
        self.code
    }

    /// The reason; empty when none was given.
    pub fn reason(&self) -> &str {
        self.reason.as_str()
    }
}

impl From<CloseCode> for Close {
    fn from(code: CloseCode) -> Self {
        Self { code, reason: Text::default() }
    }
}

impl Close {
    /// Reads a Close frame's payload; an empty one is `None`.
    pub(crate) fn parse(payload: Bytes) -> Result<Option<Self>, ClosePayloadFault> {
        match payload.len() {
            0 => Ok(None),
            1 => Err(ClosePayloadFault::OneByte),
            _ => {
                let code = u16::from_be_bytes([payload[0], payload[1]]);
                let code = CloseCode::new(code).map_err(|_| ClosePayloadFault::Code(code))?;
                let reason = Text::from_utf8(payload.slice(2..)).map_err(|_| ClosePayloadFault::Reason)?;
                Ok(Some(Self { code, reason }))
            }
        }
    }

    /// Writes the payload to the front of `payload`; returns its length.
    pub(crate) fn write(&self, payload: &mut [u8; CONTROL_PAYLOAD_BYTES_MAX]) -> usize {
        let reason = self.reason.as_bytes();
        payload[..2].copy_from_slice(&self.code.0.to_be_bytes());
        payload[2..2 + reason.len()].copy_from_slice(reason);
        2 + reason.len()
    }
}

/// What is wrong with a Close frame's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClosePayloadFault {
    OneByte,
    Code(u16),
    Reason,
}
