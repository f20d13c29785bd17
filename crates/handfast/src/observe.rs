//! What the library tells of its connections while they run: events by `tracing`, counters by `metrics`, each behind a feature of
//! its name. Without them everything here is empty.
//!
//! Nothing of it is on the way of a message: handshakes and closes are told one by one, and messages and bytes are counted
//! when a connection has nothing more to do and waits.

#![cfg_attr(
    not(all(feature = "tracing", feature = "metrics")),
    allow(unused_variables, reason = "a feature is off")
)]

use crate::{Error, Peer, Role};
use handfast_proto::connection::{Connection, End};
use handfast_proto::handshake::Refusal;

/// What of a connection was counted already.
#[derive(Default)]
pub(crate) struct Tally {
    #[cfg(feature = "metrics")]
    counted: [u64; 4],
}

impl Tally {
    /// A handshake went well: a connection begins.
    pub(crate) fn begin(connection: &Connection) -> Self {
        let role = name(connection.role());
        #[cfg(feature = "tracing")]
        tracing::debug!(role, compressed = connection.deflate().is_some(), "WebSocket opened");
        #[cfg(feature = "metrics")]
        {
            counters::handshake(role, "opened");
            counters::of(connection.role()).open.increment(1);
        }
        Self::default()
    }

    /// The connection waits: counts what it has carried since it last did.
    #[inline]
    pub(crate) fn count(&mut self, connection: &Connection) {
        #[cfg(feature = "metrics")]
        {
            let stats = connection.stats();
            let now = [stats.messages_received, stats.messages_sent, stats.bytes_received, stats.bytes_sent];
            if now != self.counted {
                for ((counter, now), before) in
                    counters::of(connection.role()).carried.iter().zip(now).zip(self.counted)
                {
                    counter.increment(now - before);
                }
                self.counted = now;
            }
        }
    }

    /// The connection is gone. `began_close` is whether this side sent its Close frame first.
    pub(crate) fn end(&mut self, connection: &Connection, end: Option<&End>, began_close: bool) {
        self.count(connection);
        let role = name(connection.role());
        let (by, code) = outcome(end, began_close);
        #[cfg(feature = "tracing")]
        {
            let reason = match end {
                Some(End::Closed(Some(close))) => format!("{:?}", close.reason()),
                Some(End::Fault(fault)) => format!("{:?}", fault.to_string()),
                _ => String::new(),
            };
            let stats = connection.stats();
            tracing::debug!(
                role,
                by,
                code,
                reason,
                messages_received = stats.messages_received,
                messages_sent = stats.messages_sent,
                bytes_received = stats.bytes_received,
                bytes_sent = stats.bytes_sent,
                "WebSocket closed"
            );
        }
        #[cfg(feature = "metrics")]
        {
            counters::of(connection.role()).open.decrement(1);
            metrics::counter!("handfast_closes_total", "role" => role, "by" => by, "code" => bounded(code))
                .increment(1);
            if end == Some(&End::PongTimeout) {
                metrics::counter!("handfast_pongs_late_total", "role" => role).increment(1);
            }
        }
    }
}

/// A server refused a request.
pub(crate) fn refused(refusal: &Refusal) {
    #[cfg(feature = "tracing")]
    {
        let rules: Vec<&str> = refusal.faults().iter().map(|fault| fault.rule().id).collect();
        tracing::info!(
            role = "server",
            result = "refused",
            status = refusal.status(),
            rules = rules.join(" "),
            "handshake failed"
        );
    }
    #[cfg(feature = "metrics")]
    {
        counters::handshake("server", "refused");
        for fault in refusal.faults() {
            let rule = fault.rule().id;
            metrics::counter!("handfast_handshake_faults_total", "role" => "server", "rule" => rule)
                .increment(1);
        }
    }
}

/// A handshake came to nothing.
pub(crate) fn failed(role: Role, error: &Error) {
    if let Error::Refused(refusal) = error {
        return refused(refusal);
    }
    let role = name(role);
    let result = match error {
        Error::Declined(_) => "declined",
        Error::FaultyAnswer(_) => "faulty",
        Error::HandshakeCut(_) => "cut",
        Error::Timeout { .. } => "timeout",
        #[cfg(feature = "http2")]
        Error::Http2(_) => "http2",
        _ => "lost",
    };
    let faults = match error {
        Error::FaultyAnswer(answer) => answer.faults(),
        _ => &[],
    };
    #[cfg(feature = "tracing")]
    {
        let rules: Vec<&str> = faults.iter().map(|fault| fault.rule().id).collect();
        // Not the error itself: it quotes what was received, which may hold secrets.
        tracing::info!(role, result, rules = rules.join(" "), "handshake failed");
    }
    #[cfg(feature = "metrics")]
    {
        counters::handshake(role, result);
        for fault in faults {
            let rule = fault.rule().id;
            metrics::counter!("handfast_handshake_faults_total", "role" => role, "rule" => rule).increment(1);
        }
    }
}

/// A client that prefers HTTP/2 uses HTTP/1.1.
#[cfg(feature = "http2")]
pub(crate) fn fell_back(fault: &crate::error::Http2Fault) {
    #[cfg(feature = "tracing")]
    tracing::info!(role = "client", reason = %fault, "HTTP/1.1 is used where HTTP/2 is preferred");
}

/// A server answered with 503, or not at all, for want of room.
pub(crate) fn turned_away(why: Why) {
    let result = match why {
        Why::Busy => "busy",
        Why::Crowded => "crowded",
        Why::Draining => "draining",
    };
    #[cfg(feature = "tracing")]
    tracing::info!(role = "server", result, "handshake failed");
    #[cfg(feature = "metrics")]
    counters::handshake("server", result);
}

