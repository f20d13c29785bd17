//! What can be said on the command line.

use crate::bench::args::BenchArgs;
use crate::check::args::{CheckArgs, CheckClientArgs, CheckPathArgs, WhyArgs};
use crate::exit::Exit;
use crate::output::Color;
use crate::serve::listen::Listen;
use clap::{ArgAction, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "handfast", version, max_term_width = 100, after_help = Exit::help(), after_long_help = Exit::help())]
#[command(
    about = "WebSocket from the handshake up: a strict server, a client that tells what happened, and the rules."
)]
pub struct Args {
    /// When to use colours.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        hide_possible_values = true,
        hide_default_value = true
    )]
    #[arg(help = "When to use colours: auto, always or never; auto keeps NO_COLOR")]
    pub color: Color,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve an echo at /echo and a page about the handshake at /
    #[command(long_about = SERVE_ABOUT)]
    Serve(ServeArgs),
    /// Connect to a WebSocket server and talk with it
    #[command(long_about = CONNECT_ABOUT)]
    Connect(ConnectArgs),
    /// Compute the Sec-WebSocket-Accept of a key, or make a new pair
    Key(KeyArgs),
    /// Explain a rule of the handshake, or search for rules
    Explain(ExplainArgs),
    /// Check a WebSocket server against every rule of the opening handshake
    Check(CheckArgs),
    /// Check a WebSocket client with a server that answers wrongly
    CheckClient(CheckClientArgs),
    /// Check the proxy between client and server from both its ends
    CheckPath(CheckPathArgs),
    /// Tell what an error text means, and what to do
    Why(WhyArgs),
    /// Load a WebSocket endpoint with messages or handshakes, and verify every answer
    Bench(BenchArgs),
}

/// `handfast serve`
#[derive(Debug, clap::Args)]
#[command(after_help = Exit::help(), after_long_help = Exit::help())]
pub struct ServeArgs {
    /// Address and port to listen on, or unix:PATH for a Unix socket; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub listen: Listen,
    /// Threads that serve, each for itself on the shared port or socket; the number of cores by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Certificate chain in PEM for https and wss, the server's own certificate first
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// A further origin whose pages may connect, such as https://app.example, or * for all; repeatable
    #[arg(long = "allow-origin", value_name = "ORIGIN", value_parser = origin_or_all)]
    pub allow_origins: Vec<String>,
    /// A further host name to answer to; repeatable. On a loopback address only localhost, 127.0.0.1, [::1] and the
    /// address itself are answered to otherwise, on other addresses any
    #[arg(long = "allow-host", value_name = "NAME", value_parser = host)]
    pub allow_hosts: Vec<String>,
    /// Agree to permessage-deflate where a client offers it. Messages below 64 bytes go uncompressed all the same
    #[arg(long)]
    pub deflate: bool,
    /// Show counters at /metrics, as Prometheus reads them, to everybody who can reach the port
    #[arg(long)]
    pub metrics: bool,
}

