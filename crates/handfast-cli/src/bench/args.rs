//! What can be said to `bench`.

use crate::exit::Exit;
use std::path::PathBuf;
use std::time::Duration;

/// `handfast bench`
#[derive(Debug, clap::Args)]
#[command(after_help = Exit::help(), after_long_help = Exit::help(), long_about = ABOUT)]
pub struct BenchArgs {
    /// The endpoint: ws://, wss://, http:// or https://; without a scheme ws:// is meant
    pub url: String,
    /// Only handshakes: open a connection, close it, and again; for endpoints that do not echo
    #[arg(long)]
    pub handshakes: bool,
    /// So many connections carry messages (16 by default); with --handshakes, the most that are opened at a time (16 by default,
    /// 1024 with --rate)
    #[arg(short = 'c', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub connections: Option<u32>,
    /// Messages under way on each connection: 1 by default; with --rate, the most there may be, up to 1024 by default
    #[arg(long, value_name = "N", conflicts_with = "handshakes", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub depth: Option<u32>,
    /// Open model: so many messages or handshakes a second, each at its time, whether those before it were answered or not.
    /// Latencies count from that time. Without it the model is closed: the next begins when one is answered
    #[arg(long, value_name = "PER-SECOND", value_parser = rate)]
    pub rate: Option<f64>,
    /// Seconds of load
    #[arg(short = 'd', long, value_name = "SECONDS", default_value = "10", value_parser = crate::args::seconds)]
    pub duration: Duration,
    /// Bytes of a message
    #[arg(long, value_name = "BYTES", default_value_t = 128, conflicts_with = "handshakes", value_parser = clap::value_parser!(u32).range(0..=PAYLOAD_BYTES_MAX))]
    pub payload: u32,
    /// The kind of the messages
    #[arg(long, value_enum, value_name = "KIND", default_value_t = Kind::Binary, conflicts_with = "handshakes")]
    pub kind: Kind,
    /// A header field to add to each request; repeatable
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = crate::args::header)]
    pub headers: Vec<(String, String)>,
    /// The Origin field to send, as a browser does
    #[arg(long, value_name = "ORIGIN")]
    pub origin: Option<String>,
    /// A subprotocol to offer, most preferred first; repeatable
    #[arg(long = "subprotocol", value_name = "NAME")]
    pub subprotocols: Vec<String>,
    /// Seconds that a handshake, a message or a closing handshake may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = crate::args::seconds)]
    pub timeout: Duration,
    /// Accept any certificate: nothing proves then who answers
    #[arg(short = 'k', long)]
    pub insecure: bool,
    /// Trust the certificates in this PEM file too
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub cacert: Option<PathBuf>,
    /// Threads that make the load, each for itself; leave the server its cores
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,
    /// The form of the report on standard output
    #[arg(long, value_enum, default_value_t = Format::Human, value_name = "FORM")]
    pub format: Format,
    /// Load the server although it is not on this machine
    #[arg(long)]
    pub i_own_this_host: bool,
}

/// What messages are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Random bytes.
    Binary,
    /// UTF-8 with characters of one to four bytes.
    Text,
}

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Text => "text",
        }
    }
}

/// A form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// One JSON object.
    Json,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.001..=10_000_000.0).contains(&rate) => Ok(rate),
        _ => Err("a rate is a number a second from 0.001 to 10000000".to_owned()),
    }
}

const PAYLOAD_BYTES_MAX: i64 = 64 << 20;

/// What `bench --help` begins with.
const ABOUT: &str = "\
Load a WebSocket endpoint with messages or handshakes, and verify every answer

Each handshake's answer is judged by the rules of a client, the accept value too; each echo's kind, length and content are \
compared with what was sent. Refusals are counted by status and reason, errors by kind. The report gives the time of each \
phase of a handshake (name, TCP, TLS, HTTP) and of messages as percentiles.

It says when the generator, and not the server, was the bottleneck. Ctrl-C ends early, with the report. No proxy is used.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_positive_and_finite() {
        assert_eq!(rate("0.5"), Ok(0.5));
        for wrong in ["0", "-1", "NaN", "inf", "1e9", "many"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}