/// What a server had no room for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Why {
    /// As many are open as may be.
    Busy,
    /// The oldest of too many that had not said what they want.
    Crowded,
    /// The server is about to end.
    Draining,
}

/// Runs a client's way to its server in a span that names it. Not more of the URI: it may hold secrets.
#[cfg(feature = "tracing")]
pub(crate) fn to_server<F: Future>(host: &str, connecting: F) -> impl Future<Output = F::Output> {
    use tracing::Instrument;
    connecting.instrument(tracing::info_span!("websocket", role = "client", host))
}

/// Runs a client's way to its server.
#[cfg(not(feature = "tracing"))]
pub(crate) fn to_server<F: Future>(_: &str, connecting: F) -> F {
    connecting
}

/// Runs a connection's task in a span that names the other end.
#[cfg(feature = "tracing")]
pub(crate) fn in_span<F: Future>(peer: Peer, task: F) -> impl Future<Output = F::Output> {
    use tracing::Instrument;
    task.instrument(tracing::info_span!("websocket", role = "server", %peer))
}

/// Runs a connection's task.
#[cfg(not(feature = "tracing"))]
pub(crate) fn in_span<F: Future>(_: Peer, task: F) -> F {
    task
}

fn name(role: Role) -> &'static str {
    match role {
        Role::Client => "client",
        Role::Server => "server",
    }
}

/// Who ended it, and the close code (RFC 6455 section 7.1.5).
fn outcome(end: Option<&End>, began_close: bool) -> (&'static str, u16) {
    match end {
        // Its program dropped it.
        None => ("drop", 1001),
        Some(End::Closed(close)) => {
            let by = if began_close { "us" } else { "peer" };
            (by, close.as_ref().map_or(1005, |close| close.code().get()))
        }
        Some(End::Fault(fault)) => ("fault", fault.close_code().get()),
        Some(End::PongTimeout) => ("pong", 1006),
        Some(End::IdleTimeout) => ("idle", 1001),
        Some(End::CloseTimeout) => ("close", 1006),
        Some(_) => ("lost", 1006),
    }
}

/// The code as a label. A peer may choose from thousands: each would be a series of its own.
#[cfg(feature = "metrics")]
fn bounded(code: u16) -> std::borrow::Cow<'static, str> {
    match code {
        3000..=3999 => "3xxx".into(),
        4000.. => "4xxx".into(),
        _ => code.to_string().into(),
    }
}

#[cfg(feature = "metrics")]
mod counters {
    use crate::Role;
    use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};
    use std::sync::{Once, OnceLock};

    /// Handles that are looked up once.
    pub(super) struct Counters {
        pub(super) open: Gauge,
        /// Messages received and sent, bytes received and sent.
        pub(super) carried: [Counter; 4],
    }

    /// A handshake came to this result.
    pub(super) fn handshake(role: &'static str, result: &'static str) {
        static DESCRIBED: Once = Once::new();
        // Whatever a program does, a handshake is the first.
        DESCRIBED.call_once(describe);
        counter!("handfast_handshakes_total", "role" => role, "result" => result).increment(1);
    }

    /// Tells the recorder what each metric is.
    fn describe() {
        describe_gauge!("handfast_connections_open", Unit::Count, "Open WebSockets.");
        describe_counter!(
            "handfast_handshakes_total",
            Unit::Count,
            "Opening handshakes by result: opened; refused, declined, faulty, cut, timeout, http2, lost; busy, crowded, draining (503)."
        );
        describe_counter!(
            "handfast_handshake_faults_total",
            Unit::Count,
            "Rules of the opening handshake that the other end broke, by the rule's id."
        );
        describe_counter!(
            "handfast_messages_total",
            Unit::Count,
            "Data messages, received and sent, added up when a connection waits."
        );
        describe_counter!(
            "handfast_bytes_total",
            Unit::Bytes,
            "Bytes of frames, received and sent, added up when a connection waits."
        );
        describe_counter!(
            "handfast_closes_total",
            Unit::Count,
            "Ends of WebSockets, by who ended it (us, peer, fault, pong, idle, close, lost, drop) and close code."
        );
        describe_counter!(
            "handfast_pongs_late_total",
            Unit::Count,
            "Connections that were given up because no pong came."
        );
    }

    pub(super) fn of(role: Role) -> &'static Counters {
        static CLIENT: OnceLock<Counters> = OnceLock::new();
        static SERVER: OnceLock<Counters> = OnceLock::new();
        let (counters, role) = match role {
            Role::Client => (&CLIENT, "client"),
            Role::Server => (&SERVER, "server"),
        };
        counters.get_or_init(|| Counters {
            open: gauge!("handfast_connections_open", "role" => role),
            carried: [
                counter!("handfast_messages_total", "role" => role, "way" => "received"),
                counter!("handfast_messages_total", "role" => role, "way" => "sent"),
                counter!("handfast_bytes_total", "role" => role, "way" => "received"),
                counter!("handfast_bytes_total", "role" => role, "way" => "sent"),
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use handfast_proto::frame::{Close, CloseCode};

    #[test]
    fn an_end_is_told_with_who_ended_it_and_the_code() {
        let closed = End::Closed(Some(Close::from(CloseCode::NORMAL)));
        assert_eq!(outcome(Some(&closed), true), ("us", 1000));
        assert_eq!(outcome(Some(&End::Closed(None)), false), ("peer", 1005));
        assert_eq!(outcome(Some(&End::PongTimeout), false), ("pong", 1006));
        assert_eq!(outcome(None, false), ("drop", 1001));
    }
}
