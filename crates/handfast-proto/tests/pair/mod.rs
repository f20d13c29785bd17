//! Two endpoints without sockets, and a clock that the test turns.

#![allow(dead_code, reason = "each test file uses some of it")]

use bytes::BufMut;
use handfast_proto::connection::{BufferPool, Config, Connection, Event};
use handfast_proto::deflate::DeflateOptions;
use handfast_proto::handshake::{Accepted, Answer, ClientRequest, Policy, Progress, RequestReader, Verdict};
use handfast_proto::{Client, Limits, Server};
use std::io::IoSlice;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The proofs of a real handshake, client's and server's.
pub fn shake_hands(
    deflate: Option<(DeflateOptions, DeflateOptions)>,
) -> (Accepted<Client>, Accepted<Server>) {
    let mut request = ClientRequest::new("localhost", "/").unwrap();
    let mut answer = Answer::new();
    if let Some((client, server)) = deflate {
        request = request.deflate(client);
        answer = answer.deflate(server);
    }
    let (request, mut pending) = request.start([7; 16]);
    let policy = Policy::default();
    let Progress::Complete { value: request, .. } = RequestReader::new().read(&request, &policy).unwrap()
    else {
        panic!("the request is whole");
    };
    let (server, answer) = request.into_offer(&policy).unwrap().accept(&answer).unwrap();
    match pending.read(&answer, &Limits::default()).unwrap() {
        Progress::Complete { value: Verdict::Opened(client, _), .. } => (client, server),
        other => panic!("the answer opens: {other:?}"),
    }
}

/// One endpoint, its buffers, and what it reported.
pub struct End {
    pub connection: Connection,
    pub pool: BufferPool,
    pub events: Vec<Event>,
}

impl End {
    pub fn server(config: Config) -> Self {
        Self::from_server(shake_hands(None).1, config)
    }

    pub fn server_with_deflate(config: Config, options: DeflateOptions) -> Self {
        Self::from_server(shake_hands(Some((DeflateOptions::with_context(), options))).1, config)
    }

    pub fn client(config: Config) -> Self {
        Self::from_client(shake_hands(None).0, config)
    }

    fn from_server(accepted: Accepted<Server>, config: Config) -> Self {
        Self::new(Connection::server(accepted, Arc::new(config)))
    }

    fn from_client(accepted: Accepted<Client>, config: Config) -> Self {
        let mut counter = 0u32;
        let masks = move || {
            counter = counter.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            counter.to_be_bytes()
        };
        Self::new(Connection::client(accepted, Arc::new(config), Box::new(masks)))
    }

    pub fn new(connection: Connection) -> Self {
        Self { connection, pool: BufferPool::new(), events: Vec::new() }
    }

    /// Takes `bytes` in pieces of `step`, looking for events after each, as a driver does.
    pub fn take(&mut self, bytes: &[u8], step: usize) {
        for piece in bytes.chunks(step.max(1)) {
            let mut rest = piece;
            while !rest.is_empty() && !self.connection.is_closing() {
                let mut buffer = self.connection.receive_buffer(&mut self.pool);
                let count = buffer.remaining_mut().min(rest.len());
                assert!(count > 0, "a buffer has room");
                buffer.put_slice(&rest[..count]);
                rest = &rest[count..];
                self.look();
            }
            self.connection.release_buffer(&mut self.pool);
        }
    }

    /// Collects events.
    pub fn look(&mut self) {
        while let Some(event) = self.connection.poll_event(&mut self.pool) {
            self.events.push(event);
        }
    }

    /// Everything that is to be written.
    pub fn give(&mut self) -> Vec<u8> {
        self.give_some(usize::MAX)
    }

    /// What is to be written, up to `count` bytes.
    pub fn give_some(&mut self, count: usize) -> Vec<u8> {
        let mut wire = Vec::new();
        while self.connection.has_transmit() && wire.len() < count {
            let mut slices = [IoSlice::new(&[]); 4];
            let filled = self.connection.poll_transmit(&mut slices);
            let before = wire.len();
            slices[..filled].iter().for_each(|slice| wire.extend_from_slice(slice));
            wire.truncate(count);
            self.connection.transmitted(wire.len() - before, &mut self.pool);
        }
        wire
    }

    /// The events since the last call.
    pub fn seen(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub fn send(&mut self, message: impl Into<handfast_proto::Message>) {
        self.connection.send(message.into(), &mut self.pool).unwrap();
    }
}

/// A client and a server with a wire that delivers `step` bytes at a time.
pub struct Pair {
    pub client: End,
    pub server: End,
    pub now: Instant,
    pub step: usize,
}

impl Pair {
    pub fn new(config: Config, step: usize) -> Self {
        Self::begin(shake_hands(None), config, step)
    }

    /// With permessage-deflate agreed.
    pub fn compressed(config: Config, client: DeflateOptions, server: DeflateOptions, step: usize) -> Self {
        let accepted = shake_hands(Some((client, server)));
        assert!(accepted.0.deflate().is_some() && accepted.1.deflate().is_some());
        Self::begin(accepted, config, step)
    }

    fn begin(accepted: (Accepted<Client>, Accepted<Server>), config: Config, step: usize) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the test's clock begins somewhere")]
        let now = Instant::now();
        let (client, server) = accepted;
        Self {
            client: End::from_client(client, config.clone()),
            server: End::from_server(server, config),
            now,
            step,
        }
    }

    /// Moves bytes until both sides are dry.
    pub fn drive(&mut self) {
        loop {
            let up = self.client.give();
            let down = self.server.give();
            if up.is_empty() && down.is_empty() {
                break;
            }
            self.server.take(&up, self.step);
            self.client.take(&down, self.step);
        }
    }

    /// Lets time pass, deadline by deadline.
    pub fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            for end in [&mut self.client, &mut self.server] {
                if end.connection.wants_clock() {
                    end.connection.arm(self.now);
                }
            }
            let next = [&self.client, &self.server]
                .into_iter()
                .filter_map(|end| end.connection.poll_timeout())
                .min();
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.now = self.now.max(next);
            for end in [&mut self.client, &mut self.server] {
                if end.connection.poll_timeout().is_some_and(|at| at <= self.now) {
                    end.connection.handle_timeout(self.now, &mut end.pool);
                    end.look();
                }
            }
            self.drive();
        }
        self.now = until;
    }
}

/// Runs a test over a wire that delivers everything at once, in odd pieces, and byte by byte.
pub fn at_each_step(test: impl Fn(usize)) {
    for step in [usize::MAX, 1000, 3, 1] {
        test(step);
    }
}

/// A frame as a client sends it, with a mask.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = head(first, payload.len(), 0x80);
    frame.extend_from_slice(&mask);
    frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]));
    frame
}

/// A frame as a server sends it.
pub fn plain(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(first, payload.len(), 0);
    frame.extend_from_slice(payload);
    frame
}

fn head(first: u8, len: usize, mask_bit: u8) -> Vec<u8> {
    match len {
        0..126 => vec![first, mask_bit | len as u8],
        126..0x1_0000 => [&[first, mask_bit | 126][..], &(len as u16).to_be_bytes()].concat(),
        _ => [&[first, mask_bit | 127][..], &(len as u64).to_be_bytes()].concat(),
    }
}
