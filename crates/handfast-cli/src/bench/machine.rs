//! What this machine allows, and how busy a thread of the generator is.

use std::time::{Duration, Instant};

/// Makes room for so many open files; otherwise says how many are allowed.
#[cfg(unix)]
pub fn allow_open_files(wanted: usize) -> Result<(), u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let wanted = wanted as u64;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // `None` is no limit.
    if current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    if maximum.is_some_and(|maximum| maximum < wanted) {
        return Err(maximum.unwrap_or_default());
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })
        .map_err(|_| current.unwrap_or_default())
}

/// Other systems have no such limit that would matter here.
#[cfg(not(unix))]
pub fn allow_open_files(_wanted: usize) -> Result<(), u64> {
    Ok(())
}

/// What the calling thread has used so far.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    at: Instant,
    cpu: Option<Duration>,
    waited: Option<Duration>,
}

/// How busy a thread was, as parts of the time between two moments.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// It ran; `None` where the system does not tell.
    pub cpu: Option<f64>,
    /// It could have run, and had no core; `None` where the system does not tell.
    pub waited: Option<f64>,
}

impl Usage {
    /// The usage of the calling thread.
    pub fn now() -> Self {
        Self { at: Instant::now(), cpu: cpu(), waited: waited() }
    }

    /// How busy the thread was since then.
    pub fn until(&self, later: &Self) -> Load {
        let wall = later.at.saturating_duration_since(self.at).as_secs_f64();
        let part = |from: Option<Duration>, to: Option<Duration>| {
            (wall > 0.0).then_some(to?.saturating_sub(from?).as_secs_f64() / wall)
        };
        Load { cpu: part(self.cpu, later.cpu), waited: part(self.waited, later.waited) }
    }
}

impl Load {
    /// Running and wanting to run, together; 1 is a thread that never waited for the server.
    pub fn busy(&self) -> Option<f64> {
        Some(self.cpu? + self.waited.unwrap_or(0.0))
    }

    /// Whether the thread had next to no time left: what was measured is then its own speed.
    pub fn is_full(&self) -> bool {
        self.busy().is_some_and(|busy| busy >= FULL)
    }
}

/// From which part of a core on a thread counts as the bottleneck.
pub const FULL: f64 = 0.9;

#[cfg(unix)]
fn cpu() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
}

#[cfg(not(unix))]
fn cpu() -> Option<Duration> {
    None
}

/// Linux tells it: nanoseconds on a core, nanoseconds waiting for one, and how often.
fn waited() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_computes_is_full_and_one_that_sleeps_is_not() {
        let before = Usage::now();
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(100) {
            std::hint::spin_loop();
        }
        let between = Usage::now();
        std::thread::sleep(Duration::from_millis(100));
        let after = Usage::now();
        // Where nothing is told, nothing is claimed. Other threads may have taken the core: only Linux tells that as well.
        if cfg!(target_os = "linux") && before.waited.is_some() {
            assert!(before.until(&between).busy().is_some_and(|busy| busy > 0.8));
            assert!(!between.until(&after).is_full());
        }
    }

    #[test]
    fn more_open_files_than_the_system_allows_are_refused_with_its_number() {
        if cfg!(unix) {
            assert!(allow_open_files(usize::MAX >> 1).is_err_and(|allowed| allowed > 0));
        }
        assert_eq!(allow_open_files(10), Ok(()));
    }
}
