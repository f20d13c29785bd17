// The WebSocket of undici, which is also Node's own: connects, and ends with the connection. node undici-client.mjs URL
// A last line says how: `failed: WHY` where it did not open, `lost: WHY` or `closed: CODE` where it did.
import { WebSocket } from "undici";

const socket = new WebSocket(process.argv[2]);
let opened = false;
socket.addEventListener("open", () => (opened = true));
socket.addEventListener("error", (event) => {
  console.error(`${opened ? "lost" : "failed"}: ${event.error?.message ?? event.message}`);
  process.exit(1);
});
socket.addEventListener("close", ({ code }) => {
  console.error(`closed: ${code}`);
  process.exit(0);
});
