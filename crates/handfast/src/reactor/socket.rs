//! A connected socket.

use super::{Shared, turn_is_over};
use mio::net::TcpStream;
use std::cell::RefCell;
use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A TCP connection that a [`Reactor`](super::Reactor) watches, from the first time that it waits.
pub(crate) struct Socket {
    tcp: TcpStream,
    /// [`NOT_JOINED`] at first.
    place: u32,
    shared: Arc<Shared>,
    turn: u8,
    watches_writes: bool,
    /// So many reads, up to the last, brought much.
    much_in_a_row: u8,
}

impl Socket {
    pub(super) fn new(tcp: TcpStream, shared: &Arc<Shared>) -> Self {
        Self {
            tcp,
            place: NOT_JOINED,
            shared: shared.clone(),
            turn: 0,
            watches_writes: false,
            much_in_a_row: 0,
        }
    }

    /// Joins the poller, which tells what is there already.
    #[inline]
    fn join(&mut self) -> io::Result<u32> {
        match self.place {
            NOT_JOINED => self.join_now(),
            place => Ok(place),
        }
    }

    #[cold]
    fn join_now(&mut self) -> io::Result<u32> {
        self.place = self.shared.join(&mut self.tcp)?;
        Ok(self.place)
    }

    /// Whether it carries so much that [`Socket::outgrown`] should be called.
    #[inline]
    pub(crate) fn is_outgrown(&self) -> bool {
        self.much_in_a_row >= MUCH_IN_A_ROW
    }

    /// The connection for the runtime to watch, now that it carries much: the runtime reads into memory that was never cleared, which
    /// takes `unsafe`, and here what comes is copied once more. Of little that costs nothing, but of much more than the runtime does.
    #[cold]
    pub(crate) fn outgrown(&mut self) -> Option<tokio::net::TcpStream> {
        self.much_in_a_row = 0;
        tokio::runtime::Handle::try_current().ok()?;
        // Another descriptor, because this one is closed with the socket.
        let tcp = self.tcp.as_fd().try_clone_to_owned().ok()?;
        let tcp = tokio::net::TcpStream::from_std(tcp.into()).ok()?;
        self.shared.forget(&mut self.tcp, self.place);
        Some(tcp)
    }

    fn poll_write_by(
        &mut self,
        cx: &mut Context<'_>,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if turn_is_over(&mut self.turn, cx) {
            return Poll::Pending;
        }
        let mut is_awaited = false;
        loop {
            match write(&self.tcp) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if is_awaited {
                        self.turn = 0;
                        return Poll::Pending;
                    }
                    let place = self.join()?;
                    self.shared.wait_writable(place, cx)?;
                    if !self.watches_writes {
                        self.shared.watch_writes(&mut self.tcp, place)?;
                        self.watches_writes = true;
                    }
                    // Room may have come before the waker was there.
                    is_awaited = true;
                }
                written => return Poll::Ready(written),
            }
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tcp.as_fd()
    }
}

impl AsyncRead for Socket {
    #[inline]
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if room.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        if turn_is_over(&mut this.turn, cx) {
            return Poll::Pending;
        }
        let place = this.join()?;
        loop {
            if this.shared.poll_readable(place, cx)?.is_pending() {
                this.turn = 0;
                return Poll::Pending;
            }
            let asked = room.remaining().min(BUFFER_BYTES);
            let read: io::Result<usize> = BUFFER.with_borrow_mut(|buffer| {
                let count = (&this.tcp).read(&mut buffer[..asked])?;
                room.put_slice(&buffer[..count]);
                Ok(count)
            });
            match read {
                Ok(count) => {
                    this.much_in_a_row =
                        if count < MUCH_BYTES { 0 } else { this.much_in_a_row.saturating_add(1) };
                    // Less than asked for was all there was, and of more there will be an event.
                    if count == asked {
                        this.shared.read_again(place);
                    }
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => this.shared.read_again(place),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Socket {
    #[inline]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().poll_write_by(cx, |mut tcp| tcp.write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_write_by(cx, |mut tcp| tcp.write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.tcp.shutdown(Shutdown::Write))
    }
}

impl Drop for Socket {
    /// The poller forgets a socket that is closed.
    fn drop(&mut self) {
        if self.place != NOT_JOINED {
            self.shared.leave(self.place);
        }
    }
}

const NOT_JOINED: u32 = u32::MAX;
/// What one read brings at most.
const BUFFER_BYTES: usize = handfast_proto::connection::BufferPool::READ_BYTES;
/// A read of this is much, and so many of them one after the other are no accident.
const MUCH_BYTES: usize = 8 << 10;
const MUCH_IN_A_ROW: u8 = 4;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; BUFFER_BYTES].into());
}
