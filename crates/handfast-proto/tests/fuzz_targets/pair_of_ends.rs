//! Two honest ends, a wire that delivers as it likes, and any order of commands.

use super::ends::{config, frames};
use super::pair::{End, Pair};
use arbitrary::{Arbitrary, Result, Unstructured};
use handfast_proto::connection::{BufferPool, Config, Connection, End as Ended, Event, KeepAlive, Prepared};
use handfast_proto::deflate::DeflateOptions;
use handfast_proto::error::Misuse;
use handfast_proto::frame::{Close, CloseCode, OpCode};
use handfast_proto::{Limits, Message};
use std::collections::VecDeque;
use std::io::IoSlice;
use std::time::Duration;

/// What a ping of the keep-alive carries; no ping of these operations does.
const KEEP_ALIVE_PAYLOAD: &[u8] = b"hf";

/// The send queue of each end.
const QUEUE_BYTES_MAX: usize = 20_000;

/// One thing that happens; `bool` says to which end: true is the client.
#[derive(Debug, Arbitrary)]
enum Operation {
    Send {
        by: bool,
        text: bool,
        size: u16,
        how: How,
    },
    Ping(bool, u8),
    Pong(bool, u8),
    Close(bool, u16),
    /// The wire takes so many bytes from this end.
    Write(bool, u16),
    /// The wire gives so many bytes to this end.
    Read(bool, u16),
    /// The other end of this one closed its side of the wire.
    CutOff(bool),
    Abort(bool),
    Wait(u8),
}

#[derive(Clone, Copy, Debug, Arbitrary)]
enum How {
    Whole,
    Prepared,
    Pieces,
}

/// An end, and what it is owed.
struct Side {
    end: End,
    /// Bytes on their way to this end.
    incoming: Vec<u8>,
    /// Everything that was ever written to it.
    wire: Vec<u8>,
    /// Messages that the other end sent and that were not seen yet.
    owed: VecDeque<Message>,
    /// Payloads of pings, likewise.
    owed_pings: VecDeque<Vec<u8>>,
    ended: Option<Ended>,
    /// The other end may be silent for ever, or the wire was cut.
    may_be_lost: bool,
}

/// The input is a list of operations.
pub fn run(input: &[u8]) {
    // Input that is too short for an operation ends the list.
    let _ = run_operations(&mut Unstructured::new(input));
}

fn run_operations(input: &mut Unstructured<'_>) -> Result<()> {
    let limits = Limits {
        send_queue_bytes_max: QUEUE_BYTES_MAX,
        message_bytes_max: 70_000,
        inflate_ratio_max: 1100,
        ..Limits::default()
    };
    let keep_alive = KeepAlive { interval: Duration::from_secs(20), timeout: Duration::from_secs(10) };
    let config = Config {
        keep_alive: Some(keep_alive).filter(|_| input.ratio(1, 2).unwrap_or(false)),
        ..config(limits)
    };
    let pair = match input.arbitrary()? {
        true => Pair::compressed(config, deflate_options(input)?, deflate_options(input)?, 1),
        false => Pair::new(config, 1),
    };
    let Pair { client, server, now, .. } = pair;
    let side = |end| Side {
        end,
        incoming: Vec::new(),
        wire: Vec::new(),
        owed: VecDeque::new(),
        owed_pings: VecDeque::new(),
        ended: None,
        may_be_lost: false,
    };
    let (mut client, mut server, mut now) = (side(client), side(server), now);
    let mut timed = false;
    for operation in input.arbitrary_iter::<Operation>()?.take(200) {
        let operation = operation?;
        let (Operation::Send { by: is_client, .. }
        | Operation::Ping(is_client, _)
        | Operation::Pong(is_client, _)
        | Operation::Close(is_client, _)
        | Operation::Write(is_client, _)
        | Operation::Read(is_client, _)
        | Operation::CutOff(is_client)
        | Operation::Abort(is_client)) = operation
        else {
            let Operation::Wait(seconds) = operation else { continue };
            now += Duration::from_secs(u64::from(seconds));
            for side in [&mut client, &mut server] {
                if side.end.connection.wants_clock() {
                    side.end.connection.arm(now);
                }
                if side.end.connection.poll_timeout().is_some_and(|at| at <= now) {
                    side.end.connection.handle_timeout(now, &mut side.end.pool);
                    timed = true;
                }
                side.look();
            }
            continue;
        };
        let (this, other) = if is_client { (&mut client, &mut server) } else { (&mut server, &mut client) };
        this.run(&operation, other);
        this.look();
    }
    // The wire delivers the rest.
    loop {
        let moved = client.write(usize::MAX, &mut server) + server.write(usize::MAX, &mut client);
        if moved == 0 && client.incoming.is_empty() && server.incoming.is_empty() {
            break;
        }
        client.read(usize::MAX);
        server.read(usize::MAX);
    }
    let cut = client.may_be_lost || server.may_be_lost || timed;
    client.settle(cut);
    server.settle(cut);
    assert!(cut || client.ended.is_some() == server.ended.is_some(), "both know that it is over");
    Ok(())
}

fn deflate_options(input: &mut Unstructured<'_>) -> Result<DeflateOptions> {
    Ok(DeflateOptions {
        level: input.arbitrary()?,
        threshold_bytes: input.int_in_range(0..=100)?,
        own_context: input.arbitrary()?,
        peer_context: input.arbitrary()?,
        own_window_bits: input.int_in_range(8..=16)?,
        peer_window_bits: input.int_in_range(8..=16)?,
    })
}

