// A real browser on the page of `handfast serve`: node page.mjs CHROMIUM PAGE-URL [SCREENSHOT-FOLDER]
// Prints `ok NAME` or `not ok NAME: WHY` for each check, and `1..N` at the end.

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { chromium } from "playwright-core";

const [executablePath, address, screenshots] = process.argv.slice(2);
const echo = address.replace(/^http/, "ws").replace(/\/?$/, "/echo");
const LIMIT = 20000;

const accept = (key) =>
  createHash("sha1")
    .update(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
    .digest("base64");

const browser = await chromium.launch({
  executablePath,
  headless: true,
  timeout: 60000,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

// A page that remembers all that goes wrong in it.
async function open(url) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
  const page = await context.newPage();
  const trouble = [];
  page.setDefaultTimeout(LIMIT);
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) trouble.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => trouble.push(`error: ${error.message}`));
  page.on("requestfailed", (request) => trouble.push(`failed: ${request.url()}`));
  page.on("response", (response) => {
    if (response.status() >= 400) trouble.push(`${response.status()}: ${response.url()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(new URL(url).origin)) trouble.push(`request to elsewhere: ${request.url()}`);
  });
  await context.addInitScript(() =>
    document.addEventListener("securitypolicyviolation", (event) =>
      console.error(`violation of ${event.violatedDirective} by ${event.blockedURI}`),
    ),
  );
  const answer = await page.goto(url);
  return { page, trouble, answer, close: () => context.close() };
}

const want = (condition, text) => {
  if (!condition) throw new Error(text);
};

const textOf = async (page, selector, fits) => {
  const locator = page.locator(selector);
  const deadline = Date.now() + LIMIT;
  let text = "";
  while (Date.now() < deadline) {
    text = await locator.evaluate((element) => element.value || element.textContent || "");
    if (fits(text)) return text;
    await page.waitForTimeout(20);
  }
  throw new Error(`${selector} shows ${JSON.stringify(text.slice(0, 300))}`);
};

// One page for the whole story, as a visitor has it.
const story = await open(address);
const { page } = story;

const checks = {
  async "page-is-served-with-a-strict-policy"() {
    want(story.answer.status() === 200, `status ${story.answer.status()}`);
    const policy = story.answer.headers()["content-security-policy"] ?? "";
    want(policy.includes("default-src") || policy.includes("script-src"), `the policy is ${JSON.stringify(policy)}`);
    want(!policy.includes("unsafe"), `the policy is ${JSON.stringify(policy)}`);
  },
  async "accept-is-computed"() {
    for (const key of ["dGhlIHNhbXBsZSBub25jZQ==", "x3JJHMbDL1EzLkh9GBhXDw=="]) {
      await page.fill("#key-input", key);
      await textOf(page, "#accept-output", (text) => text.includes(accept(key)));
    }
  },
  async "wrong-key-has-no-accept"() {
    await page.fill("#key-input", "dGhlIHNhbXBsZSBub25jZQ=");
    await textOf(page, "#accept-output", (text) => !/[A-Za-z0-9+/]{27}=/.test(text));
  },
  async "server-saw-this-browser"() {
    await page.click("#connect");
    const saw = await textOf(page, "#server-saw", (text) => text.includes("Sec-WebSocket-Key"));
    const agent = await page.evaluate(() => navigator.userAgent);
    want(saw.includes("GET /echo"), `no request line: ${saw}`);
    want(saw.includes(agent), `not the agent of this browser: ${saw}`);
    want(saw.includes(new URL(address).origin), `not the origin of this page: ${saw}`);
    const key = saw.match(/Sec-WebSocket-Key:\s*([A-Za-z0-9+/]{22}==)/)?.[1];
    want(key, `no key: ${saw}`);
    const all = await page.evaluate(() => document.body.innerText);
    want(all.includes(accept(key)), `the answer to ${key}, ${accept(key)}, is not shown`);
  },
  async "text-comes-back"() {
    for (const text of ["hello from a browser", "grüße 🤝 <b>&amp;"]) {
      const before = (await page.locator("#echo-log").textContent()).split(text).length - 1;
      await page.fill("#echo-input", text);
      await page.click("#echo-send");
      // Once as sent, once as received.
      await textOf(page, "#echo-log", (log) => log.split(text).length - 1 >= before + 2);
    }
  },
  async "1-mib-comes-back"() {
    const result = await page.evaluate(
      (url) =>
        new Promise((done) => {
          const socket = new WebSocket(url);
          socket.binaryType = "arraybuffer";
          const sent = new Uint8Array(1024 * 1024);
          for (let at = 0; at < sent.length; at += 65536) crypto.getRandomValues(sent.subarray(at, at + 65536));
          socket.onopen = () => socket.send(sent);
          socket.onmessage = ({ data }) => {
            const got = new Uint8Array(data);
            const same = got.length === sent.length && got.every((byte, at) => byte === sent[at]);
            socket.onclose = ({ code, wasClean }) => done({ same, length: got.length, code, wasClean });
            socket.close(1000, "done");
          };
          socket.onclose = ({ code }) => done({ same: false, code });
        }),
      echo,
    );
    want(result.same && result.code === 1000 && result.wasClean, JSON.stringify(result));
  },
  async "messages-are-compressed-on-the-wire"() {
    // A proxy that only counts: the browser says what was agreed, not what crosses the wire.
    const count = { up: 0, down: 0 };
    const { hostname, port } = new URL(address);
    const proxy = createTcpServer((near) => {
      const far = connect(Number(port), hostname);
      near.on("data", (data) => (count.up += data.length)).pipe(far);
      far.on("data", (data) => (count.down += data.length)).pipe(near);
      for (const socket of [near, far]) socket.on("error", () => near.destroy() && far.destroy());
    });
    await new Promise((done) => proxy.listen(0, "127.0.0.1", done));
    const through = await open(`http://127.0.0.1:${proxy.address().port}/`);
    const run = (times) =>
      through.page.evaluate(
        (times) =>
          new Promise((done) => {
            const socket = new WebSocket(`ws://${location.host}/echo`);
            const text = "compress me ".repeat(1000);
            let same = true;
            let left = times;
            const step = () => (left-- > 0 ? socket.send(text) : socket.close(1000));
            socket.onopen = step;
            socket.onmessage = ({ data }) => {
              same &&= data === text;
              step();
            };
            socket.onclose = ({ code }) => done({ same, code, extensions: socket.extensions });
          }),
        times,
      );
    // Once without a message, so that the handshake can be taken off.
    await run(0);
    const before = { ...count };
    await run(0);
    const empty = { up: count.up - before.up, down: count.down - before.down };
    const middle = { ...count };
    const result = await run(5);
    const [up, down] = [count.up - middle.up - empty.up, count.down - middle.down - empty.down];
    await through.close();
    proxy.close();
    want(result.same && result.code === 1000, JSON.stringify(result));
    want(result.extensions.startsWith("permessage-deflate"), `agreed: ${JSON.stringify(result.extensions)}`);
    want(up < 12000 && down < 12000, `5 * 12000 bytes went out as ${up} and came back as ${down}`);
  },
  async "no-error-in-the-console"() {
    if (screenshots) await page.screenshot({ path: `${screenshots}/page.png`, fullPage: true });
    want(story.trouble.length === 0, story.trouble.join("; "));
  },
  async "page-of-another-origin-is-refused"() {
    const elsewhere = createServer((request, response) => {
      response.writeHead(200, { "Content-Type": "text/html" });
      response.end("<!doctype html><title>elsewhere</title><link rel=icon href=data:,>");
    });
    await new Promise((done) => elsewhere.listen(0, "127.0.0.1", done));
    const other = await open(`http://127.0.0.1:${elsewhere.address().port}/`);
    const events = await other.page.evaluate(
      (url) =>
        new Promise((done) => {
          const events = [];
          const socket = new WebSocket(url);
          for (const name of ["open", "error"]) socket.addEventListener(name, () => events.push(name));
          socket.addEventListener("close", ({ code }) => done([...events, code]));
          socket.addEventListener("open", () => socket.close());
        }),
      echo,
    );
    want(JSON.stringify(events) === '["error",1006]', `came: ${JSON.stringify(events)}`);
    want(other.trouble.some((line) => line.includes("403")), `no 403 in: ${other.trouble.join("; ")}`);
    await other.close();
    elsewhere.close();
  },
};

for (const [name, check] of Object.entries(checks)) {
  let timer;
  const limit = new Promise((_, fail) => (timer = setTimeout(fail, 2 * LIMIT, new Error("took too long"))));
  try {
    await Promise.race([check(), limit]);
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(`not ok ${name}: ${error.message}`);
  }
  clearTimeout(timer);
}
console.log(`1..${Object.keys(checks).length}`);
await browser.close();
process.exit(0);
