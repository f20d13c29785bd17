// The playground where it comes over HTTP/2: node page-http2.mjs CHROMIUM PAGE-URL
// There a WebSocket has no key, no 101 and no bytes of its own, and the panels say so.

import { launch, panel, run, textOf, want, wantQuiet } from "./harness.mjs";

await launch();
// The certificate is made for this run, and nobody vouches for it.
const tls = { ignoreHTTPSErrors: true };
/** What Chromium prints for a WebSocket that the server refuses. */
const REFUSED = /WebSocket connection to 'wss:\/\/[^']*' failed|^40\d: /;

await run({
  async "first-view-comes-over-http-2-and-computes"() {
    const { page, trouble, close } = await panel("#compute", tls);
    const protocol = await page.evaluate(() => performance.getEntriesByType("navigation")[0].nextHopProtocol);
    want(protocol === "h2", `it came over ${protocol}`);
    await textOf(page, "#accept-output", (text) => text === "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    await textOf(page, "#echo-address", (text) => text.startsWith("wss://"));
    wantQuiet({ trouble });
    await close();
  },
  async "handshake-of-a-stream-is-shown-without-a-key"() {
    const { page, trouble, close } = await panel("#live", tls);
    await page.fill("#live-protocols", "unknown, chat");
    await page.click("#connect");
    const saw = await textOf(page, "#server-saw", (text) => text.includes(":protocol: websocket"));
    want(saw.includes(":method: CONNECT") && !/sec-websocket-key/i.test(saw), saw);
    const sent = await page.textContent("#server-sent");
    want(sent.includes(":status: 200") && sent.includes("sec-websocket-protocol: chat") && !/accept/i.test(sent), sent);
    await textOf(page, "#live-streams", (text) => text.includes("RFC 8441"));
    want((await page.$$("#server-key")).length === 0, "a key is shown");
    want((await page.$$("#observed figure button")).length === 0, "fields of HTTP/2 are shown byte by byte");
    await textOf(page, "#both-views", (text) => text.includes("permessage-deflate"));
    await page.fill("#echo-input", "over a stream");
    await page.click("#echo-send");
    await textOf(page, "#echo-log", (text) => text.split("over a stream").length === 3);
    wantQuiet({ trouble });
    await close();
  },
  async "panels-about-bytes-say-that-they-need-http-1-1"() {
    for (const name of ["wrong", "cache", "frames"]) {
      const { page, trouble, close } = await panel(`#${name}`, tls);
      await textOf(page, `#panel-${name} .notice`, (text) => text.includes("HTTP/2") && text.includes("without a certificate"));
      wantQuiet({ trouble });
      await close();
    }
    const { page, trouble, close } = await panel("#wrong/correct", tls);
    await page.click("#wrong-play");
    await textOf(page, "#wrong-outcome", (text) => text.includes("failed"));
    wantQuiet({ trouble }, REFUSED);
    await close();
  },
  async "edited-request-and-probe-work-over-tls-too"() {
    const { page, trouble, close } = await panel("#edit", tls);
    await page.waitForSelector('#edit-outcome[data-outcome="accepted"]');
    await page.click('[data-way="no key"]');
    await page.waitForSelector('#edit-faults [data-rule="server/key-missing"]');
    await page.evaluate(() => (location.hash = "#rules/server/key-length"));
    await page.click('.rule-card[data-rule="server/key-length"][open] .probe');
    await page.waitForSelector('.rule-card[data-rule="server/key-length"] [data-verdict="pass"]');
    wantQuiet({ trouble });
    await close();
  },
});
