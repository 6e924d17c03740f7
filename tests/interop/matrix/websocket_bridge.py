"""A stdio server made reachable over WebSocket: one process for each connection, one message a text frame.

Usage: python websocket_bridge.py PORT COMMAND [ARG…]
"""

import asyncio
import sys

from websockets.asyncio.server import serve

PORT, *COMMAND = sys.argv[1:]


async def connection(socket):
    child = await asyncio.create_subprocess_exec(
        *COMMAND, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 24
    )

    async def hear():
        async for line in child.stdout:
            await socket.send(line.decode().rstrip("\n"))

    hearing = asyncio.create_task(hear())
    try:
        async for message in socket:
            child.stdin.write(message.encode() + b"\n")
            await child.stdin.drain()
    finally:
        hearing.cancel()
        child.kill()
        await child.wait()


async def main():
    async with serve(connection, "127.0.0.1", int(PORT), subprotocols=["mcp"]) as server:
        await server.serve_forever()


asyncio.run(main())
