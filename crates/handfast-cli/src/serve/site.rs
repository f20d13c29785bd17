//! What is served: the echo and the page, and to whom.

use super::listen::Listen;
use super::metrics::Metrics;
use super::observe::{self, Observed, Store};
use super::page::{self, PageRequest};
use crate::args::ServeArgs;
use crate::exit::Failure;
use handfast::{DeflateOptions, Error, HttpResponse, Request};
use handfast_proto::handshake::{Answer, OriginPolicy, Policy};
use std::net::IpAddr;
use std::time::Instant;

/// Everything that all threads share.
#[derive(Debug)]
pub struct Site {
    origin: OriginPolicy,
    hosts: Vec<String>,
    answer: Answer,
    store: Store,
    metrics: Option<Metrics>,
}

impl Site {
    /// As the command line wants it.
    ///
    /// Fails when the counters cannot be set up.
    pub fn new(args: &ServeArgs) -> Result<Self, Failure> {
        let origin = match &*args.allow_origins {
            [] => OriginPolicy::SameOrigin,
            origins if origins.iter().any(|origin| origin == "*") => OriginPolicy::Any,
            origins => OriginPolicy::Allow(origins.to_vec()),
        };
        let mut answer =
            Answer::new().subprotocols(SUBPROTOCOLS).expect("the names are tokens, each given once");
        if args.deflate {
            // No context is kept: thousands of idle connections hold no memory for it.
            answer = answer.deflate(DeflateOptions::default());
        }
        let metrics = args.metrics.then(Metrics::install).transpose()?;
        let hosts = hosts(&args.listen, &args.allow_hosts);
        Ok(Self { origin, hosts, answer, store: Store::default(), metrics })
    }

    /// How requests are judged.
    pub fn policy(&self) -> Policy {
        Policy { origin: self.origin.clone(), hosts: self.hosts.clone(), ..Policy::default() }
    }

    /// What a 101 agrees to.
    pub fn answer(&self) -> Answer {
        self.answer.clone()
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Result<(), Error> {
        if request.path() == "/echo" {
            return self.echo(request).await;
        }
        let response = self.page(&request);
        request.respond(response).await
    }

    async fn echo(&self, request: Request) -> Result<(), Error> {
        if let Some(id) = observe::id(request.query(), "observe") {
            self.observe(id, &request);
        }
        let mut ws = request.accept().await?;
        // What is queued goes out when nothing more is there to be read: many small replies in one write.
        while let Some(message) = ws.recv().await? {
            ws.feed(message).await?;
        }
        Ok(())
    }

    /// Remembers a handshake that is going to be accepted, before the page that made it can ask.
    fn observe(&self, id: &str, request: &Request) {
        let Ok(offer) = request.offer() else { return };
        let Ok((_, response)) = offer.accept(&self.answer) else { return };
        let key = offer.key().map(|key| key.as_str().to_owned()).unwrap_or_default();
        let observed = Observed { request: request.head().as_bytes().to_vec(), response, key };
        self.store.put(Instant::now(), id, observed);
    }

    fn page(&self, request: &Request) -> HttpResponse {
        // The page answers to the same host names as the WebSocket, judged by the same code.
        if let Err(refusal) = request.offer()
            && let Some(fault) =
                refusal.faults().iter().find(|fault| fault.rule().id.starts_with("server/host-"))
        {
            return page::refuse_host(fault);
        }
        if let Some(metrics) = self.metrics.as_ref().filter(|_| request.path() == "/metrics") {
            return page::metrics(request.method(), metrics.text());
        }
        let request = PageRequest {
            method: request.method(),
            path: request.path(),
            query: request.query(),
            authority: request.head().authority(),
        };
        page::respond(request, &self.store)
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
