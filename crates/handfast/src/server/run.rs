//! The accept loop, and what happens to each connection.

use super::drain::{Hub, Phase};
use super::handshake::{Busy, HeadFailure, read_early, read_head};
use super::listen::{self, Listener};
#[cfg(unix)]
use super::one_task;
use super::request::{Request, Waiting};
use super::serving::{Arrived, Attendance, Received, Serving, Taken};
use super::waiting::{Place, WaitingRoom};
use super::{Server, Shared};
use crate::linger::write_last;
use crate::observe::Why;
use crate::transport::Transport;
use crate::{Error, Peer, Role, observe};
#[cfg(feature = "http2")]
use bytes::BytesMut;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::runtime::Handle;

impl Server {
    /// Hands every well-formed request to `handler`, which looks at it and accepts it or responds. Malformed ones are refused
    /// without it. Returns when the server was drained.
    ///
    /// Dropping the future stops listening; open connections go on.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where [`Server::one_task`] has no poller; errors of single connections, and of accepting, go to
    /// [`Server::on_error`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(server: handfast::Server) -> Result<(), handfast::Error> {
    /// use handfast::{HttpResponse, Request};
    ///
    /// server.run(|request: Request| async move {
    ///     match request.path() {
    ///         "/chat" => {
    ///             let mut ws = request.accept().await?;
    ///             ws.send("welcome").await
    ///         }
    ///         _ => request.respond(HttpResponse::text(404, "There is nothing here.\n")).await,
    ///     }
    /// }).await
    /// # }
    /// ```
    pub async fn run<H, F>(self, handler: H) -> Result<(), Error>
    where
        H: Fn(Request) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        self.run_with(handler).await
    }

    /// Runs with a handler of either kind.
    pub(super) async fn run_with<T, H, F>(self, handler: H) -> Result<(), Error>
    where
        T: Taken,
        H: Fn(T) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let ended = self.ended;
        let hub = &ended.0;
        // It runs once only: a server is used up by it.
        let _ = hub.runtime.set(Handle::current());
        #[cfg(feature = "tls")]
        let tls = self.tls.map(|identity| identity.acceptor());
        #[cfg(feature = "tls")]
        let options = {
            let mut options = self.options;
            options.policy.secure |= tls.is_some();
            options
        };
        #[cfg(not(feature = "tls"))]
        let options = self.options;
        let shared = Arc::new(Shared {
            waiting_room: Arc::new(WaitingRoom::new(options.policy.limits.handshakes_unfinished_max)),
            options,
            hub: hub.clone(),
            on_refusal: self.on_refusal,
            on_error: self.on_error,
            #[cfg(feature = "tls")]
            tls,
        });
        let handler = Arc::new(handler);
        let begin = |io, peer| {
            let receiving = receive(io, peer, shared.clone());
            let attendance = Attendance::new(peer, shared.clone());
            observe::in_span(peer, Serving::new(receiving, attendance, handler.clone()))
        };
        #[cfg(unix)]
        if self.one_task {
            return one_task::serve(self.listener, &shared, begin).await;
        }
        accept_until_ended(self.listener, &shared, |io, peer| drop(tokio::spawn(begin(io, peer)))).await;
        Ok(())
    }
}

/// Says when dropped that the server has ended: it came to its end, its future was dropped, or it never ran.
pub(super) struct Ended(pub(super) Arc<Hub>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.set_finished();
    }
}

/// Accepts until the server drains, and then waits until all that was begun has ended.
pub(super) async fn accept_until_ended(
    mut listener: Listener,
    shared: &Shared,
    mut serve: impl FnMut(Transport, Peer),
) {
    let inherits_nodelay = listener.set_nodelay();
    accept(&mut listener, shared, |io, peer| {
        if !inherits_nodelay {
            io.set_nodelay();
        }
        serve(io, peer);
    })
    .await;
    drop(listener);
    shared.hub.finish().await;
}

