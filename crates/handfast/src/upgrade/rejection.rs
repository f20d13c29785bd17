//! The answer to a request that opens no WebSocket, as an HTTP response of the `http` crate.

use crate::server::handshake::Busy;
use bytes::Bytes;
use handfast_proto::error::Misuse;
use handfast_proto::handshake::{HttpResponse, HttpVersion, Refusal, ResponseParts};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body::{Frame, SizeHint};
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Why a request opens no WebSocket. It converts into the complete response, which names every fault.
#[derive(Clone, Debug)]
pub struct Rejection(Why);

#[derive(Clone, Debug)]
enum Why {
    Refused(Box<Refusal>),
    /// The client's part: the answer requires what it did not offer.
    Misuse(Misuse, HttpVersion),
    /// The program's part: it asked for an answer that cannot be sent.
    Program(Misuse),
    NoStream(HttpVersion),
    /// No place for one more, for now.
    Busy(Busy, HttpVersion),
}

const NO_STREAM: &str = "the server has no stream for a WebSocket here: the request did not come from a hyper server, \
                         or lost its extensions on the way";

impl Rejection {
    pub(super) fn misuse(misuse: Misuse, version: HttpVersion) -> Self {
        Self(Why::Misuse(misuse, version))
    }

    pub(super) fn busy(busy: Busy, version: HttpVersion) -> Self {
        Self(Why::Busy(busy, version))
    }

    pub(super) fn no_stream(version: HttpVersion) -> Self {
        Self(Why::NoStream(version))
    }

    /// All faults of the request; `None` where it has none: where only the answer requires a subprotocol that was not offered,
    /// where the server has no place for it, or is at fault itself.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.0 {
            Why::Refused(refusal) => Some(refusal),
            Why::Misuse(..) | Why::Program(_) | Why::NoStream(_) | Why::Busy(..) => None,
        }
    }

    /// The complete response: status, fields, and a text body that names each broken rule.
    pub fn to_response(&self) -> Response<Body> {
        match &self.0 {
            Why::Refused(refusal) => response(refusal.to_parts()),
            Why::Misuse(misuse, version) => incomplete(400, misuse, *version),
            // Without a field of the connection, it fits all versions.
            Why::Program(misuse) => incomplete(500, misuse, HttpVersion::Http2),
            Why::NoStream(version) => incomplete(500, &NO_STREAM, *version),
            Why::Busy(busy, version) => response(busy.response().to_parts(*version, false)),
        }
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        Self(Why::Refused(Box::new(refusal)))
    }
}

/// For `?` on [`Answer`](crate::Answer)'s methods: the program's own fault, and a 500.
impl From<Misuse> for Rejection {
    fn from(misuse: Misuse) -> Self {
        Self(Why::Program(misuse))
    }
}

impl From<Rejection> for Response<Body> {
    fn from(rejection: Rejection) -> Self {
        rejection.to_response()
    }
}

impl From<Rejection> for crate::Error {
    fn from(rejection: Rejection) -> Self {
        match rejection.0 {
            Why::Refused(refusal) => Self::Refused(refusal),
            Why::Misuse(misuse, _) | Why::Program(misuse) => Self::Misuse(misuse),
            Why::NoStream(_) => Self::other(NO_STREAM),
            Why::Busy(..) => Self::Busy,
        }
    }
}

impl std::error::Error for Rejection {}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Why::Refused(refusal) => refusal.fmt(f),
            Why::Misuse(misuse, _) | Why::Program(misuse) => misuse.fmt(f),
            Why::NoStream(_) => f.write_str(NO_STREAM),
            Why::Busy(..) => crate::Error::Busy.fmt(f),
        }
    }
}

fn incomplete(status: u16, why: &dyn fmt::Display, version: HttpVersion) -> Response<Body> {
    let text = format!("The handshake cannot be completed: {why}.\n");
    response(HttpResponse::text(status, text).to_parts(version, false))
}

/// The parts as a response of the `http` crate.
pub(super) fn response(parts: ResponseParts) -> Response<Body> {
    let mut response = Response::new(Body::from(parts.body));
    *response.status_mut() = StatusCode::from_u16(parts.status).expect("it has three digits");
    for (name, value) in parts.fields {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("it was checked to be a token");
        let value =
            HeaderValue::from_bytes(value.as_bytes()).expect("it was checked to hold no control bytes");
        response.headers_mut().append(name, value);
    }
    response
}

/// A response body that is whole from the start, and empty where a WebSocket is opened.
#[derive(Clone, Debug, Default)]
pub struct Body(Bytes);

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = std::mem::take(&mut self.0);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}
