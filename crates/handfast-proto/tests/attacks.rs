//! What brought other WebSocket libraries down, tried on this one. Each test names where it happened. Deflate's part is
//! in `deflate.rs`.
//!
//! Memory is counted by the allocator, so the tests of this file run one after another.

mod pair;

use handfast_proto::connection::{Config, End as Ended, Event};
use handfast_proto::deflate::DeflateOptions;
use handfast_proto::error::{FrameFault, Misuse};
use handfast_proto::frame::CloseCode;
use handfast_proto::handshake::{
    Answer, ClientRequest, HttpResponse, OriginPolicy, Policy, Progress, RequestReader, Verdict,
};
use handfast_proto::{Limits, Message};
use pair::{End, Pair, masked, plain};
use peak_alloc::PeakAlloc;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;
static ALONE: Mutex<()> = Mutex::new(());

/// Counts what is allocated from now on, while no other test runs.
struct Memory {
    before: usize,
    _alone: MutexGuard<'static, ()>,
}

impl Memory {
    fn watch() -> Self {
        let mut memory = Self { before: 0, _alone: ALONE.lock().unwrap_or_else(PoisonError::into_inner) };
        memory.again();
        memory
    }

    /// Counts anew from here on.
    fn again(&mut self) {
        MEMORY.reset_peak_usage();
        self.before = MEMORY.current_usage();
    }

    /// Bytes held now.
    fn held(&self) -> usize {
        MEMORY.current_usage().saturating_sub(self.before)
    }

    /// The most that was ever held.
    fn peak(&self) -> usize {
        MEMORY.peak_usage().saturating_sub(self.before)
    }
}

fn fault(fault: FrameFault) -> [Event; 1] {
    [Event::End(Ended::Fault(fault))]
}

/// The head of a frame with a length in its longest form, to a server.
fn claim(len: u64) -> Vec<u8> {
    [&[0x82, 0xff][..], &len.to_be_bytes(), &[0; 4]].concat()
}

// ws CVE-2026-48779, undici CVE-2026-12151, Bandit CVE-2026-42786: fragments without end, each with a cost of its own.
#[test]
fn empty_fragments_cost_no_memory_and_end_with_1008_beyond_their_limit() {
    let memory = Memory::watch();
    let mut end = End::server(Config::default());
    end.take(&masked(0x01, b""), usize::MAX);
    let more = masked(0x00, b"").repeat(1000);
    let limit = Limits::default().fragments_max;
    for _ in 0..(limit - 1) / 1000 {
        end.take(&more, usize::MAX);
    }
    end.take(&more[..(limit - 1) % 1000 * 6], usize::MAX);
    assert_eq!(end.seen(), []);
    assert!(memory.peak() < 300 << 10, "{} bytes for {limit} empty fragments", memory.peak());
    end.take(&masked(0x00, b""), usize::MAX);
    assert_eq!(end.seen(), fault(FrameFault::TooManyFragments { limit }));
    assert_eq!(FrameFault::TooManyFragments { limit }.close_code(), CloseCode::POLICY_VIOLATION);
}

// The same again: memory follows the payload, not the number of pieces.
#[test]
fn fragments_of_one_byte_hold_little_more_than_their_bytes() {
    let memory = Memory::watch();
    let mut end = End::server(Config::default());
    end.take(&masked(0x02, b"x"), usize::MAX);
    let more = masked(0x00, b"x").repeat(1000);
    for _ in 0..100 {
        end.take(&more, usize::MAX);
    }
    // A doubling buffer, its copy while it grows, and what the pool keeps.
    assert!(memory.peak() < 700 << 10, "{} bytes for 100 001 of payload", memory.peak());
    end.take(&masked(0x80, b""), usize::MAX);
    assert_eq!(end.seen(), [Event::Message(Message::binary(vec![b'x'; 100_001]))]);
}

// ws 8.22 maxPendingAutoPongs: a peer that pings and never reads.
#[test]
fn a_ping_flood_that_is_never_read_holds_a_few_pongs_and_one_ping() {
    let few = Limits::default().pongs_queued_max;
    let memory = Memory::watch();
    let mut end = End::server(Config::default());
    let flood = masked(0x89, &[b'p'; 125]).repeat(100);
    for _ in 0..1000 {
        end.take(&flood, usize::MAX);
    }
    assert_eq!(end.connection.send_queue_bytes(), few * 127);
    assert!(memory.peak() < 400 << 10, "{} bytes", memory.peak());
    assert_eq!(end.give(), plain(0x8a, &[b'p'; 125]).repeat(few + 1));
}