/// `handfast connect`
#[derive(Debug, clap::Args)]
#[command(after_help = Exit::help(), after_long_help = Exit::help())]
pub struct ConnectArgs {
    /// Where to connect: ws://, wss://, http:// or https://; without a scheme ws:// is meant
    pub url: String,
    /// A header field to add to the request; repeatable
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub headers: Vec<(String, String)>,
    /// The Origin field to send, as a browser does
    #[arg(long, value_name = "ORIGIN")]
    pub origin: Option<String>,
    /// A subprotocol to offer, most preferred first; repeatable
    #[arg(long = "subprotocol", value_name = "NAME")]
    pub subprotocols: Vec<String>,
    /// Offer permessage-deflate; -v then shows the size of each message on the wire. Messages below 64 bytes go uncompressed
    /// all the same
    #[arg(long)]
    pub deflate: bool,
    /// Which HTTP carries the WebSocket: 1.1 (the default), 2 (over ws:// with prior knowledge), or prefer-2, which is 2 where a
    /// wss:// server agrees on it and 1.1 elsewhere
    #[arg(
        long,
        value_name = "VERSION",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub http: Http,
    /// A text message to send; repeatable. Standard input is not read then
    #[arg(short = 's', long = "send", value_name = "TEXT", allow_hyphen_values = true)]
    pub send: Vec<String>,
    /// Close after so many received messages
    #[arg(short = 'n', long = "count", value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Seconds for the whole handshake (10 by default), and for each message that -n waits for (no limit by default)
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Accept any certificate of the server: nothing proves then who answers
    #[arg(short = 'k', long)]
    pub insecure: bool,
    /// Trust the certificates in this PEM file too, for the server
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub cacert: Option<PathBuf>,
    /// Go through this proxy: http://, https://, socks5:// or socks5h://[USER:PASSWORD@]HOST:PORT. By default the environment says
    /// which: http_proxy for ws, https_proxy for wss, all_proxy, and no_proxy for exceptions
    #[arg(short = 'x', long, value_name = "URL", conflicts_with = "no_proxy")]
    pub proxy: Option<String>,
    /// Accept any certificate of an https:// proxy
    #[arg(long)]
    pub proxy_insecure: bool,
    /// Trust the certificates in this PEM file too, for an https:// proxy
    #[arg(long, value_name = "FILE", conflicts_with = "proxy_insecure")]
    pub proxy_cacert: Option<PathBuf>,
    /// Go through no proxy, whatever the environment says
    #[arg(long)]
    pub no_proxy: bool,
    /// Follow redirects, at most 10
    #[arg(short = 'L', long)]
    pub location: bool,
    /// Connect again when the server cannot be reached, and when the connection is lost or closed with 1001 or 1011 to 1014 while
    /// there is more to say or to wait for; give up after so many ATTEMPTS in a row (never by default). Each wait is
    /// random, below a bound that grows, and told on standard error. What was sent before is not sent again
    #[arg(long, value_name = "ATTEMPTS", num_args = 0..=1, require_equals = true, default_missing_value = "4294967295")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..), hide_possible_values = true)]
    pub reconnect: Option<u32>,
    /// Seconds that bound the first wait of --reconnect, at least 0.1; it doubles up to 60
    #[arg(long, value_name = "SECONDS", value_parser = seconds, requires = "reconnect", default_value = "5")]
    pub reconnect_wait: Duration,
    /// Connect to this Unix socket instead of the URL's host; the environment's proxies do not count then
    #[cfg(unix)]
    #[arg(long, value_name = "PATH", conflicts_with = "proxy")]
    pub unix_socket: Option<PathBuf>,
    /// Show the handshake and every message as a transcript
    #[arg(short = 'v', long, action = ArgAction::SetTrue)]
    pub verbose: bool,
}

/// Which HTTP carries the WebSocket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Http {
    /// An upgrade of HTTP/1.1.
    #[default]
    #[value(name = "1.1")]
    Http1,
    /// An extended CONNECT of HTTP/2, or nothing.
    #[value(name = "2")]
    Http2,
    /// HTTP/2 if it can be had.
    #[value(name = "prefer-2")]
    PreferHttp2,
}

/// `handfast key`
#[derive(Debug, clap::Args)]
#[command(after_help = Exit::help(), after_long_help = Exit::help(), disable_help_flag = true)]
pub struct KeyArgs {
    /// The Sec-WebSocket-Key, taken literally but for blanks around it; without one, a new key and its accept value are
    /// printed. Write -- before a key that looks like an option
    #[arg(value_name = "KEY", allow_hyphen_values = true)]
    pub key: Option<OsString>,
    /// Show each step from key to accept value
    #[arg(long)]
    pub steps: bool,
    /// Print help
    // No -h here: a wrong key may begin with it.
    #[arg(long, action = ArgAction::Help)]
    pub help: Option<bool>,
}

/// `handfast explain`
#[derive(Debug, clap::Args)]
#[command(after_help = Exit::help(), after_long_help = Exit::help())]
pub struct ExplainArgs {
    /// A rule's id, such as server/key-length or key-length, or words to search for
    #[arg(value_name = "RULE|TEXT", required = true)]
    pub text: Vec<String>,
}

pub fn header(line: &str) -> Result<(String, String), String> {
    match line.split_once(':') {
        Some((name, _)) if !is_token(name) => Err(
            "the name of a header field is one word of letters, digits and -_.!#$%&'*+^`|~, such as X-Name"
                .to_owned(),
        ),
        Some((_, value)) if value.contains(|letter: char| letter.is_control() && letter != '\t') => {
            Err("the value of a header field is one line without control characters".to_owned())
        }
        Some((name, value)) => Ok((name.to_owned(), value.trim_matches([' ', '\t']).to_owned())),
        None => Err("a header field is written as 'Name: value'".to_owned()),
    }
}

/// A name of a subprotocol (RFC 6455 section 4.1: a token).
pub fn subprotocol(name: &str) -> Result<String, String> {
    match is_token(name) {
        true => Ok(name.to_owned()),
        false => Err("a subprotocol is one word without separators, such as chat.v2".to_owned()),
    }
}

/// A token of HTTP (RFC 9110 section 5.6.2).
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 =
        text.parse().map_err(|_| "this is no number of seconds, such as 5 or 0.5".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("seconds must be more than 0".to_owned()),
    }
}

