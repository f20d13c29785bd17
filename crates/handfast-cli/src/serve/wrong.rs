//! The wrong servers of `handfast check-client`, each on a path of its own: `/wrong/RULE-ID`, or `/wrong/RULE-ID/N` for the
//! N-th answer that tries the rule, and `/wrong/correct` for the right one.

use super::limits::{ANSWER_BYTES_MAX, REACTION_TIMEOUT};
use crate::escape;
use handfast::{Error, TakenOver};
use handfast_check::{Played, WrongServer};
use serde_json::{Value, json};
use std::sync::OnceLock;

/// The table; made once.
fn all() -> &'static [WrongServer] {
    static ALL: OnceLock<Vec<WrongServer>> = OnceLock::new();
    ALL.get_or_init(WrongServer::all)
}

/// The wrong server on this path; none if there is none. A client that follows a redirect comes back with `/again` in front.
pub fn find(path: &str) -> Option<&'static WrongServer> {
    let path = path.trim_start_matches("/again");
    let place = path.strip_prefix("/wrong/")?;
    all().iter().find(|one| match one.number() {
        0 => place == "correct",
        number => {
            let id = one.rule().id;
            place == id && number == 1 || place.strip_prefix(id) == Some(&format!("/{number}"))
        }
    })
}

/// Where it is served.
fn path(one: &WrongServer) -> String {
    match one.number() {
        0 => "/wrong/correct".to_owned(),
        number => format!("/wrong/{}/{number}", one.rule().id),
    }
}

/// All of them for the page, each with the bytes that the sample key of RFC 6455 gets.
pub fn list() -> Value {
    let sample = |one: &WrongServer| {
        let (answer, right) = one.answer(SAMPLE, SAMPLE_PREVIOUS)?;
        Some(json!({ "answer": escape::hex(&answer), "right": escape::hex(&right) }))
    };
    let servers = all().iter().map(|one| {
        let rule = one.rule();
        json!({
            "path": path(one),
            "rule": rule.id,
            "level": rule.level.as_str(),
            "title": rule.title,
            "source": rule.source,
            "label": escape::text(one.label()),
            "wanted": one.wanted(),
            "needs": one.needs(),
            "takes": u64::try_from(one.takes().as_millis()).unwrap_or(u64::MAX),
            "sample": sample(one),
        })
    });
    servers.collect()
}

/// Plays it on this connection; `previous` is the key of an earlier one.
pub async fn play(
    mut taken: TakenOver,
    one: &'static WrongServer,
    previous: &str,
) -> Result<Option<Value>, Error> {
    let draining = taken.draining();
    let received = [taken.head.as_bytes(), &taken.behind_head].concat();
    let played = tokio::select! {
        played = one.play(&mut taken.stream, received, previous, REACTION_TIMEOUT) => played,
        () = draining => None,
    };
    Ok(played.map(|played| told(one, &played)))
}

/// A client that follows a redirect, or tries again, comes once more under the same name: the verdict, made of its first connection,
/// does not stand then.
pub fn came_again(played: &mut Value) {
    played["verdict"] = "inconclusive".into();
    played["words"] = "it came again, and several connections are judged by handfast check-client".into();
}

fn told(one: &WrongServer, played: &Played) -> Value {
    let cut = |bytes: &[u8]| escape::hex(&bytes[..bytes.len().min(ANSWER_BYTES_MAX)]);
    json!({
        "path": path(one),
        "rule": one.rule().id,
        "reaction": played.reaction.as_str(),
        "verdict": played.verdict.as_str(),
        "words": played.words,
        "lasted": u64::try_from(played.lasted.as_millis()).unwrap_or(u64::MAX),
        "answer": cut(&played.answer),
        "answer_bytes": played.answer.len(),
        "right": cut(&played.right),
    })
}

const SAMPLE: &[u8] = b"GET /wrong HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat\r\n\
    Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

/// A key that is not the sample's.
const SAMPLE_PREVIOUS: &str = "AQIDBAUGBwgJCgsMDQ4PEA==";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_leads_to_its_server_and_a_rule_alone_to_its_first() {
        for one in all() {
            let found = find(&path(one)).expect("its own path");
            assert_eq!((found.rule().id, found.number()), (one.rule().id, one.number()));
        }
        let first = find("/again/wrong/client/accept-missing-opens").expect("a rule of the table");
        assert_eq!(first.number(), 1);
        for nothing in ["/wrong/", "/wrong/client/accept-missing-opens/0", "/wrong/client/x", "/echo"] {
            assert!(find(nothing).is_none(), "{nothing}");
        }
    }

    #[test]
    fn the_page_sees_the_bytes_of_every_server() {
        let list = list();
        assert!(list.as_array().is_some_and(|list| list.len() > 100));
        assert!(list.as_array().into_iter().flatten().all(|one| one["sample"]["right"].is_string()));
    }

    #[test]
    fn recorded_results_are_of_these_servers_and_our_own_client_is_never_wrong() {
        let recorded: Value =
            serde_json::from_str(include_str!("../../web/recorded.json")).expect("the file is JSON");
        let clients = recorded["clients"].as_array().expect("a list of clients");
        assert!(clients.len() >= 5, "{} clients", clients.len());
        for client in clients {
            let name = client["name"].as_str().expect("a name");
            assert!(client["version"].as_str().is_some_and(|version| version.contains('.')), "{name}");
            let results = client["results"].as_object().expect("results");
            assert!(results.len() > 90, "{name} has {}", results.len());
            for (place, result) in results {
                // Where this fails the table of wrong servers has changed: run `cargo xtask record`.
                assert!(find(&format!("/wrong/{place}")).is_some(), "{name}: {place}");
                let verdict = result[1].as_str().expect("a verdict");
                assert!(
                    ["pass", "fail", "remark", "skipped", "inconclusive"].contains(&verdict),
                    "{name}: {place}"
                );
                assert!(name != "handfast connect" || verdict != "fail", "{place}: {result}");
            }
        }
    }
}
