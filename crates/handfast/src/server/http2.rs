//! A connection of HTTP/2: each of its requests is handled like a connection of HTTP/1.1 (RFC 8441).

use super::Shared;
use super::drain::Member;
use super::handshake::Busy;
use super::request::{Request, Waiting};
use super::serving::Taken;
use crate::http2::{self, opening::Opening, session::Place, stream::Stream};
use crate::linger::within;
use crate::transport::Transport;
use crate::{Error, Peer, observe};
use bytes::BytesMut;
use handfast_proto::Limits;
use handfast_proto::handshake::{HttpVersion, ResponseParts};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use tokio::time::{Instant, sleep_until};

/// A connection that began with HTTP/2, by the word of TLS or by its first bytes.
pub(super) struct Incoming {
    pub(super) io: Transport,
    /// What was read of it.
    pub(super) read: BytesMut,
    pub(super) peer: Peer,
    pub(super) member: Member,
}

/// Serves it until both ends are done. Streams without an end of their own are reset when the connection ends.
pub(super) async fn serve<T, H, F>(
    incoming: Incoming,
    shared: Arc<Shared>,
    handler: Arc<H>,
) -> Result<(), Error>
where
    T: Taken,
    H: Fn(T) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let Incoming { io, read, peer, member: _member } = incoming;
    let limits = &shared.options.policy.limits;
    let place = Place { peer: peer.addr(), local: io.local_addr().ok(), is_tls: io.is_tls() };
    let begun =
        within(limits.handshake_timeout, builder(limits).handshake(Opening { io, first: read })).await;
    let late = || Err(io::Error::from(io::ErrorKind::TimedOut).into());
    let Some(begun) = begun else { return late() };
    let mut connection = begun.map_err(|cause| Error::Io(io::Error::other(cause)))?;
    let mut draining = pin!(shared.hub.draining());
    // Each task of a stream holds one.
    let busy_streams = Arc::new(());
    let mut is_leaving = false;
    let mut idle_since = Instant::now();
    loop {
        let is_idle = Arc::strong_count(&busy_streams) == 1;
        if !is_idle {
            idle_since = Instant::now();
        }
        tokio::select! {
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    let (parts, receiving) = request.into_parts();
                    let request = http::Request::from_parts(parts, ());
                    let stream = Stream::unanswered(respond, receiving, place);
                    take(&request, (stream, peer), &shared, &handler, busy_streams.clone());
                }
                // What breaks the protocol was told to the peer, and a peer that has gone is no fault of this server.
                Some(Err(cause)) if cause.is_io() || cause.is_remote() => return Ok(()),
                Some(Err(cause)) => return Err(Error::Io(io::Error::other(cause))),
                None => return Ok(()),
            },
            () = &mut draining, if !is_leaving => {
                is_leaving = true;
                // rule: server/h2-setting-withdrawn
                connection.graceful_shutdown();
            }
            () = sleep_until(idle_since + limits.handshake_timeout), if is_idle || !is_leaving => {
                if is_idle && !is_leaving {
                    is_leaving = true;
                    // Time for the peer to hear it.
                    idle_since = Instant::now();
                    connection.graceful_shutdown();
                } else if is_idle {
                    return Ok(());
                }
            }
        }
    }
}

fn builder(limits: &Limits) -> h2::server::Builder {
    let mut builder = h2::server::Builder::new();
    let streams_max = u32::try_from(limits.streams_max).unwrap_or(u32::MAX);
    let window = http2::window(limits.server_stream_window_bytes);
    // rule: server/h2-setting-invalid
    builder
        .enable_connect_protocol()
        .max_concurrent_streams(streams_max)
        .max_header_list_size(u32::try_from(limits.head_bytes_max).unwrap_or(u32::MAX))
        .initial_window_size(window)
        // Streams that nobody reads must not hold up the others.
        .initial_connection_window_size(window.saturating_mul(streams_max).min(http2::WINDOW_BYTES_MAX))
        .max_send_buffer_size(http2::send_bytes_max(limits));
    builder
}

/// Hands one request to the handler, in a task of its own.
fn take<T, H, F>(
    received: &http::Request<()>,
    (mut stream, peer): (Stream, Peer),
    shared: &Arc<Shared>,
    handler: &Arc<H>,
    busy_stream: Arc<()>,
) where
    T: Taken,
    H: Fn(T) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let policy = &shared.options.policy;
    // A peer that has gone does not hear its answer.
    let mut answer = |parts: ResponseParts| drop(stream.answer(parts, false));
    let head = match http2::request(received, policy) {
        Ok(head) => head,
        Err(refusal) => {
            observe::refused(&refusal);
            shared.report_refusal(peer, &refusal, received.uri().path().as_bytes());
            return answer(refusal.to_parts());
        }
    };
    let Some(member) = shared.admit() else {
        return answer(Busy.response().to_parts(HttpVersion::Http2, head.method() == "HEAD"));
    };
    let waiting =
        Waiting { io: stream.into(), head, rest: BytesMut::new(), peer, member, shared: shared.clone() };
    let (request, handler) = (Request::new(waiting), handler.clone());
    let (shared, task) = (shared.clone(), Member::join(shared.hub.clone()));
    let serving = Box::pin(async move {
        let handling = pin!(async {
            match async { handler(T::take(request).await?).await }.await {
                // The observer of refusals has seen it.
                Ok(()) | Err(Error::Refused(_)) => {}
                Err(error) => shared.report_error(Some(peer), &error),
            }
        });
        task.run(handling).await;
        drop(busy_stream);
    });
    tokio::spawn(observe::in_span(peer, serving));
}
