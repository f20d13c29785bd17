//! A run: the wrong server listens, the command is started once for each case, and the wire decides.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::addresses::{self, calm};
use super::authority::Authority;
use super::case::{Case, Expect, Manner};
use super::cases;
use super::results::Results;
use super::session::{Session, Taken, play, read_request};
use super::{ClientOptions, page, program};
use crate::error::CheckError;
use crate::expect;
use crate::report::{Event, Observer, Report};

/// The check's name in its report.
const TOOL: &str = "handfast check-client";

/// A case on its path, with what its connections showed.
pub(crate) struct Slot {
    pub(crate) case: Case,
    pub(crate) path: String,
    sessions: Mutex<Vec<Session>>,
    changed: Notify,
    /// Connections whose judge has not seen their end.
    live: AtomicUsize,
    status: Mutex<Option<ExitStatus>>,
    killed: AtomicBool,
    /// The end of what the command said on standard error, where it was heard.
    words: Mutex<String>,
}

impl Slot {
    /// A client opened on it.
    pub(crate) fn opened(&self) -> bool {
        self.sessions().iter().any(|session| session.taken() == Taken::Opened)
    }

    /// A slot that has seen one connection.
    pub(super) fn after(case: Case, session: Session) -> Slot {
        let slot = Slot::new(case, String::new());
        slot.sessions.lock().expect("no holder panics").push(session);
        slot
    }

    fn new(case: Case, path: String) -> Slot {
        Slot {
            case,
            path,
            sessions: Mutex::default(),
            changed: Notify::new(),
            live: AtomicUsize::new(0),
            status: Mutex::default(),
            killed: AtomicBool::new(false),
            words: Mutex::default(),
        }
    }

    /// Why nothing can be judged, if this was the correct answer and the client did not open on it.
    fn failure(&self) -> Option<String> {
        let mut text = match (self.sessions().is_empty(), self.opened()) {
            (true, _) => "start: the client never connected".to_owned(),
            (false, false) => "start: the client did not open on the correct answer".to_owned(),
            (false, true) => return None,
        };
        let status = *self.status.lock().expect("no holder panics");
        if self.killed() {
            text += "; the check ended it when its time was over";
        } else if let Some(status) = status {
            text += &format!("; it ended with {}", status.to_string().replacen(": ", " ", 1));
        }
        let words = self.words.lock().expect("no holder panics");
        if !words.is_empty() {
            text += &format!("; its last words: {words}");
        }
        Some(text)
    }

    /// The target is this case's, even where the client lost or changed the part behind the case.
    fn answers(&self, target: &str) -> bool {
        let case = self.path.strip_suffix(TAIL).unwrap_or(&self.path);
        target.strip_prefix(case).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    }

    /// What its connections showed so far.
    pub(crate) fn sessions(&self) -> Vec<Session> {
        self.sessions.lock().expect("no holder panics").clone()
    }

    /// Forgets what a first start showed: the next one is waited for and judged by itself.
    fn forget(&self) {
        self.sessions.lock().expect("no holder panics").clear();
        *self.status.lock().expect("no holder panics") = None;
        self.killed.store(false, Ordering::Relaxed);
        self.words.lock().expect("no holder panics").clear();
    }

    /// One more connection, whose end a judge has seen.
    fn push(&self, session: Session) {
        self.sessions.lock().expect("no holder panics").push(session);
        self.changed.notify_waiters();
    }

    /// Waits for a connection, and then until the client made no further one for a moment: to another place, or again. Who
    /// connects without end is watched for `longest`.
    async fn settled(&self, longest: Duration) {
        let count = || self.sessions.lock().expect("no holder panics").len();
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if count() > 0 {
                break;
            }
            changed.await;
        }
        calm(longest, || self.live.load(Ordering::Relaxed), count).await;
    }

    /// The client neither opened nor failed, where it had a whole answer to react to.
    fn showed_nothing(&self) -> bool {
        let waits = matches!(self.case.manner, Manner::Silent | Manner::Late(_) | Manner::Endless(_));
        let kept = self.case.rule == "client/failed-connection-kept";
        !waits && !kept && !self.sessions().iter().any(|session| session.taken() != Taken::Hung)
    }

    /// The checker ended the command because its time was over.
    pub(crate) fn killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }

    /// The command ended by a signal that the checker did not send.
    pub(crate) fn crashed(&self) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::process::ExitStatusExt;
            let status = *self.status.lock().expect("no holder panics");
            status.is_some_and(|status| status.signal().is_some_and(|signal| signal != 13))
        }
        #[cfg(not(unix))]
        false
    }
}

