//! The page that runs every case in a browser.

use std::sync::Arc;

use super::run::Slot;

/// The answer to a request for something that is no case.
pub(crate) fn answer(target: &str, slots: &[Arc<Slot>]) -> Vec<u8> {
    let (status, kind, body) = match target.split('?').next().unwrap_or_default() {
        "/" => ("200 OK", "text/html; charset=utf-8", index(slots)),
        "/done" => {
            ("200 OK", "text/plain; charset=utf-8", "The report is ready in the terminal.\n".to_owned())
        }
        _ => (
            "404 Not Found",
            "text/plain; charset=utf-8",
            "No case lives here. Open / for all of them.\n".to_owned(),
        ),
    };
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn index(slots: &[Arc<Slot>]) -> String {
    let paths: Vec<&str> = slots.iter().map(|slot| slot.path.as_str()).collect();
    let paths = serde_json::to_string(&paths).expect("strings become JSON");
    PAGE.replace("PATHS", &paths)
}

const PAGE: &str = r#"<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>handfast check-client</title>
<style>body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}td{padding:.1rem .8rem .1rem 0}
:root{color-scheme:light dark}code{font-size:.9em;overflow-wrap:anywhere}</style>
<h1>Your browser against the wrong server</h1>
<p>Each line is one handshake. The judge watches the wire; the verdicts are in the terminal when all have run.</p>
<p id="state" role="status">Starting.</p><table><tbody id="rows"></tbody></table>
<script>
const paths = PATHS;
const one = path => new Promise(done => {
  let said = "closed";
  const socket = new WebSocket("ws://" + location.host + path);
  const end = text => { said = text; };
  // The server closes when it has seen enough; leaving earlier would hide what comes late.
  socket.onopen = () => { end("opened"); setTimeout(() => socket.close(), 4000); };
  socket.onerror = () => { if (said === "closed") end("failed"); };
  socket.onclose = () => done(said);
  setTimeout(() => { socket.close(); done(said === "closed" ? "no answer" : said); }, 15000);
});
(async () => {
  const rows = document.getElementById("rows"), state = document.getElementById("state");
  for (let at = 0; at < paths.length; at++) {
    state.textContent = (at + 1) + " of " + paths.length;
    const row = rows.insertRow();
    row.insertCell().innerHTML = "<code></code>";
    row.cells[0].firstChild.textContent = paths[at].split("/a%20b")[0];
    row.insertCell().textContent = await one(paths[at]);
  }
  state.textContent = "Done: the report is in the terminal.";
  fetch("/done");
})();
</script></html>
"#;
