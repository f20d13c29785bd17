//! The opening handshake (RFC 6455 section 4), both roles.
//!
//! A server reads bytes into a [`RequestReader`], gets a [`Request`], judges it into an [`Offer`] or a [`Refusal`],
//! and turns the offer into an [`Accepted`] and the bytes of the 101. A client writes a [`ClientRequest`], and its
//! [`Pending`] reads the answer into an [`Accepted`]. Only an `Accepted` opens a [`Connection`](crate::Connection).

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
mod policy;
mod refuse;
mod request;
mod response;
mod subprotocol;
mod target;
mod verify;

pub use accept::{Accept, Steps};
pub use accepted::Accepted;
pub use answer::Answer;
pub use connect::{ClientRequest, Pending, Verdict};
pub use extension::{Extension, Extensions};
pub use head::{Fields, Progress};
pub use http::HttpResponse;
pub use key::Key;
pub use offer::Offer;
pub use origin::OriginPolicy;
pub use policy::{Policy, Strictness};
pub use refuse::Refusal;
pub use request::{Request, RequestReader};
pub use response::ResponseHead;
