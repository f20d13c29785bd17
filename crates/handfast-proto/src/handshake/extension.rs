//! Extensions: offers and answers as data (RFC 6455 section 9.1). permessage-deflate's meaning is in `deflate/params.rs`.

use super::Fields;
use super::list::{Piece, walk_extensions};

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

/// Where a list of extensions breaks the grammar: the line and the offset in it.
pub(crate) struct Broken<'a> {
    pub(crate) line: &'a [u8],
    pub(crate) offset: usize,
}

/// Parses all `Sec-WebSocket-Extensions` lines as one list; without such a line the list is empty.
pub(crate) fn parse<'a>(fields: Fields<'a>) -> Result<Extensions, Broken<'a>> {
    let mut list = Extensions::new();
    let mut seen = None;
    for (_, line) in fields.filter(|(name, _)| name.eq_ignore_ascii_case(b"sec-websocket-extensions")) {
        seen.get_or_insert(line);
        walk_extensions(line, |piece| match piece {
            Piece::Name(name) => list.push(Extension { name: text(name), parameters: Vec::new() }),
            Piece::Parameter(name, value) => {
                if let Some(extension) = list.last_mut() {
                    extension.parameters.push((text(name), value.map(|value| text(&value))));
                }
            }
        })
        .map_err(|offset| Broken { line, offset })?;
    }
    match seen {
        // The list needs a member where the field is there.
        Some(line) if list.is_empty() => Err(Broken { line, offset: 0 }),
        _ => Ok(list),
    }
}

/// A token as text: tokens are ASCII.
fn text(token: &[u8]) -> String {
    token.iter().map(|&byte| char::from(byte)).collect()
}
