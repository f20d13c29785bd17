//! Masking (RFC 6455 section 5.3).

/// The four bytes that a client's payload is combined with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask(pub [u8; 4]);

/// Masks or unmasks `payload` in place; `offset` is its place in the frame's payload.
pub fn apply_mask(_payload: &mut [u8], _mask: Mask, _offset: usize) {
    todo!()
}
