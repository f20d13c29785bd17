// Checks an echo server with the client of ws: node client.mjs ECHO-URL CHECK...
// With HTTP2=1 in the environment every WebSocket is a stream of one HTTP/2 connection of Node's own `http2`, opened by an
// extended CONNECT (RFC 8441), and ws speaks on that stream; wss://'s certificates come from NODE_EXTRA_CA_CERTS.
// Prints `ok NAME` or `not ok NAME: WHY` for each check, and `1..N` at the end.

import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import WebSocket from "ws";
import { connect, head, settings } from "./http2.mjs";

const [echo, ...names] = process.argv.slice(2);
const at = (path) => new URL(path, echo).href;
const session = process.env.HTTP2 ? connect(echo) : undefined;

// A WebSocket whose events are awaited in order; nothing that arrives early is lost.
class Peer {
  constructor(url, protocols = [], options = {}) {
    this.events = [];
    this.waiting = [];
    if (session) this.socket = overHttp2(url, protocols, options);
    else this.socket = new WebSocket(url, protocols, { perMessageDeflate: false, ...options });
    this.socket.on("open", () => this.push({ kind: "open" }));
    this.socket.on("message", (data, binary) => this.push({ kind: "message", binary, data: Buffer.from(data) }));
    this.socket.on("ping", (data) => this.push({ kind: "ping", data: data.toString() }));
    this.socket.on("pong", (data) => this.push({ kind: "pong", data: data.toString() }));
    this.socket.on("close", (code, reason) => this.push({ kind: "close", code, reason: reason.toString() }));
    this.socket.on("error", (error) => this.push({ kind: "error", text: error.message }));
    this.socket.on("unexpected-response", (request, response) => {
      let body = "";
      response.on("data", (part) => (body += part));
      response.on("end", () =>
        this.push({ kind: "refused", status: response.statusCode, headers: response.headers, body }),
      );
    });
  }

  push(event) {
    const next = this.waiting.shift();
    if (next) next(event);
    else this.events.push(event);
  }

  async next(kind) {
    const event = this.events.shift() ?? (await new Promise((done) => this.waiting.push(done)));
    if (event.kind !== kind) throw new Error(`${kind} was wanted, came: ${JSON.stringify(event).slice(0, 200)}`);
    return event;
  }

  async close(code, reason) {
    this.socket.close(code, reason);
    return await this.next("close");
  }
}

// A client of ws on a stream of the session. ws has no public way to this: its constructor without an address makes a server.
const overHttp2 = (url, protocols, { origin } = {}) => {
  const socket = new WebSocket(null, undefined, { autoPong: true, closeTimeout: 20000 });
  socket._isServer = false;
  settings(session).then(() => {
    const stream = session.request(head(url, protocols, origin));
    stream.on("error", (error) => socket.emit("error", error));
    stream.on("response", (headers) => {
      if (headers[":status"] === 200) {
        socket._protocol = headers["sec-websocket-protocol"] ?? "";
        socket.setSocket(stream, Buffer.alloc(0), { maxPayload: 0, skipUTF8Validation: false });
      } else socket.emit("unexpected-response", undefined, Object.assign(stream, { statusCode: headers[":status"], headers }));
    });
  });
  return socket;
};

const equal = (got, want, what) => {
  if (!isDeepStrictEqual(got, want)) {
    throw new Error(`${what}: ${JSON.stringify(want)} was wanted, came: ${JSON.stringify(got)}`);
  }
};

const open = async (url, protocols, options) => {
  const peer = new Peer(url, protocols, options);
  await peer.next("open");
  return peer;
};

const echoed = async (peer, data, binary) => {
  peer.socket.send(data, { binary });
  const message = await peer.next("message");
  equal(message.binary, binary, "kind");
  if (!message.data.equals(Buffer.from(data))) throw new Error(`other bytes came back (${message.data.length})`);
};

