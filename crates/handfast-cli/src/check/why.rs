//! `handfast why`: what an error text means.

use super::args::WhyArgs;
use super::report;
use crate::exit::{Exit, Failure};
use crate::output::{self, Stream, Tone};
use std::io::{IsTerminal, Read};

/// The most that is read from standard input.
const LONGEST: u64 = 1 << 20;

/// Runs the command.
pub fn run(args: &WhyArgs) -> Result<Exit, Failure> {
    let mut text = args.text.join(" ");
    if text.is_empty() {
        if std::io::stdin().is_terminal() {
            output::talk("Paste the message, and end it with Ctrl-D on a line of its own.");
        }
        let mut bytes = Vec::new();
        std::io::stdin()
            .take(LONGEST)
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::new(Exit::Internal, format!("standard input: {error}")))?;
        text = String::from_utf8_lossy(&bytes).into_owned();
    }
    if text.trim().is_empty() {
        let words = "give the text of the message, behind why or on standard input";
        return Err(Failure::new(Exit::WrongUse, words.to_owned()));
    }
    let found = handfast_check::why(&text);
    if found.is_empty() {
        let hint = "handfast check URL finds what is wrong without it";
        return Err(Failure::new(Exit::Refused, format!("this text is not in the dictionary; {hint}")));
    }
    for (place, situation) in found.iter().take(3).enumerate() {
        if place > 0 {
            output::data("")?;
        }
        output::data(&output::paint(Stream::Data, Tone::Strong, &situation.title))?;
        for (number, cause) in situation.causes.iter().enumerate() {
            output::data(&format!("\n  {}. {}", number + 1, cause.cause))?;
            output::data(&format!("     to tell: {}", cause.probe))?;
            output::data(&format!("     fix:     {}", cause.fix))?;
        }
    }
    let Some(url) = &args.url else { return Ok(Exit::Fine) };
    let rules = &found[0].rules;
    if rules.is_empty() {
        output::talk("No probe from outside can tell these causes apart.");
        return Ok(Exit::Fine);
    }
    let check = rules.iter().fold(handfast_check::server(url), |check, rule| check.only(rule));
    let report = crate::runtime()?.block_on(check.run()).map_err(|error| report::failure(&error))?;
    output::data("")?;
    output::data(handfast_check::human(&report, true).trim_end())?;
    Ok(if report.failures().next().is_some() || report.broke.is_some() { Exit::Refused } else { Exit::Fine })
}
