//! One stream of an HTTP/2 connection as a byte stream (RFC 8441 section 5): an orderly end is END_STREAM, an abrupt one
//! RST_STREAM, and flow control holds up whoever writes too fast.

use super::session::{InUse, Place};
use crate::linger::within;
use bytes::{Buf, Bytes};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use handfast_proto::Limits;
use handfast_proto::handshake::ResponseParts;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Handle;

/// A request's stream: to be answered first, if this end is the server.
pub(crate) struct Stream {
    sending: Sending,
    /// Only `None` while this is dropped.
    receiving: Option<RecvStream>,
    /// What was received and not read yet.
    received: Bytes,
    pub(crate) place: Place,
    /// A client's.
    last_words: Option<LastWords>,
}

/// What a client's stream needs to be heard to the end.
struct LastWords {
    /// The connection is in use.
    in_use: InUse,
    /// How long the server has to hear what was sent last.
    timeout: Duration,
}

enum Sending {
    Unanswered(SendResponse<Bytes>),
    Open(SendStream<Bytes>),
    /// END_STREAM was sent.
    Ended,
}

impl Stream {
    /// A request that was received.
    pub(crate) fn unanswered(respond: SendResponse<Bytes>, receiving: RecvStream, place: Place) -> Self {
        let (sending, received) = (Sending::Unanswered(respond), Bytes::new());
        Self { sending, receiving: Some(receiving), received, place, last_words: None }
    }

    /// A stream of ours that a server has answered: a WebSocket.
    pub(crate) fn open(
        sending: SendStream<Bytes>,
        receiving: RecvStream,
        place: Place,
        in_use: InUse,
        limits: &Limits,
    ) -> Self {
        let (sending, received) = (Sending::Open(sending), Bytes::new());
        let last_words = Some(LastWords { in_use, timeout: limits.linger_timeout });
        Self { sending, receiving: Some(receiving), received, place, last_words }
    }

    /// Answers; a stream that stays open is a WebSocket from now on, any other ends with the body.
    pub(crate) fn answer(&mut self, parts: ResponseParts, stays_open: bool) -> io::Result<()> {
        let Sending::Unanswered(respond) = &mut self.sending else { return Ok(()) };
        let mut response = http::Response::new(());
        *response.status_mut() = http::StatusCode::from_u16(parts.status).expect("a status has three digits");
        for (name, value) in parts.fields {
            let name = http::HeaderName::from_bytes(name.as_bytes()).expect("it was checked to be a token");
            let value = http::HeaderValue::from_bytes(value.as_bytes())
                .expect("it was checked to hold no control bytes");
            response.headers_mut().append(name, value);
        }
        // rule: server/h2-end-mapping
        let ends = !stays_open && parts.body.is_empty();
        let mut stream = respond.send_response(response, ends).map_err(error)?;
        self.sending = match stays_open {
            true => Sending::Open(stream),
            false if ends => Sending::Ended,
            false => {
                stream.send_data(parts.body.into(), true).map_err(error)?;
                Sending::Ended
            }
        };
        Ok(())
    }

    /// How many of `wanted` bytes can be sent now; waits for at least one.
    fn poll_room(&mut self, cx: &mut Context<'_>, wanted: usize) -> Poll<io::Result<usize>> {
        let Sending::Open(stream) = &mut self.sending else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        let wanted = wanted.min(FRAME_BYTES_MAX);
        stream.reserve_capacity(wanted);
        while stream.capacity() == 0 {
            match ready!(stream.poll_capacity(cx)) {
                Some(Ok(_)) => {}
                Some(Err(cause)) => return Poll::Ready(Err(error(cause))),
                None => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            }
        }
        Poll::Ready(Ok(stream.capacity().min(wanted)))
    }

    /// Keeps a stream of ours whose END_STREAM may still wait to be written until the server has ended it too, for a while: h2
    /// resets a stream that nobody holds, and throws away what waits. No window is given back, so that little can come.
    fn linger(&mut self) {
        let (Some(LastWords { in_use, timeout }), Some(mut receiving)) =
            (self.last_words.take(), self.receiving.take())
        else {
            return;
        };
        if receiving.is_end_stream() {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            let ended = async { while let Some(Ok(_)) = receiving.data().await {} };
            within(timeout, ended).await;
            drop(in_use);
        });
    }

    fn send(&mut self, bytes: Bytes, ends: bool) -> io::Result<()> {
        match &mut self.sending {
            Sending::Open(stream) => stream.send_data(bytes, ends).map_err(error),
            Sending::Unanswered(_) | Sending::Ended => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let Some(receiving) = &mut this.receiving else { return Poll::Ready(Ok(())) };
        while this.received.is_empty() {
            match ready!(receiving.poll_data(cx)) {
                Some(Ok(bytes)) => this.received = bytes,
                Some(Err(cause)) => return Poll::Ready(Err(error(cause))),
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = this.received.len().min(buffer.remaining());
        buffer.put_slice(&this.received[..count]);
        this.received.advance(count);
        // The peer may send more only now: what a program does not read, it does not receive.
        receiving.flow_control().release_capacity(count).map_err(error)?;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let room = ready!(self.poll_room(cx, bytes.len()))?;
        self.send(Bytes::copy_from_slice(&bytes[..room]), false)?;
        Poll::Ready(Ok(room))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wanted: usize = slices.iter().map(|slice| slice.len()).sum();
        if wanted == 0 {
            return Poll::Ready(Ok(0));
        }
        let room = ready!(self.poll_room(cx, wanted))?;
        // One frame for all.
        let mut joined = Vec::with_capacity(room);
        for slice in slices {
            joined.extend_from_slice(&slice[..slice.len().min(room - joined.len())]);
        }
        self.send(joined.into(), false)?;
        Poll::Ready(Ok(room))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// The connection's own task writes.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.sending, Sending::Open(_)) {
            self.send(Bytes::new(), true)?;
            self.sending = Sending::Ended;
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Stream {
    // rule: server/h2-end-mapping
    fn drop(&mut self) {
        match &mut self.sending {
            Sending::Unanswered(respond) => respond.send_reset(Reason::CANCEL),
            Sending::Open(stream) => stream.send_reset(Reason::CANCEL),
            Sending::Ended => self.linger(),
        }
    }
}

/// What happened to the stream, as what would have happened to a connection.
fn error(cause: h2::Error) -> io::Error {
    let kind = if cause.is_reset() { io::ErrorKind::ConnectionReset } else { io::ErrorKind::Other };
    match cause.is_io() {
        true => cause.into_io().unwrap_or_else(|| io::ErrorKind::ConnectionReset.into()),
        false => io::Error::new(kind, cause),
    }
}

/// The largest frame that every peer takes (RFC 9113 section 4.2).
const FRAME_BYTES_MAX: usize = 16 << 10;
