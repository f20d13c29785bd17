//! The opening handshake (RFC 6455 section 4), both roles.
//!
//! A server reads bytes into a [`RequestReader`], gets a [`Request`], judges it into an [`Offer`] or a [`Refusal`],
//! and turns the offer into an [`Accepted`] and the bytes of the 101. A client writes a [`ClientRequest`], and its
//! [`Pending`] reads the answer into an [`Accepted`]. Where another library carries the HTTP, HTTP/2 and HTTP/3 among it,
//! a request is made from its parts ([`Request::from_parts`]) and judged by the same rules. Only an `Accepted` opens a [`Connection`](crate::Connection).

mod accept;
mod accepted;
mod answer;
mod authority;
mod connect;
mod examine;
mod extension;
mod head;
mod http;
mod key;
mod list;
mod offer;
mod origin;
mod parts;
mod policy;
mod refuse;
mod request;
mod response;
mod stream;
mod subprotocol;
mod target;
mod verify;

pub use accept::{Accept, Steps};
pub use accepted::Accepted;
pub use answer::Answer;
pub use connect::{ClientRequest, Pending, PendingStream, ResponseReader, Verdict};
pub use extension::{Extension, Extensions};
pub use head::{Fields, Progress};
pub use http::HttpResponse;
pub use key::Key;
pub use offer::Offer;
pub use origin::OriginPolicy;
pub use parts::{HttpVersion, RequestParts, ResponseParts};
pub use policy::{Policy, Strictness};
pub use refuse::Refusal;
pub use request::{Request, RequestReader};
pub use response::ResponseHead;
