//! The least of HTTP: a request as bytes, and the whole answer.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use crate::Outcome;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Sends a request to a port of 127.0.0.1 and reads until the body, whose length the head must tell, is complete.
pub fn ask(port: u16, request: &str) -> Outcome<String> {
    let failed = |error: std::io::Error| format!("asking port {port}: {error}");
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
    stream.set_read_timeout(Some(LIMIT)).map_err(failed)?;
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let (mut answer, mut part) = (Vec::new(), [0; 4096]);
    let deadline = Instant::now() + LIMIT;
    while !complete(&answer) && Instant::now() < deadline {
        match stream.read(&mut part).map_err(failed)? {
            0 => break,
            count => answer.extend_from_slice(&part[..count]),
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Whether the head is there, and as much of a body as it tells.
fn complete(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = field(&text, "Content-Length").and_then(|value| value.parse::<usize>().ok()).unwrap_or(0);
    answer.len() >= head.len() + 4 + length
}

/// The value of a header field.
pub fn field<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = answer.split_once("\r\n\r\n")?;
    let line = head.split("\r\n").skip(1).find_map(|line| {
        let (given, value) = line.split_once(':')?;
        given.eq_ignore_ascii_case(name).then_some(value)
    })?;
    Some(line.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_with_its_body() {
        let answer = "HTTP/1.1 426 Upgrade Required\r\ncontent-length: 3\r\n\r\nabc";
        assert!(complete(answer.as_bytes()) && !complete(&answer.as_bytes()[..answer.len() - 1]));
        assert_eq!(field(answer, "Content-Length"), Some("3"));
        assert_eq!(field(answer, "Upgrade"), None);
    }
}
