//! The conversation with a person at a terminal.

use super::command::{self, Command};
use super::ending::{self, Ended};
use super::meter::Meter;
use super::transcript::{Transcript, describe_close, describe_control, describe_message};
use super::{Opened, display};
use crate::exit::{Exit, Failure};
use crate::output::{self, Entered, Screen, Stream, Tone};
use crate::signals::Signals;
use handfast::{Message, Receiver, Sender, TrySendError};
use handfast_proto::connection::Event;
use handfast_proto::frame::{Close, CloseCode};

/// Talks until the person leaves, the server closes, or a signal comes.
pub async fn run(opened: Opened, signals: &mut Signals) -> Ended {
    talk(opened, signals).await.unwrap_or_else(|failure| Ended::with(Err(failure)))
}

async fn talk(opened: Opened, signals: &mut Signals) -> Result<Ended, Failure> {
    let Opened { receiver, sender, transcript, meter } = opened;
    let mut screen = Screen::new("> ")
        .map_err(|error| Failure::new(Exit::Internal, format!("cannot use the terminal: {error}")))?;
    let mut talk = Talk {
        screen: &mut screen,
        receiver,
        sender,
        transcript,
        meter,
        is_closing: false,
        is_interrupted: false,
    };
    talk.note(&format!("connected; {}, Ctrl-D leaves", command::HELP))?;
    let ended = talk.run(signals).await;
    let (is_interrupted, is_ours, receiver) = (talk.is_interrupted, talk.is_closing, talk.receiver);
    if let Ok(Ok(())) = ended {
        screen.show(&noted(&format!("closed: {}", describe_close(receiver.close_received()))))?;
    }
    // The terminal is given back before anything is said on standard error.
    drop(screen);
    match ended {
        _ if is_interrupted => Ok(Ended::with(Ok(Exit::Interrupted))),
        Err(failure) => Err(failure),
        // The person chose the code, and the server has answered.
        Ok(Ok(())) if is_ours => Ok(Ended::with(Ok(Exit::Fine))),
        Ok(ended) => {
            let ended = ended.map(|()| receiver.close_received());
            let lost = if is_ours { None } else { ending::lost(&ended) };
            Ok(Ended { lost, outcome: ending::judge(ended, true) })
        }
    }
}

struct Talk<'a> {
    screen: &'a mut Screen,
    receiver: Receiver,
    sender: Sender,
    transcript: Transcript,
    meter: Meter,
    is_closing: bool,
    is_interrupted: bool,
}

impl Talk<'_> {
    /// The inner result is how the connection ended.
    async fn run(&mut self, signals: &mut Signals) -> Result<Result<(), handfast::Error>, Failure> {
        loop {
            tokio::select! {
                event = self.receiver.recv_event() => match event {
                    Ok(Some(event)) => self.receive(event)?,
                    Ok(None) => return Ok(Ok(())),
                    Err(error) => return Ok(Err(error)),
                },
                entered = self.screen.enter() => match entered {
                    Ok(Entered::Line(line)) => self.obey(&line)?,
                    Ok(Entered::End) => self.close(CloseCode::NORMAL.into())?,
                    Ok(Entered::Interrupt) if self.interrupt()? => return Ok(Ok(())),
                    Ok(Entered::Interrupt) => {}
                    Err(error) => return Err(Failure::new(Exit::Internal, format!("cannot read the terminal: {error}"))),
                },
                () = signals.next() => if self.interrupt()? { return Ok(Ok(())) },
            }
        }
    }

    fn receive(&mut self, event: Event) -> Result<(), Failure> {
        let wire = self.meter.received();
        let shown = match event {
            Event::Message(message) if self.transcript.is_on => describe_message(&message, wire),
            Event::Message(message) => display::line(&message),
            Event::Ping(payload) => {
                return self.note(&format!("{} (answered)", describe_control("PING", &payload)));
            }
            Event::Pong(payload) => return self.note(&describe_control("PONG", &payload)),
            // Messages come whole: the configuration asks for no pieces.
            Event::Piece { .. } | Event::End(_) => return Ok(()),
        };
        let mark = output::paint(Stream::Data, Tone::Calm, "<");
        Ok(self.screen.show(&format!("{mark} {shown}"))?)
    }

    fn obey(&mut self, line: &str) -> Result<(), Failure> {
        match command::read(line) {
            Ok(Command::Send(text)) => match self.sender.try_send(Message::from(text)) {
                Ok(()) => Ok(()),
                Err(TrySendError::Full(_)) => {
                    self.note("not sent: the server reads too slowly, try again later")
                }
                Err(_) => self.note("not sent: the connection is closing"),
            },
            Ok(Command::Ping(text)) => match self.sender.ping(&text) {
                Ok(()) => self.note(&describe_control("PING", text.as_bytes())),
                Err(error) => self.note(&format!("not sent: {error}")),
            },
            Ok(Command::Close(close)) => self.close(close),
            Ok(Command::Help) => self.note(command::HELP),
            Err(why) => self.note(&why),
        }
    }

    fn close(&mut self, close: Close) -> Result<(), Failure> {
        if !std::mem::replace(&mut self.is_closing, true) {
            self.note(&describe_close(Some(&close)))?;
        }
        // The reason has been measured: it fits.
        let _ = self.sender.close(close.code(), close.reason());
        Ok(())
    }

    /// The second time it is true: leave at once.
    fn interrupt(&mut self) -> Result<bool, Failure> {
        let is_second = std::mem::replace(&mut self.is_interrupted, true);
        self.close(CloseCode::GOING_AWAY.into())?;
        Ok(is_second)
    }

    fn note(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.screen.show(&noted(text))?)
    }
}

fn noted(text: &str) -> String {
    format!("{} {text}", output::paint(Stream::Data, Tone::Dim, "="))
}
