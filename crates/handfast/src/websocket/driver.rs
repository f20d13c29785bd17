//! Moves bytes between a stream and the protocol's state machine, with the fewest system calls.

use super::Piece;
use super::alarm::Alarm;
use super::pool::with_pool;
use super::wakers::{Place, WakerSet};
use crate::Error;
use crate::moment::after;
use crate::observe::Tally;
use crate::server::drain::{Member, Phase};
use handfast_proto::connection::{Connection, End, Event, Prepared};
use handfast_proto::error::Misuse;
use handfast_proto::frame::{Close, CloseCode};
use handfast_proto::{Message, Role};
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep};

/// A stream with its connection.
pub(crate) struct Driver<S: AsyncRead + AsyncWrite + Unpin> {
    io: S,
    pub(super) connection: Connection,
    /// On a server: tells when to go away.
    pub(super) member: Option<Member>,
    alarm: Alarm,
    /// The task that last waited in [`Driver::poll_event`]; the timer wakes it.
    receiver: Option<Waker>,
    /// Only while several tasks wait for the stream.
    wakers: Option<Arc<WakerSet>>,
    trouble: Option<Box<Trouble>>,
    tally: Tally,
    flags: Flags,
}

/// What hardly any connection has.
#[derive(Default)]
struct Trouble {
    /// Only while a write is blocked.
    stall: Option<Stall>,
    failure: Option<io::Error>,
    /// Bytes read and thrown away after the end.
    discarded: usize,
}

/// Watches a peer that takes no bytes.
struct Stall {
    timer: Pin<Box<Sleep>>,
    /// It has taken some since the timer was set.
    progressed: bool,
}

#[derive(Default)]
struct Flags {
    /// Written bytes may lie in a buffer of the stream.
    needs_flush: bool,
    write_failed: bool,
    read_ended: bool,
    shut_down: bool,
    /// The stream is of no use any more.
    over: bool,
    reported: bool,
    /// The set of wakers stays.
    is_split: bool,
    /// The send queue was full, and is above its low water mark since.
    is_congested: bool,
    /// The stream took no more when it was written to last.
    is_blocked: bool,
    /// This side sent its Close frame before the peer did.
    began_close: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    pub(crate) fn new(io: S, connection: Connection, member: Option<Member>) -> Self {
        let tally = Tally::begin(&connection);
        Self {
            io,
            connection,
            member,
            alarm: Alarm::Unset,
            receiver: None,
            wakers: None,
            trouble: None,
            tally,
            flags: Flags::default(),
        }
    }

    pub(super) fn io(&self) -> &S {
        &self.io
    }

    pub(super) fn end(&self) -> Option<&End> {
        self.connection.end()
    }

    /// Keeps a set of wakers from now on, because several tasks will use the connection.
    pub(super) fn split(&mut self) -> Arc<WakerSet> {
        self.flags.is_split = true;
        self.wakers.get_or_insert_default().clone()
    }

    /// The next event but the end, or `None` once the connection is over: see [`Driver::outcome`]. Writes what is queued
    /// before it waits.
    #[inline]
    pub(super) fn poll_event(&mut self, cx: &mut Context<'_>, place: Place) -> Poll<Option<Event>> {
        loop {
            if self.flags.over {
                return Poll::Ready(None);
            }
            if self.end().is_none() {
                match with_pool(|pool| self.connection.poll_event(pool)) {
                    Some(Event::End(_)) | None => {}
                    Some(event) => return Poll::Ready(Some(event)),
                }
            }
            ready!(self.poll_step(cx, place));
        }
    }

    /// How it ended: an error once, if it was not by a closing handshake.
    pub(super) fn outcome(&mut self) -> Result<(), Error> {
        if std::mem::replace(&mut self.flags.reported, true) {
            return Ok(());
        }
        let keep_alive = self.connection.config().keep_alive.map(|keep_alive| keep_alive.timeout);
        let timeout = |phase, after| Err(Error::Timeout { phase, after });
        match self.end() {
            None | Some(End::Closed(_)) => Ok(()),
            Some(End::Fault(fault)) => Err(Error::Protocol(Box::new(fault.clone()))),
            Some(End::PongTimeout) => timeout(crate::error::Phase::Pong, keep_alive.unwrap_or_default()),
            Some(End::IdleTimeout) => {
                timeout(crate::error::Phase::Idle, self.connection.config().idle_timeout.unwrap_or_default())
            }
            Some(End::CloseTimeout) => {
                timeout(crate::error::Phase::Close, self.connection.config().limits.close_timeout)
            }
            Some(_) => Err(Error::Lost(self.trouble.as_mut().and_then(|trouble| trouble.failure.take()))),
        }
    }

