//! The server's opening handshake over any stream: one read, one write.

use super::drain::Member;
use super::handle::ServerHandle;
use super::waiting::Place;
use crate::error::HandshakeCut;
use crate::linger::{within, write_last};
use crate::transport::Transport;
use crate::websocket::WebSocket;
use crate::{Config, Error, Role, observe};
use bytes::{BufMut, BytesMut};
use handfast_proto::Server;
use handfast_proto::error::Excerpt;
use handfast_proto::handshake::{
    Accepted, Answer, HttpResponse, Policy, Progress, Refusal, Request, RequestReader,
};
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How a server judges and answers handshakes.
#[derive(Clone, Debug)]
pub struct AcceptOptions {
    /// How requests are judged.
    pub policy: Policy,
    /// What the 101 agrees to.
    pub answer: Answer,
    /// How the opened connection behaves.
    pub config: Arc<Config>,
    /// Counts the WebSockets that open, and can end them, where no [`Server`](crate::Server) accepts their connections: see
    /// [`ServerHandle::new`]. At most [`Limits::connections_max`](crate::Limits::connections_max) are open at once then; a request too
    /// many, or one that comes once a drain has begun, gets 503 ([`Error::Busy`]). Accepting with a handle panics outside a tokio runtime.
    /// The runtime of the first WebSocket rings the deadlines of all of them, and has to run as long as they do.
    pub handle: Option<ServerHandle>,
}

impl Default for AcceptOptions {
    /// Strict, same-origin, no subprotocol, [`Config::for_servers`], and no handle.
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            answer: Answer::default(),
            config: Arc::new(Config::for_servers()),
            handle: None,
        }
    }
}

/// A place for one more WebSocket, where a handle counts them.
///
/// # Errors
///
/// [`Busy`], where there is none.
pub(crate) fn admit(handle: Option<&ServerHandle>, open_max: usize) -> Result<Option<Member>, Busy> {
    handle.map(|handle| Member::admit(&handle.hub, open_max).ok_or(Busy)).transpose()
}

/// There is no place for one more WebSocket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Busy;

impl Busy {
    pub(crate) fn response(self) -> HttpResponse {
        busy("The server cannot take this request now.")
    }
}

/// Runs the server's opening handshake over any stream, such as one half of a pipe or a TLS stream of another library
/// (RFC 6455 section 4.2).
///
/// A request that is not a right handshake is answered by the complete refusal, and the stream is shut down.
///
/// Not cancel safe: when the future is dropped, so is the stream.
///
/// # Errors
///
/// [`Error::Refused`] with all faults, [`Error::HandshakeCut`] when the stream ends without a byte or is lost before the head,
/// [`Error::Io`] when the answer cannot be written, [`Error::Busy`] when [`AcceptOptions::handle`] has no place for it.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), handfast::Error> {
/// use handfast::{AcceptOptions, ClientRequest, Config};
///
/// let (here, there) = tokio::io::duplex(4096);
/// let (options, request) = (AcceptOptions::default(), ClientRequest::new("pipe", "/")?);
/// let (server, client) = tokio::try_join!(
///     handfast::server_handshake(here, &options),
///     handfast::client_handshake(there, &request, Config::default().into()),
/// )?;
/// # drop((server, client));
/// # Ok(())
/// # }
/// ```
pub async fn server_handshake<S>(mut io: S, options: &AcceptOptions) -> Result<WebSocket<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match Box::pin(read_head(
        &mut io,
        BytesMut::new(),
        &options.policy,
        options.policy.limits.handshake_timeout,
        None,
    ))
    .await
    {
        Ok((head, rest)) => {
            let limits = &options.policy.limits;
            let Ok(member) = admit(options.handle.as_ref(), limits.connections_max) else {
                write_last(&mut io, &Busy.response().to_bytes(head.method() == "HEAD"), limits).await?;
                return Err(Error::Busy);
            };
            let mut parts = Some((io, head, rest));
            let begun = poll_fn(|cx| {
                let (io, head, rest) = parts.take().expect("it is ready at the first poll");
                Poll::Ready(begin(cx, io, head, rest, options, &options.answer, |_| {}))
            });
            let mut ws = match begun.await? {
                Begun::Open(ws) => ws,
                Begun::Unwritten(unwritten) => Box::pin(unwritten.finish(options)).await?,
            };
            if let Some(member) = member {
                ws.join(member);
            }
            Ok(ws)
        }
        Err(failure) => {
            if let Some(response) = failure.response() {
                write_last(&mut io, &response, &options.policy.limits).await?;
            }
            let error = failure.into_error();
            observe::failed(Role::Server, &error);
            Err(error)
        }
    }
}

