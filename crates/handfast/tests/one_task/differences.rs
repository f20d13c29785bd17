//! What is peculiar to one task.

use crate::support::{REQUEST, client_frame, echo, echoing, run, server, soon};
use handfast::{CloseCode, Error, Message, WebSocket};
use std::io::{Read, Write};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

#[tokio::test]
async fn a_connection_that_comes_to_carry_much_goes_on_without_a_loss() {
    let running = echoing(server().await);
    let mut ws = handfast::connect(&running.uri("/")).await.unwrap();
    // Small, then large enough for the runtime to take over, then small again: in one order, without a gap.
    let sizes = [[10; 8], [60_000; 8], [10; 8], [70_000; 8], [200_000; 8], [1 << 20; 8], [0; 8]];
    for (number, size) in sizes.into_iter().flatten().enumerate() {
        let sent: Vec<u8> = (0..size).map(|at| (at * 7 + number) as u8).collect();
        ws.feed(sent.clone()).await.unwrap();
        let answer = soon(ws.recv()).await.unwrap().unwrap();
        assert!(answer == Message::from(sent), "message {number} of {size} bytes");
    }
    soon(ws.close(CloseCode::NORMAL, "")).await.unwrap();
}

#[tokio::test]
async fn one_that_never_lets_off_does_not_keep_others_waiting() {
    let running = echoing(server().await);
    let mut flood = TcpStream::connect(running.address).await.unwrap();
    flood.write_all(REQUEST.as_bytes()).await.unwrap();
    let (mut from, mut to) = flood.into_split();
    let frames = client_frame(0x82, &[1; 100]).repeat(5000);
    let sending = tokio::spawn(async move { while to.write_all(&frames).await.is_ok() {} });
    let reading = tokio::spawn(async move {
        let mut sink = vec![0; 1 << 16];
        while from.read(&mut sink).await.is_ok_and(|count| count > 0) {}
    });
    for _ in 0..20 {
        let mut ws = soon(handfast::connect(&running.uri("/"))).await.unwrap();
        soon(ws.send("still there?")).await.unwrap();
        assert_eq!(soon(ws.recv()).await.unwrap(), Some(Message::from("still there?")));
    }
    sending.abort();
    reading.abort();
}