/// A serialized origin (RFC 6454 section 6.2) as browsers send it, or `null`.
pub fn origin(text: &str) -> Result<String, String> {
    let is_origin = |rest: &str| !rest.is_empty() && !rest.contains(['/', '?', '#', '@', ' ']);
    match text.split_once("://") {
        Some((scheme, rest)) if !scheme.is_empty() && is_origin(rest) => match without_own_port(scheme, rest)
        {
            None => Ok(text.to_owned()),
            Some(place) => Err(format!(
                "browsers leave the scheme's own port out, so this origin lets nobody in: write {scheme}://{place}"
            )),
        },
        None if text == "null" => Ok(text.to_owned()),
        _ => Err("an origin is scheme, host and port without a path, such as https://app.example".to_owned()),
    }
}

/// As [`origin`], or `*` for all.
fn origin_or_all(text: &str) -> Result<String, String> {
    if text == "*" { Ok(text.to_owned()) } else { origin(text) }
}

/// Host and port without the port, where that is the scheme's own.
fn without_own_port<'a>(scheme: &str, place: &'a str) -> Option<&'a str> {
    let own = match scheme.to_ascii_lowercase().as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let (host, port) = place.rsplit_once(':')?;
    (port.parse() == Ok(own)).then_some(host)
}

fn host(text: &str) -> Result<String, String> {
    let is_address = text.starts_with('[') && text.ends_with(']');
    match !text.is_empty() && (is_address || !text.contains([':', '/', '@', ' '])) {
        true => Ok(text.to_ascii_lowercase()),
        false => {
            Err("a host is a name or address without scheme and port, such as dev.example or [2001:db8::1]"
                .to_owned())
        }
    }
}

/// What `serve --help` begins with.
const SERVE_ABOUT: &str = "\
Serve an echo at /echo and a page about the handshake at /

Prints one line with its address. SIGINT or SIGTERM ends it politely: every client is told 1001, and the program ends \
when they have answered, or after 5 s. A second signal ends it at once.

Each refused request is told in a line on standard error with the rules that it breaks, ten in a second at most; the others \
are counted.

Nothing is compressed without --deflate: where a stranger's text and a secret are compressed together, the length of \
the message tells about the secret (CRIME, BREACH).";

/// What `connect --help` begins with.
const CONNECT_ABOUT: &str = "\
Connect to a WebSocket server and talk with it

On a terminal it is a conversation: each line is sent as a text message, and /ping [TEXT], /close [CODE [REASON]], /quit \
and /help are commands (// begins a text that starts with a slash). In a pipe, each line of standard input is sent. At \
its end, connect waits for as many messages as it sent, or until none came for a second, and closes; with -n it waits \
for exactly that many.

Received text goes to standard output, a message a line, control characters escaped. A binary message is shown as \
\\binary[3] 00ff10, its length in bytes and its bytes in hexadecimal; a text that begins with a backslash gets another \
one in front. All else goes to standard error.";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_do_not_contradict_each_other() {
        Args::command().debug_assert();
    }

    #[test]
    fn header_fields_are_split_at_the_first_colon_and_trimmed() {
        assert_eq!(header("A: b: c "), Ok(("A".to_owned(), "b: c".to_owned())));
        assert_eq!(header("A:"), Ok(("A".to_owned(), String::new())));
        assert_eq!(header("X_Name: b"), Ok(("X_Name".to_owned(), "b".to_owned())));
        assert!(header("A").is_err());
        assert!(header("A b: c").unwrap_err().contains("-_."), "what is taken is told");
        for wrong in [": b", "A b: c", "A: b\r\nC: d", "\u{e4}: b"] {
            assert!(header(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn seconds_are_positive_and_finite() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for wrong in ["0", "-1", "NaN", "inf", "1e300", "five", ""] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn origins_have_no_path() {
        for right in [
            "https://app.example",
            "http://localhost:3000",
            "https://[::1]:80",
            "http://[2001:db8::80]",
            "null",
        ] {
            assert!(origin(right).is_ok() && origin_or_all(right).is_ok(), "{right}");
        }
        for wrong in ["app.example", "https://app.example/", "https://", "://a", ""] {
            assert!(origin(wrong).is_err() && origin_or_all(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn all_origins_are_for_a_server_and_none_to_send() {
        assert!(origin("*").is_err() && origin_or_all("*").is_ok());
    }

    #[test]
    fn an_origin_that_no_browser_sends_is_refused_with_the_one_that_it_does() {
        for (wrong, right) in
            [("https://app.example:443", "https://app.example"), ("HTTP://[::1]:80", "HTTP://[::1]")]
        {
            assert!(origin(wrong).unwrap_err().ends_with(&format!(": write {right}")), "{wrong}");
        }
    }

    #[test]
    fn hosts_have_no_port_and_are_kept_in_lower_case() {
        assert_eq!(host("Dev.Example"), Ok("dev.example".to_owned()));
        assert_eq!(host("[::1]"), Ok("[::1]".to_owned()));
        for wrong in ["", "::1", "a:80", "http://a"] {
            assert!(host(wrong).is_err(), "{wrong}");
        }
    }
}