/// Why no request was read.
pub(super) enum HeadFailure {
    /// The head is malformed, too large, too late, or ends in the middle. With what was received of it.
    Refused(Refusal, BytesMut),
    /// Another connection took the place.
    Crowded,
    /// Nothing came, or the connection was lost.
    Cut(HandshakeCut),
}

impl HeadFailure {
    /// The bytes of the answer, if there is anyone to answer.
    pub(super) fn response(&self) -> Option<Vec<u8>> {
        match self {
            Self::Refused(refusal, _) => Some(refusal.to_bytes()),
            Self::Crowded => Some(busy("Too many connections wait for their handshake.").to_bytes(false)),
            Self::Cut(_) => None,
        }
    }

    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Refused(refusal, _) => Error::Refused(Box::new(refusal)),
            Self::Crowded => Error::Lost(None),
            Self::Cut(cut) => Error::HandshakeCut(Box::new(cut)),
        }
    }
}

/// 503, for now.
fn busy(sentence: &str) -> HttpResponse {
    HttpResponse::text(503, format!("{sentence} Try again in a moment.\n"))
        .field("Retry-After", "1")
        .expect("the field is valid")
}

/// The head of a request that lies ready when its connection is accepted, as it often does: nothing has to wait then, and
/// no timer and no buffer is made. Otherwise what lies ready, for [`read_head`].
pub(super) fn read_early(io: &Transport, policy: &Policy) -> Result<(Request, BytesMut), BytesMut> {
    EARLY.with_borrow_mut(|buffer| {
        let count = io.read_early(buffer);
        let input = &buffer[..count];
        match RequestReader::new().read(input, policy) {
            Ok(Progress::Complete { value, used }) => Ok((value, input[used..].into())),
            Ok(Progress::Partial) | Err(_) => Err(input.into()),
        }
    })
}

thread_local! {
    static EARLY: RefCell<[u8; HEAD_BYTES]> = const { RefCell::new([0; HEAD_BYTES]) };
}

/// Reads a request head that begins with `input`; gives it with the bytes behind it.
pub(super) async fn read_head<S>(
    io: &mut S,
    mut input: BytesMut,
    policy: &Policy,
    timeout: Duration,
    place: Option<&Place>,
) -> Result<(Request, BytesMut), HeadFailure>
where
    S: AsyncRead + Unpin,
{
    let mut reader = RequestReader::new();
    let read = {
        let mut reading = pin!(read_into(io, policy, &mut reader, &mut input));
        let watched = poll_fn(|cx| {
            if let Poll::Ready(read) = reading.as_mut().poll(cx) {
                return Poll::Ready(Some(read));
            }
            match place {
                Some(place) => place.poll_lost(cx).map(|()| None),
                None => Poll::Pending,
            }
        });
        within(timeout, watched).await
    };
    match read {
        Some(Some(Ok((request, used)))) => {
            let rest = input.split_off(used);
            Ok((request, rest))
        }
        Some(Some(Err(ReadFailure::Refused(refusal)))) => Err(HeadFailure::Refused(refusal, input)),
        Some(Some(Err(ReadFailure::Io(None)))) if !input.is_empty() => {
            Err(HeadFailure::Refused(reader.ended(), input))
        }
        Some(Some(Err(ReadFailure::Io(error)))) => {
            let received = Excerpt::new(&input);
            Err(HeadFailure::Cut(HandshakeCut { bytes: input.len(), received, error }))
        }
        Some(None) => Err(HeadFailure::Crowded),
        None => Err(HeadFailure::Refused(reader.timed_out(), input)),
    }
}

enum ReadFailure {
    Refused(Refusal),
    /// `None` at the end of the stream.
    Io(Option<io::Error>),
}

async fn read_into<S>(
    io: &mut S,
    policy: &Policy,
    reader: &mut RequestReader,
    input: &mut BytesMut,
) -> Result<(Request, usize), ReadFailure>
where
    S: AsyncRead + Unpin,
{
    loop {
        if !input.is_empty() {
            match reader.read(input, policy) {
                Ok(Progress::Complete { value, used }) => return Ok((value, used)),
                Ok(Progress::Partial) => {}
                Err(refusal) => return Err(ReadFailure::Refused(refusal)),
            }
        }
        // Doubling: memory follows what arrived. The reader refuses a head beyond its limit.
        if input.capacity() == input.len() {
            input.reserve(input.len().max(HEAD_BYTES));
        }
        let room = input.capacity() - input.len();
        match io.read_buf(&mut (&mut *input).limit(room)).await {
            Ok(0) => return Err(ReadFailure::Io(None)),
            Ok(_) => {}
            Err(error) => return Err(ReadFailure::Io(Some(error))),
        }
    }
}

