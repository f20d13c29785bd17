//! WebSockets as streams of an HTTP/2 connection (RFC 8441), by the h2 crate.

pub(crate) mod exchange;
pub(crate) mod fault;
pub(crate) mod opening;
pub(crate) mod session;
pub(crate) mod stream;

use h2::ext::Protocol;
use handfast_proto::Limits;
use handfast_proto::handshake::{HttpVersion, Policy, Refusal, Request, RequestParts};

/// The one conversion from a request of the h2 crate.
pub(crate) fn request<B>(received: &http::Request<B>, policy: &Policy) -> Result<Request, Refusal> {
    let uri = received.uri();
    let parts = RequestParts {
        version: HttpVersion::Http2,
        method: received.method().as_str(),
        target: uri.path_and_query().map_or("", |path| path.as_str()),
        scheme: uri.scheme_str(),
        authority: uri.authority().map(|authority| authority.as_str()),
        protocol: received.extensions().get::<Protocol>().map(Protocol::as_str),
    };
    let fields = received.headers().iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes()));
    Request::from_parts(&parts, fields, policy)
}

/// A number of bytes as a window of flow control (RFC 9113 section 6.9.1).
pub(crate) fn window(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX).min(WINDOW_BYTES_MAX)
}

/// The largest window there is.
pub(crate) const WINDOW_BYTES_MAX: u32 = (1 << 31) - 1;

/// How much of a stream may wait to be written; h2 counts it in 32 bits.
pub(crate) fn send_bytes_max(limits: &Limits) -> usize {
    limits.stream_send_bytes_max.min(u32::MAX as usize)
}
