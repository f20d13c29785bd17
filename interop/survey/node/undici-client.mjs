// The WebSocket of undici, which is also Node's own: connects, and ends with the connection. node undici-client.mjs URL
import { WebSocket } from "undici";

const socket = new WebSocket(process.argv[2]);
socket.addEventListener("error", () => process.exit(1));
socket.addEventListener("close", () => process.exit(0));
