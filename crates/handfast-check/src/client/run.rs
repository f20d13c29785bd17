//! A run: the wrong server listens, the command is started once for each case, and the wire decides.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use handfast_proto::rules::{Level, Rule};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::case::{Case, Expect, Manner};
use super::cases;
use super::judge;
use super::requests::{RULES, Requests};
use super::session::{Session, Taken, play, read_request};
use super::{ClientOptions, page};
use crate::difference::difference;
use crate::error::CheckError;
use crate::escape::escape;
use crate::expect;
use crate::report::{Report, RuleResult, Verdict, rule_result};
use crate::server::options::selects;

/// A case on its path, with what its connections showed.
pub(crate) struct Slot {
    pub(crate) case: Case,
    pub(crate) path: String,
    sessions: Mutex<Vec<Session>>,
    changed: Notify,
    status: Mutex<Option<ExitStatus>>,
    killed: AtomicBool,
}

impl Slot {
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
            status: Mutex::default(),
            killed: AtomicBool::new(false),
        }
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

struct Server {
    slots: Vec<Arc<Slot>>,
    /// The key of the first connection: answers of "another connection" belong to it.
    first_key: String,
    wait: Duration,
    /// Cases run alone now, because the client may only have been slow: it gets four times as long.
    patient: AtomicBool,
    done: Notify,
}

/// The part of a path that every request must carry over unchanged.
const TAIL: &str = "/a%20b?x=1&y";

fn slots(options: &ClientOptions) -> Vec<Arc<Slot>> {
    let chosen = |rule: &str| {
        (options.only.is_empty() || selects(&options.only, rule)) && !selects(&options.exclude, rule)
    };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let base = Case::good(cases::BASE, "the correct answer", Expect::Opens);
    let mut all = vec![Arc::new(Slot::new(base, format!("/good/1{TAIL}")))];
    for case in cases::cases().into_iter().filter(|case| chosen(case.rule)) {
        let count = counts.entry(case.rule).or_default();
        *count += 1;
        let words = case.rule.trim_start_matches("client/");
        let path = format!("/{words}/{count}{TAIL}");
        all.push(Arc::new(Slot::new(case, path)));
    }
    all
}

