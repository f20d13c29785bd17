//! A stream whose first bytes are a matter of their own, whichever end this is: read already, or to be remembered.

use bytes::{Buf, BytesMut};
use handfast_proto::error::Excerpt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that is read through `first`.
pub(crate) struct Opening<S, F> {
    pub(crate) io: S,
    pub(crate) first: F,
}

/// What the first bytes are read through.
pub(crate) trait First {
    fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>>;
}

/// What was read already: it comes first.
impl First for BytesMut {
    fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_empty() {
            return Pin::new(io).poll_read(cx, buffer);
        }
        let count = self.len().min(buffer.remaining());
        buffer.put_slice(&self[..count]);
        self.advance(count);
        Poll::Ready(Ok(()))
    }
}

/// Keeps the beginning of the first read: it tells what a peer speaks that does not speak HTTP/2.
impl First for Arc<OnceLock<Excerpt>> {
    fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(io).poll_read(cx, buffer))?;
        let read = &buffer.filled()[before..];
        if !read.is_empty() {
            self.get_or_init(|| Excerpt::new(read));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin, F: First + Unpin> AsyncRead for Opening<S, F> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.first.poll_read(&mut this.io, cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin, F: Unpin> AsyncWrite for Opening<S, F> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
