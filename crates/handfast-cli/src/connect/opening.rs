//! From the command line to an open WebSocket, or to what stood in the way.

use super::transcript::{self, Transcript};
use crate::args::{ConnectArgs, Http};
use crate::client::{tls, websocket_uri};
use crate::escape;
use crate::exit::{Exit, Failure};
use crate::output::{self, Stream, Tone};
use handfast::error::{Declined, FaultyAnswer, Http2Fault, ProxyFaultKind};
use handfast::{Client, Config, DeflateOptions, Error, Http2, Limits, Reconnect, Step, WebSocket};

/// The way to the server, once or as often as it takes.
pub enum Way {
    Once(Client),
    Again(Reconnect),
}

impl Way {
    /// As the command line wants it.
    pub fn new(args: &ConnectArgs, transcript: Transcript) -> Result<Self, Failure> {
        let client = client(args)?.observe(move |step| show_step(transcript, step));
        let Some(attempts) = args.reconnect else { return Ok(Self::Once(client)) };
        let reconnect = Reconnect::new(client)
            .first_delay_max(args.reconnect_wait)
            .attempts_max(attempts)
            .observe(|error, delay| {
                let why =
                    error.map_or_else(String::new, |error| format!("{}; ", escape::text(&error.to_string())));
                output::complain(&format!("{why}connecting again in {:.1} s", delay.as_secs_f64()));
            });
        Ok(Self::Again(reconnect))
    }

    /// Whether there is a way back to a connection that was lost.
    pub fn leads_back(&self) -> bool {
        matches!(self, Self::Again(_))
    }
}

/// Connects, and says on standard error what went wrong if it did.
pub async fn open(way: &mut Way, transcript: Transcript) -> Result<WebSocket, Failure> {
    let opened = match way {
        Way::Once(client) => client.connect().await,
        Way::Again(reconnect) => reconnect.connect().await,
    };
    let ws = opened.map_err(|error| explain(error, transcript))?;
    let subprotocol = ws.subprotocol().map(|name| format!(", subprotocol {}", escape::text(name)));
    let compressed = if ws.deflate().is_some() { ", compressed" } else { "" };
    transcript.note(&format!("open{}{compressed}", subprotocol.unwrap_or_default()));
    Ok(ws)
}

fn client(args: &ConnectArgs) -> Result<Client, Failure> {
    let wrong = |error: Error| Failure::new(Exit::WrongUse, error.to_string());
    let mut client = Client::new(&websocket_uri(&args.url)?).map_err(wrong)?;
    for (name, value) in &args.headers {
        client = client.header(name, value).map_err(|error| wrong_header(name, &error))?;
    }
    if let Some(origin) = &args.origin {
        client = client.origin(origin).map_err(wrong)?;
    }
    for name in &args.subprotocols {
        client = client.subprotocol(name).map_err(wrong)?;
    }
    if args.deflate {
        // One connection can afford the memory, and repeats itself.
        client = client.deflate(DeflateOptions::with_context());
    }
    client = route(client, args).map_err(wrong)?.http2(match args.http {
        Http::Http1 => Http2::Never,
        Http::Http2 => Http2::Require,
        Http::PreferHttp2 => Http2::Prefer,
    });
    if args.location {
        client = client.redirects(usize::MAX);
    }
    let mut limits = Limits::default();
    if let Some(timeout) = args.timeout {
        limits.handshake_timeout = timeout;
        limits.connect_timeout = timeout;
    }
    let config = Config { limits, show_pings: true, show_pongs: true, ..Config::default() };
    let server_tls = tls(args.insecure, args.cacert.as_deref())?;
    let proxy_tls = tls(args.proxy_insecure, args.proxy_cacert.as_deref())?;
    Ok(client.config(config).tls(server_tls).proxy_tls(proxy_tls))
}

