//! Messages that are read and written in pieces, without holding them.

use crate::support::{pair, pair_with, soon};
use futures_util::FutureExt;
use handfast::proto::error::Misuse;
use handfast::{Close, CloseCode, Config, Error, Limits, Message, MessageKind, WebSocket};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};

/// A client, and a server whose message limits are 1000 bytes.
async fn strict_pair() -> (WebSocket<DuplexStream>, WebSocket<DuplexStream>) {
    let limits = Limits { message_bytes_max: 1000, frame_bytes_max: 1000, ..Limits::default() };
    let (here, there) = tokio::io::duplex(16 << 10);
    pair_with(here, there, Config::default(), Config { limits, ..Config::default() }).await
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux tells");
    let pages: usize = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    pages * 4096
}

/// Sends one binary message of `bytes` bytes over TCP in pieces of 64 KiB, and reads it in pieces.
async fn pass(bytes: u64) {
    const PIECE: usize = 64 << 10;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (here, there) = tokio::join!(tokio::net::TcpStream::connect(address), listener.accept());
    let (client, server) =
        pair_with(here.unwrap(), there.unwrap().0, Config::default(), Config::default()).await;
    let before = resident();
    let sending = tokio::spawn(async move {
        // The server sends: masking takes long in a build that is not optimised.
        let (_receiver, mut sender) = server.split();
        let piece = bytes::Bytes::from(vec![7; PIECE]);
        let (watching, mut held) = (sender.clone(), 0);
        let mut message = sender.send_stream(MessageKind::Binary);
        for _ in 0..bytes / PIECE as u64 {
            message.write(piece.clone()).await.unwrap();
            held = held.max(watching.stats().held_bytes);
        }
        message.finish().await.unwrap();
        (watching, held)
    });
    let (mut receiver, watching) = client.split();
    let (mut received, mut held, mut grown) = (0, 0, 0);
    let sevens = vec![7; 4 * PIECE];
    let mut message = receiver.recv_stream().await.unwrap().unwrap();
    while let Some(piece) = message.next_piece().await.unwrap() {
        assert!(piece.as_bytes() == &sevens[..piece.len()], "other bytes came");
        received += piece.len() as u64;
        held = held.max(watching.stats().held_bytes);
        grown = grown.max(resident().saturating_sub(before));
    }
    assert_eq!(received, bytes);
    let (_sender, sender_held) = sending.await.unwrap();
    // A read buffer, the piece under way, and what follows it.
    assert!(held <= 256 << 10 && sender_held <= 128 << 10, "{held} and {sender_held} bytes are held");
    // Both ends, the pools of the threads, and whatever else this process does meanwhile.
    assert!(grown <= 16 << 20, "the process grew by {grown} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_256_mib_passes_through_little_memory() {
    tokio::time::timeout(Duration::from_secs(120), pass(256 << 20)).await.expect("it hangs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes long: cargo xtask test --full"]
async fn a_message_of_4_gib_passes_through_little_memory() {
    pass(4 << 30).await;
}

#[tokio::test]
async fn a_stream_of_pieces_arrives_whole_beyond_all_limits() {
    let (mut client, mut server) = strict_pair().await;
    let sending = tokio::spawn(async move {
        let mut message = client.send_stream(MessageKind::Text);
        for _ in 0..100 {
            message.write("ä".repeat(1000)).await.unwrap();
        }
        message.finish().await.unwrap();
        client.send("whole").await.unwrap();
        client
    });
    let mut message = soon(server.recv_stream()).await.unwrap().unwrap();
    assert!(message.is_text());
    let mut received = String::new();
    while let Some(piece) = soon(message.next_piece()).await.unwrap() {
        received.push_str(piece.as_text().unwrap());
    }
    assert!(received == "ä".repeat(100_000));
    assert_eq!(soon(message.next_piece()).await.unwrap(), None);
    drop(message);
    assert_eq!(soon(server.recv()).await.unwrap(), Some(Message::text("whole")));
    soon(sending).await.unwrap();
}

#[tokio::test]
async fn a_reader_that_is_dropped_skips_the_rest_of_its_message_only() {
    for reads_before in 0..3 {
        let (mut client, mut server) = strict_pair().await;
        let sending = tokio::spawn(async move {
            for _ in 0..2 {
                let mut message = client.send_stream(MessageKind::Binary);
                for _ in 0..20 {
                    message.write(vec![1; 5000]).await.unwrap();
                }
                message.finish().await.unwrap();
            }
            client.send("whole").await.unwrap();
            client
        });
        let mut first = soon(server.recv_stream()).await.unwrap().unwrap();
        for _ in 0..reads_before {
            assert!(soon(first.next_piece()).await.unwrap().is_some());
        }
        drop(first);
        let mut second = soon(server.recv_stream()).await.unwrap().unwrap();
        let mut received = 0;
        while let Some(piece) = soon(second.next_piece()).await.unwrap() {
            received += piece.len();
        }
        assert_eq!(received, 100_000, "{reads_before} pieces were read before");
        drop(second);
        assert_eq!(soon(server.recv()).await.unwrap(), Some(Message::text("whole")));
        soon(sending).await.unwrap();
    }
}

#[tokio::test]
async fn waiting_for_a_stream_can_be_cancelled_and_the_message_is_received_whole() {
    let (mut client, mut server) = strict_pair().await;
    assert!(server.recv_stream().now_or_never().is_none());
    // A frame of 600 bytes of which 500 have come, in the middle of a character.
    client.send("ä".repeat(300)).await.unwrap();
    assert!(server.recv_stream().now_or_never().is_some());
    let (mut client, mut server) = (client, server);
    server.recv().now_or_never();
    client.send("x".repeat(900)).await.unwrap();
    assert_eq!(soon(server.recv()).await.unwrap().unwrap().len(), 900);
    // Whole messages keep the limit, also where waiting began for pieces.
    assert!(server.recv_stream().now_or_never().is_none());
    client.send("x".repeat(1001)).await.unwrap();
    assert!(matches!(soon(server.recv()).await, Err(Error::Protocol(_))));
}

#[tokio::test]
async fn a_close_in_the_middle_of_a_message_is_told_apart_from_its_end() {
    let (mut client, mut server) = strict_pair().await;
    let mut message = client.send_stream(MessageKind::Binary);
    message.write(vec![1; 100]).await.unwrap();
    // Nothing can follow it but a Close.
    drop(message);
    assert!(matches!(client.send("more").await, Err(Error::Closed)));
    let mut message = soon(server.recv_stream()).await.unwrap().unwrap();
    assert_eq!(soon(message.next_piece()).await.unwrap().unwrap().len(), 100);
    let (cut, closed) = tokio::join!(soon(message.next_piece()), soon(client.recv()));
    assert!(matches!(cut, Err(Error::MessageCut)), "{cut:?}");
    assert_eq!(closed.unwrap(), None);
    drop(message);
    assert_eq!(server.close_received().map(Close::code), Some(CloseCode::INTERNAL_ERROR));
}

#[tokio::test]
async fn a_writer_that_wrote_nothing_can_be_dropped_and_pieces_are_of_one_kind() {
    let (mut client, mut server) = pair(4096).await;
    drop(client.send_stream(MessageKind::Binary));
    let mut message = client.send_stream(MessageKind::Text);
    assert!(matches!(message.write(vec![1]).await, Err(Error::Misuse(_))));
    message.write("one ").await.unwrap();
    assert!(matches!(message.write(vec![1]).await, Err(Error::Misuse(_))));
    message.write("message").await.unwrap();
    message.finish().await.unwrap();
    assert_eq!(soon(server.recv()).await.unwrap(), Some(Message::text("one message")));
    client.send_stream(MessageKind::Text).finish().await.unwrap();
    assert_eq!(soon(server.recv()).await.unwrap(), Some(Message::text("")));
}

#[tokio::test]
async fn senders_wait_while_another_sends_a_message_in_pieces() {
    let (client, server) = pair(4096).await;
    let (receiver, sender) = client.split();
    let other = sender.clone();
    let mut sender = sender;
    let mut message = sender.send_stream(MessageKind::Text);
    message.write("a").await.unwrap();
    assert!(other.try_send("now").is_err());
    let waiting = tokio::spawn({
        let other = other.clone();
        async move { other.send("after").await }
    });
    let mut second = other.clone();
    let streaming = tokio::spawn(async move {
        let mut message = second.send_stream(MessageKind::Text);
        message.write("x").await?;
        tokio::task::yield_now().await;
        message.write("y").await?;
        message.finish().await
    });
    tokio::task::yield_now().await;
    message.write("b").await.unwrap();
    message.finish().await.unwrap();
    soon(waiting).await.unwrap().unwrap();
    soon(streaming).await.unwrap().unwrap();
    let (mut receiving, _sender) = server.split();
    let mut messages = Vec::new();
    for _ in 0..3 {
        let mut message = soon(receiving.recv_stream()).await.unwrap().unwrap();
        let mut text = String::new();
        while let Some(piece) = soon(message.next_piece()).await.unwrap() {
            text.push_str(piece.as_text().unwrap());
        }
        messages.push(text);
    }
    assert_eq!(messages[0], "ab");
    messages.sort();
    assert_eq!(messages, ["ab", "after", "xy"]);
    drop(receiver);
}

#[tokio::test]
async fn a_slow_reader_holds_the_writer_back() {
    async fn written<S: AsyncRead + AsyncWrite + Unpin>(ws: &mut WebSocket<S>) -> usize {
        let mut message = ws.send_stream(MessageKind::Binary);
        let mut count = 0;
        while message.write(vec![0; 1000]).now_or_never().is_some() {
            count += 1;
        }
        count
    }
    let (mut client, server) = pair(10_000).await;
    let count = written(&mut client).await;
    assert!((5..=10).contains(&count), "{count} pieces of 1000 bytes into a pipe of 10 000");
    assert!(client.send_queue_bytes() < 2100, "{}", client.send_queue_bytes());
    drop(server);
}

#[tokio::test]
async fn a_writer_whose_piece_was_refused_closes_nothing() {
    let (mut client, mut server) = pair(10_000).await;
    client.send_piece("a", false).await.unwrap();
    // Of another kind, or of the same: it is another message.
    for (kind, piece) in [(MessageKind::Binary, Message::binary(vec![1])), (MessageKind::Text, "c".into())] {
        let mut other = client.send_stream(kind);
        let error = other.write(piece).await.unwrap_err();
        assert!(matches!(error, Error::Misuse(Misuse::MessageUnfinished)), "{error}");
    }
    client.send_piece("b", true).await.unwrap();
    assert_eq!(soon(server.recv()).await.unwrap(), Some(Message::text("ab")));
}