    /// Queues a message; the caller has seen that there is room.
    #[inline]
    pub(super) fn queue(&mut self, message: Message) -> Result<(), Error> {
        with_pool(|pool| self.connection.send(message, pool)).map_err(Error::from)
    }

    /// As [`Driver::queue`], for a message that is not to be compressed.
    pub(super) fn queue_uncompressed(&mut self, message: Message) -> Result<(), Error> {
        with_pool(|pool| self.connection.send_uncompressed(message, pool)).map_err(Error::from)
    }

    /// As [`Driver::queue`], for a piece.
    pub(super) fn queue_piece(&mut self, piece: Message, last: bool) -> Result<(), Error> {
        let queued = with_pool(|pool| self.connection.send_piece(piece, last, pool));
        if let Some(set) = self.wakers.as_ref().filter(|_| last) {
            // Others may have waited for the message to end.
            set.wake_all();
        }
        queued.map_err(Error::from)
    }

    /// As [`Driver::queue`], for a prepared message.
    pub(super) fn queue_prepared(&mut self, prepared: &Prepared) -> Result<(), Error> {
        with_pool(|pool| self.connection.send_prepared(prepared, pool)).map_err(Error::from)
    }

    /// Queues a control frame: see [`Connection::ping`] and [`Connection::pong`].
    pub(super) fn queue_control(&mut self, payload: &[u8], is_ping: bool) -> Result<(), Error> {
        self.check_sendable()?;
        let queued = with_pool(|pool| match is_ping {
            true => self.connection.ping(payload, pool),
            false => self.connection.pong(payload, pool),
        });
        queued.map_err(Error::from)
    }

    /// Queues a Close frame, and wakes the receiving task: only it counts the deadline.
    pub(super) fn queue_close(&mut self, close: Option<Close>) {
        self.flags.began_close |= !self.connection.is_close_sent();
        with_pool(|pool| self.connection.close(close, pool));
        if let Some(receiver) = &self.receiver {
            receiver.wake_by_ref();
        }
    }

    /// Whether a message can be queued now. Fails when none ever can.
    #[inline]
    pub(super) fn has_room(&mut self) -> Result<bool, Error> {
        self.check_sendable()?;
        match self.connection.check_send() {
            Ok(()) => Ok(true),
            Err(Misuse::SendQueueFull) => Ok(false),
            // There is room; what fits into it is told when it is queued.
            Err(Misuse::MessageUnfinished) => Ok(true),
            Err(misuse) => Err(misuse.into()),
        }
    }

    /// Waits until a message can be queued, by writing.
    #[inline]
    pub(super) fn poll_room(&mut self, cx: &mut Context<'_>, place: Place) -> Poll<Result<(), Error>> {
        if self.has_room_for_waiting()? {
            return Poll::Ready(Ok(()));
        }
        let written = self.poll_write_for(cx, place);
        if self.has_room_for_waiting()? || written.is_ready() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// As [`Driver::has_room`]; but once the queue was full, those who can wait let it empty to its low water mark. Else each
    /// would be woken for every few bytes that are written.
    #[inline]
    pub(super) fn has_room_for_waiting(&mut self) -> Result<bool, Error> {
        let has_room = self.has_room()?;
        self.flags.is_congested = !has_room
            || self.flags.is_congested
                && self.connection.send_queue_bytes() > self.connection.config().limits.send_queue_bytes_low;
        Ok(!self.flags.is_congested)
    }

    /// As [`Driver::poll_room`], and waits for the end of a message that another sender sends in pieces.
    pub(super) fn poll_turn(&mut self, cx: &mut Context<'_>, place: Place) -> Poll<Result<(), Error>> {
        ready!(self.poll_room(cx, place))?;
        if self.connection.check_send() != Err(Misuse::MessageUnfinished) {
            return Poll::Ready(Ok(()));
        }
        if let Some(set) = &self.wakers {
            set.register(place, cx.waker());
        }
        Poll::Pending
    }

    /// The next piece of a message.
    pub(super) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
        place: Place,
    ) -> Poll<Result<Option<Piece>, Error>> {
        self.connection.receive_in_pieces(true);
        loop {
            match ready!(self.poll_event(cx, place)) {
                Some(Event::Piece { piece, last }) => return Poll::Ready(Ok(Some(Piece { piece, last }))),
                Some(Event::Message(piece)) => return Poll::Ready(Ok(Some(Piece { piece, last: true }))),
                Some(_) => {}
                None => return Poll::Ready(self.outcome().map(|()| None)),
            }
        }
    }

