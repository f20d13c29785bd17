// The client of ws: connects, and ends with the connection. node ws-client.mjs URL
// A last line says how: `failed: WHY` where it did not open, `lost: WHY` or `closed: CODE` where it did.
import WebSocket from "ws";

const socket = new WebSocket(process.argv[2]);
let opened = false;
socket.on("open", () => (opened = true));
socket.on("error", (error) => {
  console.error(`${opened ? "lost" : "failed"}: ${error.message}`);
  process.exit(1);
});
socket.on("close", (code) => {
  console.error(`closed: ${code}`);
  process.exit(0);
});
