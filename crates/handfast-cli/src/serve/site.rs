//! What is served: the echo, the page and what it plays with, and to whom.

use super::cache::{self, Cache};
use super::frames::Malformed;
use super::limits::PLAYS_MAX;
use super::listen::Listen;
use super::metrics::Metrics;
use super::page::{self, PageRequest};
use super::record::{Log, Recorder};
use super::store::Store;
use super::{probe, query, wrong};
use crate::args::ServeArgs;
use crate::exit::Failure;
use crate::key;
use handfast::{
    AcceptOptions, CloseCode, Config, DeflateOptions, Error, HttpResponse, Request, TakenOver, WebSocket,
};
use handfast_check::WrongServer;
use handfast_proto::handshake::{Answer, OriginPolicy, Policy};
use handfast_proto::rules::Rule;
use serde_json::Value;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;

/// Everything that all threads share.
#[derive(Debug)]
pub struct Site {
    origin: OriginPolicy,
    hosts: Vec<String>,
    answer: Answer,
    config: Arc<Config>,
    observed: Store<Log>,
    played: Store<Value>,
    /// Connections that came to a wrong server under one name.
    arrivals: Store<Arc<AtomicUsize>>,
    caches: Store<Cache>,
    plays: Semaphore,
    /// A key that nobody sent: the accept values of wrong servers that belong to another connection are made of it.
    other_key: String,
    metrics: Option<Metrics>,
}

impl Site {
    /// As the command line wants it.
    ///
    /// Fails when the counters cannot be set up, or the system gives no random bytes.
    pub fn new(args: &ServeArgs) -> Result<Self, Failure> {
        let origin = match &*args.allow_origins {
            [] => OriginPolicy::SameOrigin,
            origins if origins.iter().any(|origin| origin == "*") => OriginPolicy::Any,
            origins => OriginPolicy::Allow(origins.to_vec()),
        };
        let mut answer = plain_answer();
        if args.deflate {
            // No context is kept: thousands of idle connections hold no memory for it.
            answer = answer.deflate(DeflateOptions::default());
        }
        let metrics = args.metrics.then(Metrics::install).transpose()?;
        Ok(Self {
            origin,
            hosts: hosts(&args.listen, &args.allow_hosts),
            answer,
            config: Arc::new(Config::for_servers()),
            observed: Store::default(),
            played: Store::default(),
            arrivals: Store::default(),
            caches: Store::default(),
            plays: Semaphore::new(PLAYS_MAX),
            other_key: key::fresh()?.as_str().to_owned(),
            metrics,
        })
    }

    /// How requests are judged.
    pub fn policy(&self) -> Policy {
        Policy { origin: self.origin.clone(), hosts: self.hosts.clone(), ..Policy::default() }
    }

    /// As [`Site::policy`], for requests that come encrypted or not.
    pub fn policy_over(&self, is_tls: bool) -> Policy {
        Policy { secure: is_tls, ..self.policy() }
    }

    /// What a 101 agrees to.
    pub fn answer(&self) -> Answer {
        self.answer.clone()
    }

    /// As [`Site::answer`], with compression or without it where the page asks for either.
    fn observed_answer(&self, deflate: Option<&str>) -> Answer {
        match deflate {
            Some("1") => self.answer().deflate(DeflateOptions::default()),
            Some("0") => plain_answer(),
            _ => self.answer(),
        }
    }

    /// What was recorded under this name.
    pub fn observed(&self, now: Instant, name: &str) -> Option<Log> {
        self.observed.get(now, name)
    }

    /// What a wrong server saw under this name.
    pub fn played(&self, now: Instant, name: &str) -> Option<Value> {
        let mut played = self.played.get(now, name)?;
        let arrivals = self.arrivals.get(now, name).map_or(0, |count| count.load(Ordering::Relaxed));
        if arrivals > 1 {
            wrong::came_again(&mut played);
        }
        Some(played)
    }

