//! `handfast check`.

use super::args::CheckArgs;
use super::report;
use crate::exit::{Exit, Failure};

/// Runs the command.
pub fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    if args.select.list {
        return report::list("server/", &args.select);
    }
    report::selection("server/", &args.select)?;
    let url = args.url.clone().unwrap_or_default();
    let mut check = handfast_check::server(url).timeout(args.timeout);
    for (name, value) in &args.headers {
        check = check.header(name, value);
    }
    if let Some((name, value)) = &args.credentials {
        check = check.credentials(name, value);
    }
    check = args.subprotocols.iter().fold(check, |check, name| check.subprotocol(name));
    check = args.select.only.iter().fold(check, |check, rule| check.only(rule));
    check = args.select.exclude.iter().fold(check, |check, rule| check.exclude(rule));
    check = args.resolve.iter().fold(check, |check, address| check.resolve(*address));
    if let Some(origin) = &args.origin {
        check = check.origin(origin);
    }
    if let Some(rate) = args.rate {
        check = check.rate(rate);
    }
    if let Some(path) = &args.cacert {
        check = check.ca_file(path);
    }
    check = if args.insecure { check.insecure() } else { check };
    check = if args.public { check.public() } else { check };
    check = if args.every_path { check.every_path() } else { check };
    check = if args.every_host { check.every_host() } else { check };
    check = if args.i_own_this_host { check.own_this_host() } else { check };
    check = if args.slow { check.slow() } else { check };
    check = if args.http2 { check.http2() } else { check };
    let mut writer = report::Writer::new(&args.output)?;
    let outcome = crate::runtime()?.block_on(check.run_with(|event| writer.observe(event)));
    writer.finish(&outcome.map_err(|error| report::failure(&error))?)
}
