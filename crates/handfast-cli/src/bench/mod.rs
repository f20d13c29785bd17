//! `handfast bench`: load on an endpoint, with every answer verified.
//!
//! The coordinator, here, hears signals and shows progress; each [`worker`] makes its part of the load on a thread of its own
//! and shares nothing with the others; `pace` wakes them at the times of the open model.

pub mod args;
mod handshakes;
mod json;
mod limits;
mod machine;
mod messages;
mod opening;
mod outcome;
mod pace;
mod payload;
mod plan;
mod report;
mod tally;
mod worker;

use crate::exit::{Exit, Failure};
use crate::output;
use crate::signals::Signals;
use args::{BenchArgs, Format};
use outcome::Outcome;
use pace::Window;
use plan::Plan;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tally::Tally;
use tokio::sync::{Notify, mpsc, watch};
use worker::{Channels, Progress, Worker};

/// Runs the command.
pub fn run(args: &BenchArgs) -> Result<Exit, Failure> {
    let plan = Arc::new(Plan::new(args)?);
    let runtime = crate::runtime()?;
    let outcome = runtime.block_on(load(plan));
    runtime.shutdown_background();
    output::end_progress();
    let outcome = outcome?;
    output::data(&match args.format {
        Format::Human => report::human(&outcome),
        Format::Json => json::json(&outcome),
    })?;
    Ok(outcome.exit())
}

async fn load(plan: Arc<Plan>) -> Result<Outcome, Failure> {
    let mut signals = Signals::new()?;
    plan.check_host().await?;
    let mut crew = Crew::start(&plan)?;
    let mut outcome = Outcome::new(plan.clone());
    let mut opened = 0;
    for _ in 0..plan.threads {
        tokio::select! {
            ready = crew.ready.recv() => opened += ready.ok_or_else(lost_thread)?,
            () = signals.next() => {
                outcome.is_interrupted = true;
                break;
            }
        }
    }
    let begin = Instant::now();
    let window = Window { begin, end: begin + plan.duration };
    let is_stopped = Arc::new(AtomicBool::new(false));
    if outcome.is_interrupted || (plan.messages.is_some() && opened == 0) {
        // Nothing to send over.
        crew.stop();
    } else {
        if let (Some(rate), Some(count)) = (plan.rate, plan.scheduled()) {
            pace::spawn(window, rate, count, crew.wakes.to_vec(), is_stopped.clone())
                .map_err(cannot_start)?;
        }
        crew.begin(window);
        outcome.is_begun = true;
    }
    let mut tick = tokio::time::interval(TICK);
    let mut left = plan.threads;
    while left > 0 {
        tokio::select! {
            result = crew.results.recv() => {
                let (index, tally, load) = result.ok_or_else(lost_thread)?;
                outcome.tally.add(tally);
                outcome.loads[index] = load;
                left -= 1;
            }
            () = signals.next(), if !outcome.is_interrupted => {
                outcome.is_interrupted = true;
                crew.stop();
            }
            _ = tick.tick() => {
                let (seconds, all) = (begin.elapsed().as_secs(), plan.duration.as_secs_f64());
                output::progress_text(&format!("{seconds} of {all} s, {} done", crew.progress.get()));
            }
        }
    }
    is_stopped.store(true, Ordering::Relaxed);
    outcome.elapsed = begin.elapsed().min(plan.duration);
    Ok(outcome)
}

/// The threads, and how they are spoken with.
struct Crew {
    ready: mpsc::UnboundedReceiver<usize>,
    results: mpsc::UnboundedReceiver<(usize, Tally, machine::Load)>,
    window: watch::Sender<Option<Window>>,
    stop: watch::Sender<bool>,
    wakes: Arc<[Arc<Notify>]>,
    progress: Arc<Progress>,
}

impl Crew {
    fn start(plan: &Arc<Plan>) -> Result<Self, Failure> {
        let takers = if plan.messages.is_some() { plan.connections } else { plan.threads };
        let wakes: Arc<[Arc<Notify>]> = (0..takers).map(|_| Arc::default()).collect();
        let progress = Arc::new(Progress::default());
        let (ready_sender, ready) = mpsc::unbounded_channel();
        let (result_sender, results) = mpsc::unbounded_channel();
        let (window, window_receiver) = watch::channel(None);
        let (stop, stop_receiver) = watch::channel(false);
        for index in 0..plan.threads {
            let (plan, wakes, progress) = (plan.clone(), wakes.clone(), progress.clone());
            let channels = Channels {
                ready: ready_sender.clone(),
                window: window_receiver.clone(),
                stop: stop_receiver.clone(),
                result: result_sender.clone(),
            };
            // A worker is made where it lives: it is of one thread.
            let work = move || {
                let tally = Tally::default().into();
                worker::run(Worker { plan, index, tally, wakes, progress }, channels);
            };
            std::thread::Builder::new().name(format!("load {index}")).spawn(work).map_err(cannot_start)?;
        }
        Ok(Self { ready, results, window, stop, wakes, progress })
    }

    fn begin(&self, window: Window) {
        self.window.send_replace(Some(window));
    }

    fn stop(&self) {
        self.stop.send_replace(true);
    }
}

fn cannot_start(error: std::io::Error) -> Failure {
    Failure::new(Exit::Internal, format!("cannot start a thread: {error}"))
}

fn lost_thread() -> Failure {
    Failure::new(Exit::Internal, "a thread ended without its result")
}

/// Between two looks at the progress.
const TICK: Duration = Duration::from_millis(250);
