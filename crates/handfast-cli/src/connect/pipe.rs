//! The conversation without a person: texts from `-s` or a pipe go out, messages come in.

use super::ending::{self, Ended};
use super::input::Input;
use super::meter::Meter;
use super::transcript::{Transcript, Way};
use super::{Opened, display, show_event};
use crate::args::ConnectArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::signals::Signals;
use handfast::{Error, Message, Sender};
use handfast_proto::connection::Event;
use handfast_proto::frame::CloseCode;
use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub struct Until {
    /// After so many received messages; `None`: when as many came as were sent, or none for [`QUIET`].
    pub count: Option<u64>,
    /// How long to wait for each message that `count` asks for.
    pub timeout: Option<Duration>,
}

/// What goes on from one connection to the next.
#[derive(Debug)]
pub struct Course {
    input: Input,
    until: Until,
    sent: Cell<u64>,
    is_all_sent: bool,
    received: u64,
}

impl Course {
    /// As the command line wants it. Begins to read standard input, unless texts are given.
    pub fn new(args: &ConnectArgs) -> Self {
        let input = if args.send.is_empty() { Input::standard_input() } else { Input::given(&args.send) };
        let until = Until { count: args.count, timeout: args.timeout };
        Self { input, until, sent: Cell::new(0), is_all_sent: false, received: 0 }
    }
}

/// Talks until the input ends and its answers came, the server closes, or a signal comes.
pub async fn run(opened: Opened, course: &mut Course, signals: &mut Signals) -> Ended {
    talk(opened, course, signals).await.unwrap_or_else(|failure| Ended::with(Err(failure)))
}

async fn talk(opened: Opened, course: &mut Course, signals: &mut Signals) -> Result<Ended, Failure> {
    let Opened { receiver, sender, transcript, meter } = opened;
    let Course { input, until, sent, is_all_sent, received } = course;
    let (until, sent) = (*until, &*sent);
    let mut talk =
        Talk { receiver, sender, transcript, meter, until, received, is_closing: false, outcome: None };
    let sender = talk.sender.clone();
    let meter = talk.meter.clone();
    let mut sending = pin!(send_all(input, &sender, transcript, &meter, sent));
    let mut sending_failed = false;
    let mut quiet_since = Instant::now();
    let ended = loop {
        let deadline = talk.deadline(*is_all_sent, quiet_since);
        tokio::select! {
            biased;
            () = signals.next() => {
                if talk.is_closing && talk.outcome.is_some() {
                    return Ok(Ended::with(Ok(Exit::Interrupted)));
                }
                talk.close_with(CloseCode::GOING_AWAY, Err(Failure::explained(Exit::Interrupted)));
            }
            event = talk.receiver.recv_event() => match event {
                Ok(Some(event)) => {
                    quiet_since = Instant::now();
                    talk.take(event)?;
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            },
            outcome = &mut sending, if !*is_all_sent && !sending_failed => {
                quiet_since = Instant::now();
                match outcome {
                    Ok(all) => (*is_all_sent, sending_failed) = (all, !all),
                    Err(failure) => {
                        sending_failed = true;
                        talk.close_with(CloseCode::NORMAL, Err(failure));
                    }
                }
            }
            () = sleep_until(deadline.unwrap_or(quiet_since)), if deadline.is_some() => talk.give_up(),
        }
        if *is_all_sent && talk.until.count.is_none() && *talk.received >= sent.get() {
            talk.close();
        }
    };
    // With all sent, and no number of messages to wait for, there is nothing that could go on.
    let has_more = !*is_all_sent || until.count.is_some();
    Ok(talk.finish(ended, has_more))
}

struct Talk<'a> {
    receiver: handfast::Receiver,
    sender: Sender,
    transcript: Transcript,
    meter: Meter,
    until: Until,
    received: &'a mut u64,
    is_closing: bool,
    /// What the command comes to, whatever the peer's Close says.
    outcome: Option<Result<Exit, Failure>>,
}

impl Talk<'_> {
    fn take(&mut self, event: Event) -> Result<(), Failure> {
        show_event(self.transcript, &mut self.meter, &event);
        let Event::Message(message) = event else { return Ok(()) };
        if self.is_enough() && self.until.count.is_some() {
            return Ok(());
        }
        *self.received += 1;
        if let Err(error) = output::data(&display::line(&message)) {
            self.close_with(CloseCode::NORMAL, Err(Failure::from(error)));
        }
        if self.until.count.is_some() && self.is_enough() {
            self.close();
        }
        Ok(())
    }

    fn is_enough(&self) -> bool {
        self.until.count.is_none_or(|count| *self.received >= count)
    }

    /// When waiting has lasted long enough, if that is bounded.
    fn deadline(&self, is_all_sent: bool, quiet_since: Instant) -> Option<Instant> {
        match (self.is_closing, self.until.count) {
            (true, _) => None,
            (false, Some(_)) => self.until.timeout.map(|timeout| quiet_since + timeout),
            (false, None) => is_all_sent.then(|| quiet_since + QUIET),
        }
    }

    fn give_up(&mut self) {
        match self.until.count {
            None => self.close(),
            Some(count) => {
                let message = format!("message {} of {count} did not come in time", *self.received + 1);
                self.close_with(CloseCode::NORMAL, Err(Failure::new(Exit::Inconclusive, message)));
            }
        }
    }

    fn close_with(&mut self, code: CloseCode, outcome: Result<Exit, Failure>) {
        self.outcome.get_or_insert(outcome);
        self.close_by(code);
    }

    fn close(&mut self) {
        self.close_by(CloseCode::NORMAL);
    }

    fn close_by(&mut self, code: CloseCode) {
        if !std::mem::replace(&mut self.is_closing, true) {
            // An empty reason is never too long.
            let _ = self.sender.close(code, "");
            self.transcript.close(Way::Sent, Some(&code.into()));
        }
    }

    fn finish(self, ended: Result<(), Error>, has_more: bool) -> Ended {
        let is_enough = self.is_enough();
        let close = self.receiver.close_received();
        if ended.is_ok() {
            self.transcript.close(Way::Received, close);
        }
        let ended = ended.map(|()| close);
        let lost = if has_more && !self.is_closing { ending::lost(&ended) } else { None };
        let judged = ending::judge(ended, is_enough);
        Ended { lost, outcome: self.outcome.unwrap_or(judged) }
    }
}

/// Sends until the input ends: true; or until nothing can be sent any more, and the receiver tells why: false.
async fn send_all(
    input: &mut Input,
    sender: &Sender,
    transcript: Transcript,
    meter: &Meter,
    sent: &Cell<u64>,
) -> Result<bool, Failure> {
    while let Some(text) = input.next().await {
        let message = Message::from(text?);
        let before = meter.sent();
        // Shown before it goes, or the answer could stand above it; but its size on the wire is only known afterwards.
        let shown = before.map(|_| message.clone());
        if shown.is_none() {
            transcript.message(Way::Sent, &message, None);
        }
        if sender.send(message).await.is_err() {
            return Ok(false);
        }
        input.sent();
        if let (Some(message), Some(before), Some(after)) = (shown, before, meter.sent()) {
            transcript.message(Way::Sent, &message, Some(after - before));
        }
        sent.set(sent.get() + 1);
    }
    Ok(true)
}

/// After the end of the input: how long no message may come before the conversation is taken to be over.
pub const QUIET: Duration = Duration::from_secs(1);