/// By which way: what the command line says counts before the environment.
fn route(client: Client, args: &ConnectArgs) -> Result<Client, Error> {
    #[cfg(unix)]
    if let Some(path) = &args.unix_socket {
        return Ok(client.unix(path));
    }
    match &args.proxy {
        Some(proxy) => client.proxy(proxy),
        None if args.no_proxy => Ok(client),
        None => Ok(client.proxy_from_env()),
    }
}

fn wrong_header(name: &str, error: &Error) -> Failure {
    Failure::new(Exit::WrongUse, format!("-H '{}': {error}", escape::text(name)))
}

fn show_step(transcript: Transcript, step: Step<'_>) {
    match step {
        Step::Connected(address) => transcript.note(&format!("connected to {address}")),
        Step::ConnectedUnix(path) => {
            transcript.note(&format!("connected to {}", escape::text(&path.display().to_string())))
        }
        Step::ProxyEncrypted { proxy, version } => {
            transcript.note(&format!("encrypted to the proxy {proxy} by {version}"))
        }
        Step::Tunnelled { proxy, to } => transcript.note(&format!("through the proxy {proxy} to {to}")),
        Step::Redirected { status, to } => transcript.note(&format!("redirected by {status} to {to}")),
        Step::Encrypted(version) => transcript.note(&format!("encrypted by {version}")),
        Step::Http2 => transcript.note("HTTP/2, and the server's SETTINGS allow WebSockets over it"),
        Step::Http2Unavailable(fault) => transcript.note(&format!("HTTP/1.1 instead of HTTP/2: {fault}")),
        Step::RequestSent(head) => transcript.head(transcript::Way::Sent, head),
        Step::AnswerReceived(bytes) => transcript.head(transcript::Way::Received, heads_of(bytes)),
        _ => {}
    }
}

/// The heads at the begin of what was received, without the frames or the body behind them.
fn heads_of(received: &[u8]) -> &[u8] {
    let mut end = 0;
    loop {
        let rest = &received[end..];
        let Some(length) = rest.windows(4).position(|window| window == b"\r\n\r\n") else {
            return if end == 0 { received } else { &received[..end] };
        };
        end += length + 4;
        // An interim answer (100 to 199, but 101) has another head behind it.
        let is_interim = rest.get(9) == Some(&b'1') && rest.get(9..12) != Some(b"101");
        if !is_interim {
            return &received[..end];
        }
    }
}

fn explain(error: Error, transcript: Transcript) -> Failure {
    match error {
        Error::Declined(declined) => show_declined(&declined, transcript.is_on),
        Error::FaultyAnswer(answer) => show_faulty(&answer),
        Error::Redirect(redirect) => {
            output::complain(&redirect.to_string());
            for line in transcript::head_lines(redirect.answer().head().as_bytes()) {
                output::talk(&transcript::marked(transcript::Way::Received, &line));
            }
            Failure::explained(Exit::Refused)
        }
        Error::Http2(fault) => Failure::new(http2_exit(&fault), fault.to_string()),
        Error::Proxy(fault) => Failure::new(proxy_exit(fault.kind()), fault.to_string()),
        Error::Uri(_) | Error::Misuse(_) => Failure::new(Exit::WrongUse, error.to_string()),
        Error::Tls(_) => {
            let text = error.to_string();
            let advice = handfast_check::tls_advice(&text);
            let advice = advice.map_or_else(String::new, |advice| format!("; {advice}"));
            Failure::new(Exit::Unreachable, text + &advice)
        }
        _ => Failure::new(Exit::Unreachable, error.to_string()),
    }
}

/// A proxy's URI that makes no sense is wrong use; all else is a server that was not reached.
fn proxy_exit(kind: &ProxyFaultKind) -> Exit {
    match kind {
        ProxyFaultKind::Scheme(_) | ProxyFaultKind::Uri(_) | ProxyFaultKind::SocksCredentialsLength => {
            Exit::WrongUse
        }
        _ => Exit::Unreachable,
    }
}

