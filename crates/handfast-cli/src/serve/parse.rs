//! A request of the visitor's making, given to the parser and the validator that judge real ones.

use super::{places, site, words};
use crate::escape;
use handfast::Answer;
use handfast_proto::handshake::{HttpResponse, Offer, Policy, Progress, Refusal, Request, RequestReader};
use serde_json::{Value, json};

/// What a server with this policy and answer does with these bytes: the bytes of its answer, and why. Every path is judged as one
/// of a WebSocket; what stands there on this server is told beside it, once the head could be read.
pub fn judge(bytes: &[u8], policy: &Policy, answer: &Answer) -> Value {
    let mut reader = RequestReader::new();
    let (request, used) = match reader.read(bytes, policy) {
        Ok(Progress::Complete { value, used }) => (value, used),
        Ok(Progress::Partial) => {
            let mut verdict = refused(&reader.timed_out(), bytes);
            verdict["outcome"] = "waits".into();
            verdict["waits"] = policy.limits.handshake_timeout.as_secs().into();
            return verdict;
        }
        Err(refusal) => return refused(&refusal, bytes),
    };
    let (path, what) = (request.path().to_owned(), site::what_stands_at(request.path()));
    let mut verdict = judge_request(request, bytes, policy, answer);
    // What stands behind the head is already the first frame.
    verdict["behind"] = escape::hex(&bytes[used..]).into();
    (verdict["path"], verdict["what"]) = (path.into(), what.into());
    verdict
}

fn judge_request(request: Request, bytes: &[u8], policy: &Policy, answer: &Answer) -> Value {
    let offer = match request.into_offer(policy) {
        Ok(offer) => offer,
        Err(refusal) => return refused(&refusal, bytes),
    };
    match offer.accept(answer) {
        Ok((accepted, response)) => {
            let mut verdict = answered("accepted", 101, &response);
            verdict["offer"] = learnt(&offer);
            verdict["subprotocol"] = accepted.subprotocol().into();
            verdict
        }
        Err(misuse) => {
            let text = format!("The handshake cannot be completed: {misuse}.\n");
            answered("refused", 400, &HttpResponse::text(400, text).to_bytes(false))
        }
    }
}

fn refused(refusal: &Refusal, bytes: &[u8]) -> Value {
    let mut verdict = answered("refused", refusal.status(), &refusal.to_bytes());
    let told = refusal.faults().iter().map(|fault| {
        let places = places::of(fault, bytes).into_iter().map(|place| [place.start, place.end]);
        let mut told = words::request_fault(fault);
        told["places"] = places.collect::<Vec<_>>().into();
        told
    });
    verdict["faults"] = told.collect();
    verdict
}

fn answered(outcome: &str, status: u16, response: &[u8]) -> Value {
    json!({ "outcome": outcome, "status": status, "response": escape::hex(response), "faults": [] })
}

fn learnt(offer: &Offer) -> Value {
    let request = offer.request();
    json!({
        "path": request.path(),
        "authority": request.authority(),
        "origin": offer.origin(),
        "key": offer.key().map(|key| key.as_str().to_owned()),
        "subprotocols": offer.subprotocols().collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

    fn judged(request: &str) -> Value {
        judge(request.as_bytes(), &Policy::default(), &Answer::new())
    }

    #[test]
    fn a_right_request_gets_the_101_and_what_was_learnt() {
        let verdict = judged(GOOD);
        assert_eq!((&verdict["outcome"], &verdict["status"]), (&json!("accepted"), &json!(101)));
        assert_eq!(verdict["offer"]["key"], "dGhlIHNhbXBsZSBub25jZQ==");
        let accept = escape::hex(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(verdict["response"].as_str().is_some_and(|response| response.contains(&accept)));
    }

    #[test]
    fn every_fault_is_told_with_its_rule_source_and_fix() {
        let verdict = judged(&GOOD.replace("13", "8").replace("Connection: Upgrade\r\n", ""));
        let faults = verdict["faults"].as_array().expect("a list");
        let rules: Vec<_> = faults.iter().filter_map(|fault| fault["rule"].as_str()).collect();
        assert!(rules.contains(&"server/version-draft") && rules.len() == 2, "{rules:?}");
        assert!(faults.iter().all(|fault| !fault["fix"].as_str().unwrap_or_default().is_empty()));
        assert_eq!(verdict["outcome"], "refused");
    }

    #[test]
    fn what_stands_at_the_path_is_told_beside_the_verdict() {
        for (path, what) in [
            ("/echo", "echo"),
            ("/chat", "page"),
            ("/", "page"),
            ("/wrong/correct", "wrong"),
            ("/cache", "wrong"),
        ] {
            let verdict = judged(&GOOD.replace("/echo", &format!("{path}?a=b")));
            assert_eq!((&verdict["path"], &verdict["what"]), (&json!(path), &json!(what)));
            assert_eq!(verdict["outcome"], "accepted");
            let refused = judged(&GOOD.replace("/echo", path).replace("13", "8"));
            assert_eq!((&refused["what"], &refused["outcome"]), (&json!(what), &json!("refused")));
        }
        // Refused before anybody looks at its path.
        assert_eq!(judged(&GOOD.replace("/echo", "/chat").replace("Host:", "Host :")).get("what"), None);
    }

    #[test]
    fn a_head_without_an_end_is_waited_for_and_then_answered_with_408() {
        let verdict = judged(GOOD.trim_end());
        assert_eq!((&verdict["outcome"], &verdict["status"]), (&json!("waits"), &json!(408)));
        assert_eq!(verdict["waits"], 10);
    }
}
