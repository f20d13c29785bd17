//! Messages over open connections, each echo verified.

use super::pace::{Share, Window};
use super::plan;
use super::worker::Worker;
use super::{opening, worker};
use handfast::{CloseCode, Message, WebSocket};
use std::collections::VecDeque;
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

/// Opens this thread's connections; `None` for each that could not be opened.
pub async fn open_all(worker: &Rc<Worker>) -> Vec<Option<WebSocket>> {
    let room = Rc::new(Semaphore::new(OPENED_AT_ONCE));
    let mut opening = JoinSet::new();
    for _ in worker.plan.share(worker.index) {
        let (worker, room) = (worker.clone(), room.clone());
        opening.spawn_local(async move {
            let _place = room.acquire().await;
            opening::open(&worker.plan, &worker.tally, Instant::now(), None).await
        });
    }
    let mut opened = Vec::with_capacity(opening.len());
    while let Some(one) = opening.join_next().await {
        opened.push(one.unwrap_or_default());
    }
    opened
}

/// Sends this thread's messages over them, and waits for those under way.
pub async fn run(worker: &Rc<Worker>, sockets: Vec<Option<WebSocket>>, window: Window) {
    let mut talks = JoinSet::new();
    for (number, ws) in worker.plan.share(worker.index).zip(sockets) {
        let worker = worker.clone();
        talks.spawn_local(async move {
            let Some(messages) = &worker.plan.messages else { return };
            let plan = &worker.plan;
            let share = plan.rate.map(|rate| {
                Share::new(window, rate, number, plan.connections, plan.scheduled().unwrap_or_default())
            });
            let mut talk = Talk {
                worker: &worker,
                messages,
                window,
                share,
                wake: &worker.wakes[number % worker.wakes.len()],
                under_way: VecDeque::new(),
                // Connections begin at different messages.
                sent: number as u64,
                has_ended: false,
            };
            talk.run(ws).await;
        });
    }
    while talks.join_next().await.is_some() {}
}

/// One connection, and those that come in its place when it is lost.
struct Talk<'a> {
    worker: &'a Worker,
    messages: &'a plan::Messages,
    window: Window,
    share: Option<Share>,
    wake: &'a Notify,
    /// Messages that wait for their echo, oldest first.
    under_way: VecDeque<UnderWay>,
    /// The number of the next message.
    sent: u64,
    /// Nothing more is sent.
    has_ended: bool,
}

/// A message that waits for its echo.
struct UnderWay {
    number: u64,
    /// From when its latency counts.
    since: Instant,
    sent: Instant,
}

/// Why a conversation ended.
enum End {
    /// Its time is over and every echo came.
    Done,
    /// The connection cannot be used any more; the error is counted.
    Lost,
}

