"""Recovery as a user sees it: the official Python client stays connected over HTTP while servers die, return and freeze.

One gateway, two servers: server-memory as a child process, server-everything over Streamable HTTP. The gateway is never
restarted, nor is the client. Deadlines are what a user would put up with, not what the gateway usually takes.
"""

import asyncio
import json
import os
import signal
import time
from pathlib import Path

from mcp import Client, MCPError

import custody
from gateway import Gateway
from servers import MARK, free_port

ROW = ("Python mcp", "http", "recovery")
CALL_TIMEOUT = 3


class Recovery:
    """The gateway and the two servers it has, and what one client is told by them."""

    def __init__(self, table, servers, binary):
        self._table, self._servers = table, servers
        self.run = Path(servers.run) / "recovery"
        (self.run / "logs").mkdir(parents=True)
        self._port = free_port()
        self._http = self._listen()
        command, *args = servers.stdio_command("memory")
        env = {MARK: str(self.run), "MEMORY_FILE_PATH": str(self.run / "memory.jsonl")}
        config = {
            "memory": {"command": command, "args": args, "env": env, "call_timeout": f"{CALL_TIMEOUT}s"},
            "everything": {"url": f"http://127.0.0.1:{self._port}/mcp", "type": "streamable-http"},
        }
        (self.run / "mcpvisor.yaml").write_text(json.dumps({"servers": config}))
        self._gateway = Gateway(binary, str(self.run / "mcpvisor.yaml"), str(self.run))

    def _listen(self):
        return self._servers.listen("streamableHttp", self._port, self.run / "logs" / "everything.log")

    def _child(self):
        """The id of the server-memory process; it carries our mark, so it is this gateway's."""
        return custody.poll("server-memory to run", lambda: next(iter(custody.marked(f"{MARK}={self.run}")), None), 10)

    async def _ask(self, client, server):
        """None when the call works, else the words of the failure."""
        tool, arguments = {"memory": ("read_graph", {}), "everything": ("echo", {"message": "hi"})}[server]
        try:
            result = await client.call_tool(f"{server}.{tool}", arguments)
        except MCPError as fault:
            return str(fault)
        return result.content[0].text if result.is_error else None

    async def _works(self, client, server, within):
        """(the failures heard, the seconds it took) until a call works; the seconds are None if none did in time."""
        begun, failures = time.monotonic(), []
        while time.monotonic() - begun < within:
            failure = await self._ask(client, server)
            if failure is None:
                return failures, time.monotonic() - begun
            failures.append(failure)
            await asyncio.sleep(0.1)
        return failures, None

    def _check(self, label, good, detail):
        self._table.check(ROW, label, bool(good), str(detail))

    def _clear(self, label, failure, server, causes):
        """A failure must name its server and say why, in words."""
        told = (failure or "").lower()
        self._check(label, server in told and any(cause in told for cause in causes), failure)

    async def _killed(self, client):
        before = self._child()
        os.kill(before, signal.SIGKILL)
        failures, took = await self._works(client, "memory", 5)
        self._check("a killed child is back within 5 s", took is not None, failures)
        self._check("a killed child costs at most one error", len(failures) <= 1, failures)
        for failure in failures:
            self._clear("the error names the server and the signal", failure, "memory", ("signal", "kill"))
        self._check("it is another process", self._child() != before, before)

    async def _away(self, client):
        custody.end(self._http)
        failure = await self._ask(client, "everything")
        self._clear("a stopped HTTP server: the error names it and why", failure, "everything", ("refused", "connect", "closed"))
        self._check("its neighbour works meanwhile", await self._ask(client, "memory") is None, "")
        self._http = self._listen()
        failures, took = await self._works(client, "everything", 10)
        self._check("a restarted HTTP server works again within 10 s", took is not None, failures)

    async def _frozen(self, client):
        child = self._child()
        os.kill(child, signal.SIGSTOP)
        try:
            begun = time.monotonic()
            silent = asyncio.create_task(self._ask(client, "memory"))
            neighbour = await self._ask(client, "everything")
            quick = time.monotonic() - begun
            self._check("the neighbour of a frozen child works", neighbour is None and quick < CALL_TIMEOUT, (neighbour, quick))
            failure, took = await silent, time.monotonic() - begun
            self._check("a frozen child's call ends at its timeout", CALL_TIMEOUT * 0.9 < took < CALL_TIMEOUT + 3, took)
            self._clear("the error names the server and the timeout", failure, "memory", (f"{CALL_TIMEOUT}s", f"{CALL_TIMEOUT} s"))
        finally:
            try:
                os.kill(child, signal.SIGCONT)
            except ProcessLookupError:
                pass
        failures, took = await self._works(client, "memory", 10)
        self._check("it works again when it goes on", took is not None, failures)

    async def drive(self):
        async with Client(self._gateway.target("http")[0]) as client:
            for server in ("memory", "everything"):
                failures, took = await self._works(client, server, 60)
                self._check(f"{server} works to begin with", took is not None, failures)
            for step in (self._killed, self._away, self._frozen):
                await step(client)

    def stop(self):
        self._check("TERM ends it with exit code 0", self._gateway.stop() == 0, "")
        custody.end(self._http)


def check(table, servers, binary):
    recovery = Recovery(table, servers, binary)
    try:
        asyncio.run(asyncio.wait_for(recovery.drive(), 120))
    except Exception as fault:  # noqa: BLE001: whatever the client throws is a finding
        table.check(ROW, "the client stays connected", False, repr(fault)[:2000])
    finally:
        recovery.stop()
