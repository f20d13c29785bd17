//! The frame header (RFC 6455 section 5.2).

use super::{Mask, OpCode};
use crate::error::FrameFault;
use crate::limits::CONTROL_PAYLOAD_BYTES_MAX;
use bytes::BytesMut;

/// A frame's first 2 to 14 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Whether this is the last frame of its message.
    pub fin: bool,
    /// RSV1: the message is compressed (RFC 7692), on its first frame.
    pub rsv1: bool,
    /// What the frame is.
    pub opcode: OpCode,
    /// The mask, on frames from a client.
    pub mask: Option<Mask>,
    /// Payload length in bytes.
    pub len: u64,
}

impl FrameHeader {
    /// Reads a header: it and how many bytes it took, or `None` when more bytes are needed.
    ///
    /// Fails as soon as the bytes at hand are wrong, with [`FrameFault::ReservedBits`], [`FrameFault::ReservedOpcode`],
    /// [`FrameFault::ControlFragmented`], [`FrameFault::ControlTooLong`], [`FrameFault::LengthNotShortest`] or
    /// [`FrameFault::LengthBeyond63Bits`]. Whether RSV1 and the mask are right is for the connection to say.
    #[inline]
    pub fn parse(input: &[u8]) -> Result<Option<(Self, usize)>, FrameFault> {
        let Some(&first) = input.first() else { return Ok(None) };
        let Some(opcode) = OpCode::from_bits(first & 0x0f) else {
            return Err(FrameFault::ReservedOpcode(first & 0x0f));
        };
        if first & 0x30 != 0 {
            return Err(FrameFault::ReservedBits(first >> 4 & 0b111));
        }
        let fin = first & 0x80 != 0;
        if opcode.is_control() && !fin {
            return Err(FrameFault::ControlFragmented(opcode));
        }
        let Some(&second) = input.get(1) else { return Ok(None) };
        let short = second & 0x7f;
        if opcode.is_control() && short as usize > CONTROL_PAYLOAD_BYTES_MAX {
            return Err(FrameFault::ControlTooLong(opcode));
        }
        let (len, used) = match short {
            126 => {
                let Some(wide) = input[2..].first_chunk::<2>() else { return Ok(None) };
                (u64::from(u16::from_be_bytes(*wide)), 4)
            }
            127 => {
                let Some(wide) = input[2..].first_chunk::<8>() else { return Ok(None) };
                (u64::from_be_bytes(*wide), 10)
            }
            _ => (u64::from(short), 2),
        };
        if used == 4 && len < 126 || used == 10 && len < 0x1_0000 {
            return Err(FrameFault::LengthNotShortest(len));
        }
        if len >> 63 != 0 {
            return Err(FrameFault::LengthBeyond63Bits(len));
        }
        let (mask, used) = match second & 0x80 {
            0 => (None, used),
            _ => {
                let Some(mask) = input[used..].first_chunk::<4>() else { return Ok(None) };
                (Some(Mask(*mask)), used + 4)
            }
        };
        Ok(Some((Self { fin, rsv1: first & 0x40 != 0, opcode, mask, len }, used)))
    }

    /// Puts the header behind `out`, as it goes onto the wire. The short ones of servers take no way by a buffer of their own.
    #[inline]
    pub(crate) fn append_to(&self, out: &mut BytesMut) {
        match (self.len, self.mask) {
            (0..126, None) => out.extend_from_slice(&[self.first(), self.len as u8]),
            (126..0x1_0000, None) => {
                let [high, low] = (self.len as u16).to_be_bytes();
                out.extend_from_slice(&[self.first(), 126, high, low]);
            }
            _ => out.extend_from_slice(self.encode().as_slice()),
        }
    }

    /// How many bytes the header has on the wire.
    #[inline]
    pub(crate) fn encoded_len(&self) -> usize {
        let mask = if self.mask.is_some() { 4 } else { 0 };
        mask + match self.len {
            0..126 => 2,
            126..0x1_0000 => 4,
            _ => 10,
        }
    }

    #[inline]
    fn first(&self) -> u8 {
        u8::from(self.fin) << 7 | u8::from(self.rsv1) << 6 | self.opcode.bits()
    }

