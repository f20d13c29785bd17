// A real browser that opens WebSockets over HTTP/2 (RFC 8441): node http2.mjs CHROMIUM PAGE-URL FOLDER
// Chromium takes HTTP/2 for a WebSocket only on a connection that it has already and whose SETTINGS allow the extended
// CONNECT, so the page is loaded first. That it did is read from Chromium's own log of the network, which goes to the folder.

import { readFileSync } from "node:fs";
import { address, browser, launch, open, out, run, want } from "./harness.mjs";

const netLog = `${out}/net-log.json`;
await launch(`--log-net-log=${netLog}`, "--net-log-capture-mode=Everything");
// The certificate is made for this run, and nobody vouches for it.
const { page } = await open(address, { ignoreHTTPSErrors: true });

// A WebSocket's life in the page: what is given is sent, and what came back is compared.
const talk = (path, size, protocols = []) =>
  page.evaluate(
    ([path, size, protocols]) =>
      new Promise((done) => {
        const socket = new WebSocket(`wss://${location.host}${path}`, protocols);
        socket.binaryType = "arraybuffer";
        const sent = new Uint8Array(size);
        for (let at = 0; at < size; at += 65536) crypto.getRandomValues(sent.subarray(at, at + 65536));
        const result = { opened: false, same: false };
        socket.onopen = () => {
          result.opened = true;
          result.protocol = socket.protocol;
          if (size > 0) socket.send(sent);
        };
        socket.onmessage = ({ data }) => {
          const got = new Uint8Array(data);
          result.same = got.length === size && got.every((byte, at) => byte === sent[at]);
          socket.close(1000, "done");
        };
        socket.onclose = ({ code, reason, wasClean }) => done({ ...result, code, reason, wasClean });
      }),
    [path, size, protocols],
  );

// The events of the log, each with the name of its type.
const events = () => {
  const { constants, events } = JSON.parse(readFileSync(netLog, "utf8"));
  const names = Object.fromEntries(Object.entries(constants.logEventTypes).map(([name, number]) => [number, name]));
  return events.map((event) => ({ ...event, name: names[event.type] }));
};

const checks = {
  async "page-comes-over-http-2"() {
    const protocol = await page.evaluate(() => performance.getEntriesByType("navigation")[0].nextHopProtocol);
    want(protocol === "h2", `it came over ${protocol}`);
  },
  async "1-mib-comes-back"() {
    const result = await talk("/echo", 1024 * 1024);
    want(result.same && result.code === 1000 && result.wasClean, JSON.stringify(result));
  },
  async "ten-at-once"() {
    const results = await Promise.all(Array.from({ length: 10 }, () => talk("/echo", 10000)));
    want(results.every(({ same, code }) => same && code === 1000), JSON.stringify(results));
  },
  async "unknown-path-is-refused"() {
    const result = await talk("/no-such-path", 0);
    want(!result.opened && result.code === 1006, JSON.stringify(result));
  },
  async "the-log-shows-extended-connects-and-nothing-else"() {
    // The log is complete when the browser has ended.
    await browser.close();
    const all = events();
    const headers = (event) => event.params?.headers ?? [];
    const asked = all.filter(
      (event) => event.name === "HTTP2_SESSION_SEND_HEADERS" && headers(event).includes(":protocol: websocket"),
    );
    want(asked.length === 12, `12 extended CONNECTs were wanted, the log has ${asked.length}`);
    for (const event of asked) want(headers(event).includes(":method: CONNECT"), JSON.stringify(headers(event)));
    const session = asked[0].source.id;
    want(asked.every((event) => event.source.id === session), "they went over several connections");
    const of = (name) => all.filter((event) => event.source.id === session && event.name === name);
    const opened = asked.filter((event) =>
      of("HTTP2_SESSION_RECV_HEADERS").some(
        (answer) => answer.params.stream_id === event.params.stream_id && headers(answer).includes(":status: 200"),
      ),
    );
    want(opened.length === 11, `11 answers with 200 were wanted, the log has ${opened.length}`);
    const setting = of("HTTP2_SESSION_RECV_SETTING").map((event) => `${event.params.id} ${event.params.value}`);
    want(setting.some((text) => /^8 .*\b1$/.test(text)), `the extended CONNECT was not announced: ${setting.join("; ")}`);
    const old = all.filter((event) => JSON.stringify(event.params ?? {}).toLowerCase().includes("upgrade: websocket"));
    want(old.length === 0, `an upgrade of HTTP/1.1 was tried too: ${JSON.stringify(old[0])}`);
    console.log(`# streams ${opened.map((event) => event.params.stream_id).join(", ")} of one connection`);
  },
};

await run(checks);
