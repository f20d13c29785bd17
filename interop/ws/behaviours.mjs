// What the echo servers do on a WebSocket of ws, by path. Any other path is refused.

export const behaviours = {
  "/echo": (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })),
  "/subprotocol": (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })),
  "/close": (socket) => socket.close(4001, "see you"),
  "/fragments": (socket) => {
    socket.send("0".repeat(1000), { fin: false });
    socket.ping("between");
    socket.send("1".repeat(1000), { fin: false });
    socket.send("2".repeat(1000), { fin: true });
  },
};

export const refusal = "not for you\n";
