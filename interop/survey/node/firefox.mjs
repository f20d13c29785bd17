// Plays every wrong server of `handfast serve` in Firefox, for `cargo xtask record`: node firefox.mjs FIREFOX PAGE-URL
// Firefox is told what to do by WebDriver BiDi. Prints a line of JSON for each server: what the server saw, what the script was
// told, and what the console said.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import WebSocket from "ws";

const [executable, address] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "handfast-firefox-"));
// It asks nobody but the page.
writeFileSync(
  join(profile, "user.js"),
  `user_pref("app.update.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
`,
);
const firefox = spawn(executable, ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank"], {
  stdio: ["ignore", "ignore", "pipe"],
});
const gone = new Promise((done) => firefox.on("exit", done));

/** Where Firefox listens for commands, from what it prints. */
const listening = new Promise((done, fail) => {
  let text = "";
  firefox.stderr.on("data", (data) => {
    text += data;
    const found = text.match(/WebDriver BiDi listening on (ws:\S+)/);
    if (found) done(found[1]);
  });
  firefox.on("exit", () => fail(new Error(`Firefox ended: ${text}`)));
  setTimeout(() => fail(new Error(`Firefox is not ready: ${text}`)), 60000);
});
const bidi = new WebSocket(`${await listening}/session`);
await new Promise((done, fail) => bidi.on("open", done).on("error", fail));

const waiting = new Map();
/** What the console said, in order. */
let said = [];
bidi.on("message", (data) => {
  const message = JSON.parse(data);
  if (message.method === "log.entryAdded") said.push(message.params.text ?? "");
  const { done, fail } = waiting.get(message.id) ?? {};
  waiting.delete(message.id);
  if (message.type === "error") fail?.(new Error(`${message.error}: ${message.message}`));
  else done?.(message.result);
});
let last = 0;
const command = (method, params) =>
  new Promise((done, fail) => {
    last += 1;
    waiting.set(last, { done, fail });
    bidi.send(JSON.stringify({ id: last, method, params }));
  });

await command("session.new", { capabilities: {} });
await command("session.subscribe", { events: ["log.entryAdded"] });
const { contexts } = await command("browsingContext.getTree", {});
const context = contexts[0].context;
await command("browsingContext.navigate", { context, url: `${address}#wrong`, wait: "complete" });

/** What an expression of the page gives, as JSON. */
async function evaluate(expression) {
  const answer = await command("script.evaluate", { expression: `(async () => JSON.stringify(await (${expression})))()`, target: { context }, awaitPromise: true });
  if (answer.type !== "success") throw new Error(JSON.stringify(answer.exceptionDetails));
  return JSON.parse(answer.result.value);
}

for (const server of await evaluate(`fetch("/api/wrong").then((answer) => answer.json())`)) {
  said = [];
  const { told, seen } = await evaluate(`import("/play.js").then(({ play }) => play(${JSON.stringify(server)}))`);
  // Without the name under which this play was observed.
  const words = (said[0] ?? "").replace(/ws:\S*\?observe=[0-9a-f]+/, "ws://…");
  console.log(JSON.stringify({ path: server.path.replace("/wrong/", ""), said: words, code: told.code, seen }));
}
firefox.kill();
await gone;
rmSync(profile, { recursive: true, force: true });
process.exit(0);
