//! Two endpoints over a pipe.

use crate::support::{Counting, Trickle, echo, pair, pair_over, pair_with, soon};
use futures_util::{SinkExt, StreamExt};
use handfast::{Close, CloseCode, Config, End, Error, Event, KeepAlive, Limits, Message};
use std::sync::atomic::Ordering;
use std::time::Duration;

fn messages() -> Vec<Message> {
    let mut messages = vec![
        Message::text(""),
        Message::text("héllo"),
        Message::binary(vec![]),
        Message::binary(vec![0xff; 125]),
    ];
    messages.extend([126, 4096, 65_535, 65_536, 300_000].map(|len| Message::binary(vec![7; len])));
    messages.push(Message::text("ä".repeat(50_000)));
    messages
}

#[tokio::test]
async fn messages_come_back_as_they_were_sent() {
    let (mut client, server) = pair(4096).await;
    let server = tokio::spawn(echo(server));
    for message in messages() {
        client.send(message.clone()).await.unwrap();
        assert_eq!(soon(client.recv()).await.unwrap(), Some(message));
    }
    soon(client.close(CloseCode::NORMAL, "done")).await.unwrap();
    assert_eq!(client.close_received().map(Close::code), Some(CloseCode::NORMAL));
    assert_eq!(client.recv().await.unwrap(), None);
    assert!(matches!(client.send("late").await, Err(Error::Closed)));
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stream_of_single_bytes_changes_nothing() {
    let (here, there) = tokio::io::duplex(64);
    let (mut client, server) = pair_over(Trickle(here), Trickle(there)).await;
    let server = tokio::spawn(echo(server));
    for message in messages().into_iter().filter(|message| message.len() < 70_000) {
        client.send(message.clone()).await.unwrap();
        assert_eq!(soon(client.recv()).await.unwrap(), Some(message));
    }
    soon(client.close(CloseCode::NORMAL, "")).await.unwrap();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn sixteen_mebibytes_pass_both_ways() {
    let (mut client, server) = pair(64 << 10).await;
    let server = tokio::spawn(echo(server));
    let big: Vec<u8> = (0..16 << 20).map(|at: u32| (at % 251) as u8).collect();
    client.send(big.clone()).await.unwrap();
    let back = soon(client.recv()).await.unwrap().unwrap();
    assert!(back.as_bytes() == big, "it came back changed");
    drop(client);
    // Dropping tells the peer, so this is an end in order.
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn cancelling_recv_loses_nothing() {
    let (client, mut server) = pair(50).await;
    const COUNT: u32 = 2000;
    let sending = tokio::spawn(async move {
        let mut client = client;
        for at in 0..COUNT {
            client.send(format!("message {at} {}", "x".repeat(at as usize % 200))).await.unwrap();
            tokio::task::yield_now().await;
        }
        client.close(CloseCode::NORMAL, "").await.unwrap();
    });
    let mut cancelled = 0;
    let mut received = 0;
    soon(async {
        loop {
            tokio::select! {
                biased;
                message = server.recv() => match message.unwrap() {
                    Some(message) => {
                        assert!(message.as_text().unwrap().starts_with(&format!("message {received} ")));
                        received += 1;
                    }
                    None => break,
                },
                () = tokio::task::yield_now() => cancelled += 1,
            }
        }
    })
    .await;
    assert_eq!(received, COUNT);
    assert!(cancelled > 100, "recv was cancelled only {cancelled} times");
    sending.await.unwrap();
}

#[tokio::test]
async fn replies_to_a_batch_go_out_in_few_writes() {
    let (here, there) = tokio::io::duplex(1 << 20);
    let there = Counting::new(there);
    let writes = there.writes.clone();
    let (mut client, server) = pair_over(here, there).await;
    const COUNT: usize = 5000;
    for at in 0..COUNT {
        client.feed(format!("{at}")).await.unwrap();
    }
    client.flush().await.unwrap();
    let before = writes.load(Ordering::Relaxed);
    let server = tokio::spawn(echo(server));
    for at in 0..COUNT {
        assert_eq!(soon(client.recv()).await.unwrap(), Some(Message::text(format!("{at}"))));
    }
    let writes = writes.load(Ordering::Relaxed) - before;
    assert!(writes <= 10, "{writes} writes for {COUNT} replies");
    drop(client);
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_ping_is_answered_and_shown_only_on_demand() {
    let (here, there) = tokio::io::duplex(1024);
    let shows = Config { show_pongs: true, ..Config::default() };
    let (mut client, server) = pair_with(here, there, shows, Config::default()).await;
    let server = tokio::spawn(echo(server));
    client.ping("are you there?").await.unwrap();
    assert_eq!(soon(client.recv_event()).await.unwrap(), Some(Event::Pong("are you there?".into())));
    client.ping("again").await.unwrap();
    client.send("hello").await.unwrap();
    assert_eq!(soon(client.recv()).await.unwrap(), Some(Message::text("hello")));
    assert!(matches!(client.ping([0; 126]).await, Err(Error::Misuse(_))));
    soon(client.close(CloseCode::NORMAL, "")).await.unwrap();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn messages_before_the_peers_close_are_still_received_after_ours() {
    let (mut client, mut server) = pair(1024).await;
    server.feed("one").await.unwrap();
    server.feed("two").await.unwrap();
    server.flush().await.unwrap();
    client.begin_close(CloseCode::GOING_AWAY, "bye").unwrap();
    assert_eq!(client.recv().await.unwrap(), Some(Message::text("one")));
    assert_eq!(client.recv().await.unwrap(), Some(Message::text("two")));
    let (end, answered) = soon(async { tokio::join!(client.recv(), server.recv()) }).await;
    assert_eq!((end.unwrap(), answered.unwrap()), (None, None));
    let close = server.close_received().unwrap();
    assert_eq!((close.code(), close.reason()), (CloseCode::GOING_AWAY, "bye"));
    assert_eq!(client.end(), Some(&End::Closed(Some(CloseCode::GOING_AWAY.into()))));
}

#[tokio::test]
async fn a_lost_connection_is_one_error_and_then_the_end() {
    let (here, there) = tokio::io::duplex(1024);
    let (here, mut cut) = (Counting::new(here), there);
    let request = handfast::ClientRequest::new("pipe", "/").unwrap();
    let config = std::sync::Arc::new(Config::default());
    let connecting = tokio::spawn(async move { handfast::client_handshake(here, &request, config).await });
    let head = crate::support::read_head(&mut cut).await;
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let key = handfast::proto::handshake::Key::parse(key.as_bytes()).unwrap();
    let accept = handfast::proto::handshake::Accept::derive(&key);
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
        accept.as_str()
    );
    let mut bytes = answer.into_bytes();
    bytes.extend_from_slice(b"\x81\x02hi\x81\x05hal");
    tokio::io::AsyncWriteExt::write_all(&mut cut, &bytes).await.unwrap();
    let mut client = soon(connecting).await.unwrap().unwrap();
    drop(cut);
    assert_eq!(client.recv().await.unwrap(), Some(Message::text("hi")));
    assert!(matches!(soon(client.recv()).await, Err(Error::Lost(_))));
    assert_eq!(client.end(), Some(&End::Lost));
    assert_eq!(client.recv().await.unwrap(), None);
    assert!(matches!(client.send("x").await, Err(Error::Closed)));
    assert!(client.close_received().is_none());
}

#[tokio::test]
async fn nothing_is_read_after_the_end_of_the_stream() {
    let (here, there) = tokio::io::duplex(1024);
    let here = Counting::new(here);
    let reads = here.reads.clone();
    let (mut client, mut server) = pair_over(here, there).await;
    let (closed, end) =
        soon(async { tokio::join!(server.close(CloseCode::NORMAL, ""), client.recv()) }).await;
    (closed.unwrap(), assert_eq!(end.unwrap(), None));
    drop(server);
    let before = reads.load(Ordering::Relaxed);
    assert_eq!(client.recv().await.unwrap(), None);
    assert_eq!(reads.load(Ordering::Relaxed), before);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_answers_the_close_is_given_up_at_the_deadline() {
    let (mut client, server) = pair(1024).await;
    let begin = tokio::time::Instant::now();
    let error = client.close(CloseCode::NORMAL, "").await.unwrap_err();
    assert!(matches!(error, Error::Timeout { phase: handfast::error::Phase::Close, .. }), "{error}");
    assert_eq!(begin.elapsed().as_secs(), 5);
    assert_eq!(client.recv().await.unwrap(), None);
    drop(server);
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_pinged_and_then_given_up() {
    let (here, there) = tokio::io::duplex(1024);
    let every = Duration::from_secs(20);
    let keep_alive = Some(KeepAlive { interval: every, timeout: every });
    let config = Config { keep_alive, ..Config::default() };
    let (client, mut server) = pair_with(here, there, Config::default(), config).await;
    let begin = tokio::time::Instant::now();
    // The client is not polled, so nothing answers.
    let error = server.recv().await.unwrap_err();
    assert!(matches!(error, Error::Timeout { phase: handfast::error::Phase::Pong, .. }), "{error}");
    assert_eq!(begin.elapsed().as_secs(), 40);
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_pings_is_kept_for_hours() {
    let (here, there) = tokio::io::duplex(1024);
    let every = Duration::from_secs(20);
    let keep_alive = Some(KeepAlive { interval: every, timeout: every });
    let config = Config { keep_alive, ..Config::default() };
    let (mut client, server) = pair_with(here, there, Config::default(), config).await;
    let server = tokio::spawn(echo(server));
    let hours = tokio::time::timeout(Duration::from_secs(7200), client.recv()).await;
    assert!(hours.is_err(), "{hours:?}");
    client.send("still there?").await.unwrap();
    assert_eq!(client.recv().await.unwrap(), Some(Message::text("still there?")));
    client.close(CloseCode::NORMAL, "").await.unwrap();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_full_queue_makes_feed_wait_for_the_reader() {
    let (here, there) = tokio::io::duplex(100);
    let limits = Limits { send_queue_bytes_max: 1000, ..Limits::default() };
    let config = Config { limits, ..Config::default() };
    let (mut client, mut server) = pair_with(here, there, config, Config::default()).await;
    let mut fed = 0;
    while let Ok(result) = tokio::time::timeout(Duration::from_millis(20), client.feed(vec![0; 100])).await {
        result.unwrap();
        fed += 1;
        assert!(fed < 20, "nothing ever waits");
    }
    assert!(client.send_queue_bytes() <= 1200, "{} bytes", client.send_queue_bytes());
    let reading = tokio::spawn(async move {
        for _ in 0..=fed {
            server.recv().await.unwrap().unwrap();
        }
    });
    soon(client.send(vec![0; 100])).await.unwrap();
    soon(reading).await.unwrap();
}

#[tokio::test]
async fn both_halves_of_a_split_stream_and_sink_make_progress() {
    let (client, server) = pair(100).await;
    let server = tokio::spawn(echo(server));
    let (mut sink, mut stream) = client.split_for_test();
    const COUNT: usize = 300;
    let sending = tokio::spawn(async move {
        for at in 0..COUNT {
            sink.send(Message::binary(vec![at as u8; 500])).await.unwrap();
        }
        sink.close().await.unwrap();
    });
    for at in 0..COUNT {
        let message = soon(stream.next()).await.unwrap().unwrap();
        assert_eq!(message, Message::binary(vec![at as u8; 500]));
    }
    assert!(soon(stream.next()).await.is_none());
    soon(sending).await.unwrap();
    server.await.unwrap().unwrap();
}

/// `futures_util`'s split, which our own method of this name hides.
trait SplitForTest: Sized {
    type Sink;
    type Stream;
    fn split_for_test(self) -> (Self::Sink, Self::Stream);
}

impl<W: futures_util::Sink<Message> + StreamExt> SplitForTest for W {
    type Sink = futures_util::stream::SplitSink<W, Message>;
    type Stream = futures_util::stream::SplitStream<W>;
    fn split_for_test(self) -> (Self::Sink, Self::Stream) {
        StreamExt::split(self)
    }
}

#[tokio::test]
async fn a_message_beyond_all_limits_passes_in_pieces_through_little_memory() {
    let limits = Limits { message_bytes_max: 1000, frame_bytes_max: 1000, ..Limits::default() };
    let config = Config { limits, ..Config::default() };
    let (here, there) = tokio::io::duplex(16 << 10);
    let (mut client, mut server) = pair_with(here, there, Config::default(), config).await;
    const PIECES: usize = 200;
    let sending = tokio::spawn(async move {
        for at in 1..=PIECES {
            client.send_piece("ä".repeat(10_000), at == PIECES).await.unwrap();
            if at == 1 {
                assert!(matches!(client.send("another").await, Err(Error::Misuse(_))));
            }
        }
        client.send("whole").await.unwrap();
        client
    });
    let mut received = 0;
    loop {
        let piece = soon(server.recv_piece()).await.unwrap().unwrap();
        assert!(piece.piece.as_text().unwrap().chars().all(|letter| letter == 'ä'));
        received += piece.piece.len();
        assert!(server.stats().held_bytes <= 256 << 10, "{:?}", server.stats());
        if piece.last {
            break;
        }
    }
    assert_eq!(received, PIECES * 20_000);
    assert_eq!(soon(server.recv()).await.unwrap(), Some(Message::text("whole")));
    soon(sending).await.unwrap();
}

#[tokio::test]
async fn a_dropped_websocket_says_going_away() {
    let (client, mut server) = pair(1024).await;
    drop(client);
    assert_eq!(soon(server.recv()).await.unwrap(), None);
    assert_eq!(server.close_received().map(Close::code), Some(CloseCode::GOING_AWAY));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_nothing_is_given_up_and_one_that_reads_slowly_is_not() {
    let (mut client, server) = pair(100).await;
    let begin = tokio::time::Instant::now();
    let error = client.send(vec![0; 1000]).await.unwrap_err();
    assert!(matches!(error, Error::Lost(Some(_))), "{error}");
    assert_eq!(begin.elapsed().as_secs(), 60);
    assert!(matches!(client.recv().await, Err(Error::Lost(Some(_)))));
    drop(server);

    let (mut client, mut server) = pair(100).await;
    let reading = tokio::spawn(async move {
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_secs(50)).await;
            server.recv().await.unwrap().unwrap();
        }
    });
    for _ in 0..10 {
        client.send(vec![0; 90]).await.unwrap();
    }
    reading.await.unwrap();
}

#[tokio::test]
async fn a_flood_does_not_keep_the_close_deadline_away() {
    let limits = Limits { close_timeout: Duration::from_millis(200), ..Limits::default() };
    let config = Config { limits, ..Config::default() };
    let (here, there) = tokio::io::duplex(64 << 10);
    let (mut client, mut server) = pair_with(here, there, config, Config::default()).await;
    // It never looks at what it gets, so it never answers the Close.
    let flood = tokio::spawn(async move { while server.send(vec![1; 100]).await.is_ok() {} });
    let error = soon(client.close(CloseCode::NORMAL, "")).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { phase: handfast::error::Phase::Close, .. }), "{error}");
    drop(client);
    soon(flood).await.unwrap();
}
