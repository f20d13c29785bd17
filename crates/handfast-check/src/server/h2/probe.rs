//! What the rules over HTTP/2 share: the correct request, one exchange, and what it amounts to.

use std::io;
use std::sync::Arc;

use super::super::context::Context;
use super::super::exchange::{ECHO, PING};
use crate::finding::Finding;
use crate::wire::frame;
use crate::wire::h2::blocks::Field;
use crate::wire::h2::exchange::{self, Exchange};
use crate::wire::h2::session::{Seen, Session, Withheld};

/// The target over HTTP/2, and what its first stream showed.
pub(crate) struct Http2 {
    pub(crate) context: Arc<Context>,
    /// The correct request opened.
    pub(crate) opens: bool,
    /// It sends messages back.
    echoes: bool,
    /// It answers pings.
    pongs: bool,
}

impl Http2 {
    /// Learns from a first stream what an open one looks like.
    pub(crate) async fn new(context: Arc<Context>, announced: bool) -> Http2 {
        let mut http2 = Http2 { context, opens: false, echoes: false, pongs: false };
        if !announced {
            return http2;
        }
        let fields = http2.base();
        let Ok(mut exchange) = http2.exchange(fields).await else { return http2 };
        if !exchange.seen().succeeded() || exchange.seen().ended_at_once {
            return http2;
        }
        http2.opens = true;
        let stream = exchange.stream;
        // Where nothing may be sent, nothing shows: as with a target that answers neither.
        let _silent = http2.speak(&mut exchange.session, stream).await;
        let quiet = http2.context.options.quiet;
        exchange.session.until(quiet, |session| frames(&session.seen(stream)) == (true, true)).await;
        (http2.pongs, http2.echoes) = frames(&exchange.seen());
        http2
    }

    /// The correct request: BASE2 of the catalogue.
    pub(crate) fn base(&self) -> Vec<Field> {
        let context = &self.context;
        exchange::base(&context.target, &context.target.path, &context.options.headers)
    }

    /// Connects.
    pub(crate) async fn session(&self) -> Result<Session, Finding> {
        open(&self.context).await.map_err(|error| Finding::open(format!("no HTTP/2 connection: {error}")))
    }

    /// Sends these fields on a connection of their own and waits for the reaction.
    pub(crate) async fn exchange(&self, fields: Vec<Field>) -> Result<Exchange, Finding> {
        let mut session = self.session().await?;
        let stream = session.request(&fields).await;
        let limit = self.context.options.timeout;
        session.until(limit, |session| session.seen(stream).decided() || session.goaway.is_some()).await;
        Ok(Exchange { session, stream, fields })
    }

    /// Sends a ping and a message.
    async fn speak(&self, session: &mut Session, stream: u32) -> Result<(), Withheld> {
        session.frame(stream, frame::PING, PING.as_bytes()).await?;
        session.frame(stream, frame::TEXT, ECHO.as_bytes()).await
    }

    /// Whether a stream that got 2xx is a WebSocket, as far as the target ever shows it.
    pub(crate) async fn alive(&self, session: &mut Session, stream: u32) -> bool {
        if session.seen(stream).ended || session.seen(stream).reset.is_some() {
            return false;
        }
        if !self.pongs && !self.echoes {
            return !session.closed;
        }
        if self.speak(session, stream).await.is_err() {
            return !session.closed;
        }
        let (pongs, echoes) = (self.pongs, self.echoes);
        let enough = move |seen: &Seen| {
            let (pong, echo) = frames(seen);
            (pong || !pongs) && (echo || !echoes)
        };
        session.until(self.context.options.quiet * 2, |session| enough(&session.seen(stream))).await
    }

    /// OPENED of the catalogue: why not, in words.
    pub(crate) async fn opened(&self, exchange: &mut Exchange) -> Result<(), String> {
        let seen = exchange.seen();
        if !seen.succeeded() {
            return Err(exchange.words());
        }
        if seen.ended_at_once {
            return Err(format!("{} with END_STREAM", exchange.words()));
        }
        match self.alive(&mut exchange.session, exchange.stream).await {
            true => Ok(()),
            false => Err(format!("{}, but a ping or message after it stayed unanswered", exchange.words())),
        }
    }

    /// REFUSED of the catalogue.
    pub(crate) fn refused(&self, exchange: &Exchange) -> Finding {
        let (seen, words) = (exchange.seen(), exchange.words());
        match (seen.status, seen.reset) {
            (Some(200..=299), _) => Finding::fail(words),
            (Some(400..=599), _) | (_, Some(_)) => Finding::pass(words),
            _ => Finding::remark(words),
        }
    }

    /// Malformed: PROTOCOL_ERROR on the stream, or one of these statuses; other refusals are remarks.
    pub(crate) fn malformed(&self, exchange: &Exchange, statuses: &[u16]) -> Finding {
        let finding = self.refused(exchange);
        let seen = exchange.seen();
        let right = seen.reset == Some(crate::wire::h2::PROTOCOL_ERROR)
            || seen.status.is_some_and(|status| statuses.contains(&status));
        match finding.verdict {
            crate::report::Verdict::Pass if !right => {
                Finding::remark(format!("refused, but not as malformed: {}", finding.text))
            }
            _ => finding,
        }
    }
}

/// A connection of HTTP/2 to the target.
pub(crate) async fn open(context: &Context) -> io::Result<Session> {
    context.pace().await;
    let (target, tls) = (&context.target, context.tls.as_deref());
    Session::open(context.address, &target.host, tls, context.options.timeout).await
}

/// Whether the pong and the echo are there.
fn frames(seen: &Seen) -> (bool, bool) {
    let (frames, _) = frame::read_all(&seen.data);
    let has = |opcode: u8, payload: &str| {
        frames.iter().any(|frame| frame.opcode == opcode && frame.payload == payload.as_bytes())
    };
    (has(frame::PONG, PING), has(frame::TEXT, ECHO))
}
