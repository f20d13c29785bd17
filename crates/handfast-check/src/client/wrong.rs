//! The wrong server's answers one by one, for whoever has a server already.

use std::time::Duration;

use handfast_proto::rules::Rule;
use tokio::io::{AsyncRead, AsyncWrite};

use super::case::{Case, Expect, Manner, Offers};
use super::cases;
use super::judge;
use super::run::Slot;
use super::session::{self, Session, Taken};
use crate::report::Verdict;
use crate::wire::head::{self, Head, Parsed};

/// One answer of the wrong server, from the table that [`client`](crate::client()) checks with.
#[derive(Clone, Debug)]
pub struct WrongServer {
    case: Case,
    number: usize,
}

/// How a client took an answer, as the wire shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// It sent frames as one does on an open WebSocket.
    Opened,
    /// It closed the connection, or sent a Close frame that says failure.
    Failed,
    /// It did neither in time.
    Hung,
}

impl Reaction {
    /// The word for it: `opened`, `failed` or `hung`.
    pub fn as_str(self) -> &'static str {
        match self {
            Reaction::Opened => "opened",
            Reaction::Failed => "failed",
            Reaction::Hung => "hung",
        }
    }
}

/// What one connection to a wrong server showed.
#[derive(Clone, Debug)]
pub struct Played {
    /// The bytes that were sent, at most 64 KiB of them: the answer with what was glued to it.
    pub answer: Vec<u8>,
    /// The correct answer to the same request, to compare with.
    pub right: Vec<u8>,
    /// How the client took it.
    pub reaction: Reaction,
    /// Whether that was right by the rule.
    pub verdict: Verdict,
    /// The verdict in words.
    pub words: String,
    /// From the answer to the end of the connection.
    pub lasted: Duration,
}

impl WrongServer {
    /// Every answer of the table in its order, and the correct one first, with the number 0.
    pub fn all() -> Vec<WrongServer> {
        let control = Case::good(cases::BASE, "the correct answer", Expect::Opens);
        let mut all = vec![WrongServer { case: control, number: 0 }];
        for case in cases::cases() {
            let before = all.iter().filter(|one| one.number > 0 && one.case.rule == case.rule).count();
            all.push(WrongServer { case, number: before + 1 });
        }
        all
    }

    /// The rule of the catalogue that it tries.
    pub fn rule(&self) -> &'static Rule {
        Rule::find(self.case.rule).expect("the cases name rules of the catalogue")
    }

    /// Its place among the answers of the same rule, from 1; 0 for the correct answer.
    pub fn number(&self) -> usize {
        self.number
    }

    /// What is special about it, in a few words.
    pub fn label(&self) -> &str {
        if self.case.label.is_empty() { "an empty value" } else { &self.case.label }
    }

    /// Which reaction is right, in a few words.
    pub fn wanted(&self) -> &'static str {
        match self.case.expect {
            Expect::Opens => "opens",
            Expect::Fails => "fails",
            Expect::FailsOrRemark => "should fail",
            Expect::OpensOrRemark => "should open",
            Expect::Hears => "opens, and hears the glued frame",
            Expect::HearsOrFails => "fails, or hears the glued frame",
            Expect::Closes => "closes",
            Expect::Own => match self.case.rule {
                "client/data-before-answer" => "sends nothing before the answer",
                "client/head-endless" => "gives up at a limit",
                "client/answer-timeout" => "gives up after a while",
                "client/redirect-unsafe" => "does not follow, or with a new key each time",
                "client/auth-retry-unsafe" => "does not try again, or with a new key",
                "client/reconnect-storm" => "waits longer before each new try",
                _ => "closes, and sends nothing",
            },
        }
    }

    /// What the client must offer for the case to apply to it; none if it always applies.
    pub fn needs(&self) -> Option<&'static str> {
        match self.case.offers {
            Offers::Anything => None,
            Offers::Deflate => Some("an offer of permessage-deflate"),
            Offers::DeflateBits => Some("an offer of permessage-deflate with client_max_window_bits"),
            Offers::DeflateWithoutBits => {
                Some("an offer of permessage-deflate without client_max_window_bits")
            }
            Offers::NoExtension => Some("no offer of an extension"),
            Offers::Subprotocol => Some("an offer of a subprotocol"),
        }
    }

    /// How long it takes at least, where a delay is the point of it; zero for most.
    pub fn takes(&self) -> Duration {
        match self.case.manner {
            Manner::Late(delay) => delay,
            Manner::HalfFrame => Duration::from_secs(1),
            Manner::Silent => Duration::from_secs(12),
            Manner::Whole | Manner::Bytes | Manner::SplitEnd | Manner::Endless(_) => Duration::ZERO,
        }
    }

    /// The bytes that this request would be answered with, and the correct ones; none for bytes that are no whole head.
    /// Answers with delays or without end are shown as they begin. `previous` is the key of an earlier connection.
    pub fn answer(&self, request: &[u8], previous: &str) -> Option<(Vec<u8>, Vec<u8>)> {
        let request = whole(request)?;
        Some((self.case.render(&request, previous), right(&request, previous)))
    }

    /// Answers this request on its connection, and watches what the client does for `wait`, six times as long where no
    /// answer is the point. `received` is the request's head, with what came behind it. None for bytes that are no whole
    /// head: nothing was sent then. Not cancel safe: when dropped, the answer may have gone out in part.
    pub async fn play<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
        received: Vec<u8>,
        previous: &str,
        wait: Duration,
    ) -> Option<Played> {
        let request = whole(&received)?;
        let right = right(&request, previous);
        let session = Session { request_bytes: received, request: Some(request), ..Session::default() };
        let session = session::play(stream, &self.case, session, previous, wait).await;
        let reaction = match session.taken() {
            Taken::Opened => Reaction::Opened,
            Taken::Failed => Reaction::Failed,
            Taken::Hung => Reaction::Hung,
        };
        let (answer, lasted) = (session.answer.clone(), session.lasted);
        let (verdict, words) = judge::judge(&Slot::after(self.case.clone(), session));
        Some(Played { answer, right, reaction, verdict, words, lasted })
    }
}

