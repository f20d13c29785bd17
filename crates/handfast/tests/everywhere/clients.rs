//! handfast's own client, over both versions of HTTP.

use crate::wire::soon;
use handfast::{Client, Error, Http2, WebSocket};

pub const BOTH: [Http2; 2] = [Http2::Never, Http2::Require];

/// Opens a WebSocket over this version of HTTP.
pub async fn open(uri: &str, http2: Http2) -> Result<WebSocket, Error> {
    soon(Client::new(uri).unwrap().http2(http2).connect()).await
}

/// What the server answered instead.
pub fn status(error: &Error) -> u16 {
    match error {
        Error::Declined(declined) => declined.status(),
        other => panic!("{other:?}"),
    }
}
