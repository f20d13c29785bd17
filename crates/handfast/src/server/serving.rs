//! The task of one connection. What lasts as long as the connection is written by hand: as an `async` block it would take
//! several times the memory.

use super::Shared;
use super::drain::{Member, Phase};
use super::request::Request;
use crate::websocket::WebSocket;
use crate::{Error, Peer};
use pin_project_lite::pin_project;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Receives the request, then runs the handler, until the server stops. Small enough for the memory that the runtime has for a
/// task anyway.
pub(super) enum Serving<F> {
    /// Until the handler is called. Its memory is free again while the handler runs.
    Beginning(Pin<Box<Beginning<F>>>),
    Handling(Pin<Box<Handling<F>>>),
}

/// Gives the handler once the request is there, unless the server stops before.
type Beginning<F> = dyn Future<Output = Option<Pin<Box<Handling<F>>>>> + Send;

pin_project! {
    /// A handler at work.
    pub(super) struct Handling<F> {
        #[pin]
        handler: F,
        attendance: Attendance,
    }
}

/// A connection's part in its server.
pub(super) struct Attendance {
    /// The client, where somebody wants to know.
    peer: Option<Box<Peer>>,
    shared: Arc<Shared>,
    /// The last field: the server has ended when all members have left.
    member: Member,
}

/// What a handler takes: a request, or the WebSocket that it becomes.
pub(super) trait Taken: Sized + Send + 'static {
    fn take(request: Request) -> impl Future<Output = Result<Self, Error>> + Send;
}

impl Taken for Request {
    async fn take(request: Request) -> Result<Self, Error> {
        Ok(request)
    }
}

impl Taken for WebSocket {
    fn take(request: Request) -> impl Future<Output = Result<Self, Error>> + Send {
        request.accept()
    }
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

impl<F> Serving<F>
where
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    pub(super) fn new<T, H>(
        receiving: impl Future<Output = Received> + Send + 'static,
        attendance: Attendance,
        handler: Arc<H>,
    ) -> Self
    where
        T: Taken,
        H: Fn(T) -> F + Send + Sync + 'static,
    {
        Self::Beginning(Box::pin(async move {
            let taken = attendance
                .attend(pin!(async {
                    Ok(match receiving.await? {
                        Arrived::Request(request) => Some(T::take(request).await?),
                        Arrived::Answered => None,
                        #[cfg(feature = "http2")]
                        Arrived::Http2(incoming) => {
                            let shared = attendance.shared.clone();
                            Box::pin(super::http2::serve(*incoming, shared, handler.clone())).await?;
                            None
                        }
                    })
                }))
                .await?;
            match taken {
                Ok(Some(taken)) => Some(Box::pin(Handling { handler: handler(taken), attendance })),
                Ok(None) => None,
                Err(error) => {
                    attendance.end(Err(error));
                    None
                }
            }
        }))
    }
}

impl Attendance {
    pub(super) fn new(peer: Peer, shared: Arc<Shared>) -> Self {
        let peer = shared.on_error.is_some().then(|| Box::new(peer));
        Self { peer, member: Member::join(shared.hub.clone()), shared }
    }

    /// Does `work` until the server stops: `None` then.
    async fn attend<T>(&self, mut work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        let mut is_watched = false;
        poll_fn(|cx| {
            // A spawned task keeps its waker.
            if !std::mem::replace(&mut is_watched, true) {
                self.member.watch(cx.waker());
            }
            if self.is_stopped() { Poll::Ready(None) } else { work.as_mut().poll(cx).map(Some) }
        })
        .await
    }

    fn is_stopped(&self) -> bool {
        self.member.phase() == Phase::Stopped
    }

    fn end(&self, result: Result<(), Error>) {
        match result {
            // The observer of refusals has seen it.
            Ok(()) | Err(Error::Refused(_)) => {}
            Err(error) => self.shared.report_error(self.peer.as_deref().copied(), &error),
        }
    }
}

impl<F: Future<Output = Result<(), Error>>> Future for Serving<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            match this {
                Self::Beginning(beginning) => match ready!(beginning.as_mut().poll(cx)) {
                    Some(handling) => *this = Self::Handling(handling),
                    None => return Poll::Ready(()),
                },
                Self::Handling(handling) => return handling.as_mut().poll(cx),
            }
        }
    }
}

impl<F: Future<Output = Result<(), Error>>> Future for Handling<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if !this.attendance.is_stopped() {
            let result = ready!(this.handler.poll(cx));
            this.attendance.end(result);
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connections_task_is_small() {
        type Nothing = std::future::Ready<()>;
        let (task, handling) = (size_of::<Serving<Nothing>>(), size_of::<Handling<Nothing>>());
        assert!(task <= 16 && handling <= 40, "{task} and {handling} bytes");
    }
}
