//! Refusals: faults become one complete HTTP answer (RFC 6455 section 4.2.2, RFC 9110 section 15).

use crate::error::RequestFault;

/// A request that is not accepted, with *all* its faults.
#[derive(Clone, Debug)]
pub struct Refusal {
    faults: Vec<RequestFault>,
}

impl Refusal {
    /// Every fault found, in the order of the request.
    pub fn faults(&self) -> &[RequestFault] {
        &self.faults
    }

    /// The status of the most telling fault.
    pub fn status(&self) -> u16 {
        todo!()
    }

    /// The complete answer: status, fields, and a text body that names each broken rule.
    pub fn response(&self) -> HttpResponse {
        todo!()
    }
}

impl std::error::Error for Refusal {}

impl std::fmt::Display for Refusal {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}

/// A complete HTTP/1.1 response that ends the connection: a refusal, or any page of the program's own.
///
/// `Content-Length`, `Connection: close` (with `Upgrade` on a 426) and, unless the program sets its own, `Cache-Control: no-store`
/// are written by [`HttpResponse::to_bytes`].
#[derive(Clone, Debug)]
pub struct HttpResponse {
    status: u16,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

impl HttpResponse {
    /// A response with this status, no fields and no body.
    pub fn new(status: u16) -> Self {
        Self { status, fields: Vec::new(), body: Vec::new() }
    }

    /// A `text/plain; charset=utf-8` response.
    pub fn text(_status: u16, _body: impl Into<String>) -> Self {
        todo!()
    }

    /// Adds a field; fails with [`Misuse::HeaderNotAllowed`](crate::error::Misuse::HeaderNotAllowed) where the name or
    /// value is not valid HTTP, or the field is one that `to_bytes` writes.
    pub fn field(self, _name: &str, _value: &str) -> Result<Self, crate::error::Misuse> {
        let _ = &self.fields;
        todo!()
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
    pub fn to_bytes(&self, _head_only: bool) -> Vec<u8> {
        todo!()
    }
}
