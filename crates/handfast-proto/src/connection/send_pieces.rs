//! Messages that are sent piece by piece, as fragments (RFC 6455 section 5.4).

use super::send::opcode_of;
use super::{BufferPool, Connection};
use crate::Message;
use crate::deflate::Compressor;
use crate::error::Misuse;
use crate::frame::{FrameHeader, OpCode};
use bytes::BytesMut;

/// The message under way.
#[derive(Debug)]
pub(super) struct Sending {
    opcode: OpCode,
    /// Whether its first frame is queued.
    begun: bool,
    compressor: Option<Box<Compressor>>,
}

impl Connection {
    /// Queues a piece of a message; the first one begins it, `last` ends it. Pieces of text are cut between characters by
    /// their type. Control frames may go out in between. With permessage-deflate the message is compressed as it goes.
    ///
    /// Fails as [`Connection::send`] does, and with [`Misuse::MessageUnfinished`] for a piece of the other kind.
    pub fn send_piece(&mut self, piece: Message, last: bool, pool: &mut BufferPool) -> Result<(), Misuse> {
        self.check_room()?;
        let opcode = opcode_of(&piece);
        let mut sending = match self.sending.take() {
            Some(sending) if sending.opcode == opcode => sending,
            Some(other) => {
                self.sending = Some(other);
                return Err(Misuse::MessageUnfinished);
            }
            None => {
                let compressor = self.deflate.as_mut().and_then(|deflate| deflate.begin_message(pool));
                Box::new(Sending { opcode, begun: false, compressor })
            }
        };
        let mut payload = piece.into_bytes();
        if let Some(compressor) = &mut sending.compressor {
            let mut output = BytesMut::new();
            compressor.compress(&payload, last, &mut output);
            payload = output.freeze();
        }
        // The compressor may still be holding a piece back.
        if !payload.is_empty() || last {
            let opcode = if sending.begun { OpCode::Continuation } else { opcode };
            let rsv1 = sending.compressor.is_some() && !sending.begun;
            let header = FrameHeader { fin: last, rsv1, ..self.header(opcode, payload.len()) };
            self.outbox.push(header, payload, pool);
            sending.begun = true;
        }
        self.stats.messages_sent += u64::from(last);
        if !last {
            self.sending = Some(sending);
        } else if let (Some(deflate), Some(compressor)) = (&mut self.deflate, sending.compressor) {
            deflate.give_compressor(compressor, pool);
        }
        Ok(())
    }
}
