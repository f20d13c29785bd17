"""The client of aiohttp: connects, and ends with the connection. aiohttp_client.py URL

A last line says how: `failed: WHY` where it did not open, `closed: CODE` where it did.
"""

import asyncio
import sys

import aiohttp


async def main():
    async with aiohttp.ClientSession() as session:
        try:
            socket = await session.ws_connect(sys.argv[1])
        except Exception as error:
            sys.exit(f"failed: {type(error).__name__}: {error}")
        async with socket:
            async for _message in socket:
                pass
        print(f"closed: {socket.close_code}", file=sys.stderr)


asyncio.run(main())
