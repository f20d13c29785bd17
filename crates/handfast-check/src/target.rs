//! The URL under test, split by the checker's own parser.

use crate::error::CheckError;

/// A WebSocket URL: scheme, host, port and request target.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// `wss`: TLS before HTTP.
    pub secure: bool,
    /// Host name or address, an IPv6 address without brackets.
    pub host: String,
    /// TCP port, 1 to 65535.
    pub port: u16,
    /// Path and query as they are sent, at least `/`.
    pub path: String,
}

impl Target {
    /// Reads `ws://`, `wss://`, `http://` or `https://` URLs; without a scheme `ws://` is meant.
    ///
    /// # Errors
    /// [`CheckError::Target`] for another scheme, a fragment, user information, a bad port or an empty host.
    pub fn parse(url: &str) -> Result<Target, CheckError> {
        let shown = crate::escape::escape(url.as_bytes(), 200);
        let wrong = |what: &str| CheckError::Target(format!("{shown}: {what}"));
        if url.is_empty() {
            return Err(CheckError::Target("the URL is empty: ws://host/path is wanted".to_owned()));
        }
        let (secure, rest) = match url.split_once("://") {
            None => (false, url),
            Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
                "ws" | "http" => (false, rest),
                "wss" | "https" => (true, rest),
                _ => return Err(wrong("a URL here begins with ws://, wss://, http:// or https://")),
            },
        };
        if rest.contains('#') {
            return Err(wrong("a WebSocket URL has no fragment: remove everything from # on"));
        }
        if rest.bytes().any(|byte| byte <= 0x20 || byte == 0x7F) {
            return Err(wrong("a URL holds no blanks or control characters: write a blank as %20"));
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if let Some(other) = path.chars().find(|character| !character.is_ascii()) {
            let mut bytes = [0; 4];
            let code: String =
                other.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")).collect();
            return Err(wrong(&format!("the character {other:?} does not stand in a URL: write {code}")));
        }
        if !authority.is_ascii() {
            return Err(wrong("the host is not ASCII: write its name in Punycode (xn--...)"));
        }
        if authority.contains('@') {
            return Err(wrong(
                "user and password do not belong in the URL: give them with --credentials 'Authorization: ...'",
            ));
        }
        let path = match path {
            "" => "/".to_owned(),
            query if query.starts_with('?') => format!("/{query}"),
            path => path.to_owned(),
        };
        let (host, port) = split_authority(authority).ok_or_else(|| wrong("wanted host or host:port"))?;
        let port = match port {
            // An empty port is the default one (RFC 3986 section 3.2.3).
            None | Some("") if secure => 443,
            None | Some("") => 80,
            Some(digits) => digits
                .parse::<u16>()
                .ok()
                .filter(|port| *port != 0)
                .ok_or_else(|| wrong("the port is a number from 1 to 65535"))?,
        };
        if host.is_empty() {
            return Err(wrong("the host is empty"));
        }
        Ok(Target { secure, host: host.to_owned(), port, path })
    }

    /// Host and port as a Host field has them: the default port left out, an IPv6 address in brackets.
    pub fn authority(&self) -> String {
        if self.port == if self.secure { 443 } else { 80 } {
            self.bracketed_host()
        } else {
            format!("{}:{}", self.bracketed_host(), self.port)
        }
    }

    /// The host, in brackets when it is an IPv6 address.
    pub fn bracketed_host(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }

    /// The URL in one normal form.
    pub fn url(&self) -> String {
        format!("{}://{}{}", if self.secure { "wss" } else { "ws" }, self.authority(), self.path)
    }

    /// The origin of a page on the same host and port.
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.authority())
    }
}

fn split_authority(authority: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return match after {
            "" => Some((host, None)),
            after => Some((host, Some(after.strip_prefix(':')?))),
        };
    }
    match authority.split_once(':') {
        None => Some((authority, None)),
        Some((host, port)) => (!port.contains(':')).then_some((host, Some(port))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_port_stays_out_of_the_host_field() {
        assert_eq!(Target::parse("ws://a.example:80/x").expect("valid").authority(), "a.example");
        assert_eq!(Target::parse("wss://a.example/").expect("valid").port, 443);
        assert_eq!(Target::parse("wss://a.example:80").expect("valid").authority(), "a.example:80");
    }

    #[test]
    fn a_query_without_a_path_gets_one() {
        assert_eq!(Target::parse("ws://h?q=1").expect("valid").path, "/?q=1");
    }

    #[test]
    fn ipv6_addresses_keep_their_brackets_on_the_wire() {
        let target = Target::parse("ws://[::1]:9001/chat").expect("valid");
        assert_eq!((target.host.as_str(), target.authority().as_str()), ("::1", "[::1]:9001"));
    }

    #[test]
    fn a_scheme_in_capitals_and_an_empty_port_are_what_the_standards_say() {
        let target = Target::parse("WSS://a.example:/").expect("valid");
        assert_eq!((target.secure, target.port, target.url().as_str()), (true, 443, "wss://a.example/"));
    }

    #[test]
    fn what_a_url_cannot_hold_comes_back_escaped() {
        let text = |url| Target::parse(url).expect_err("no URL").to_string();
        assert!(!text("ws://a/\x1b[31m").contains('\x1b'));
        assert!(text("ws://a/\u{e4}").ends_with("write %C3%A4"), "{}", text("ws://a/\u{e4}"));
    }

    #[test]
    fn bad_urls_are_refused_with_their_reason() {
        for url in [
            "",
            "ftp://a/",
            "ws://\u{fc}.example/",
            "ws://a/#b",
            "ws:///a",
            "ws://a:0/",
            "ws://a:99999/",
            "ws://u@a/",
            "ws://a b/",
            "ws://[::1",
        ] {
            assert!(matches!(Target::parse(url), Err(CheckError::Target(_))), "{url}");
        }
    }
}
