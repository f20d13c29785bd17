"""The client of aiohttp: connects, and ends with the connection. aiohttp_client.py URL"""

import asyncio
import sys

import aiohttp


async def main():
    async with aiohttp.ClientSession() as session, session.ws_connect(sys.argv[1]) as socket:
        async for _message in socket:
            pass


asyncio.run(main())
