//! The witness of a finished handshake.

use crate::deflate::Agreed;
use std::marker::PhantomData;

/// Proof that an opening handshake was completed by the rules. Only this crate's handshake makes one, and only from
/// it a [`Connection`](crate::Connection) is made. `R` is [`Server`](crate::Server) or [`Client`](crate::Client).
#[derive(Debug)]
pub struct Accepted<R> {
    pub(crate) subprotocol: Option<Box<str>>,
    pub(crate) deflate: Option<Agreed>,
    role: PhantomData<R>,
}

impl<R> Accepted<R> {
    /// Only for the handshake, when every rule was found kept.
    pub(crate) fn new(subprotocol: Option<&str>, deflate: Option<Agreed>) -> Self {
        Self { subprotocol: subprotocol.map(Into::into), deflate, role: PhantomData }
    }

    /// The subprotocol both sides speak, if one was agreed.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// What was agreed for permessage-deflate, if it was.
    pub fn deflate(&self) -> Option<&Agreed> {
        self.deflate.as_ref()
    }
}