// gorilla CVE-2020-27813, NATS CVE-2026-27889, undici CVE-2026-1528, websocket-driver CVE-2026-54466, Rust websocket
// CVE-2022-35922: lengths that overflow, or are believed.
#[test]
fn a_length_beyond_any_limit_ends_the_connection_before_a_byte_is_reserved() {
    let limit = Limits::default().frame_bytes_max;
    for (len, wanted) in [
        (1 << 63, FrameFault::LengthBeyond63Bits(1 << 63)),
        (u64::MAX, FrameFault::LengthBeyond63Bits(u64::MAX)),
        (u64::MAX >> 1, FrameFault::FrameTooBig { claimed: u64::MAX >> 1, limit }),
        ((1 << 53) + 1, FrameFault::FrameTooBig { claimed: (1 << 53) + 1, limit }),
        (1 << 32, FrameFault::FrameTooBig { claimed: 1 << 32, limit }),
        (limit as u64 + 1, FrameFault::FrameTooBig { claimed: limit as u64 + 1, limit }),
    ] {
        let memory = Memory::watch();
        let mut server = End::server(Config::default());
        server.take(&claim(len), 1);
        assert_eq!(server.seen(), fault(wanted.clone()), "{len}");
        let mut client = End::client(Config::default());
        client.take(&[&[0x82, 0x7f][..], &len.to_be_bytes()].concat(), 1);
        assert_eq!(client.seen(), fault(wanted), "{len}");
        assert!(memory.peak() < 400 << 10, "{len}: {} bytes", memory.peak());
    }
}

// The same: a length within the limit is a promise of the peer, not yet bytes.
#[test]
fn a_thousand_claims_of_16_mib_with_nothing_behind_them_hold_almost_nothing() {
    let memory = Memory::watch();
    let claims = claim(16 << 20);
    let mut pool = handfast_proto::connection::BufferPool::new();
    let mut connections = Vec::new();
    for _ in 0..1000 {
        let mut end = End::server(Config::default());
        std::mem::swap(&mut end.pool, &mut pool);
        end.take(&claims, usize::MAX);
        // The driver looks for more, and there is nothing.
        end.connection.receive_buffer(&mut end.pool);
        end.connection.release_buffer(&mut end.pool);
        std::mem::swap(&mut end.pool, &mut pool);
        connections.push(end);
    }
    assert!(memory.held() < 3 << 20, "{} bytes of 1000 connections", memory.held());
}

#[test]
fn a_part_of_a_large_message_holds_little_more_than_what_came() {
    let mut memory = Memory::watch();
    let mut frame = claim(16 << 20);
    frame.extend_from_slice(&vec![7; 1 << 20]);
    memory.again();
    let mut end = End::server(Config::default());
    end.take(&frame, 10_000);
    assert!(memory.held() < 5 << 19, "{} bytes for 1 MiB", memory.held());
}

// undici CVE-2026-1526, Bandit CVE-2026-39804, websocket-driver CVE-2026-54490, Daphne CVE-2026-44545: bombs.
#[test]
fn an_inflate_bomb_holds_at_most_a_few_mib_before_it_is_stopped_with_1009() {
    let mut memory = Memory::watch();
    let bomb = {
        let options = DeflateOptions { level: 9, ..DeflateOptions::default() };
        let limits = Limits { inflate_ratio_max: usize::MAX, ..Limits::default() };
        let mut end = End::server_with_deflate(Config { limits, ..Config::default() }, options);
        end.send(vec![0; 64 << 20]);
        let wire = end.give();
        masked(0xc2, &wire[4..])
    };
    assert!(bomb.len() * 1000 < 68 << 20, "{} bytes", bomb.len());
    for step in [usize::MAX, 1] {
        memory.again();
        let mut end = End::server_with_deflate(Config::default(), DeflateOptions::default());
        end.take(&bomb, step);
        assert_eq!(end.seen(), fault(FrameFault::InflateRatio { limit: 100 }));
        assert!(memory.peak() < 4 << 20, "{} bytes, in steps of {step}", memory.peak());
        assert_eq!(end.give()[2..4], 1009u16.to_be_bytes());
    }
}

