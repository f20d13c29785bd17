//! One message to many connections, and what becomes of slow ones.

use crate::support::{pair_with, soon};
use futures_util::FutureExt;
use handfast::{
    Broadcast, Close, CloseCode, Config, Limits, Member, Message, Overflow, Prepared, Receiver, WebSocket,
};
use tokio::io::DuplexStream;

/// A client, and the server's halves of its connection, of which the sender is in the group.
struct One {
    client: WebSocket<DuplexStream>,
    receiver: Receiver<DuplexStream>,
    member: Member<DuplexStream>,
}

/// Joins a connection whose pipe holds 1000 bytes and whose queue holds 4000.
async fn join(group: &Broadcast<DuplexStream>, overflow: Overflow) -> One {
    let limits = Limits { send_queue_bytes_max: 4000, ..Limits::default() };
    let (here, there) = tokio::io::duplex(1000);
    let config = Config { limits, ..Config::default() };
    let (client, server) = pair_with(here, there, Config::default(), config).await;
    let (receiver, sender) = server.split();
    One { client, receiver, member: group.join(sender, overflow) }
}

fn numbered(at: usize) -> Prepared {
    Prepared::new(format!("{at:0500}"))
}

#[tokio::test]
async fn every_member_gets_every_message_in_order_until_it_leaves() {
    let group = Broadcast::new();
    let mut members = Vec::new();
    for _ in 0..5 {
        members.push(join(&group, Overflow::DropNewest).await);
    }
    for at in 0..4 {
        assert_eq!(group.send(&numbered(at)).queued, 5);
    }
    for one in &mut members {
        for at in 0..4 {
            assert_eq!(soon(one.client.recv()).await.unwrap().as_ref(), Some(numbered(at).message()));
        }
        assert_eq!(one.member.dropped(), 0);
    }
    let One { member, receiver: _receiver, client: _client } = members.remove(1);
    drop(member);
    assert_eq!((group.members(), group.send(&numbered(4)).queued), (4, 4));
    // A connection that has closed is passed over though it has not left.
    members[0].client.begin_close(CloseCode::NORMAL, "").unwrap();
    let One { client, receiver, .. } = &mut members[0];
    let (ended, closed) = tokio::join!(soon(receiver.recv()), async {
        while client.recv().await?.is_some() {}
        Ok::<_, handfast::Error>(())
    });
    closed.unwrap();
    assert_eq!(ended.unwrap(), None);
    assert_eq!((group.members(), group.send(&numbered(5)).queued), (4, 3));
    let again = join(&group, Overflow::DropNewest).await;
    assert_eq!((group.members(), group.send(&numbered(6)).queued), (5, 4));
    drop(again);
}

#[tokio::test]
async fn a_slow_member_misses_messages_that_are_counted_and_the_others_none() {
    let group = Broadcast::new();
    let mut slow = join(&group, Overflow::DropNewest).await;
    let mut quick = join(&group, Overflow::DropNewest).await;
    let mut dropped = 0;
    for at in 0..100 {
        dropped += group.send(&numbered(at)).dropped;
        assert_eq!(soon(quick.client.recv()).await.unwrap().as_ref(), Some(numbered(at).message()));
    }
    assert_eq!((slow.member.dropped(), quick.member.dropped()), (dropped as u64, 0));
    let taken = 100 - dropped;
    assert!((8..=11).contains(&taken), "{taken} messages into 5000 bytes");
    // What it gets are the first ones, and then the newest again.
    for at in 0..taken {
        assert_eq!(soon(slow.client.recv()).await.unwrap().as_ref(), Some(numbered(at).message()));
    }
    group.send(&numbered(100));
    assert_eq!(soon(slow.client.recv()).await.unwrap().as_ref(), Some(numbered(100).message()));
}

#[tokio::test]
async fn a_slow_member_is_shown_out_where_the_policy_says_so() {
    let group = Broadcast::new();
    let mut slow = join(&group, Overflow::Close(CloseCode::TRY_AGAIN_LATER)).await;
    let mut closed = 0;
    for at in 0..100 {
        closed += group.send(&numbered(at)).closed;
    }
    assert_eq!(closed, 1, "a member is closed once");
    assert_eq!(slow.member.dropped(), 0);
    let receiving = tokio::spawn(async move { slow.receiver.recv().await.map(|_| slow.member) });
    let mut received = 0;
    while soon(slow.client.recv()).await.unwrap().is_some() {
        received += 1;
    }
    assert!((8..=11).contains(&received), "{received} messages were queued before");
    assert_eq!(slow.client.close_received().map(Close::code), Some(CloseCode::TRY_AGAIN_LATER));
    soon(receiving).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_full_queue_empties_to_its_low_water_mark_before_waiting_senders_go_on() {
    let limits = Limits { send_queue_bytes_max: 10_000, send_queue_bytes_low: 2_000, ..Limits::default() };
    let (here, there) = tokio::io::duplex(100);
    let config = Config { limits, ..Config::default() };
    let (mut client, server) = pair_with(here, there, Config::default(), config).await;
    let (_receiver, sender) = server.split();
    let message = Message::binary(vec![7; 996]);
    while sender.try_send(message.clone()).is_ok() {}
    let mut waiting = Box::pin(sender.send(message.clone()));
    let mut went_on_at = None;
    for _ in 0..10 {
        assert!(waiting.as_mut().now_or_never().is_none() || went_on_at.is_some());
        soon(client.recv()).await.unwrap().unwrap();
        // The background writes what the pipe takes.
        tokio::task::yield_now().await;
        let queued = sender.send_queue_bytes();
        if waiting.as_mut().now_or_never().is_some() {
            went_on_at = Some(queued);
            break;
        }
        // One that does not wait is served as soon as anything fits.
        assert!(queued > 2_000, "{queued} bytes are queued and nobody goes on");
    }
    let went_on_at = went_on_at.expect("it goes on");
    assert!(went_on_at <= 2_000, "it went on at {went_on_at} bytes");
}

/// A thread that has a runtime for a moment only.
#[tokio::test]
async fn what_a_runtime_that_ends_has_sent_is_written_all_the_same() {
    let group = Broadcast::new();
    let mut one = join(&group, Overflow::DropNewest).await;
    let elsewhere = group.clone();
    let brief = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { elsewhere.send(&numbered(0)).queued })
    });
    assert_eq!(brief.join().unwrap(), 1);
    group.send(&numbered(1));
    for at in 0..2 {
        assert_eq!(soon(one.client.recv()).await.unwrap().as_ref(), Some(numbered(at).message()));
    }
}
