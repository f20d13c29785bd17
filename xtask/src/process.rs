//! Other programs: bounded in time, logged, and gone when they are no longer needed.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::{Outcome, paths};

/// Between two looks at a program.
const LOOK: Duration = Duration::from_millis(20);

/// A program that runs longer says so this often.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// How long a program may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(5);

/// A program in the background, ended when dropped.
pub struct Background {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Background {
    /// Starts it; what it prints goes to `log`.
    pub fn start(name: &str, command: &mut Command, log: PathBuf) -> Outcome<Self> {
        let file = create(&log)?;
        let errors = file.try_clone().map_err(|error| format!("{}: {error}", paths::shown(&log)))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().to_string_lossy()))?;
        Ok(Self { name: name.to_owned(), child, log })
    }

    /// Waits until `find` makes something of what was printed so far.
    pub fn wait_for<T>(&mut self, limit: Duration, find: impl Fn(&str) -> Option<T>) -> Outcome<T> {
        let deadline = Instant::now() + limit;
        loop {
            let text = self.text();
            if let Some(found) = find(&text) {
                return Ok(found);
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("{} ended early ({status})\n{}", self.name, self.text()));
            }
            if Instant::now() > deadline {
                return Err(format!("{} is not ready after {limit:?}\n{text}", self.name));
            }
            sleep(LOOK);
        }
    }

    /// Waits until something listens on this port of 127.0.0.1.
    pub fn wait_for_port(&mut self, port: u16, limit: Duration) -> Outcome {
        self.wait_for(limit, |_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok().map(drop))
    }

    /// What it printed so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// How a program ended.
pub struct Ended {
    /// Whether its exit status is 0.
    pub success: bool,
    /// Its exit status, or that it took too long.
    pub how: String,
    /// What it printed.
    pub text: String,
}

impl Ended {
    /// The text, or everything there is to say about the failure.
    pub fn checked(self, name: &str) -> Outcome<String> {
        if self.success { Ok(self.text) } else { Err(format!("{name}: {}\n{}", self.how, self.text)) }
    }
}

/// Runs a program to its end or to the limit; what it prints goes to `log`.
pub fn run(name: &str, command: &mut Command, log: PathBuf, limit: Duration) -> Outcome<Ended> {
    let started = Instant::now();
    let mut background = Background::start(name, command, log)?;
    let mut next_sign = SIGN_OF_LIFE;
    loop {
        let status = background.child.try_wait().map_err(|error| format!("{name}: {error}"))?;
        if let Some(status) = status {
            return Ok(ended(status, background.text()));
        }
        let passed = started.elapsed();
        if passed > limit {
            let text = background.text();
            return Ok(Ended { success: false, how: format!("ended by force after {limit:?}"), text });
        }
        if passed > next_sign {
            println!("        {name} has been running for {} s", passed.as_secs());
            next_sign += SIGN_OF_LIFE;
        }
        sleep(LOOK);
    }
}

fn ended(status: ExitStatus, text: String) -> Ended {
    Ended { success: status.success(), how: status.to_string(), text }
}

fn create(log: &Path) -> Outcome<File> {
    if let Some(folder) = log.parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", paths::shown(folder)))?;
    }
    File::create(log).map_err(|error| format!("{}: {error}", paths::shown(log)))
}

/// Ends a program and everything that it started: SIGTERM first, and SIGKILL to what is left after a while.
fn end(child: &mut Child) {
    if matches!(child.try_wait(), Ok(Some(_))) {
        return;
    }
    let family = descendants(child.id());
    signal("TERM", &[child.id()]);
    let deadline = Instant::now() + GRACE;
    while Instant::now() < deadline && !matches!(child.try_wait(), Ok(Some(_))) {
        sleep(LOOK);
    }
    let left: Vec<u32> =
        family.into_iter().filter(|pid| Path::new(&format!("/proc/{pid}")).exists()).collect();
    signal("KILL", &left);
    // Both fail only where the program has ended, which is what is wanted.
    let _ = child.kill();
    let _ = child.wait();
}

fn signal(name: &str, pids: &[u32]) {
    if pids.is_empty() {
        return;
    }
    let pids: Vec<String> = pids.iter().map(u32::to_string).collect();
    // A shell's own kill: not every machine has the program.
    let script = format!("kill -{name} {} 2>/dev/null", pids.join(" "));
    let _ = Command::new("sh").args(["-c", &script]).status();
}

/// The children of a process, their children, and so on. Empty where there is no /proc.
fn descendants(pid: u32) -> Vec<u32> {
    let mut pairs = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(child) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let status = std::fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        let parent =
            status.lines().find_map(|line| line.strip_prefix("PPid:")).and_then(|id| id.trim().parse().ok());
        pairs.extend(parent.map(|parent: u32| (parent, child)));
    }
    let mut family = vec![pid];
    let mut at = 0;
    while at < family.len() {
        let parent = family[at];
        family.extend(pairs.iter().filter(|pair| pair.0 == parent).map(|pair| pair.1));
        at += 1;
    }
    family.split_off(1)
}

/// A port of 127.0.0.1 that nothing listens on at this moment.
pub fn free_port() -> Outcome<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| format!("no free port: {error}"))?;
    listener.local_addr().map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}

/// Where a program is, in PATH or in the folders for administrators.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("xtask-{}-{name}.log", std::process::id()))
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended_with_its_children() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 987654 & echo child $!; wait"]);
        let started = Instant::now();
        let ended = run("sleeper", &mut command, log("slow"), Duration::from_millis(300))
            .unwrap_or_else(|e| panic!("{e}"));
        assert!(!ended.success && started.elapsed() < Duration::from_secs(60));
        let child = ended.text.trim().strip_prefix("child ").unwrap_or_default().to_owned();
        // A killed program leaves the table a moment later.
        let gone = || {
            let status = std::fs::read_to_string(format!("/proc/{child}/status")).unwrap_or_default();
            status.is_empty() || status.contains("zombie")
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        while !gone() && Instant::now() < deadline {
            sleep(LOOK);
        }
        assert!(!child.is_empty() && gone(), "{child} still runs");
    }

    #[test]
    fn a_program_that_ends_early_is_not_waited_for() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo no; exit 3"]);
        let started = Background::start("early", &mut command, log("early"));
        let mut early = started.unwrap_or_else(|error| panic!("{error}"));
        let error =
            early.wait_for(Duration::from_secs(60), |text| text.find("yes")).err().unwrap_or_default();
        assert!(error.contains("early ended early") && error.contains("no"), "{error}");
    }

    #[test]
    fn programs_are_found_by_name() {
        assert!(find_program("sh").is_some());
        assert_eq!(find_program("no-such-program-anywhere"), None);
    }
}