    /// Writes all that is queued.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>, place: Place) -> Poll<Result<(), Error>> {
        ready!(self.poll_write_for(cx, place));
        Poll::Ready(self.check_written())
    }

    /// Whether nothing more can come or go, and the outcome was told.
    pub(super) fn is_over(&self) -> bool {
        self.flags.over && self.flags.reported
    }

    /// Whether nothing is left to be written, or ever can be.
    pub(super) fn is_written(&self) -> bool {
        self.flags.over
            || self.flags.write_failed
            || !self.connection.has_transmit() && !self.flags.needs_flush
    }

    fn trouble(&mut self) -> &mut Trouble {
        self.trouble.get_or_insert_default()
    }

    fn check_written(&self) -> Result<(), Error> {
        match self.trouble.as_ref().and_then(|trouble| trouble.failure.as_ref()) {
            Some(error) if self.flags.write_failed => Err(Error::Lost(Some(copy_of(error)))),
            _ => Ok(()),
        }
    }

    fn check_sendable(&mut self) -> Result<(), Error> {
        self.observe_server();
        if self.flags.over || self.connection.is_close_sent() {
            if let Some(End::Lost) = self.end() {
                self.check_written()?;
            }
            return Err(Misuse::SentAfterClose.into());
        }
        self.check_written()
    }

    /// Does what the server wants of all its connections.
    #[inline]
    fn observe_server(&mut self) {
        let Some(member) = &self.member else { return };
        match member.phase() {
            Phase::Serving => {}
            Phase::Draining if self.connection.is_close_sent() => {}
            Phase::Draining => self.queue_close(Some(CloseCode::GOING_AWAY.into())),
            Phase::Stopped => with_pool(|pool| self.connection.abort(pool)),
        }
    }

    /// Writes, then reads. Ready when there may be events or the end has come nearer.
    fn poll_step(&mut self, cx: &mut Context<'_>, place: Place) -> Poll<()> {
        self.observe_server();
        let written = self.poll_write_for(cx, place).is_ready();
        let set = self.wakers.as_ref().map(|set| waker_of(set, place, cx));
        let mut stream_cx = Context::from_waker(set.as_ref().unwrap_or(cx.waker()));
        let progress = if self.end().is_some() {
            self.poll_finish(&mut stream_cx, written)
        } else if self.flags.read_ended {
            Poll::Pending
        } else {
            self.poll_read(&mut stream_cx)
        };
        if progress.is_ready() { Poll::Ready(()) } else { self.poll_timer(cx) }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let connection = &mut self.connection;
        let mut room = with_pool(|pool| connection.receive_buffer(pool));
        let read = pin!(self.io.read_buf(&mut room)).poll(cx);
        match read {
            Poll::Pending => {
                with_pool(|pool| self.connection.release_buffer(pool));
                return Poll::Pending;
            }
            Poll::Ready(Ok(0)) => {
                self.flags.read_ended = true;
                self.connection.receive_eof();
            }
            Poll::Ready(Ok(_)) => {}
            Poll::Ready(Err(error)) => {
                self.flags.read_ended = true;
                self.trouble().failure.get_or_insert(error);
                with_pool(|pool| self.connection.abort(pool));
            }
        }
        Poll::Ready(())
    }

    /// After the end: says goodbye to the stream.
    fn poll_finish(&mut self, cx: &mut Context<'_>, written: bool) -> Poll<()> {
        let is_closed = match self.end() {
            // Nobody listens any more.
            Some(End::Lost | End::PongTimeout | End::CloseTimeout) => return self.set_over(),
            Some(End::Closed(_)) => true,
            _ => false,
        };
        if self.connection.is_expired() || self.flags.write_failed {
            return self.set_over();
        }
        if !written {
            return Poll::Pending;
        }
        if !self.flags.shut_down {
            self.flags.shut_down = match Pin::new(&mut self.io).poll_shutdown(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) => true,
                Poll::Ready(Err(_)) => return self.set_over(),
            };
        }
        // RFC 6455 section 7.1.1: the server closes first. After a fault the peer may still be sending, and closing then would
        // destroy our Close frame on its way: what comes is thrown away, within bounds.
        if self.flags.read_ended || is_closed && self.connection.role() == Role::Server {
            return self.set_over();
        }
        let mut trash = [0; 4096];
        let mut trash = ReadBuf::new(&mut trash);
        let discarded_max = self.connection.config().limits.linger_bytes_max;
        match ready!(Pin::new(&mut self.io).poll_read(cx, &mut trash)) {
            Ok(()) if !trash.filled().is_empty() && self.trouble().discarded < discarded_max => {
                self.trouble().discarded += trash.filled().len();
            }
            Ok(()) | Err(_) => return self.set_over(),
        }
        Poll::Ready(())
    }

    fn set_over(&mut self) -> Poll<()> {
        self.flags.over = true;
        self.alarm = Alarm::Unset;
        // A program that keeps a half of it keeps no place of the server, which may wait to end.
        self.member = None;
        if let Some(set) = &self.wakers {
            set.wake_all();
        }
        Poll::Ready(())
    }

    /// Waits for the next deadline; ready when the connection has to be looked at.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let is_known = self.receiver.as_ref().is_some_and(|known| known.will_wake(cx.waker()));
        if !is_known {
            self.receiver = Some(cx.waker().clone());
            if let Some(member) = &mut self.member
                && member.watch(cx.waker()) != Phase::Serving
                && !self.connection.is_close_sent()
            {
                return Poll::Ready(());
            }
        }
        self.tally.count(&self.connection);
        if self.connection.wants_clock() {
            self.connection.arm(Instant::now().into_std());
        }
        let Some(at) = self.connection.poll_timeout().map(Instant::from_std) else { return Poll::Pending };
        // What is closing has little time, to be kept exactly.
        let member = self.member.as_ref().filter(|_| !self.connection.is_close_sent());
        let now = ready!(self.alarm.poll(at, member, is_known, cx));
        with_pool(|pool| self.connection.handle_timeout(now.into_std(), pool));
        Poll::Ready(())
    }

    /// Writes what is queued, and makes sure that the task at `place` is woken to go on, whoever else writes meanwhile.
    #[inline]
    fn poll_write_for(&mut self, cx: &mut Context<'_>, place: Place) -> Poll<()> {
        if self.is_written() {
            return Poll::Ready(());
        }
        // While nobody waits for the stream to take more, no other task can be forgotten.
        if !self.flags.is_blocked && self.poll_write(cx).is_ready() {
            return Poll::Ready(());
        }
        loop {
            let set = self.wakers.as_ref().map(|set| waker_of(set, place, cx));
            let written = self.poll_write(&mut Context::from_waker(set.as_ref().unwrap_or(cx.waker())));
            self.flags.is_blocked = written.is_pending();
            match (&self.wakers, written) {
                (None, Poll::Pending) => {
                    // From now on another task may want to write as well, or be waiting to receive.
                    let set = self.wakers.insert(Arc::default());
                    if let Some(receiver) = &self.receiver {
                        set.register(super::wakers::RECEIVER, receiver);
                    }
                }
                (Some(set), Poll::Ready(())) if !self.flags.is_split => {
                    set.forget(place);
                    set.wake_all();
                    self.wakers = None;
                    return Poll::Ready(());
                }
                (_, written) => return written,
            }
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.connection.has_transmit() {
            let io = Pin::new(&mut self.io);
            let written = match self.connection.poll_transmit_alone() {
                Some(bytes) => io.poll_write(cx, bytes),
                None => {
                    let mut slices = [IoSlice::new(&[]); SLICES_MAX];
                    let count = self.connection.poll_transmit(&mut slices);
                    io.poll_write_vectored(cx, &slices[..count])
                }
            };
            match written {
                Poll::Pending => return self.poll_stall(cx),
                Poll::Ready(Ok(0)) => return self.set_write_failed(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(bytes)) => {
                    self.flags.needs_flush = true;
                    if let Some(stall) = self.trouble.as_mut().and_then(|trouble| trouble.stall.as_mut()) {
                        stall.progressed = true;
                    }
                    with_pool(|pool| self.connection.transmitted(bytes, pool));
                }
                Poll::Ready(Err(error)) => return self.set_write_failed(error),
            }
        }
        if self.flags.needs_flush {
            match Pin::new(&mut self.io).poll_flush(cx) {
                Poll::Pending => return self.poll_stall(cx),
                Poll::Ready(Ok(())) => self.flags.needs_flush = false,
                Poll::Ready(Err(error)) => return self.set_write_failed(error),
            }
        }
        if let Some(trouble) = &mut self.trouble {
            trouble.stall = None;
        }
        Poll::Ready(())
    }

    /// A write is blocked: gives up when nothing moves for too long.
    #[cold]
    fn poll_stall(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let limit = self.connection.config().limits.stall_timeout;
        let stall = self
            .trouble()
            .stall
            .get_or_insert_with(|| Stall { timer: Box::pin(tokio::time::sleep(limit)), progressed: false });
        loop {
            ready!(Pin::new(&mut unconstrained(stall.timer.as_mut())).poll(cx));
            if !std::mem::take(&mut stall.progressed) {
                break;
            }
            stall.timer.as_mut().reset(after(Instant::now(), limit));
        }
        let error = io::Error::new(io::ErrorKind::TimedOut, format!("the peer took no bytes for {limit:?}"));
        with_pool(|pool| self.connection.abort(pool));
        self.set_write_failed(error)
    }

    /// Reading goes on: the peer's Close, which says why, may have arrived before.
    fn set_write_failed(&mut self, error: io::Error) -> Poll<()> {
        self.flags.write_failed = true;
        self.trouble().failure.get_or_insert(error);
        if let Some(receiver) = &self.receiver {
            receiver.wake_by_ref();
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Drop for Driver<S> {
    /// Tells the peer, if it can be told at once.
    fn drop(&mut self) {
        // Where writing has failed and nobody asked further, the connection was lost all the same.
        let lost = self.flags.write_failed.then_some(&End::Lost);
        self.tally.end(&self.connection, self.connection.end().or(lost), self.flags.began_close);
        if self.flags.over || self.flags.write_failed || self.flags.shut_down {
            return;
        }
        let code = if std::thread::panicking() { CloseCode::INTERNAL_ERROR } else { CloseCode::GOING_AWAY };
        // The thread's pool may be gone already.
        let pool = &mut handfast_proto::connection::BufferPool::new();
        self.connection.close(Some(code.into()), pool);
        let connection = &mut self.connection;
        let io = &mut self.io;
        let goodbye = poll_fn(|cx| {
            while connection.has_transmit() {
                let mut slices = [IoSlice::new(&[]); SLICES_MAX];
                let count = connection.poll_transmit(&mut slices);
                match Pin::new(&mut *io).poll_write_vectored(cx, &slices[..count]) {
                    Poll::Ready(Ok(bytes @ 1..)) => connection.transmitted(bytes, pool),
                    // An orderly end in the middle of a frame would hide that something is missing. Over HTTP/2 the reset takes
                    // along what was not sent yet; who wants all of it heard closes instead of dropping.
                    _ => return Poll::Ready(()),
                }
            }
            let _ = Pin::new(&mut *io).poll_shutdown(cx);
            Poll::Ready(())
        });
        // It is said now or never, even where the task has had its turn.
        let _ = pin!(unconstrained(goodbye)).poll(&mut Context::from_waker(Waker::noop()));
    }
}

fn waker_of(set: &Arc<WakerSet>, place: Place, cx: &Context<'_>) -> Waker {
    set.register(place, cx.waker());
    Waker::from(set.clone())
}

fn copy_of(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// What one system call writes at most: one slice for each payload that is not copied and one for the headers before it.
const SLICES_MAX: usize = 32;
