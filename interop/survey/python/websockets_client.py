"""The client of websockets: connects, and ends with the connection. websockets_client.py URL

A last line says how: `failed: WHY` where it did not open, `closed: CODE` where it did.
"""

import asyncio
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError


async def main():
    try:
        socket = await connect(sys.argv[1])
    except Exception as error:
        sys.exit(f"failed: {type(error).__name__}: {error}")
    async with socket:
        try:
            async for _message in socket:
                pass
        except ConnectionClosedError:
            # The code below says it.
            pass
    print(f"closed: {socket.close_code}", file=sys.stderr)


asyncio.run(main())
