//! `ws:` and `wss:` URIs, read strictly before anything is sent (RFC 6455 section 3, RFC 3986).

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Where to connect to, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WsUri {
    /// Whether the scheme is `wss`.
    pub(crate) is_secure: bool,
    /// Lower case; an IPv6 address without its brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Host and non-default port, as `Host` has it.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) target: String,
    /// User name and password with their percent-encodings resolved.
    pub(crate) userinfo: Option<(Vec<u8>, Vec<u8>)>,
}

/// Why a URI cannot be connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UriFault {
    /// The scheme is neither `ws` nor `wss`, or there is none.
    Scheme(String),
    /// A `#`: WebSocket URIs have no fragment (RFC 6455 section 3).
    Fragment,
    /// No host.
    HostMissing,
    /// A host that is neither a name of ASCII letters, digits, `-`, `_` and `.` nor an IP address.
    Host(String),
    /// A port that is no number from 1 to 65535.
    Port(String),
    /// A character that must be percent-encoded, or that no URI may have.
    Character(char),
    /// A `%` that is not followed by two hexadecimal digits.
    PercentEncoding,
    /// `wss:`, but this program was built without TLS.
    TlsNotBuilt,
    /// Too long for HTTP/2, where the library beneath takes 65 534 bytes of path and query. HTTP/1.1 sends any length.
    TooLong {
        /// How long path and query are, in bytes.
        bytes: usize,
    },
}

impl WsUri {
    /// Reads `uri` and accepts nothing that would have to be guessed at.
    pub(crate) fn parse(uri: &str) -> Result<Self, UriFault> {
        let (scheme, rest) = uri.split_once("://").ok_or_else(|| UriFault::Scheme(scheme_of(uri)))?;
        let is_secure = match scheme.to_ascii_lowercase().as_str() {
            "ws" => false,
            "wss" => true,
            _ => return Err(UriFault::Scheme(scheme.into())),
        };
        if rest.contains('#') {
            return Err(UriFault::Fragment);
        }
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let Place { host, is_v6, port, userinfo } = Place::parse(authority)?;
        let default_port = if is_secure { 443 } else { 80 };
        let port = port.unwrap_or(default_port);
        check_characters(target)?;
        let shown = if is_v6 { format!("[{host}]") } else { host.clone() };
        Ok(Self {
            is_secure,
            authority: if port == default_port { shown } else { format!("{shown}:{port}") },
            host,
            port,
            target: if target.starts_with('/') { target.into() } else { format!("/{target}") },
            userinfo,
        })
    }

    /// Whether both have the same origin: scheme, host and port (RFC 6454 section 4).
    pub(crate) fn is_same_origin(&self, other: &Self) -> bool {
        (self.is_secure, &self.host, self.port) == (other.is_secure, &other.host, other.port)
    }

    /// The host with brackets where it needs them, and the port in any case, as `CONNECT` wants it.
    pub(crate) fn host_port(&self) -> String {
        host_port(&self.host, self.port)
    }
}

impl fmt::Display for WsUri {
    /// Without user name and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "wss" } else { "ws" };
        write!(f, "{scheme}://{}{}", self.authority, self.target)
    }
}

/// `host:port` or `[address]:port`.
pub(crate) fn host_port(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// What stands between the scheme and the path (RFC 3986 section 3.2).
#[derive(Debug)]
pub(crate) struct Place {
    /// Lower case; an IPv6 address without its brackets.
    pub(crate) host: String,
    pub(crate) is_v6: bool,
    pub(crate) port: Option<u16>,
    /// User name and password with their percent-encodings resolved.
    pub(crate) userinfo: Option<(Vec<u8>, Vec<u8>)>,
}

impl Place {
    pub(crate) fn parse(authority: &str) -> Result<Self, UriFault> {
        let (userinfo, host_port) = match authority.rsplit_once('@') {
            Some((userinfo, host_port)) => (Some(userinfo), host_port),
            None => (None, authority),
        };
        let (host, port) = split_port(host_port)?;
        let (host, is_v6) = check_host(host)?;
        let port = port.filter(|port| !port.is_empty()).map(parse_port).transpose()?;
        Ok(Self { host, is_v6, port, userinfo: userinfo.map(parse_userinfo).transpose()? })
    }
}

/// What stands where a scheme should.
fn scheme_of(uri: &str) -> String {
    uri.split([':', '/']).next().unwrap_or_default().chars().take(32).collect()
}

fn split_port(host_port: &str) -> Result<(&str, Option<&str>), UriFault> {
    if host_port.starts_with('[') {
        let end = host_port.find(']').ok_or_else(|| UriFault::Host(host_port.into()))?;
        let (host, rest) = host_port.split_at(end + 1);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(UriFault::Host(host_port.into())),
        };
    }
    match host_port.split_once(':') {
        // An IPv6 address without brackets.
        Some((_, port)) if port.contains(':') => Err(UriFault::Host(host_port.into())),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((host_port, None)),
    }
}

