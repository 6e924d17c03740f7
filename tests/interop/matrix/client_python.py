"""The matrix's client on the Python SDK 2.x: goes through every cell of every server behind one endpoint.

Usage: python client_python.py legacy|modern '{"face":…,"target":[…],"servers":[{"name","prefix","cells"}…]}'
Prints one JSON line a cell: {"server", "cell", "ok", "detail"}.
"""

import asyncio
import contextlib
import json
import re
import sys
import time
import traceback
import warnings

import mcp_types as types
from mcp import Client, StdioServerParameters

warnings.simplefilter("ignore")  # what 2026-07-28 deprecates is part of what is tried
ERA, TASK = sys.argv[1], json.loads(sys.argv[2])
MODERN = ERA == "modern"
LOG_LEVEL = "io.modelcontextprotocol/logLevel"


def must(good, found):
    if not good:
        raise AssertionError(f"found {found!r}")


async def until(what, check):
    end = time.monotonic() + 10
    while True:
        found = await check()
        if found:
            return found
        must(time.monotonic() < end, f"not within 10 s: {what}")
        await asyncio.sleep(0.025)


def words(result):
    return "".join(part.text for part in result.content)


class Cells:
    """One method a cell."""

    def __init__(self):
        self.logs, self.updates = [], []

    # What the client can do for a server.
    async def answer_sampling(self, _context, _params):
        return types.CreateMessageResult(
            role="assistant", content=types.TextContent(text="The model"), model="m", stop_reason="endTurn"
        )

    async def answer_elicitation(self, _context, _params):
        return types.ElicitResult(action="accept", content={"response": "yes"})

    async def answer_roots(self, _context):
        return types.ListRootsResult(roots=[types.Root(uri="file:///interop", name="interop")])

    async def hear_log(self, params):
        self.logs.append(params.data)

    async def hear(self, message):
        if isinstance(message, types.ResourceUpdatedNotification):
            self.updates.append(str(message.params.uri))

    async def _call(self, name, arguments=None, **more):
        return words(await self.client.call_tool(self.prefix + name, arguments or {}, **more))

    async def _watched(self):
        uris = [str(resource.uri) for resource in (await self.client.list_resources()).resources]
        return next(uri for uri in uris if f"{self.name}/watched" in uri)

    async def list(self):
        tools = [tool.name for tool in (await self.client.list_tools()).tools]
        must(f"{self.prefix}echo" in tools, tools)
        prompts = [prompt.name for prompt in (await self.client.list_prompts()).prompts]
        must(f"{self.prefix}test_prompt_with_arguments" in prompts, prompts)
        await self._watched()

    async def call(self):
        told = await self._call("echo", {"message": "grüß"})
        must(told == "Echo: grüß", told)

    async def progress(self):
        seen = []

        async def note(done, _total, _message):
            seen.append(done)

        await self._call("test_tool_with_progress", progress_callback=note)
        must(seen == [0, 50, 100], seen)

    async def cancel(self):
        before = int(await self._call("test_cancelled"))
        begun = asyncio.Event()

        async def note(_done, _total, _message):
            begun.set()

        slow = asyncio.create_task(self._call("test_wait", progress_callback=note))
        await asyncio.wait_for(begun.wait(), 10)
        slow.cancel()
        outcome = (await asyncio.gather(slow, return_exceptions=True))[0]
        must(isinstance(outcome, asyncio.CancelledError), outcome)

        async def told():
            return int(await self._call("test_cancelled")) > before

        await until("the server to be told", told)

    async def sampling(self):
        told = await self._call("test_sampling", {"prompt": "Say it"})
        must(told == "LLM response: The model", told)

    async def elicitation(self):
        told = await self._call("test_elicitation", {"message": "Well?"})
        must(re.fullmatch(r'User response: action=accept, content=\{"response": ?"yes"\}', told), told)

    async def roots(self):
        told = await self._call("test_roots")
        must(told == "Roots: file:///interop", told)

    async def logging(self):
        self.logs.clear()
        if not MODERN:
            await self.client.set_logging_level("info")
        await self._call("test_logging_tool", meta={LOG_LEVEL: "info"} if MODERN else None)

        async def heard():
            return len(self.logs) >= 2

        await until("the log messages", heard)
        must(self.logs == ["At info", "At error"], self.logs)

    async def subscription(self):
        uri = await self._watched()
        self.updates.clear()
        if MODERN:
            async with self.client.listen(resource_subscriptions=[uri]) as events:
                await self._call("test_touch_watched")
                async with asyncio.timeout(10):
                    async for event in events:
                        return must(str(event.uri) == uri, event)
        await self.client.subscribe_resource(uri)
        await self._call("test_touch_watched")

        async def heard():
            return uri in self.updates

        await until(f"an update of {uri}", heard)
        await self.client.unsubscribe_resource(uri)

    async def completion(self):
        ref = types.PromptReference(name=f"{self.prefix}test_prompt_with_arguments")
        found = (await self.client.complete(ref, {"name": "arg1", "value": "test"})).completion.values
        must(found == ["testing", "test-two"], found)

    async def run(self):
        first, *rest = TASK["target"]
        target = StdioServerParameters(command=first, args=rest) if TASK["face"] == "stdio" else first
        client = Client(
            target,
            mode="2026-07-28" if MODERN else "legacy",
            client_info=types.Implementation(name=f"matrix-python-{ERA}", version="1"),
            sampling_callback=self.answer_sampling,
            elicitation_callback=self.answer_elicitation,
            list_roots_callback=self.answer_roots,
            logging_callback=self.hear_log,
            message_handler=self.hear,
            cache=None,
        )
        async with client as self.client:

            async def complete():
                tools = [tool.name for tool in (await client.list_tools()).tools]
                return all(f"{server['prefix']}echo" in tools for server in TASK["servers"])

            with contextlib.suppress(AssertionError):  # the cells of those that did not come will tell
                await until("every server", complete)
            for server in TASK["servers"]:
                self.name, self.prefix = server["name"], server["prefix"]
                for cell in server["cells"]:
                    await self._cell(server["name"], cell)

    async def _cell(self, server, cell):
        try:
            await asyncio.wait_for(getattr(self, cell)(), 15)
            outcome = {"ok": True, "detail": ""}
        except Exception:  # noqa: BLE001: every failure is a finding
            outcome = {"ok": False, "detail": traceback.format_exc()[-800:]}
        print(json.dumps({"server": server, "cell": cell, **outcome}), flush=True)


asyncio.run(Cells().run())
