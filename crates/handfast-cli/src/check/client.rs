//! `handfast check-client`.

use super::args::CheckClientArgs;
use super::report;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::signals::Signals;

/// Runs the command.
pub fn run(args: &CheckClientArgs) -> Result<Exit, Failure> {
    if args.select.list {
        return report::list("client/", &args.select);
    }
    report::selection("client/", &args.select)?;
    let mut check = handfast_check::client(args.command.iter().map(String::as_str))
        .listen(args.listen)
        .timeout(args.timeout)
        .parallel(usize::from(args.parallel));
    check = args.select.only.iter().fold(check, |check, rule| check.only(rule));
    check = args.select.exclude.iter().fold(check, |check, rule| check.exclude(rule));
    let waits = args.command.is_empty();
    let mut writer = report::Writer::new(&args.output)?;
    let run = async {
        let mut signals = Signals::with_hangup()?;
        let ready = |address: std::net::SocketAddr, urls: Vec<String>| {
            if waits {
                output::talk(&format!(
                    "Open http://{address}/ in a browser, or connect a client to each of:"
                ));
                urls.iter().for_each(|url| output::talk(&format!("  {url}")));
                output::talk("Ctrl-C ends the wait and prints the report.");
            }
        };
        if waits {
            return Ok(Some(check.run_until(ready, signals.next(), |event| writer.observe(event)).await));
        }
        tokio::select! {
            report = check.run_until(ready, std::future::pending(), |event| writer.observe(event)) => Ok(Some(report)),
            () = signals.next() => Ok(None),
        }
    };
    let outcome: Result<_, Failure> = crate::runtime()?.block_on(run);
    match outcome? {
        Some(outcome) => writer.finish(&outcome.map_err(|error| report::failure(&error))?),
        None => Err(Failure::explained(Exit::Interrupted)),
    }
}