impl Server {
    async fn accept(self: Arc<Self>, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let server = Arc::clone(&self);
            tokio::spawn(async move { server.serve(stream).await });
        }
    }

    async fn serve(&self, mut stream: TcpStream) {
        let _unset = stream.set_nodelay(true);
        let session = read_request(&mut stream, self.wait * 2).await;
        let Some(target) = target_of(&session) else {
            // TLS bytes or none: the answer that a plain HTTP server gives.
            let _gone = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
            self.slots[0].sessions.lock().expect("no holder panics").push(session);
            self.slots[0].changed.notify_waiters();
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
        let session = play(&mut stream, &slot.case, session, &self.first_key, wait).await;
        drop(stream);
        slot.sessions.lock().expect("no holder panics").push(session);
        slot.changed.notify_waiters();
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
) -> Result<Report, CheckError> {
    let local = |error: std::io::Error| CheckError::Local(format!("--listen {}: {error}", options.listen));
    let listener = TcpListener::bind(options.listen).await.map_err(local)?;
    let address = listener.local_addr().map_err(local)?;
    let server = Arc::new(Server {
        slots: slots(&options),
        first_key: expect::fresh_key(),
        wait: options.wait,
        patient: AtomicBool::new(false),
        done: Notify::new(),
    });
    let accepting = tokio::spawn(Arc::clone(&server).accept(listener));
    let urls = server.slots.iter().map(|slot| format!("ws://{address}{}", slot.path)).collect();
    ready(address, urls);
    let mut extra = Vec::new();
    let name = if options.command.is_empty() {
        tokio::select! {
            () = stop => {}
            () = server.done.notified() => {}
        }
        format!("clients of ws://{address}")
    } else {
        command(&options, &server, address).await;
        extra = addresses(&options, &server, address).await;
        options.command.join(" ")
    };
    accepting.abort();
    let results = judged(&options, &server, address, extra);
    let broke = server.slots[0].sessions().is_empty().then(|| "the client never connected".to_owned());
    Ok(Report::new("handfast check-client", name, Vec::new(), broke, results))
}

/// Starts the command for each case, some at a time.
async fn command(options: &ClientOptions, server: &Arc<Server>, address: SocketAddr) {
    one(options, &server.slots[0], &format!("ws://{address}{}", server.slots[0].path)).await;
    let opened = server.slots[0].sessions().iter().any(|session| session.taken() == Taken::Opened);
    if !opened {
        return;
    }
    let turns = Arc::new(Semaphore::new(options.parallel.max(1)));
    let mut tasks = JoinSet::new();
    for slot in server.slots.iter().skip(1).cloned() {
        let (options, turns) = (options.clone(), Arc::clone(&turns));
        tasks.spawn(async move {
            let _turn = turns.acquire().await.expect("the semaphore is never closed");
            one(&options, &slot, &format!("ws://{address}{}", slot.path)).await;
        });
    }
    tasks.join_all().await;
    // A busy machine is no judgement: what showed nothing is asked once more, alone and with time.
    server.patient.store(true, Ordering::Relaxed);
    for slot in server.slots.iter().skip(1).filter(|slot| slot.showed_nothing()) {
        slot.sessions.lock().expect("no holder panics").clear();
        one(options, slot, &format!("ws://{address}{}", slot.path)).await;
    }
}

/// How many times longer a client may take that is asked alone.
const PATIENCE: u32 = 4;

/// Starts the command for one URL and waits until its connection ended, or the time is over.
async fn one(options: &ClientOptions, slot: &Slot, url: &str) {
    let Some(mut child) = spawn(&options.command, url) else { return };
    // An open standard input: clients that end with it would end too early.
    let input = child.stdin.take();
    let connected = async {
        loop {
            let changed = slot.changed.notified();
            if !slot.sessions().is_empty() {
                // A client that goes on, to another place or again, gets a moment for it.
                sleep(Duration::from_millis(300)).await;
                return;
            }
            changed.await;
        }
    };
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
}

fn spawn(command: &[String], url: &str) -> Option<tokio::process::Child> {
    let mut words: Vec<String> = command.iter().map(|word| word.replace("{url}", url)).collect();
    if !command.iter().any(|word| word.contains("{url}")) {
        words.push(url.to_owned());
    }
    let (program, arguments) = words.split_first()?;
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()
}

/// The rules about URLs: bad ones, and wss.
async fn addresses(options: &ClientOptions, server: &Arc<Server>, address: SocketAddr) -> Vec<RuleResult> {
    let chosen = |rule: &str| {
        (options.only.is_empty() || selects(&options.only, rule)) && !selects(&options.exclude, rule)
    };
    let base = &server.slots[0];
    let mut results = Vec::new();
    let seen_before = base.sessions().len();
    if seen_before == 0 {
        return results;
    }
    let fresh = || base.sessions().split_off(seen_before.min(base.sessions().len()));
    let rule = |id| Rule::find(id).expect("the catalogue has the rules of this file");
    if chosen("client/uri-invalid-used") {
        for url in [format!("ws://{address}{}#b", base.path), format!("ftp://{address}{}", base.path)] {
            briefly(options, &url).await;
        }
        let targets: Vec<String> = fresh().iter().filter_map(target_of).collect();
        let (verdict, text) = match targets.as_slice() {
            [] => (Verdict::Pass, "no request came".to_owned()),
            all if all.iter().any(|target| target.contains('#')) || all.len() > 1 => {
                (Verdict::Fail, format!("a request came: {}", all.join(" | ")))
            }
            all => (Verdict::Remark, format!("the fragment was dropped: {}", all.join(" | "))),
        };
        results.push(RuleResult { got: Some(text), ..rule_result(rule("client/uri-invalid-used"), verdict) });
    }
    if chosen("client/tls-missing") {
        let before = base.sessions().len();
        briefly(options, &format!("wss://localhost:{}{}", address.port(), base.path)).await;
        let bytes: Vec<Vec<u8>> =
            base.sessions().iter().skip(before).map(|one| one.request_bytes.clone()).collect();
        let rule = rule("client/tls-missing");
        results.push(match bytes.first() {
            Some(bytes) if !bytes.is_empty() && !bytes.starts_with(&[0x16]) => RuleResult {
                got: Some("a plain HTTP request came for wss".to_owned()),
                sent: Some(escape(bytes, 200)),
                ..rule_result(rule, Verdict::Fail)
            },
            Some(bytes) if !bytes.is_empty() && !bytes.windows(9).any(|window| window == b"localhost") => {
                RuleResult {
                    got: Some("TLS without a server name".to_owned()),
                    ..rule_result(rule, Verdict::Fail)
                }
            }
            first => RuleResult {
                reason: Some(match first {
                    Some(bytes) if bytes.is_empty() => {
                        "a connection came for wss, and no byte on it: the client may lack TLS".to_owned()
                    }
                    Some(_) => "TLS with a server name came; certificates are not probed".to_owned(),
                    None => "no connection came for wss".to_owned(),
                }),
                ..rule_result(rule, Verdict::Inconclusive)
            },
        });
    }
    results
}

/// Starts the command and gives it a short time.
async fn briefly(options: &ClientOptions, url: &str) {
    if let Some(mut child) = spawn(&options.command, url) {
        let _ended = timeout(options.wait * 3, child.wait()).await;
        let _gone = child.kill().await;
        // The judge of the connection sees its end a moment later.
        sleep(Duration::from_millis(300)).await;
    }
}

fn judged(
    options: &ClientOptions,
    server: &Server,
    address: SocketAddr,
    extra: Vec<RuleResult>,
) -> Vec<RuleResult> {
    let chosen = |rule: &Rule| {
        (options.only.is_empty() || selects(&options.only, rule.id)) && !selects(&options.exclude, rule.id)
    };
    let opened = server.slots[0].sessions().iter().any(|session| session.taken() == Taken::Opened);
    let requests = collect(server, address);
    let mut results = extra;
    for rule in Rule::all().filter(|rule| rule.id.starts_with("client/") && chosen(rule)) {
        if results.iter().any(|result| result.id == rule.id) {
            continue;
        }
        let skipped = |reason: &str| RuleResult {
            reason: Some(reason.to_owned()),
            ..rule_result(rule, Verdict::Skipped)
        };
        let mine: Vec<&Arc<Slot>> =
            server.slots.iter().skip(1).filter(|slot| slot.case.rule == rule.id).collect();
        let result = if !rule.applies_to("h1") {
            skipped("this check speaks HTTP/1.1 only")
        } else if let Some((_, judge)) = RULES.iter().find(|(id, _)| *id == rule.id) {
            from_requests(rule, judge(&requests), &requests)
        } else if mine.is_empty() {
            skipped(not_probed(rule.id))
        } else if !opened && rule.id != "client/data-before-answer" {
            let reason = "the client did not open on the correct answer".to_owned();
            RuleResult { reason: Some(reason), ..rule_result(rule, Verdict::Inconclusive) }
        } else {
            from_cases(options, rule, &mine)
        };
        results.push(result);
    }
    results
}

fn not_probed(id: &str) -> &'static str {
    match id {
        "client/origin-missing" | "client/forbidden-fields" | "client/failure-exposed" => {
            "a rule for browsers only"
        }
        "client/connecting-in-parallel" => "needs one process that opens several sockets at once",
        "client/extension-lines-refused" => "needs a client that offers two extensions",
        _ => "not probed from outside",
    }
}

