//! The page at `/`: how its files and its JSON are answered.

use super::site::Site;
use super::{api, assets};
use handfast::HttpResponse;
use handfast_proto::error::RequestFault;
use serde_json::Value;

/// A request for a page: what the answers depend on.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest<'a> {
    /// The path, percent-encoded.
    pub path: &'a str,
    /// The query without its question mark.
    pub query: Option<&'a str>,
    /// Host and port that were asked for.
    pub authority: Option<&'a str>,
    /// Whether it came encrypted.
    pub is_tls: bool,
}

/// The answer to everything that is no WebSocket. `head` is the request as it came.
pub fn respond(request: PageRequest<'_>, head: &[u8], site: &Site) -> HttpResponse {
    if let Some((kind, content)) = assets::find(request.path) {
        return file(request, kind, content.to_vec());
    }
    match api::answer(request, head, site) {
        Some(answer) => json(request, answer),
        // rule: server/target-unavailable
        None => {
            let text = "There is nothing here. The page is at /, the WebSocket at /echo.\n";
            finish(HttpResponse::text(404, text), &[])
        }
    }
}

/// JSON, or why there is none.
pub fn json(request: PageRequest<'_>, answer: Result<Value, HttpResponse>) -> HttpResponse {
    match answer {
        Ok(json) => file(request, "application/json", json.to_string().into_bytes()),
        Err(response) => finish(response, &[]),
    }
}

/// The counters at `/metrics`.
pub fn metrics(request: PageRequest<'_>, text: String) -> HttpResponse {
    file(request, "text/plain; version=0.0.4; charset=utf-8", text.into_bytes())
}

fn file(request: PageRequest<'_>, kind: &str, content: Vec<u8>) -> HttpResponse {
    let policy = content_security_policy(request.authority);
    let mut fields = vec![("Content-Type", kind)];
    if kind == HTML {
        fields.push(("Content-Security-Policy", policy.as_str()));
    }
    finish(HttpResponse::new(200).body(content), &fields)
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

/// The answer to a handshake where there is no WebSocket.
pub fn no_websocket() -> HttpResponse {
    finish(HttpResponse::text(404, "No WebSocket is served here; the echo is at /echo.\n"), &[])
}

/// The answer to a method that reads nothing.
pub fn refuse_method() -> HttpResponse {
    let response = HttpResponse::text(405, "This is a page: it answers GET and HEAD.\n");
    finish(response, &[("Allow", "GET, HEAD")])
}

/// The answer to a page of another site that asks for the JSON of this one.
pub fn refuse_site() -> HttpResponse {
    finish(HttpResponse::text(403, "Only the page of this server may ask for this.\n"), &[])
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

/// The media type of the page itself.
pub const HTML: &str = "text/html; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_cannot_add_to_the_content_security_policy() {
        assert!(
            content_security_policy(Some("localhost:8080"))
                .contains("'self' ws://localhost:8080 wss://localhost:8080;")
        );
        assert!(!content_security_policy(Some("a;script-src")).contains("a;"));
    }
}
