//! The grip by which a program ends a server.

use super::drain::Hub;
use crate::moment::after;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

/// A grip on a running server, to end it from elsewhere. Clones are cheap, and mean the same server.
#[derive(Clone)]
pub struct ServerHandle {
    pub(crate) hub: Arc<Hub>,
}

impl ServerHandle {
    /// A handle for WebSockets whose connections another server accepts, such as axum's, hyper's or a loop of your own: put it
    /// into [`AcceptOptions::handle`](crate::AcceptOptions::handle). [`Server`](crate::Server) has one already:
    /// [`Server::handle`](crate::Server::handle).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), handfast::Error> {
    /// use handfast::{AcceptOptions, ClientRequest, CloseCode, Config, ServerHandle};
    /// use std::time::Duration;
    ///
    /// let handle = ServerHandle::new();
    /// let options = AcceptOptions { handle: Some(handle.clone()), ..AcceptOptions::default() };
    /// let (here, there) = tokio::io::duplex(4096);
    /// let request = ClientRequest::new("pipe", "/")?;
    /// let (mut server, mut client) = tokio::try_join!(
    ///     handfast::server_handshake(here, &options),
    ///     handfast::client_handshake(there, &request, Config::default().into()),
    /// )?;
    /// assert_eq!(handle.connections(), 1);
    /// let drained = handle.drain(Duration::from_secs(10));
    /// let (_, at_server, at_client) = tokio::join!(drained, server.recv(), client.recv());
    /// assert!(at_server?.is_none() && at_client?.is_none());
    /// assert_eq!(client.close_received().unwrap().code(), CloseCode::GOING_AWAY);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> Self {
        Self { hub: Arc::new(Hub::of_another_server()) }
    }

    /// Ends the server in good order: from now on it accepts no more connections, each open WebSocket sends Close 1001, and
    /// what has not ended after `deadline` is dropped. With a handle of [`ServerHandle::new`] the other server goes on to accept
    /// connections, and requests for a WebSocket get 503.
    ///
    /// It begins when this is called, not when the future is polled. The future is ready when
    /// [`Server::serve`](crate::Server::serve) or [`Server::run`](crate::Server::run) returns, or when the server is dropped; with a handle of
    /// [`ServerHandle::new`], when the last WebSocket has ended. It need not be awaited. Cancel safe. Calling it again can
    /// only shorten the deadline.
    ///
    /// A WebSocket or a request that a handler has moved to a task of its own is told to end at the deadline, too, but only that
    /// task can drop it. Where it waits for something else it stays; the server ends without it, a second after the deadline.
    pub fn drain(&self, deadline: Duration) -> impl Future<Output = ()> + Send + 'static {
        self.drain_spread(deadline, Duration::ZERO)
    }

    /// As [`ServerHandle::drain`], but each connection sends its Close at a random moment within `window`, so that not all clients
    /// come back together to whatever takes over. The deadline counts from now all the same: make it longer than the window. Where
    /// this is called more than once, the first window stands; a [`ServerHandle::drain`] ends it.
    pub fn drain_spread(
        &self,
        deadline: Duration,
        window: Duration,
    ) -> impl Future<Output = ()> + Send + 'static {
        let hub = self.hub.clone();
        hub.begin_drain(after(Instant::now(), deadline), window);
        hub.finish_without_server();
        async move { hub.wait_until(Hub::is_finished).await }
    }

    /// Open connections, each once: WebSockets until they have ended, and requests being answered. Those whose request has not come yet do not
    /// count.
    pub fn connections(&self) -> usize {
        self.hub.open.load(Ordering::Acquire)
    }
}

impl Default for ServerHandle {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerHandle")
            .field("phase", &self.hub.phase())
            .field("connections", &self.connections())
            .finish()
    }
}
