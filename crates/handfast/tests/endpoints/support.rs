//! What the tests share.

use handfast::{AcceptOptions, ClientRequest, Config, Error, Request, Server, ServerHandle, WebSocket};
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// The request of RFC 6455 section 1.2, without what is optional.
pub const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Longer than anything here takes.
pub const LONG: Duration = Duration::from_secs(20);

/// Fails the test when `future` hangs.
pub async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(LONG, future).await.expect("it hangs")
}

/// A client and a server over a pipe whose two buffers hold `bytes`.
pub async fn pair(bytes: usize) -> (WebSocket<DuplexStream>, WebSocket<DuplexStream>) {
    let (here, there) = tokio::io::duplex(bytes);
    pair_over(here, there).await
}

pub async fn pair_over<A, B>(client: A, server: B) -> (WebSocket<A>, WebSocket<B>)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    pair_with(client, server, Config::default(), Config::default()).await
}

pub async fn pair_with<A, B>(
    client: A,
    server: B,
    client_config: Config,
    server_config: Config,
) -> (WebSocket<A>, WebSocket<B>)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let request = ClientRequest::new("pipe", "/").unwrap();
    let options = AcceptOptions { config: Arc::new(server_config), ..AcceptOptions::default() };
    soon(async {
        tokio::try_join!(
            handfast::client_handshake(client, &request, Arc::new(client_config)),
            handfast::server_handshake(server, &options),
        )
        .expect("the handshake succeeds")
    })
    .await
}

/// A server that runs until it is dropped.
pub struct Running {
    pub address: SocketAddr,
    pub handle: ServerHandle,
    pub task: JoinHandle<Result<(), Error>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    pub fn uri(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }
}

pub async fn server() -> Server {
    as_tested(Server::bind("127.0.0.1:0").await.unwrap())
}

/// With a task for each connection, or all in one.
pub fn as_tested(server: Server) -> Server {
    #[cfg(unix)]
    if crate::ONE_TASK {
        return server.one_task();
    }
    server
}

pub fn run<H, F>(server: Server, handler: H) -> Running
where
    H: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let (address, handle) = (server.local_addr().unwrap(), server.handle());
    Running { address, handle, task: tokio::spawn(server.run(handler)) }
}

/// Echoes everything on every path.
pub fn echoing(server: Server) -> Running {
    run(server, |request| async move { echo(request.accept().await?).await })
}

pub async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut ws: WebSocket<S>) -> Result<(), Error> {
    while let Some(message) = ws.recv().await? {
        ws.feed(message).await?;
    }
    Ok(())
}

/// Sends `bytes` over TCP and gives everything that comes until the other end closes.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(bytes).await.unwrap();
    read_to_end(&mut tcp).await
}

pub async fn read_to_end(io: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut answer = Vec::new();
    soon(io.read_to_end(&mut answer)).await.expect("the connection ends without a reset");
    answer
}

/// Reads up to the empty line.
pub async fn read_head(io: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(soon(io.read_u8()).await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Whether this is one complete HTTP response that closes the connection.
#[track_caller]
pub fn assert_complete(answer: &[u8], status: u16) {
    let answer = String::from_utf8(answer.to_vec()).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no whole head: {answer:?}"));
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
    assert_eq!(length.parse(), Ok(body.len()), "{answer}");
    assert!(head.contains("\r\nConnection: close") || head.contains("close\r\n"), "{answer}");
}

/// A client's frame with the mask 0, which changes nothing.
pub fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() < 126);
    let mut frame = vec![first, 0x80 | payload.len() as u8, 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

/// Lets one byte through at a time, both ways.
pub struct Trickle<S>(pub S);

impl<S: AsyncRead + Unpin> AsyncRead for Trickle<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut byte = [0];
        let mut one = ReadBuf::new(&mut byte);
        let result = Pin::new(&mut self.0).poll_read(cx, &mut one);
        buffer.put_slice(one.filled());
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Trickle<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, &bytes[..bytes.len().min(1)])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Counts the writes and reads that bring something.
pub struct Counting<S> {
    pub io: S,
    pub writes: Arc<AtomicUsize>,
    pub reads: Arc<AtomicUsize>,
}

impl<S> Counting<S> {
    pub fn new(io: S) -> Self {
        Self { io, writes: Arc::default(), reads: Arc::default() }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counting<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.io).poll_read(cx, buffer);
        if result.is_ready() {
            self.reads.fetch_add(1, Ordering::Relaxed);
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counting<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
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
