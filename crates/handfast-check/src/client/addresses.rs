//! The rules about URLs: bad ones, and wss with certificates that are right and wrong.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use handfast_proto::rules::Rule;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::server::Acceptor;

use super::ClientOptions;
use super::authority::{Authority, Certificate, HOST};
use super::case::{Case, Expect};
use super::cases;
use super::program;
use super::results::repeated;
use super::run::{Server, target_of};
use super::session::{self, read_request};
use crate::report::{RuleResult, Verdict};

/// After which silence a client is taken to make no further connection.
const MOMENT: Duration = Duration::from_millis(300);

/// Waits until nothing is open and nothing came for a moment, but no longer than this.
pub(crate) async fn calm(longest: Duration, open: impl Fn() -> usize, count: impl Fn() -> usize) {
    let calm = async {
        let mut before = count();
        loop {
            sleep(MOMENT).await;
            if open() == 0 && count() == before {
                break;
            }
            before = count();
        }
    };
    let _endless = timeout(longest, calm).await;
}

/// What a connection to a server of TLS showed.
#[derive(Clone, Debug, Default)]
struct Secure {
    /// A ClientHello came.
    hello: bool,
    /// The server name in it.
    name: Option<String>,
    /// The client's first bytes inside TLS.
    request: Vec<u8>,
}

/// Judges the rules about URLs that are chosen; `base` is the path of the correct answer.
pub(crate) async fn judged(
    options: &ClientOptions,
    server: &Arc<Server>,
    address: SocketAddr,
    authority: &Authority,
) -> Vec<RuleResult> {
    let base = server.base();
    let mut results = Vec::new();
    if base.sessions().is_empty() {
        return results;
    }
    let rule = |id| Rule::find(id).expect("the catalogue has the rules of this file");
    if options.rules.takes("client/uri-invalid-used") {
        let before = base.sessions().len();
        for url in [format!("ws://{address}{}#b", base.path), format!("ftp://{address}{}", base.path)] {
            briefly(options, authority, &url).await;
            server.calm().await;
        }
        let targets: Vec<String> = base.sessions().iter().skip(before).filter_map(target_of).collect();
        let (verdict, text) = match targets.as_slice() {
            [] => (Verdict::Pass, "no request came".to_owned()),
            all if all.iter().any(|target| target.contains('#')) || all.len() > 1 => {
                (Verdict::Fail, format!("a request came: {}", all.join(" | ")))
            }
            all => (Verdict::Remark, format!("the fragment was dropped: {}", all.join(" | "))),
        };
        let result = RuleResult::judged(rule("client/uri-invalid-used"), verdict, text);
        let only = format!("--only {} ", result.id);
        results.push(repeated(result, options, &only));
    }
    if options.rules.takes("client/tls-missing") {
        let before = base.sessions().len();
        briefly(options, authority, &format!("wss://{HOST}:{}{}", address.port(), base.path)).await;
        server.calm().await;
        let plain: Vec<Vec<u8>> =
            base.sessions().into_iter().skip(before).map(|one| one.request_bytes).collect();
        let [right, own, old, other] =
            Certificate::ALL.map(|which| certificate(options, server, address, authority, which));
        let shown = tokio::join!(right, own, old, other);
        let shown = [shown.0, shown.1, shown.2, shown.3];
        let (verdict, text, sent) = secure(&plain, &shown);
        let result = RuleResult::judged(rule("client/tls-missing"), verdict, text);
        let only = format!("--only {} ", result.id);
        results.push(repeated(result.sent(&sent.unwrap_or_default()), options, &only));
    }
    results
}

/// What wss came to: `plain` came to a server without TLS, `shown` to those with the certificates of [`Certificate::ALL`].
fn secure(plain: &[Vec<u8>], shown: &[Vec<Secure>; 4]) -> (Verdict, String, Option<Vec<u8>>) {
    if let Some(bytes) = plain.iter().find(|bytes| !bytes.is_empty() && !bytes.starts_with(&[0x16])) {
        let text = "a plain HTTP request came for wss".to_owned();
        return (Verdict::Fail, text, Some(bytes.clone()));
    }
    let came = |which: usize| shown[which].iter().any(|one| !one.request.is_empty());
    let taken: Vec<&str> =
        (1..4).filter(|which| came(*which)).map(|which| Certificate::ALL[which].words()).collect();
    if !taken.is_empty() {
        return (Verdict::Fail, format!("a request came in spite of {}", taken.join(" and ")), None);
    }
    let hellos: Vec<&Secure> = shown.iter().flatten().filter(|one| one.hello).collect();
    if hellos.is_empty() {
        let text = "no TLS handshake and no request came for wss: the client has no TLS";
        return (Verdict::Skipped, text.to_owned(), None);
    }
    if hellos.iter().any(|one| one.name.as_deref() != Some(HOST)) {
        return (Verdict::Fail, "TLS without the server name".to_owned(), None);
    }
    if came(0) {
        let text = "with a right certificate it opened; a self-signed one, an expired one, one for another host and a \
                    server without TLS were refused";
        return (Verdict::Pass, text.to_owned(), None);
    }
    let text = "every certificate was refused, the right one too: let the client trust the check's authority ({cacert} in \
                the command is its file), or nothing is known about dates and names";
    (Verdict::Remark, text.to_owned(), None)
}