fn whole(request: &[u8]) -> Option<Head> {
    match head::head(request) {
        Parsed::Complete(head) => Some(head),
        Parsed::Partial => None,
    }
}

fn right(request: &Head, previous: &str) -> Vec<u8> {
    Case::good(cases::BASE, "", Expect::Opens).render(request, previous)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

    fn find(rule: &str, number: usize) -> WrongServer {
        let mut all = WrongServer::all().into_iter();
        all.find(|one| one.rule().id == rule && one.number() == number).expect("a case of the table")
    }

    #[test]
    fn every_answer_has_a_rule_and_a_place_of_its_own() {
        let mut seen = HashSet::new();
        for one in WrongServer::all() {
            assert!(seen.insert((one.rule().id, one.number())), "{} {}", one.rule().id, one.number());
            assert!(!one.wanted().is_empty() && !one.label().is_empty(), "{}", one.rule().id);
        }
        assert_eq!(WrongServer::all()[0].number(), 0);
    }

    #[test]
    fn the_wrong_answer_differs_from_the_right_one_to_the_same_request() {
        let (wrong, right) = find("client/upgrade-missing-opens", 1).answer(REQUEST, "").expect("a head");
        assert!(right.windows(9).any(|nine| nine == b"Upgrade: "));
        assert!(!wrong.windows(9).any(|nine| nine == b"Upgrade: "));
        let (control, right) = WrongServer::all()[0].answer(REQUEST, "").expect("a head");
        assert_eq!(control, right);
        assert!(WrongServer::all()[0].answer(b"GET / HTTP/1.1\r\n", "").is_none());
    }

    #[tokio::test]
    async fn a_client_that_closes_is_told_from_one_that_opens() {
        for (opens, reaction, verdict) in
            [(false, Reaction::Failed, Verdict::Pass), (true, Reaction::Opened, Verdict::Fail)]
        {
            let (mut client, mut server) = tokio::io::duplex(4096);
            let playing = find("client/accept-missing-opens", 1);
            let wait = Duration::from_secs(2);
            let playing = playing.play(&mut server, REQUEST.to_vec(), "", wait);
            let reacting = async move {
                let mut answer = [0; 512];
                let length = client.read(&mut answer).await.expect("an answer");
                assert!(answer[..length].starts_with(b"HTTP/1.1 101 "));
                if opens {
                    // A masked pong, as the answer to the ping behind the 101, and an end.
                    let frame = [&[0x8A, 0x88, 0, 0, 0, 0][..], b"handfast"].concat();
                    client.write_all(&frame).await.expect("the server reads");
                    client.write_all(&[0x88, 0x80, 0, 0, 0, 0]).await.expect("the server reads");
                }
            };
            let (played, ()) = tokio::join!(playing, reacting);
            let played = played.expect("a whole head");
            assert_eq!((played.reaction, played.verdict), (reaction, verdict), "{}", played.words);
        }
    }
}
