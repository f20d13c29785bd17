//! The request line: method, target, version (RFC 9112 sections 3 and 2.3).

use super::RequestParts;
use super::authority::HostPort;
use super::head::{Place, place};
use super::list::{is_blank, is_token};
use crate::error::{Excerpt, RequestFault};
use memchr::memchr;
use std::ops::Range;

/// Where the parts of a well-formed request line stand in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestLine {
    pub(crate) method: Place,
    pub(crate) target: Place,
    /// The authority of an absolute-form target.
    pub(crate) authority: Option<Place>,
    /// Path and query; the path of an absolute-form target may be empty.
    pub(crate) path: Place,
    pub(crate) query: Option<Place>,
    /// The minor version: 0 to 9.
    pub(crate) minor: u8,
}

impl RequestLine {
    /// Reads a line without its line end; otherwise says everything that is wrong with it.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Vec<RequestFault>> {
        const VERSION: &[u8] = b" HTTP/1.";
        let (Some(method_end), Some(&last)) = (memchr(b' ', line), line.last()) else {
            return Err(faults(line));
        };
        let target_end = line.len().saturating_sub(VERSION.len() + 1);
        if method_end >= target_end
            || !last.is_ascii_digit()
            || &line[target_end..line.len() - 1] != VERSION
            || !is_token(&line[..method_end])
        {
            return Err(faults(line));
        }
        let target = method_end + 1..target_end;
        let text = &line[target.clone()];
        if text.is_empty() || text.iter().fold(false, |bad, &byte| bad | is_illegal(byte)) {
            return Err(faults(line));
        }
        let Some((authority, path)) = split(&line[..method_end], text) else {
            return Err(vec![RequestFault::TargetWrongForm(Excerpt::new(text))]);
        };
        let path = target.start + path..target.end;
        let query = memchr(b'?', &line[path.clone()]).map(|mark| path.start + mark);
        // rule: server/http-version-higher-minor
        Ok(Self {
            method: place(0..method_end),
            authority: authority.map(|range| place(target.start + range.start..target.start + range.end)),
            path: place(path.start..query.unwrap_or(path.end)),
            query: query.map(|mark| place(mark + 1..path.end)),
            target: place(target),
            minor: last - b'0',
        })
    }
}

/// The line, what is wrong with its parts, and the places of `:scheme` and `:protocol`.
pub(crate) type StreamLine = (RequestLine, Vec<RequestFault>, Option<Place>, Option<Place>);

impl RequestLine {
    /// What HTTP/2 and HTTP/3 have instead of a request line, written out behind `head`. Which parts must be there is judged
    /// later.
    pub(crate) fn from_stream(parts: &RequestParts<'_>, head: &mut Vec<u8>) -> StreamLine {
        let mut write = |name: &str, value: Option<&str>| {
            let value = value?;
            for part in [name, ": ", value] {
                head.extend_from_slice(part.as_bytes());
            }
            let written = place(head.len() - value.len()..head.len());
            head.extend_from_slice(b"\r\n");
            Some(written)
        };
        let method = write(":method", Some(parts.method)).unwrap_or_default();
        let protocol = write(":protocol", parts.protocol);
        let scheme = write(":scheme", parts.scheme);
        let authority = write(":authority", parts.authority);
        let target = write(":path", Some(parts.target)).unwrap_or_default();
        let text = parts.target.as_bytes();
        let mut faults = Vec::new();
        if !is_token(parts.method.as_bytes()) {
            faults.push(RequestFault::MethodMalformed(Excerpt::new(parts.method.as_bytes())));
        }
        // An empty path is told as missing.
        if !text.is_empty() {
            path_faults(text, &mut faults);
        }
        let query = memchr(b'?', text).map(|mark| target.0 + mark as u32);
        let line = Self {
            method,
            target,
            authority,
            path: (target.0, query.unwrap_or(target.1)),
            query: query.map(|mark| (mark + 1, target.1)),
            minor: 1,
        };
        (line, faults, scheme, protocol)
    }
}

/// What is wrong with a `:path`: it is a path and nothing else (RFC 9113 section 8.3.1).
fn path_faults(path: &[u8], faults: &mut Vec<RequestFault>) {
    if path.contains(&b'#') {
        faults.push(RequestFault::TargetFragment(Excerpt::new(path)));
    }
    if let Some(offset) = path.iter().position(|&byte| is_illegal(byte) && byte != b'#') {
        faults.push(RequestFault::TargetIllegalByte { byte: path[offset], offset });
    }
    if !path.starts_with(b"/") {
        faults.push(RequestFault::TargetWrongForm(Excerpt::new(path)));
    }
}