// undici CVE-2026-2229, CVE-2026-1528: parameters of the peer's choice.
#[test]
fn no_parameter_of_an_extension_offer_does_more_than_be_declined() {
    let _alone = Memory::watch();
    for value in
        ["0", "7", "16", "99999999999999999999", "-1", "08", "1e1", "0x9", "\"\"", "", "8", "9", "15"]
    {
        for name in ["server_max_window_bits", "client_max_window_bits", "server_no_context_takeover", "x"] {
            let line = format!("Sec-WebSocket-Extensions: permessage-deflate; {name}={value}");
            let policy = Policy::default();
            let Progress::Complete { value: request, .. } =
                RequestReader::new().read(&request(&line), &policy).unwrap()
            else {
                panic!("the head is whole");
            };
            let Ok(offer) = request.into_offer(&policy) else {
                assert!(["\"\"", ""].contains(&value), "{line} is outside the grammar");
                continue;
            };
            let answer = Answer::new().deflate(DeflateOptions::with_context());
            let (accepted, _) = offer.accept(&answer).unwrap();
            let wanted = match name {
                "server_max_window_bits" => ["9", "15"].contains(&value),
                "client_max_window_bits" => ["8", "9", "15"].contains(&value),
                _ => false,
            };
            assert_eq!(accepted.deflate().is_some(), wanted, "{line}");
        }
    }
}

#[test]
fn no_parameter_of_an_extension_answer_does_more_than_fail_the_handshake() {
    let _alone = Memory::watch();
    for parameter in [
        "server_max_window_bits",
        "server_max_window_bits=7",
        "server_max_window_bits=16",
        "server_max_window_bits=99999999999999999999",
        "server_max_window_bits=15; server_max_window_bits=15",
        "client_max_window_bits",
        "client_max_window_bits=0",
        "client_max_window_bits=1000",
        "server_no_context_takeover=1",
        "x",
        "__proto__=1",
    ] {
        let (_, mut pending) =
            ClientRequest::new("h", "/").unwrap().deflate(DeflateOptions::with_context()).start([7; 16]);
        let line = format!("Sec-WebSocket-Extensions: permessage-deflate; {parameter}");
        let answer = answer(pending.expected().as_str(), &line);
        let read = pending.read(&answer, &Limits::default()).unwrap();
        assert!(
            matches!(read, Progress::Complete { value: Verdict::Faulty(..), .. }),
            "{parameter}: {read:?}"
        );
    }
}

// ws CVE-2024-37890, Bandit `[client_key]=`, Granian on non-ASCII subprotocols: header values that are missing, doubled,
// huge or strange.
#[test]
fn every_header_may_be_absent_doubled_huge_empty_or_outside_ascii_and_is_answered() {
    let _alone = Memory::watch();
    const NAMES: [&str; 8] = [
        "Host",
        "Upgrade",
        "Connection",
        "Sec-WebSocket-Key",
        "Sec-WebSocket-Version",
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Extensions",
        "Origin",
    ];
    let text = String::from_utf8(request("Sec-WebSocket-Protocol: a\r\nOrigin: http://h")).unwrap();
    let text = text.replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: b\r\n\r\n");
    assert!(accepts(text.as_bytes()));
    for name in NAMES {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        let values: [&[u8]; 6] =
            [b"", b"\xe9", "\u{fffd}€".as_bytes(), &[b'a'; 60_000], &[b','; 60_000], b"\"\\"];
        for value in values {
            let bytes = text.as_bytes();
            let at = text.find(line).unwrap();
            let other = [name.as_bytes(), b": ", value].concat();
            let instead = [&bytes[..at], &other, &bytes[at + line.len()..]].concat();
            let doubled = [&bytes[..at], &other, b"\r\n", &bytes[at..]].concat();
            let allowed = matches!((name, value), ("Sec-WebSocket-Protocol", _) if value.len() == 60_000 && value[0] == b'a');
            assert_eq!(
                accepts(&instead),
                allowed || is_harmless(name, value),
                "{name}: {}",
                value.escape_ascii()
            );
            accepts(&doubled);
        }
        let without = text.replace(&format!("{line}\r\n"), "");
        assert_eq!(
            accepts(without.as_bytes()),
            name.ends_with("Protocol") || name.ends_with("Extensions") || name == "Origin"
        );
    }
}

