"""The client of websockets: connects, and ends with the connection. websockets_client.py URL"""

import asyncio
import sys

from websockets.asyncio.client import connect


async def main():
    async with connect(sys.argv[1]) as socket:
        async for _message in socket:
            pass


asyncio.run(main())
