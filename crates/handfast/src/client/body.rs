//! The body of an answer that declines: read for people, within bounds (RFC 9112 sections 6 and 7).

use bytes::BytesMut;
use handfast_proto::Limits;
use handfast_proto::handshake::ResponseHead;
use tokio::io::{AsyncRead, AsyncReadExt};

/// A body that is being read.
#[derive(Debug)]
pub(crate) struct Body {
    framing: Framing,
    bytes: Vec<u8>,
    bytes_max: usize,
    is_complete: bool,
}

#[derive(Debug)]
enum Framing {
    Length(usize),
    Chunked(Chunked),
    UntilEnd,
}

impl Body {
    pub(crate) fn new(head: &ResponseHead, limits: &Limits) -> Self {
        let is_chunked = head.field("transfer-encoding").is_some_and(ends_chunked);
        let framing = match head.field("content-length") {
            _ if matches!(head.status(), 204 | 304) => Framing::Length(0),
            _ if is_chunked => Framing::Chunked(Chunked::Size(0)),
            Some(length) => std::str::from_utf8(length)
                .ok()
                .and_then(|length| length.parse().ok())
                .map_or(Framing::UntilEnd, Framing::Length),
            None => Framing::UntilEnd,
        };
        let is_complete = matches!(framing, Framing::Length(0));
        Self { framing, bytes: Vec::new(), bytes_max: limits.declined_body_bytes_max, is_complete }
    }

    /// Reads on, beginning with `received`, until the body is complete or its limit reached. Dropping the future keeps what was
    /// read.
    pub(crate) async fn read<S: AsyncRead + Unpin>(&mut self, io: &mut S, mut received: BytesMut) {
        loop {
            self.take(&received);
            if self.is_complete || self.bytes.len() >= self.bytes_max {
                return;
            }
            received.clear();
            received.reserve(4 << 10);
            match io.read_buf(&mut received).await {
                Ok(0) => {
                    self.is_complete = matches!(self.framing, Framing::UntilEnd);
                    return;
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }

    /// The body without its transfer coding, and whether it is all of it.
    pub(crate) fn finish(self) -> (Vec<u8>, bool) {
        (self.bytes, self.is_complete)
    }

    fn take(&mut self, mut input: &[u8]) {
        while !input.is_empty() && !self.is_complete && self.bytes.len() < self.bytes_max {
            let room = self.bytes_max - self.bytes.len();
            match &mut self.framing {
                Framing::UntilEnd => {
                    self.bytes.extend_from_slice(&input[..input.len().min(room)]);
                    return;
                }
                Framing::Length(left) => {
                    let count = input.len().min(*left).min(room);
                    self.bytes.extend_from_slice(&input[..count]);
                    *left -= count;
                    self.is_complete = *left == 0;
                    return;
                }
                Framing::Chunked(Chunked::Data(left)) if *left > 0 => {
                    let count = input.len().min(*left).min(room);
                    self.bytes.extend_from_slice(&input[..count]);
                    *left -= count;
                    input = &input[count..];
                }
                Framing::Chunked(state) => {
                    self.is_complete = state.step(input[0]);
                    input = &input[1..];
                }
            }
        }
    }
}

/// Where a chunked body stands. Trailers and extensions are passed over; a wrong size ends it like the last chunk.
#[derive(Debug)]
enum Chunked {
    /// In the size's digits.
    Size(usize),
    /// Behind them, up to the line's end.
    Extension(usize),
    /// So many bytes of data are left; with none left, the line end behind them.
    Data(usize),
}

impl Chunked {
    /// One byte that is no data; true when the body ends here.
    fn step(&mut self, byte: u8) -> bool {
        *self = match (&*self, byte) {
            (Self::Size(0) | Self::Extension(0), b'\n') => return true,
            (Self::Size(size) | Self::Extension(size), b'\n') => Self::Data(*size),
            (Self::Size(size), digit) => match char::from(digit).to_digit(16) {
                Some(digit) => match size.checked_mul(16) {
                    Some(size) => Self::Size(size | digit as usize),
                    None => return true,
                },
                None => Self::Extension(*size),
            },
            (Self::Extension(size), _) => Self::Extension(*size),
            (Self::Data(_), b'\n') => Self::Size(0),
            (Self::Data(_), _) => Self::Data(0),
        };
        false
    }
}

/// Whether the last transfer coding is `chunked`.
fn ends_chunked(value: &[u8]) -> bool {
    let last = value.rsplit(|byte| *byte == b',').next().unwrap_or_default();
    last.trim_ascii().eq_ignore_ascii_case(b"chunked")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(framing: Framing, bytes_max: usize, input: &[u8]) -> (Vec<u8>, bool) {
        let new = |framing| Body { framing, bytes: Vec::new(), bytes_max, is_complete: false };
        let mut body = new(framing);
        input.iter().for_each(|byte| body.take(std::slice::from_ref(byte)));
        body.finish()
    }

    #[test]
    fn a_chunked_body_loses_its_chunks_in_any_pieces() {
        let input = b"4;x=y\r\nWiki\r\n006\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\n\r\n";
        let expected = (b"Wikipedia in \r\n\r\nchunks.".to_vec(), true);
        assert_eq!(body(Framing::Chunked(Chunked::Size(0)), 1000, input), expected);
        let mut whole = Body {
            framing: Framing::Chunked(Chunked::Size(0)),
            bytes: Vec::new(),
            bytes_max: 1000,
            is_complete: false,
        };
        whole.take(input);
        assert_eq!(whole.finish(), expected);
    }

    #[test]
    fn a_chunk_size_beyond_all_bounds_ends_the_body() {
        assert_eq!(
            body(Framing::Chunked(Chunked::Size(0)), 1000, b"fffffffffffffffff\r\nx"),
            (Vec::new(), true)
        );
    }

    #[test]
    fn no_more_than_the_limit_is_kept() {
        assert_eq!(body(Framing::UntilEnd, 3, b"abcdef"), (b"abc".to_vec(), false));
        assert_eq!(body(Framing::Length(6), 3, b"abcdef"), (b"abc".to_vec(), false));
        assert_eq!(body(Framing::Length(2), 3, b"abcdef"), (b"ab".to_vec(), true));
        assert_eq!(
            body(Framing::Chunked(Chunked::Size(0)), 3, b"6\r\nabcdef\r\n0\r\n"),
            (b"abc".to_vec(), false)
        );
    }
}
