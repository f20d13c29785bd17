"""Checks an echo server over HTTP/2 with h2 (streams, windows) and wsproto (frames): client.py ECHO-URL [CA-FILE]

Opened by an extended CONNECT (RFC 8441): ws:// with prior knowledge, wss:// by ALPN. Nothing here sends or acknowledges a byte
by itself, so that flow control can be tried too. Prints `ok NAME` or `not ok NAME: WHY` for each check, and `1..N` at the end.
"""

import socket
import ssl
import sys
from urllib.parse import urlsplit

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, ResponseReceived, StreamEnded, StreamReset
from h2.settings import SettingCodes
from wsproto.frame_protocol import FrameProtocol, Opcode

LIMIT = 20


class Http2:
    """One connection. Its own window is wide, so that only the streams' windows bound what comes."""

    def __init__(self, url, authority):
        self.url = urlsplit(url)
        self.socket = socket.create_connection((self.url.hostname, self.url.port), LIMIT)
        if self.url.scheme == "wss":
            context = ssl.create_default_context(cafile=authority)
            context.set_alpn_protocols(["h2"])
            self.socket = context.wrap_socket(self.socket, server_hostname=self.url.hostname)
            want(self.socket.selected_alpn_protocol(), "h2", "ALPN")
        self.h2 = H2Connection(H2Configuration(client_side=True))
        self.streams = {}
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(1 << 24)
        self.pump(lambda: self.h2.remote_settings.get(SettingCodes.ENABLE_CONNECT_PROTOCOL) == 1)

    def pump(self, done):
        """Sends what waits and reads, until something is so."""
        while True:
            waiting = self.h2.data_to_send()
            if waiting:
                self.socket.sendall(waiting)
            if done():
                return
            data = self.socket.recv(65536)
            if not data:
                raise RuntimeError("the connection ended")
            for event in self.h2.receive_data(data):
                stream = self.streams.get(getattr(event, "stream_id", None))
                if stream:
                    stream.handle(event)

    def stream(self, path="/echo", fields=(("sec-websocket-version", "13"),), paused=False):
        number = self.h2.get_next_available_stream_id()
        head = [(":method", "CONNECT"), (":protocol", "websocket"), (":path", path)]
        head += [(":scheme", "https" if self.url.scheme == "wss" else "http"), (":authority", self.url.netloc)]
        self.streams[number] = stream = Stream(self, number, paused)
        self.h2.send_headers(number, head + list(fields))
        self.pump(lambda: stream.status)
        return stream

    def close(self):
        self.h2.close_connection()
        self.socket.sendall(self.h2.data_to_send())
        self.socket.close()


class Stream:
    def __init__(self, connection, number, paused):
        self.connection, self.number, self.paused = connection, number, paused
        self.codec = FrameProtocol(client=True, extensions=[])
        self.status, self.body, self.ended, self.finished, self.reset = None, b"", False, False, None
        self.messages, self.partial = [], []

    def handle(self, event):
        if isinstance(event, ResponseReceived):
            self.status = int(dict(event.headers)[b":status"])
        elif isinstance(event, DataReceived):
            if not self.paused and event.flow_controlled_length and not event.stream_ended:
                self.connection.h2.acknowledge_received_data(event.flow_controlled_length, self.number)
            if self.status != 200:
                self.body += event.data
                return
            self.codec.receive_bytes(event.data)
            for frame in self.codec.received_frames():
                self.partial.append(frame.payload)
                if frame.message_finished:
                    empty = "" if frame.opcode is Opcode.TEXT else b""
                    whole = self.partial[0] if len(self.partial) == 1 else empty.join(self.partial)
                    self.messages.append((frame.opcode, whole))
                    self.partial = []
        elif isinstance(event, StreamEnded):
            self.ended = self.finished = True
        elif isinstance(event, StreamReset):
            self.ended, self.reset = True, event.error_code

    def send(self, data):
        """Sends as much as the windows take, and waits for them to open."""
        h2 = self.connection.h2
        while data:
            room = min(h2.local_flow_control_window(self.number), h2.max_outbound_frame_size)
            if room:
                h2.send_data(self.number, data[:room])
                data = data[room:]
            else:
                self.connection.pump(lambda: h2.local_flow_control_window(self.number) > 0)
        self.connection.pump(lambda: True)

    def next(self, opcode):
        self.connection.pump(lambda: self.messages or self.ended)
        if not self.messages:
            raise RuntimeError(f"{opcode} was wanted, the stream ended with {self.reset}")
        came, payload = self.messages.pop(0)
        want(came, opcode, "kind")
        return payload

    def echoed(self, data):
        self.send(self.codec.send_data(data))
        if self.next(Opcode.TEXT if isinstance(data, str) else Opcode.BINARY) != data:
            raise RuntimeError("other data came back")

    def closed(self, code):
        self.send(self.codec.close(code, "done"))
        want(self.next(Opcode.CLOSE)[0], code, "close code")
        self.connection.pump(lambda: self.ended)
        # Its side ends in order; a reset without an error behind that only says that ours need not be ended.
        want((self.finished, self.reset in (None, ErrorCodes.NO_ERROR)), (True, True), "an orderly end")


