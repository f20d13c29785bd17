// An HTTP/2 connection, and the head of an extended CONNECT on it (RFC 8441).

import { connect as connectHttp2 } from "node:http2";

// For ws:// with prior knowledge, for wss:// by ALPN. A server that does not agree to h2 fails it.
export const connect = (url) => {
  const session = connectHttp2(url.replace(/^ws/, "http"));
  session.on("error", (error) => {
    console.log(`the HTTP/2 connection failed: ${error.message}`);
    process.exit(1);
  });
  return session;
};

// The server's settings. No extended CONNECT may be sent before they have announced it.
export const settings = async (session) => {
  if (!session.remoteSettings?.enableConnectProtocol) {
    await new Promise((done) => session.once("remoteSettings", done));
  }
  if (!session.remoteSettings.enableConnectProtocol) throw new Error("the server does not announce the extended CONNECT");
};

export const head = (url, protocols = [], origin = undefined) => {
  const { host, pathname, search, protocol } = new URL(url);
  return {
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":scheme": protocol === "wss:" ? "https" : "http",
    ":authority": host,
    ":path": pathname + search,
    "sec-websocket-version": "13",
    ...(protocols.length > 0 && { "sec-websocket-protocol": protocols.join(", ") }),
    ...(origin && { origin }),
  };
};