/// The wrong server: its cases, and what it knows of its connections.
pub(crate) struct Server {
    pub(crate) slots: Vec<Arc<Slot>>,
    /// The key of the first connection: answers of "another connection" belong to it.
    pub(crate) first_key: String,
    wait: Duration,
    /// Connections that were taken, and those of them that are open.
    taken: AtomicUsize,
    live: AtomicUsize,
    /// Cases run alone now, because the client may only have been slow: it gets four times as long.
    patient: AtomicBool,
    done: Notify,
}

/// The part of a path that every request must carry over unchanged.
const TAIL: &str = "/a%20b?x=1&y";

fn slots(options: &ClientOptions) -> Vec<Arc<Slot>> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let base = Case::good(cases::BASE, "the correct answer", Expect::Opens);
    let mut all = vec![Arc::new(Slot::new(base, format!("/good/1{TAIL}")))];
    for case in cases::cases().into_iter().filter(|case| options.rules.takes(case.rule)) {
        let count = counts.entry(case.rule).or_default();
        *count += 1;
        let words = case.rule.trim_start_matches("client/");
        let path = format!("/{words}/{count}{TAIL}");
        all.push(Arc::new(Slot::new(case, path)));
    }
    all
}

impl Server {
    /// The slot of the correct answer.
    pub(crate) fn base(&self) -> &Slot {
        &self.slots[0]
    }

    async fn accept(self: Arc<Self>, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let server = Arc::clone(&self);
            server.taken.fetch_add(1, Ordering::Relaxed);
            server.live.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                server.serve(stream).await;
                server.live.fetch_sub(1, Ordering::Relaxed);
            });
        }
    }

    async fn serve(&self, mut stream: TcpStream) {
        let _unset = stream.set_nodelay(true);
        let session = read_request(&mut stream, self.wait * 2).await;
        let Some(target) = target_of(&session) else {
            // TLS bytes or none: the answer that a plain HTTP server gives.
            let _gone = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
            self.slots[0].push(session);
            return;
        };
        let bare = target.replacen("/again", "", target.matches("/again").count());
        let Some(slot) = self.slots.iter().find(|slot| slot.answers(&bare)) else {
            let body = page::answer(&target, &self.slots);
            let _gone = stream.write_all(&body).await;
            if target == "/done" {
                self.done.notify_one();
            }
            return;
        };
        let wait = self.wait * if self.patient.load(Ordering::Relaxed) { PATIENCE } else { 1 };
        slot.live.fetch_add(1, Ordering::Relaxed);
        let session = play(&mut stream, &slot.case, session, &self.first_key, wait).await;
        drop(stream);
        slot.push(session);
        slot.live.fetch_sub(1, Ordering::Relaxed);
    }

    /// Waits until no connection is open and none came for a moment.
    pub(crate) async fn calm(&self) {
        let count = || self.taken.load(Ordering::Relaxed);
        calm(self.wait * 4, || self.live.load(Ordering::Relaxed), count).await;
    }
}

/// The target of the request line.
pub(crate) fn target_of(session: &Session) -> Option<String> {
    let line = &session.request.as_ref()?.first_line;
    let target = line.split(|byte| *byte == b' ').nth(1)?;
    Some(String::from_utf8_lossy(target).into_owned())
}

/// Runs the whole check with a command, or serves until `stop` without one.
pub(crate) async fn run(
    options: ClientOptions,
    ready: impl FnOnce(SocketAddr, Vec<String>),
    stop: impl Future<Output = ()>,
    observe: &mut Observer<'_>,
) -> Result<Report, CheckError> {
    let local = |error: std::io::Error| {
        let advice = match error.kind() {
            std::io::ErrorKind::AddrInUse => ": another program listens there; port 0 takes a free one",
            std::io::ErrorKind::AddrNotAvailable => ": this machine has no such address",
            _ => "",
        };
        CheckError::Local(format!("--listen {}: {error}{advice}", options.listen))
    };
    let listener = TcpListener::bind(options.listen).await.map_err(local)?;
    let address = listener.local_addr().map_err(local)?;
    let server = Arc::new(Server {
        slots: slots(&options),
        first_key: expect::fresh_key(),
        wait: options.wait,
        taken: AtomicUsize::new(0),
        live: AtomicUsize::new(0),
        patient: AtomicBool::new(false),
        done: Notify::new(),
    });
    let accepting = tokio::spawn(Arc::clone(&server).accept(listener));
    let urls = server.slots.iter().map(|slot| format!("ws://{address}{}", slot.path)).collect();
    let waits = options.command.is_empty();
    let name = if waits { format!("clients of ws://{address}") } else { options.command.join(" ") };
    observe(Event::begin(TOOL, &name));
    ready(address, urls);
    let mut results = Results::new(&options, &server, observe);
    if waits {
        tokio::select! {
            () = stop => {}
            () = server.done.notified() => {}
        }
    } else {
        let authority = Authority::new().map_err(|error| {
            CheckError::Local(format!("the file of the check's own certificate authority: {error}"))
        })?;
        command(&options, &server, address, &authority, &mut results).await.map_err(|error| {
            CheckError::Option(format!("{} cannot be started: {error}", options.command[0]))
        })?;
        for result in addresses::judged(&options, &server, address, &authority).await {
            results.tell(result);
        }
    }
    accepting.abort();
    let results = results.end(address);
    let broke = server.base().failure();
    let report = Report::new(TOOL, name, Vec::new(), broke, results);
    observe(Event::end(&report));
    Ok(report)
}

