//! A connection of HTTP/2 to a server, from the client's preface on (RFC 9113 section 3.4), ready for WebSockets.

use super::fault::{Http2Code, Http2Fault};
use super::opening::Opening;
use super::{WINDOW_BYTES_MAX, send_bytes_max, window};
use crate::Error;
use crate::error::{HandshakeCut, Phase};
use crate::linger::within;
use crate::transport::Transport;
use bytes::Bytes;
use h2::client::{Builder, Connection, ResponseFuture, SendRequest};
use h2::{Ping, SendStream};
use handfast_proto::Limits;
use handfast_proto::error::Excerpt;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// An HTTP/2 connection whose server has said that it takes WebSockets. A task of its own drives it, until this and all its
/// streams are gone.
pub(crate) struct Session {
    send: SendRequest<Bytes>,
    pub(crate) origin: Place,
    in_use: InUse,
}

/// Kept by the session and by each of its streams.
pub(crate) type InUse = mpsc::Sender<Infallible>;

/// Where a connection is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) local: Option<SocketAddr>,
    pub(crate) is_tls: bool,
}

impl Session {
    /// Begins HTTP/2 on a connected stream, and waits for the server's SETTINGS, until `deadline`.
    pub(crate) async fn begin(io: Transport, limits: &Limits, deadline: Instant) -> Result<Self, Error> {
        let left = deadline.saturating_duration_since(Instant::now());
        let late = || Error::Timeout { phase: Phase::Handshake, after: limits.handshake_timeout };
        within(left, Self::begin_now(io, limits)).await.ok_or_else(late)?
    }

    async fn begin_now(io: Transport, limits: &Limits) -> Result<Self, Error> {
        let origin = Place { peer: io.peer_addr().ok(), local: io.local_addr().ok(), is_tls: io.is_tls() };
        let first = Arc::new(OnceLock::new());
        let io = Opening { io, first: first.clone() };
        let (send, mut connection) =
            builder(limits).handshake::<_, Bytes>(io).await.map_err(|cause| not_begun(cause, &first))?;
        let announced = settings(&send, &mut connection).await.map_err(|cause| not_begun(cause, &first))?;
        if let Some(first) = first.get().filter(|first| !begins_with_settings(first.as_bytes())) {
            return Err(Http2Fault::NotSpoken(first.clone()).into());
        }
        let (in_use, mut unused) = mpsc::channel(1);
        let session = Self { send, origin, in_use };
        let linger = limits.linger_timeout;
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            tokio::select! {
                // Its streams were told how it ended.
                _ = &mut connection => {}
                // Nobody is left who could be told. It says goodbye, unless the server takes no more bytes.
                _ = unused.recv() => drop(within(linger, connection).await),
            }
        });
        // rule: client/h2-connect-unannounced
        match announced {
            true => Ok(session),
            false => Err(Http2Fault::ConnectProtocolMissing.into()),
        }
    }

    /// Begins a stream.
    pub(crate) fn send(
        &self,
        request: http::Request<()>,
    ) -> Result<(ResponseFuture, SendStream<Bytes>, InUse), Error> {
        let mut send = self.send.clone();
        // rule: client/h2-connect-unannounced
        if !send.is_extended_connect_protocol_enabled() {
            return Err(Http2Fault::ConnectProtocolMissing.into());
        }
        let streams_max = send.current_max_send_streams();
        if self.streams() >= streams_max {
            return Err(Http2Fault::StreamsExhausted { streams_max }.into());
        }
        // rule: client/h2-request-malformed
        // Without END_STREAM: the WebSocket's frames follow.
        let (response, stream) = send.send_request(request, false).map_err(lost)?;
        Ok((response, stream, self.in_use.clone()))
    }

    /// How many streams are open or being opened.
    pub(crate) fn streams(&self) -> usize {
        self.in_use.strong_count() - 1
    }

    /// How many streams the server allows at a time.
    pub(crate) fn streams_max(&self) -> usize {
        self.send.current_max_send_streams()
    }

    /// Whether the connection still takes new streams, as far as is known.
    pub(crate) fn is_open(&self) -> bool {
        let mut send = self.send.clone();
        !matches!(send.poll_ready(&mut Context::from_waker(Waker::noop())), Poll::Ready(Err(_)))
    }
}

/// Whether the server's SETTINGS announce the extended CONNECT. The first frame of a server is SETTINGS, and it answers frames
/// in order: what it has not announced when it answers a ping, it does not announce.
async fn settings<T>(
    send: &SendRequest<Bytes>,
    connection: &mut Connection<T, Bytes>,
) -> Result<bool, h2::Error>
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut pings = connection.ping_pong().expect("it is taken from each connection once");
    pings.send_ping(Ping::opaque())?;
    poll_fn(|cx| {
        let ended = Pin::new(&mut *connection).poll(cx);
        if send.is_extended_connect_protocol_enabled() {
            return Poll::Ready(Ok(true));
        }
        match ended {
            Poll::Ready(Ok(())) => Poll::Ready(Err(h2::Error::from(h2::Reason::NO_ERROR))),
            Poll::Ready(Err(cause)) => Poll::Ready(Err(cause)),
            Poll::Pending => pings.poll_pong(cx).map_ok(|_| false),
        }
    })
    .await
}