/// A value that offers something unknown, which is no fault.
fn is_harmless(name: &str, value: &[u8]) -> bool {
    name == "Sec-WebSocket-Extensions" && value.len() == 60_000 && value[0] == b'a'
}

// hackney CVE-2026-47073 for the client; the same for the server: heads without an end.
#[test]
fn endless_heads_are_refused_at_their_limit_by_both_roles() {
    let _alone = Memory::watch();
    let limits = Limits::default();
    let endless = |begin: &str, more: &str| {
        let count = limits.head_bytes_max / more.len() + 1;
        [begin, &more.repeat(count)].concat().into_bytes()
    };
    for (begin, more, status) in [
        ("GET /", "a", 414),
        ("", "A", 414),
        ("GET / HTTP/1.1\r\nA: ", "b", 431),
        ("GET / HTTP/1.1\r\n", "A", 431),
        ("GET / HTTP/1.1\r\n", "a: b\r\n", 431),
        ("GET / HTTP/1.1\r\n", " \r\n", 431),
    ] {
        let input = endless(begin, more);
        let mut reader = RequestReader::new();
        let policy = Policy::default();
        let (at, refusal) = (0..=input.len())
            .find_map(|length| reader.read(&input[..length], &policy).err().map(|refusal| (length, refusal)))
            .expect("an endless head is refused");
        assert!(at <= limits.head_bytes_max);
        assert_eq!(refusal.status(), status, "{begin}{more}{more}...");
    }
    for (begin, more) in [
        ("HTTP/1.1 ", "1"),
        ("HTTP/1.1 101 ", "a"),
        ("HTTP/1.1 101 \r\nA: ", "b"),
        ("HTTP/1.1 101 \r\n", "a: b\r\n"),
        ("", "HTTP/1.1 100 Continue\r\n\r\n"),
        ("HTTP/1.1 404 \r\n", "A"),
    ] {
        let input = endless(begin, more);
        let mut pending = ClientRequest::new("h", "/").unwrap().start([7; 16]).1;
        let at = (0..=input.len()).find(|length| pending.read(&input[..*length], &limits).is_err());
        assert!(at.is_some_and(|at| at <= limits.head_bytes_max), "{begin}{more}{more}...");
    }
}

// ws CVE-2021-32640, websocket-extensions CVE-2020-7662 and 7663: texts that made parsers slow. A second for this test
// would be a thousand times too long; a parser that goes back never ends it.
#[test]
fn header_values_that_invite_going_back_are_read_in_one_pass() {
    let _alone = Memory::watch();
    for (name, piece) in [
        ("Sec-WebSocket-Protocol", "a "),
        ("Sec-WebSocket-Protocol", " ,"),
        ("Sec-WebSocket-Extensions", "\\\""),
        ("Sec-WebSocket-Extensions", "a; b=\"\\a"),
        ("Sec-WebSocket-Extensions", "a;b=\"c\";"),
        ("Upgrade", "websocket/ "),
        ("Connection", "upgrade ;"),
        ("Sec-WebSocket-Key", "A= "),
    ] {
        let line = format!("{name}: {}\u{1}", piece.repeat(60_000 / piece.len()));
        for _ in 0..50 {
            assert!(!accepts(&request(&line)), "{name}");
        }
    }
}

// Daphne CVE-2026-44546, undici CVE-2026-1527: line ends in what programs pass on.
#[test]
fn nothing_that_a_program_passes_on_can_begin_another_line() {
    let _alone = Memory::watch();
    let client = || ClientRequest::new("h", "/").unwrap();
    for bad in ["a\r\nX: y", "a\nX: y", "a\rX: y", "\r\n\r\n", "a\0", "a\u{7f}", "\u{b}"] {
        for (name, value) in [("X-A", bad), (bad, "a"), ("Origin", bad), ("Cookie", bad)] {
            assert_eq!(Answer::new().field(name, value).unwrap_err(), Misuse::HeaderNotAllowed);
            assert_eq!(client().field(name, value).unwrap_err(), Misuse::HeaderNotAllowed);
            assert_eq!(HttpResponse::new(200).field(name, value).unwrap_err(), Misuse::HeaderNotAllowed);
        }
        assert_eq!(Answer::new().subprotocols([bad]).unwrap_err(), Misuse::SubprotocolInvalid);
        assert_eq!(client().subprotocol(bad).unwrap_err(), Misuse::SubprotocolInvalid);
        assert!(
            ClientRequest::new(bad, "/").is_err() && ClientRequest::new("h", &format!("/{bad}")).is_err()
        );
    }
    for name in [
        "Upgrade",
        "Connection",
        "SEC-WebSocket-Accept",
        "sec-websocket-key",
        "Content-Length",
        "Transfer-Encoding",
    ] {
        assert_eq!(Answer::new().field(name, "a").unwrap_err(), Misuse::HeaderNotAllowed);
        assert_eq!(client().field(name, "a").unwrap_err(), Misuse::HeaderNotAllowed);
    }
}

