//! Masking (RFC 6455 section 5.3).

use fearless_simd::Level;
use std::sync::LazyLock;

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
#[inline]
pub fn apply_mask(payload: &mut [u8], mask: Mask, offset: usize) {
    let mask = mask.rotated(offset).0;
    if payload.len() >= WIDE_BYTES_MIN {
        mask_wide(payload, mask);
    } else {
        mask_words(payload, mask);
    }
}

#[inline(never)]
fn mask_wide(payload: &mut [u8], mask: [u8; 4]) {
    let level = *LEVEL;
    fearless_simd::dispatch!(level, _simd => mask_words(payload, mask));
}

/// Written over whole words, so that the compiler makes vector instructions of it: those of the function it is inlined
/// into.
#[inline(always)]
fn mask_words(payload: &mut [u8], mask @ [a, b, c, d]: [u8; 4]) {
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, tail) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    let (word, tail) = tail.as_chunks_mut::<4>();
    for word in word {
        *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    for (byte, mask) in tail.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

/// What this machine's vector instructions are.
static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);

/// From here on the widest instructions are worth asking for.
const WIDE_BYTES_MIN: usize = 512;

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
