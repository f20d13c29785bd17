//! Masking (RFC 6455 section 5.3).

/// The four bytes that a client's payload is combined with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask(pub [u8; 4]);

impl Mask {
    /// The mask as it applies from `offset` bytes into the payload on.
    #[inline]
    pub fn rotated(self, offset: usize) -> Self {
        let [a, b, c, d] = self.0;
        Self(match offset % 4 {
            0 => [a, b, c, d],
            1 => [b, c, d, a],
            2 => [c, d, a, b],
            _ => [d, a, b, c],
        })
    }
}

/// Masks or unmasks `payload` in place; `offset` is its place in the frame's payload, in bytes.
///
/// Written over whole chunks, so that the compiler makes vector instructions of it.
#[inline]
pub fn apply_mask(payload: &mut [u8], mask: Mask, offset: usize) {
    let [a, b, c, d] = mask.rotated(offset).0;
    if payload.len() >= CHUNK {
        let wide: [u8; CHUNK] = std::array::from_fn(|at| [a, b, c, d][at % 4]);
        let mut chunks = payload.chunks_exact_mut(CHUNK);
        for chunk in &mut chunks {
            for (byte, mask) in chunk.iter_mut().zip(wide) {
                *byte ^= mask;
            }
        }
        mask_words(chunks.into_remainder(), [a, b, c, d]);
    } else {
        mask_words(payload, [a, b, c, d]);
    }
}

#[inline]
fn mask_words(payload: &mut [u8], mask: [u8; 4]) {
    let (words, tail) = payload.as_chunks_mut::<4>();
    let wide = u32::from_ne_bytes(mask);
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in tail.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

const CHUNK: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masking_equals_the_formula_of_the_rfc_at_every_length_and_offset() {
        let mask = Mask([0x37, 0xfa, 0x21, 0x3d]);
        for len in (0..300).chain([4096, 4099]) {
            for offset in 0..9 {
                let plain: Vec<u8> = (0..len).map(|at| (at * 7) as u8).collect();
                let wanted: Vec<u8> =
                    plain.iter().enumerate().map(|(at, byte)| byte ^ mask.0[(at + offset) % 4]).collect();
                let mut got = plain.clone();
                apply_mask(&mut got, mask, offset);
                assert_eq!(got, wanted, "length {len}, offset {offset}");
                apply_mask(&mut got, mask, offset);
                assert_eq!(got, plain);
            }
        }
    }

    #[test]
    fn the_sample_of_rfc_6455_section_5_7_is_hello() {
        let mut payload = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
        apply_mask(&mut payload, Mask([0x37, 0xfa, 0x21, 0x3d]), 0);
        assert_eq!(&payload, b"Hello");
    }
}
