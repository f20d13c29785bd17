//! Connecting again: at random, ever later, and never where it cannot help (RFC 6455 section 7.2.3).

use super::Client;
use crate::error::{Declined, ProxyFaultKind, TlsFault};
use crate::moment::after;
use crate::random;
use crate::websocket::WebSocket;
use crate::{Error, Limits};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, sleep_until};

/// Connects again and again, as often as [`Reconnect::connect`] is called, and never too soon.
///
/// The very first attempt is made at once. Before each later one it waits for a random time between nothing and a bound, which
/// is 5 s at first, doubles with each attempt, and ends at 60 s: truncated exponential back-off with full jitter. Thousands of
/// clients that lost their server in the same moment so come back one by one. A connection that stayed open for a minute
/// brings the bound back to 5 s; one that is closed sooner counts like a failed attempt.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), handfast::Error> {
/// let client = handfast::Client::new("wss://host.example/feed")?;
/// let mut reconnect = handfast::Reconnect::new(client);
/// loop {
///     // Fails only where trying again cannot help.
///     let mut ws = reconnect.connect().await?;
///     while let Ok(Some(message)) = ws.recv().await {
///         println!("{message:?}");
///     }
/// }
/// # }
/// ```
// rule: client/reconnect-storm
#[derive(Clone)]
pub struct Reconnect {
    client: Client,
    backoff: Backoff,
    observer: Option<Arc<Observer>>,
}

type Observer = dyn Fn(Option<&Error>, Duration) + Send + Sync;

impl Reconnect {
    /// Connects as `client` does.
    pub fn new(client: Client) -> Self {
        let retry_after_max = client.config.limits.retry_after_max;
        Self { client, backoff: Backoff { retry_after_max, ..Backoff::default() }, observer: None }
    }

    /// The bound of the first wait (5 s, as RFC 6455 section 7.2.3 proposes); at least 100 ms.
    #[must_use]
    pub fn first_delay_max(mut self, delay: Duration) -> Self {
        self.backoff.first = delay.max(BOUND_MIN);
        self
    }

    /// The bound that doubling ends at (60 s); at least 100 ms.
    #[must_use]
    pub fn delay_max(mut self, delay: Duration) -> Self {
        self.backoff.max = delay.max(BOUND_MIN);
        self
    }

    /// How long a connection must have been open for the next wait to be bounded as the first one (60 s).
    #[must_use]
    pub fn stable_after(mut self, duration: Duration) -> Self {
        self.backoff.stable = duration;
        self
    }

    /// How many attempts may fail in a row, with connections that were not stable among them, before
    /// [`Reconnect::connect`] gives the error of the last one. At least 1; without a bound by default.
    #[must_use]
    pub fn attempts_max(mut self, attempts: u32) -> Self {
        self.backoff.attempts_max = attempts.max(1);
        self
    }

    /// Called before each wait, for logs: with the error of the attempt before it, or without one where a connection that was open
    /// has ended. It must not block.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(Option<&Error>, Duration) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Gives an open WebSocket, after as many attempts as it takes. Call it again as soon as that connection has ended: how
    /// long it was open is judged by the time in between.
    ///
    /// A `Retry-After` of the server (RFC 9110 section 10.2.3) is waited for, up to
    /// [`Limits::retry_after_max`], and the random time after it.
    ///
    /// Cancel safe: what is left of a wait is waited for by the next call, and an attempt that was begun counts.
    ///
    /// # Errors
    ///
    /// Those of [`Client::connect`] for which [`Error::is_transient`] is false, at once; and any of them after
    /// [`Reconnect::attempts_max`].
    pub async fn connect(&mut self) -> Result<WebSocket, Error> {
        let Self { client, backoff, observer } = self;
        let observer: &Observer = match observer {
            Some(observer) => &**observer,
            None => &|_, _| {},
        };
        // A plain closure: with an `async` one the future would not be `Send`.
        let client = &*client;
        backoff.run(|| client.connect(), observer).await
    }
}

impl fmt::Debug for Reconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconnect")
            .field("client", &self.client)
            .field("attempts", &self.backoff.attempts)
            .finish_non_exhaustive()
    }
}

/// When to try again.
#[derive(Clone, Debug)]
struct Backoff {
    first: Duration,
    max: Duration,
    stable: Duration,
    attempts_max: u32,
    retry_after_max: Duration,
    /// Attempts in a row that came to nothing lasting.
    attempts: u32,
    not_before: Option<Instant>,
    opened: Option<Instant>,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(5),
            max: Duration::from_secs(60),
            stable: Duration::from_secs(60),
            attempts_max: u32::MAX,
            retry_after_max: Limits::default().retry_after_max,
            attempts: 0,
            not_before: None,
            opened: None,
        }
    }
}

