//! Header blocks: from HEADERS and CONTINUATION to fields.

use loona_hpack::Decoder;

use super::{CONTINUATION, END_HEADERS, Frame, HEADERS, content};
use crate::limits::{BLOCK_BYTES_MAX, LIST_BYTES_MAX};

/// A field as it came, both parts as text, bytes above 0x7F as Latin-1.
pub(crate) type Field = (String, String);

/// A whole block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) stream: u32,
    /// The flags of its HEADERS frame.
    pub(crate) flags: u8,
    pub(crate) fields: Vec<Field>,
}

/// Why nothing behind a block can be read: the table of the sender is no longer known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// The blocks of one direction of a connection.
pub(crate) struct Blocks {
    decoder: Decoder<'static>,
    /// A block that is not whole yet.
    part: Option<(u32, u8, Vec<u8>)>,
}

impl Blocks {
    pub(crate) fn new() -> Blocks {
        let mut decoder = Decoder::new();
        decoder.set_max_allowed_table_size(4096);
        Blocks { decoder, part: None }
    }

    /// Takes a HEADERS or CONTINUATION frame; gives the block that it completes.
    ///
    /// # Errors
    /// The block is too long, packed or unpacked, or no header block.
    pub(crate) fn take(&mut self, frame: &Frame) -> Result<Option<Block>, Unreadable> {
        match (frame.kind, &mut self.part) {
            (HEADERS, part) => *part = Some((frame.stream, frame.flags, content(frame).to_vec())),
            (CONTINUATION, Some((_, _, block))) => block.extend(&frame.payload),
            _ => return Ok(None),
        }
        if self.part.as_ref().is_some_and(|(_, _, block)| block.len() > BLOCK_BYTES_MAX) {
            return Err(Unreadable);
        }
        if frame.flags & END_HEADERS == 0 {
            return Ok(None);
        }
        let Some((stream, flags, block)) = self.part.take() else { return Ok(None) };
        let text = |bytes: &[u8]| bytes.iter().copied().map(char::from).collect::<String>();
        let (mut fields, mut length) = (Vec::new(), 0);
        let read = self.decoder.decode_with_cb(&block, |name, value| {
            length += name.len() + value.len() + 32;
            if length <= LIST_BYTES_MAX {
                fields.push((text(&name), text(&value)));
            }
        });
        if read.is_err() || length > LIST_BYTES_MAX {
            return Err(Unreadable);
        }
        Ok(Some(Block { stream, flags, fields }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::h2::literals;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Frame {
        Frame { kind, flags, stream: 1, payload: payload.to_vec() }
    }

    #[test]
    fn a_block_in_pieces_is_read_once_it_is_whole() {
        let bytes = literals([(":status", "200"), ("a", "b")]);
        let mut blocks = Blocks::new();
        assert_eq!(blocks.take(&frame(HEADERS, 1, &bytes[..7])), Ok(None));
        let block =
            blocks.take(&frame(CONTINUATION, END_HEADERS, &bytes[7..])).expect("right").expect("whole");
        let fields = vec![(":status".to_owned(), "200".to_owned()), ("a".to_owned(), "b".to_owned())];
        assert_eq!(block, Block { stream: 1, flags: 1, fields });
    }

    #[test]
    fn what_is_no_block_and_what_never_ends_is_unreadable() {
        assert_eq!(Blocks::new().take(&frame(HEADERS, END_HEADERS, &[0x80])), Err(Unreadable));
        let mut blocks = Blocks::new();
        assert_eq!(blocks.take(&frame(HEADERS, 0, &vec![0; BLOCK_BYTES_MAX])), Ok(None));
        assert_eq!(blocks.take(&frame(CONTINUATION, 0, &[0])), Err(Unreadable));
    }

    #[test]
    fn a_short_block_that_unpacks_to_a_long_list_is_unreadable() {
        // A literal that the table remembers (RFC 7541 section 6.2.1), and then nothing but its place there.
        let entry = [&[0x40, 1, b'a', 0x7F, 0xA1, 0x1E][..], &[b'x'; 4000]].concat();
        let block = |times: usize| frame(HEADERS, END_HEADERS, &[&entry[..], &vec![0xBE; times]].concat());
        let most = LIST_BYTES_MAX / (1 + 4000 + 32);
        let fields = Blocks::new().take(&block(most - 1)).expect("readable").expect("whole").fields;
        assert_eq!((fields.len(), fields[1].1.len()), (most, 4000));
        assert_eq!(Blocks::new().take(&block(most)), Err(Unreadable));
    }
}
