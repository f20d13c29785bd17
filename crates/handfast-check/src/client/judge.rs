//! From the connections of a case to a verdict.

use std::collections::HashSet;
use std::time::Duration;

use super::case::{Expect, Manner};
use super::run::{Slot, target_of};
use super::session::{Session, Taken};
use crate::report::Verdict;

/// A verdict and its words.
pub(crate) type Judgement = (Verdict, String);

fn pass(text: impl Into<String>) -> Judgement {
    (Verdict::Pass, text.into())
}

fn fail(text: impl Into<String>) -> Judgement {
    (Verdict::Fail, text.into())
}

/// Judges one case.
pub(crate) fn judge(slot: &Slot) -> Judgement {
    let sessions = slot.sessions();
    let Some(first) = sessions.iter().find(|session| session.request.is_some()) else {
        return (Verdict::Inconclusive, "no request came".to_owned());
    };
    if first.request.as_ref().is_some_and(|request| !slot.case.applies(request)) {
        return (Verdict::Skipped, "does not apply to what the client offers".to_owned());
    }
    if slot.crashed() {
        return fail("the client was ended by a signal");
    }
    let taken = first.taken();
    let words = match taken {
        Taken::Opened => "it opened",
        Taken::Failed => "it failed",
        Taken::Hung => "it neither opened nor closed",
    };
    let word = |verdict| (verdict, words.to_owned());
    match (slot.case.expect, taken) {
        (Expect::Opens, Taken::Opened) | (Expect::Fails, Taken::Failed) => word(Verdict::Pass),
        (Expect::Opens, _) | (Expect::Fails, Taken::Opened) => word(Verdict::Fail),
        (Expect::Fails | Expect::FailsOrRemark, Taken::Hung) => word(Verdict::Remark),
        (Expect::FailsOrRemark, Taken::Failed) | (Expect::OpensOrRemark, Taken::Opened) => {
            word(Verdict::Pass)
        }
        (Expect::FailsOrRemark, Taken::Opened) | (Expect::OpensOrRemark, _) => word(Verdict::Remark),
        (Expect::Hears, _) if first.ponged(b"hi") => pass("the glued ping was answered"),
        (Expect::Hears, _) => fail(format!("{words}, and the glued ping was not answered")),
        (Expect::HearsOrFails, Taken::Failed) => pass("it failed"),
        (Expect::HearsOrFails, _) if first.ponged(b"hi") => pass("the glued ping was answered"),
        (Expect::HearsOrFails, _) => fail(format!("{words}, and the glued ping was lost")),
        (Expect::Closes, _) if first.ponged(b"hi") || first.answered_later() => {
            fail("the masked frame was taken and the connection went on")
        }
        (Expect::Closes, Taken::Hung) => fail("it neither closed nor went on"),
        (Expect::Closes, _) => pass("it closed"),
        (Expect::Own, _) => own(slot, &sessions, first),
    }
}

fn own(slot: &Slot, sessions: &[Session], first: &Session) -> Judgement {
    let keys = || {
        let mut seen = HashSet::new();
        let all = sessions
            .iter()
            .filter_map(|one| one.request.as_ref()?.first("Sec-WebSocket-Key").map(str::to_owned));
        all.filter(|key| !seen.insert(key.clone())).count()
    };
    match slot.case.rule {
        "client/data-before-answer" => {
            let refused = !first.answer.starts_with(b"HTTP/1.1 101");
            match first.early {
                0 if refused && !first.frames.is_empty() => fail("frames came after the refusal"),
                0 => pass("nothing came before the answer"),
                bytes => fail(format!("{bytes} bytes came before the answer")),
            }
        }
        "client/head-endless" if first.taken >= 16 << 20 => fail("16 MiB of head were read"),
        "client/head-endless" if slot.killed() => (
            Verdict::Inconclusive,
            format!("still reading after {} bytes, when the time was over", first.taken),
        ),
        "client/head-endless" => pass(format!("it gave up after {} bytes", first.taken)),
        "client/answer-timeout" if first.closed => {
            pass(format!("it gave up after {:.1} s", first.lasted.as_secs_f64()))
        }
        "client/answer-timeout" => {
            let waited = first.lasted.as_secs();
            (Verdict::Inconclusive, format!("still waiting after {waited} s; the rule allows 300 s"))
        }
        "client/failed-connection-kept" => match first.taken() {
            Taken::Opened => fail("frames were sent although the accept was wrong"),
            Taken::Failed => pass(format!("closed after {:.1} s", first.lasted.as_secs_f64())),
            Taken::Hung => fail("the connection was still open after 10 s"),
        },
        "client/redirect-unsafe" => match (sessions.len(), keys()) {
            (1, _) => pass("it did not follow"),
            (_, 1..) => fail("a key came twice over the redirects"),
            (12.., _) => fail(format!("{} hops", sessions.len() - 1)),
            (hops, _) => {
                let last = sessions.last().and_then(target_of).unwrap_or_default();
                pass(format!("{} hops, a new key each time, the last to {last}", hops - 1))
            }
        },
        "client/auth-retry-unsafe" => {
            let proxy = sessions.iter().any(|one| {
                one.request.as_ref().is_some_and(|request| request.count("Proxy-Authorization") > 0)
            });
            match (sessions.len(), keys()) {
                _ if proxy => fail("Proxy-Authorization was sent to a server"),
                (1, _) => pass("it did not try again"),
                (_, 1..) => fail("a key came twice"),
                (4.., _) => fail(format!("{} tries", sessions.len())),
                (tries, _) => pass(format!("{tries} tries, a new key each time")),
            }
        }
        "client/reconnect-storm" => storm(sessions),
        _ if matches!(slot.case.manner, Manner::Whole) => (Verdict::Inconclusive, "no judgement".to_owned()),
        _ => (Verdict::Inconclusive, "nothing was seen".to_owned()),
    }
}

fn storm(sessions: &[Session]) -> Judgement {
    let starts: Vec<_> = sessions.iter().filter_map(|one| one.began).collect();
    if starts.len() < 2 {
        return (Verdict::Skipped, "the client does not reconnect by itself".to_owned());
    }
    let early =
        starts.iter().filter(|start| start.duration_since(starts[0]) < Duration::from_secs(2)).count();
    let gaps: Vec<Duration> = starts.windows(2).map(|two| two[1].duration_since(two[0])).collect();
    if early > 8 {
        fail(format!("{early} connections in the first 2 s"))
    } else if gaps.len() >= 3
        && gaps.windows(2).all(|two| two[1].abs_diff(two[0]) < Duration::from_millis(10))
    {
        fail(format!("equal gaps of {:.0?}", gaps[0]))
    } else {
        pass(format!("{} connections with growing or random gaps", starts.len()))
    }
}
