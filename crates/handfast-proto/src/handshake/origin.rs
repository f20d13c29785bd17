//! Which pages may open a WebSocket (RFC 6455 section 10.2, RFC 6454).

use super::authority::HostPort;
use super::list::is_blank;
use crate::error::{Excerpt, RequestFault};

/// The server's view of `Origin`. A request without the field is let in by each: it does not come from a browser.
///
/// Several origins, on one line or more, are refused by each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OriginPolicy {
    /// Scheme-default ports applied, the origin's host and port equal the request's. The default.
    ///
    /// A page of `https://app.example` may connect to the host `app.example` over a plain connection too, since a proxy
    /// in front may have taken TLS off.
    #[default]
    SameOrigin,
    /// Same origin, or one of these serialized origins, such as `https://app.example`, compared in full. `null` only if listed.
    ///
    /// Write them as browsers send them: without a slash at the end, and without the scheme's own port. An entry such as
    /// `https://app.example/` or `https://app.example:443` lets nobody in.
    Allow(Vec<String>),
    /// Any origin: right for public services without cookies, and only for them.
    Any,
}

impl OriginPolicy {
    // rule: server/origin-refusal-status
    /// What is wrong with this one `Origin` value, for a request to `authority`.
    pub(crate) fn judge(
        &self,
        value: &[u8],
        authority: Option<HostPort<'_>>,
        secure: bool,
    ) -> Option<RequestFault> {
        if value.iter().any(|&byte| is_blank(byte) || byte == b',') {
            return Some(RequestFault::OriginDuplicate(Excerpt::new(value)));
        }
        let listed: &[String] = match self {
            Self::Any => return None,
            Self::Allow(list) => list,
            Self::SameOrigin => &[],
        };
        if listed.iter().any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(value)) {
            return None;
        }
        match Origin::parse(value) {
            Some(origin) if authority.is_some_and(|authority| origin.is_of(authority, secure)) => None,
            None if value != b"null" => Some(RequestFault::OriginMalformed(Excerpt::new(value))),
            _ => Some(RequestFault::OriginForeign(Excerpt::new(value))),
        }
    }
}

/// A serialized origin (RFC 6454 section 6.2).
struct Origin<'a> {
    scheme: &'a [u8],
    place: HostPort<'a>,
}

impl<'a> Origin<'a> {
    fn parse(value: &'a [u8]) -> Option<Self> {
        let colon = value.iter().position(|&byte| byte == b':')?;
        let (scheme, rest) = value.split_at(colon);
        let rest = rest.strip_prefix(b"://")?;
        let scheme_fits = scheme.first().is_some_and(u8::is_ascii_alphabetic)
            && scheme.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if !scheme_fits || rest.ends_with(b":") {
            return None;
        }
        Some(Self { scheme, place: HostPort::parse(rest)? })
    }

    /// Whether host and port are those of the request. `secure` gives the port of an authority that names none.
    fn is_of(&self, authority: HostPort<'_>, secure: bool) -> bool {
        let default = match () {
            () if self.scheme.eq_ignore_ascii_case(b"http") => 80,
            () if self.scheme.eq_ignore_ascii_case(b"https") => 443,
            () => return false,
        };
        let origin_port = self.place.port.unwrap_or(default);
        let same_port = match authority.port {
            Some(port) => origin_port == port,
            None => origin_port == default || origin_port == if secure { 443 } else { 80 },
        };
        same_port && self.place.host.eq_ignore_ascii_case(authority.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(origin: &str, host: &str, secure: bool) -> Option<&'static str> {
        let authority = HostPort::parse(host.as_bytes());
        OriginPolicy::SameOrigin.judge(origin.as_bytes(), authority, secure).map(|fault| fault.rule().id)
    }

    #[test]
    fn default_ports_are_those_of_the_scheme_and_tls_may_end_at_a_proxy() {
        for (origin, host, secure) in [
            ("http://app.example", "app.example", false),
            ("https://app.example", "app.example", true),
            ("https://app.example", "app.example", false),
            ("http://app.example", "app.example", true),
            ("https://app.example", "app.example:443", false),
            ("HTTPS://App.Example", "app.example", true),
            ("http://localhost:8080", "localhost:8080", false),
            ("http://[::1]:8080", "[::1]:8080", false),
            ("http://app.example:80", "app.example", false),
        ] {
            assert_eq!(same(origin, host, secure), None, "{origin} to {host}");
        }
        for (origin, host, secure) in [
            ("http://app.example:8080", "app.example", false),
            ("http://app.example", "app.example:8080", false),
            ("https://app.example:8443", "app.example", true),
            ("https://app.example.evil.example", "app.example", true),
            ("https://evilapp.example", "app.example", true),
            ("chrome-extension://app.example", "app.example", true),
            ("null", "null", false),
        ] {
            assert_eq!(
                same(origin, host, secure),
                Some("server/origin-foreign-accepted"),
                "{origin} to {host}"
            );
        }
        for origin in [
            "",
            "app.example",
            "https://app.example@evil.example",
            "https://app.example/",
            "https://app.example:",
        ] {
            assert_eq!(same(origin, "app.example", true), Some("server/origin-compared-loosely"), "{origin}");
        }
    }
}
