//! Receiver and senders in different tasks.

use crate::support::{echo, pair, pair_with, soon};
use handfast::{Close, CloseCode, Config, Error, Limits, Message, TrySendError};
use std::collections::HashMap;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn messages_of_many_senders_arrive_whole_and_in_each_senders_order() {
    let (client, server) = pair(1000).await;
    let server = tokio::spawn(echo(server));
    let (mut receiver, sender) = client.split();
    const SENDERS: usize = 8;
    const COUNT: usize = 300;
    for who in 0..SENDERS {
        let sender = sender.clone();
        tokio::spawn(async move {
            for at in 0..COUNT {
                sender.send(format!("{who} {at} {}", "x".repeat(at * 7 % 2000))).await.unwrap();
            }
        });
    }
    let mut next: HashMap<String, usize> = HashMap::new();
    for _ in 0..SENDERS * COUNT {
        let message = soon(receiver.recv()).await.unwrap().unwrap();
        let text = message.as_text().unwrap().to_owned();
        let mut words = text.split(' ');
        let (who, at) = (words.next().unwrap(), words.next().unwrap().parse::<usize>().unwrap());
        assert_eq!(words.next().unwrap().len(), at * 7 % 2000);
        let expected = next.entry(who.into()).or_default();
        assert_eq!(at, *expected);
        *expected += 1;
    }
    sender.close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(soon(receiver.recv()).await.unwrap(), None);
    assert_eq!(receiver.close_received().map(Close::code), Some(CloseCode::NORMAL));
    assert!(matches!(sender.send("late").await, Err(Error::Closed)));
    assert!(sender.is_closed());
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn sends_progress_while_nobody_receives() {
    let (client, mut server) = pair(100).await;
    let (_receiver, sender) = client.split();
    // More than the pipe holds, from a call that never waits.
    for at in 0..50u8 {
        sender.try_send(vec![at; 100]).unwrap();
    }
    for at in 0..50u8 {
        assert_eq!(soon(server.recv()).await.unwrap(), Some(Message::binary(vec![at; 100])));
    }
    assert_eq!(sender.send_queue_bytes(), 0);
}

#[tokio::test]
async fn a_full_queue_gives_the_message_back_and_send_waits_for_room() {
    let (here, there) = tokio::io::duplex(100);
    let limits = Limits { send_queue_bytes_max: 1000, ..Limits::default() };
    let (client, mut server) =
        pair_with(here, there, Config { limits, ..Config::default() }, Config::default()).await;
    let (_receiver, sender) = client.split();
    let mut sent = 0;
    let message = loop {
        match sender.try_send(vec![7; 100]) {
            Ok(()) => sent += 1,
            Err(TrySendError::Full(message)) => break message,
            Err(closed) => panic!("{closed}"),
        }
        assert!(sent < 50, "the queue is never full");
    };
    assert_eq!(message, Message::binary(vec![7; 100]));
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let (sender, message) = (sender.clone(), message.clone());
            tokio::spawn(async move { sender.send(message).await })
        })
        .collect();
    // One that stops waiting keeps nobody else waiting.
    let given_up = tokio::time::timeout(Duration::from_millis(10), sender.send(message.clone())).await;
    assert!(given_up.is_err());
    for _ in 0..sent + 5 {
        assert_eq!(soon(server.recv()).await.unwrap().as_ref(), Some(&message));
    }
    for task in waiting {
        soon(task).await.unwrap().unwrap();
    }
    soon(sender.flush()).await.unwrap();
}

#[tokio::test]
async fn without_senders_the_receiver_goes_on() {
    let (client, mut server) = pair(1024).await;
    let (mut receiver, sender) = client.split();
    drop(sender);
    server.send("hello").await.unwrap();
    assert_eq!(soon(receiver.recv()).await.unwrap(), Some(Message::text("hello")));
    drop(receiver);
    assert_eq!(soon(server.recv()).await.unwrap(), None);
    assert_eq!(server.close_received().map(Close::code), Some(CloseCode::GOING_AWAY));
}

