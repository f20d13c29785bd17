//! What a connection has carried, and what it holds.

use super::Connection;
use std::time::Duration;

/// A snapshot of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Whole data messages received.
    pub messages_received: u64,
    /// Data messages queued to be sent.
    pub messages_sent: u64,
    /// Bytes of frames received, headers included; of a frame under way, as its header says.
    pub bytes_received: u64,
    /// Bytes of frames written.
    pub bytes_sent: u64,
    /// Bytes of memory held now: read buffer, message under way, codecs and send queue together. Bounded by
    /// [`Limits::connection_bytes_max`](crate::Limits::connection_bytes_max).
    pub held_bytes: usize,
    /// Bytes queued to be written, a part of `held_bytes`.
    pub send_queue_bytes: usize,
    /// From the last keep-alive ping to its pong.
    pub latency: Option<Duration>,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) messages_received: u64,
    pub(super) messages_sent: u64,
    pub(super) bytes_received: u64,
    pub(super) bytes_sent: u64,
}

impl Connection {
    /// What this connection has carried so far, and what it holds.
    pub fn stats(&self) -> Stats {
        Stats {
            messages_received: self.stats.messages_received,
            messages_sent: self.stats.messages_sent,
            bytes_received: self.stats.bytes_received,
            bytes_sent: self.stats.bytes_sent,
            held_bytes: self.held_bytes(),
            send_queue_bytes: self.outbox.queued(),
            latency: self.timer.latency(),
        }
    }

    #[inline]
    pub(super) fn held_bytes(&self) -> usize {
        let assembly = self.assembly.as_ref().map_or(0, |assembly| assembly.held_bytes());
        let deflate = self.deflate.as_ref().map_or(0, |deflate| deflate.held_bytes());
        self.inbox.capacity() + assembly + deflate + self.outbox.queued()
    }
}
