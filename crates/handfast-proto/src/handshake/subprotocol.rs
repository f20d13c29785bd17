//! Subprotocols: the offer's grammar and the server's choice (RFC 6455 sections 4.1 item 10, 4.2.2 item 4 and 11.3.4).

use super::Fields;
use super::list::{is_token, members};

/// The names that the fields offer, in order; members that are no tokens are left out.
pub(crate) fn offered<'a>(fields: Fields<'a>) -> impl Iterator<Item = &'a str> {
    fields
        .filter(|(name, _)| name.eq_ignore_ascii_case(b"sec-websocket-protocol"))
        .flat_map(|(_, value)| members(value))
        .filter(|member| is_token(member))
        .filter_map(|member| std::str::from_utf8(member).ok())
}

// rule: server/subprotocol-case-changed
/// The first of the server's names that is offered, compared with case: the server's order of preference counts.
pub(crate) fn choose<'s>(fields: &Fields<'_>, supported: &'s [Box<str>]) -> Option<&'s str> {
    supported.iter().map(|name| &**name).find(|name| offered(fields.clone()).any(|other| other == *name))
}

/// Whether these names can be offered or supported: tokens, each once.
pub(crate) fn are_valid(names: &[Box<str>]) -> bool {
    let unique = names.iter().enumerate().all(|(index, name)| !names[..index].contains(name));
    unique && names.iter().all(|name| is_token(name.as_bytes()))
}