def want(came, wanted, what):
    if came != wanted:
        raise RuntimeError(f"{what}: {wanted!r} was wanted, came: {came!r}")


def opened(http2, **options):
    stream = http2.stream(**options)
    want(stream.status, 200, "status")
    return stream


def text(http2):
    stream = opened(http2)
    for data in ["hello", "grüße 🤝", "", b"", b"\x00\xff" * 40000]:
        stream.echoed(data)
    stream.closed(1000)


def one_mib(http2):
    stream = opened(http2)
    stream.echoed(bytes(range(256)) * 4096)
    stream.closed(1000)


def ping(http2):
    stream = opened(http2)
    stream.send(stream.codec.ping(b"hello"))
    want(bytes(stream.next(Opcode.PONG)), b"hello", "pong")
    stream.closed(1000)


def byte_by_byte(http2):
    # Frames need not keep to the limits of HTTP/2's.
    stream = opened(http2)
    for byte in stream.codec.send_data("hello"):
        stream.send(bytes([byte]))
    want(stream.next(Opcode.TEXT), "hello", "message")
    stream.closed(3000)


def one_that_does_not_read(http2):
    # What it was sent fills its window and waits there; its neighbour goes on, through the same connection.
    stuck, lively = opened(http2, paused=True), opened(http2)
    stuck.send(stuck.codec.send_data(bytes(200_000)))
    for _ in range(20):
        lively.echoed(bytes(30_000))
    want(len(stuck.messages), 0, "messages of the one that does not read")
    lively.closed(1000)


def many(http2):
    streams = [opened(http2) for _ in range(100)]
    for number, stream in enumerate(streams):
        stream.send(stream.codec.send_data(f"message {number}"))
    for number, stream in enumerate(streams):
        want(stream.next(Opcode.TEXT), f"message {number}", "message")
    for stream in streams:
        stream.closed(1000)


def reset(http2):
    lost, kept = opened(http2), opened(http2)
    http2.h2.reset_stream(lost.number, ErrorCodes.CANCEL)
    kept.echoed("still here")
    kept.closed(1000)


def all_faults(http2):
    fields = [("sec-websocket-version", "8"), ("sec-websocket-protocol", "chat, chat")]
    stream = http2.stream(fields=fields)
    http2.pump(lambda: stream.ended)
    want(stream.status, 400, "status")
    for rule in ["server/version-draft", "server/subprotocol-offer-duplicate"]:
        if rule not in stream.body.decode():
            raise RuntimeError(f"{rule} is not named in: {stream.body.decode()}")


def foreign_origin(http2):
    fields = [("sec-websocket-version", "13"), ("origin", "https://elsewhere.example")]
    want(http2.stream(fields=fields).status, 403, "status")


CHECKS = {
    "text": text,
    "1-mib": one_mib,
    "ping": ping,
    "byte-by-byte": byte_by_byte,
    "one-that-does-not-read": one_that_does_not_read,
    "many": many,
    "reset": reset,
    "all-faults": all_faults,
    "foreign-origin": foreign_origin,
}


def main():
    url, *authority = sys.argv[1:]
    for name, check in CHECKS.items():
        try:
            http2 = Http2(url, *authority or [None])
            check(http2)
            http2.close()
            print(f"ok {name}", flush=True)
        except Exception as error:  # whatever it is, the next check is to run
            print(f"not ok {name}: {type(error).__name__}: {error}", flush=True)
    print(f"1..{len(CHECKS)}")


main()
