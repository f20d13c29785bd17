//! Send queues that are full.

use crate::support::{pair_with, soon};
use futures_util::FutureExt;
use handfast::{Close, CloseCode, Config, Error, Limits, Message, TrySendError, WebSocket};
use std::time::Duration;
use tokio::io::DuplexStream;

/// A client whose send queue holds 1000 bytes, and its server, over a pipe of so many bytes.
async fn narrow(bytes: usize) -> (WebSocket<DuplexStream>, WebSocket<DuplexStream>) {
    let (here, there) = tokio::io::duplex(bytes);
    let limits = Limits { send_queue_bytes_max: 1000, send_queue_bytes_low: 250, ..Limits::default() };
    let shows = Config { show_pings: true, ..Config::default() };
    pair_with(here, there, Config { limits, ..Config::default() }, shows).await
}

/// The message of each number: all differ, and some are larger than the queue.
fn message(number: usize) -> Message {
    let len = if number % 7 == 3 { 1500 } else { number % 200 };
    Message::binary(vec![number as u8; len])
}

#[tokio::test]
async fn try_send_gives_back_what_is_too_much_and_loses_nothing_of_what_it_took() {
    // Byte by byte, in pieces, and at once.
    for pipe in [1, 100, 1 << 20] {
        let (mut client, mut server) = narrow(pipe).await;
        let mut taken = 0;
        while taken < 100 {
            match client.try_send(message(taken)) {
                Ok(()) => taken += 1,
                Err(TrySendError::Full(back)) => {
                    assert_eq!(back, message(taken));
                    break;
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(taken == 100, pipe == 1 << 20, "{taken} with a pipe of {pipe} bytes");
        // One message above the mark at most, with its header.
        assert!(client.send_queue_bytes() < 1000 + 1500 + 8, "{} bytes", client.send_queue_bytes());
        let reading = async {
            for number in 0..taken {
                assert_eq!(server.recv().await.unwrap(), Some(message(number)));
            }
            server.recv().await.unwrap()
        };
        let sending = async {
            client.flush().await.unwrap();
            client.try_send("there is room again").unwrap();
            client.flush().await.unwrap();
        };
        let (last, ()) = soon(async { tokio::join!(reading, sending) }).await;
        assert_eq!(last, Some(Message::text("there is room again")));
    }
}

#[tokio::test]
async fn what_try_send_could_not_write_goes_out_while_the_websocket_receives() {
    let (mut client, mut server) = narrow(10).await;
    client.try_send(vec![7; 500]).unwrap();
    assert!(client.send_queue_bytes() > 400);
    let receiving = tokio::spawn(async move { client.recv().await });
    assert_eq!(soon(server.recv()).await.unwrap(), Some(Message::binary(vec![7; 500])));
    server.send("answer").await.unwrap();
    assert_eq!(soon(receiving).await.unwrap().unwrap(), Some(Message::text("answer")));
}

#[tokio::test]
async fn try_send_says_when_a_message_in_pieces_or_the_close_is_in_the_way() {
    let (mut client, mut server) = narrow(1 << 20).await;
    client.send_piece("a", false).await.unwrap();
    let error = client.try_send("b").unwrap_err();
    assert!(matches!(error, TrySendError::Unfinished(_)), "{error}");
    assert_eq!(error.into_message(), Message::text("b"));
    client.send_piece("a", true).await.unwrap();
    client.try_send("b").unwrap();
    client.begin_close(CloseCode::NORMAL, "").unwrap();
    assert!(matches!(client.try_send("c"), Err(TrySendError::Closed(_))));
    let closing = tokio::spawn(async move { client.recv().await });
    assert_eq!(soon(server.recv()).await.unwrap(), Some(Message::text("aa")));
    assert_eq!(soon(server.recv()).await.unwrap(), Some(Message::text("b")));
    assert_eq!(soon(server.recv()).await.unwrap(), None);
    assert_eq!(soon(closing).await.unwrap().unwrap(), None);
}

#[tokio::test]
async fn a_sender_is_told_that_another_sends_in_pieces() {
    let (client, _server) = narrow(1 << 20).await;
    let (_receiver, mut sender) = client.split();
    let other = sender.clone();
    let mut writer = sender.send_stream(handfast::MessageKind::Text);
    writer.write("a").await.unwrap();
    assert!(matches!(other.try_send("b"), Err(TrySendError::Unfinished(_))));
    writer.finish().await.unwrap();
    other.try_send("b").unwrap();
}

#[tokio::test]
async fn a_peer_that_falls_behind_is_closed_on_request_behind_what_was_queued() {
    for split in [false, true] {
        let (mut client, mut server) = narrow(100).await;
        let mut taken = 0;
        let error = if split {
            let (mut receiver, sender) = client.split();
            let error = loop {
                match sender.try_send_or_close(vec![7; 100], CloseCode::TRY_AGAIN_LATER) {
                    Ok(()) => taken += 1,
                    Err(error) => break error,
                }
            };
            assert!(matches!(sender.try_send("late"), Err(TrySendError::Closed(_))));
            tokio::spawn(async move { receiver.recv().await });
            error
        } else {
            let error = loop {
                match client.try_send_or_close(vec![7; 100], CloseCode::TRY_AGAIN_LATER) {
                    Ok(()) => taken += 1,
                    Err(error) => break error,
                }
            };
            assert!(matches!(client.try_send("late"), Err(TrySendError::Closed(_))));
            tokio::spawn(async move { client.recv().await });
            error
        };
        assert!(matches!(error, TrySendError::Full(_)), "{error}");
        assert!((9..20).contains(&taken), "{taken}");
        for _ in 0..taken {
            assert_eq!(soon(server.recv()).await.unwrap(), Some(Message::binary(vec![7; 100])));
        }
        assert_eq!(soon(server.recv()).await.unwrap(), None);
        assert_eq!(server.close_received().map(Close::code), Some(CloseCode::TRY_AGAIN_LATER));
    }
}

#[tokio::test]
async fn a_loop_of_pings_at_a_peer_that_does_not_read_waits_and_holds_no_more() {
    let (mut client, mut server) = narrow(100).await;
    let mut done = 0;
    for _ in 0..10_000 {
        // Given up at once, so that nothing but the queue could hold them back.
        if client.ping([7; 125]).now_or_never().is_some() {
            done += 1;
        }
        assert!(client.send_queue_bytes() < 1000 + 18 * 131, "{} bytes", client.send_queue_bytes());
    }
    assert!(done < 2, "{done}");
    let reading = tokio::spawn(async move {
        while let Some(event) = server.recv_event().await.unwrap() {
            if event == handfast::Event::Message("end".into()) {
                break;
            }
        }
    });
    soon(client.ping("late")).await.unwrap();
    soon(client.send("end")).await.unwrap();
    soon(reading).await.unwrap();
}

#[tokio::test]
async fn a_sender_that_pings_in_a_loop_gets_an_error_and_then_room_again() {
    let (client, mut server) = narrow(100).await;
    let (_receiver, sender) = client.split();
    let mut pings = 0;
    let error = loop {
        match sender.ping([7; 125]) {
            Ok(()) => pings += 1,
            Err(error) => break error,
        }
        assert!(pings < 100);
    };
    assert!(matches!(error, Error::Misuse(handfast::proto::error::Misuse::SendQueueFull)), "{error}");
    assert!(sender.send_queue_bytes() < 1000 + 17 * 131, "{} bytes", sender.send_queue_bytes());
    let reading = tokio::spawn(async move { server.recv_event().await.map(|_| server) });
    tokio::time::timeout(Duration::from_millis(50), sender.flush()).await.unwrap_err();
    let mut server = soon(reading).await.unwrap().unwrap();
    let reading =
        tokio::spawn(async move { while server.recv_event().await.is_ok_and(|event| event.is_some()) {} });
    soon(sender.flush()).await.unwrap();
    sender.ping("again").unwrap();
    reading.abort();
}
