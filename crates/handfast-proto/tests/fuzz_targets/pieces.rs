//! Messages handed out in pieces are the messages that would be handed out whole.

use super::ends::{config, deflate_server, small_limits};
use super::pair::End;
use bytes::Bytes;
use handfast_proto::connection::{End as Ended, Event};
use handfast_proto::deflate::DeflateOptions;
use handfast_proto::error::FrameFault;
use handfast_proto::{Limits, Message, Text};

/// The first byte says how the rest is cut and whether compression was agreed; the rest goes to a server.
pub fn to_server(input: &[u8]) {
    let Some((&way, bytes)) = input.split_first() else { return };
    // A message in pieces has no limit, so the whole one must have none either.
    let limits = Limits {
        message_bytes_max: usize::MAX,
        frame_bytes_max: usize::MAX,
        fragments_max: usize::MAX,
        ..small_limits()
    };
    let run = |in_pieces, step| {
        let mut end = match way & 1 {
            0 => End::server(config(limits.clone())),
            _ => deflate_server("permessage-deflate", DeflateOptions::with_context(), config(limits.clone()))
                .expect("the plain offer is met"),
        };
        end.connection.receive_in_pieces(in_pieces);
        end.take(bytes, step);
        (end.seen(), end.give())
    };
    let (whole, answers) = run(false, usize::MAX);
    for step in [usize::MAX, 1, usize::from(way >> 1)] {
        let (pieces, answers_to_pieces) = run(true, step);
        let joined = joined(pieces);
        // Blocks that end a deflate stream can refer to what was handed out already; it is not there any more. Then it ends
        // there, and what came before is what also came whole.
        if let Some((Event::End(Ended::Fault(FrameFault::DeflateInvalid)), before)) = joined.split_last()
            && joined != whole
        {
            assert!(
                whole.starts_with(before),
                "{before:?} came in pieces of {step} bytes, and whole {whole:?}"
            );
            return;
        }
        assert_eq!(joined, whole, "in pieces of {step} bytes");
        assert_eq!(answers_to_pieces, answers);
    }
}

/// The events with pieces put together; those of a message that did not end are left out.
fn joined(events: Vec<Event>) -> Vec<Event> {
    let mut under_way: Option<(bool, Vec<u8>)> = None;
    let mut joined = Vec::new();
    for event in events {
        let Event::Piece { piece, last } = event else {
            assert!(!matches!(event, Event::Message(_)), "nothing is handed out whole");
            joined.push(event);
            continue;
        };
        assert!(last || !piece.is_empty());
        let (is_text, bytes) = under_way.get_or_insert((piece.is_text(), Vec::new()));
        assert_eq!(*is_text, piece.is_text(), "all pieces of a message are of its kind");
        bytes.extend_from_slice(piece.as_bytes());
        if last && let Some((is_text, bytes)) = under_way.take() {
            joined.push(Event::Message(match is_text {
                true => Message::Text(Text::from_utf8(Bytes::from(bytes)).expect("text is made of text")),
                false => Message::binary(bytes),
            }));
        }
    }
    joined
}
