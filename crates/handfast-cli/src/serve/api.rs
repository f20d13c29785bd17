//! The JSON that the page asks for. It computes nothing of its own: keys, requests, frames, rules and messages go to the code
//! that serves, checks and explains elsewhere.

use super::page::PageRequest;
use super::site::Site;
use super::{frames, parse, query, record, words, wrong};
use crate::{escape, key};
use handfast::HttpResponse;
use handfast_proto::handshake::{Accept, Key};
use handfast_proto::rules::{Rule, WORDS};
use serde_json::{Value, json};
use std::time::Instant;

/// What stands at the path; none if nothing does.
pub fn answer(request: PageRequest<'_>, head: &[u8], site: &Site) -> Option<Result<Value, HttpResponse>> {
    let query = request.query;
    let answer = match request.path {
        "/api/accept" => accept(query),
        "/api/cache" => cache(request, site),
        "/api/frames" => query::hex(query, "bytes").map(|bytes| frames::judge(&bytes)).ok_or_else(no_bytes),
        "/api/head" => Ok(json!({ "lines": record::lines(head), "bytes": head.len() })),
        "/api/key" => key_steps(query),
        "/api/malformed" => Ok(frames::Malformed::list()),
        "/api/observed" => observed(query, site),
        "/api/parse" => match query::hex(query, "bytes") {
            Some(bytes) => Ok(parse::judge(&bytes, &site.policy_over(request.is_tls), &site.answer())),
            None => Err(no_bytes()),
        },
        // Null until the play has ended.
        "/api/played" => Ok(json!(query::name(query, "id").and_then(|id| site.played(Instant::now(), id)))),
        "/api/rules" => Ok(json!({
            "rules": Rule::all().map(words::rule).collect::<Vec<_>>(),
            "words": WORDS.map(|(word, meaning)| json!({ "word": word, "meaning": meaning })),
        })),
        "/api/why" => Ok(why(&query::text(query, "text").unwrap_or_default())),
        "/api/wrong" => Ok(wrong::list()),
        _ => return None,
    };
    Some(answer)
}

fn no_bytes() -> HttpResponse {
    HttpResponse::text(400, "The parameter bytes is missing, or it is no hexadecimal digits.\n")
}

/// `/api/key?key=TEXT`: the steps from the key to its accept value, or the rules that it breaks; without a key, those
/// of a new one.
fn key_steps(query: Option<&str>) -> Result<Value, HttpResponse> {
    let Some(value) = query::value(query, "key") else {
        let key =
            key::fresh().map_err(|failure| HttpResponse::text(500, format!("{}\n", failure.message)))?;
        return Ok(steps(&key));
    };
    Ok(match key::parse(&value) {
        Ok(key) => steps(&key),
        Err(faults) => json!({
            "key": escape::bytes(&value),
            "faults": faults.iter().map(words::request_fault).collect::<Vec<_>>(),
        }),
    })
}

fn steps(key: &Key) -> Value {
    let steps = Accept::steps(key);
    json!({
        "key": key.as_str(),
        "canonical": key.is_canonical(),
        "nonce": escape::hex(&key.nonce()),
        "guid": steps.guid,
        "text": steps.text,
        "digest": escape::hex(&steps.digest),
        "accept": steps.accept.as_str(),
        "faults": [],
    })
}

/// `/api/accept?key=TEXT&accept=TEXT`: whether they belong together, or which mistake made the value.
fn accept(query: Option<&str>) -> Result<Value, HttpResponse> {
    let (key, accept) = (query::value(query, "key").unwrap_or_default(), query::text(query, "accept"));
    let accept = accept.unwrap_or_default().trim_matches([' ', '\t']).to_owned();
    let Ok(key) = key::parse(&key) else {
        return Err(HttpResponse::text(400, "The key is not valid: nothing can belong to it.\n"));
    };
    let right = Accept::derive(&key).as_str() == accept;
    Ok(json!({ "right": right, "mistake": handfast_check::explain_accept(key.as_str(), &accept, &[]) }))
}

