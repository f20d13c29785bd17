//! Buffers that connections share, so that an idle connection holds none.

use bytes::BytesMut;

/// Spare buffers of one thread. Give the same pool to all connections that this thread drives.
#[derive(Debug, Default)]
pub struct BufferPool {
    spare: Vec<BytesMut>,
}

impl BufferPool {
    /// An empty pool.
    pub fn new() -> Self {
        Self { spare: Vec::new() }
    }
}