// ws CVE-2026-45736 and its Buffer(n) of 2016: answers that carry what lay in memory before.
#[test]
fn answers_to_pings_and_closes_carry_the_peers_bytes_and_no_others() {
    let _alone = Memory::watch();
    let mut end = End::server(Config::default());
    end.take(&masked(0x81, &b"secret ".repeat(100)), usize::MAX);
    end.take(&masked(0x89, b""), usize::MAX);
    end.take(&masked(0x89, b"p"), usize::MAX);
    end.take(&masked(0x88, b"\x03\xe8and a reason"), usize::MAX);
    assert_eq!(end.give(), [plain(0x8a, b""), plain(0x8a, b"p"), plain(0x88, b"\x03\xe8")].concat());
    for (payload, code) in [(&b"\x03"[..], 1002u16), (b"\x03\xe7", 1002), (b"\x03\xe8\xff", 1007)] {
        let mut end = End::server(Config::default());
        end.take(&masked(0x81, &b"secret ".repeat(100)), usize::MAX);
        end.take(&masked(0x88, payload), usize::MAX);
        let wire = end.give();
        assert_eq!(wire[2..4], code.to_be_bytes());
        assert!(!wire.windows(6).any(|bytes| bytes == b"secret") && wire.len() < 127);
    }
}

// Bandit GHSA-rhh8-5xw9-c3gm; uWebSockets does not look: the mask of the wrong role.
#[test]
fn the_mask_is_checked_in_both_directions() {
    let _alone = Memory::watch();
    for first in [0x81, 0x82, 0x88, 0x89, 0x8a] {
        let mut server = End::server(Config::default());
        server.take(&plain(first, b""), usize::MAX);
        assert_eq!(server.seen(), fault(FrameFault::MaskMissing));
        let mut client = End::client(Config::default());
        client.take(&masked(first, b""), usize::MAX);
        assert_eq!(client.seen(), fault(FrameFault::MaskUnexpected));
    }
}

// 0ang3el's websocket-smuggle: a request behind one that a server refuses, and that a proxy believes accepted.
#[test]
fn a_refusal_says_that_nothing_behind_the_request_is_read() {
    let _alone = Memory::watch();
    let mut smuggled = request("X: y");
    let at = smuggled.windows(4).position(|bytes| bytes == b": 13").unwrap();
    smuggled[at + 2..at + 4].copy_from_slice(b"77");
    smuggled.extend_from_slice(b"GET /internal HTTP/1.1\r\nHost: h\r\n\r\n");
    let policy = Policy::default();
    let Progress::Complete { value, used } = RequestReader::new().read(&smuggled, &policy).unwrap() else {
        panic!("the head is whole");
    };
    assert!(smuggled[used..].starts_with(b"GET /internal"));
    let refusal = String::from_utf8(value.into_offer(&policy).unwrap_err().to_bytes()).unwrap();
    assert!(refusal.starts_with("HTTP/1.1 426 ") && refusal.contains("\r\nConnection: Upgrade, close\r\n"));
    assert!(refusal.contains("\r\nSec-WebSocket-Version: 13\r\n") && !refusal.contains(" 101 "));
}

