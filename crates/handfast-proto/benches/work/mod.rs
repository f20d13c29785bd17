//! The operations that are timed by `micro` and counted by `instructions`.

mod endpoint;

use bytes::Bytes;
use endpoint::Echo;
use handfast_proto::Text;
use handfast_proto::frame::{FrameHeader, Mask, OpCode, apply_mask};
use handfast_proto::handshake::{Accept, Answer, Key, Policy, Progress, RequestReader};
use std::hint::black_box;

/// Something that can be done again and again.
pub type Operation = Box<dyn FnMut()>;

/// The names of all operations.
pub const NAMES: [&str; 29] = [
    "accept-key",
    "handshake/6-fields",
    "handshake/15-fields",
    "header/parse-2-bytes",
    "header/parse-10-bytes",
    "header/encode-2-bytes",
    "header/encode-10-bytes",
    "mask/16",
    "mask/125",
    "mask/1k",
    "mask/16k",
    "mask/64k",
    "utf8/ascii-16",
    "utf8/ascii-1k",
    "utf8/mixed-1k",
    "utf8/mixed-64k",
    "echo/16",
    "echo/125",
    "echo/1k",
    "echo/16k",
    "echo/64k",
    "echo/1m",
    "echo/16-in-batches-of-16",
    "echo/1k-in-batches-of-16",
    "echo/text-125",
    "echo/text-1k",
    "echo/text-64k",
    "echo/ping",
    "echo/json-1k-deflated",
];

/// The operation of this name, ready to run.
pub fn operation(name: &str) -> Operation {
    let (group, what) = name.split_once('/').unwrap_or((name, ""));
    match group {
        "accept-key" => {
            let key = Key::parse(KEY).unwrap();
            Box::new(move || {
                black_box(Accept::derive(black_box(&key)));
            })
        }
        "handshake" => handshake(if what == "6-fields" { SIX } else { FIFTEEN }),
        "header" => header(what),
        "mask" => {
            let mut payload = vec![7; bytes(what)];
            Box::new(move || apply_mask(black_box(&mut payload), black_box(MASK), 0))
        }
        "utf8" => {
            let (kind, size) = what.split_once('-').expect("kind and size");
            let text = Bytes::from(text(kind, bytes(size)));
            Box::new(move || {
                black_box(Text::from_utf8(black_box(&text).clone()).is_ok());
            })
        }
        "echo" => echo(what),
        _ => panic!("no operation {name}"),
    }
}

fn handshake(request: &'static [u8]) -> Operation {
    let (policy, answer) = (Policy::default(), Answer::new());
    Box::new(move || {
        let read = RequestReader::new().read(black_box(request), &policy);
        let Ok(Progress::Complete { value: request, .. }) = read else {
            panic!("the request is whole and right")
        };
        let offer = request.into_offer(&policy).expect("the request is right");
        black_box(offer.accept(&answer).expect("no subprotocol is required"));
    })
}

fn header(what: &str) -> Operation {
    let len = if what.ends_with("-2-bytes") { 100 } else { 1 << 20 };
    let header = FrameHeader { fin: true, rsv1: false, opcode: OpCode::Binary, mask: Some(MASK), len };
    if what.starts_with("encode") {
        return Box::new(move || {
            black_box(black_box(&header).encode());
        });
    }
    let encoded = header.encode();
    Box::new(move || {
        black_box(FrameHeader::parse(black_box(encoded.as_slice())).is_ok());
    })
}

fn echo(what: &str) -> Operation {
    if what == "ping" {
        let mut echo = Echo::new();
        let frame = endpoint::frame(OpCode::Ping, b"payload", false);
        return Box::new(move || echo.turn(black_box(&frame)));
    }
    if what == "json-1k-deflated" {
        let (mut echo, frame) = Echo::deflated(&text("json", 1024));
        return Box::new(move || echo.turn(black_box(&frame)));
    }
    let (size, batch) = match what.split_once("-in-batches-of-") {
        Some((size, batch)) => (size, batch.parse().expect("a number")),
        None => (what, 1),
    };
    let frames = match size.strip_prefix("text-") {
        Some(size) => endpoint::frame(OpCode::Text, &text("mixed", bytes(size)), false),
        None => endpoint::frame(OpCode::Binary, &vec![b'x'; bytes(size)], false),
    }
    .repeat(batch);
    let mut echo = Echo::new();
    Box::new(move || echo.turn(black_box(&frames)))
}

fn bytes(size: &str) -> usize {
    match (size.strip_suffix('k'), size.strip_suffix('m')) {
        (Some(thousands), _) => thousands.parse::<usize>().expect("a number") << 10,
        (_, Some(millions)) => millions.parse::<usize>().expect("a number") << 20,
        _ => size.parse().expect("a number"),
    }
}

fn text(kind: &str, size: usize) -> Vec<u8> {
    let pattern = match kind {
        "ascii" => "The quick brown fox jumps over the lazy dog, 0123456789. ",
        "mixed" => "grün κόσμε 語 😀 and then some plain words in between; ",
        _ => {
            "{\"id\":4711,\"user\":\"u42\",\"event\":\"price\",\"symbol\":\"EUR/USD\",\"bid\":1.08231,\"ok\":true},"
        }
    };
    let mut text = pattern.repeat(size / pattern.len() + 1);
    text.truncate((0..=size).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0));
    let mut text = text.into_bytes();
    text.resize(size, b'.');
    text
}

const MASK: Mask = Mask([0x12, 0x34, 0x56, 0x78]);
const KEY: &[u8] = b"dGhlIHNhbXBsZSBub25jZQ==";
const SIX: &[u8] = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:9001\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const FIFTEEN: &[u8] = b"GET /chat?room=1 HTTP/1.1\r\nHost: 127.0.0.1:9001\r\nConnection: Upgrade\r\n\
Pragma: no-cache\r\nCache-Control: no-cache\r\n\
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36\r\n\
Upgrade: websocket\r\nOrigin: http://127.0.0.1:9001\r\nSec-WebSocket-Version: 13\r\n\
Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en-US;q=0.9,en;q=0.8\r\n\
Cookie: session=7f3c2f0d9ab14c0b8a5de1f2437b6c58; token=Qm9yZXMgaGVhZCBvZiBhIGxvbmcgdG9rZW4; theme=dark\r\n\
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nX-Forwarded-For: 203.0.113.57\r\n\
X-Forwarded-Proto: https\r\n\r\n";