/// A server that was reached and takes no WebSocket over HTTP/2 has refused; one that speaks something else was not reached.
fn http2_exit(fault: &Http2Fault) -> Exit {
    match fault {
        Http2Fault::NotAgreed(_) | Http2Fault::ConnectProtocolMissing | Http2Fault::Reset(_) => Exit::Refused,
        _ => Exit::Unreachable,
    }
}

/// Status, fields and body of an ordinary HTTP answer: of a long body only the begin, unless everything is to be shown.
fn show_declined(declined: &Declined, is_all: bool) -> Failure {
    let wanted = if declined.head().version().has_streams() { "200" } else { "101" };
    let status = declined.status();
    output::complain(&format!("the server refused: it answered {status} where {wanted} was wanted"));
    for line in transcript::head_lines(declined.head().as_bytes()) {
        output::talk(&transcript::marked(transcript::Way::Received, &line));
    }
    if !declined.body().is_empty() {
        output::talk("");
        let lines: Vec<&[u8]> = declined.body().trim_ascii_end().split(|byte| *byte == b'\n').collect();
        // A page of HTML says little at its begin; a plain text may say it all.
        let is_page = declined.body().trim_ascii_start().starts_with(b"<");
        let lines_max = if is_all {
            usize::MAX
        } else if is_page {
            PAGE_LINES_MAX
        } else {
            TEXT_LINES_MAX
        };
        let mut is_cut = lines.len() > lines_max;
        for line in lines.iter().take(lines_max) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let end = if is_all { line.len() } else { line.len().min(LINE_BYTES_MAX) };
            let rest = if end < line.len() { "..." } else { "" };
            is_cut |= end < line.len();
            output::talk(&format!("{}{rest}", escape::bytes(&line[..end])));
        }
        if is_cut {
            let bytes = declined.body().len();
            output::talk(&transcript::noted(&format!(
                "a body of {bytes} bytes; -v shows all that was read of it"
            )));
        }
    }
    if !declined.is_body_complete() {
        output::talk(&transcript::noted("the body was not read to its end"));
    }
    Failure::explained(Exit::Refused)
}

/// How much of a refusal's body is shown without `-v`: lines of a page, lines of another text, and bytes of a line.
const PAGE_LINES_MAX: usize = 6;
const TEXT_LINES_MAX: usize = 40;
const LINE_BYTES_MAX: usize = 300;

/// Each broken rule, with what came and what was wanted.
fn show_faulty(answer: &FaultyAnswer) -> Failure {
    output::complain(
        "the server's answer breaks the rules of the handshake, so the WebSocket was not opened:",
    );
    for fault in answer.faults() {
        let id = output::paint(Stream::Talk, Tone::Strong, fault.rule().id);
        output::talk(&format!("  {id}: {fault}"));
    }
    match answer.head() {
        Some(head) => {
            for line in transcript::head_lines(head.as_bytes()) {
                output::talk(&transcript::marked(transcript::Way::Received, &line));
            }
        }
        None if answer.received().as_bytes().is_empty() => {}
        None => output::talk(&transcript::marked(transcript::Way::Received, &answer.received().to_string())),
    }
    if let (Some(key), Some(accept)) = (answer.key(), answer.expected_accept()) {
        let (key, accept) = (key.as_str(), accept.as_str());
        output::talk(&transcript::noted(&format!("the key was {key}, its accept value is {accept}")));
    }
    Failure::explained(Exit::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_of_the_answer_ends_with_its_head() {
        let answer = b"HTTP/1.1 101 Switching Protocols\r\nA: b\r\n\r\n";
        assert_eq!(heads_of(&[answer.as_slice(), b"\x81\x02hi\r\n\r\n"].concat()), answer);
        let interim = b"HTTP/1.1 103 Early Hints\r\n\r\n";
        let both = [interim.as_slice(), answer].concat();
        assert_eq!(heads_of(&[both.as_slice(), b"\x81\x00"].concat()), both);
        assert_eq!(heads_of(b"not HTTP"), b"not HTTP");
    }
}
