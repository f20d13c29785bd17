"""The smallest consumer of Django Channels, for daphne: daphne -b 127.0.0.1 -p PORT channels_echo:application"""

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path

settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="of no use outside the survey")
django.setup()

# Pages there are none: plain requests get 404.
urlpatterns = []


class Echo(AsyncWebsocketConsumer):
    async def receive(self, text_data=None, bytes_data=None):
        await self.send(text_data=text_data, bytes_data=bytes_data)


application = ProtocolTypeRouter(
    {"http": get_asgi_application(), "websocket": URLRouter([path("", Echo.as_asgi())])}
)