/// Accepts until the server drains. Failing to accept is no reason to end: it waits where the system is out of something.
async fn accept(listener: &mut Listener, shared: &Shared, mut serve: impl FnMut(Transport, Peer)) {
    let mut draining = pin!(shared.hub.draining());
    let mut pause = PAUSE_MIN;
    let mut in_a_row: usize = 0;
    loop {
        let accepted = poll_fn(|cx| {
            if shared.hub.phase() != Phase::Serving {
                return Poll::Ready(None);
            }
            match listener.poll_accept(cx) {
                Poll::Ready(accepted) => Poll::Ready(Some(accepted)),
                Poll::Pending => draining.as_mut().poll(cx).map(|()| None),
            }
        });
        match accepted.await {
            None => return,
            Some(Ok((io, peer))) => {
                pause = PAUSE_MIN;
                serve(io, peer);
                in_a_row += 1;
                // A storm of connections must not keep those waiting that are there.
                if in_a_row.is_multiple_of(ACCEPTS_MAX) {
                    tokio::task::yield_now().await;
                }
            }
            Some(Err(error)) if listen::is_connection_error(&error) => {}
            Some(Err(error)) => {
                // Out of file descriptors or memory: some may be free again soon.
                shared.report_error(None, &Error::Io(error));
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
}

/// The connection's request; `None` when it was answered already.
async fn receive(io: Transport, peer: Peer, shared: Arc<Shared>) -> Received {
    let place = shared.waiting_room.enter();
    let limits = &shared.options.policy.limits;
    let timeout = limits.handshake_timeout;
    let (mut io, timeout) = match encrypt(io, &shared, &place, timeout).await? {
        Some(encrypted) => encrypted,
        None => {
            observe::turned_away(Why::Crowded);
            return Ok(Arrived::Answered);
        }
    };
    #[cfg(feature = "http2")]
    if io.is_http2() {
        return http2_or_busy(io, BytesMut::new(), peer, &shared);
    }
    let policy = &shared.options.policy;
    let head = match read_early(&io, policy) {
        Ok(head) => Ok(head),
        Err(begin) => Box::pin(read_head(&mut io, begin, policy, timeout, Some(&place))).await,
    };
    let (response, error) = match head {
        Ok((head, rest)) => {
            if let Some(member) = shared.admit() {
                return Ok(Arrived::Request(Request::new(Waiting { io, head, rest, peer, member, shared })));
            }
            (Some(Busy.response().to_bytes(head.method() == "HEAD")), None)
        }
        #[cfg(feature = "http2")]
        Err(HeadFailure::Refused(refusal, read)) if is_preface(&refusal) => {
            return http2_or_busy(io, read, peer, &shared);
        }
        Err(failure) => {
            let response = failure.response();
            let error = match failure {
                HeadFailure::Refused(refusal, received) => {
                    observe::refused(&refusal);
                    shared.report_refusal(peer, &refusal, &received);
                    None
                }
                HeadFailure::Crowded => {
                    observe::turned_away(Why::Crowded);
                    Some(HeadFailure::Crowded.into_error())
                }
                // Opened and closed without a word, as health checks do.
                HeadFailure::Cut(cut) if cut.bytes == 0 => None,
                failure => {
                    let error = failure.into_error();
                    observe::failed(Role::Server, &error);
                    Some(error)
                }
            };
            (response, error)
        }
    };
    if let Some(response) = response {
        // Those who linger wait in the same room, in a new place if they lost theirs.
        let place = if place.is_lost() { shared.waiting_room.enter() } else { place };
        let mut last = Box::pin(write_last(&mut io, &response, limits));
        poll_fn(|cx| match last.as_mut().poll(cx) {
            Poll::Pending => place.poll_lost(cx).map(Ok),
            written => written,
        })
        .await?;
    }
    error.map_or(Ok(Arrived::Answered), Err)
}

/// Whether these were the first bytes of an HTTP/2 connection (RFC 9113 section 3.4).
#[cfg(feature = "http2")]
fn is_preface(refusal: &handfast_proto::handshake::Refusal) -> bool {
    matches!(refusal.faults(), [handfast_proto::error::RequestFault::Http2Preface])
}

#[cfg(feature = "http2")]
fn http2_or_busy(io: Transport, read: BytesMut, peer: Peer, shared: &Shared) -> Received {
    // Without a place it is closed: before its settings are exchanged nothing can be answered.
    Ok(match shared.admit() {
        Some(member) => Arrived::Http2(Box::new(super::http2::Incoming { io, read, peer, member })),
        None => Arrived::Answered,
    })
}

/// Runs the TLS handshake if the server has a certificate; gives what is left of the time, or `None` when the place was lost.
#[cfg(feature = "tls")]
async fn encrypt(
    io: Transport,
    shared: &Shared,
    place: &Place,
    timeout: Duration,
) -> Result<Option<(Transport, Duration)>, Error> {
    use crate::error::{Phase, TlsFault};
    let Some(tls) = &shared.tls else { return Ok(Some((io, timeout))) };
    let begin = tokio::time::Instant::now();
    let mut accepting = Box::pin(tokio::time::timeout(timeout, io.accept_tls(tls)));
    let accepted = poll_fn(|cx| match accepting.as_mut().poll(cx) {
        Poll::Ready(accepted) => Poll::Ready(Some(accepted)),
        Poll::Pending => place.poll_lost(cx).map(|()| None),
    });
    match accepted.await {
        Some(Ok(Ok(io))) => Ok(Some((io, timeout.saturating_sub(begin.elapsed())))),
        Some(Ok(Err(error))) => Err(TlsFault::new("the TLS handshake with the client failed", error).into()),
        Some(Err(_)) => Err(Error::Timeout { phase: Phase::Handshake, after: timeout }),
        None => Ok(None),
    }
}

#[cfg(not(feature = "tls"))]
async fn encrypt(
    io: Transport,
    _: &Shared,
    _: &Place,
    timeout: Duration,
) -> Result<Option<(Transport, Duration)>, Error> {
    Ok(Some((io, timeout)))
}

/// Connections accepted until others have their turn.
const ACCEPTS_MAX: usize = 64;
/// The pauses after a failure to accept, doubling.
const PAUSE_MIN: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_secs(1);
