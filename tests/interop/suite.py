"""The interop run: records every server directly and through the gateway, compares, then lets real clients drive both.

Then a real collector, the SDK matrix, the official conformance suite, the official examples over every bridge, and last
every frame of all of it against the official schemas.

Usage: python3 suite.py CACHE RUN MCPVISOR|--direct-only
`--direct-only` compares two direct recordings, which proves the servers and this run deterministic.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import conformance
import custody
import recovery
import script
import telemetry
from examples import check as examples
from frames import check as frames
from gateway import FACES, Gateway
from matrix import run as matrix
from raw_client import Stdio
from servers import NODE, Servers
from table import Table

HERE = Path(__file__).parent
MODES = {"everything": "stdio", "everything-http": "http", "everything-sse": "sse"}
# What the gateway declares to servers, so that those that show less to lesser clients show all.
ALL = {"sampling": {"context": {}, "tools": {}}, "elicitation": {"form": {}, "url": {}}, "roots": {"listChanged": True}}
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": ALL,
}
ALIAS = '{"content":[{"type":"text","text":"Echo: alias"}]}'


def record_direct(servers):
    """({server: {label: text}}, {server: number of tools})"""
    told, counts = {}, {}
    for name in servers.NAMES:
        servers.reset()
        with servers.direct(name) as peer:
            opened = peer.initialize(ALL)
            tools = script.tools(peer)
            if name in servers.DUAL:  # as the gateway asks them, in 2026-07-28: the order of their keys is another there
                with servers.direct(name) as modern:
                    tools = script.tools(modern, ENVELOPE)
            told[name] = {"initialize": opened} | script.record(peer, name, servers.run, tools)
            counts[name] = len(tools)
    return told, counts


def check_face(table, servers, gateway, face, direct, counts):
    """Everything the raw client sees through one face of the gateway."""
    row = ("raw client", face, "gateway")
    with gateway.connect(face) as peer:
        opened = json.loads(peer.initialize().removeprefix("result:"))
        table.check(row, "serverInfo names mcpvisor", opened["serverInfo"]["name"] == "mcpvisor", str(opened)[:300])
        table.check(row, "the revision is the one asked for", opened["protocolVersion"] == "2025-11-25", str(opened)[:300])
        table.check(row, "tools are offered", "tools" in opened["capabilities"], str(opened)[:300])
        tools = script.settled_tools(peer, {f"{name}.": count for name, count in counts.items()})
        strangers = [script.name(tool) for tool in tools if script.name(tool).split(".")[0] not in counts]
        table.check(row, "every tool belongs to a server", not strangers, str(strangers))
        for name in servers.NAMES:
            servers.reset()
            got = script.record(peer, name, servers.run, tools, prefix=f"{name}.")
            want = {label: text for label, text in direct[name].items() if label != "initialize"}
            table.equal(("raw client", face, name), got, want)
        alias = peer.call("tools/call", {"name": "everything__echo", "arguments": {"message": "alias"}})
        table.check(row, "server__tool is accepted", alias == f"result:{ALIAS}", alias[:300])
    if isinstance(peer, Stdio):
        table.check(row, "exits with 0 when stdin closes", peer.exit_code == 0, f"exit code {peer.exit_code}")


def check_heard(table, servers):
    """Cancellations must reach server-everything, each under the id of a call made over the same connection."""
    heard = servers.heard()
    row = ("raw client", "all", "everything")
    cancelled = 0
    for messages in heard:
        calls = {message["id"] for message in messages if message.get("method") == "tools/call"}
        ended = [message["params"]["requestId"] for message in messages if message.get("method") == "notifications/cancelled"]
        cancelled += len(ended)
        table.check(row, "a cancellation names a call", set(ended) <= calls, f"cancelled {ended}, called {sorted(map(str, calls))[:50]}")
    table.check(row, "cancellations reach the server", cancelled >= len(FACES), f"{cancelled} of them at {len(heard)} processes")


def run_client(table, row, argv):
    """Runs one SDK client; each line it prints is a check."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=180)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    for line in lines:
        table.check(row, line["check"], line["ok"], line["detail"])
    table.check(row, "ran to its end", done.returncode == 0 and len(lines) >= 5, f"exit {done.returncode}\n{done.stderr[-2000:]}")


def sdk_clients(table, cache, face, target, server, prefix):
    """Both TypeScript clients and the Python client against one endpoint."""
    task = json.dumps({"face": face, "target": target, "prefix": prefix})
    node = [NODE, str(HERE / "sdk_typescript.mjs"), cache]
    run_client(table, ("TypeScript sdk", face, server), [*node, "sdk", task])
    run_client(table, ("TypeScript client", face, server), [*node, "client", task])
    run_client(table, ("Python mcp", face, server), [f"{cache}/venv/bin/python", str(HERE / "sdk_python.py"), task])


