//! One message to many connections of this program.

use crate::transport::Transport;
use crate::websocket::{Sender, TrySendError};
use handfast_proto::connection::Prepared;
use handfast_proto::frame::CloseCode;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;

/// A group of connections that get the same messages, in the same order. Clones are cheap and mean the same group.
///
/// A message is framed once, and compressed at most once: see [`Prepared`]. Sending never waits: a member whose send queue
/// is full ([`Limits::send_queue_bytes_max`](crate::Limits::send_queue_bytes_max)) is treated as its
/// [`Overflow`] says, so that one slow reader delays nobody and holds no more memory than its limit.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), handfast::Error> {
/// use handfast::{Broadcast, Overflow, Prepared, Server};
///
/// let everyone = Broadcast::new();
/// Server::bind("127.0.0.1:8080").await?.serve(move |ws| {
///     let everyone = everyone.clone();
///     async move {
///         let (mut receiver, sender) = ws.split();
///         let _member = everyone.join(sender, Overflow::DropNewest);
///         while let Some(message) = receiver.recv().await? {
///             everyone.send(&Prepared::new(message));
///         }
///         Ok(())
///     }
/// }).await
/// # }
/// ```
pub struct Broadcast<S: AsyncRead + AsyncWrite + Unpin + Send + 'static = Transport> {
    group: Arc<Mutex<Group<S>>>,
}

/// What becomes of a message for a member whose send queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// This member misses the message; [`Member::dropped`] counts it.
    DropNewest,
    /// The member's connection is closed with this code, such as [`CloseCode::POLICY_VIOLATION`] or
    /// [`CloseCode::TRY_AGAIN_LATER`]: it is to come back and begin anew. It gets what is queued, if it reads that in
    /// [`Limits::close_timeout`](crate::Limits::close_timeout).
    Close(CloseCode),
}

/// What became of one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// Members whose queue took it.
    pub queued: usize,
    /// Members that missed it by [`Overflow::DropNewest`].
    pub dropped: usize,
    /// Members whose connection it closed by [`Overflow::Close`].
    pub closed: usize,
}

/// A place in a [`Broadcast`], left when this is dropped.
pub struct Member<S: AsyncRead + AsyncWrite + Unpin + Send + 'static = Transport> {
    broadcast: Broadcast<S>,
    at: usize,
}

struct Group<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> {
    places: Vec<Option<Place<S>>>,
    free: Vec<usize>,
    /// A task will write what is queued.
    is_write_due: bool,
}

struct Place<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> {
    sender: Sender<S>,
    overflow: Overflow,
    dropped: u64,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Broadcast<S> {
    /// A group without members.
    pub fn new() -> Self {
        Self {
            group: Arc::new(Mutex::new(Group { places: Vec::new(), free: Vec::new(), is_write_due: false })),
        }
    }

    /// Takes a connection in. It leaves when the [`Member`] is dropped, not when it closes: keep the member beside the
    /// loop that receives.
    #[must_use = "the connection leaves the group when this is dropped"]
    pub fn join(&self, sender: Sender<S>, overflow: Overflow) -> Member<S> {
        let place = Place { sender, overflow, dropped: 0 };
        let mut group = self.group();
        let at = match group.free.pop() {
            Some(at) => {
                group.places[at] = Some(place);
                at
            }
            None => {
                group.places.push(Some(place));
                group.places.len() - 1
            }
        };
        drop(group);
        Member { broadcast: self.clone(), at }
    }

    /// Queues a message for every member. Never waits. Takes time in proportion to the number of members; members that are
    /// closing or closed are passed over.
    ///
    /// It is written as soon as the running task waits for something, together with what was sent until then: so several messages
    /// cost each member one write. Much at once is written at once, and so is everything outside of a runtime.
    pub fn send(&self, message: &Prepared) -> Delivery {
        let mut delivery = Delivery::default();
        let mut is_left = false;
        let mut group = self.group();
        for place in group.places.iter_mut().flatten() {
            match place.sender.try_queue_prepared(message) {
                Ok(waits) => {
                    delivery.queued += 1;
                    is_left |= waits;
                }
                // Where the program itself sends a message in pieces, nothing can come in between either.
                Err(TrySendError::Full(_) | TrySendError::Unfinished(_)) => match place.overflow {
                    Overflow::DropNewest => {
                        place.dropped += 1;
                        delivery.dropped += 1;
                    }
                    Overflow::Close(code) => {
                        place.sender.close_too_slow(code);
                        delivery.closed += 1;
                    }
                },
                Err(TrySendError::Closed(_)) => {}
            }
        }
        if is_left && !group.is_write_due {
            match Handle::try_current() {
                Ok(runtime) => {
                    group.is_write_due = true;
                    // A runtime that is ending drops the task at once.
                    drop(group);
                    let due = DueWrite(self.clone());
                    runtime.spawn(async move { drop(due) });
                }
                Err(_) => group.write(),
            }
        }
        delivery
    }

    /// How many members it has, closed ones that have not left included.
    pub fn members(&self) -> usize {
        let group = self.group();
        group.places.len() - group.free.len()
    }

    fn group(&self) -> MutexGuard<'_, Group<S>> {
        self.group.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what is queued when it is dropped: by its task, or with its runtime, should that end before the task has run.
struct DueWrite<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(Broadcast<S>);

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Drop for DueWrite<S> {
    fn drop(&mut self) {
        self.0.group().write();
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Group<S> {
    /// Writes what is queued for the members.
    fn write(&mut self) {
        self.is_write_due = false;
        self.places.iter().flatten().for_each(|place| place.sender.write_queued());
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Member<S> {
    /// How many messages it missed because its queue was full.
    pub fn dropped(&self) -> u64 {
        self.broadcast.group().places[self.at].as_ref().map_or(0, |place| place.dropped)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Drop for Member<S> {
    fn drop(&mut self) {
        let mut group = self.broadcast.group();
        let place = group.places[self.at].take();
        group.free.push(self.at);
        drop(group);
        // The last sender of a connection ends it: not under the lock.
        drop(place);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Clone for Broadcast<S> {
    fn clone(&self) -> Self {
        Self { group: self.group.clone() }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Default for Broadcast<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> fmt::Debug for Broadcast<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast").field("members", &self.members()).finish()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> fmt::Debug for Member<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").field("dropped", &self.dropped()).finish_non_exhaustive()
    }
}
