//! The checker's probe of one rule, run against this very server.

use super::limits::PROBE_TIMEOUT;
use handfast::HttpResponse;
use handfast_proto::rules::Rule;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::sync::Semaphore;

/// One at a time, in all threads.
static TURN: Semaphore = Semaphore::const_new(1);

/// What the checker finds of this rule, when it is pointed at the echo on `own`: the address that the visitor's request came to.
/// It is the only connection that the server ever makes, and it leads to itself.
pub async fn run(rule: &'static Rule, own: SocketAddr, is_tls: bool) -> Result<Value, HttpResponse> {
    let failed = |status, text: String| HttpResponse::text(status, format!("{text}\n"));
    let Ok(_turn) = TURN.try_acquire() else {
        return Err(failed(503, "Another probe is running: try again when it is done.".to_owned()));
    };
    let scheme = if is_tls { "wss" } else { "ws" };
    let check = handfast_check::server(format!("{scheme}://localhost:{}/echo", own.port()))
        .resolve(own)
        .insecure()
        .only(rule.id)
        .subprotocol("echo")
        .subprotocol("chat")
        .timeout(PROBE_TIMEOUT)
        .parallel(4);
    let report = check.run().await.map_err(|error| failed(500, error.to_string()))?;
    match report.results.iter().find(|result| result.id == rule.id) {
        Some(result) => Ok(json!(result)),
        None => Err(failed(404, "The checker has no probe for this rule over HTTP/1.1.".to_owned())),
    }
}
