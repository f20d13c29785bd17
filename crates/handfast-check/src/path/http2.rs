//! The client in front of the device, over HTTP/2.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::context::Context;
use super::origin::{Arrival, MARKER};
use crate::finding::Finding;
use crate::report::Phase;
use crate::wire::h2::exchange::{self, Exchange};
use crate::wire::h2::session::{Seen, Session};
use crate::wire::h2::{self, blocks::Field};

/// How often a request is sent that the device gives back.
const TRIES: usize = 3;

/// What the device offers its clients over HTTP/2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Front {
    /// No HTTP/2, and why.
    Without(String),
    /// HTTP/2, but no WebSocket over it.
    Unannounced,
    /// WebSocket over HTTP/2.
    Announced,
}

impl Front {
    /// Looks; the step that shows it is there where HTTP/2 was declared or found.
    pub(crate) async fn look(context: &Context) -> (Front, Option<Phase>) {
        if context.tls.is_none() && !context.options.http2 {
            let reason = "without TLS, HTTP/2 is spoken to the device only where it is declared (--http2)";
            return (Front::Without(reason.to_owned()), None);
        }
        let start = Instant::now();
        let (front, words) = match context.connect().await {
            Ok(session) if session.announces() => {
                (Front::Announced, Ok("the device announces WebSocket over it".to_owned()))
            }
            Ok(_) => (Front::Unannounced, Ok("spoken; WebSocket over it is not announced".to_owned())),
            Err(error) => {
                let reason = format!("the device speaks no HTTP/2 to its clients: {error}");
                (Front::Without(reason.clone()), Err(reason))
            }
        };
        // Over TLS nobody promised it.
        let shown = words.is_ok() || context.options.http2;
        (front, shown.then(|| Phase::since("http2", start, words)))
    }
}

/// One extended CONNECT through the device, as both ends saw it.
pub(crate) struct Bridged {
    pub(crate) client: Exchange,
    /// The first request that reached the origin for it.
    pub(crate) arrival: Option<Arc<Arrival>>,
}

impl Bridged {
    /// What the client saw.
    pub(crate) fn seen(&self) -> Seen {
        self.client.seen()
    }

    /// A 2xx whose stream is open.
    pub(crate) fn opened(&self) -> bool {
        let seen = self.seen();
        seen.succeeded() && !seen.ended_at_once && !seen.interim.contains(&101)
    }
}

impl Context {
    async fn connect(&self) -> io::Result<Session> {
        Session::open(self.address, &self.target.host, self.tls.as_deref(), self.options.timeout).await
    }

    /// A connection of HTTP/2 to the device.
    pub(crate) async fn session(&self) -> Result<Session, Finding> {
        self.connect().await.map_err(|error| Finding::open(format!("no HTTP/2 connection: {error}")))
    }

    /// The correct extended CONNECT, its path marked with this token.
    pub(crate) fn base2(&self, token: &str) -> Vec<Field> {
        exchange::base(&self.target, &self.marked(&format!("{MARKER}{token}")), &self.options.headers)
    }

    /// Sends these requests at once and waits for their answers; gives the stream of each. REFUSED_STREAM is no answer but an
    /// invitation to try again (RFC 9113 section 8.7): the connection that a device wanted to use once more had just ended.
    pub(crate) async fn answers(&self, session: &mut Session, requests: &[&[Field]]) -> Vec<u32> {
        let mut streams = Vec::new();
        for fields in requests {
            streams.push(session.request(fields).await);
        }
        for _ in 1..TRIES {
            self.decided(session, &streams).await;
            for (stream, fields) in streams.iter_mut().zip(requests) {
                if session.seen(*stream).reset == Some(h2::REFUSED_STREAM) {
                    *stream = session.request(fields).await;
                }
            }
        }
        self.decided(session, &streams).await;
        streams
    }

    async fn decided(&self, session: &mut Session, streams: &[u32]) {
        let all = |session: &Session| streams.iter().all(|stream| session.seen(*stream).decided());
        session.until(self.options.timeout, |session| all(session) || session.goaway.is_some()).await;
    }

    /// Sends these fields on a connection of their own and waits for the answer.
    pub(crate) async fn bridge(&self, token: &str, fields: Vec<Field>) -> Result<Bridged, Finding> {
        let mut session = self.session().await?;
        let stream = self.answers(&mut session, &[&fields]).await[0];
        let arrival = self.origin.wait(self.options.quiet, || self.origin.arrival(token)).await;
        Ok(Bridged { client: Exchange { session, stream, fields }, arrival })
    }
}
