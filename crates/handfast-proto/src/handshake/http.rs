//! A complete HTTP response that opens no WebSocket (RFC 9112 sections 4 to 6).

use super::head::{is_field, is_reserved};
use super::{HttpVersion, ResponseParts};
use crate::error::Misuse;
use std::borrow::Cow;

/// A complete HTTP response that opens no WebSocket, and over HTTP/1.1 ends the connection: a refusal, or any page of the program's own.
///
/// `Content-Length`, `Connection: close` (with `Upgrade` on a 426, beside the fields that a 426 needs) and, unless the
/// program sets its own, `Cache-Control: no-store` are written by [`HttpResponse::to_bytes`]; so is `Allow: GET` on a 405
/// without an `Allow`. A 401 without the `WWW-Authenticate` that it must have is written as 403.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    status: u16,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

impl HttpResponse {
    /// A response with this status, no fields and no body. Anything but 200 to 599 becomes 500: only an accepted offer
    /// answers with 101.
    pub fn new(status: u16) -> Self {
        let status = if (200..600).contains(&status) { status } else { 500 };
        Self { status, fields: Vec::new(), body: Vec::new() }
    }

    /// A `text/plain; charset=utf-8` response.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self::new(status).with("Content-Type", "text/plain; charset=utf-8").body(body.into())
    }

    /// Adds a field; fails with [`Misuse::HeaderNotAllowed`] where the name or value is not valid HTTP, or the field is
    /// one that `to_bytes` writes or that belongs to the handshake.
    pub fn field(self, name: &str, value: &str) -> Result<Self, Misuse> {
        match is_field(name, value) && !is_reserved(name) {
            true => Ok(self.with(name, value)),
            false => Err(Misuse::HeaderNotAllowed),
        }
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The bytes to write. `head_only` leaves out the body but keeps its length, as a HEAD request wants it.
    pub fn to_bytes(&self, head_only: bool) -> Vec<u8> {
        let (status, fields) = self.complete(HttpVersion::Http11);
        let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
        for (name, value) in fields {
            for part in [name, ": ", &*value, "\r\n"] {
                head.push_str(part);
            }
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(self.shown_body(head_only));
        bytes
    }

    /// The parts for another HTTP library to write in this version. Over HTTP/2 and HTTP/3 they have no fields of the
    /// connection, and a 426, which is about upgrades, becomes a 400.
    pub fn to_parts(&self, version: HttpVersion, head_only: bool) -> ResponseParts {
        let (status, fields) = self.complete(version);
        let fields = fields.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value.into_owned()));
        ResponseParts { status, fields: fields.collect(), body: self.shown_body(head_only).to_vec() }
    }

    /// The status that is sent, and all fields.
    fn complete(&self, version: HttpVersion) -> (u16, Vec<(&str, Cow<'_, str>)>) {
        let has = |name: &str| self.fields.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let has_streams = version.has_streams();
        let status = match self.status {
            // rule: server/status-401-without-challenge
            401 if !has("WWW-Authenticate") => 403,
            426 if has_streams => 400,
            status => status,
        };
        let mut fields: Vec<(&str, Cow<'_, str>)> = Vec::with_capacity(self.fields.len() + 4);
        // rule: server/status-426-without-upgrade server/version-other-unadvertised server/error-unframed
        // rule: server/h2-connection-fields
        if status == 426 {
            fields.push(("Upgrade", "websocket".into()));
            fields.push(("Connection", "Upgrade, close".into()));
        } else if !has_streams {
            fields.push(("Connection", "close".into()));
        }
        if self.status == 426 {
            fields.push(("Sec-WebSocket-Version", "13".into()));
        }
        fields.extend(self.fields.iter().map(|(name, value)| (&**name, Cow::from(&**value))));
        // rule: server/method-without-allow
        if status == 405 && !has("Allow") {
            fields.push(("Allow", if has_streams { "CONNECT" } else { "GET" }.into()));
        }
        // rule: server/refusal-cacheable
        if !has("Cache-Control") {
            fields.push(("Cache-Control", "no-store".into()));
        }
        if !self.is_bodiless() {
            fields.push(("Content-Length", self.body.len().to_string().into()));
        }
        (status, fields)
    }

    fn shown_body(&self, head_only: bool) -> &[u8] {
        if head_only || self.is_bodiless() { &[] } else { &self.body }
    }

    /// These two never have a body (RFC 9110 sections 15.3.5 and 15.4.5).
    fn is_bodiless(&self) -> bool {
        matches!(self.status, 204 | 304)
    }

    /// Adds a field that this crate knows to be right.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// The usual phrase of a status (RFC 9110 section 15); empty for rare ones, as RFC 9112 section 4 allows.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Content Too Large",
        414 => "URI Too Long",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_complete_and_ends_the_connection() {
        let bytes = HttpResponse::text(404, "no\n").field("X-A", "b").unwrap().to_bytes(false);
        let text = "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nX-A: b\r\n\
                    Cache-Control: no-store\r\nContent-Length: 3\r\n\r\nno\n";
        assert_eq!(bytes.escape_ascii().to_string(), text.as_bytes().escape_ascii().to_string());
    }

    // rule: server/status-401-without-challenge server/method-without-allow
    #[test]
    fn a_401_without_a_challenge_is_a_403_and_a_405_names_a_method() {
        let text = |response: HttpResponse| String::from_utf8(response.to_bytes(false)).unwrap();
        assert!(text(HttpResponse::text(401, "no")).starts_with("HTTP/1.1 403 Forbidden\r\n"));
        let challenge = HttpResponse::text(401, "no").field("WWW-Authenticate", "Basic realm=\"x\"").unwrap();
        assert!(text(challenge).starts_with("HTTP/1.1 401 Unauthorized\r\n"));
        assert!(text(HttpResponse::new(405)).contains("\r\nAllow: GET\r\n"));
        assert!(!text(HttpResponse::new(405).field("allow", "POST").unwrap()).contains("Allow: GET"));
    }

    #[test]
    fn a_head_request_gets_the_length_without_the_body() {
        let bytes = HttpResponse::text(200, "page").to_bytes(true);
        assert!(bytes.ends_with(b"Content-Length: 4\r\n\r\n"));
    }

    #[test]
    fn no_response_is_a_101_and_no_field_forges_one() {
        assert_eq!(HttpResponse::new(101).status(), 500);
        for (name, value) in
            [("Upgrade", "websocket"), ("X", "a\r\nY: b"), ("X\0", "a"), ("content-length", "1"), ("", "")]
        {
            assert_eq!(
                HttpResponse::new(200).field(name, value).unwrap_err(),
                Misuse::HeaderNotAllowed,
                "{name}"
            );
        }
    }
}