/// Authority, and where path and query begin; none for a form that does not fit the method.
fn split(method: &[u8], target: &[u8]) -> Option<(Option<Range<usize>>, usize)> {
    if target[0] == b'/' || (method == b"OPTIONS" && target == b"*") {
        return Some((None, 0));
    }
    if method == b"CONNECT" {
        return HostPort::parse(target).map(|_| (Some(0..target.len()), target.len()));
    }
    // rule: server/target-absolute-form-refused
    let scheme = ["http://", "https://"].into_iter().find(|scheme| {
        target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
    })?;
    let rest = &target[scheme.len()..];
    let end = scheme.len() + rest.iter().position(|&byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    HostPort::parse(&target[scheme.len()..end])?;
    Some((Some(scheme.len()..end), end))
}

/// Bytes that are refused in a target: those that browsers always encode, and the fragment's mark.
pub(crate) fn is_illegal(byte: u8) -> bool {
    (byte <= b' ') | (byte >= 0x7f) | matches!(byte, b'"' | b'<' | b'>' | b'#')
}

/// Everything that is wrong with a line that did not fit.
#[cold]
fn faults(line: &[u8]) -> Vec<RequestFault> {
    if line.is_empty() {
        return vec![RequestFault::LeadingEmptyLines];
    }
    if line == b"PRI * HTTP/2.0" {
        return vec![RequestFault::Http2Preface];
    }
    let mut faults = Vec::new();
    let mut parts: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    if parts.iter().any(|part| part.is_empty())
        || is_blank(line[0])
        || is_blank(line[line.len() - 1])
        || (parts.len() < 3 && line.contains(&b'\t'))
    {
        faults.push(RequestFault::RequestLineSpacing(Excerpt::new(line)));
        parts = line.split(|&byte| is_blank(byte)).filter(|part| !part.is_empty()).collect();
    }
    let [method, targets @ .., version] = parts.as_slice() else {
        faults.push(RequestFault::HttpVersionMalformed(Excerpt::new(b"")));
        return faults;
    };
    if !is_token(method) {
        faults.push(RequestFault::MethodMalformed(Excerpt::new(method)));
    }
    let names_version = version.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"HTTP"));
    let targets = match targets {
        [] if names_version => &[&b""[..]][..],
        [] => &parts[1..],
        targets => targets,
    };
    if let [target] = targets {
        target_faults(method, target, &mut faults);
    } else if names_version {
        faults.push(RequestFault::TargetIllegalByte { byte: b' ', offset: targets[0].len() });
    }
    if !matches!(version, [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0'..=b'9']) {
        let shown: &[u8] = if names_version || parts.len() > 2 { version } else { b"" };
        faults.push(RequestFault::HttpVersionMalformed(Excerpt::new(shown)));
    }
    faults
}

fn target_faults(method: &[u8], target: &[u8], faults: &mut Vec<RequestFault>) {
    if target.contains(&b'#') {
        faults.push(RequestFault::TargetFragment(Excerpt::new(target)));
    }
    if let Some(offset) = target.iter().position(|&byte| is_illegal(byte) && byte != b'#') {
        faults.push(RequestFault::TargetIllegalByte { byte: target[offset], offset });
    }
    if target.is_empty() || split(method, target).is_none() {
        faults.push(RequestFault::TargetWrongForm(Excerpt::new(target)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(line: &str) -> Vec<&'static str> {
        match RequestLine::parse(line.as_bytes()) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.iter().map(|fault| fault.rule().id).collect(),
        }
    }

    #[test]
    fn well_formed_lines_pass() {
        for line in [
            "GET / HTTP/1.1",
            "GET /a%20b?x=[1]&y={|} HTTP/1.9",
            "GET http://h:1 HTTP/1.1",
            "get HTTPS://[::1]/?q HTTP/1.0",
            "OPTIONS * HTTP/1.1",
            "CONNECT h:443 HTTP/1.1",
        ] {
            assert_eq!(rules(line), [""; 0], "{line}");
        }
    }

    #[test]
    fn each_fault_is_told_by_its_own_rule() {
        for (line, rule) in [
            ("GET  / HTTP/1.1", "server/request-line-spacing"),
            ("GET\t/\tHTTP/1.1", "server/request-line-spacing"),
            (" GET / HTTP/1.1", "server/request-line-spacing"),
            ("GET / HTTP/1.1 ", "server/request-line-spacing"),
            ("GET /", "server/http-version-malformed"),
            ("GET", "server/http-version-malformed"),
            ("GET / http/1.1", "server/http-version-malformed"),
            ("GET / HTTP/1.1x", "server/http-version-malformed"),
            ("GET / HTTP/01.1", "server/http-version-malformed"),
            ("GET / HTTP/1.10", "server/http-version-malformed"),
            ("GET / HTTP/2.0", "server/http-version-malformed"),
            ("GET / HTTP/1", "server/http-version-malformed"),
            ("PRI * HTTP/2.0", "server/http-version-malformed"),
            ("GET /a b HTTP/1.1", "server/target-illegal-bytes"),
            ("GET /a<b HTTP/1.1", "server/target-illegal-bytes"),
            ("GET /a\tb HTTP/1.1", "server/target-illegal-bytes"),
            ("GET /a\u{1} HTTP/1.1", "server/target-illegal-bytes"),
            ("GET /a\u{e9} HTTP/1.1", "server/target-illegal-bytes"),
            ("GET /#part HTTP/1.1", "server/target-fragment"),
            ("GET * HTTP/1.1", "server/target-wrong-form"),
            ("GET chat HTTP/1.1", "server/target-wrong-form"),
            ("GET h:80 HTTP/1.1", "server/target-wrong-form"),
            ("GET http:// HTTP/1.1", "server/target-wrong-form"),
            ("GET http://u@h/ HTTP/1.1", "server/target-wrong-form"),
            ("GET HTTP/1.1", "server/target-wrong-form"),
            ("", "server/leading-empty-line"),
            ("G@T / HTTP/1.1", "server/method-not-get"),
        ] {
            assert_eq!(rules(line), [rule], "{line:?}");
        }
    }

    #[test]
    fn several_faults_of_a_line_are_all_told() {
        assert_eq!(
            rules("G@T  a#<b HTTP/3"),
            [
                "server/request-line-spacing",
                "server/method-not-get",
                "server/target-fragment",
                "server/target-illegal-bytes",
                "server/target-wrong-form",
                "server/http-version-malformed"
            ]
        );
    }
}
