"""An echo server for handfast's client, served by hypercorn over HTTP/2: hypercorn app:application.

/echo         every message comes back
/subprotocol  the same, and picks chat.v2 when it is offered
/close        closes at once with 4001 and a reason
anything else is refused with 403, a field and a body

No framework: an ASGI application (https://asgi.readthedocs.io/en/latest/specs/www.html) is a function of three arguments.
"""


async def application(scope, receive, send):
    # Hypercorn asks whether there is something to start or stop; an exception says no.
    if scope["type"] != "websocket":
        raise NotImplementedError(f"only WebSockets here, not {scope['type']}")
    assert scope["http_version"] == "2", scope["http_version"]
    await receive()
    match scope["path"]:
        case "/echo":
            await send({"type": "websocket.accept"})
            await echo(receive, send)
        case "/subprotocol":
            chosen = "chat.v2" if "chat.v2" in scope["subprotocols"] else None
            await send({"type": "websocket.accept", "subprotocol": chosen})
            await echo(receive, send)
        case "/close":
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 4001, "reason": "see you"})
        case _:
            headers = [(b"content-type", b"text/plain"), (b"x-reason", b"interop")]
            await send({"type": "websocket.http.response.start", "status": 403, "headers": headers})
            await send({"type": "websocket.http.response.body", "body": b"not for you\n"})


async def echo(receive, send):
    while (event := await receive())["type"] == "websocket.receive":
        text, data = event.get("text"), event.get("bytes")
        await send({"type": "websocket.send", **({"bytes": data} if text is None else {"text": text})})
