//! Host and port: the grammar of `Host` and of an authority without user (RFC 9110 sections 4.2.1 and 7.2).

use std::net::Ipv6Addr;

/// A host with an optional port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HostPort<'a> {
    /// A name or IPv4 address, or an IPv6 address without its brackets.
    pub(crate) host: &'a str,
    /// None when none is written; an empty one counts as none.
    pub(crate) port: Option<u16>,
}

impl<'a> HostPort<'a> {
    // rule: server/host-form-refused
    /// None for anything outside the grammar, for an empty host and for a port above 65535.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (host, rest) = match text.strip_prefix('[') {
            Some(bracketed) => {
                let (host, rest) = bracketed.split_once(']')?;
                host.parse::<Ipv6Addr>().ok()?;
                (host, rest)
            }
            None => {
                let (host, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
                if !is_name(host.as_bytes()) {
                    return None;
                }
                (host, rest)
            }
        };
        let port = match rest.strip_prefix(':') {
            None if rest.is_empty() => None,
            None => return None,
            Some("") => None,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
            Some(_) => return None,
        };
        Some(Self { host, port })
    }
}

/// A `reg-name` that is not empty (RFC 3986 section 3.2.2).
fn is_name(mut name: &[u8]) -> bool {
    if name.is_empty() {
        return false;
    }
    loop {
        match name {
            [] => return true,
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                name = rest
            }
            [byte, rest @ ..] if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(byte) => {
                name = rest
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_and_ports_are_understood() {
        for (text, host, port) in [
            ("example.org", "example.org", None),
            ("EXAMPLE.org:8080", "EXAMPLE.org", Some(8080)),
            ("127.0.0.1:", "127.0.0.1", None),
            ("[::1]:65535", "::1", Some(65535)),
            ("a_b.local", "a_b.local", None),
        ] {
            assert_eq!(HostPort::parse(text.as_bytes()), Some(HostPort { host, port }), "{text}");
        }
    }

    #[test]
    fn everything_else_is_not() {
        for text in [
            "", ":80", "a b", "u@h", "h/x", "[::1", "[::g]", "[::1]x", "h:port", "h:-1", "h:65536",
            "http://h", "h:1:2", "%4", "h\u{e9}", "h,\"",
        ] {
            assert_eq!(HostPort::parse(text.as_bytes()), None, "{text}");
        }
    }
}
