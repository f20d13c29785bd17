//! Refusals: faults become one complete HTTP answer (RFC 6455 section 4.2.2, RFC 9110 section 15).

use super::{HttpResponse, HttpVersion, ResponseParts};
use crate::error::RequestFault;
use std::fmt::{self, Write as _};

/// A request that is not accepted, with *all* its faults.
#[derive(Clone, Debug)]
pub struct Refusal {
    faults: Vec<RequestFault>,
    version: HttpVersion,
    head_request: bool,
}

impl Refusal {
    pub(crate) fn new(mut faults: Vec<RequestFault>, version: HttpVersion, head_request: bool) -> Self {
        faults.sort_by_key(RequestFault::rank);
        Self { faults, version, head_request }
    }

    /// Every fault found, the most telling first; never empty.
    pub fn faults(&self) -> &[RequestFault] {
        &self.faults
    }

    /// The status of the most telling fault; over HTTP/2 and HTTP/3, which have no upgrade, 400 instead of 426.
    pub fn status(&self) -> u16 {
        let status = self.faults.first().map_or(400, RequestFault::status);
        if status == 426 && self.version.has_streams() { 400 } else { status }
    }

    // rule: server/silent-close server/error-unexplained server/response-splitting
    /// The complete answer: status, fields, and a text body that names each broken rule.
    pub fn response(&self) -> HttpResponse {
        let response =
            HttpResponse::text(self.status(), self.body()).with("X-Content-Type-Options", "nosniff");
        // rule: server/version-other-unadvertised server/version-advertised-malformed
        let speaks_of_version = |fault: &RequestFault| fault.rule().id.starts_with("server/version-");
        match self.faults.iter().any(speaks_of_version) && self.status() != 426 {
            true => response.with("Sec-WebSocket-Version", "13"),
            false => response,
        }
    }

    /// The bytes of [`Refusal::response`] for this request: without a body where the method was HEAD. The connection
    /// must be closed behind them.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.response().to_bytes(self.head_request)
    }

    /// [`Refusal::response`] for another HTTP library to write, in the request's own version of HTTP: without a body where
    /// the method was HEAD, and over HTTP/2 and HTTP/3 without fields of the connection, which goes on there.
    pub fn to_parts(&self) -> ResponseParts {
        self.response().to_parts(self.version, self.head_request)
    }

    fn body(&self) -> String {
        let mut body = String::new();
        body.push_str(match &*self.faults {
            [RequestFault::PlainGet] => "This is a WebSocket endpoint: programs open it, and a browser cannot show it as a page.",
            [_] => "The WebSocket was not opened, because the request breaks one rule of the opening handshake.",
            _ => "The WebSocket was not opened, because the request breaks several rules of the opening handshake.",
        });
        body.push('\n');
        for fault in &self.faults {
            let rule = fault.rule();
            let written = write!(
                body,
                "\n{} ({})\n  {fault}\n  Fix: {}\n  Source: {}\n",
                rule.id,
                rule.level,
                fault.fix(),
                rule.source
            );
            debug_assert!(written.is_ok(), "a String takes all text");
        }
        body
    }
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request refused with {}", self.status())?;
        for (index, fault) in self.faults.iter().enumerate() {
            write!(f, "{} {fault} ({})", if index == 0 { ":" } else { "" }, fault.rule().id)?;
        }
        Ok(())
    }
}
