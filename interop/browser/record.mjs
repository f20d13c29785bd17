// Plays every wrong server of `handfast serve` in Chromium, for `cargo xtask record`: node record.mjs CHROMIUM PAGE-URL
// Prints a line of JSON for each: what the server saw, what the script was told, and what the console said.

import { browser, launch, panel } from "./harness.mjs";

await launch();
const { page } = await panel("#wrong");
/** What the console said, by the address that it is about. */
const heard = new Map();
page.on("console", (message) => {
  const [, url, words] = message.text().match(/^WebSocket connection to '([^']*)' failed: (.*)/s) ?? [];
  if (url && !heard.has(url)) heard.set(url, words.trim());
});
const servers = await page.evaluate(async () => (await fetch("/api/wrong")).json());
for (const server of servers) {
  const { told, seen, url } = await page.evaluate(async (server) => (await import("/play.js")).play(server), server);
  const said = heard.get(url) ?? "";
  console.log(JSON.stringify({ path: server.path.replace("/wrong/", ""), said, code: told.code, seen }));
}
await browser.close();
process.exit(0);
