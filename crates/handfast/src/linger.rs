//! The end of an HTTP connection: the answer goes out whole, and is not destroyed by closing too early.

use handfast_proto::Limits;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Writes the last bytes of a connection and ends it: shuts the sending side down, and throws away what still comes until
/// the peer closes too, within [`Limits::linger_timeout`] and [`Limits::linger_bytes_max`]. Closing a TCP connection
/// with unread bytes would reset it, and the peer might never see the answer.
pub(crate) async fn write_last<S>(io: &mut S, bytes: &[u8], limits: &Limits) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let written = async {
        io.write_all(bytes).await?;
        io.flush().await
    };
    within(limits.handshake_timeout, written).await.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))?;
    let goodbye = async {
        io.shutdown().await?;
        let mut trash = vec![0; 4096];
        let mut left = limits.linger_bytes_max;
        while left > 0 {
            match io.read(&mut trash).await? {
                0 => break,
                count => left = left.saturating_sub(count),
            }
        }
        Ok::<_, io::Error>(())
    };
    // Whether the peer hears the goodbye is its own affair: the answer was written.
    let _ = within(limits.linger_timeout, goodbye).await;
    Ok(())
}

/// As `tokio::time::timeout`, but makes no timer for what is ready at once.
pub(crate) async fn within<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    match poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await {
        Poll::Ready(output) => Some(output),
        Poll::Pending => tokio::time::timeout(limit, future).await.ok(),
    }
}