    /// The header as it goes onto the wire, its length in the shortest form.
    #[inline]
    pub fn encode(&self) -> HeaderBytes {
        let mut bytes = [0; HeaderBytes::MAX];
        bytes[0] = self.first();
        let mut at = match self.len {
            0..126 => {
                bytes[1] = self.len as u8;
                2
            }
            126..0x1_0000 => {
                bytes[1] = 126;
                bytes[2..4].copy_from_slice(&(self.len as u16).to_be_bytes());
                4
            }
            _ => {
                bytes[1] = 127;
                bytes[2..10].copy_from_slice(&self.len.to_be_bytes());
                10
            }
        };
        if let Some(Mask(mask)) = self.mask {
            bytes[1] |= 0x80;
            bytes[at..at + 4].copy_from_slice(&mask);
            at += 4;
        }
        HeaderBytes { bytes, len: at as u8 }
    }
}

/// An encoded header.
#[derive(Clone, Copy, Debug)]
pub struct HeaderBytes {
    bytes: [u8; Self::MAX],
    len: u8,
}

impl HeaderBytes {
    /// The longest header: two bytes, eight of length, four of mask.
    pub const MAX: usize = 14;

    /// The header as it goes onto the wire.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(opcode: OpCode, len: u64) -> FrameHeader {
        FrameHeader { fin: true, rsv1: false, opcode, mask: None, len }
    }

    #[test]
    fn what_is_encoded_is_read_back_and_asks_for_more_until_whole() {
        for len in [0, 1, 125, 126, 127, 0xffff, 0x1_0000, u64::MAX >> 1] {
            for mask in [None, Some(Mask([1, 2, 3, 4]))] {
                for (fin, rsv1, opcode) in [
                    (true, false, OpCode::Binary),
                    (false, true, OpCode::Text),
                    (false, false, OpCode::Continuation),
                ] {
                    let header = FrameHeader { fin, rsv1, opcode, mask, len };
                    let bytes = header.encode();
                    let bytes = bytes.as_slice();
                    let mut appended = BytesMut::from(&b"before"[..]);
                    header.append_to(&mut appended);
                    assert_eq!(&appended[6..], bytes);
                    assert_eq!(header.encoded_len(), bytes.len());
                    for cut in 0..bytes.len() {
                        assert_eq!(FrameHeader::parse(&bytes[..cut]), Ok(None));
                    }
                    assert_eq!(FrameHeader::parse(bytes), Ok(Some((header, bytes.len()))));
                }
            }
        }
    }

    #[test]
    fn a_length_that_is_not_in_its_shortest_form_is_a_fault() {
        assert_eq!(FrameHeader::parse(&[0x82, 126, 0, 125]), Err(FrameFault::LengthNotShortest(125)));
        assert_eq!(
            FrameHeader::parse(&[0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff]),
            Err(FrameFault::LengthNotShortest(0xffff))
        );
        assert_eq!(
            FrameHeader::parse(&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]),
            Err(FrameFault::LengthBeyond63Bits(1 << 63))
        );
    }

    #[test]
    fn reserved_opcodes_and_bits_are_faults_at_their_first_byte() {
        for bits in (0x3..=0x7).chain(0xb..=0xf) {
            assert_eq!(FrameHeader::parse(&[0x80 | bits]), Err(FrameFault::ReservedOpcode(bits)));
        }
        assert_eq!(FrameHeader::parse(&[0x92]), Err(FrameFault::ReservedBits(0b001)));
        assert_eq!(FrameHeader::parse(&[0xf2]), Err(FrameFault::ReservedBits(0b111)));
    }

    #[test]
    fn control_frames_are_whole_and_short() {
        assert_eq!(FrameHeader::parse(&[0x09]), Err(FrameFault::ControlFragmented(OpCode::Ping)));
        assert_eq!(FrameHeader::parse(&[0x8a, 126]), Err(FrameFault::ControlTooLong(OpCode::Pong)));
        assert_eq!(FrameHeader::parse(&[0x88, 125]), Ok(Some((header(OpCode::Close, 125), 2))));
    }
}
