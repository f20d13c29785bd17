//! One thread of the generator: a runtime and a tally of its own.

use super::machine::{Load, Usage};
use super::pace::Window;
use super::plan::Plan;
use super::tally::Tally;
use super::{handshakes, messages};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::LocalSet;

/// What a thread works with.
pub struct Worker {
    pub plan: Arc<Plan>,
    pub index: usize,
    pub tally: RefCell<Tally>,
    /// Those of the schedule's takers: one for each connection, or for each thread where there are handshakes only.
    pub wakes: Arc<[Arc<Notify>]>,
    pub progress: Arc<Progress>,
}

/// How many operations are done, for the eye.
#[derive(Default)]
pub struct Progress(AtomicU64);

impl Progress {
    /// Counts one.
    pub fn done(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// So far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Worker {
    /// Notes how late an operation of the open model is begun.
    pub fn began(&self, due: Instant) {
        self.tally.borrow_mut().lateness.record(due.elapsed());
    }
}

/// What a thread hears and tells.
pub struct Channels {
    /// How many of its connections are open.
    pub ready: mpsc::UnboundedSender<usize>,
    /// When the load begins and ends, once all threads are ready.
    pub window: watch::Receiver<Option<Window>>,
    /// Ends everything at once.
    pub stop: watch::Receiver<bool>,
    /// What it counted, and how busy it was.
    pub result: mpsc::UnboundedSender<(usize, Tally, Load)>,
}

/// Runs a thread's part to its end. The sockets that are left are dropped with the runtime.
pub fn run(worker: Worker, channels: Channels) {
    let Channels { ready, mut window, mut stop, result } = channels;
    // The coordinator misses the result, and says so.
    let Ok(runtime) = crate::runtime() else { return };
    let worker = Rc::new(worker);
    let (before, after) = (Cell::new(None), Cell::new(None));
    let work = async {
        let sockets = match &worker.plan.messages {
            Some(_) => messages::open_all(&worker).await,
            None => Vec::new(),
        };
        // It is gone only when the program is.
        let _ = ready.send(sockets.iter().flatten().count());
        let window = match window.wait_for(Option::is_some).await {
            Ok(window) => *window,
            Err(_) => None,
        };
        let Some(window) = window else { return };
        before.set(Some(Usage::now()));
        let load = async {
            match &worker.plan.messages {
                Some(_) => messages::run(&worker, sockets, window).await,
                None => handshakes::run(&worker, window).await,
            }
        };
        let measure = async {
            tokio::time::sleep_until(window.end.into()).await;
            after.set(Some(Usage::now()));
        };
        tokio::join!(load, measure);
    };
    let local = LocalSet::new();
    runtime.block_on(local.run_until(async {
        tokio::select! {
            () = work => {}
            _ = stop.wait_for(|is_stopped| *is_stopped) => {}
        }
    }));
    let load = match (before.get(), after.get()) {
        (Some(before), Some(after)) => before.until(&after),
        (Some(before), None) => before.until(&Usage::now()),
        (None, _) => Load::default(),
    };
    let tally = worker.tally.take();
    let _ = result.send((worker.index, tally, load));
    // What is under way is dropped here: its tally is out of reach already.
    drop(local);
}

/// Waits for something, at most until `end`.
pub async fn until(end: Instant, something: impl Future<Output = ()>) {
    // Either way there is something to do now.
    let _ = tokio::time::timeout_at(end.into(), something).await;
}