fn collect(server: &Server, address: SocketAddr) -> Requests {
    let mut all = Requests {
        heads: Vec::new(),
        bytes: Vec::new(),
        targets: Vec::new(),
        authority: address.to_string(),
    };
    for slot in &server.slots {
        for session in slot.sessions() {
            let Some(target) = target_of(&session) else { continue };
            // Requests for bad URLs and after redirects have targets of their own.
            if target.contains("/again") || target.contains('#') {
                continue;
            }
            let Some(head) = session.request else { continue };
            let host = head.first("Host").unwrap_or_default();
            if host.starts_with("localhost") {
                continue;
            }
            all.heads.push(head);
            all.bytes.push(session.request_bytes);
            all.targets.push(slot.path.clone());
        }
    }
    all
}

fn practice(rule: &Rule, verdict: Verdict) -> Verdict {
    if verdict == Verdict::Fail && rule.level == Level::Practice { Verdict::Remark } else { verdict }
}

fn from_requests(
    rule: &'static Rule,
    (verdict, text, place): super::requests::Judged,
    requests: &Requests,
) -> RuleResult {
    if requests.heads.is_empty() {
        let reason = "no request came".to_owned();
        return RuleResult { reason: Some(reason), ..rule_result(rule, Verdict::Inconclusive) };
    }
    let mut result = rule_result(rule, practice(rule, verdict));
    if verdict == Verdict::Inconclusive {
        result.reason = Some(text);
    } else {
        result.got = Some(match place.and_then(|place| requests.bytes.get(place)) {
            Some(bytes) if verdict != Verdict::Pass => format!("{text}; the request: {}", escape(bytes, 600)),
            _ => text,
        });
    }
    result
}

fn from_cases(options: &ClientOptions, rule: &'static Rule, slots: &[&Arc<Slot>]) -> RuleResult {
    let findings: Vec<(judge::Judgement, &Arc<Slot>)> =
        slots.iter().map(|slot| (judge::judge(slot), *slot)).collect();
    let weight = |verdict: Verdict| (verdict != Verdict::Skipped, verdict);
    let Some((worst, slot)) = findings.iter().max_by_key(|((verdict, _), _)| weight(*verdict)) else {
        return rule_result(rule, Verdict::Skipped);
    };
    let (verdict, text) = worst;
    let count = findings.iter().filter(|((other, _), _)| other == verdict).count();
    let more = if count > 1 && *verdict != Verdict::Pass {
        format!(" (and {} more of the {} cases)", count - 1, slots.len())
    } else {
        String::new()
    };
    let mut result = rule_result(rule, practice(rule, *verdict));
    let text = format!("{}: {text}{more}", slot.case.label);
    if matches!(verdict, Verdict::Skipped | Verdict::Inconclusive) {
        result.reason = Some(text);
        return result;
    }
    result.got = Some(text);
    let sessions = slot.sessions();
    if let Some(session) = sessions.first() {
        result.change = change(slot, session);
        result.sent = Some(escape(&session.answer, 2_000));
    }
    if matches!(verdict, Verdict::Fail | Verdict::Remark) && !options.command.is_empty() {
        let words = options.command.join(" ");
        result.repro = Some(format!("handfast check-client --only {} -- {words}", rule.id));
    }
    result
}

/// How the case's answer differs from the correct one for the same request.
fn change(slot: &Slot, session: &Session) -> Option<String> {
    let request = session.request.as_ref()?;
    let right = Case::good(slot.case.rule, "", Expect::Opens).render(request, "");
    Some(
        difference(&session.answer, &right)
            .unwrap_or_else(|| format!("the correct answer: {}", slot.case.label)),
    )
}
