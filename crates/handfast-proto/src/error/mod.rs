//! Every way a peer can be wrong. The type says who is to blame, the variant says what they did, and one
//! `match` without a catch-all gives the answer.
//!
//! | type | who was wrong | answer |
//! | --- | --- | --- |
//! | [`RequestFault`] | a client, in its opening request | an HTTP status |
//! | [`ResponseFault`] | a server, in its answer | the client fails the connection |
//! | [`FrameFault`] | either peer, after the handshake | a Close code |
//! | [`Misuse`] | the program that calls this library | nothing is sent |

// A new variant must not compile until its rule, its answer and its words are decided.
#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

mod excerpt;
mod frame;
mod misuse;
mod request;
mod request_words;
mod response;
mod response_words;

pub use excerpt::Excerpt;
pub use frame::FrameFault;
pub use misuse::Misuse;
pub use request::{PseudoField, RequestFault};
pub use response::ResponseFault;
