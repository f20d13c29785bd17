"""The client websocket-client: connects, and ends with the connection. websocket_client.py URL

A last line says how: `failed: WHY` where it did not open, `lost: WHY` or `closed:` where it did.
"""

import sys

import websocket

try:
    socket = websocket.create_connection(sys.argv[1])
except Exception as error:
    sys.exit(f"failed: {type(error).__name__}: {error}")
try:
    # An empty text is what it gives once the connection is closed.
    while socket.recv():
        pass
except Exception as error:
    sys.exit(f"lost: {type(error).__name__}: {error}")
print("closed:", file=sys.stderr)
