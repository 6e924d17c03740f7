"""Runs the matrix: one gateway a face (HTTP, stdio, WebSocket) with all servers behind it, and each client on every face it has.

Clients on one gateway run one after the other, since the log messages of a 2025 server belong to the connection, not to a
call; gateways run side by side.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import custody
from frames.http_tap import HttpTap
from gateway import Gateway
from matrix.peers import CELLS, CLIENTS, SERVERS, excused
from reference import PROGRAM
from servers import MARK, NODE, STDIO_TAP, listens, free_port

HERE = Path(__file__).parent
RMCP = os.environ.get("MCPVISOR_RMCP_PEER") or str(HERE.parents[2] / "target" / "debug" / "examples" / "interop-rmcp")
FACES = ("http", "stdio", "ws")
PER_CLIENT = 150  # seconds for all cells of all servers


class Matrix:
    """The servers that listen, and the two gateways before them all."""

    def __init__(self, cache, run, binary):
        self._cache, self._binary = cache, binary
        self.run = Path(run) / "matrix"
        self.env = {"INTEROP_PACKAGES": cache}
        self._taps, self._records = [], []

    def _program(self, server, where):
        """Command and environment of one server; `where` is "stdio" or a port."""
        if server.program == "python":
            return [f"{self._cache}/venv/bin/python", str(HERE / "server_python.py"), server.name, where, server.era], {}
        if server.program == "rmcp":
            return [RMCP, "server", server.name, server.era], {}
        if server.program == "sdk1":
            return [NODE, str(HERE / "server_sdk1.mjs"), server.name], self.env
        return [NODE, PROGRAM, where, server.era], {**self.env, "REFERENCE_WATCHED": f"test://{server.name}/watched"}

    def _entry(self, server, folder):
        """One server of the gateway's configuration, with a tap before it."""
        if server.transport == "stdio":
            taps = folder / "downstream" / server.name
            taps.mkdir(parents=True)
            argv, env = self._program(server, "stdio")
            return {"command": STDIO_TAP[0], "args": [*STDIO_TAP[1:], str(taps), *argv], "env": {**env, MARK: str(folder)}}
        port = free_port()
        argv, env = self._program(server, str(port))
        if server.transport == "ws":  # no SDK's server speaks it by itself
            argv = [sys.executable, str(HERE / "websocket_bridge.py"), str(port), *argv]
        custody.spawn(argv, f"{folder}/logs/{server.name}.log", env)
        custody.poll(f"{server.name} to listen", lambda: listens(port))
        (folder / "downstream").mkdir(exist_ok=True)
        tap = HttpTap(port, folder / "downstream" / f"{server.name}.{server.transport}.jsonl")
        self._taps.append(tap)
        if server.transport == "ws":
            return {"url": f"ws://127.0.0.1:{tap.port}/", "type": "websocket"}
        return {"url": f"http://127.0.0.1:{tap.port}/mcp", "type": "streamable-http"}

    def _config(self, folder):
        (folder / "logs").mkdir(parents=True)
        servers = {server.name: self._entry(server, folder) for server in SERVERS}
        (folder / "config").mkdir()
        config = folder / "config" / "mcpvisor.yaml"
        config.write_text(json.dumps({"servers": servers}))
        return str(config)

    def face(self, face):
        """All clients on one face: [(client, outcome lines, words on a crash)]."""
        folder = self.run / face
        config = self._config(folder)
        gateway = Gateway(self._binary, config, str(folder))  # over stdio each client starts one more by its command
        try:
            return [
                (client, *self._client(client, face, gateway.target(face), folder)) for client in CLIENTS if face in client.faces
            ]
        finally:
            gateway.stop()
            self._records += [
                (path, f"face {face}", sender)
                for path, side, sender in gateway.records()
                if side != "face http" or face != "stdio"
            ]

    def _client(self, client, face, target, folder):
        servers = [
            {
                "name": server.name,
                "prefix": f"{server.name}.",
                "cells": [cell for cell in CELLS if not excused(client, server, cell)],
            }
            for server in SERVERS
        ]
        task = json.dumps({"face": face, "target": target, "servers": servers})
        if client.program == "python":
            argv = [f"{self._cache}/venv/bin/python", str(HERE / "client_python.py"), client.era, task]
        elif client.program == "rmcp":
            argv = [RMCP, "client", client.era, task]
        else:
            argv = [NODE, str(HERE / "client_typescript.mjs"), client.program, client.era, task]
        log = folder / "logs" / f"client-{client.program}-{client.era}.log"
        with open(log, "wb") as errors:
            done = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env={**os.environ, **self.env}
            )
            try:
                told, _ = done.communicate(timeout=PER_CLIENT)
            except subprocess.TimeoutExpired:
                done.kill()
                told, _ = done.communicate()
        lines = [json.loads(line) for line in told.decode().split("\n") if line.startswith("{")]
        return lines, f"exit {done.returncode}\n{log.read_text(errors='replace')[-1500:]}"

    def records(self):
        """(path, side, whose frames the gateway's are) of everything recorded."""
        yield from self._records
        for path in sorted(self.run.glob("*/downstream/**/*.jsonl")):
            yield path, f"to {path.suffixes[0][1:] if len(path.suffixes) > 1 else 'stdio'}", "client"

    def close(self):
        for tap in self._taps:
            tap.close()


