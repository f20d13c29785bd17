//! The checker's own wire code: connections, heads and frames. Nothing here is shared with the library under test.

pub(crate) mod bytes;
pub(crate) mod dial;
pub(crate) mod frame;
pub(crate) mod h2;
pub(crate) mod head;
pub(crate) mod tls;
