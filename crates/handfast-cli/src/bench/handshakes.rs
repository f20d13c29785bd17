//! Handshakes only: open, close, and again.

use super::pace::{Share, Window};
use super::worker::Worker;
use super::{opening, worker};
use handfast::CloseCode;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

/// Makes this thread's part of the handshakes, and waits for those under way.
pub async fn run(worker: &Rc<Worker>, window: Window) {
    match worker.plan.rate {
        Some(rate) => open_model(worker, window, rate).await,
        None => closed_model(worker, window).await,
    }
}

async fn closed_model(worker: &Rc<Worker>, window: Window) {
    let mut slots = JoinSet::new();
    for _ in worker.plan.share(worker.index) {
        let worker = worker.clone();
        slots.spawn_local(async move {
            while Instant::now() < window.end {
                if !one(&worker, Instant::now(), window).await {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
    }
    while slots.join_next().await.is_some() {}
}

async fn open_model(worker: &Rc<Worker>, window: Window, rate: f64) {
    let plan = &worker.plan;
    let mut share =
        Share::new(window, rate, worker.index, plan.threads, plan.scheduled().unwrap_or_default());
    let wake: &Notify = &worker.wakes[worker.index];
    let room = Arc::new(Semaphore::new(plan.share(worker.index).len()));
    let mut under_way = JoinSet::new();
    let begin = |due: Instant, place, under_way: &mut JoinSet<()>| {
        worker.began(due);
        let worker = worker.clone();
        under_way.spawn_local(async move {
            one(&worker, due, window).await;
            drop(place);
        });
    };
    while !share.is_over() && Instant::now() < window.end {
        // In this order: an operation that is taken is begun.
        let place = tokio::time::timeout_at(window.end.into(), room.clone().acquire_owned());
        let Ok(Ok(place)) = place.await else { break };
        match share.take(Instant::now()) {
            Some(due) => begin(due, place, &mut under_way),
            None => worker::until(window.end, wake.notified()).await,
        }
        while under_way.try_join_next().is_some() {}
    }
    // What was due within the time still begins, as far as there is room for it.
    while let Ok(place) = room.clone().try_acquire_owned() {
        let Some(due) = share.take(window.end) else { break };
        begin(due, place, &mut under_way);
    }
    worker.tally.borrow_mut().not_begun += share.left();
    while under_way.join_next().await.is_some() {}
}

/// One handshake and its polite end. False where the server was not reached, which would repeat itself at once.
async fn one(worker: &Worker, since: Instant, window: Window) -> bool {
    let failed = worker.tally.borrow().handshakes.failed;
    let Some(mut ws) = opening::open(&worker.plan, &worker.tally, since, Some(window.end)).await else {
        return worker.tally.borrow().handshakes.failed == failed;
    };
    worker.progress.done();
    if let Err(error) = ws.close(CloseCode::NORMAL, "").await {
        let kind = format!("after the handshake: {}", opening::kind(&error));
        let mut tally = worker.tally.borrow_mut();
        tally.broken += 1;
        tally.errors.count(kind, || opening::example(&error));
    }
    true
}

/// Between two attempts to reach a server that cannot be reached.
const PAUSE: Duration = Duration::from_millis(100);