    /// The cache of this name.
    pub fn cache(&self, now: Instant, name: &str) -> Cache {
        self.caches.get_or_put(now, name, Cache::default)
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Result<(), Error> {
        let name = query::name(request.query(), "observe");
        if request.path() == "/echo" && name.is_none() {
            return self.echo(request).await;
        }
        // In a box: the future of a plain echo holds nothing of it.
        Box::pin(self.play(request)).await
    }

    async fn echo(&self, request: Request) -> Result<(), Error> {
        let mut ws = request.accept().await?;
        // What is queued goes out when nothing more is there to be read: many small replies in one write.
        while let Some(message) = ws.recv().await? {
            ws.feed(message).await?;
        }
        Ok(())
    }

    /// Everything that is not just an echo.
    async fn play(&self, request: Request) -> Result<(), Error> {
        let path = request.path();
        let malformed = path.strip_prefix("/malformed/").and_then(Malformed::find);
        let wrong = wrong::find(path);
        if what_stands_at(path) == "page" {
            let response = self.page(&request).await;
            return request.respond(response).await;
        }
        let name = query::name(request.query(), "observe").map(str::to_owned);
        let is_cache = path == "/cache";
        let Ok(offer) = request.offer() else {
            // The complete refusal, as everywhere.
            return request.accept().await.map(drop);
        };
        let Ok(_turn) = self.plays.try_acquire() else {
            let text = "Too many of these are played at the moment: try again.\n";
            return request.respond(HttpResponse::text(503, text)).await;
        };
        let log = Log::new(&request);
        let (deflate, is_tls) = (query::text(request.query(), "deflate"), request.transport().is_tls());
        let taken = match request.take_over() {
            Ok(taken) => taken,
            // Over HTTP/2 the handshake is seen, and the frames are not.
            Err(request) if request.path() == "/echo" => {
                if let Some(name) = &name {
                    self.observed.put(Instant::now(), name, log.clone());
                }
                let answer = self.observed_answer(deflate.as_deref());
                if let Ok((_, parts)) = offer.accept_parts(&answer) {
                    log.answered(&parts);
                }
                let ended = match request.accept_with(&answer).await {
                    // The connection itself tells it of a drain.
                    Ok(ws) => converse(ws, std::future::pending()).await,
                    Err(error) => Err(error),
                };
                log.end();
                return ended;
            }
            Err(request) => {
                let text = "This is played over HTTP/1.1 only: it is about the bytes on the wire.\n";
                return request.respond(HttpResponse::text(400, text)).await;
            }
        };
        if let Some(name) = &name
            && wrong.is_none()
            && !is_cache
        {
            self.observed.put(Instant::now(), name, log.clone());
        }
        if let Some(wrong) = wrong {
            return self.wrong(taken, wrong, name.as_deref()).await;
        }
        let options = AcceptOptions {
            policy: self.policy_over(is_tls),
            answer: self.observed_answer(deflate.as_deref()),
            config: self.config.clone(),
            // The connection stays a member of the server that it was taken over from.
            handle: None,
        };
        if is_cache {
            let cache = self.cache(Instant::now(), name.as_deref().unwrap_or("everybody's cache"));
            let served = cache.serve("browser", taken.head.as_bytes(), || {
                offer.accept(&options.answer).map_or_else(|_| Vec::new(), |(_, answer)| answer)
            });
            let (mut stream, draining) = Recorder::new(taken, log.clone());
            if served.is_replay {
                stream.skip_head();
                tokio::select! {
                    () = cache::replay(&mut stream, &served.answer) => {}
                    () = draining => {}
                }
                return Ok(());
            }
            let ws = handfast::server_handshake(stream, &options).await?;
            return converse(ws, draining).await;
        }
        let (stream, draining) = Recorder::new(taken, log.clone());
        if let Some(malformed) = malformed {
            return malformed.play(stream, &offer, &log, draining).await;
        }
        let ended = match handfast::server_handshake(stream, &options).await {
            Ok(ws) => converse(ws, draining).await,
            Err(error) => Err(error),
        };
        log.end();
        ended
    }

    async fn wrong(
        &self,
        taken: TakenOver,
        one: &'static WrongServer,
        name: Option<&str>,
    ) -> Result<(), Error> {
        if let Some(name) = name {
            let arrivals = self.arrivals.get_or_put(Instant::now(), name, Arc::default);
            arrivals.fetch_add(1, Ordering::Relaxed);
        }
        let played = wrong::play(taken, one, &self.other_key).await?;
        if let (Some(name), Some(played)) = (name, played) {
            self.played.put(Instant::now(), name, played);
        }
        Ok(())
    }

    async fn page(&self, request: &Request) -> HttpResponse {
        // The page answers to the same host names as the WebSocket, judged by the same code.
        if let Err(refusal) = request.offer()
            && let Some(fault) =
                refusal.faults().iter().find(|fault| fault.rule().id.starts_with("server/host-"))
        {
            return page::refuse_host(fault);
        }
        // Over HTTP/2: a page would open its stream.
        if request.method() == "CONNECT" && request.wants_websocket() {
            return page::no_websocket();
        }
        // Before anything is done for the asking: some of what stands under /api/ acts.
        if !matches!(request.method(), "GET" | "HEAD") {
            return page::refuse_method();
        }
        let is_tls = request.transport().is_tls();
        let asked = PageRequest {
            path: request.path(),
            query: request.query(),
            authority: request.head().authority(),
            is_tls,
        };
        if let Some(metrics) = self.metrics.as_ref().filter(|_| asked.path == "/metrics") {
            return page::metrics(asked, metrics.text());
        }
        if asked.path.starts_with("/api/") && is_foreign(request) {
            return page::refuse_site();
        }
        if asked.path == "/api/probe" {
            let rule = query::text(asked.query, "rule").and_then(|id| Rule::find(&id));
            let probed = match (rule, request.transport().local_addr()) {
                (Some(rule), Ok(own)) => probe::run(rule, own, is_tls).await,
                (None, _) => Err(HttpResponse::text(404, "The catalogue has no such rule.\n")),
                (Some(_), Err(_)) => {
                    let text = "The checker probes a port, and this server listens on a Unix socket.\n";
                    Err(HttpResponse::text(404, text))
                }
            };
            return page::json(asked, probed);
        }
        page::respond(asked, request.head().as_bytes(), self)
    }
}

/// What answers a handshake at this path: an `echo` that keeps the rules, a server that is `wrong` on purpose and may answer
/// anything, or no WebSocket but a `page`, which may be a 404.
pub fn what_stands_at(path: &str) -> &'static str {
    let malformed = path.strip_prefix("/malformed/").and_then(Malformed::find);
    if path == "/echo" || malformed.is_some() {
        // Malformed frames come behind a right answer.
        "echo"
    } else if path == "/cache" || wrong::find(path).is_some() {
        "wrong"
    } else {
        "page"
    }
}

