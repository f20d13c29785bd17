"""An echo server made with Django Channels, for handfast's client, served by daphne: daphne app:application.

/echo         every message comes back
/subprotocol  the same, and picks chat.v2 when it is offered
/close        closes at once with 4001 and a reason
/refuse       is refused before it opens, which Channels answers with 403
"""

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=[],
    SECRET_KEY="of no use outside this test",
)
django.setup()


class Echo(AsyncWebsocketConsumer):
    async def receive(self, text_data=None, bytes_data=None):
        await self.send(text_data=text_data, bytes_data=bytes_data)


class Subprotocol(Echo):
    async def connect(self):
        await self.accept("chat.v2" if "chat.v2" in self.scope["subprotocols"] else None)


class Close(AsyncWebsocketConsumer):
    async def connect(self):
        await self.accept()
        await self.close(code=4001, reason="see you")


class Refuse(AsyncWebsocketConsumer):
    async def connect(self):
        await self.close()


application = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": URLRouter(
            [
                path("echo", Echo.as_asgi()),
                path("subprotocol", Subprotocol.as_asgi()),
                path("close", Close.as_asgi()),
                path("refuse", Refuse.as_asgi()),
            ]
        ),
    }
)