/// Starts the command with a URL of a server that shows this certificate, and hands back what its connections showed.
async fn certificate(
    options: &ClientOptions,
    server: &Server,
    address: SocketAddr,
    authority: &Authority,
    which: Certificate,
) -> Vec<Secure> {
    let Ok(listener) = TcpListener::bind((address.ip(), 0)).await else { return Vec::new() };
    let Ok(port) = listener.local_addr().map(|address| address.port()) else { return Vec::new() };
    let (count, live) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let all: Arc<Mutex<Vec<Secure>>> = Arc::default();
    let config = authority.server(which);
    let (wait, key) = (options.wait, server.first_key.clone());
    let (counted, open, kept) = (Arc::clone(&count), Arc::clone(&live), Arc::clone(&all));
    let accepting = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            open.fetch_add(1, Ordering::Relaxed);
            let (open, kept) = (Arc::clone(&open), Arc::clone(&kept));
            let (config, key) = (Arc::clone(&config), key.clone());
            tokio::spawn(async move {
                let seen = serve(stream, config, &key, wait).await;
                kept.lock().expect("no holder panics").push(seen);
                open.fetch_sub(1, Ordering::Relaxed);
            });
        }
    });
    briefly(options, authority, &format!("wss://{HOST}:{port}{}", server.base().path)).await;
    calm(wait * 4, || live.load(Ordering::Relaxed), || count.load(Ordering::Relaxed)).await;
    accepting.abort();
    let all = all.lock().expect("no holder panics");
    all.clone()
}

/// TLS, and the correct answer where a request comes through it.
async fn serve(stream: TcpStream, config: Arc<ServerConfig>, key: &str, wait: Duration) -> Secure {
    let mut seen = Secure::default();
    let _unset = stream.set_nodelay(true);
    let shaking = async {
        let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await.ok()?;
        seen.hello = true;
        seen.name = start.client_hello().server_name().map(str::to_owned);
        start.into_stream(config).await.ok()
    };
    let Ok(Some(mut stream)) = timeout(wait * 2, shaking).await else { return seen };
    let session = read_request(&mut stream, wait * 2).await;
    seen.request.clone_from(&session.request_bytes);
    let good = Case::good(cases::BASE, "", Expect::Opens);
    session::play(&mut stream, &good, session, key, wait).await;
    seen
}

/// Starts the command and gives it a short time.
async fn briefly(options: &ClientOptions, authority: &Authority, url: &str) {
    if let Ok(mut running) = program::spawn(&options.command, url, authority.file(), false) {
        let _ended = timeout(options.wait * 3, running.child.wait()).await;
        let _gone = running.child.kill().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: Option<&str>, request: &[u8]) -> Vec<Secure> {
        vec![Secure { hello: true, name: name.map(str::to_owned), request: request.to_vec() }]
    }

    #[test]
    fn a_wrong_certificate_that_is_taken_is_named() {
        let refused = || one(Some(HOST), b"");
        let taken = || one(Some(HOST), b"GET ");
        let (verdict, text, _) = secure(&[], &[taken(), refused(), taken(), taken()]);
        assert_eq!(verdict, Verdict::Fail);
        assert_eq!(
            text,
            "a request came in spite of an expired certificate and a certificate for other.example"
        );
        assert_eq!(secure(&[], &[taken(), refused(), refused(), refused()]).0, Verdict::Pass);
    }

    #[test]
    fn who_refuses_all_certificates_has_not_shown_that_it_looks_at_dates_and_names() {
        let refused = || one(Some(HOST), b"");
        assert_eq!(secure(&[], &[refused(), refused(), refused(), refused()]).0, Verdict::Remark);
        let nameless = || one(None, b"");
        assert_eq!(secure(&[], &[nameless(), refused(), refused(), refused()]).0, Verdict::Fail);
        let none = || Vec::new();
        assert_eq!(secure(&[], &[none(), none(), none(), none()]).0, Verdict::Skipped);
        let plain = [b"GET / HTTP/1.1".to_vec()];
        assert_eq!(secure(&plain, &[none(), none(), none(), none()]).0, Verdict::Fail);
    }
}
