//! A message that is framed once and sent to many.

use super::send::opcode_of;
use super::{BufferPool, Connection};
use crate::error::Misuse;
use crate::frame::FrameHeader;
use crate::{Message, Role};
use bytes::{Bytes, BytesMut};
use std::sync::{Arc, OnceLock};

/// A message ready for many connections: framed once, compressed at most once. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct Prepared(Arc<Frames>);

#[derive(Debug)]
struct Frames {
    message: Message,
    plain: Bytes,
    /// Made for the first connection that can use it, with that connection's window.
    compressed: OnceLock<Compressed>,
}

#[derive(Debug)]
struct Compressed {
    window_bits: u8,
    /// `None` where compression does not make it smaller.
    frame: Option<Bytes>,
}

impl Prepared {
    /// Frames a message as servers send it.
    pub fn new(message: impl Into<Message>) -> Self {
        let message = message.into();
        let plain = frame(&message, message.as_bytes(), false);
        Self(Arc::new(Frames { message, plain, compressed: OnceLock::new() }))
    }

    /// The message.
    pub fn message(&self) -> &Message {
        &self.0.message
    }
}

impl Connection {
    /// Queues a prepared message, as [`Connection::send`] queues any: a server's connection without compression, or with
    /// compression that keeps no context, shares the frame with all others; a client's masks a copy.
    ///
    /// Fails as [`Connection::send`] does.
    pub fn send_prepared(&mut self, prepared: &Prepared, pool: &mut BufferPool) -> Result<(), Misuse> {
        if self.role() == Role::Client {
            return self.send(prepared.0.message.clone(), pool);
        }
        let frame = match &mut self.deflate {
            None => Some(&prepared.0.plain),
            Some(deflate) => match deflate.shared_window_bits(prepared.0.message.len()) {
                None => None,
                Some(window_bits) => {
                    let compressed = prepared.0.compressed.get_or_init(|| Compressed {
                        window_bits,
                        frame: deflate
                            .compress(prepared.0.message.as_bytes(), &self.config.limits, pool)
                            .map(|payload| frame(&prepared.0.message, &payload, true)),
                    });
                    // A smaller window may have been agreed here than the frame was made for.
                    let fits = compressed.window_bits <= window_bits;
                    fits.then(|| compressed.frame.as_ref().unwrap_or(&prepared.0.plain))
                }
            },
        };
        let Some(frame) = frame.cloned() else { return self.send(prepared.0.message.clone(), pool) };
        self.check_room()?;
        if self.sending.is_some() {
            return Err(Misuse::MessageUnfinished);
        }
        self.stats.messages_sent += 1;
        self.outbox.push_frame(frame, pool);
        Ok(())
    }
}

fn frame(message: &Message, payload: &[u8], rsv1: bool) -> Bytes {
    let header =
        FrameHeader { fin: true, rsv1, opcode: opcode_of(message), mask: None, len: payload.len() as u64 };
    let header = header.encode();
    let mut frame = BytesMut::with_capacity(header.as_slice().len() + payload.len());
    frame.extend_from_slice(header.as_slice());
    frame.extend_from_slice(payload);
    frame.freeze()
}