impl Backoff {
    async fn run<T, F: Future<Output = Result<T, Error>>>(
        &mut self,
        mut attempt: impl FnMut() -> F,
        observer: &(dyn Fn(Option<&Error>, Duration) + Send + Sync),
    ) -> Result<T, Error> {
        if let Some(opened) = self.opened.take() {
            if opened.elapsed() >= self.stable {
                self.attempts = 0;
            }
            let delay = self.wait(Duration::ZERO);
            observer(None, delay);
        }
        loop {
            if let Some(at) = self.not_before {
                sleep_until(at).await;
            }
            let before = self.attempts;
            // Already here: when the future is dropped in the attempt, the next one is not sooner.
            self.wait(Duration::ZERO);
            let result = attempt().await;
            self.attempts = before;
            let error = match result {
                Ok(opened) => {
                    // Whether it lasts is judged by the next call.
                    self.opened = Some(Instant::now());
                    return Ok(opened);
                }
                Err(error) => error,
            };
            let delay = self.wait(retry_after(&error).min(self.retry_after_max));
            if !error.is_transient() || self.attempts >= self.attempts_max {
                return Err(error);
            }
            observer(Some(&error), delay);
        }
    }

    /// Counts an attempt and draws the wait behind it, `least` and a random time.
    fn wait(&mut self, least: Duration) -> Duration {
        let delay = least.saturating_add(jitter(self.bound()));
        self.attempts = self.attempts.saturating_add(1);
        self.not_before = Some(after(Instant::now(), delay));
        delay
    }

    /// What the next random wait is bounded by.
    fn bound(&self) -> Duration {
        self.first.saturating_mul(1 << self.attempts.min(30)).min(self.max)
    }
}

/// A random time from nothing to `bound`.
fn jitter(bound: Duration) -> Duration {
    // Without randomness the longest wait is the safe one.
    let Ok(bits) = random::bits() else { return bound };
    let fraction = (bits >> 11) as f64 / (1_u64 << 53) as f64;
    bound.mul_f64(fraction)
}

/// How long the server wants to be left alone.
fn retry_after(error: &Error) -> Duration {
    let declined = match error {
        Error::Declined(declined) => declined,
        Error::Proxy(fault) => match fault.kind() {
            ProxyFaultKind::Declined(declined) => declined,
            _ => return Duration::ZERO,
        },
        _ => return Duration::ZERO,
    };
    let value = declined.head().field("retry-after").and_then(|value| std::str::from_utf8(value).ok());
    value.map_or(Duration::ZERO, |value| parse_retry_after(value, SystemTime::now()))
}

/// Seconds, or a date (RFC 9110 section 10.2.3); anything else is no wish.
fn parse_retry_after(value: &str, now: SystemTime) -> Duration {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Duration::from_secs(value.parse().unwrap_or(u64::MAX));
    }
    let date = httpdate::parse_http_date(value).ok();
    date.and_then(|date| date.duration_since(now).ok()).unwrap_or_default()
}

impl Error {
    /// Whether the same attempt to connect may succeed later: the server or proxy was not reached, was cut off, took too long
    /// or answered 408, 429 or 5xx (but 501 and 505), or over HTTP/2 reset the stream with a code that says so; or, on a server,
    /// there was no place ([`Error::Busy`]). All else stays wrong however often it is tried.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_)
            | Self::HandshakeCut(_)
            | Self::Timeout { .. }
            | Self::Lost(_)
            // What this end answered with 503.
            | Self::Busy => true,
            Self::Declined(declined) => may_change(declined),
            Self::Proxy(fault) => match fault.kind() {
                ProxyFaultKind::Cut(_) => true,
                ProxyFaultKind::Tls(fault) => was_cut(fault),
                ProxyFaultKind::Declined(declined) => may_change(declined),
                ProxyFaultKind::SocksRefused(reply) => matches!(reply.0, 1 | 3..=6),
                _ => false,
            },
            Self::Tls(fault) => was_cut(fault),
            #[cfg(feature = "http2")]
            Self::Http2(fault) => fault.is_transient(),
            Self::Refused(_)
            | Self::FaultyAnswer(_)
            | Self::Uri(_)
            | Self::Redirect(_)
            | Self::Protocol(_)
            | Self::Closed
            | Self::MessageCut
            | Self::Misuse(_)
            | Self::Io(_)
            | Self::Other(_) => false,
        }
    }
}

fn may_change(declined: &Declined) -> bool {
    matches!(declined.status(), 408 | 429 | 500 | 502..=504 | 506..=599)
}

