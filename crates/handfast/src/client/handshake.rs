//! The client's opening handshake over any stream.

use super::body::Body;
use crate::error::{Declined, FaultyAnswer, HandshakeCut, Phase};
use crate::linger::within;
use crate::random::nonce;
use crate::websocket::WebSocket;
use crate::{Config, Error, Limits, Role, observe};
use bytes::{BufMut, BytesMut};
use handfast_proto::error::{Excerpt, ResponseFault};
use handfast_proto::handshake::{ClientRequest, Pending, Progress, ResponseHead, Verdict};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;

/// Runs the client's opening handshake over any stream that is connected to a server already
/// (RFC 6455 section 4.1). The key is drawn from the operating system's random source.
///
/// Not cancel safe: when the future is dropped, so is the stream.
///
/// # Errors
///
/// [`Error::Declined`] when the server answers with ordinary HTTP, [`Error::FaultyAnswer`] when its answer breaks rules,
/// [`Error::HandshakeCut`] when the stream ends before the answer does, [`Error::Timeout`] after
/// [`Limits::handshake_timeout`].
///
/// # Examples
///
/// See [`server_handshake`](crate::server_handshake).
pub async fn client_handshake<S>(
    io: S,
    request: &ClientRequest,
    config: Arc<Config>,
) -> Result<WebSocket<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    handshake(io, request, config, &mut |_| {}).await
}

/// What went over the wire.
pub(crate) enum Seen<'a> {
    Sent(&'a [u8]),
    Received(&'a [u8]),
}

pub(super) async fn handshake<S>(
    io: S,
    request: &ClientRequest,
    config: Arc<Config>,
    observer: &mut (dyn FnMut(Seen<'_>) + Send),
) -> Result<WebSocket<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let opened = exchange(io, request, config, observer).await;
    if let Err(error) = &opened {
        observe::failed(Role::Client, error);
    }
    opened
}

async fn exchange<S>(
    mut io: S,
    request: &ClientRequest,
    config: Arc<Config>,
    observer: &mut (dyn FnMut(Seen<'_>) + Send),
) -> Result<WebSocket<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let limits = &config.limits;
    let deadline = crate::moment::after(Instant::now(), limits.handshake_timeout);
    let late = || Error::Timeout { phase: Phase::Handshake, after: limits.handshake_timeout };
    let (head, mut pending) = request.start(nonce()?);
    let mut input = BytesMut::new();
    observer(Seen::Sent(&head));
    let exchange = async {
        io.write_all(&head).await?;
        io.flush().await?;
        read_answer(&mut io, &mut pending, &mut input, limits).await
    };
    let answer = within(limits.handshake_timeout, exchange).await;
    if !input.is_empty() {
        observer(Seen::Received(&input));
    }
    match answer.ok_or_else(late)? {
        Ok((Verdict::Opened(accepted, response), used)) => {
            Ok(WebSocket::client(io, accepted, response, &input[used..], config))
        }
        Ok((Verdict::Declined(head), used)) => {
            let mut body = Body::new(&head, limits);
            let left = deadline.saturating_duration_since(Instant::now());
            // What comes in time is shown; it is no second failure when it is late.
            let _ = within(left, body.read(&mut io, input.split_off(used))).await;
            let (body, is_body_complete) = body.finish();
            Err(Error::Declined(Box::new(Declined { head, body, is_body_complete })))
        }
        Ok((Verdict::Faulty(faults, head), _)) => Err(faulty(&pending, faults, Some(head), &input)),
        Err(AnswerFailure::Malformed(faults)) => Err(faulty(&pending, faults, None, &input)),
        Err(AnswerFailure::Cut(error)) => {
            let received = Excerpt::new(&input);
            Err(Error::HandshakeCut(Box::new(HandshakeCut { bytes: input.len(), received, error })))
        }
    }
}

enum AnswerFailure {
    Malformed(Vec<ResponseFault>),
    /// With the stream's error, or `None` at its end.
    Cut(Option<io::Error>),
}

impl From<io::Error> for AnswerFailure {
    fn from(error: io::Error) -> Self {
        Self::Cut(Some(error))
    }
}

async fn read_answer<S>(
    io: &mut S,
    pending: &mut Pending,
    input: &mut BytesMut,
    limits: &Limits,
) -> Result<(Verdict, usize), AnswerFailure>
where
    S: AsyncRead + Unpin,
{
    loop {
        // Doubling: memory follows what arrived. The reader refuses a head beyond its limit.
        if input.capacity() == input.len() {
            input.reserve(input.len().max(2 << 10));
        }
        let room = input.capacity() - input.len();
        if io.read_buf(&mut (&mut *input).limit(room)).await? == 0 {
            return Err(AnswerFailure::Cut(None));
        }
        match pending.read(input, limits).map_err(AnswerFailure::Malformed)? {
            Progress::Complete { value, used } => return Ok((value, used)),
            Progress::Partial => {}
        }
    }
}

fn faulty(pending: &Pending, faults: Vec<ResponseFault>, head: Option<ResponseHead>, input: &[u8]) -> Error {
    Error::FaultyAnswer(Box::new(FaultyAnswer {
        faults,
        head,
        received: Excerpt::new(input),
        key: Some(*pending.key()),
    }))
}