impl Talk<'_> {
    async fn run(&mut self, mut ws: Option<WebSocket>) {
        loop {
            if let Some(mut ws) = ws.take() {
                match self.converse(&mut ws).await {
                    End::Done => {
                        // The messages are measured; a peer that does not close politely is told of all the same.
                        if let Err(error) = ws.close(CloseCode::NORMAL, "").await {
                            self.break_off(
                                &format!("while closing: {}", opening::kind(&error)),
                                &error.to_string(),
                            );
                        }
                        break;
                    }
                    End::Lost => {
                        self.worker.tally.borrow_mut().messages.unanswered += self.under_way.len() as u64;
                        self.under_way.clear();
                    }
                }
            }
            worker::until(self.window.end, tokio::time::sleep(PAUSE)).await;
            if Instant::now() >= self.window.end {
                break;
            }
            ws = opening::open(&self.worker.plan, &self.worker.tally, Instant::now(), None).await;
        }
        if let Some(share) = &self.share {
            self.worker.tally.borrow_mut().not_begun += share.left();
        }
    }

    async fn converse(&mut self, ws: &mut WebSocket) -> End {
        let mut look = pin!(tokio::time::sleep_until(self.next_look().into()));
        loop {
            if let Err(error) = self.send_due(ws).await {
                self.break_off(&opening::kind(&error), &error.to_string());
                return End::Lost;
            }
            if self.under_way.is_empty() && self.is_over() {
                return End::Done;
            }
            let waits = !self.has_ended
                && self.share.is_some_and(|share| !share.is_over())
                && self.under_way.len() < self.messages.depth;
            tokio::select! {
                biased;
                received = ws.recv() => match received {
                    Ok(Some(message)) => self.receive(&message),
                    Ok(None) => {
                        let code = ws.close_received().map_or(1005, |close| close.code().get());
                        self.break_off(&format!("closed by the server with {code}"), "");
                        return End::Lost;
                    }
                    Err(error) => {
                        self.break_off(&opening::kind(&error), &error.to_string());
                        return End::Lost;
                    }
                },
                () = self.wake.notified(), if waits => {}
                () = &mut look => {
                    let timeout = self.worker.plan.timeout;
                    if self.under_way.front().is_some_and(|oldest| oldest.sent.elapsed() >= timeout) {
                        let errors = &mut self.worker.tally.borrow_mut().errors;
                        errors.count("no echo in time".to_owned(), String::new);
                        return End::Lost;
                    }
                    look.as_mut().reset(self.next_look().into());
                }
            }
        }
    }

    /// Queues what the model asks for; the next receiving writes it.
    async fn send_due(&mut self, ws: &mut WebSocket) -> Result<(), handfast::Error> {
        if self.has_ended {
            return Ok(());
        }
        // What was due within the time of the load still goes out, as far as there is room for it.
        self.has_ended = Instant::now() >= self.window.end;
        if self.has_ended && self.share.is_none() {
            return Ok(());
        }
        while self.under_way.len() < self.messages.depth {
            let now = Instant::now();
            let since = match &mut self.share {
                None => now,
                Some(share) => match share.take(now) {
                    Some(due) => due,
                    None => break,
                },
            };
            if self.share.is_some() {
                self.worker.began(since);
            }
            let number = self.sent;
            self.sent += 1;
            self.worker.tally.borrow_mut().messages.sent += 1;
            self.under_way.push_back(UnderWay { number, since, sent: now });
            ws.feed(self.messages.payloads.message(number)).await?;
        }
        Ok(())
    }

    fn receive(&mut self, message: &Message) {
        let now = Instant::now();
        let mut tally = self.worker.tally.borrow_mut();
        let tally = &mut *tally;
        let Some(expected) = self.under_way.pop_front() else {
            tally.messages.unasked += 1;
            return;
        };
        if let Err(wrong) = self.messages.payloads.verify(expected.number, message) {
            tally.messages.wrong(&mut tally.wrong, wrong);
            return;
        }
        tally.messages.verified += 1;
        tally.messages.verified_in_window += u64::from(now <= self.window.end);
        tally.messages.latency.record(now.saturating_duration_since(expected.since));
        self.worker.progress.done();
    }

    fn is_over(&self) -> bool {
        self.has_ended || self.share.is_some_and(|share| share.is_over())
    }

    /// When to look next whether the time is over or an echo overdue.
    fn next_look(&self) -> Instant {
        let now = Instant::now();
        let soon = now + (self.worker.plan.timeout / 4).min(Duration::from_millis(250));
        if self.window.end > now { soon.min(self.window.end) } else { soon }
    }

    /// Counts the abnormal end of the connection.
    fn break_off(&self, kind: &str, example: &str) {
        let mut tally = self.worker.tally.borrow_mut();
        tally.broken += 1;
        tally.errors.count(kind.to_owned(), || opening::short(example));
    }
}

/// Handshakes of one thread under way together while the connections are opened.
const OPENED_AT_ONCE: usize = 64;

/// Before a lost connection is opened again.
const PAUSE: Duration = Duration::from_secs(1);
