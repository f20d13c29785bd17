//! A server's end that sends back what it receives, without sockets.

use bytes::BufMut;
use handfast_proto::connection::{BufferPool, Config, Connection, Event};
use handfast_proto::deflate::DeflateOptions;
use handfast_proto::frame::{FrameHeader, Mask, OpCode, apply_mask};
use handfast_proto::handshake::{Accepted, Answer, ClientRequest, Policy, Progress, RequestReader, Verdict};
use handfast_proto::{Client, Limits, Message, Server};
use std::hint::black_box;
use std::io::IoSlice;
use std::sync::Arc;

/// It, with the buffers of its thread.
pub struct Echo {
    connection: Connection,
    pool: BufferPool,
}

impl Echo {
    /// Without compression.
    pub fn new() -> Self {
        Self { connection: server(shake_hands(false).1), pool: BufferPool::new() }
    }

    /// With compression, and `payload` as a client would send it.
    pub fn deflated(payload: &[u8]) -> (Self, Vec<u8>) {
        let (client, accepted) = shake_hands(true);
        let mut client = Connection::client(client, Arc::default(), Box::new(|| MASK));
        let mut pool = BufferPool::new();
        let text = std::str::from_utf8(payload).expect("it is text");
        client.send(Message::text(text), &mut pool).expect("it is open");
        let mut frame = Vec::new();
        write(&mut client, &mut pool, |bytes| frame.extend_from_slice(bytes));
        (Self { connection: server(accepted), pool }, frame)
    }

    /// Takes what one read or more may bring, echoes the messages in it, and lets the answers be written.
    pub fn turn(&mut self, mut wire: &[u8]) {
        while !wire.is_empty() {
            let mut room = self.connection.receive_buffer(&mut self.pool);
            let count = room.remaining_mut().min(wire.len());
            room.put_slice(&wire[..count]);
            wire = &wire[count..];
            while let Some(event) = self.connection.poll_event(&mut self.pool) {
                let Event::Message(message) = event else { panic!("it only echoes") };
                self.connection.send(message, &mut self.pool).expect("the queue has room");
            }
        }
        write(&mut self.connection, &mut self.pool, |bytes| {
            black_box(bytes.len());
        });
        self.connection.release_buffer(&mut self.pool);
    }
}

/// One masked frame.
pub fn frame(opcode: OpCode, payload: &[u8], rsv1: bool) -> Vec<u8> {
    let mask = Mask(MASK);
    let header = FrameHeader { fin: true, rsv1, opcode, mask: Some(mask), len: payload.len() as u64 };
    let mut frame = header.encode().as_slice().to_vec();
    let begin = frame.len();
    frame.extend_from_slice(payload);
    apply_mask(&mut frame[begin..], mask, 0);
    frame
}

fn write(connection: &mut Connection, pool: &mut BufferPool, mut take: impl FnMut(&[u8])) {
    while connection.has_transmit() {
        let mut slices = [IoSlice::new(&[]); 16];
        let filled = connection.poll_transmit(&mut slices);
        let written = slices[..filled].iter().map(|slice| slice.len()).sum();
        slices[..filled].iter().for_each(|slice| take(slice));
        connection.transmitted(written, pool);
    }
}

fn server(accepted: Accepted<Server>) -> Connection {
    Connection::server(accepted, Arc::new(Config::for_servers()))
}

fn shake_hands(deflate: bool) -> (Accepted<Client>, Accepted<Server>) {
    let (mut request, mut answer) = (ClientRequest::new("localhost", "/").unwrap(), Answer::new());
    if deflate {
        request = request.deflate(DeflateOptions::default());
        answer = answer.deflate(DeflateOptions::default());
    }
    let (wire, mut pending) = request.start([7; 16]);
    let policy = Policy::default();
    let Progress::Complete { value: request, .. } = RequestReader::new().read(&wire, &policy).unwrap() else {
        panic!("the request is whole");
    };
    let (server, answer) = request.into_offer(&policy).unwrap().accept(&answer).unwrap();
    match pending.read(&answer, &Limits::default()).unwrap() {
        Progress::Complete { value: Verdict::Opened(client, _), .. } => (client, server),
        other => panic!("the answer opens: {other:?}"),
    }
}

const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];
