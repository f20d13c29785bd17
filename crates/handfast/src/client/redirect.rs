//! Where a redirect leads to (RFC 9110 section 15.4), resolved as RFC 3986 section 5.2 says.

use super::uri::{UriFault, WsUri};
use crate::Error;
use crate::error::Declined;
use std::fmt;

/// A redirect that was not followed, with the answer that asked for it.
#[derive(Debug)]
pub struct RedirectFault {
    pub(super) declined: Box<Declined>,
    pub(super) kind: RedirectFaultKind,
}

impl RedirectFault {
    /// The answer that redirects: its status is 301, 302, 303, 307 or 308.
    pub fn answer(&self) -> &Declined {
        &self.declined
    }

    /// Why it was not followed.
    pub fn kind(&self) -> &RedirectFaultKind {
        &self.kind
    }
}

/// Why a redirect was not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectFaultKind {
    /// One more than [`Client::redirects`](crate::Client::redirects) allows: perhaps a loop.
    TooMany {
        /// How many were followed before.
        followed: usize,
    },
    /// From `wss://` to `ws://`: the connection would not be encrypted any more.
    Insecure {
        /// Where to.
        to: String,
    },
    /// Its `Location` cannot be connected to.
    Location(UriFault),
    /// To another scheme, host or port than the HTTP/2 connection is for, on which the WebSocket was to be opened.
    OtherOrigin {
        /// Where to.
        to: String,
    },
}

/// Where to go on after a redirect, with the answer that redirects. Fails with that answer when it is none or none is to be
/// followed.
pub(super) fn next(
    base: &WsUri,
    declined: Box<Declined>,
    followed: usize,
    max: usize,
) -> Result<(WsUri, Box<Declined>), Error> {
    let Some(location) = location(&declined).filter(|_| max > 0) else {
        return Err(Error::Declined(declined));
    };
    let kind = match resolve(base, location) {
        _ if followed == max => RedirectFaultKind::TooMany { followed },
        Ok(next) if base.is_secure && !next.is_secure => RedirectFaultKind::Insecure { to: next.to_string() },
        Ok(next) if next.is_secure && cfg!(not(feature = "tls")) => {
            RedirectFaultKind::Location(UriFault::TlsNotBuilt)
        }
        Ok(next) => return Ok((next, declined)),
        Err(fault) => RedirectFaultKind::Location(fault),
    };
    Err(RedirectFault { declined, kind }.into())
}

/// Where a server redirects to, if this is a redirect. Two different places are none.
fn location(declined: &Declined) -> Option<&[u8]> {
    if !matches!(declined.status(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let is_location = |name: &[u8]| name.eq_ignore_ascii_case(b"location");
    let mut locations =
        declined.head().fields().filter(|(name, _)| is_location(name)).map(|(_, value)| value);
    let first = locations.next()?;
    locations.all(|other| other == first).then_some(first)
}

/// What `location` means where `base` was asked for. Fragment, user name and password are dropped.
fn resolve(base: &WsUri, location: &[u8]) -> Result<WsUri, UriFault> {
    let location =
        std::str::from_utf8(location).map_err(|_| UriFault::Character(char::REPLACEMENT_CHARACTER))?;
    let location = location.split('#').next().unwrap_or_default();
    let scheme = if base.is_secure { "wss" } else { "ws" };
    let (base_path, _) = split_query(&base.target);
    let (scheme, authority, rest) = if let Some((scheme, rest)) = split_scheme(location) {
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" | "ws" => "ws",
            "https" | "wss" => "wss",
            _ => return Err(UriFault::Scheme(scheme.chars().take(32).collect())),
        };
        let rest = rest.strip_prefix("//").ok_or(UriFault::HostMissing)?;
        let (authority, rest) = split_authority(rest);
        (scheme, authority, rest.to_owned())
    } else if let Some(rest) = location.strip_prefix("//") {
        let (authority, rest) = split_authority(rest);
        (scheme, authority, rest.to_owned())
    } else {
        let rest = match location.as_bytes().first() {
            None => base.target.clone(),
            Some(b'/') => location.to_owned(),
            Some(b'?') => format!("{base_path}{location}"),
            Some(_) => {
                let folder = &base_path[..base_path.rfind('/').map_or(0, |slash| slash + 1)];
                format!("{folder}{location}")
            }
        };
        (scheme, base.authority.as_str(), rest)
    };
    let (path, query) = split_query(&rest);
    let path = without_dots(path);
    let mut uri = WsUri::parse(&format!("{scheme}://{authority}{path}{}", query.unwrap_or_default()))?;
    uri.userinfo = None;
    Ok(uri)
}

/// The scheme and what follows its colon (RFC 3986 section 3.1).
fn split_scheme(location: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = location.split_once(':')?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme.then_some((scheme, rest))
}

fn split_authority(rest: &str) -> (&str, &str) {
    rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()))
}