fn check_host(host: &str) -> Result<(String, bool), UriFault> {
    if host.is_empty() {
        return Err(UriFault::HostMissing);
    }
    let fault = || UriFault::Host(host.into());
    if let Some(inner) = host.strip_prefix('[') {
        let inner = inner.strip_suffix(']').ok_or_else(fault)?;
        let address: Ipv6Addr = inner.parse().map_err(|_| fault())?;
        return Ok((address.to_string(), true));
    }
    let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let has_empty_label = host.strip_suffix('.').unwrap_or(host).split('.').any(str::is_empty);
    // A last label of digits only is an address, and must be a right one.
    let is_number = |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    let looks_like_v4 = host.rsplit('.').next().is_some_and(is_number);
    if !is_name || has_empty_label || looks_like_v4 && host.parse::<Ipv4Addr>().is_err() {
        return Err(fault());
    }
    Ok((host.to_ascii_lowercase(), false))
}

fn parse_port(port: &str) -> Result<u16, UriFault> {
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse() {
        Ok(number) if digits && number != 0 => Ok(number),
        _ => Err(UriFault::Port(port.into())),
    }
}

/// RFC 3986 sections 3.3 and 3.4: what may stand in path and query.
fn check_characters(text: &str) -> Result<(), UriFault> {
    for (at, character) in text.char_indices() {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' => {}
            '-' | '.' | '_' | '~' | '!' | '$' | '&' | '\'' | '(' | ')' | '*' | '+' | ',' | ';' | '=' => {}
            ':' | '@' | '/' | '?' => {}
            '%' => {
                percent_encoded(&text.as_bytes()[at + 1..]).ok_or(UriFault::PercentEncoding)?;
            }
            other => return Err(UriFault::Character(other)),
        }
    }
    Ok(())
}

fn parse_userinfo(userinfo: &str) -> Result<(Vec<u8>, Vec<u8>), UriFault> {
    if let Some(bad) = userinfo.chars().find(|character| matches!(character, '@' | '/' | '?')) {
        return Err(UriFault::Character(bad));
    }
    check_characters(userinfo)?;
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    Ok((percent_decode(user), percent_decode(password)))
}

/// The encodings were checked.
fn percent_decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        match percent_encoded(behind) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    bytes
}

