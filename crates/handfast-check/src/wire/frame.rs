//! Frames as the checker writes and reads them (RFC 6455 section 5.2).

use crate::limits::FRAME_BYTES_MAX;

/// A frame as it was read, faults included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The last frame of its message.
    pub(crate) fin: bool,
    /// The three reserved bits, RSV1 the highest of the three.
    pub(crate) reserved: u8,
    /// 0 to 15.
    pub(crate) opcode: u8,
    /// The sender masked it.
    pub(crate) masked: bool,
    /// Unmasked payload.
    pub(crate) payload: Vec<u8>,
    /// A breach of the framing grammar by itself, such as a length that is longer than needed.
    pub(crate) fault: Option<&'static str>,
}

pub(crate) const TEXT: u8 = 1;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// The mask of every frame: its randomness is no subject of the checks.
pub(crate) const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// The bytes of a final frame; masked with `mask` if there is one.
pub(crate) fn write(opcode: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode];
    let bit = if mask.is_some() { 0x80 } else { 0 };
    match payload.len() {
        short @ 0..=125 => bytes.push(bit | u8::try_from(short).expect("at most 125")),
        medium @ 126..=0xFFFF => {
            bytes.push(bit | 126);
            bytes.extend(u16::try_from(medium).expect("at most 65535").to_be_bytes());
        }
        long => {
            bytes.push(bit | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    match mask {
        None => bytes.extend(payload),
        Some(mask) => {
            bytes.extend(mask);
            bytes.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]));
        }
    }
    bytes
}

/// A close frame's payload.
pub(crate) fn close_payload(code: u16) -> Vec<u8> {
    code.to_be_bytes().to_vec()
}

/// Reads one frame at the start of `bytes`: the frame and its length, or `None` where more bytes are needed.
pub(crate) fn read(bytes: &[u8]) -> Option<(Frame, usize)> {
    let (&first, &second) = (bytes.first()?, bytes.get(1)?);
    let masked = second & 0x80 != 0;
    let mut fault = None;
    let (length, mut at) = match second & 0x7F {
        126 => {
            let length = u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().expect("two bytes")));
            if length < 126 {
                fault = Some("a length in more bytes than it needs");
            }
            (length, 4)
        }
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().expect("eight bytes"));
            if length <= 0xFFFF {
                fault = Some("a length in more bytes than it needs");
            }
            (length, 10)
        }
        short => (u64::from(short), 2),
    };
    let opcode = first & 0x0F;
    let fin = first & 0x80 != 0;
    if matches!(opcode, 3..=7 | 11..=15) {
        fault = Some("an opcode that does not exist");
    } else if opcode >= 8 && (length > 125 || !fin) {
        fault = Some("a control frame that is long or fragmented");
    }
    if length > FRAME_BYTES_MAX {
        let payload = Vec::new();
        let fault = Some("a length beyond 16 MiB");
        return Some((Frame { fin, reserved: first >> 4 & 7, opcode, masked, payload, fault }, bytes.len()));
    }
    let mask = if masked {
        let mask: [u8; 4] = bytes.get(at..at + 4)?.try_into().expect("four bytes");
        at += 4;
        mask
    } else {
        [0; 4]
    };
    let end = at + usize::try_from(length).expect("at most 16 MiB");
    let payload = bytes.get(at..end)?.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]).collect();
    Some((Frame { fin, reserved: first >> 4 & 7, opcode, masked, payload, fault }, end))
}

/// All whole frames at the start of `bytes`, and how many bytes they take.
pub(crate) fn read_all(bytes: &[u8]) -> (Vec<Frame>, usize) {
    let (mut frames, mut at) = (Vec::new(), 0);
    while let Some((frame, length)) = read(&bytes[at..]) {
        frames.push(frame);
        at += length;
    }
    (frames, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_form_come_back() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let payload = vec![7; length];
            let bytes = write(TEXT, &payload, Some([1, 2, 3, 4]));
            let (frame, used) = read(&bytes).expect("whole");
            assert_eq!((frame.payload, used, frame.masked, frame.fault), (payload, bytes.len(), true, None));
            assert!(read(&bytes[..bytes.len() - 1]).is_none());
        }
    }

    #[test]
    fn the_hello_of_rfc_6455_is_read() {
        let bytes = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(read(&bytes).expect("whole").0.payload, b"Hello");
    }

    #[test]
    fn chunk_syntax_is_no_frame() {
        let (frame, _) = read(b"0\r\n\r\n            ").expect("reads as a frame");
        assert!(!frame.fin && frame.reserved != 0);
    }
}
