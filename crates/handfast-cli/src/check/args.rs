//! What can be said to `check`, `check-client`, `check-path` and `why`.

use crate::exit::Exit;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// `handfast check`
#[derive(Debug, clap::Args)]
#[command(after_help = Exit::help(), after_long_help = Exit::help())]
#[command(long_about = "Check a WebSocket server against every rule of the opening handshake\n\n\
    First the way to an open socket, step by step; then each rule of the catalogue that shows from outside. Exits with 0 when \
    at least one rule was judged and none at the level of --fail-on is broken.")]
pub struct CheckArgs {
    /// The server: ws://, wss://, http:// or https://; without a scheme ws:// is meant
    #[arg(required_unless_present = "list")]
    pub url: Option<String>,
    #[command(flatten)]
    pub select: Select,
    #[command(flatten)]
    pub output: Output,
    /// A header field for every request; repeatable
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = crate::args::header)]
    pub headers: Vec<(String, String)>,
    /// Credentials: a field for every request, left out where a rule asks what happens then
    #[arg(long, value_name = "NAME: VALUE", value_parser = crate::args::header)]
    pub credentials: Option<(String, String)>,
    /// A subprotocol that the server speaks; with two, all rules of subprotocols are judged
    #[arg(long = "subprotocol", value_name = "NAME", value_parser = crate::args::subprotocol)]
    pub subprotocols: Vec<String>,
    /// An origin that the server must let in; that of the URL by default
    #[arg(long, value_name = "ORIGIN", value_parser = crate::args::origin)]
    pub origin: Option<String>,
    /// The service is public: pages of any origin may use it
    #[arg(long)]
    pub public: bool,
    /// The server serves every path
    #[arg(long)]
    pub every_path: bool,
    /// The server serves every host name
    #[arg(long)]
    pub every_host: bool,
    /// Seconds that an answer may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = crate::args::seconds)]
    pub timeout: Duration,
    /// At most so many new connections a second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: Option<u32>,
    /// Accept any certificate
    #[arg(short = 'k', long)]
    pub insecure: bool,
    /// Trust only the certificates in this PEM file
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub cacert: Option<PathBuf>,
    /// Connect to this address, whatever the host name says; repeatable
    #[arg(long, value_name = "ADDR:PORT")]
    pub resolve: Vec<SocketAddr>,
    /// Probe with large heads although the server is not on this machine
    #[arg(long)]
    pub i_own_this_host: bool,
    /// Also run the probes that take a minute
    #[arg(long)]
    pub slow: bool,
    /// The server speaks HTTP/2 without TLS, too. Over TLS it is tried in any case
    #[arg(long)]
    pub http2: bool,
}

/// `handfast check-client`
#[derive(Debug, clap::Args)]
#[command(after_help = Exit::help(), after_long_help = Exit::help())]
#[command(long_about = "Check a WebSocket client with a server that answers wrongly, one case a URL\n\n\
    The command is started once for each case, {url} in it replaced by the case's URL, and judged by what it does on the wire. \
    Without a command the URLs are printed, and a page at / runs all cases in a browser; SIGINT ends the wait and prints the report.")]
pub struct CheckClientArgs {
    /// Where the wrong server listens; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub select: Select,
    #[command(flatten)]
    pub output: Output,
    /// Seconds that one start of the command may take
    #[arg(long, value_name = "SECONDS", default_value = "8", value_parser = crate::args::seconds)]
    pub timeout: Duration,
    /// How many commands run at once
    #[arg(long, value_name = "N", default_value = "6", value_parser = clap::value_parser!(u16).range(1..))]
    pub parallel: u16,
    /// The client, with {url} where the URL goes (at the end if it is nowhere), and {cacert} where a file with the check's own
    /// certificate authority goes, which it must trust for wss; SSL_CERT_FILE and NODE_EXTRA_CA_CERTS name it, too
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// `handfast check-path`
#[derive(Debug, clap::Args)]
#[command(after_help = Exit::help(), after_long_help = Exit::help())]
#[command(long_about = "Check the proxy between client and server from both its ends\n\n\
    The check is the client in front of the device and the server behind it: configure the device to forward the URL to the \
    address of --origin. Shows what the device changes, whether frames, pings and close codes pass, and each rule for \
    proxies; those about HTTP/2 where the device speaks it, on either side. Exits with 1 also where the device makes no \
    tunnel of a correct handshake.")]
pub struct CheckPathArgs {
    /// The device: ws://, wss://, http:// or https://; without a scheme ws:// is meant
    #[arg(required_unless_present = "list")]
    pub url: Option<String>,
    /// Where the device forwards to: the check listens there; port 0 takes a free one, which is printed
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:9000")]
    pub origin: SocketAddr,
    #[command(flatten)]
    pub select: Select,
    #[command(flatten)]
    pub output: Output,
    /// The device speaks HTTP/2 to its clients without TLS, too. Over TLS it is tried in any case
    #[arg(long)]
    pub http2: bool,
    /// Seconds that a quiet tunnel must live; takes one and a half times as long. Not measured without it
    #[arg(long, value_name = "SECONDS", value_parser = crate::args::seconds)]
    pub idle: Option<Duration>,
    /// A header field for every request; repeatable
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = crate::args::header)]
    pub headers: Vec<(String, String)>,
    /// Seconds that an answer may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = crate::args::seconds)]
    pub timeout: Duration,
    /// Accept any certificate
    #[arg(short = 'k', long)]
    pub insecure: bool,
    /// Trust only the certificates in this PEM file
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub cacert: Option<PathBuf>,
    /// Connect to this address, whatever the host name says; repeatable
    #[arg(long, value_name = "ADDR:PORT")]
    pub resolve: Vec<SocketAddr>,
}

/// `handfast why`
#[derive(Debug, clap::Args)]
#[command(after_help = Exit::help(), after_long_help = Exit::help())]
pub struct WhyArgs {
    /// The error text, as a client or server printed it; read from standard input without one
    pub text: Vec<String>,
    /// Also probe this server for the likely causes
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
}

/// Which rules.
#[derive(Debug, clap::Args)]
pub struct Select {
    /// Only these rules: an id, its beginning up to a - or /, or a text with * at its end; repeatable
    #[arg(long, value_name = "RULE")]
    pub only: Vec<String>,
    /// Not these rules; repeatable
    #[arg(long, value_name = "RULE")]
    pub exclude: Vec<String>,
    /// List the rules and end
    #[arg(long)]
    pub list: bool,
}

/// How results come out.
#[derive(Debug, clap::Args)]
pub struct Output {
    /// The form of the report on standard output
    #[arg(long, value_enum, default_value_t = Format::Human, value_name = "FORM")]
    pub format: Format,
    /// Also write the report to this file, in the form of its extension (txt, json, jsonl, xml, html, md); repeatable
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// From which level on a broken rule makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Must, value_name = "LEVEL")]
    pub fail_on: FailOn,
    /// A JSON report of before: what was broken there does not count now
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Show the rules that were kept or skipped, too
    #[arg(short = 'a', long)]
    pub all: bool,
}

/// A form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// One JSON object.
    Json,
    /// A JSON object a line, each as soon as it is known.
    Jsonl,
    /// JUnit XML.
    Junit,
    /// One HTML file.
    Html,
    /// Markdown.
    Md,
}

/// From which level on a broken rule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// Rules that a standard demands.
    Must,
    /// Those and rules that a standard recommends.
    Should,
    /// None.
    Never,
}