/// Whether a browser says that a page of another site asks (Fetch Metadata). Without such a field it is no browser, or an old one,
/// which keeps the answer from the other page all the same.
fn is_foreign(request: &Request) -> bool {
    request.header("Sec-Fetch-Site").is_some_and(|site| !matches!(site, b"same-origin" | b"none"))
}

/// Echoes until the client closes, or the server drains.
async fn converse<S>(mut ws: WebSocket<S>, draining: impl Future<Output = ()>) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut draining = std::pin::pin!(draining);
    loop {
        tokio::select! {
            message = ws.recv() => match message? {
                Some(message) => ws.send(message).await?,
                None => return Ok(()),
            },
            () = &mut draining => return ws.close(CloseCode::GOING_AWAY, "").await,
        }
    }
}

/// On a loopback address, the names of this machine and those that were allowed; elsewhere only what was allowed, and any
/// name if nothing was. A page of another name that resolves to this machine is kept out so (DNS rebinding). No name resolves
/// to a Unix socket.
fn hosts(listen: &Listen, allowed: &[String]) -> Vec<String> {
    let listen = match listen {
        Listen::Port(listen) if is_loopback(listen.ip()) => listen,
        _ => return allowed.to_vec(),
    };
    let mut hosts: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    hosts.push(listen.ip().to_string());
    hosts.extend_from_slice(allowed);
    hosts
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// What a 101 agrees to without `--deflate`.
fn plain_answer() -> Answer {
    Answer::new().subprotocols(SUBPROTOCOLS).expect("the names are tokens, each given once")
}

/// Subprotocols that a client can try its offers with, most preferred first. To an echo they all mean the same.
const SUBPROTOCOLS: [&str; 3] = ["echo", "chat", "superchat"];

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts_of(listen: &str, allowed: &[&str]) -> Vec<String> {
        let allowed: Vec<String> = allowed.iter().map(|name| (*name).to_owned()).collect();
        hosts(&listen.parse().expect("an address"), &allowed)
    }

    #[test]
    fn a_loopback_address_answers_to_its_own_names_only() {
        assert_eq!(
            hosts_of("127.0.0.2:80", &["dev.example"]),
            ["localhost", "127.0.0.1", "::1", "127.0.0.2", "dev.example"]
        );
    }

    #[test]
    fn other_addresses_answer_to_any_name_unless_some_are_allowed() {
        assert!(hosts_of("0.0.0.0:80", &[]).is_empty());
        #[cfg(unix)]
        assert!(hosts_of("unix:a", &[]).is_empty());
        assert_eq!(hosts_of("192.0.2.1:80", &["dev.example"]), ["dev.example"]);
    }
}
