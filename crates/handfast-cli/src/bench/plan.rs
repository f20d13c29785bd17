//! What is to be done, with everything checked before the first connection.

use super::args::BenchArgs;
use super::machine;
use super::payload::Payloads;
use crate::client::{tls, websocket_uri};
use crate::exit::{Exit, Failure};
use handfast::{Client, Config, Error, Limits};
use std::time::Duration;

/// What is to be done.
pub struct Plan {
    /// The URL as the client reads it.
    pub url: String,
    /// The host's name or address, without port and brackets.
    pub host: String,
    port: u16,
    /// Sends the request that all handshakes have.
    pub client: Client,
    /// What is sent over the connections; `None`: handshakes only.
    pub messages: Option<Messages>,
    /// Operations a second in the open model; `None`: the closed one.
    pub rate: Option<f64>,
    /// Connections with messages, or handshakes that may be under way together.
    pub connections: usize,
    /// How long the load lasts.
    pub duration: Duration,
    /// How long one answer may take.
    pub timeout: Duration,
    /// Threads that make the load.
    pub threads: usize,
    /// Hosts beyond this machine may be loaded.
    pub is_owned: bool,
}

/// What is sent.
pub struct Messages {
    /// The messages themselves.
    pub payloads: Payloads,
    /// How many may be under way on a connection.
    pub depth: usize,
}

impl Plan {
    /// Reads the arguments, and makes room for as many open files as they need.
    pub fn new(args: &BenchArgs) -> Result<Self, Failure> {
        let wrong = |why: String| Failure::new(Exit::WrongUse, why);
        let url = websocket_uri(&args.url)?;
        let target = handfast_check::Target::parse(&url).map_err(|error| wrong(error.to_string()))?;
        let connections = args.connections.map_or(16, |connections| connections as usize);
        let connections = match (args.handshakes, args.rate, args.connections) {
            (true, Some(_), None) => 1024,
            _ => connections,
        };
        let size = args.payload as usize;
        let depth = match (args.depth, args.rate) {
            (Some(depth), _) => depth as usize,
            (None, None) => 1,
            (None, Some(_)) => (OPEN_BYTES / (size + FRAME_HEADER_BYTES)).clamp(1, 1024),
        };
        let messages =
            (!args.handshakes).then(|| Messages { payloads: Payloads::new(args.kind, size), depth });
        machine::allow_open_files(connections + FILES_BESIDE).map_err(|allowed| {
            wrong(format!(
                "-c {connections} needs {} open files, and this process may have {allowed}: take fewer, or raise `ulimit -Hn`",
                connections + FILES_BESIDE
            ))
        })?;
        Ok(Self {
            client: client(args, &url, messages.as_ref())?,
            url,
            host: target.host,
            port: target.port,
            messages,
            rate: args.rate,
            connections,
            duration: args.duration,
            timeout: args.timeout,
            threads: usize::from(args.threads).min(connections),
            is_owned: args.i_own_this_host,
        })
    }

    /// Refuses to load other people's machines.
    pub async fn check_host(&self) -> Result<(), Failure> {
        if self.is_owned {
            return Ok(());
        }
        let addresses = tokio::net::lookup_host((self.host.as_str(), self.port)).await.map_err(|error| {
            Failure::new(Exit::Unreachable, format!("the name {} could not be resolved: {error}", self.host))
        })?;
        match addresses.into_iter().find(|address| !address.ip().is_loopback()) {
            None => Ok(()),
            Some(address) => Err(Failure::new(
                Exit::WrongUse,
                format!(
                    "load goes only to this machine, or with --i-own-this-host; {} is at {}",
                    self.host,
                    address.ip()
                ),
            )),
        }
    }

    /// How many operations the open model has within its duration.
    pub fn scheduled(&self) -> Option<u64> {
        // Saturates where the product is beyond all counting.
        self.rate.map(|rate| (rate * self.duration.as_secs_f64()).ceil() as u64)
    }

    /// How many connections a thread has, and the number of its first.
    pub fn share(&self, thread: usize) -> std::ops::Range<usize> {
        let at = |thread: usize| self.connections * thread / self.threads;
        at(thread)..at(thread + 1)
    }
}

fn client(args: &BenchArgs, url: &str, messages: Option<&Messages>) -> Result<Client, Failure> {
    let wrong = |error: Error| Failure::new(Exit::WrongUse, error.to_string());
    let mut client = Client::new(url).map_err(wrong)?;
    for (name, value) in &args.headers {
        client = client.header(name, value).map_err(wrong)?;
    }
    if let Some(origin) = &args.origin {
        client = client.origin(origin).map_err(wrong)?;
    }
    for name in &args.subprotocols {
        client = client.subprotocol(name).map_err(wrong)?;
    }
    let mut limits =
        Limits { handshake_timeout: args.timeout, close_timeout: args.timeout, ..Limits::default() };
    if let Some(messages) = messages {
        // All that may be under way fits into the queue: else we would wait to send while the server waits until we read.
        let all = messages.depth.saturating_mul(messages.payloads.size() + FRAME_HEADER_BYTES);
        limits.send_queue_bytes_max = limits.send_queue_bytes_max.saturating_add(all);
        limits.message_bytes_max = limits.message_bytes_max.max(messages.payloads.size());
        limits.frame_bytes_max = limits.frame_bytes_max.max(messages.payloads.size());
        limits.connection_bytes_max = limits.connection_bytes_max.saturating_add(all);
    }
    let config = Config { limits, ..Config::default() };
    Ok(client.config(config).connect_timeout(args.timeout).tls(tls(args.insecure, args.cacert.as_deref())?))
}

/// Standard streams, epoll, signals, and what each thread needs; closing connections still have theirs.
const FILES_BESIDE: usize = 64;

/// What may be under way on a connection of the open model where nobody says how much.
const OPEN_BYTES: usize = 64 << 20;

/// The longest frame header of a client.
const FRAME_HEADER_BYTES: usize = 14;
