// The client of ws: connects, and ends with the connection. node ws-client.mjs URL
import WebSocket from "ws";

const socket = new WebSocket(process.argv[2]);
socket.on("error", () => process.exit(1));
socket.on("close", () => process.exit(0));