/// What became of an answer at the first attempt to write it.
pub(super) enum Begun<S: AsyncRead + AsyncWrite + Unpin> {
    /// The 101 is written.
    Open(WebSocket<S>),
    /// More is to be done, by [`Unwritten::finish`].
    Unwritten(Box<Unwritten<S>>),
}

/// A refusal, or the rare 101 that did not go out at once.
pub(super) struct Unwritten<S> {
    io: S,
    bytes: Vec<u8>,
    written: usize,
    then: Then,
}

enum Then {
    Open(Accepted<Server>, BytesMut),
    Fail(Error),
}

/// Judges a request and begins its answer: a 101, or the refusal. Nearly every 101 goes out at once; so this needs no
/// memory in the future that calls it.
pub(super) fn begin<S>(
    cx: &mut Context<'_>,
    mut io: S,
    head: Request,
    rest: BytesMut,
    options: &AcceptOptions,
    answer: &Answer,
    on_refusal: impl FnOnce(&Refusal),
) -> Result<Begun<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let unwritten =
        |io, bytes, written, then| Ok(Begun::Unwritten(Box::new(Unwritten { io, bytes, written, then })));
    let offer = match head.into_offer(&options.policy) {
        Ok(offer) => offer,
        Err(refusal) => {
            observe::refused(&refusal);
            on_refusal(&refusal);
            return unwritten(io, refusal.to_bytes(), 0, Then::Fail(Error::Refused(Box::new(refusal))));
        }
    };
    let (accepted, bytes) = match offer.accept(answer) {
        Ok(accepted) => accepted,
        Err(misuse) => {
            let response = HttpResponse::text(400, format!("The handshake cannot be completed: {misuse}.\n"));
            return unwritten(io, response.to_bytes(false), 0, Then::Fail(misuse.into()));
        }
    };
    let written = match Pin::new(&mut io).poll_write(cx, &bytes) {
        Poll::Ready(written) => written?,
        Poll::Pending => 0,
    };
    if written == bytes.len()
        && let Poll::Ready(flushed) = Pin::new(&mut io).poll_flush(cx)
    {
        flushed?;
        return Ok(Begun::Open(WebSocket::server(io, accepted, &rest, options.config.clone())));
    }
    unwritten(io, bytes, written, Then::Open(accepted, rest))
}

/// As [`begin`], for a request of HTTP/2: its answer is queued at once.
#[cfg(feature = "http2")]
pub(super) fn begin_stream(
    mut io: Transport,
    head: Request,
    options: &AcceptOptions,
    answer: &Answer,
    on_refusal: impl FnOnce(&Refusal),
) -> Result<WebSocket, Error> {
    let version = head.version();
    let mut say = |parts, stays_open| io.stream().map_or(Ok(()), |stream| stream.answer(parts, stays_open));
    let offer = match head.into_offer(&options.policy) {
        Ok(offer) => offer,
        Err(refusal) => {
            observe::refused(&refusal);
            on_refusal(&refusal);
            say(refusal.to_parts(), false)?;
            return Err(Error::Refused(Box::new(refusal)));
        }
    };
    match offer.accept_parts(answer) {
        Ok((accepted, parts)) => {
            say(parts, true)?;
            Ok(WebSocket::server(io, accepted, b"", options.config.clone()))
        }
        Err(misuse) => {
            let text = format!("The handshake cannot be completed: {misuse}.\n");
            say(HttpResponse::text(400, text).to_parts(version, false), false)?;
            Err(misuse.into())
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Unwritten<S> {
    pub(super) async fn finish(mut self: Box<Self>, options: &AcceptOptions) -> Result<WebSocket<S>, Error> {
        let limits = &options.policy.limits;
        let rest = &self.bytes[self.written..];
        match self.then {
            Then::Fail(error) => {
                write_last(&mut self.io, rest, limits).await?;
                Err(error)
            }
            Then::Open(accepted, behind_head) => {
                let io = &mut self.io;
                let writing = async {
                    io.write_all(rest).await?;
                    io.flush().await
                };
                let late = || Err(io::ErrorKind::TimedOut.into());
                within(limits.handshake_timeout, writing).await.unwrap_or_else(late)?;
                Ok(WebSocket::server(self.io, accepted, &behind_head, options.config.clone()))
            }
        }
    }
}

/// Most heads fit; larger ones grow it.
const HEAD_BYTES: usize = 2 << 10;
