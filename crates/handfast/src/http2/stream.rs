//! One stream of an HTTP/2 connection as a byte stream (RFC 8441 section 5): an orderly end is END_STREAM, an abrupt one
//! RST_STREAM, and flow control holds up whoever writes too fast.

use super::session::{InUse, Place};
use bytes::{Buf, Bytes};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use handfast_proto::handshake::ResponseParts;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A request's stream: to be answered first, if this end is the server.
pub(crate) struct Stream {
    sending: Sending,
    receiving: RecvStream,
    /// What was received and not read yet.
    received: Bytes,
    pub(crate) place: Place,
    /// A client's: its connection is in use.
    _in_use: Option<InUse>,
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
        Self { sending, receiving, received, place, _in_use: None }
    }

    /// A stream of ours that a server has answered: a WebSocket.
    pub(crate) fn open(
        sending: SendStream<Bytes>,
        receiving: RecvStream,
        place: Place,
        in_use: InUse,
    ) -> Self {
        let (sending, received) = (Sending::Open(sending), Bytes::new());
        Self { sending, receiving, received, place, _in_use: Some(in_use) }
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
        while this.received.is_empty() {
            match ready!(this.receiving.poll_data(cx)) {
                Some(Ok(bytes)) => this.received = bytes,
                Some(Err(cause)) => return Poll::Ready(Err(error(cause))),
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = this.received.len().min(buffer.remaining());
        buffer.put_slice(&this.received[..count]);
        this.received.advance(count);
        // The peer may send more only now: what a program does not read, it does not receive.
        this.receiving.flow_control().release_capacity(count).map_err(error)?;
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
            Sending::Ended => {}
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