const checks = {
  async text() {
    const peer = await open(echo);
    for (const text of ["hello", "grüße 🤝", "x".repeat(125), "x".repeat(126), "x".repeat(65536)]) {
      await echoed(peer, text, false);
    }
    await peer.close(1000);
  },
  async binary() {
    const peer = await open(echo);
    for (const size of [1, 125, 126, 65535, 65536]) await echoed(peer, randomBytes(size), true);
    await peer.close(1000);
  },
  async empty() {
    const peer = await open(echo);
    await echoed(peer, "", false);
    await echoed(peer, "", true);
    await peer.close(1000);
  },
  async "1-mib"() {
    const peer = await open(echo);
    await echoed(peer, randomBytes(1024 * 1024), true);
    await echoed(peer, "ü".repeat(512 * 1024), false);
    await peer.close(1000);
  },
  async fragments() {
    const peer = await open(echo);
    peer.socket.send("one ", { fin: false });
    peer.socket.ping("between");
    peer.socket.send("", { fin: false });
    peer.socket.send("two", { fin: true });
    equal((await peer.next("pong")).data, "between", "pong");
    equal((await peer.next("message")).data.toString(), "one two", "message");
    await peer.close(1000);
  },
  async ping() {
    const peer = await open(echo);
    for (const data of ["", "hello", "x".repeat(125)]) {
      peer.socket.ping(data);
      equal((await peer.next("pong")).data, data, "pong");
    }
    await peer.close(1000);
  },
  async "close-codes"() {
    for (const [code, reason] of [[1000, ""], [1000, "done"], [1001, "away"], [3000, ""], [4999, "ü".repeat(61)]]) {
      const peer = await open(echo);
      equal((await peer.close(code, reason)).code, code, "close code");
    }
    const peer = await open(echo);
    equal((await peer.close()).code, 1005, "close without a code");
  },
  async "many-messages"() {
    const peer = await open(echo);
    const sent = Array.from({ length: 500 }, (_, number) => `message ${number}`);
    for (const text of sent) peer.socket.send(text);
    for (const text of sent) equal((await peer.next("message")).data.toString(), text, "message");
    await peer.close(1000);
  },
  async compression() {
    // The server may take the offer of permessage-deflate or leave it; the conversation works in both cases.
    const peer = await open(echo, [], { perMessageDeflate: true });
    await echoed(peer, "compress me ".repeat(1000), false);
    await peer.close(1000);
  },
  async compressed() {
    // The server must take the offer, and what crosses the wire must be smaller than the text. Each setting of ws.
    for (const offer of [true, { serverNoContextTakeover: true, clientNoContextTakeover: true }, { serverMaxWindowBits: 9 }]) {
      const perMessageDeflate = { threshold: 0, ...(offer === true ? {} : offer) };
      const peer = await open(echo, [], { perMessageDeflate });
      if (!peer.socket.extensions.startsWith("permessage-deflate")) throw new Error("the offer was not taken");
      const wire = peer.socket._socket;
      const [read, written] = [wire.bytesRead, wire.bytesWritten];
      const text = "compress me ".repeat(1000);
      for (let count = 0; count < 3; count++) await echoed(peer, text, false);
      const [got, put] = [wire.bytesRead - read, wire.bytesWritten - written];
      if (Math.max(got, put) > text.length / 4) {
        throw new Error(`3 * ${text.length} bytes went out as ${put} and came back as ${got}`);
      }
      await peer.close(1000);
    }
  },
  async subprotocol() {
    const peer = await open(at("/subprotocol"), ["chat.v1", "chat.v2"]);
    equal(peer.socket.protocol, "chat.v2", "subprotocol");
    await echoed(peer, "hello", false);
    await peer.close(1000);
  },
  async "server-closes"() {
    const peer = await open(at("/close"));
    equal((await peer.next("close")).code, 4001, "close code");
  },
  async "close-reason"() {
    const peer = await open(at("/close"));
    equal((await peer.next("close")).reason, "see you", "reason");
  },
  async "wrong-origin"() {
    const peer = new Peer(echo, [], { origin: "http://elsewhere.example" });
    equal((await peer.next("refused")).status, 403, "status");
  },
  async "unknown-path"() {
    const { status, body } = await new Peer(at("/no-such-path")).next("refused");
    equal(status, 404, "status");
    if (!body) throw new Error("the refusal has no body");
  },
  async "one-connection"() {
    // A hundred at once, on the connection that all other checks use as well.
    const peers = await Promise.all(Array.from({ length: 100 }, () => open(echo)));
    await Promise.all(peers.map((peer, number) => echoed(peer, `message ${number}`, false)));
    await Promise.all(peers.map((peer) => peer.close(1000)));
    if (session.destroyed || session.closed) throw new Error("the connection has ended");
  },
  async "reset"() {
    // A stream that is reset takes no other with it.
    const [lost, kept] = [await open(echo), await open(echo)];
    lost.socket._socket.close(8);
    equal((await lost.next("close")).code, 1006, "close code");
    await echoed(kept, "still here", false);
    await kept.close(1000);
  },
  async "all-faults"() {
    // Over HTTP/2 too a refusal names everything that is wrong.
    await settings(session);
    const { "sec-websocket-version": _, ...wrong } = head(echo, ["chat", "chat"]);
    const stream = session.request(wrong);
    const headers = await new Promise((done) => stream.on("response", done));
    let body = "";
    for await (const part of stream) body += part;
    equal(headers[":status"], 400, "status");
    for (const rule of ["server/version-missing", "server/subprotocol-offer-duplicate"]) {
      if (!body.includes(rule)) throw new Error(`${rule} is not named in: ${body}`);
    }
  },
  async refusal() {
    equal((await new Peer(at("/refuse")).next("refused")).status, 403, "status");
  },
  async "refusal-fields"() {
    const { headers, body } = await new Peer(at("/refuse")).next("refused");
    equal(headers["x-reason"], "interop", "field");
    equal(body.trim(), "not for you", "body");
  },
};

for (const name of names) {
  let timer;
  const limit = new Promise((_, fail) => (timer = setTimeout(fail, 20000, new Error("no answer for 20 s"))));
  try {
    if (!checks[name]) throw new Error("there is no such check");
    await Promise.race([checks[name](), limit]);
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(`not ok ${name}: ${error.message}`);
  }
  clearTimeout(timer);
}
console.log(`1..${names.length}`);
process.exit(0);
