//! The page at `/`: its files, and the JSON that they ask for.

use super::observe::{self, Store};
use crate::{escape, key};
use handfast_proto::error::RequestFault;
use handfast_proto::handshake::{Accept, HttpResponse, Key};
use serde_json::{Value, json};
use std::time::Instant;

/// A request for a page: what the answers depend on.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest<'a> {
    /// The method as it was spelled.
    pub method: &'a str,
    /// The path, percent-encoded.
    pub path: &'a str,
    /// The query without its question mark.
    pub query: Option<&'a str>,
    /// Host and port that were asked for.
    pub authority: Option<&'a str>,
}

/// The answer to everything but `/echo`.
pub fn respond(request: PageRequest<'_>, store: &Store) -> HttpResponse {
    // rule: server/target-unavailable
    // rule: server/target-unavailable
    let Some(content) = content(request, store) else {
        return finish(
            HttpResponse::text(404, "There is nothing here. The page is at /, the WebSocket at /echo.\n"),
            &[],
        );
    };
    match (request.method, content) {
        ("GET" | "HEAD", Ok((kind, body))) => {
            let policy = content_security_policy(request.authority);
            let mut fields = vec![("Content-Type", kind)];
            if kind == HTML {
                fields.push(("Content-Security-Policy", policy.as_str()));
            }
            finish(HttpResponse::new(200).body(body), &fields)
        }
        ("GET" | "HEAD", Err(response)) => finish(response, &[]),
        _ => {
            let response = HttpResponse::text(405, "This is a page: it answers GET and HEAD.\n");
            finish(response, &[("Allow", "GET, HEAD")])
        }
    }
}

/// The counters at `/metrics`.
pub fn metrics(method: &str, text: String) -> HttpResponse {
    match method {
        "GET" | "HEAD" => {
            let response = HttpResponse::new(200).body(text);
            finish(response, &[("Content-Type", "text/plain; version=0.0.4; charset=utf-8")])
        }
        _ => {
            let response = HttpResponse::text(405, "This is a page: it answers GET and HEAD.\n");
            finish(response, &[("Allow", "GET, HEAD")])
        }
    }
}

type Content = (&'static str, Vec<u8>);

/// What stands at the path; `None` if nothing does.
fn content(request: PageRequest<'_>, store: &Store) -> Option<Result<Content, HttpResponse>> {
    let file = |kind, bytes: &[u8]| Some(Ok((kind, bytes.to_vec())));
    match request.path {
        "/" => file(HTML, include_bytes!("../../web/index.html")),
        "/page.css" => file("text/css; charset=utf-8", include_bytes!("../../web/page.css")),
        "/page.js" => file("text/javascript; charset=utf-8", include_bytes!("../../web/page.js")),
        "/icon.svg" => file("image/svg+xml", include_bytes!("../../web/icon.svg")),
        "/api/key" => Some(key_json(request.query).map(to_content)),
        "/api/observed" => Some(observed_json(request.query, store).map(to_content)),
        _ => None,
    }
}

fn to_content(json: Value) -> Content {
    ("application/json", json.to_string().into_bytes())
}

/// `/api/key?key=TEXT`: the steps from the key to its accept value, or the rules that it breaks; without a key, those
/// of a new one.
fn key_json(query: Option<&str>) -> Result<Value, HttpResponse> {
    let mut pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let Some((_, value)) = pairs.find(|(name, _)| *name == "key") else {
        let key =
            key::fresh().map_err(|failure| HttpResponse::text(500, format!("{}\n", failure.message)))?;
        return Ok(steps(&key));
    };
    let value = percent_decoded(value);
    Ok(match key::parse(&value) {
        Ok(key) => steps(&key),
        Err(faults) => {
            json!({ "key": escape::bytes(&value), "faults": faults.iter().map(fault).collect::<Vec<_>>() })
        }
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

fn fault(fault: &RequestFault) -> Value {
    let rule = fault.rule();
    json!({
        "rule": rule.id,
        "level": rule.level.as_str(),
        "source": rule.source,
        "title": rule.title,
        "text": fault.to_string(),
        "fix": fault.fix(),
    })
}

/// `/api/observed?id=NAME`: the handshake that went to `/echo?observe=NAME`.
fn observed_json(query: Option<&str>, store: &Store) -> Result<Value, HttpResponse> {
    match observe::id(query, "id").and_then(|id| store.get(Instant::now(), id)) {
        Some(observed) => Ok(observed.to_json()),
        None => Err(HttpResponse::text(404, "No handshake of this name was seen in the last minute.\n")),
    }
}

/// Undoes percent-encoding; what is no encoding stays as it is.
fn percent_decoded(text: &str) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut rest = text.as_bytes();
    let mut decoded = Vec::with_capacity(rest.len());
    while let [first, behind @ ..] = rest {
        match (first, digit(behind.first()), digit(behind.get(1))) {
            (b'%', Some(high), Some(low)) => {
                // Two hexadecimal digits are at most 255.
                decoded.push((high * 16 + low) as u8);
                rest = &behind[2..];
            }
            _ => {
                decoded.push(*first);
                rest = behind;
            }
        }
    }
    decoded
}

/// Nothing but the page's own files. `connect-src 'self'` means the WebSocket too, but not in every browser: it is named.
fn content_security_policy(authority: Option<&str>) -> String {
    // Host names have more characters by their grammar; a semicolon in one would end the directive.
    let is_plain =
        |text: &&str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte));
    let sockets = match authority.filter(is_plain) {
        Some(authority) => format!(" ws://{authority} wss://{authority}"),
        None => String::new(),
    };
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'{sockets}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// The answer to a request for a host name that this server does not answer to, or that has none.
pub fn refuse_host(fault: &RequestFault) -> HttpResponse {
    finish(HttpResponse::text(fault.status(), format!("{}\n  {fault}\n", fault.rule().id)), &[])
}

/// Adds `fields` and those that every answer has.
fn finish(response: HttpResponse, fields: &[(&str, &str)]) -> HttpResponse {
    let common = [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ];
    fields.iter().chain(&common).fold(response, |response, (name, value)| {
        response.field(name, value).expect("names and values are ours, and the authority in them is plain")
    })
}

const HTML: &str = "text/html; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_is_undone_once_and_half_an_encoding_is_kept() {
        assert_eq!(percent_decoded("a%2B%2f%3D=%25+%2"), b"a+/==%+%2");
        assert_eq!(percent_decoded("%ff%zz%"), b"\xff%zz%");
    }

    #[test]
    fn an_authority_cannot_add_to_the_content_security_policy() {
        assert!(
            content_security_policy(Some("localhost:8080"))
                .contains("'self' ws://localhost:8080 wss://localhost:8080;")
        );
        assert!(!content_security_policy(Some("a;script-src")).contains("a;"));
    }

    #[test]
    fn the_rfcs_sample_is_computed_in_steps() {
        let json =
            key_json(Some("key=dGhlIHNhbXBsZSBub25jZQ%3D%3D")).expect("a key that needs no random bytes");
        assert_eq!(json["accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(json["digest"], "b37a4f2cc0624f1690f64606cf385945b2bec4ea");
        assert_eq!(json["faults"], json!([]));
    }

    #[test]
    fn a_wrong_key_is_answered_with_every_rule_that_it_breaks() {
        let json = key_json(Some("key=abc_")).expect("a key that needs no random bytes");
        let rules: Vec<_> =
            json["faults"].as_array().into_iter().flatten().map(|fault| fault["rule"].clone()).collect();
        assert_eq!(rules, ["server/key-url-safe", "server/key-length"]);
        assert_eq!(json.get("accept"), None);
    }
}
