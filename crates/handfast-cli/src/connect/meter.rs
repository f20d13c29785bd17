//! How many bytes a message has on the wire, where compression makes that interesting.

use handfast::Sender;

/// Reads the counters of a connection from message to message.
#[derive(Clone)]
pub struct Meter {
    sender: Sender,
    is_on: bool,
    received: u64,
}

impl Meter {
    /// Nothing is read unless `is_on`.
    pub fn new(sender: Sender, is_on: bool) -> Self {
        Self { sender, is_on, received: 0 }
    }

    /// The bytes of the frames that came since the last event.
    pub fn received(&mut self) -> Option<u64> {
        if !self.is_on {
            return None;
        }
        let now = self.sender.stats().bytes_received;
        Some(now - std::mem::replace(&mut self.received, now))
    }

    /// The bytes of all frames sent or queued so far.
    pub fn sent(&self) -> Option<u64> {
        let stats = self.is_on.then(|| self.sender.stats())?;
        Some(stats.bytes_sent + stats.send_queue_bytes as u64)
    }
}
