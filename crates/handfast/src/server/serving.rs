//! The task of one connection. Written by hand: as an `async` block it would take several times the memory, for as long as
//! the connection lives.

use super::Shared;
use super::drain::{Member, Phase};
use super::request::Request;
use crate::{Error, Peer};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Receives the request, then runs the handler, until the server stops.
pub(super) struct Serving<H, F> {
    stage: Stage<F>,
    handler: Arc<H>,
    /// The client, where somebody wants to know.
    peer: Option<Box<Peer>>,
    shared: Arc<Shared>,
    is_watched: bool,
    /// The last field: the server has ended when all members have left.
    member: Member,
}

/// Each in a box of its own, so that the memory of the first is free again while the second runs.
enum Stage<F> {
    Receiving(Pin<Box<dyn Future<Output = Received> + Send>>),
    Handling(Pin<Box<F>>),
    /// A connection of HTTP/2.
    #[cfg(feature = "http2")]
    Streams(Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>),
}

/// What a connection began with.
pub(super) enum Arrived {
    /// It was answered already.
    Answered,
    Request(Request),
    #[cfg(feature = "http2")]
    Http2(Box<super::http2::Incoming>),
}

pub(super) type Received = Result<Arrived, Error>;

impl<H, F> Serving<H, F>
where
    H: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    pub(super) fn new(
        receiving: impl Future<Output = Received> + Send + 'static,
        peer: Peer,
        shared: Arc<Shared>,
        handler: Arc<H>,
    ) -> Self {
        Self {
            stage: Stage::Receiving(Box::pin(receiving)),
            handler,
            peer: shared.on_error.is_some().then(|| Box::new(peer)),
            is_watched: false,
            member: Member::join(shared.hub.clone()),
            shared,
        }
    }

    fn end(&self, result: Result<(), Error>) -> Poll<()> {
        match result {
            // The observer of refusals has seen it.
            Ok(()) | Err(Error::Refused(_)) => {}
            Err(error) => self.shared.report_error(self.peer.as_deref().copied(), &error),
        }
        Poll::Ready(())
    }
}

impl<H, F> Future for Serving<H, F>
where
    H: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        // A spawned task keeps its waker.
        if !std::mem::replace(&mut this.is_watched, true) {
            this.member.watch(cx.waker());
        }
        if this.member.phase() == Phase::Stopped {
            return Poll::Ready(());
        }
        loop {
            match &mut this.stage {
                Stage::Receiving(receiving) => match ready!(receiving.as_mut().poll(cx)) {
                    Ok(Arrived::Request(request)) => {
                        this.stage = Stage::Handling(Box::pin((this.handler)(request)));
                    }
                    Ok(Arrived::Answered) => return Poll::Ready(()),
                    #[cfg(feature = "http2")]
                    Ok(Arrived::Http2(incoming)) => {
                        let (shared, handler) = (this.shared.clone(), this.handler.clone());
                        this.stage =
                            Stage::Streams(Box::pin(super::http2::serve(*incoming, shared, handler)));
                    }
                    Err(error) => return this.end(Err(error)),
                },
                Stage::Handling(handling) => {
                    let result = ready!(handling.as_mut().poll(cx));
                    return this.end(result);
                }
                #[cfg(feature = "http2")]
                Stage::Streams(streams) => {
                    let result = ready!(streams.as_mut().poll(cx));
                    return this.end(result);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connections_task_is_small() {
        type Handling = std::future::Ready<Result<(), Error>>;
        let size = size_of::<Serving<fn(Request) -> Handling, Handling>>();
        assert!(size <= 80, "{size} bytes");
    }
}
