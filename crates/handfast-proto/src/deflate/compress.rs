//! Compression of messages (RFC 7692 section 7.2.1).

use super::TAIL;
use bytes::BytesMut;
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush};

/// A compressor and its window.
pub(crate) struct Compressor {
    deflate: Deflate,
    level: u8,
    window_bits: u8,
}

impl Compressor {
    /// Window bits of 9 to 15, a level of 1 to 9.
    pub(crate) fn new(level: u8, window_bits: u8) -> Self {
        let config = DeflateConfig {
            level: i32::from(level),
            // Negative: raw deflate, without zlib's header.
            window_bits: -i32::from(window_bits),
            mem_level: MEM_LEVEL,
            ..DeflateConfig::default()
        };
        Self { deflate: Deflate::new_with_config(config), level, window_bits }
    }

    /// Whether it was made with these.
    pub(crate) fn is(&self, level: u8, window_bits: u8) -> bool {
        (self.level, self.window_bits) == (level, window_bits)
    }

    /// Forgets the window.
    pub(crate) fn reset(&mut self) {
        self.deflate.reset();
    }

    /// Appends the compressed form of a piece of a message; `last` ends the message.
    pub(crate) fn compress(&mut self, mut input: &[u8], last: bool, output: &mut BytesMut) {
        let flush = if last { DeflateFlush::SyncFlush } else { DeflateFlush::NoFlush };
        let begin = output.len();
        loop {
            let filled = output.len();
            output.resize(filled + (input.len() / 2 + 64).min(CHUNK_BYTES_MAX), 0);
            let (read, written) = (self.deflate.total_in(), self.deflate.total_out());
            self.deflate
                .compress(input, &mut output[filled..], flush)
                .expect("the state is sound and any input can be compressed");
            input = &input[(self.deflate.total_in() - read) as usize..];
            let written = (self.deflate.total_out() - written) as usize;
            let was_full = filled + written == output.len();
            output.truncate(filled + written);
            if input.is_empty() && !was_full {
                break;
            }
        }
        if last {
            // What a flush ends with is not sent. Nothing at all would not be deflate: one byte says "empty block".
            if output.len() - begin >= TAIL.len() && output.ends_with(&TAIL) {
                output.truncate(output.len() - TAIL.len());
            }
            if output.len() == begin {
                output.extend_from_slice(&[0]);
            }
        }
    }
}

impl std::fmt::Debug for Compressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compressor")
            .field("level", &self.level)
            .field("window_bits", &self.window_bits)
            .finish()
    }
}

/// zlib's default: how much memory the pending blocks take.
const MEM_LEVEL: i32 = 8;
/// Room made for output at once, in bytes.
const CHUNK_BYTES_MAX: usize = 64 << 10;