def report(outcomes):
    """One line a client and server; one column a cell: HTTP first, then stdio, then WebSocket. ✓ works, ✗ fails, · cannot be."""
    marks = {}
    for face, told in outcomes.items():
        for client, lines, _ in told:
            for line in lines:
                marks[client.name, line["server"], line["cell"], face] = "✓" if line["ok"] else "✗"
    print(f"\n{'matrix (http, stdio, ws)':38}  " + "  ".join(cell.rjust(3) for cell in CELLS))
    for client in CLIENTS:
        for server in SERVERS:
            cells = []
            for cell in CELLS:
                mark = (
                    "·"
                    if excused(client, server, cell)
                    else "".join(marks.get((client.name, server.name, cell, face), "✗") for face in client.faces)
                )
                cells.append(mark.rjust(max(3, len(cell))))
            print(f"{f'{client.name} → {server.name}':38}  " + "  ".join(cells))
    rules = dict.fromkeys(
        rule for client in CLIENTS for server in SERVERS for cell in CELLS if (rule := excused(client, server, cell))
    )
    for rule in rules:
        pairs = [
            f"{client.name} → {server.name}"
            for client in CLIENTS
            for server in SERVERS
            if excused(client, server, "task") == rule
        ]
        print(f"· task: {rule}\n    {', '.join(pairs)}")


def check(table, cache, run, binary):
    """The whole matrix; returns what was recorded."""
    matrix = Matrix(cache, run, binary)
    try:
        with ThreadPoolExecutor(2) as lanes:
            running = {face: lanes.submit(matrix.face, face) for face in FACES}
            outcomes = {face: lane.result() for face, lane in running.items()}
    finally:
        matrix.close()
    for face, told in outcomes.items():
        for client, lines, crash in told:
            heard = {(line["server"], line["cell"]): line for line in lines}
            for server in SERVERS:
                for cell in CELLS:
                    if not excused(client, server, cell):
                        line = heard.get((server.name, cell), {"ok": False, "detail": f"the client did not come so far: {crash}"})
                        table.check((client.name, face, server.name), cell, line["ok"], line["detail"])
    report(outcomes)
    return list(matrix.records())


if __name__ == "__main__":  # python -m matrix.run CACHE RUN MCPVISOR
    from frames import check as frames
    from table import Table

    outcome = Table()
    try:
        recorded = check(outcome, *sys.argv[1:4])
        frames.check(outcome, recorded, frames.schemas())
    finally:
        custody.end_all()
    sys.exit(0 if outcome.print() else 1)
