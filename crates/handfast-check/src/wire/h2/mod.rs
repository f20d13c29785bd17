//! Frames of HTTP/2 (RFC 9113 section 4), and header lists as literals: whatever is wrong can be sent.

pub(crate) mod blocks;
pub(crate) mod exchange;
pub(crate) mod session;

/// What every connection begins with.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

/// Of DATA and HEADERS.
pub(crate) const END_STREAM: u8 = 1;
/// Of SETTINGS and PING.
pub(crate) const ACK: u8 = 1;
/// Of HEADERS and CONTINUATION.
pub(crate) const END_HEADERS: u8 = 4;
/// Of DATA and HEADERS.
pub(crate) const PADDED: u8 = 8;
/// Of HEADERS.
pub(crate) const PRIORITY: u8 = 0x20;

/// SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 section 6.5.2).
pub(crate) const MAX_CONCURRENT_STREAMS: u16 = 3;
/// SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 section 6.5.2).
pub(crate) const INITIAL_WINDOW_SIZE: u16 = 4;
/// The window of a connection, and of each of its streams without that setting, at first (RFC 9113 section 6.9.2).
pub(crate) const WINDOW: i64 = 65_535;
/// SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 section 3).
pub(crate) const ENABLE_CONNECT_PROTOCOL: u16 = 8;
/// PROTOCOL_ERROR (RFC 9113 section 7).
pub(crate) const PROTOCOL_ERROR: u32 = 1;
/// FLOW_CONTROL_ERROR.
pub(crate) const FLOW_CONTROL_ERROR: u32 = 3;
/// REFUSED_STREAM.
pub(crate) const REFUSED_STREAM: u32 = 7;
/// CANCEL.
pub(crate) const CANCEL: u32 = 8;

/// A frame as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

/// The bytes of a frame. The payload is at most 16 KiB.
pub(crate) fn write(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("the checker writes short frames");
    let mut bytes = length.to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The frame at the start of the bytes and its length, or none where more is needed.
pub(crate) fn read(bytes: &[u8]) -> Option<(Frame, usize)> {
    let head: &[u8; 9] = bytes.first_chunk()?;
    let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
    let payload = bytes.get(9..9 + length)?.to_vec();
    let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7FFF_FFFF;
    Some((Frame { kind: head[3], flags: head[4], stream, payload }, 9 + length))
}

/// The payload without padding and priority, as far as the flags name them.
pub(crate) fn content(frame: &Frame) -> &[u8] {
    let mut rest = &frame.payload[..];
    if frame.flags & PADDED != 0
        && let [padding, inner @ ..] = rest
    {
        rest = &inner[..inner.len().saturating_sub(usize::from(*padding))];
    }
    if frame.kind == HEADERS && frame.flags & PRIORITY != 0 {
        rest = rest.get(5..).unwrap_or_default();
    }
    rest
}

/// WINDOW_UPDATE: so many more bytes may come on this stream, or, with 0, on the connection.
pub(crate) fn credit(stream: u32, bytes: u32) -> Vec<u8> {
    write(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes())
}

/// A header list as literals that no table remembers (RFC 7541 section 6.2.2).
pub(crate) fn literals<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        for text in [name, value] {
            length(&mut bytes, text.len());
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}

/// An integer with a prefix of seven bits (RFC 7541 section 5.1).
fn length(bytes: &mut Vec<u8>, mut number: usize) {
    if number < 0x7F {
        bytes.push(u8::try_from(number).expect("less than 127"));
        return;
    }
    bytes.push(0x7F);
    number -= 0x7F;
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7F).expect("seven bits") | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).expect("less than 128"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_were_written() {
        let bytes = write(HEADERS, END_HEADERS, 5, b"abc");
        let (frame, length) = read(&bytes).expect("whole");
        assert_eq!((frame.kind, frame.stream, &frame.payload[..], length), (HEADERS, 5, &b"abc"[..], 12));
        assert!(read(&bytes[..11]).is_none());
    }

    #[test]
    fn padding_and_priority_are_no_content() {
        let payload = [&[2_u8][..], &[0, 0, 0, 0, 0], b"abc", &[0, 0]].concat();
        let frame = Frame { kind: HEADERS, flags: PADDED | PRIORITY, stream: 1, payload };
        assert_eq!(content(&frame), b"abc");
    }

    #[test]
    fn a_decoder_reads_the_literals() {
        let long = "x".repeat(300);
        let fields = [(":method", "CONNECT"), ("x", long.as_str()), ("empty", "")];
        let read = loona_hpack::Decoder::new().decode(&literals(fields)).expect("a right block");
        let wanted: Vec<(Vec<u8>, Vec<u8>)> =
            fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        assert_eq!(read, wanted);
    }
}