/// Starts the command for each case, some at a time.
async fn command(
    options: &ClientOptions,
    server: &Arc<Server>,
    address: SocketAddr,
    authority: &Authority,
    results: &mut Results<'_, '_>,
) -> std::io::Result<()> {
    let file = authority.file();
    let good = format!("ws://{address}{}", server.base().path);
    one(options, file, server.base(), &good).await?;
    if server.base().showed_nothing() && !server.base().sessions().is_empty() {
        // All the rest hangs on it: asked once more, with time.
        server.patient.store(true, Ordering::Relaxed);
        server.base().forget();
        one(options, file, server.base(), &good).await?;
        server.patient.store(false, Ordering::Relaxed);
    }
    if !server.base().opened() {
        return Ok(());
    }
    let turns = Arc::new(Semaphore::new(options.parallel.max(1)));
    let mut tasks = JoinSet::new();
    for slot in server.slots.iter().skip(1).cloned() {
        let (options, file, turns) = (options.clone(), file.to_owned(), Arc::clone(&turns));
        tasks.spawn(async move {
            let _turn = turns.acquire().await.expect("the semaphore is never closed");
            // What could be started once and cannot be now shows nothing, and the case says so.
            let _unstarted = one(&options, &file, &slot, &format!("ws://{address}{}", slot.path)).await;
            slot
        });
    }
    let total = tasks.len();
    while let Some(ended) = tasks.join_next().await {
        let slot = ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        // A busy machine is no judgement: what showed nothing is asked once more, alone and with time.
        if !slot.showed_nothing() {
            results.played(&slot);
        }
        results.progress(total - tasks.len(), total);
    }
    server.patient.store(true, Ordering::Relaxed);
    for slot in server.slots.iter().skip(1).filter(|slot| slot.showed_nothing()) {
        slot.forget();
        let _unstarted = one(options, file, slot, &format!("ws://{address}{}", slot.path)).await;
        results.played(slot);
    }
    Ok(())
}

/// How many times longer a client may take that is asked alone.
const PATIENCE: u32 = 4;

/// Starts the command for one URL and waits until its connection ended, or the time is over.
///
/// # Errors
/// The command cannot be started.
async fn one(options: &ClientOptions, authority: &Path, slot: &Slot, url: &str) -> std::io::Result<()> {
    // The first run tells why nothing can be judged, if so.
    let first = slot.case.rule == cases::BASE;
    let mut running = program::spawn(&options.command, url, authority, first)?;
    let child = &mut running.child;
    // An open standard input: clients that end with it would end too early.
    let input = child.stdin.take();
    let words = child.stderr.take().map(|stream| tokio::spawn(program::last_words(stream)));
    let connected = slot.settled(options.wait);
    tokio::pin!(connected);
    // A client that keeps a failed connection open is watched for 10 s.
    let kept = slot.case.rule == "client/failed-connection-kept";
    let least = if kept { Duration::from_secs(13) } else { options.wait * 7 };
    let limit = options.timeout.max(least);
    tokio::select! {
        status = child.wait() => {
            *slot.status.lock().expect("no holder panics") = status.ok();
            // The last bytes of the connection may still be on their way to the judge.
            let _timed_out = timeout(options.wait * 2, &mut connected).await;
        }
        _ = timeout(limit, &mut connected) => {
            drop(input);
            if let Ok(status) = timeout(Duration::from_millis(500), child.wait()).await {
                *slot.status.lock().expect("no holder panics") = status.ok();
            } else {
                slot.killed.store(true, Ordering::Relaxed);
                let _gone = child.kill().await;
            }
        }
    }
    drop(running);
    // Who holds the pipe open was ended with the group, unless it left the group.
    if let Some(words) = words
        && let Ok(Ok(words)) = timeout(Duration::from_secs(1), words).await
    {
        *slot.words.lock().expect("no holder panics") = words;
    }
    Ok(())
}
