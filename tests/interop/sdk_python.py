"""Drives an endpoint with the official Python client at its default settings (it asks `server/discover` first).

Usage: python sdk_python.py '{"face":"stdio|http|sse","target":[…],"prefix":"…"}'
Prints one JSON line for each promise: {"check", "ok", "detail"}.
"""

import asyncio
import json
import sys
import time
import traceback

from mcp import Client, StdioServerParameters
from mcp.client.sse import sse_client

TASK = json.loads(sys.argv[1])
PREFIX = TASK["prefix"]
SLOW = {"duration": 0.8, "steps": 4}


def server():
    first, *rest = TASK["target"]
    return {"stdio": lambda: StdioServerParameters(command=first, args=rest), "http": lambda: first, "sse": lambda: sse_client(first)}[TASK["face"]]()


async def promise(check, run):
    try:
        await run()
        print(json.dumps({"check": check, "ok": True, "detail": ""}), flush=True)
    except Exception:  # noqa: BLE001: every failure of a client is a finding
        print(json.dumps({"check": check, "ok": False, "detail": traceback.format_exc()}), flush=True)


def must(good, found):
    if not good:
        raise AssertionError(f"found {found!r}")


async def lists(client):
    until = time.monotonic() + 60
    while True:
        names = [tool.name for tool in (await client.list_tools()).tools]
        if f"{PREFIX}echo" in names:
            return must(len(names) >= 10, names)
        must(time.monotonic() < until, names)
        await asyncio.sleep(0.05)


async def calls(client):
    result = await client.call_tool(f"{PREFIX}echo", {"message": "grüß"})
    must(result.content[0].text == "Echo: grüß", result)


async def structured(client):
    result = await client.call_tool(f"{PREFIX}get-structured-content", {"location": "Chicago"})
    must("temperature" in (result.structured_content or {}), result)


async def progress(client):
    seen = []

    async def note(done, _total, _message):
        seen.append(done)

    await client.call_tool(f"{PREFIX}trigger-long-running-operation", SLOW, progress_callback=note)
    must(len(seen) in (3, 4) and seen == sorted(seen), seen)


async def cancels(client):
    begun = asyncio.Event()

    async def note(_done, _total, _message):
        begun.set()

    slow = asyncio.create_task(client.call_tool(f"{PREFIX}trigger-long-running-operation", SLOW, progress_callback=note))
    await asyncio.wait_for(begun.wait(), 30)
    slow.cancel()
    outcome = (await asyncio.gather(slow, return_exceptions=True))[0]
    must(isinstance(outcome, asyncio.CancelledError), outcome)
    await calls(client)


async def main():
    async def whole():
        async with Client(server()) as client:
            for check, run in (
                ("lists", lists),
                ("calls", calls),
                ("calls a tool with structured content", structured),
                ("sees progress in order", progress),
                ("cancels", cancels),
            ):
                await promise(check, lambda run=run: run(client))
            if client.protocol_version != "2026-07-28":  # which has no ping
                await promise("pings", client.send_ping)

    await promise("connects and closes", whole)


asyncio.run(main())