#[tokio::test]
async fn a_handler_that_only_sends_does_not_keep_others_waiting() {
    let running = run(server().await, |request| async move {
        let firehose = request.path() == "/firehose";
        let mut ws = request.accept().await?;
        if !firehose {
            return echo(ws).await;
        }
        loop {
            ws.send(vec![7; 1024]).await?;
        }
    });
    // On a thread of its own it reads as fast as is sent, so that the socket is never full.
    let address = running.address;
    let reading = std::thread::spawn(move || {
        let mut tcp = std::net::TcpStream::connect(address).unwrap();
        tcp.write_all(REQUEST.replace("/chat", "/firehose").as_bytes()).unwrap();
        let (mut sink, mut total) = (vec![0; 1 << 16], 0);
        while let Ok(count @ 1..) = tcp.read(&mut sink) {
            total += count;
        }
        total
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    for _ in 0..20 {
        let mut ws = soon(handfast::connect(&running.uri("/"))).await.unwrap();
        soon(ws.send("still there?")).await.unwrap();
        assert_eq!(soon(ws.recv()).await.unwrap(), Some(Message::from("still there?")));
    }
    drop(running.handle.drain(Duration::from_millis(100)));
    let total = soon(tokio::task::spawn_blocking(|| reading.join())).await.unwrap().unwrap();
    assert!(total > 1 << 20, "only {total} bytes were sent");
}

#[tokio::test]
async fn a_drain_over_a_window_ends_a_server_that_is_flooded() {
    let running = echoing(server().await);
    let mut floods = Vec::new();
    for _ in 0..8 {
        let mut tcp = TcpStream::connect(running.address).await.unwrap();
        tcp.write_all(REQUEST.as_bytes()).await.unwrap();
        let (mut from, mut to) = tcp.into_split();
        let frame = [&[0x82, 0xfe, 0xea, 0x60, 0, 0, 0, 0][..], &[1; 60_000]].concat();
        floods.push(tokio::spawn(async move { while to.write_all(&frame).await.is_ok() {} }));
        floods.push(tokio::spawn(async move {
            let mut sink = vec![0; 1 << 16];
            while from.read(&mut sink).await.is_ok_and(|count| count > 0) {}
        }));
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    soon(running.handle.drain_spread(Duration::from_secs(2), Duration::from_secs(1))).await;
    for flood in floods {
        soon(flood).await.unwrap();
    }
}

#[tokio::test]
async fn a_panic_while_a_handler_is_dropped_ends_its_connection_only() {
    struct Explosive;
    impl Drop for Explosive {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "on purpose");
        }
    }
    let running = run(server().await, |request| async move {
        let explosive = (request.path() == "/explosive").then(|| Explosive);
        let end = echo(request.accept().await?).await;
        drop(explosive);
        end
    });
    let mut explosive = handfast::connect(&running.uri("/explosive")).await.unwrap();
    let mut other = handfast::connect(&running.uri("/")).await.unwrap();
    soon(explosive.close(CloseCode::NORMAL, "")).await.ok();
    other.send("still there?").await.unwrap();
    assert_eq!(soon(other.recv()).await.unwrap(), Some(Message::from("still there?")));
    // One that is stopped with its handler alive is dropped from outside.
    let held = handfast::connect(&running.uri("/explosive")).await.unwrap();
    soon(running.handle.drain(Duration::from_millis(50))).await;
    drop(held);
}

#[tokio::test]
async fn a_blocked_writer_goes_on_when_the_peer_reads() {
    let running = echoing(server().await);
    let mut tcp = TcpStream::connect(running.address).await.unwrap();
    tcp.write_all(REQUEST.as_bytes()).await.unwrap();
    let (mut from, mut to) = tcp.into_split();
    let payload = vec![3; 60_000];
    // Masked with zeros.
    let frame = [&[0x82, 0xfe, 0xea, 0x60, 0, 0, 0, 0], &payload[..]].concat();
    // Far more than the sockets hold, so the server has to wait to write, and stops reading.
    let sending = tokio::spawn(async move {
        for _ in 0..300 {
            to.write_all(&frame).await.unwrap();
        }
        to
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!sending.is_finished(), "it was meant to be blocked");
    let mut answer = vec![0; 129 + 300 * (60_000 + 4)];
    soon(from.read_exact(&mut answer)).await.unwrap();
    assert!(answer.ends_with(&payload));
    drop(soon(sending).await.unwrap());
}

#[tokio::test]
async fn dropping_the_server_ends_its_connections() {
    let mut running = echoing(server().await);
    let mut ws = handfast::connect(&running.uri("/")).await.unwrap();
    ws.send("first").await.unwrap();
    assert!(soon(ws.recv()).await.unwrap().is_some());
    running.task.abort();
    let _ = soon(&mut running.task).await;
    assert_eq!(soon(ws.recv()).await.unwrap(), None);
    assert_eq!(ws.close_received().map(|close| close.code()), Some(CloseCode::GOING_AWAY));
}

#[tokio::test]
async fn a_websocket_that_was_moved_elsewhere_lives_no_longer_than_the_server() {
    let (elsewhere, mut moved) = mpsc::unbounded_channel::<WebSocket>();
    let mut running = run(server().await, move |request| {
        let elsewhere = elsewhere.clone();
        async move {
            elsewhere.send(request.accept().await?).ok();
            Ok(())
        }
    });
    let mut client = handfast::connect(&running.uri("/")).await.unwrap();
    let mut ws = soon(moved.recv()).await.unwrap();
    // It works elsewhere, where the runtime polls it and the server's poller wakes it.
    client.send("hello").await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap(), Some(Message::from("hello")));
    let waiting = tokio::spawn(async move {
        let end = ws.recv().await;
        (end, ws.recv().await)
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    running.task.abort();
    let _ = soon(&mut running.task).await;
    let (end, after) = soon(waiting).await.unwrap();
    assert!(matches!(end, Err(Error::Lost(Some(_)))), "{end:?}");
    assert!(matches!(after, Ok(None)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn halves_in_tasks_on_other_threads_are_woken() {
    let running = run(server().await, |request| async move {
        let (mut receiver, sender) = request.accept().await?.split();
        let (to_writer, mut messages) = mpsc::channel(4);
        let writer = tokio::spawn(async move {
            while let Some(message) = messages.recv().await {
                sender.send(message).await?;
            }
            Ok::<_, Error>(())
        });
        let reader = tokio::spawn(async move {
            while let Some(message) = receiver.recv().await? {
                if to_writer.send(message).await.is_err() {
                    break;
                }
            }
            Ok::<_, Error>(())
        });
        reader.await.expect("no panic")?;
        writer.await.expect("no panic")
    });
    let mut tasks = Vec::new();
    for number in 0..8_u8 {
        let uri = running.uri("/");
        tasks.push(tokio::spawn(async move {
            let mut ws = handfast::connect(&uri).await.unwrap();
            for round in 0..200 {
                let sent = vec![number; round * 37 % 5000];
                ws.send(sent.clone()).await.unwrap();
                assert!(soon(ws.recv()).await.unwrap() == Some(Message::from(sent)));
            }
            soon(ws.close(CloseCode::NORMAL, "")).await.unwrap();
        }));
    }
    for task in tasks {
        soon(task).await.unwrap();
    }
}

#[tokio::test]
async fn many_connections_come_and_go() {
    let running = echoing(server().await);
    for _ in 0..20 {
        let mut open = Vec::new();
        for _ in 0..50 {
            open.push(soon(handfast::connect(&running.uri("/"))).await.unwrap());
        }
        for (number, ws) in open.iter_mut().enumerate() {
            ws.send(number.to_string()).await.unwrap();
        }
        for (number, ws) in open.iter_mut().enumerate() {
            assert_eq!(soon(ws.recv()).await.unwrap(), Some(Message::from(number.to_string())));
        }
    }
    let all_gone = async {
        while running.handle.connections() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon(all_gone).await;
    soon(running.handle.drain(Duration::from_secs(5))).await;
}