/// `/api/observed?id=NAME`: the handshake that went to `/echo?observe=NAME`, and the frames behind it.
fn observed(query: Option<&str>, site: &Site) -> Result<Value, HttpResponse> {
    match query::name(query, "id").and_then(|id| site.observed(Instant::now(), id)) {
        Some(log) => Ok(log.to_json()),
        None => Err(HttpResponse::text(404, "No handshake of this name is remembered.\n")),
    }
}

/// `/api/cache?id=NAME&client=WHO`: sends a client to this cache, `careless` or `handfast`; without one, what the cache holds.
fn cache(request: PageRequest<'_>, site: &Site) -> Result<Value, HttpResponse> {
    let bad = |text: &str| HttpResponse::text(400, format!("{text}\n"));
    let id =
        query::name(request.query, "id").ok_or_else(|| bad("The parameter id is missing or too short."))?;
    let cache = site.cache(Instant::now(), id);
    let authority = request.authority.unwrap_or("localhost");
    let visited = match query::text(request.query, "client").as_deref() {
        None => return Ok(cache.to_json()),
        Some("careless") => cache.careless(authority),
        Some("handfast") => cache.careful(authority),
        Some(_) => return Err(bad("There are two clients: careless and handfast.")),
    };
    visited.map_err(|why| HttpResponse::text(500, format!("{why}\n")))
}

/// `/api/why?text=MESSAGE`: the situations that the message points to.
fn why(text: &str) -> Value {
    let situations = handfast_check::why(text).into_iter().map(|situation| {
        let causes = situation
            .causes
            .iter()
            .map(|cause| json!({ "cause": cause.cause, "probe": cause.probe, "fix": cause.fix }))
            .collect::<Vec<_>>();
        json!({ "id": situation.id, "title": situation.title, "rules": rules(&situation.rules), "causes": causes })
    });
    situations.collect()
}

/// The ids that these selections stand for.
fn rules(selections: &[String]) -> Vec<&'static str> {
    let ids = Rule::all().map(|rule| rule.id);
    ids.filter(|id| selections.iter().any(|entry| handfast_check::selects(entry, id))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rfcs_sample_is_computed_in_steps() {
        let json =
            key_steps(Some("key=dGhlIHNhbXBsZSBub25jZQ%3D%3D")).expect("a key that needs no random bytes");
        assert_eq!(json["accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(json["digest"], "b37a4f2cc0624f1690f64606cf385945b2bec4ea");
        assert_eq!(json["faults"], json!([]));
    }

    #[test]
    fn a_wrong_key_is_answered_with_every_rule_that_it_breaks() {
        let json = key_steps(Some("key=abc_")).expect("a key that needs no random bytes");
        let rules: Vec<_> =
            json["faults"].as_array().into_iter().flatten().map(|fault| fault["rule"].clone()).collect();
        assert_eq!(rules, ["server/key-url-safe", "server/key-length"]);
        assert_eq!(json.get("accept"), None);
    }

    #[test]
    fn an_accept_value_is_told_right_or_by_its_mistake() {
        let key = "key=AQIDBAUGBwgJCgsMDQ4PEA%3D%3D";
        let told = |accept: &str| accept_of(key, accept);
        assert_eq!(told("C/0nmHhBztSRGR1CwL6Tf4ZjwpY%3D"), json!({ "right": true, "mistake": null }));
        let mistake = told("C/0nmHhBztSRGR1CwL6Tf4ZjwpY");
        assert!(mistake["mistake"].as_str().is_some_and(|words| words.contains("padding")), "{mistake}");
        assert_eq!(accept(Some("key=abc&accept=x")).map_err(|response| response.status()), Err(400));
    }

    fn accept_of(key: &str, value: &str) -> Value {
        accept(Some(&format!("{key}&accept={value}"))).unwrap_or_default()
    }

    #[test]
    fn a_message_leads_to_its_situations_with_rules_and_fixes() {
        let found = why("Error during WebSocket handshake: 'Upgrade' header is missing");
        assert_eq!(found[0]["id"], "upgrade-missing");
        assert!(found[0]["rules"].as_array().is_some_and(|rules| !rules.is_empty()));
        assert!(found[0]["causes"][0]["fix"].is_string());
        assert_eq!(why("the cat sat on the mat"), json!([]));
    }
}
