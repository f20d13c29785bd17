// An echo server over HTTP/2 alone (RFC 8441), for handfast's client: Node's `http2` carries, ws speaks. Prints `listening PORT`.
// With prior knowledge, or over TLS: node http2-server.mjs [CERTIFICATE KEY]
//
// The paths are those of server.mjs. A request that breaks a rule of the extended CONNECT is answered 400 with the rule.

import { readFileSync } from "node:fs";
import { createSecureServer, createServer } from "node:http2";
import WebSocket from "ws";
import { behaviours, refusal } from "./behaviours.mjs";

const [certificate, key] = process.argv.slice(2);
const settings = { enableConnectProtocol: true };
const server = certificate
  ? createSecureServer({ cert: readFileSync(certificate), key: readFileSync(key), settings })
  : createServer({ settings });

// What is wrong with a request, if something is.
const fault = (headers) => {
  if (headers[":method"] !== "CONNECT" || headers[":protocol"] !== "websocket") return "no extended CONNECT for WebSockets";
  if (headers[":scheme"] !== (certificate ? "https" : "http")) return "another scheme";
  if (headers[":authority"] !== `127.0.0.1:${server.address().port}`) return "another authority";
  if (headers["sec-websocket-version"] !== "13") return "no version 13";
  return ["sec-websocket-key", "upgrade", "connection", "host"].find((name) => name in headers);
};

// ws has no public way to this: its own server reads an upgrade of HTTP/1.1.
const speak = (stream) => {
  const socket = new WebSocket(null, undefined, { autoPong: true, closeTimeout: 20000 });
  socket.setSocket(stream, Buffer.alloc(0), { maxPayload: 32 * 1024 * 1024, skipUTF8Validation: false });
  socket.on("error", (error) => console.log(`error ${error.message}`));
  return socket;
};

server.on("stream", (stream, headers) => {
  stream.on("error", (error) => console.log(`stream ${error.message}`));
  const wrong = fault(headers);
  if (wrong) {
    stream.respond({ ":status": 400, "content-type": "text/plain" });
    return stream.end(`${wrong}\n`);
  }
  const path = headers[":path"].split("?")[0];
  const behaviour = behaviours[path];
  if (!behaviour) {
    stream.respond({ ":status": 403, "content-type": "text/plain", "x-reason": "interop" });
    return stream.end(refusal);
  }
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  const chosen = path === "/subprotocol" && offered.includes("chat.v2") && { "sec-websocket-protocol": "chat.v2" };
  stream.respond({ ":status": 200, ...chosen });
  behaviour(speak(stream));
});

server.listen(0, "127.0.0.1", () => console.log(`listening ${server.address().port}`));
