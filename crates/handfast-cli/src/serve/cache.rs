//! A cache that is wrong on purpose: it stores the first 101 and serves it to whoever comes next. The accept value was
//! made against exactly this.

use super::limits::REACTION_TIMEOUT;
use super::record;
use super::words;
use crate::key;
use handfast::{Answer, ClientRequest};
use handfast_proto::handshake::{HttpResponse, Policy, Progress, RequestReader, Verdict};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// One cache in front of one server; clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Cache(Arc<Mutex<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    stored: Option<Vec<u8>>,
    /// Visits until now.
    came: u64,
    last: Value,
}

/// What a visitor of the cache gets.
#[derive(Debug)]
pub struct Served {
    /// The answer's bytes.
    pub answer: Vec<u8>,
    /// It came from the cache, and the server was not asked.
    pub is_replay: bool,
}

impl Cache {
    /// What the cache holds, how many came, and the last of them, for the page.
    pub fn to_json(&self) -> Value {
        let inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        json!({ "stored": inside.stored.as_deref().map(record::lines), "came": inside.came, "last": inside.last })
    }

    /// Answers a request as such a cache does. `from_server` is the right answer, which is only asked for when nothing is stored.
    pub fn serve(&self, who: &str, request: &[u8], from_server: impl FnOnce() -> Vec<u8>) -> Served {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_replay = inside.stored.is_some();
        let answer = match &inside.stored {
            Some(stored) => stored.clone(),
            None => from_server(),
        };
        if !is_replay && answer.starts_with(b"HTTP/1.1 101 ") {
            inside.stored = Some(answer.clone());
        }
        inside.came += 1;
        inside.last = json!({
            "who": who,
            "request": record::lines(request),
            "response": record::lines(&answer),
            "replay": is_replay,
        });
        Served { answer, is_replay }
    }

    /// A client that looks at the status only, as some do: what it makes of the cache's answer.
    pub fn careless(&self, authority: &str) -> Result<Value, String> {
        let (request, _) = client_request(authority)?;
        let served = self.serve("careless", &request, || server_answer(&request));
        let opens = served.answer.starts_with(b"HTTP/1.1 101 ");
        Ok(
            json!({ "opened": opens, "replay": served.is_replay, "faults": [], "request": record::lines(&request),
            "response": record::lines(&served.answer) }),
        )
    }

    /// handfast's own client: what it makes of the cache's answer.
    pub fn careful(&self, authority: &str) -> Result<Value, String> {
        let (request, mut pending) = client_request(authority)?;
        let served = self.serve("handfast", &request, || server_answer(&request));
        let faults = match pending.read(&served.answer, &Policy::default().limits) {
            Ok(Progress::Complete { value: Verdict::Opened(..), .. }) => Vec::new(),
            Ok(Progress::Complete { value: Verdict::Faulty(faults, _), .. }) | Err(faults) => faults,
            Ok(Progress::Complete { value: Verdict::Declined(_), .. } | Progress::Partial) => {
                return Err("the answer of the cache is no 101".to_owned());
            }
        };
        Ok(json!({
            "opened": faults.is_empty(),
            "replay": served.is_replay,
            "expected": pending.expected().as_str(),
            "faults": faults.iter().map(words::response_fault).collect::<Vec<_>>(),
            "request": record::lines(&request),
            "response": record::lines(&served.answer),
        }))
    }
}

/// Writes a stored answer to a client that asked with a key of its own, and waits for it to go away.
pub async fn replay<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, answer: &[u8]) {
    let talking = async {
        stream.write_all(answer).await?;
        stream.flush().await?;
        let mut buffer = [0; 1024];
        while stream.read(&mut buffer).await? > 0 {}
        stream.shutdown().await
    };
    // However it ends: nobody is on the other side.
    drop(tokio::time::timeout(REACTION_TIMEOUT, talking).await);
}

fn client_request(authority: &str) -> Result<(Vec<u8>, handfast_proto::handshake::Pending), String> {
    let nonce = key::fresh().map_err(|failure| failure.message)?.nonce();
    let request = ClientRequest::new(authority, "/cache").map_err(|misuse| misuse.to_string())?;
    Ok(request.start(nonce))
}

/// What the server behind the cache says to a request of ours.
fn server_answer(request: &[u8]) -> Vec<u8> {
    let policy = Policy::default();
    let read = RequestReader::new().read(request, &policy);
    let offer = match read {
        Ok(Progress::Complete { value, .. }) => value.into_offer(&policy),
        Ok(Progress::Partial) => return HttpResponse::new(400).to_bytes(false),
        Err(refusal) => Err(refusal),
    };
    match offer {
        Ok(offer) => offer
            .accept(&Answer::new())
            .map_or_else(|_| HttpResponse::new(400).to_bytes(false), |(_, answer)| answer),
        Err(refusal) => refusal.to_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_client_gets_the_first_ones_answer_and_only_one_that_checks_notices() {
        let cache = Cache::default();
        let first = cache.careful("localhost").expect("a client");
        assert_eq!((&first["opened"], &first["replay"]), (&json!(true), &json!(false)));
        let careless = cache.careless("localhost").expect("a client");
        assert_eq!((&careless["opened"], &careless["replay"]), (&json!(true), &json!(true)));
        let careful = cache.careful("localhost").expect("a client");
        assert_eq!((&careful["opened"], &careful["replay"]), (&json!(false), &json!(true)));
        assert_eq!(careful["faults"][0]["rule"], "client/accept-wrong-opens");
        assert_eq!(careful["response"], first["response"]);
    }

    #[test]
    fn the_last_visit_is_remembered_and_all_are_counted() {
        let cache = Cache::default();
        for _ in 0..40 {
            cache.careless("localhost").expect("a client");
        }
        cache.careful("localhost").expect("a client");
        let json = cache.to_json();
        assert_eq!((&json["came"], &json["last"]["who"]), (&json!(41), &json!("handfast")));
    }
}
