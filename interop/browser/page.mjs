// A real browser on the page of `handfast serve`: node page.mjs CHROMIUM PAGE-URL [SCREENSHOT-FOLDER]
// The stories of the panels are in panels.mjs; what is odd in them, in the other files.

import { createServer } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { address, echo, launch, open, run, want } from "./harness.mjs";
import { copies } from "./copies.mjs";
import { focus } from "./focus.mjs";
import { habits } from "./habits.mjs";
import { links } from "./links.mjs";
import { narrow } from "./narrow.mjs";
import { panels } from "./panels.mjs";
import { robust } from "./robust.mjs";

await launch();
const { page } = await open(address);

const socket = {
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
    const talk = (times) =>
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
    await talk(0);
    const before = { ...count };
    await talk(0);
    const empty = { up: count.up - before.up, down: count.down - before.down };
    const middle = { ...count };
    const result = await talk(5);
    const [up, down] = [count.up - middle.up - empty.up, count.down - middle.down - empty.down];
    await through.close();
    proxy.close();
    want(result.same && result.code === 1000, JSON.stringify(result));
    want(result.extensions.startsWith("permessage-deflate"), `agreed: ${JSON.stringify(result.extensions)}`);
    want(up < 12000 && down < 12000, `5 * 12000 bytes went out as ${up} and came back as ${down}`);
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

await run({ ...panels, ...narrow, ...copies, ...links, ...focus, ...habits, ...robust, ...socket });
