//! `handfast serve`: an echo at `/echo`, the playground at `/`.
//!
//! Each thread has a runtime and a listener of its own, and all listeners share the port or the socket: nothing is handed from
//! thread to thread, and no lock is taken for a message.

mod api;
mod assets;
mod cache;
mod frames;
mod limits;
pub mod listen;
mod metrics;
mod page;
mod parse;
mod places;
mod probe;
mod query;
mod record;
mod refusals;
mod site;
mod store;
mod words;
mod wrong;

use crate::args::ServeArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::signals::Signals;
use handfast::{Error, Request, Server, ServerHandle, TlsIdentity};
use listen::{Again, Listen};
use refusals::Refusals;
use site::Site;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// Runs the command until a signal comes.
pub fn run(args: &ServeArgs) -> Result<Exit, Failure> {
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(cert), Some(key)) => Some(identity(cert, key)?),
        _ => None,
    };
    let refusals = Arc::new(Refusals::start().map_err(|error| cannot_start(&error.to_string()))?);
    let setup = Setup { site: Arc::new(Site::new(args)?), tls, refusals };
    let threads = args.threads.map_or_else(cores, usize::from);
    let runtime = crate::runtime()?;
    let served = runtime.block_on(serve(&args.listen, threads, setup));
    // What a second signal has left behind is not waited for.
    runtime.shutdown_background();
    served
}

/// What every thread serves.
#[derive(Clone)]
struct Setup {
    site: Arc<Site>,
    tls: Option<TlsIdentity>,
    refusals: Arc<Refusals>,
}

async fn serve(listen: &Listen, threads: usize, setup: Setup) -> Result<Exit, Failure> {
    let mut signals = Signals::new()?;
    let server = listen.bind(threads > 1).await?;
    let mut handles = vec![server.handle()];
    for _ in 1..threads {
        handles.push(spawn(listen.again(&server)?, setup.clone())?);
    }
    let served = listen.served(&server, setup.tls.is_some())?;
    let refusals = Arc::clone(&setup.refusals);
    tokio::spawn(async move { refusals.count().await });
    let serving = tokio::spawn(run_server(server, setup));
    output::data(&format!("handfast serves {served}"))?;

    signals.next().await;
    output::talk("handfast: closing every connection with 1001; a second signal ends at once");
    let drained = handles.iter().map(|handle| handle.drain(DRAIN_DEADLINE)).collect::<Vec<_>>();
    let all = async {
        for one in drained {
            one.await;
        }
        // It has returned, or will now.
        let _ = serving.await;
    };
    tokio::select! {
        () = all => Ok(Exit::Fine),
        () = signals.next() => Ok(Exit::Interrupted),
    }
}

/// One more thread at the same place.
fn spawn(again: Again, setup: Setup) -> Result<ServerHandle, Failure> {
    let (sender, receiver) = mpsc::channel();
    let work = move || {
        let runtime = match crate::runtime() {
            Ok(runtime) => runtime,
            // The receiver waits for exactly one answer.
            Err(failure) => return drop(sender.send(Err(failure))),
        };
        runtime.block_on(async move {
            match again.server().await {
                Ok(server) => {
                    let _ = sender.send(Ok(server.handle()));
                    run_server(server, setup).await;
                }
                Err(failure) => drop(sender.send(Err(failure))),
            }
        });
    };
    std::thread::Builder::new().spawn(work).map_err(|error| cannot_start(&error.to_string()))?;
    receiver.recv().map_err(|_| cannot_start("it ended at once"))?
}

fn cannot_start(why: &str) -> Failure {
    Failure::new(Exit::Internal, format!("cannot start a thread: {why}"))
}

async fn run_server(server: Server, setup: Setup) {
    let Setup { site, tls, refusals } = setup;
    let server = server.on_refusal(move |refused| refusals.refused(&refused));
    let server = server.policy(site.policy()).answer(site.answer()).on_error(|peer, error| {
        // Errors of single connections are their own; those of the listener concern everybody.
        if peer.is_none() {
            output::complain(&format!("cannot accept a connection: {error}{}", advice(error)));
        }
    });
    let server = match tls {
        Some(identity) => server.tls(identity),
        None => server,
    };
    // Each thread has a runtime and a listener of its own.
    #[cfg(unix)]
    let server = server.one_task();
    let served = server.run(move |request: Request| {
        let site = site.clone();
        async move { site.handle(request).await }
    });
    if let Err(error) = served.await {
        output::complain(&error.to_string());
    }
}

/// What to do about an error of the listener. EMFILE and ENFILE have no kind of their own.
fn advice(error: &Error) -> &'static str {
    match error {
        Error::Io(error) if cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24)) => {
            "; `ulimit -n` raises how many files and sockets a program may have open"
        }
        _ => "",
    }
}

fn identity(cert: &Path, key: &Path) -> Result<TlsIdentity, Failure> {
    let read = |path: &Path| {
        std::fs::read(path)
            .map_err(|error| Failure::new(Exit::WrongUse, format!("cannot read {}: {error}", path.display())))
    };
    TlsIdentity::from_pem(&read(cert)?, &read(key)?).map_err(|error| {
        let message =
            format!("{} and {} are no usable certificate and key: {error}", cert.display(), key.display());
        Failure::new(Exit::WrongUse, message)
    })
}

/// One thread a core, where listeners can share a port.
fn cores() -> usize {
    if cfg!(unix) { std::thread::available_parallelism().map_or(1, usize::from) } else { 1 }
}

/// How long clients have to answer the Close frame.
const DRAIN_DEADLINE: Duration = Duration::from_secs(5);
