//! Host and port: the grammar of `Host` and of an authority without user (RFC 9110 sections 4.2.1 and 7.2).

use super::list::letters_digits_and;
use std::net::Ipv6Addr;

/// A host with an optional port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HostPort<'a> {
    /// A name or IPv4 address, or an IPv6 address without its brackets.
    pub(crate) host: &'a [u8],
    /// None when none is written; an empty one counts as none.
    pub(crate) port: Option<u16>,
}

impl<'a> HostPort<'a> {
    // rule: server/host-form-refused
    /// None for anything outside the grammar, for an empty host and for a port above 65535.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let (host, rest) = match text {
            [b'[', bracketed @ ..] => {
                let end = bracketed.iter().position(|&byte| byte == b']')?;
                std::str::from_utf8(&bracketed[..end]).ok()?.parse::<Ipv6Addr>().ok()?;
                (&bracketed[..end], &bracketed[end + 1..])
            }
            name => {
                let end = name_length(name)?;
                (&name[..end], &name[end..])
            }
        };
        let port = match rest {
            [] | [b':'] => None,
            [b':', digits @ ..] => Some(digits.iter().try_fold(0_u16, |port, &digit| {
                let digit = digit.is_ascii_digit().then(|| u16::from(digit - b'0'))?;
                port.checked_mul(10)?.checked_add(digit)
            })?),
            _ => return None,
        };
        Some(Self { host, port })
    }
}

/// How long the `reg-name` is that the text begins with (RFC 3986 section 3.2.2); none for an empty or broken one.
fn name_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match text[at..] {
            [byte, ..] if NAME[byte as usize] => at += 1,
            [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => at += 3,
            [] | [b':', ..] if at > 0 => return Some(at),
            _ => return None,
        }
    }
}

/// The characters of a `reg-name` that stand for themselves.
const NAME: [bool; 256] = letters_digits_and(b"-._~!$&'()*+,;=");

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
            assert_eq!(
                HostPort::parse(text.as_bytes()),
                Some(HostPort { host: host.as_bytes(), port }),
                "{text}"
            );
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
