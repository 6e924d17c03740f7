"""Each example over each bridge: said by a scripted peer on one side, heard whole by the scripted peer on the other."""

import json
from pathlib import Path

import custody
from examples.cases import CASES
from examples.client import Client
from examples.corpus import OWN, Corpus
from examples.server import Scripted
from frames.http_tap import HttpTap
from gateway import Gateway

ERAS = ("legacy", "modern")


class Bridge:
    """One gateway before one scripted server, and one client of it."""

    def __init__(self, corpus, server, client):
        self.corpus, self.server, self.client = corpus, server, client
        self.name = ("examples", f"{client.era} client", f"{server.era} server")

    def judge(self, table, label, run):
        """`run` gives words for what was lost, or nothing."""
        try:
            lost = run()
        except Exception as fault:  # noqa: BLE001: whatever breaks a case is its finding
            lost = f"  {fault!r}"
        table.check(self.name, label, not lost, lost or "")


def scripted(era, corpus):
    """A server with every example of a listed thing, the official page first."""
    server = Scripted(era)

    def pages(kind, member, singles, key):
        first = {**next(iter(corpus.types[kind].values()))}
        seen = {item[key] for item in first[member]}
        rest = []
        for _, item in singles:
            if corpus.valid(era, kind, {**first, member: [item]}) and item[key] not in seen:
                seen.add(item[key])
                rest.append(item)
        last = {name: value for name, value in first.items() if name != "nextCursor"} | {member: rest}
        return [first, last]

    everywhere = {"inputSchema": {"type": "object"}}
    more_tools = [("", {"name": "build_simulation", **everywhere})]
    more_files = [("", {"uri": f"file:///project/{name}", "name": name}) for name in ("config.json", "logo.png")]
    server.lists = {
        "tools/list": pages("ListToolsResult", "tools", corpus.of("Tool") + more_tools, "name"),
        "resources/list": pages("ListResourcesResult", "resources", corpus.of("Resource") + more_files, "uri"),
        "resources/templates/list": pages("ListResourceTemplatesResult", "resourceTemplates", [], "uriTemplate"),
        "prompts/list": pages("ListPromptsResult", "prompts", [], "name"),
    }
    return server


def check(table, run, binary, official):
    """Every case over every bridge; returns what was recorded."""
    if official is None:
        print("\nexamples: skipped, they come with the official schemas")
        return []
    corpus, records = Corpus(official), []
    for era in ERAS:
        folder = Path(run) / "examples" / era
        (folder / "logs").mkdir(parents=True)
        (folder / "config").mkdir()
        server = scripted(era, corpus)
        tap = HttpTap(server.port, folder / "server.http.jsonl")
        config = folder / "config" / "mcpvisor.yaml"
        entry = {"url": f"http://127.0.0.1:{tap.port}/mcp", "type": "streamable-http"}
        config.write_text(json.dumps({"naming": {"strategy": "flat"}, "servers": {"scripted": entry}}))
        gateway = Gateway(binary, str(config), str(folder))
        try:
            for client_era in ERAS:
                _bridge(table, corpus, server, client_era, gateway.target("http")[0])
        finally:
            gateway.stop()
            tap.close()
            server.close()
            records += [*gateway.records(), (folder / "server.http.jsonl", "to http", "client")]
    print("\nexamples of one connection, which no bridge carries:")
    for kind, why in OWN.items():
        print(f"  {kind}: {why}")
    return records


def _bridge(table, corpus, server, client_era, url):
    row = ("examples", f"{client_era} client", f"{server.era} server")
    try:
        client = Client(client_era, url)
        bridge = Bridge(corpus, server, client)
        custody.poll("the scripted server's tools", lambda: (client.call("tools/list", {}).result or {}).get("tools"), 15)
    except Exception as fault:  # noqa: BLE001: no case can be tried then
        return table.check(row, "the bridge stands", False, repr(fault))
    for case in CASES:
        case(table, bridge)
    return None


if __name__ == "__main__":  # python -m examples.check RUN MCPVISOR
    import sys

    from frames import check as frames
    from table import Table

    outcome = Table()
    try:
        schemas = frames.schemas()
        recorded = check(outcome, *sys.argv[1:3], schemas)
        frames.check(outcome, recorded, schemas)
    finally:
        custody.end_all()
    sys.exit(0 if outcome.print() else 1)
