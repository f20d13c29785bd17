//! The witness of a finished handshake.

use std::marker::PhantomData;

/// Proof that an opening handshake was completed by the rules. Only this crate's handshake makes one, and only from
/// it a [`Connection`](crate::Connection) is made. `R` is [`Server`](crate::Server) or [`Client`](crate::Client).
#[derive(Debug)]
pub struct Accepted<R> {
    pub(crate) subprotocol: Option<Box<str>>,
    // Issue 3 adds what was agreed for permessage-deflate here.
    pub(crate) role: PhantomData<R>,
}

impl<R> Accepted<R> {
    /// The subprotocol both sides speak, if one was agreed.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }
}
