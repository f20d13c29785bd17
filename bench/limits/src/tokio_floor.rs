//! What the tokio limits share: a single-threaded runtime, an accept loop, and buffers on the stack of the poll.

use std::future::{poll_fn, Future};
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{ready, Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Binds 127.0.0.1:<first argument> and spawns `f` for every connection. TCP_NODELAY is set on the listener:
/// Linux hands it on.
pub fn serve<F, Fut>(f: F)
where
    F: Fn(TcpStream) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let port: u16 = std::env::args().nth(1).and_then(|p| p.parse().ok()).expect("port");
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    rt.block_on(async move {
        let l = std::net::TcpListener::bind(("127.0.0.1", port)).expect("bind");
        l.set_nonblocking(true).unwrap();
        socket2::SockRef::from(&l).set_tcp_nodelay(true).unwrap();
        socket2::SockRef::from(&l).listen(1024).unwrap();
        let l = TcpListener::from_std(l).unwrap();
        loop {
            if let Ok((s, _)) = l.accept().await {
                tokio::spawn(f(s));
            }
        }
    });
}

/// One read of up to `N` bytes, given to `f`.
pub async fn read<const N: usize, R>(s: &mut TcpStream, mut f: impl FnMut(&[u8]) -> R) -> io::Result<R> {
    poll_fn(|cx| poll_read::<N, R>(s, cx, |_, _, b| f(b))).await
}

/// One read, and a write of the same bytes; what the write did not take comes back.
pub async fn echo<const N: usize>(s: &mut TcpStream) -> io::Result<Vec<u8>> {
    poll_fn(|cx| {
        poll_read::<N, _>(s, cx, |s, cx, b| {
            let n = match Pin::new(s).poll_write(cx, b) {
                Poll::Ready(Ok(n)) => n,
                Poll::Ready(Err(_)) | Poll::Pending => 0,
            };
            if n == b.len() { Vec::new() } else { b[n..].to_vec() }
        })
    })
    .await
}

fn poll_read<const N: usize, R>(
    s: &mut TcpStream,
    cx: &mut Context,
    f: impl FnOnce(&mut TcpStream, &mut Context, &[u8]) -> R,
) -> Poll<io::Result<R>> {
    let mut buf = [const { MaybeUninit::<u8>::uninit() }; N];
    let mut buf = ReadBuf::uninit(&mut buf);
    ready!(Pin::new(&mut *s).poll_read(cx, &mut buf))?;
    if buf.filled().is_empty() {
        return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
    }
    Poll::Ready(Ok(f(s, cx, buf.filled())))
}
