//! The server's answer as a client reads it (RFC 6455 section 4.1, response items 1 to 6).

use super::head::{LineFault, Lines, Place, Span, at, is_control, place};
use super::{Fields, HttpVersion};
use crate::Limits;
use crate::error::{Excerpt, ResponseFault};
use bytes::Bytes;
use std::fmt;

/// The head of a server's answer.
#[derive(Clone)]
pub struct ResponseHead {
    head: Bytes,
    spans: Vec<Span>,
    status: u16,
    version: HttpVersion,
    minor: u8,
    reason: Place,
}

impl ResponseHead {
    /// Reads a complete head. The faults are those of its lines; with a malformed status line there is no head.
    pub(crate) fn parse(head: &[u8], lines: Lines) -> (Option<Self>, Vec<ResponseFault>) {
        let Lines { first, spans, faults } = lines;
        let mut faults: Vec<ResponseFault> = faults.into_iter().map(ResponseFault::from).collect();
        let line = &head[first];
        let Some((status, minor)) = status_line(line) else {
            faults.insert(0, ResponseFault::StatusLineMalformed(Excerpt::new(line)));
            return (None, faults);
        };
        let reason = line.len().min(STATUS_BYTES + 1)..line.len();
        if let Some(&byte) = line[reason.clone()].iter().find(|&&byte| is_control(byte) && byte != b'\r') {
            faults.push(ResponseFault::ControlByte { byte, place: Excerpt::new(line) });
        }
        let version = if minor == 0 { HttpVersion::Http10 } else { HttpVersion::Http11 };
        let (head, reason) = (Bytes::copy_from_slice(head), place(reason));
        let head = Self { head, spans, status, version, minor, reason };
        (Some(head), faults)
    }

    /// Writes out the answer of a stream. The faults are those of its fields and of its size; what is beyond `limits` is left out.
    pub(crate) fn from_stream<'f>(
        status: u16,
        fields: impl IntoIterator<Item = (&'f [u8], &'f [u8])>,
        limits: &Limits,
    ) -> (Self, Vec<ResponseFault>) {
        let mut head = format!(":status: {status}\r\n").into_bytes();
        let mut lines = Lines::default();
        let mut beyond = None;
        for (count, (name, value)) in fields.into_iter().enumerate() {
            if count == limits.head_fields_max {
                beyond = Some(ResponseFault::TooManyFields { fields_max: limits.head_fields_max });
                break;
            }
            if head.len() + name.len() + value.len() + 6 > limits.head_bytes_max.min(u32::MAX as usize) {
                beyond = Some(ResponseFault::HeadTooLarge { bytes_max: limits.head_bytes_max });
                break;
            }
            lines.append(&mut head, name, value);
        }
        head.extend_from_slice(b"\r\n");
        let mut faults: Vec<ResponseFault> = lines.faults.into_iter().map(ResponseFault::from).collect();
        faults.extend(beyond);
        let (head, spans, version) = (head.into(), lines.spans, HttpVersion::Http2);
        (Self { head, spans, status, version, minor: 1, reason: (0, 0) }, faults)
    }

    /// The status, three digits.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Which HTTP carried it: [`HttpVersion::Http10`], [`HttpVersion::Http11`] (for any higher minor version too), or
    /// [`HttpVersion::Http2`] for the answer to a [`ClientRequest::start_stream`](super::ClientRequest::start_stream).
    pub fn version(&self) -> HttpVersion {
        self.version
    }

    /// The phrase behind the status, often empty, and always over HTTP/2 and HTTP/3: any bytes but control bytes.
    pub fn reason(&self) -> &[u8] {
        &self.head[at(self.reason)]
    }

    /// The minor version of HTTP/1: 1 for `HTTP/1.1`. Always 1 over HTTP/2 and HTTP/3.
    pub fn minor_version(&self) -> u8 {
        self.minor
    }

    /// All field lines in order.
    pub fn fields(&self) -> Fields<'_> {
        Fields::new(&self.head, &self.spans)
    }

    /// The value of the first field of this name, compared without case.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields().first(name)
    }

    /// The head as received; over HTTP/2 and HTTP/3 written out anew, with the pseudo-header field `:status`.
    pub fn as_bytes(&self) -> &[u8] {
        &self.head
    }
}

/// The length of `HTTP/1.1 101`.
const STATUS_BYTES: usize = 12;

/// Status and minor version of `HTTP/1.x NNN`, followed by a blank or nothing (RFC 9112 section 4).
fn status_line(line: &[u8]) -> Option<(u16, u8)> {
    let (start, rest) = line.split_at_checked(STATUS_BYTES)?;
    let [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor, b' ', digits @ ..] = start else { return None };
    let fits = minor.is_ascii_digit()
        && digits.iter().all(u8::is_ascii_digit)
        && digits[0] != b'0'
        && matches!(rest.first(), None | Some(b' '));
    let status = digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit.wrapping_sub(b'0')));
    fits.then(|| (status, minor - b'0'))
}

impl fmt::Debug for ResponseHead {
    /// As text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResponseHead").field(&self.head).finish()
    }
}

impl From<LineFault> for ResponseFault {
    fn from(fault: LineFault) -> Self {
        match fault {
            LineFault::ObsFold(line) | LineFault::SpaceBeforeFirstField(line) => Self::ObsFold(line),
            LineFault::ControlByte { byte, place } => Self::ControlByte { byte, place },
            LineFault::BareCr(line) => Self::BareCr(line),
            LineFault::BareLf(line) => Self::BareLf(line),
            LineFault::SpaceBeforeColon(name) => Self::SpaceBeforeColon(name),
            LineFault::Malformed(line) => Self::FieldLineMalformed(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_matched_byte_by_byte() {
        assert_eq!(status_line(b"HTTP/1.1 101 Switching Protocols"), Some((101, 1)));
        assert_eq!(status_line(b"HTTP/1.0 404"), Some((404, 0)));
        assert_eq!(status_line(b"HTTP/1.1 101 "), Some((101, 1)));
        for line in [
            &b"ICY 101 OK"[..],
            b"HTTP/1.1 0101 x",
            b"HTTP/1.1 1010 x",
            b"HTTP/2 101 x",
            b"HTTP/1.1101 x",
            b" HTTP/1.1 101",
            b"HTTP/1.1  101",
            b"http/1.1 101",
            b"HTTP/1.1 10",
            b"HTTP/1.1\t101 x",
            b"HTTP/1.1 012 x",
            b"HTTP/1.x 101 x",
        ] {
            assert_eq!(status_line(line), None, "{}", line.escape_ascii());
        }
    }
}
