//! Random values from the operating system: nonces and masks.

use handfast_proto::connection::MaskSource;
use handfast_proto::frame::Mask;
use std::cell::RefCell;
use std::io;

/// Sixteen bytes for one `Sec-WebSocket-Key`.
// rule: client/key-predictable
pub(crate) fn nonce() -> io::Result<[u8; 16]> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(io::Error::other)?;
    Ok(nonce)
}

/// Random bits for waits and moments, where nothing secret hangs on them.
pub(crate) fn bits() -> io::Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Masks from a batch of random bytes that each thread keeps: one system call for a thousand frames.
///
/// It has no size of its own, so that a connection's source costs no memory.
pub(crate) struct ThreadMasks;

impl MaskSource for ThreadMasks {
    #[inline]
    fn next_mask(&mut self) -> Mask {
        BATCH.with_borrow_mut(Batch::next)
    }
}

struct Batch {
    bytes: Vec<u8>,
    used: usize,
}

impl Batch {
    #[inline]
    fn next(&mut self) -> Mask {
        if self.used == self.bytes.len() {
            self.refill();
        }
        let (mask, _) =
            self.bytes[self.used..].split_first_chunk().expect("a batch is a multiple of four bytes");
        self.used += 4;
        Mask(*mask)
    }

    #[cold]
    fn refill(&mut self) {
        if self.bytes.is_empty() {
            self.bytes = vec![0; BATCH_BYTES];
        }
        // A client has drawn its nonce from the same source before it sends a frame.
        getrandom::fill(&mut self.bytes).expect("the system's random source has worked before");
        self.used = 0;
    }
}

thread_local! {
    static BATCH: RefCell<Batch> = const { RefCell::new(Batch { bytes: Vec::new(), used: 0 }) };
}

/// One system call for a thousand masks.
const BATCH_BYTES: usize = 4 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn masks_do_not_repeat_within_or_across_batches() {
        let seen: HashSet<_> = (0..3 * BATCH_BYTES / 4).map(|_| ThreadMasks.next_mask().0).collect();
        // Of 3072 values of 32 bits, one pair may collide by chance once in a thousand runs; a reused batch collides 1024 times.
        assert!(seen.len() >= 3 * BATCH_BYTES / 4 - 2, "{} different masks", seen.len());
    }

    #[test]
    // rule: client/key-predictable
    fn nonces_differ() {
        assert_ne!(nonce().unwrap(), nonce().unwrap());
    }
}