/// Some of what is to be written.
fn write_some(connection: &mut Connection, pool: &mut BufferPool) -> Vec<u8> {
    let mut slices = [IoSlice::new(&[])];
    connection.poll_transmit(&mut slices);
    let some = slices[0][..slices[0].len().min(1000)].to_vec();
    connection.transmitted(some.len(), pool);
    some
}

impl Side {
    fn run(&mut self, operation: &Operation, other: &mut Side) {
        let Self { end, .. } = self;
        let closing = end.connection.is_close_sent();
        let is_full = end.connection.send_queue_bytes() >= QUEUE_BYTES_MAX;
        // Whether it was taken.
        let control = |result: std::result::Result<(), Misuse>| {
            match result {
                Ok(()) => assert!(!closing),
                Err(Misuse::SentAfterClose) => assert!(closing),
                Err(Misuse::SendQueueFull) => assert!(is_full && !closing),
                Err(other) => panic!("{other}"),
            }
            result.is_ok()
        };
        match *operation {
            Operation::Send { text, size, how, .. } => {
                let message = match text {
                    true => Message::text("é€😀a".repeat(usize::from(size) / 10)),
                    false => Message::binary(vec![size as u8; usize::from(size)]),
                };
                let full = is_full;
                let (connection, pool) = (&mut end.connection, &mut end.pool);
                let sent = match how {
                    How::Whole => connection.send(message.clone(), pool),
                    How::Prepared => connection.send_prepared(&Prepared::new(message.clone()), pool),
                    How::Pieces => connection.send_piece(message.clone(), false, pool).map(|()| {
                        let nothing = if text { Message::text("") } else { Message::binary(vec![]) };
                        // The queue may be full now: then the rest waits for room.
                        while connection.send_piece(nothing.clone(), true, pool) == Err(Misuse::SendQueueFull)
                        {
                            let some = write_some(connection, pool);
                            other.wire.extend_from_slice(&some);
                            other.incoming.extend_from_slice(&some);
                        }
                    }),
                };
                match sent {
                    Ok(()) => {
                        assert!(!closing && !full);
                        other.owed.push_back(message);
                    }
                    Err(Misuse::SentAfterClose) => assert!(closing),
                    Err(Misuse::SendQueueFull) => assert!(full),
                    Err(other) => panic!("{other}"),
                }
            }
            Operation::Ping(_, size) => {
                let payload = vec![size; usize::from(size) % 126];
                if control(end.connection.ping(&payload, &mut end.pool)) {
                    other.owed_pings.push_back(payload);
                }
            }
            Operation::Pong(_, size) => {
                control(end.connection.pong(&vec![size; usize::from(size) % 126], &mut end.pool));
            }
            Operation::Close(_, code) => {
                let close = CloseCode::new(code % 5000).ok();
                let close = close.map(|code| Close::new(code, "reason").expect("a short reason"));
                end.connection.close(close, &mut end.pool);
                assert!(end.connection.is_close_sent());
            }
            Operation::Write(_, count) => {
                self.write(usize::from(count), other);
            }
            Operation::Read(_, count) => self.read(usize::from(count)),
            Operation::CutOff(_) => {
                end.connection.receive_eof();
                self.may_be_lost = true;
                self.incoming.clear();
                other.may_be_lost = true;
            }
            Operation::Abort(_) => {
                end.connection.abort(&mut end.pool);
                assert!(!end.connection.has_transmit() && end.connection.is_expired());
                self.may_be_lost = true;
                other.may_be_lost = true;
            }
            Operation::Wait(_) => {}
        }
    }

    /// Moves up to `count` bytes from this end onto the wire.
    fn write(&mut self, count: usize, to: &mut Side) -> usize {
        let bytes = self.end.give_some(count);
        to.wire.extend_from_slice(&bytes);
        to.incoming.extend_from_slice(&bytes);
        bytes.len()
    }

    /// Gives up to `count` bytes of the wire to this end.
    fn read(&mut self, count: usize) {
        let count = count.min(self.incoming.len());
        let bytes: Vec<u8> = self.incoming.drain(..count).collect();
        self.end.take(&bytes, usize::MAX);
        self.look();
    }

    /// Looks at what this end reports.
    fn look(&mut self) {
        self.end.look();
        for event in self.end.seen() {
            match event {
                Event::Message(message) => {
                    assert!(self.ended.is_none());
                    assert_eq!(Some(message), self.owed.pop_front(), "what was sent, in its order");
                }
                Event::End(ended) => {
                    assert!(!matches!(ended, Ended::Fault(_)), "an honest end makes no fault: {ended:?}");
                    assert_eq!(self.ended, None, "the end is told once");
                    self.ended = Some(ended);
                }
                Event::Ping(payload) => {
                    assert!(self.ended.is_none());
                    // Those of the keep-alive are not owed.
                    if payload != KEEP_ALIVE_PAYLOAD {
                        assert_eq!(
                            Some(payload.to_vec()),
                            self.owed_pings.pop_front(),
                            "pings in their order"
                        );
                    }
                }
                _ => assert!(self.ended.is_none()),
            }
        }
    }

    /// Everything was delivered.
    fn settle(&mut self, cut: bool) {
        if cut {
            return;
        }
        let frames = frames(&self.wire);
        let closes = frames.iter().filter(|(header, _)| header.opcode == OpCode::Close).count();
        assert!(closes <= 1);
        assert_eq!(closes == 1, self.ended.is_some());
        if closes == 1 {
            assert_eq!(frames.last().map(|(header, _)| header.opcode), Some(OpCode::Close));
        }
        assert!(self.owed.is_empty(), "every message that was sent arrives");
        assert!(self.owed_pings.is_empty(), "and every ping");
    }
}