/// The byte that the two digits behind a `%` stand for.
fn percent_encoded(behind: &[u8]) -> Option<u8> {
    let digit = |at: usize| behind.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

impl std::error::Error for UriFault {}

impl fmt::Display for UriFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme(scheme) => {
                let scheme = scheme.to_ascii_lowercase();
                write!(f, "a WebSocket URI begins with ws:// or wss://, this one with {scheme:?}")?;
                match scheme.as_str() {
                    "http" => f.write_str(": write ws:// for http://"),
                    "https" => f.write_str(": write wss:// for https://"),
                    _ => Ok(()),
                }
            }
            Self::Fragment => f.write_str(
                "a WebSocket URI has no fragment: take away '#' and what follows, or write %23 if it belongs to the path",
            ),
            Self::HostMissing => f.write_str("the URI has no host: ws://host/path is wanted"),
            Self::Host(host) if !host.is_ascii() => {
                write!(f, "the host {host:?} is not ASCII: write its name in Punycode (xn--...)")
            }
            Self::Host(host) if host.matches(':').count() > 1 && !host.starts_with('[') => {
                write!(f, "the host {host:?} is no valid name; an IPv6 address stands in brackets: [::1]")
            }
            Self::Host(host) => write!(f, "the host {host:?} is neither a valid name nor an IP address"),
            Self::Port(port) => write!(f, "the port {port:?} is no number from 1 to 65535"),
            Self::Character(character) => {
                write!(f, "the character {character:?} may not stand in a URI:")?;
                let mut bytes = [0; 4];
                f.write_str(" write ")?;
                for byte in character.encode_utf8(&mut bytes).bytes() {
                    write!(f, "%{byte:02X}")?;
                }
                Ok(())
            }
            Self::PercentEncoding => f.write_str("a '%' in the URI is not followed by two hexadecimal digits"),
            Self::TlsNotBuilt => f.write_str("wss:// needs TLS: build handfast with its feature `tls`"),
            Self::TooLong { bytes } => {
                write!(f, "path and query of the URI have {bytes} bytes, and HTTP/2 can carry 65534 here: use HTTP/1.1")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(uri: &str) -> (String, u16, String, String) {
        let uri = WsUri::parse(uri).unwrap();
        (uri.host, uri.port, uri.authority, uri.target)
    }

    fn fault(uri: &str) -> UriFault {
        WsUri::parse(uri).expect_err(uri)
    }

    #[test]
    fn default_ports_are_left_out_of_the_authority() {
        for (uri, host, port, authority, target) in [
            ("ws://example.org", "example.org", 80, "example.org", "/"),
            ("wss://example.org:443/a", "example.org", 443, "example.org", "/a"),
            ("ws://example.org:443/a", "example.org", 443, "example.org:443", "/a"),
            ("WS://Example.ORG:8080?x=1", "example.org", 8080, "example.org:8080", "/?x=1"),
            ("ws://[::1]:9/a?b/c?d", "::1", 9, "[::1]:9", "/a?b/c?d"),
            ("ws://[0:0::1]/", "::1", 80, "[::1]", "/"),
            ("ws://127.0.0.1:/a%20b", "127.0.0.1", 80, "127.0.0.1", "/a%20b"),
            ("ws://user@my_host.", "my_host.", 80, "my_host.", "/"),
        ] {
            assert_eq!(parsed(uri), (host.into(), port, authority.into(), target.into()), "{uri}");
        }
        assert!(WsUri::parse("wss://a").unwrap().is_secure);
        assert!(!WsUri::parse("ws://a").unwrap().is_secure);
    }

    #[test]
    fn what_would_have_to_be_guessed_is_refused() {
        assert_eq!(fault("http://a/"), UriFault::Scheme("http".into()));
        assert_eq!(fault("a.example/x"), UriFault::Scheme("a.example".into()));
        assert_eq!(fault(""), UriFault::Scheme(String::new()));
        assert_eq!(fault("ws:/a"), UriFault::Scheme("ws".into()));
        assert_eq!(fault("ws://a/#"), UriFault::Fragment);
        for uri in ["ws://", "ws:///a", "ws://:80/", "ws://user@/", "ws://?x"] {
            assert_eq!(fault(uri), UriFault::HostMissing, "{uri}");
        }
        for uri in [
            "ws://a b",
            "ws://bücher.example",
            "ws://::1/",
            "ws://[::1",
            "ws://[::1]x",
            "ws://[::g]",
            "ws://a..b",
        ] {
            assert!(matches!(fault(uri), UriFault::Host(_)), "{uri}");
        }
        for uri in
            ["ws://1.2.3", "ws://1.2.3.256", "ws://a%41", "ws://.", "ws://[fe80::1%25eth0]", "ws://a\\b"]
        {
            assert!(matches!(fault(uri), UriFault::Host(_)), "{uri}");
        }
        for uri in ["ws://a:0", "ws://a:65536", "ws://a:99999", "ws://a:+80", "ws://a:8o", "ws://a:-1"] {
            assert!(matches!(fault(uri), UriFault::Port(_)), "{uri}");
        }
        for (uri, character) in
            [("ws://a/ b", ' '), ("ws://a/ü", 'ü'), ("ws://a/?\"", '"'), ("ws://a/\r\n", '\r')]
        {
            assert_eq!(fault(uri), UriFault::Character(character), "{uri}");
        }
        for uri in ["ws://a/%", "ws://a/%4", "ws://a/%zz", "ws://%@a/"] {
            assert_eq!(fault(uri), UriFault::PercentEncoding, "{uri}");
        }
    }

    #[test]
    fn userinfo_is_decoded_and_never_part_of_the_authority() {
        let uri = WsUri::parse("ws://us%65r:p%40ss:word@a/").unwrap();
        assert_eq!(uri.authority, "a");
        assert_eq!(uri.userinfo, Some((b"user".to_vec(), b"p@ss:word".to_vec())));
        assert_eq!(WsUri::parse("ws://user@a").unwrap().userinfo, Some((b"user".to_vec(), Vec::new())));
        assert!(matches!(fault("ws://a@b@c/"), UriFault::Character('@')));
    }

    #[test]
    fn each_fault_says_what_to_write_instead() {
        assert!(fault("https://a").to_string().ends_with("write wss:// for https://"));
        assert!(fault("ws://a/ü").to_string().ends_with("write %C3%BC"));
        assert!(fault("ws://bücher.example").to_string().contains("Punycode"));
        assert!(fault("ws://::1/").to_string().contains("[::1]"));
    }
}
