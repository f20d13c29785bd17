// An echo server made with ws, for handfast's client. Prints `listening PORT`.
//
//   /echo         every message comes back
//   /subprotocol  picks chat.v2 when it is offered
//   /close        closes at once with 4001 and a reason
//   /fragments    sends one text in three frames with a ping between them
//   anything else is refused with 403 and a body

import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { behaviours, refusal } from "./behaviours.mjs";

const sockets = new WebSocketServer({
  noServer: true,
  maxPayload: 32 * 1024 * 1024,
  perMessageDeflate: { threshold: 0 },
  handleProtocols: (offered) => (offered.has("chat.v2") ? "chat.v2" : false),
});

const server = createServer((request, response) => {
  response.writeHead(404, { "Content-Type": "text/plain" });
  response.end("only WebSockets here\n");
});

server.on("upgrade", (request, socket, head) => {
  const behaviour = behaviours[request.url.split("?")[0]];
  if (!behaviour) {
    socket.end(
      "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nConnection: close\r\n" +
        `X-Reason: interop\r\nContent-Length: ${refusal.length}\r\n\r\n${refusal}`,
    );
    return;
  }
  sockets.handleUpgrade(request, socket, head, (webSocket) => {
    webSocket.on("error", (error) => console.log(`error ${error.message}`));
    behaviour(webSocket);
  });
});

server.listen(0, "127.0.0.1", () => console.log(`listening ${server.address().port}`));
