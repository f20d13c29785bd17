//! Attacks over real sockets: the answer is the right one, memory stays within its limit, and others are served meanwhile.

use crate::support::{
    REQUEST, Running, assert_complete, client_frame, read_head, read_to_end, run, server, soon,
};
use handfast::{Client, CloseCode, Config, DeflateOptions, Limits, Message, Sender, Server};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// An echo server that can be looked into.
struct Attacked {
    running: Running,
    /// One for each connection, in the order in which they were opened.
    senders: Arc<Mutex<Vec<Sender>>>,
}

impl Attacked {
    async fn start(limits: Limits) -> Self {
        Self::with(server().await, limits)
    }

    fn with(server: Server, limits: Limits) -> Self {
        let senders: Arc<Mutex<Vec<Sender>>> = Arc::default();
        let known = senders.clone();
        let config = Config { limits: limits.clone(), ..Config::for_servers() };
        let server = server.config(config).limits(limits).deflate(DeflateOptions::default());
        let running = run(server, move |request| {
            let known = known.clone();
            async move {
                let (mut receiver, sender) = request.accept().await?.split();
                known.lock().unwrap().push(sender.clone());
                while let Some(message) = receiver.recv().await? {
                    sender.send(message).await?;
                }
                Ok(())
            }
        });
        Self { running, senders }
    }

    /// A WebSocket that is opened by hand.
    async fn open(&self) -> TcpStream {
        let mut tcp = TcpStream::connect(self.running.address).await.unwrap();
        tcp.write_all(REQUEST.as_bytes()).await.unwrap();
        assert!(read_head(&mut tcp).await.starts_with("HTTP/1.1 101 "));
        tcp
    }

    /// Bytes that all connections hold together.
    fn held(&self) -> usize {
        self.senders.lock().unwrap().iter().map(|sender| sender.stats().held_bytes).sum()
    }

    /// Somebody else is served at once.
    async fn serves_others(&self) {
        let mut ws = handfast::connect(&self.running.uri("/")).await.unwrap();
        ws.send("hello").await.unwrap();
        let answer = timeout(Duration::from_secs(5), ws.recv()).await.expect("others wait");
        assert_eq!(answer.unwrap(), Some(Message::text("hello")));
        ws.close(CloseCode::NORMAL, "").await.unwrap();
    }
}

/// A frame with the mask 0 and a length of 64 bits.
fn large_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, 0xff];
    frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// The code of the Close frame that `bytes` end with.
fn close_code(bytes: &[u8]) -> u16 {
    let at = bytes.windows(2).rposition(|two| two[0] == 0x88 && two[1] >= 2).expect("a Close frame");
    let payload = &bytes[at + 2..];
    assert_eq!(payload.len(), usize::from(bytes[at + 1]), "the Close frame is the last");
    u16::from_be_bytes([payload[0], payload[1]])
}

