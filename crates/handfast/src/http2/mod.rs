//! WebSockets as streams of an HTTP/2 connection (RFC 8441), by the h2 crate.

pub(crate) mod exchange;
pub(crate) mod fault;
pub(crate) mod prefixed;
pub(crate) mod session;
pub(crate) mod stream;
mod watched;

use h2::ext::Protocol;
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
