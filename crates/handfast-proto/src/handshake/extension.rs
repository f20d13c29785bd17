//! Extensions: offers and answers as data (RFC 6455 section 9.1). permessage-deflate's meaning is in `deflate/params.rs`.

/// One element of a `Sec-WebSocket-Extensions` list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The extension's token.
    pub name: String,
    /// Its parameters in order; a quoted value stands here unquoted.
    pub parameters: Vec<(String, Option<String>)>,
}

/// A parsed list of extensions, in order.
pub type Extensions = Vec<Extension>;