// Cross-site WebSocket hijacking: three of twenty peers refuse it by default.
#[test]
fn a_page_of_another_origin_is_refused_unless_the_server_says_otherwise() {
    let _alone = Memory::watch();
    for origin in ["http://evil.example", "https://h.evil.example", "null", "http://h:8080"] {
        let request = request(&format!("Origin: {origin}"));
        assert!(!accepts(&request), "{origin}");
        let any = Policy { origin: OriginPolicy::Any, ..Policy::default() };
        let read = RequestReader::new().read(&request, &any).unwrap();
        assert!(matches!(read, Progress::Complete { value, .. } if value.clone().into_offer(&any).is_ok()));
    }
}

// gobwas, gws, Jetty, Netty draw masks from weak sources: here each comes from the source that the program gave, unused.
#[test]
fn each_frame_of_a_client_takes_a_mask_of_its_own_from_the_given_source() {
    let _alone = Memory::watch();
    let mut end = End::client(Config::default());
    for _ in 0..100 {
        end.send("x");
    }
    end.connection.ping(b"", &mut end.pool).unwrap();
    end.connection.close(None, &mut end.pool);
    let wire = end.give();
    let mut masks: Vec<&[u8]> = wire[..700].chunks(7).map(|frame| &frame[2..6]).collect();
    masks.extend([&wire[702..706], &wire[708..712]]);
    masks.sort_unstable();
    masks.dedup();
    assert_eq!(masks.len(), 102);
}

// fastwebsockets never, Jetty without case, Paho against itself: the accept value is compared byte by byte.
#[test]
fn an_accept_value_that_differs_anywhere_fails_the_handshake() {
    let _alone = Memory::watch();
    let right = ClientRequest::new("h", "/").unwrap().start([7; 16]).1.expected();
    let opens = |value: &str| {
        let mut pending = ClientRequest::new("h", "/").unwrap().start([7; 16]).1;
        let read = pending.read(&answer(value, "X: y"), &Limits::default()).unwrap();
        matches!(read, Progress::Complete { value: Verdict::Opened(..), .. })
    };
    assert!(opens(right.as_str()));
    for at in 0..28 {
        let mut wrong = right.as_str().to_owned();
        let other = if wrong.as_bytes()[at] == b'A' { "a" } else { "A" };
        wrong.replace_range(at..=at, other);
        assert!(!opens(&wrong), "{wrong}");
    }
    for wrong in [&right.as_str()[..27], &format!("{right}="), &right.as_str().to_lowercase(), "", "\"\""] {
        assert!(!opens(wrong), "{wrong}");
    }
}

// CRIME and BREACH, ASP.NET DangerousEnableCompression: compression is for those who ask for it.
#[test]
fn nothing_is_compressed_unless_both_programs_asked_for_it() {
    let _alone = Memory::watch();
    let offer = request("Sec-WebSocket-Extensions: permessage-deflate");
    let policy = Policy::default();
    let Progress::Complete { value, .. } = RequestReader::new().read(&offer, &policy).unwrap() else {
        panic!("the head is whole");
    };
    let (accepted, response) = value.into_offer(&policy).unwrap().accept(&Answer::new()).unwrap();
    assert!(accepted.deflate().is_none());
    assert!(!String::from_utf8(response).unwrap().contains("Extensions"));
    let (request, _) = ClientRequest::new("h", "/").unwrap().start([7; 16]);
    assert!(!String::from_utf8(request).unwrap().contains("Extensions"));
    let mut pair = Pair::new(Config::default(), usize::MAX);
    pair.server.send("a".repeat(1000));
    assert!(pair.server.give().len() > 1000);
}

/// A right request with one more line.
fn request(line: &str) -> Vec<u8> {
    format!(
        "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{line}\r\n\r\n"
    )
    .into_bytes()
}

/// A right answer, but for the accept value, with one more line.
fn answer(accept: &str, line: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{line}\r\n\r\n"
    )
    .into_bytes()
}

/// Whether a server accepts this; a refusal must be complete.
fn accepts(input: &[u8]) -> bool {
    let policy = Policy::default();
    let refusal = match RequestReader::new().read(input, &policy) {
        Ok(Progress::Complete { value, .. }) => match value.into_offer(&policy) {
            Ok(_) => return true,
            Err(refusal) => refusal,
        },
        Ok(Progress::Partial) => panic!("the head is whole"),
        Err(refusal) => refusal,
    };
    let bytes = refusal.to_bytes();
    assert!(
        (400..500).contains(&refusal.status()) && bytes.starts_with(b"HTTP/1.1 4") && bytes.len() < 32 << 10
    );
    false
}