#[tokio::test]
async fn one_who_sends_and_never_reads_holds_its_queue_and_is_dropped_in_time() {
    let limits = Limits {
        send_queue_bytes_max: 256 << 10,
        stall_timeout: Duration::from_millis(1500),
        ..Limits::default()
    };
    let attacked = Attacked::start(limits).await;
    let mut tcp = attacked.open().await;
    let frame = large_frame(0x82, &[7; 70_000]);
    let (mut held, mut sent) = (0, 0);
    // Until the buffers of the system are full on both ways, too.
    while let Ok(written) = timeout(Duration::from_millis(200), tcp.write_all(&frame)).await {
        if written.is_err() {
            break;
        }
        held = held.max(attacked.held());
        sent += frame.len();
    }
    held = held.max(attacked.held());
    // The queue, one message beyond it, one under way, and what was read ahead.
    assert!(held <= (256 << 10) + 4 * (64 << 10), "{held} bytes are held");
    assert!(held >= 128 << 10, "{held} bytes after {sent}: the attack did not begin");
    attacked.serves_others().await;
    let sender = attacked.senders.lock().unwrap()[0].clone();
    soon(async {
        while !sender.is_closed() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_answered_408_in_time() {
    let limits = Limits { handshake_timeout: Duration::from_millis(400), ..Limits::default() };
    let attacked = Attacked::with(server().await, limits);
    let mut tcp = TcpStream::connect(attacked.running.address).await.unwrap();
    let (mut reading, mut writing) = tcp.split();
    let dripping = async {
        for byte in REQUEST.as_bytes().iter().cycle() {
            if writing.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let answering = async {
        let mut answer = Vec::new();
        attacked.serves_others().await;
        let read = reading.read_to_end(&mut answer).await;
        (read, answer)
    };
    let (_, answer) = tokio::select! {
        () = dripping => panic!("it was cut off without an answer"),
        answer = soon(answering) => answer,
    };
    assert_complete(&answer, 408);
}

#[tokio::test]
async fn a_flood_of_empty_fragments_is_closed_with_1008_at_one_beyond_the_limit() {
    let attacked = Attacked::start(Limits { fragments_max: 5000, ..Limits::default() }).await;
    for count in [5000, 5001] {
        let mut tcp = attacked.open().await;
        let mut flood = client_frame(0x02, b"");
        for _ in 1..count {
            flood.extend(client_frame(0x00, b""));
        }
        tcp.write_all(&flood).await.unwrap();
        attacked.serves_others().await;
        assert!(attacked.held() <= 256 << 10, "{} bytes are held", attacked.held());
        if count == 5000 {
            tcp.write_all(&client_frame(0x88, b"\x03\xe8")).await.unwrap();
        }
        let code = close_code(&read_to_end(&mut tcp).await);
        assert_eq!(code, if count == 5000 { 1000 } else { 1008 }, "{count} fragments");
    }
}

#[tokio::test]
async fn a_flood_of_pings_queues_a_few_pongs_and_answers_the_last() {
    let attacked = Attacked::start(Limits::default()).await;
    let mut tcp = attacked.open().await;
    const COUNT: u32 = 50_000;
    let mut held = 0;
    for batch in 0..COUNT / 500 {
        let mut pings = Vec::new();
        for at in 0..500 {
            let mut payload = [b'.'; 125];
            payload[..4].copy_from_slice(&(batch * 500 + at).to_be_bytes());
            pings.extend(client_frame(0x89, &payload));
        }
        soon(tcp.write_all(&pings)).await.unwrap();
        held = held.max(attacked.held());
    }
    attacked.serves_others().await;
    // 16 pongs and one read.
    assert!(held <= 256 << 10, "{held} bytes are held");
    // Of the pings that came while pongs waited, the last is answered once these are read.
    let mut pong = [0; 127];
    while pong[2..6] != (COUNT - 1).to_be_bytes() {
        soon(tcp.read_exact(&mut pong)).await.unwrap();
        assert_eq!(pong[..2], [0x8a, 125]);
    }
    tcp.write_all(&client_frame(0x88, b"\x03\xe8")).await.unwrap();
    assert_eq!(close_code(&read_to_end(&mut tcp).await), 1000);
}

#[tokio::test]
async fn a_bomb_of_a_thousand_to_one_is_closed_with_1009() {
    let attacked = Attacked::start(Limits::default()).await;
    let client = Client::new(&attacked.running.uri("/"))
        .unwrap()
        // Else it would not send what such a server refuses.
        .limits(Limits { inflate_ratio_max: usize::MAX, ..Limits::default() })
        .deflate(DeflateOptions { level: 9, ..DeflateOptions::default() });
    let mut ws = client.await.unwrap();
    assert!(ws.deflate().is_some());
    ws.send(vec![0; 15 << 20]).await.unwrap();
    assert!(ws.stats().bytes_sent < 40 << 10, "{:?}", ws.stats());
    attacked.serves_others().await;
    assert!(attacked.held() <= 4 << 20, "{} bytes are held", attacked.held());
    assert_eq!(soon(ws.recv()).await.unwrap(), None);
    assert_eq!(ws.close_received().unwrap().code(), CloseCode::TOO_BIG);
}

#[tokio::test]
async fn a_length_of_2_to_the_63_is_closed_with_1002_and_one_of_2_to_the_62_with_1009() {
    let attacked = Attacked::start(Limits::default()).await;
    for (length, code) in [(1u64 << 63, 1002), (1 << 62, 1009)] {
        let mut tcp = attacked.open().await;
        let mut head = vec![0x82, 0xff];
        head.extend_from_slice(&length.to_be_bytes());
        head.extend_from_slice(&[0; 4]);
        tcp.write_all(&head).await.unwrap();
        attacked.serves_others().await;
        assert!(attacked.held() <= 64 << 10, "{} bytes are held", attacked.held());
        assert_eq!(close_code(&read_to_end(&mut tcp).await), code, "length {length}");
    }
}

#[tokio::test]
async fn idle_connections_hold_no_buffer_and_others_are_served() {
    let attacked = Attacked::start(Limits::default()).await;
    let mut open = Vec::new();
    // Both ends are in this process, and 1024 open files is a common limit; more are opened in the program's tests.
    for _ in 0..300 {
        let mut tcp = soon(attacked.open()).await;
        tcp.write_all(&client_frame(0x81, b"hello")).await.unwrap();
        open.push(tcp);
    }
    for tcp in &mut open {
        let mut answer = [0; 7];
        soon(tcp.read_exact(&mut answer)).await.unwrap();
    }
    attacked.serves_others().await;
    assert_eq!(attacked.senders.lock().unwrap().len(), 301);
    assert_eq!(attacked.held(), 0);
}
