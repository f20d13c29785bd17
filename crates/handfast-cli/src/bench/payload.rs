//! What is sent, and whether it came back.

use super::args::Kind;
use bytes::Bytes;
use handfast::Message;

/// A ring of messages of one size, each different from the others as far as the size allows: a missing, doubled or swapped
/// echo shows.
pub struct Payloads {
    ring: Vec<Message>,
    kind: Kind,
    size: usize,
}

/// What is wrong with an echo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Text for binary, or binary for text.
    Kind,
    /// Another length.
    Length,
    /// The right length, another content: another message, or a changed one.
    Content,
}

impl Wrong {
    /// The words for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kind => "of the other kind",
            Self::Length => "of another length",
            Self::Content => "with another content",
        }
    }
}

impl Payloads {
    /// Messages of `size` bytes; as many as fit into 16 MiB, at least 2 and at most 64.
    pub fn new(kind: Kind, size: usize) -> Self {
        let count = (RING_BYTES / size.max(1)).clamp(2, 64);
        let mut state = 0x9E37_79B9_7F4A_7C15;
        let ring = (0..count).map(|number| message(kind, size, number, &mut state)).collect();
        Self { ring, kind, size }
    }

    /// The bytes of a message.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The kind of the messages.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The message with this number; they come round again.
    pub fn message(&self, number: u64) -> Message {
        self.expected(number).clone()
    }

    /// Whether `echo` is the message with this number.
    pub fn verify(&self, number: u64, echo: &Message) -> Result<(), Wrong> {
        let expected = self.expected(number);
        match () {
            () if echo.is_text() != expected.is_text() => Err(Wrong::Kind),
            () if echo.len() != expected.len() => Err(Wrong::Length),
            () if echo.as_bytes() != expected.as_bytes() => Err(Wrong::Content),
            () => Ok(()),
        }
    }

    fn expected(&self, number: u64) -> &Message {
        // The remainder is below the ring's length, which is a usize.
        &self.ring[(number % self.ring.len() as u64) as usize]
    }
}

fn message(kind: Kind, size: usize, number: usize, state: &mut u64) -> Message {
    match kind {
        Kind::Binary => {
            let mut bytes: Vec<u8> = (0..size).map(|_| (next(state) >> 32) as u8).collect();
            if let Some(first) = bytes.first_mut() {
                *first = number as u8;
            }
            Message::binary(Bytes::from(bytes))
        }
        Kind::Text => {
            let mut text = String::with_capacity(size + 4);
            if size > 0 {
                // One printable character a number: below 64.
                text.push(char::from(b'0' + number as u8));
            }
            while text.len() < size {
                let character = CHARACTERS[(next(state) >> 32) as usize % CHARACTERS.len()];
                // What would not fit becomes one byte.
                text.push(if text.len() + character.len_utf8() <= size { character } else { '.' });
            }
            Message::text(text)
        }
    }
}

/// Knuth's linear congruential generator: contents need to differ, not to be secret.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state
}

const RING_BYTES: usize = 16 << 20;

/// One to four bytes each.
const CHARACTERS: [char; 8] = ['a', 'e', ' ', 'é', 'ж', '語', '€', '😀'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_exact_size_and_kind_and_differ() {
        for kind in [Kind::Binary, Kind::Text] {
            for size in [0, 1, 2, 3, 125, 126, 1024, 70_000] {
                let payloads = Payloads::new(kind, size);
                let (first, second) = (payloads.message(0), payloads.message(1));
                assert_eq!((first.len(), second.len()), (size, size));
                assert_eq!(first.is_text(), kind == Kind::Text);
                assert_eq!(first != second, size > 0, "{kind:?} {size}");
            }
        }
    }

    #[test]
    fn each_way_to_be_wrong_is_told_apart() {
        let payloads = Payloads::new(Kind::Text, 40);
        assert_eq!(payloads.verify(7, &payloads.message(7)), Ok(()));
        assert_eq!(payloads.verify(7, &payloads.message(8)), Err(Wrong::Content));
        assert_eq!(payloads.verify(7, &Message::text("short")), Err(Wrong::Length));
        let binary = Message::binary(payloads.message(7).into_bytes());
        assert_eq!(payloads.verify(7, &binary), Err(Wrong::Kind));
    }
}
