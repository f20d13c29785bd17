//! The server: accepts connections and hands each to a handler.

pub(crate) mod clock;
pub(crate) mod drain;
mod handle;
pub(crate) mod handshake;
#[cfg(feature = "http2")]
mod http2;
mod listen;
#[cfg(unix)]
mod one_task;
mod request;
mod run;
mod serving;
#[cfg(unix)]
mod unix;
mod waiting;

pub use handle::ServerHandle;
pub use handshake::AcceptOptions;
pub use listen::BindOptions;
pub use request::{Request, TakenOver};

use crate::websocket::WebSocket;
use crate::{Config, Error, Limits, Peer};
use drain::{Hub, Member};
use handfast_proto::handshake::{Answer, Policy, Refusal};
use listen::Listener;
use run::Ended;
use std::fmt;
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};
#[cfg(unix)]
use std::path::Path;
use std::sync::Arc;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::net::{TcpListener, ToSocketAddrs};
use waiting::WaitingRoom;

/// A WebSocket server on a TCP port or a Unix socket, plain or TLS.
///
/// The default is strict and lets in the same origin only; see [`Server::policy`]. Each connection is served by a task of
/// its own, unless [`Server::one_task`] asks for one for all; a handler that fails or panics ends its own connection and no other.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), handfast::Error> {
/// handfast::Server::bind("127.0.0.1:8080").await?.serve(|mut ws| async move {
///     while let Some(message) = ws.recv().await? {
///         ws.send(message).await?;
///     }
///     Ok(())
/// }).await
/// # }
/// ```
pub struct Server {
    listener: Listener,
    ended: Ended,
    options: AcceptOptions,
    on_refusal: Option<Box<OnRefusal>>,
    on_error: Option<Box<OnError>>,
    #[cfg(unix)]
    one_task: bool,
    #[cfg(feature = "tls")]
    tls: Option<crate::TlsIdentity>,
}

type OnRefusal = dyn Fn(Refused<'_>) + Send + Sync;
type OnError = dyn Fn(Option<Peer>, &Error) + Send + Sync;

/// A refused request, as [`Server::on_refusal`] shows it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Refused<'a> {
    /// The client, or its proxy.
    pub peer: Peer,
    /// All faults, and the response that is sent.
    pub refusal: &'a Refusal,
    /// What was received of the request: its head, or what came before it was seen to be malformed.
    pub received: &'a [u8],
}

/// What all connections of a server share.
pub(crate) struct Shared {
    pub(crate) options: AcceptOptions,
    hub: Arc<Hub>,
    waiting_room: Arc<WaitingRoom>,
    on_refusal: Option<Box<OnRefusal>>,
    on_error: Option<Box<OnError>>,
    #[cfg(feature = "tls")]
    tls: Option<tokio_rustls::TlsAcceptor>,
}

impl Shared {
    fn report_refusal(&self, peer: Peer, refusal: &Refusal, received: &[u8]) {
        if let Some(on_refusal) = &self.on_refusal {
            on_refusal(Refused { peer, refusal, received });
        }
    }

    /// A place for one more request, while there is one; else it is counted as turned away.
    fn admit(&self) -> Option<Member> {
        Member::admit(&self.hub, self.options.policy.limits.connections_max)
    }

    fn report_error(&self, peer: Option<Peer>, error: &Error) {
        if let Some(on_error) = &self.on_error {
            on_error(peer, error);
        }
    }
}

impl Server {
    /// Listens on the first of the addresses that can be bound to. Port 0 picks a free one: see [`Server::local_addr`].
    ///
    /// # Errors
    ///
    /// [`Error::Io`], such as an address in use.
    pub async fn bind(addresses: impl ToSocketAddrs) -> Result<Self, Error> {
        Self::bind_with(addresses, &BindOptions::default()).await
    }

    /// As [`Server::bind`], with options.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], such as an address in use.
    pub async fn bind_with(addresses: impl ToSocketAddrs, options: &BindOptions) -> Result<Self, Error> {
        Ok(Self::from_listener(listen::bind(addresses, options).await?))
    }

    /// Accepts connections from a listener of your own.
    pub fn from_listener(listener: TcpListener) -> Self {
        Self::on(Listener::Tcp(listener))
    }

    /// Listens on a Unix socket at this path. Everything else is as on a port; [`Request::peer`] is [`Peer::Unix`].
    ///
    /// The file of a socket that nobody listens on any more is removed first; any other file, and a socket that answers, is
    /// left alone. Two servers that begin in the same moment on such a leftover are not told apart. The file is removed when the
    /// server drains or its future is dropped, unless another has taken its place. Who may connect is decided by the
    /// directory's permissions, and the file's, which the process's umask sets.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], such as a socket that answers ([`io::ErrorKind::AddrInUse`]), another file
    /// ([`io::ErrorKind::AlreadyExists`]), or a path longer than the system takes (107 bytes on Linux).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), handfast::Error> {
    /// let server = handfast::Server::bind_unix("/run/chat/socket").await?;
    /// # drop(server);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(unix)]
    pub async fn bind_unix(path: impl AsRef<Path>) -> Result<Self, Error> {
        let (listener, file) = unix::bind(path.as_ref()).await?;
        Ok(Self::on(Listener::Unix(listener, Some(file))))
    }

