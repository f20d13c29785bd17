//! The read and write buffers that all connections of a thread share.

use handfast_proto::connection::BufferPool;
use std::cell::RefCell;

/// Runs `work` with this thread's pool. `work` must not poll anything: a stream may itself be carried by a WebSocket.
#[inline]
pub(crate) fn with_pool<R>(work: impl FnOnce(&mut BufferPool) -> R) -> R {
    POOL.with_borrow_mut(work)
}

thread_local! {
    static POOL: RefCell<BufferPool> = RefCell::new(BufferPool::new());
}