#[tokio::test]
async fn without_the_receiver_senders_go_on_and_pings_are_answered() {
    let (here, there) = tokio::io::duplex(1024);
    let shows = Config { show_pongs: true, ..Config::default() };
    let (client, mut server) = pair_with(here, there, Config::default(), shows).await;
    let (receiver, sender) = client.split();
    drop(receiver);
    server.send("nobody reads this").await.unwrap();
    server.ping("here?").await.unwrap();
    assert!(matches!(soon(server.recv_event()).await.unwrap(), Some(handfast::Event::Pong(_))));
    sender.send("hello").await.unwrap();
    assert_eq!(soon(server.recv()).await.unwrap(), Some(Message::text("hello")));
    drop(sender);
    assert_eq!(soon(server.recv()).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn closing_by_a_sender_starts_the_deadline_of_a_receiver_that_waits_already() {
    let (client, server) = pair(1024).await;
    let (mut receiver, sender) = client.split();
    let receiving = tokio::spawn(async move { receiver.recv().await });
    tokio::task::yield_now().await;
    let begin = tokio::time::Instant::now();
    sender.close(CloseCode::NORMAL, "").unwrap();
    let error = receiving.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    assert_eq!(begin.elapsed().as_secs(), 5);
    drop(server);
}

#[tokio::test]
async fn a_prepared_message_is_framed_once_and_reaches_all() {
    let message = handfast::Prepared::new("to everyone".repeat(1000));
    let mut ends = Vec::new();
    for _ in 0..10 {
        let (client, server) = pair(100).await;
        let (receiver, sender) = server.split();
        sender.try_send_prepared(&message).unwrap();
        ends.push((client, receiver, sender));
    }
    for (client, _receiver, sender) in &mut ends {
        assert_eq!(soon(client.recv()).await.unwrap().as_ref(), Some(message.message()));
        assert_eq!(sender.stats().messages_sent, 1);
    }
}

/// It would starve the others of `Server::one_task`: what it writes to a fast reader is never waited for.
#[tokio::test]
async fn a_loop_that_only_sends_lets_other_tasks_have_their_turn() {
    let (_client, server) = pair(64 << 10).await;
    let (_receiver, sender) = server.split();
    let in_one_turn = std::future::poll_fn(move |cx| {
        let sent = (0..10_000).take_while(|_| std::pin::pin!(sender.send("x")).poll(cx).is_ready()).count();
        std::task::Poll::Ready(sent)
    });
    let sent = soon(tokio::spawn(in_one_turn)).await.unwrap();
    assert!((1..1000).contains(&sent), "{sent}");
}

#[tokio::test]
async fn a_sender_of_a_lost_connection_says_so() {
    let limits = Limits { stall_timeout: Duration::from_millis(20), ..Limits::default() };
    let (here, there) = tokio::io::duplex(1000);
    let (_deaf, server) =
        pair_with(here, there, Config::default(), Config { limits, ..Config::default() }).await;
    let (_receiver, sender) = server.split();
    let error = soon(async {
        loop {
            if let Err(error) = sender.send(vec![0; 100_000]).await {
                return error;
            }
        }
    })
    .await;
    assert!(matches!(error, Error::Lost(Some(_))), "{error}");
}

/// A peer that waits to write its answers reads nothing further until it can.
#[tokio::test]
async fn what_was_queued_arrives_though_all_halves_are_dropped_and_the_peer_answers_it() {
    let (client, mut server) = pair(1000).await;
    let (receiver, sender) = client.split();
    for _ in 0..20 {
        sender.send(vec![0; 1000]).await.unwrap();
    }
    drop((receiver, sender));
    let mut came = 0;
    let _ = soon(async {
        while let Some(message) = server.recv().await? {
            came += 1;
            server.send(message).await?;
        }
        Ok::<_, Error>(())
    })
    .await;
    assert_eq!(came, 20);
}
