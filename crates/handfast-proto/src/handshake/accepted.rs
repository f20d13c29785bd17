//! The witness of a finished handshake.

use crate::deflate::Agreed;
use std::marker::PhantomData;

/// Proof that an opening handshake was completed by the rules. Only this crate's handshake makes one, and only from
/// it a [`Connection`](crate::Connection) is made. `R` is [`Server`](crate::Server) or [`Client`](crate::Client).
///
/// # Examples
///
/// A server's whole handshake, without a socket:
///
/// ```
/// use handfast_proto::handshake::{Accepted, Answer, Policy, Progress, RequestReader};
/// use handfast_proto::{Connection, Server};
///
/// let bytes = b"GET /chat HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
///     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
/// let policy = Policy::default();
/// let Progress::Complete { value: request, .. } = RequestReader::new().read(bytes, &policy).unwrap() else {
///     panic!("the head is whole");
/// };
/// let offer = request.into_offer(&policy).unwrap();
/// let (accepted, head) = offer.accept(&Answer::new()).unwrap();
/// assert!(head.starts_with(b"HTTP/1.1 101 "));
/// let connection = Connection::server(accepted, Default::default());
/// # drop(connection);
/// ```
///
/// A program cannot make one of its own, so it cannot open a connection without a handshake:
///
/// ```compile_fail,E0624
/// # use handfast_proto::{Connection, Server, handshake::Accepted};
/// let accepted = Accepted::<Server>::new(None, None);
/// let connection = Connection::server(accepted, Default::default());
/// ```
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
