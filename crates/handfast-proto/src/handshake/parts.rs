//! Requests and answers that another HTTP library reads and writes: their parts instead of their bytes
//! (RFC 8441 sections 4 and 5, RFC 9220).

/// Which HTTP carries a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpVersion {
    /// HTTP/1.0, which cannot be upgraded.
    Http10,
    /// HTTP/1.1, and any higher minor version: an upgrade.
    Http11,
    /// HTTP/2: an extended CONNECT (RFC 8441).
    Http2,
    /// HTTP/3: an extended CONNECT (RFC 9220).
    Http3,
}

impl HttpVersion {
    /// Whether a WebSocket is one stream among many of its connection: HTTP/2 and HTTP/3.
    pub fn has_streams(self) -> bool {
        matches!(self, Self::Http2 | Self::Http3)
    }
}

/// What stands before a request's fields, as another HTTP library has read it, or is to write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestParts<'a> {
    /// Which HTTP carries it.
    pub version: HttpVersion,
    /// The method, such as `GET` or, over HTTP/2, `CONNECT`.
    pub method: &'a str,
    /// Over HTTP/1.1 the request target; over HTTP/2 and HTTP/3 `:path`, empty where it is missing.
    pub target: &'a str,
    /// `:scheme`. Not looked at over HTTP/1.1.
    pub scheme: Option<&'a str>,
    /// `:authority`. Not looked at over HTTP/1.1, where an absolute-form target has it.
    pub authority: Option<&'a str>,
    /// `:protocol`. Not looked at over HTTP/1.1.
    pub protocol: Option<&'a str>,
}

/// An answer that another HTTP library is to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseParts {
    /// The status, three digits.
    pub status: u16,
    /// The fields in order, their names in lower case. All of them: nothing needs to be added.
    pub fields: Vec<(String, String)>,
    /// The body; empty where the answer opens a WebSocket.
    pub body: Vec<u8>,
}