fn builder(limits: &Limits) -> Builder {
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        // Twice what is taken: a head that is a little too large is judged by us, which names the fault.
        .max_header_list_size(u32::try_from(limits.head_bytes_max.saturating_mul(2)).unwrap_or(u32::MAX))
        .initial_window_size(window(limits.stream_window_bytes))
        // A WebSocket that nobody reads holds back its own window, and must not hold up the others.
        .initial_connection_window_size(WINDOW_BYTES_MAX)
        // What many small frames cost beside their bytes, before they are read.
        .data_frame_budget(limits.connection_bytes_max)
        .max_send_buffer_size(send_bytes_max(limits));
    builder
}

/// Why a connection did not come to its SETTINGS.
fn not_begun(cause: h2::Error, first: &OnceLock<Excerpt>) -> Error {
    match first.get() {
        Some(first) if !begins_with_settings(first.as_bytes()) => Http2Fault::NotSpoken(first.clone()).into(),
        _ => lost(cause),
    }
}

/// What the end of a connection, or its refusal of a stream, means for a handshake.
pub(crate) fn lost(cause: h2::Error) -> Error {
    let code = cause.reason().map(|reason| Http2Code(reason.into()));
    match code {
        Some(code) if cause.is_reset() => Http2Fault::Reset(code).into(),
        Some(code) if cause.is_go_away() && cause.is_remote() => Http2Fault::GoneAway(code).into(),
        Some(code) if cause.is_go_away() => Http2Fault::Violated(code).into(),
        _ => {
            let error = match cause.is_io() {
                true => cause.into_io(),
                // The connection ended in good order, without a word.
                false if code.is_some() => None,
                false => Some(io::Error::other(cause)),
            };
            let received = Excerpt::new(b"");
            Error::HandshakeCut(Box::new(HandshakeCut { bytes: 0, received, error }))
        }
    }
}

/// Whether this can be the begin of a SETTINGS frame (RFC 9113 sections 4.1 and 6.5).
fn begins_with_settings(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0) && bytes.get(3).is_none_or(|kind| *kind == 4)
}

#[cfg(test)]
mod tests {
    use super::super::stream::Stream;
    use super::*;
    use tokio::io::AsyncWrite;
    use tokio::sync::oneshot;

    /// A server that grants all windows there are, answers one request, and reads nothing once it is told so.
    async fn stubborn(io: tokio::io::DuplexStream, told: oneshot::Receiver<()>) {
        let mut builder = h2::server::Builder::new();
        builder.enable_connect_protocol();
        builder.initial_window_size(WINDOW_BYTES_MAX).initial_connection_window_size(WINDOW_BYTES_MAX);
        let mut connection = builder.handshake::<_, Bytes>(io).await.unwrap();
        let (_request, mut respond) = connection.accept().await.unwrap().unwrap();
        let _open = respond.send_response(http::Response::new(()), false).unwrap();
        tokio::select! {
            _ = connection.accept() => panic!("there is one request"),
            told = told => told.unwrap(),
        }
        std::future::pending().await
    }

    #[tokio::test]
    async fn what_waits_to_be_written_of_a_stream_is_bounded() {
        let limits = Limits { stream_send_bytes_max: 100_000, ..Limits::default() };
        let (ours, theirs) = tokio::io::duplex(1000);
        let (tell, told) = oneshot::channel();
        tokio::spawn(stubborn(theirs, told));
        let (send, connection) = builder(&limits).handshake::<_, Bytes>(ours).await.unwrap();
        tokio::spawn(connection);
        while !send.is_extended_connect_protocol_enabled() {
            tokio::task::yield_now().await;
        }
        let (response, sending) = send.clone().send_request(http::Request::new(()), false).unwrap();
        let receiving = response.await.unwrap().into_body();
        tell.send(()).unwrap();
        let place = Place { peer: None, local: None, is_tls: false };
        let mut stream = Stream::open(sending, receiving, place, mpsc::channel(1).0, &limits);
        let (mut taken, mut pauses) = (0, 0);
        while pauses < 100 && taken < 1_000_000 {
            let cx = &mut Context::from_waker(Waker::noop());
            match Pin::new(&mut stream).poll_write(cx, &[0; 10_000]) {
                Poll::Ready(count) => taken += count.unwrap(),
                Poll::Pending => {
                    pauses += 1;
                    tokio::task::yield_now().await;
                }
            }
        }
        // Beside the bound, one frame is being written.
        assert!((100_000..=100_000 + (16 << 10) + 1000).contains(&taken), "{taken} bytes");
    }
}
