"""The smallest echo of ASGI, for uvicorn: uvicorn asgi_echo:app --host 127.0.0.1 --port PORT"""


async def app(scope, receive, send):
    if scope["type"] == "http":
        # Pages there are none.
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"not found"})
    if scope["type"] != "websocket":
        return
    while True:
        event = await receive()
        if event["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        elif event["type"] == "websocket.receive":
            text = event.get("text")
            part = {"text": text} if text is not None else {"bytes": event["bytes"]}
            await send({"type": "websocket.send", **part})
        elif event["type"] == "websocket.disconnect":
            return