/// Path, and query with its question mark.
fn split_query(target: &str) -> (&str, Option<&str>) {
    match target.find('?') {
        Some(at) => (&target[..at], Some(&target[at..])),
        None => (target, None),
    }
}

/// RFC 3986 section 5.2.4, for paths that are empty or begin with a slash.
fn without_dots(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    let mut is_folder = false;
    for segment in path.split('/').skip(1) {
        is_folder = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    let end = if is_folder { "/" } else { "" };
    let mut clean: String = segments.iter().flat_map(|segment| ["/", segment]).collect();
    clean.push_str(end);
    clean
}

impl std::error::Error for RedirectFault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            RedirectFaultKind::Location(fault) => Some(fault),
            RedirectFaultKind::TooMany { .. }
            | RedirectFaultKind::Insecure { .. }
            | RedirectFaultKind::OtherOrigin { .. } => None,
        }
    }
}

impl fmt::Display for RedirectFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server's redirect ({}) was not followed: ", self.declined.status())?;
        match &self.kind {
            RedirectFaultKind::TooMany { followed } => {
                write!(f, "{followed} were followed before it, and no more are allowed")
            }
            RedirectFaultKind::Insecure { to } => {
                write!(f, "it leads from wss:// to {to}, which is not encrypted")
            }
            RedirectFaultKind::OtherOrigin { to } => {
                write!(f, "it leads to {to}, and the HTTP/2 connection is for another origin")
            }
            RedirectFaultKind::Location(fault) => write!(f, "its Location cannot be used: {fault}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(base: &str, location: &str) -> String {
        resolve(&WsUri::parse(base).unwrap(), location.as_bytes()).unwrap().to_string()
    }

    #[test]
    fn locations_are_resolved_as_in_rfc_3986_section_5_4() {
        for (location, expected) in [
            ("g", "ws://a/b/c/g"),
            ("./g", "ws://a/b/c/g"),
            ("g/", "ws://a/b/c/g/"),
            ("/g", "ws://a/g"),
            ("//g", "ws://g/"),
            ("?y", "ws://a/b/c/d;p?y"),
            ("g?y", "ws://a/b/c/g?y"),
            ("#s", "ws://a/b/c/d;p?q"),
            ("g#s", "ws://a/b/c/g"),
            ("g?y#s", "ws://a/b/c/g?y"),
            (";x", "ws://a/b/c/;x"),
            ("", "ws://a/b/c/d;p?q"),
            (".", "ws://a/b/c/"),
            ("./", "ws://a/b/c/"),
            ("..", "ws://a/b/"),
            ("../", "ws://a/b/"),
            ("../g", "ws://a/b/g"),
            ("../..", "ws://a/"),
            ("../../g", "ws://a/g"),
            ("../../../../g", "ws://a/g"),
            ("/./g", "ws://a/g"),
            ("/../g", "ws://a/g"),
            ("g.", "ws://a/b/c/g."),
            ("..g", "ws://a/b/c/..g"),
            ("./../g", "ws://a/b/g"),
            ("./g/.", "ws://a/b/c/g/"),
            ("g/../h", "ws://a/b/c/h"),
            ("g?y/../x", "ws://a/b/c/g?y/../x"),
        ] {
            assert_eq!(resolved("ws://a/b/c/d;p?q", location), expected, "{location:?}");
        }
    }

    #[test]
    fn http_means_ws_and_credentials_in_a_location_are_dropped() {
        assert_eq!(resolved("ws://a/", "https://b.example:8443/x"), "wss://b.example:8443/x");
        assert_eq!(resolved("wss://a/", "HTTP://b"), "ws://b/");
        assert_eq!(resolved("wss://a:444/x/y", "z"), "wss://a:444/x/z");
        let uri = resolve(&WsUri::parse("ws://u:p@a/").unwrap(), b"ws://x:y@a/z").unwrap();
        assert_eq!(uri.userinfo, None);
        assert!(uri.is_same_origin(&WsUri::parse("ws://u:p@a/").unwrap()));
    }

    #[test]
    fn scheme_host_and_port_are_the_origin() {
        let origin = |uri| WsUri::parse(uri).unwrap();
        assert!(origin("ws://a:80/x").is_same_origin(&origin("ws://A/y")));
        for other in ["wss://a/", "ws://b/", "ws://a:81/", "wss://a:80/"] {
            assert!(!origin("ws://a/").is_same_origin(&origin(other)), "{other}");
        }
    }

    #[test]
    fn what_is_no_place_to_connect_to_is_refused() {
        let base = WsUri::parse("ws://a/").unwrap();
        for location in [
            "ftp://a/",
            "javascript:alert(1)",
            "http:/x",
            "http://",
            "ws://a/ b",
            "ws://a b/",
            "//[::1",
            "a\u{fc}",
        ] {
            assert!(resolve(&base, location.as_bytes()).is_err(), "{location:?}");
        }
        assert!(resolve(&base, b"/\xff").is_err());
    }
}
