//! `handfast connect`: a WebSocket client for people and scripts.

mod command;
mod display;
mod ending;
mod input;
mod interactive;
mod meter;
mod opening;
mod pipe;
mod transcript;

use crate::args::ConnectArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::signals::Signals;
use handfast::{Receiver, Sender};
use handfast_proto::connection::Event;
use meter::Meter;
use transcript::{Transcript, Way};

/// Runs the command.
pub fn run(args: &ConnectArgs) -> Result<Exit, Failure> {
    let runtime = crate::runtime()?;
    let outcome = runtime.block_on(session(args));
    // A thread may be waiting for a line that never comes.
    runtime.shutdown_background();
    outcome
}

/// An open connection with its transcript.
struct Opened {
    receiver: Receiver,
    sender: Sender,
    transcript: Transcript,
    meter: Meter,
}

async fn session(args: &ConnectArgs) -> Result<Exit, Failure> {
    let mut signals = Signals::new()?;
    let transcript = Transcript { is_on: args.verbose };
    let mut way = opening::Way::new(args, transcript)?;
    let is_scripted = !args.send.is_empty() || args.count.is_some();
    let is_interactive = !is_scripted && output::is_interactive();
    // From one connection to the next; standard input is not read before there is one.
    let mut course = None;
    loop {
        let opened = tokio::select! {
            opened = opening::open(&mut way, transcript) => opened?,
            () = signals.next() => return Ok(Exit::Interrupted),
        };
        let is_compressed = opened.deflate().is_some();
        let (receiver, sender) = opened.split();
        let meter = Meter::new(sender.clone(), is_compressed && args.verbose);
        let opened = Opened { receiver, sender, transcript, meter };
        let ended = if is_interactive {
            interactive::run(opened, &mut signals).await
        } else {
            let course = course.get_or_insert_with(|| pipe::Course::new(args));
            pipe::run(opened, course, &mut signals).await
        };
        match ended.lost {
            Some(why) if way.leads_back() => output::complain(&why),
            _ => return ended.outcome,
        }
    }
}

/// Writes what came into the transcript, and the pong that answers a ping.
fn show_event(transcript: Transcript, meter: &mut Meter, event: &Event) {
    let wire = meter.received();
    match event {
        Event::Message(message) => transcript.message(Way::Received, message, wire),
        Event::Ping(payload) => {
            transcript.control(Way::Received, "PING", payload);
            transcript.control(Way::Sent, "PONG", payload);
        }
        Event::Pong(payload) => transcript.control(Way::Received, "PONG", payload),
        // Messages come whole: the configuration asks for no pieces.
        Event::Piece { .. } | Event::End(_) => {}
    }
}