/// Whether TLS failed because the connection did, and not by what was said.
fn was_cut(fault: &TlsFault) -> bool {
    let error = fault.cause.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() != io::ErrorKind::InvalidData)
}

/// A program that asks for less would itself be the storm.
const BOUND_MIN: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::ready;
    use std::sync::Mutex;
    use tokio::time::{advance, timeout};

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn cut() -> Error {
        Error::Lost(None)
    }

    /// Runs `backoff` until the attempt succeeds, which is after so many failures; gives the moments of the attempts.
    async fn moments(backoff: &mut Backoff, failures: usize) -> Vec<Duration> {
        let begun = Instant::now();
        let mut moments = Vec::new();
        let attempt = || {
            moments.push(begun.elapsed());
            ready(if moments.len() > failures { Ok(()) } else { Err(cut()) })
        };
        backoff.run(attempt, &|_, _| {}).await.unwrap();
        moments
    }

    #[test]
    fn the_bound_doubles_up_to_its_end() {
        let bounds: Vec<_> =
            (0..6).map(|attempts| Backoff { attempts, ..Backoff::default() }.bound().as_secs()).collect();
        assert_eq!(bounds, [5, 10, 20, 40, 60, 60]);
        let bound = Backoff { attempts: u32::MAX, ..Backoff::default() }.bound();
        assert_eq!(bound, Duration::from_secs(60));
    }

    // rule: client/reconnect-storm
    #[tokio::test(start_paused = true)]
    async fn the_first_attempt_is_made_at_once_and_each_later_one_within_its_bound() {
        let mut backoff = Backoff::default();
        let moments = moments(&mut backoff, 8).await;
        assert_eq!(moments[0], Duration::ZERO);
        for (number, pair) in moments.windows(2).enumerate() {
            let bound = Backoff { attempts: u32::try_from(number).unwrap(), ..Backoff::default() }.bound();
            // A timer of tokio's rounds up to a millisecond.
            assert!(pair[1] - pair[0] <= bound + Duration::from_millis(1), "{number}: {pair:?}");
        }
    }

    #[test]
    fn a_reconnecting_client_may_run_in_a_task_of_its_own() {
        fn is_send(_: impl Send) {}
        is_send(Reconnect::new(Client::new("ws://a/").unwrap()).connect());
    }

    // rule: client/reconnect-storm
    #[test]
    fn no_setting_makes_a_storm() {
        let client = || Client::new("ws://a/").unwrap();
        for reconnect in [
            Reconnect::new(client()).first_delay_max(Duration::ZERO),
            Reconnect::new(client()).delay_max(Duration::ZERO),
        ] {
            assert!(reconnect.backoff.bound() >= Duration::from_millis(100));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_retry_after_without_end_may_be_allowed() {
        let attempt = || {
            ready(Err::<(), _>(declined(&format!("HTTP/1.1 503 Busy\r\nRetry-After: {}\r\n\r\n", u64::MAX))))
        };
        let mut backoff = Backoff { retry_after_max: Duration::MAX, ..Backoff::default() };
        let hour = Duration::from_secs(60 * 60);
        assert!(timeout(hour, backoff.run(attempt, &|_, _| {})).await.is_err());
    }

    // rule: client/reconnect-storm
    #[test]
    fn waits_are_random_over_the_whole_range() {
        let bound = Duration::from_secs(10);
        let waits: Vec<_> = (0..400).map(|_| jitter(bound)).collect();
        assert!(waits.iter().all(|wait| *wait <= bound));
        // Each of these fails by chance less than once in 10^18.
        assert!(
            waits.iter().any(|wait| *wait < bound / 10) && waits.iter().any(|wait| *wait > bound * 9 / 10)
        );
        assert!(waits.windows(2).any(|pair| pair[0] != pair[1]));
    }

    // rule: client/reconnect-storm
    #[tokio::test(start_paused = true)]
    async fn a_server_that_accepts_and_closes_is_left_alone_ever_longer() {
        let mut backoff = Backoff::default();
        for expected in [0, 1, 2, 3, 4] {
            assert_eq!(moments(&mut backoff, 0).await.len(), 1);
            assert_eq!(backoff.attempts, expected);
            advance(Duration::from_secs(59)).await;
        }
        advance(Duration::from_secs(1)).await;
        moments(&mut backoff, 0).await;
        // One wait, since the connection before was stable.
        assert_eq!(backoff.attempts, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_wait_goes_on_and_is_not_drawn_again() {
        let mut backoff = Backoff { first: DAY, max: DAY, ..Backoff::default() };
        moments(&mut backoff, 0).await;
        let mut attempts = 0;
        let mut at = None;
        for _ in 0..1000 {
            let attempt = || {
                attempts += 1;
                ready(Err::<(), _>(cut()))
            };
            let run = backoff.run(attempt, &|_, _| {});
            drop(timeout(Duration::from_millis(1), run).await);
            assert!(at.is_none_or(|at| Some(at) == backoff.not_before) || attempts > 0);
            at = backoff.not_before;
        }
        // Two seconds of a day: that the wait is so short happens once in 40 000 runs.
        assert!(attempts <= 1, "{attempts}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_attempt_delays_the_next() {
        let mut backoff = Backoff::default();
        let run = backoff.run(std::future::pending::<Result<(), Error>>, &|_, _| {});
        assert!(timeout(Duration::from_secs(1), run).await.is_err());
        assert_eq!(backoff.attempts, 1);
        assert!(backoff.not_before.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn what_retrying_cannot_mend_ends_it_at_once_and_so_does_the_last_attempt() {
        let mut attempts = 0;
        let attempt = || {
            attempts += 1;
            ready(Err::<(), _>(Error::Closed))
        };
        let error = Backoff::default().run(attempt, &|_, _| {}).await.unwrap_err();
        assert!(matches!(error, Error::Closed));
        assert_eq!(attempts, 1);

        let mut backoff = Backoff { attempts_max: 3, ..Backoff::default() };
        let told = Mutex::new(0);
        let mut attempts = 0;
        let attempt = || {
            attempts += 1;
            ready(Err::<(), _>(cut()))
        };
        let observer = |_: Option<&Error>, _| *told.lock().unwrap() += 1;
        let error = backoff.run(attempt, &observer).await;
        assert!(matches!(error, Err(Error::Lost(None))));
        assert_eq!((attempts, *told.lock().unwrap()), (3, 2));
    }

    fn declined(answer: &str) -> Error {
        let mut reader = handfast_proto::handshake::ResponseReader::new();
        let read = reader.read(answer.as_bytes(), &crate::Limits::default());
        let Ok(handfast_proto::handshake::Progress::Complete { value: head, .. }) = read else {
            panic!("{answer}")
        };
        Error::Declined(Box::new(Declined { head, body: Vec::new(), is_body_complete: true }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_retry_after_is_waited_for_but_no_longer_than_its_limit() {
        let day = Limits::default().retry_after_max;
        for (wish, least, retry_after_max) in [
            ("3600", 3600, day),
            ("86401", 86_400, day),
            ("99999999999", 86_400, day),
            ("3600", 60, Duration::from_secs(60)),
        ] {
            let begun = Instant::now();
            let mut is_first = true;
            let attempt = || {
                ready(match std::mem::take(&mut is_first) {
                    true => Err(declined(&format!("HTTP/1.1 503 Busy\r\nRetry-After: {wish}\r\n\r\n"))),
                    false => Ok(()),
                })
            };
            let limits = Limits { retry_after_max, ..Limits::default() };
            let client = Client::new("ws://a/").unwrap().limits(limits);
            Reconnect::new(client).backoff.run(attempt, &|_, _| {}).await.unwrap();
            let waited = begun.elapsed();
            assert!(
                waited >= Duration::from_secs(least) && waited <= Duration::from_secs(least + 6),
                "{waited:?}"
            );
        }
    }

    #[test]
    fn of_the_refusals_only_those_that_may_pass_are_transient() {
        for (status, expected) in [
            (200, false),
            (302, false),
            (400, false),
            (401, false),
            (403, false),
            (404, false),
            (407, false),
            (408, true),
            (426, false),
            (429, true),
            (500, true),
            (501, false),
            (502, true),
            (503, true),
            (504, true),
            (505, false),
            (599, true),
        ] {
            let error = declined(&format!("HTTP/1.1 {status} X\r\n\r\n"));
            assert_eq!(error.is_transient(), expected, "{status}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_that_is_to_come() {
        let now = httpdate::parse_http_date("Fri, 31 Dec 1999 23:59:00 GMT").unwrap();
        for (value, seconds) in [
            ("120", 120),
            ("0", 0),
            ("Fri, 31 Dec 1999 23:59:59 GMT", 59),
            ("Friday, 31-Dec-99 23:59:59 GMT", 59),
            ("Fri Dec 31 23:59:59 1999", 59),
            ("Fri, 31 Dec 1999 23:58:59 GMT", 0),
            ("-1", 0),
            ("soon", 0),
            ("", 0),
            ("1.5", 0),
        ] {
            assert_eq!(parse_retry_after(value, now), Duration::from_secs(seconds), "{value}");
        }
        assert!(parse_retry_after("99999999999999999999", now) > DAY);
    }
}