def inspect(cache, run, target, *method):
    """What Inspector's command line prints for one method, parsed with the order of keys kept."""
    launcher = f"{cache}/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
    # A URL's transport is told by its path; a command's own options must not be taken for Inspector's: so a session file.
    entry = {"command": target[0], "args": target[1:]} if len(target) > 1 else {
        "type": "sse" if target[0].endswith("/sse") else "streamable-http", "url": target[0]
    }
    folder = Path(run) / "inspector"
    folder.mkdir(exist_ok=True)
    (folder / "session.json").write_text(json.dumps({"mcpServers": {"target": entry}}))
    argv = [NODE, launcher, "--cli", "--config", str(folder / "session.json"), "--server", "target", *method]
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120,
        env={**os.environ, "HOME": str(folder)},
    )
    if done.returncode != 0:
        raise ValueError(f"Inspector exited with {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def inspector(table, cache, run, face, got, want, prefix):
    """`tools/list` and `tools/call` of server-time by Inspector at `got`; equal to its output at `want` apart from names.

    Not server-everything: its list depends on what the client declares, and Inspector leaves its request for roots unanswered.
    """

    def ask(target, before):
        listed = inspect(cache, run, target, "--method", "tools/list")["tools"]
        own = [{**tool, "name": tool["name"].removeprefix(before)} for tool in listed if tool["name"].startswith(before)]
        arguments = ("source_timezone=UTC", "time=12:30", "target_timezone=Asia/Tokyo")
        called = inspect(cache, run, target, "--method", "tools/call", "--tool-name", f"{before}convert_time", "--tool-arg", *arguments)
        # Text, not values: 1 and 1.0, and the order of keys, must differ.
        return {"tools/list": json.dumps(own), "tools/call": json.dumps(called)}

    row = ("Inspector", face, "time")
    try:
        table.equal(row, ask(got, prefix), ask(want, ""))
    except (ValueError, KeyError, subprocess.TimeoutExpired) as fault:
        table.check(row, "answers", False, str(fault))


def through_gateway(table, servers, cache, binary, direct, counts):
    gateway = Gateway(binary, servers.config(), servers.run)
    try:
        for face in FACES:
            try:
                check_face(table, servers, gateway, face, direct, counts)
            except (OSError, ValueError, KeyError) as fault:
                table.check(("raw client", face, "gateway"), "the recording is complete", False, repr(fault)[:2000])
        check_heard(table, servers)
        for face in FACES:
            for server in MODES:
                sdk_clients(table, cache, face, gateway.target(face), server, f"{server}.")
        for face in FACES:
            inspector(table, cache, servers.run, face, gateway.target(face), servers.stdio_command("time"), "time.")
    finally:
        code = gateway.stop()
    row = ("signals", "http", "gateway")
    table.check(row, "TERM ends it with exit code 0", code == 0, f"exit code {code}")
    try:
        custody.poll("all children to be gone", lambda: not servers.left_running(), 10)
        table.check(row, "nothing is left running", True)
    except TimeoutError:
        table.check(row, "nothing is left running", False, "\n".join(servers.left_running()))
    return [*gateway.records(), *servers.records()]


def direct_twice(table, servers, cache, direct):
    again, _ = record_direct(servers)
    for name in servers.NAMES:
        table.equal(("raw client", "direct", name), again[name], direct[name])
    for server, face in MODES.items():
        target = servers.stdio_command(server) if face == "stdio" else [servers.url(server)]
        sdk_clients(table, cache, face, target, server, "")
    target = servers.stdio_command("time")
    inspector(table, cache, servers.run, "stdio", target, target, "")


def main():
    cache, run, binary = sys.argv[1:]
    table = Table()
    try:
        servers = Servers(cache, run)
        direct, counts = record_direct(servers)
        if binary == "--direct-only":
            direct_twice(table, servers, cache, direct)
            conformance.check(table, cache, run, None)
        else:
            recorded = through_gateway(table, servers, cache, binary, direct, counts)
            recovery.check(table, servers, binary)
            telemetry.check(table, cache, run, binary)
            recorded += matrix.check(table, cache, run, binary)
            recorded += conformance.check(table, cache, run, binary)
            official = frames.schemas()
            recorded += examples.check(table, run, binary, official)
            frames.check(table, recorded, official)
    finally:
        custody.end_all()
    sys.exit(0 if table.print() else 1)


if __name__ == "__main__":
    main()
