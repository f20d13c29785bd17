//! `handfast check-path`.

use super::args::CheckPathArgs;
use super::report;
use crate::exit::{Exit, Failure};
use crate::output;

/// Runs the command.
pub fn run(args: &CheckPathArgs) -> Result<Exit, Failure> {
    if args.select.list {
        return report::list("middle/", &args.select);
    }
    report::selection("middle/", &args.select)?;
    let url = args.url.clone().unwrap_or_default();
    let mut check = handfast_check::path(url).origin(args.origin).timeout(args.timeout);
    for (name, value) in &args.headers {
        check = check.header(name, value);
    }
    check = args.select.only.iter().fold(check, |check, rule| check.only(rule));
    check = args.select.exclude.iter().fold(check, |check, rule| check.exclude(rule));
    check = args.resolve.iter().fold(check, |check, address| check.resolve(*address));
    if let Some(idle) = args.idle {
        check = check.idle(idle);
    }
    if let Some(path) = &args.cacert {
        check = check.ca_file(path);
    }
    check = if args.insecure { check.insecure() } else { check };
    check = if args.http2 { check.http2() } else { check };
    let ready = |address: std::net::SocketAddr| {
        if args.origin.port() == 0 {
            output::talk(&format!("The origin listens on {address}."));
        }
        std::future::ready(())
    };
    let mut writer = report::Writer::new(&args.output)?;
    let outcome = crate::runtime()?.block_on(check.run_with(ready, |event| writer.observe(event)));
    let report = outcome.map_err(|error| report::failure(&error))?;
    let exit = writer.finish(&report)?;
    // A device that makes no tunnel breaks no rule, and yet the path is no way for WebSockets.
    let forwards = report.phases.iter().any(|phase| phase.name == "http" && phase.ok);
    Ok(match exit {
        Exit::Fine | Exit::Inconclusive if report.broke.is_some() && forwards => Exit::Refused,
        Exit::Inconclusive if report.broke.is_some() => Exit::Unreachable,
        exit => exit,
    })
}
