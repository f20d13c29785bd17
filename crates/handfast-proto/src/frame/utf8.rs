//! Incremental UTF-8 that fails at the first bad byte (RFC 6455 section 8.1).

use simdutf8::{basic, compat};

/// Checks text that arrives in pieces, cut anywhere, also inside a character.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Utf8Check {
    /// The first bytes of a character whose rest has not arrived.
    begun: [u8; 4],
    begun_len: u8,
}

/// The piece holds a byte that no UTF-8 text could have there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotUtf8 {
    /// Where in the piece the character begins that is wrong.
    pub(crate) at: usize,
    /// How many bytes before the piece it begins, when it does.
    pub(crate) before: usize,
}

impl Utf8Check {
    /// Checks the next piece.
    pub(crate) fn piece(&mut self, piece: &[u8]) -> Result<(), NotUtf8> {
        let mut rest = piece;
        let before = usize::from(self.begun_len);
        while self.begun_len > 0 {
            let Some((&byte, after)) = rest.split_first() else { return Ok(()) };
            let len = self.begun_len as usize;
            self.begun[len] = byte;
            rest = after;
            match std::str::from_utf8(&self.begun[..=len]) {
                Ok(_) => self.begun_len = 0,
                Err(error) if error.error_len().is_none() => self.begun_len += 1,
                Err(_) => return Err(NotUtf8 { at: 0, before }),
            }
        }
        let whole = rest.len() - begun_at_end(rest);
        if basic::from_utf8(&rest[..whole]).is_err() || !self.begin(&rest[whole..]) {
            let at = compat::from_utf8(rest).map_or_else(|error| error.valid_up_to(), str::len);
            return Err(NotUtf8 { at: piece.len() - rest.len() + at, before: 0 });
        }
        Ok(())
    }

    /// Bytes at the end of the text so far that begin a character without completing it. 0: the text may end here.
    pub(crate) fn begun(&self) -> usize {
        usize::from(self.begun_len)
    }

    /// Keeps the begin of a character, if it can be one.
    fn begin(&mut self, tail: &[u8]) -> bool {
        match std::str::from_utf8(tail) {
            Ok(_) => true,
            Err(error) if error.error_len().is_none() && error.valid_up_to() == 0 => {
                self.begun[..tail.len()].copy_from_slice(tail);
                self.begun_len = tail.len() as u8;
                true
            }
            Err(_) => false,
        }
    }
}

/// How many bytes at the end of `piece` (at most three) belong to a character that is not complete.
fn begun_at_end(piece: &[u8]) -> usize {
    for back in 1..=piece.len().min(3) {
        let byte = piece[piece.len() - back];
        if byte & 0b1100_0000 != 0b1000_0000 {
            let wanted = match byte {
                0b1100_0000..=0b1101_1111 => 2,
                0b1110_0000..=0b1110_1111 => 3,
                0b1111_0000..=0b1111_0111 => 4,
                _ => 1,
            };
            return if wanted > back { back } else { 0 };
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIXED: &str = "aé€😀 plain ascii behind it, long enough for wide instructions to see it: Ωß水𝄞";

    #[test]
    fn text_cut_anywhere_is_accepted() {
        let bytes = MIXED.as_bytes();
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let mut check = Utf8Check::default();
                check.piece(&bytes[..first]).unwrap();
                check.piece(&bytes[first..second]).unwrap();
                check.piece(&bytes[second..]).unwrap();
                assert_eq!(check.begun(), 0);
            }
        }
    }

    #[test]
    fn every_prefix_of_a_character_waits_and_every_wrong_byte_fails_at_once() {
        // Overlong, surrogate, beyond U+10FFFF, stray continuation, bytes that never occur.
        let wrong: [&[u8]; 12] = [
            b"\xc0",
            b"\xc1",
            b"\xe0\x80",
            b"\xed\xa0",
            b"\xf0\x80",
            b"\xf4\x90",
            b"\xf5",
            b"\x80",
            b"\xbf",
            b"\xfe",
            b"\xff",
            b"\xe2\x82A",
        ];
        for bytes in wrong {
            for lead in ["", "a", MIXED] {
                let mut text = lead.as_bytes().to_vec();
                text.extend_from_slice(bytes);
                let whole = Utf8Check::default().piece(&text);
                assert!(whole.is_err(), "{bytes:x?} after {lead:?}");

                let mut check = Utf8Check::default();
                let failed = text.iter().position(|byte| check.piece(&[*byte]).is_err());
                assert_eq!(
                    failed,
                    Some(text.len() - 1),
                    "{bytes:x?} fails at its last byte, not before or after"
                );
            }
        }
    }

    #[test]
    fn the_place_of_the_bad_character_is_told() {
        assert_eq!(Utf8Check::default().piece(b"abc\xffdef"), Err(NotUtf8 { at: 3, before: 0 }));
        let mut check = Utf8Check::default();
        assert_eq!(check.piece(b"abc\xe2\x82"), Ok(()));
        assert_eq!(check.piece(b"A"), Err(NotUtf8 { at: 0, before: 2 }));
        assert_eq!(Utf8Check::default().piece(b"abc\xed\xa0"), Err(NotUtf8 { at: 3, before: 0 }));
    }

    #[test]
    fn text_that_ends_inside_a_character_is_not_complete() {
        let mut check = Utf8Check::default();
        check.piece("€".as_bytes().split_at(2).0).unwrap();
        assert_eq!(check.begun(), 2);
    }
}
