"""The client websocket-client: connects, and ends with the connection. websocket_client.py URL"""

import sys

import websocket

socket = websocket.create_connection(sys.argv[1])
# An empty text is what it gives once the connection is closed.
while socket.recv():
    pass
