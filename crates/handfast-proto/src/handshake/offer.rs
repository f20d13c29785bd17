//! A valid opening handshake, not yet answered.

use super::{Accepted, Answer, Extension, Key, Request};
use crate::{Server, error::Misuse};

/// A handshake that keeps every rule. Look at it, then [`accept`](Offer::accept) it or refuse it with any response.
#[derive(Debug)]
pub struct Offer {
    request: Request,
}

impl Offer {
    /// The request: path, query, authority and all fields.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The client's key; `None` over HTTP/2 and HTTP/3, which use none.
    pub fn key(&self) -> Option<&Key> {
        todo!()
    }

    /// The page's origin; `None` when the client is no browser.
    pub fn origin(&self) -> Option<&str> {
        todo!()
    }

    /// The subprotocols offered, in the client's order of preference.
    pub fn subprotocols(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }

    /// The extensions offered, in the client's order of preference.
    pub fn extensions(&self) -> Vec<Extension> {
        todo!()
    }

    /// Completes the handshake: the witness, and the exact bytes of the 101 to write (preceded by `100 Continue` where the
    /// client expects it).
    ///
    /// Fails with [`Misuse::SubprotocolNotOffered`] when `answer` forces a subprotocol that was not offered. `answer`
    /// checked everything else when it was built.
    pub fn accept(&self, _answer: &Answer) -> Result<(Accepted<Server>, Vec<u8>), Misuse> {
        todo!()
    }
}
