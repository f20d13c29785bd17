//! A connected socket.

use super::Shared;
use super::seat::Seat;
use super::turn::Turn;
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
    /// After the socket itself: it is left once that is closed.
    seat: Seat,
    turn: Turn,
    watches_writes: bool,
    /// So many reads brought much, and none since brought little.
    much_in_a_row: u8,
}

impl Socket {
    pub(super) fn new(tcp: TcpStream, shared: &Arc<Shared>) -> Self {
        Self { tcp, seat: Seat::new(shared), turn: Turn::default(), watches_writes: false, much_in_a_row: 0 }
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
        // Another descriptor, because this one is closed with the socket.
        let tcp = self.tcp.as_fd().try_clone_to_owned().ok()?;
        // The server's runtime, wherever the connection is polled now.
        let _server = self.seat.shared.runtime.enter();
        let tcp = tokio::net::TcpStream::from_std(tcp.into()).ok()?;
        self.seat.forget(&mut self.tcp);
        Some(tcp)
    }

    fn poll_write_by(
        &mut self,
        cx: &mut Context<'_>,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if self.turn.is_over(&self.seat.shared, cx) {
            return Poll::Pending;
        }
        let mut is_awaited = false;
        loop {
            match write(&self.tcp) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if is_awaited {
                        return Poll::Pending;
                    }
                    self.seat.join(&mut self.tcp)?;
                    self.seat.wait_writable(cx)?;
                    if !self.watches_writes {
                        self.seat.watch_writes(&mut self.tcp)?;
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
        this.seat.join(&mut this.tcp)?;
        loop {
            if this.turn.is_over(&this.seat.shared, cx) || this.seat.poll_readable(cx)?.is_pending() {
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
                    if count >= MUCH_BYTES {
                        this.much_in_a_row = this.much_in_a_row.saturating_add(1);
                    } else if count < asked {
                        this.much_in_a_row = 0;
                    }
                    // Less than asked for was all there was, and of more there will be an event.
                    if count == asked {
                        this.seat.read_again();
                    }
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => this.seat.read_again(),
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

/// What one read brings at most.
const BUFFER_BYTES: usize = handfast_proto::connection::BufferPool::READ_BYTES;
/// A read of this is much, and so many of them, without one that brought little because there was no more, are no accident.
const MUCH_BYTES: usize = 8 << 10;
const MUCH_IN_A_ROW: u8 = 4;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; BUFFER_BYTES].into());
}
