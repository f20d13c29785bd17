//! Each finding about a server once more, by other code than the checker's: the printed command's bytes, one socket, and the
//! first line of the answer. A finding that does not show again is marked, and left out of the page.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::Outcome;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(10);

/// The report with `again` in each finding: true, false, or null where the command is no `printf`.
pub fn mark(report: &str, port: u16) -> Outcome<String> {
    let mut report: Value = serde_json::from_str(report).map_err(|error| error.to_string())?;
    let results = report["results"].as_array_mut().ok_or("the report has no results")?;
    for result in results.iter_mut().filter(|one| one["verdict"] == "fail" || one["verdict"] == "remark") {
        let got = result["got"].as_str().unwrap_or_default().to_owned();
        let command = result["repro"].as_str().unwrap_or_default();
        let Some((print, _)) = command.strip_prefix('(').and_then(|rest| rest.split_once("; sleep 2) | nc "))
        else {
            result["again"] = Value::Null;
            continue;
        };
        let answer = send(print, port)?;
        let shown = shows(&answer, &got);
        if !shown {
            eprintln!("        did not show again: {} ({got}): {answer:?}", result["id"]);
        }
        result["again"] = Value::Bool(shown);
    }
    Ok(report.to_string())
}

/// Sends what the shell prints, as it prints it, and reads the first line.
fn send(print: &str, port: u16) -> Outcome<String> {
    let failed = |error: std::io::Error| format!("port {port}: {error}");
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
    stream.set_read_timeout(Some(LIMIT)).map_err(failed)?;
    let mut shell = Command::new("sh").args(["-c", print]).stdout(Stdio::piped()).spawn().map_err(failed)?;
    let mut out = shell.stdout.take().ok_or("the shell has no output")?;
    let mut part = [0; 64 * 1024];
    while let Ok(count @ 1..) = out.read(&mut part) {
        // A server that has heard enough closes early, and may have answered.
        if stream.write_all(&part[..count]).is_err() {
            break;
        }
    }
    let _ended = shell.wait();
    let mut answer = Vec::new();
    while !answer.contains(&b'\n') {
        match stream.read(&mut part) {
            Ok(0) | Err(_) => break,
            Ok(count) => answer.extend_from_slice(&part[..count]),
        }
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    Ok(text.lines().next().unwrap_or_default().trim_end().to_owned())
}

/// Whether the answer is what the report says: the same status, or none where none came.
fn shows(answer: &str, got: &str) -> bool {
    let status = |text: &str| {
        let (_, rest) = text.split_once("HTTP/")?;
        rest.split(' ').nth(1).filter(|word| word.len() == 3)?.parse::<u16>().ok()
    };
    let told = status(got).or_else(|| {
        let words = got.split([' ', ',', ':']);
        words.filter(|word| word.len() == 3).find_map(|word| word.parse().ok())
    });
    let silent = ["without a byte", "no answer"].iter().any(|words| got.contains(words));
    match (status(answer), told) {
        (Some(came), Some(told)) => came == told,
        (None, _) => silent,
        // Words without a status, such as what a body holds.
        (Some(_), None) => !silent,
    }
}

#[cfg(test)]
mod tests {
    use super::shows;

    #[test]
    fn an_answer_is_compared_by_its_status() {
        assert!(shows(
            "HTTP/1.1 101 Switching Protocols",
            "POST: HTTP/1.1 101 Switching, with the right accept"
        ));
        assert!(!shows("HTTP/1.1 400 Bad Request", "HTTP/1.1 101 Switching Protocols"));
        assert!(shows("HTTP/1.1 101 X", "two lines: 101 without Sec-WebSocket-Extensions"));
        assert!(shows("", "the connection closed without a byte (157 in all)"));
        assert!(!shows("HTTP/1.1 400 Bad Request", "the connection closed without a byte"));
    }
}