    /// Accepts connections from a Unix listener of your own, such as one that systemd has handed over. Its file is yours too.
    #[cfg(unix)]
    pub fn from_unix_listener(listener: UnixListener) -> Self {
        Self::on(Listener::Unix(listener, None))
    }

    fn on(listener: Listener) -> Self {
        Self {
            listener,
            ended: Ended(Arc::new(Hub::new())),
            options: AcceptOptions::default(),
            on_refusal: None,
            on_error: None,
            #[cfg(unix)]
            one_task: false,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// The address it listens on.
    ///
    /// # Errors
    ///
    /// When the system does not tell; [`io::ErrorKind::Unsupported`] for a Unix socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves TLS (`wss://`) with this certificate.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, identity: crate::TlsIdentity) -> Self {
        self.tls = Some(identity);
        self
    }

    /// How requests are judged: origins, host names, strictness, limits of the head.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.options.policy = policy;
        self
    }

    /// How the opened connections behave: limits, keep-alive, idle timeout. The default is [`Config::for_servers`].
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.options.config = Arc::new(config);
        self
    }

    /// The bounds of requests and of connections, in [`Server::policy`] and [`Server::config`] alike.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.policy.limits = limits.clone();
        Arc::make_mut(&mut self.options.config).limits = limits;
        self
    }

    /// What each 101 agrees to: subprotocols, compression ([`Answer::deflate`]) and further fields.
    #[must_use]
    pub fn answer(mut self, answer: Answer) -> Self {
        self.options.answer = answer;
        self
    }

    /// Agrees to permessage-deflate (RFC 7692) where a client offers it in a form that the options can meet, as
    /// [`Answer::deflate`] does for one answer. Off by default: [`DeflateOptions`](crate::DeflateOptions) says why.
    #[must_use]
    pub fn deflate(mut self, options: crate::DeflateOptions) -> Self {
        self.options.answer = self.options.answer.deflate(options);
        self
    }

    /// How many requests and WebSockets may be open at once: [`Limits::connections_max`]. Further ones are answered with 503.
    #[must_use]
    pub fn max_connections(mut self, connections_max: usize) -> Self {
        self.options.policy.limits.connections_max = connections_max;
        self
    }

    /// Called for each request that is refused by the rules or the policy, malformed heads included, before the answer is
    /// written. It must not block.
    #[must_use]
    pub fn on_refusal(mut self, observer: impl Fn(Refused<'_>) + Send + Sync + 'static) -> Self {
        self.on_refusal = Some(Box::new(observer));
        self
    }

    /// Called for each error that no handler saw, and for each that a handler returned, with the client;
    /// without one for errors of the listener itself, which goes on. It must not block. Refusals are not shown again:
    /// see [`Server::on_refusal`].
    #[must_use]
    pub fn on_error(mut self, observer: impl Fn(Option<Peer>, &Error) + Send + Sync + 'static) -> Self {
        self.on_error = Some(Box::new(observer));
        self
    }

    /// Serves all connections in the one task that runs the server, instead of a task for each, and watches their sockets by a
    /// poller of its own: less CPU time for each handshake and small message, and less memory for each connection.
    /// [docs/performance.md](https://github.com/handfast/handfast/blob/main/docs/performance.md) has the figures.
    ///
    /// All handlers share one thread, and one budget of tokio's for each time that the task is polled, so it is for handlers that
    /// compute little between two `await`s and never block. To use several cores run one such server a thread, each with a
    /// `current_thread` runtime and a listener of its own ([`BindOptions::reuse_port`]): the example `threads` does. Timers, channels and
    /// the rest of tokio work in a handler as ever, and what it spawns is a task of its own.
    ///
    /// What differs: dropping the future of the server ends its open connections. A WebSocket, or the stream of a [`TakenOver`], that was
    /// moved to another task fails with [`Error::Lost`] once the server has ended, unless it carried much and the server's runtime
    /// came to watch it: large messages are read with one copy less that way. Connections of Unix sockets are watched by the runtime from
    /// the begin, and so is what a handler connects to. Over HTTP/2 the connection is served in the one task, and each stream's handler
    /// in a task of its own.
    #[cfg(unix)]
    #[must_use]
    pub fn one_task(mut self) -> Self {
        self.one_task = true;
        self
    }

    /// A handle to end it with.
    pub fn handle(&self) -> ServerHandle {
        ServerHandle { hub: self.ended.0.clone() }
    }

    /// Accepts every right handshake on any path, and hands the WebSocket to `handler`. Other requests are refused. Returns
    /// when the server was drained.
    ///
    /// Dropping the future stops listening; open connections go on.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where [`Server::one_task`] has no poller; errors of single connections, and of accepting, go to
    /// [`Server::on_error`].
    pub async fn serve<H, F>(self, handler: H) -> Result<(), Error>
    where
        H: Fn(WebSocket) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        self.run_with(handler).await
    }
}

/// The listening socket, for a copy of it: other threads can accept from the same one with a server of their own.
#[cfg(unix)]
impl AsFd for Server {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("listener", &self.listener)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
