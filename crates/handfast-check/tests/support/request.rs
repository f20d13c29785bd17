//! The strict reading of a request head.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::Server;

/// A head that HTTP's grammar allows.
pub struct Head {
    pub method: String,
    pub target: Vec<u8>,
    pub version: String,
    /// Names in lower case unless the server is told to compare with case; values with their outer blanks.
    pub fields: Vec<(String, Vec<u8>)>,
}

/// What reading gave.
pub enum Read {
    Whole(Head, usize),
    /// The status to refuse with.
    Wrong(u16),
    Gone,
    Hang,
}

const LONGEST: usize = 64 * 1024;

/// Reads one head, line by line, refusing at the first breach.
pub async fn read(server: &Server, stream: &mut TcpStream, bytes: &mut Vec<u8>) -> std::io::Result<Read> {
    let mut buffer = vec![0; 16 * 1024];
    let mut reads = 0;
    loop {
        if let Some(outcome) = parse(server, bytes) {
            return Ok(outcome);
        }
        if reads == 1 && server.breaks("server/head-in-pieces-refused") && bytes.len() < 120 {
            return Ok(Read::Wrong(400));
        }
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(Read::Gone);
        }
        reads += 1;
        bytes.extend(&buffer[..length]);
    }
}

fn parse(server: &Server, bytes: &[u8]) -> Option<Read> {
    let mut at = 0;
    if bytes.starts_with(b"\r\n") {
        if server.breaks("server/leading-empty-line") {
            return Some(Read::Wrong(400));
        }
        at = 2;
    }
    let mut head: Option<Head> = None;
    loop {
        let limit = if server.breaks("server/target-8000-octets") { 4096 } else { 16 * 1024 };
        let Some(end) = bytes[at..].iter().position(|byte| *byte == b'\n') else {
            if head.is_none() && bytes.len() - at > limit {
                return Some(Read::Wrong(if server.breaks("server/target-too-long") { 400 } else { 414 }));
            }
            return (bytes.len() > LONGEST).then_some(Read::Wrong(too_large(server)));
        };
        if head.is_none() && end > limit {
            return Some(Read::Wrong(if server.breaks("server/target-too-long") { 400 } else { 414 }));
        }
        if at + end > LONGEST || head.as_ref().is_some_and(|head| head.fields.len() > 128) {
            return Some(Read::Wrong(too_large(server)));
        }
        let Some(line) = bytes[at..at + end].strip_suffix(b"\r") else {
            return Some(if server.breaks("server/bare-lf") { Read::Hang } else { Read::Wrong(400) });
        };
        at += end + 1;
        if head.is_some() && line.is_empty() {
            return head.map(|head| Read::Whole(head, at));
        }
        let result = match &mut head {
            None => first_line(server, line).map(|first| head = Some(first)),
            Some(head) if server.breaks("server/bare-cr") => {
                line.split(|byte| *byte == b'\r').try_for_each(|line| field(server, head, line))
            }
            Some(head) => field(server, head, line),
        };
        if let Err(status) = result {
            return Some(Read::Wrong(status));
        }
    }
}

fn too_large(server: &Server) -> u16 {
    if server.breaks("server/head-too-large") { 500 } else { 431 }
}

fn first_line(server: &Server, line: &[u8]) -> Result<Head, u16> {
    let mut words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    if server.breaks("server/request-line-spacing") {
        words.retain(|word| !word.is_empty());
    }
    if words.len() == 2 && server.breaks("server/http-version-malformed") {
        words.push(b"HTTP/1.1");
    }
    let [method, target, version] = words.as_slice() else { return Err(400) };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if method.is_empty() || !method.iter().all(u8::is_ascii_alphabetic) {
        return Err(400);
    }
    let allowed = |byte: &u8| matches!(byte, 0x21..=0x7E) && !b"<>\"#".contains(byte);
    let fine = target.iter().all(|byte| {
        allowed(byte)
            || *byte == b'#' && server.breaks("server/target-fragment")
            || *byte != b'#' && server.breaks("server/target-illegal-bytes")
    });
    let reflected = target.windows(8).any(|window| window == b"<script>");
    let forgiven = fine || reflected && server.breaks("server/response-splitting");
    if !forgiven {
        return Err(400);
    }
    Ok(Head { method: text(method), target: target.to_vec(), version: text(version), fields: Vec::new() })
}

fn field(server: &Server, head: &mut Head, mut line: &[u8]) -> Result<(), u16> {
    let first = head.fields.is_empty();
    if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
        let misread = if first { "server/space-before-first-field" } else { "server/obs-fold" };
        if !server.breaks(misread) {
            return Err(400);
        }
        line = line.trim_ascii();
    }
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        return if server.breaks("server/field-line-malformed") { Ok(()) } else { Err(400) };
    };
    let (mut name, value) = (&line[..colon], &line[colon + 1..]);
    if server.breaks("server/space-before-colon") {
        name = name.trim_ascii_end();
    }
    let token = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    if !token {
        return if server.breaks("server/field-line-malformed")
            && !name.ends_with(b" ")
            && !name.ends_with(b"\t")
        {
            Ok(())
        } else {
            Err(400)
        };
    }
    if value.contains(&b'\r') || value.contains(&0) && !server.breaks("server/nul-in-value") {
        return Err(400);
    }
    let name = String::from_utf8_lossy(name).into_owned();
    let name = if server.breaks("server/field-name-case-refused") { name } else { name.to_ascii_lowercase() };
    let value = value.iter().copied().filter(|byte| *byte != 0).collect();
    head.fields.push((name, value));
    Ok(())
}

impl Head {
    /// The raw values of a field, by its name as the standard spells it.
    pub fn raw<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields
            .iter()
            .filter(move |(other, _)| other == name || *other == name.to_ascii_lowercase())
            .map(|(_, value)| value.as_slice())
    }

    /// The trimmed values of a field.
    pub fn values(&self, name: &str) -> Vec<String> {
        self.raw(name)
            .map(|value| value.iter().map(|b| char::from(*b)).collect::<String>().trim().to_owned())
            .collect()
    }

    /// The non-empty members of the list.
    pub fn members(&self, name: &str) -> Vec<String> {
        self.values(name)
            .iter()
            .flat_map(|value| value.split(','))
            .map(|member| member.trim().to_owned())
            .filter(|member| !member.is_empty())
            .collect()
    }
}
