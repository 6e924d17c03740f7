"""A real collector behind the gateway: rotel gets linked spans, metrics and the log over each binding of OTLP.

A raw client calls a tool of `mcpvisor simulate` over HTTP and tells its own trace in `_meta`; what the collector received
is read in its debug log.
"""

import json
import re
import socket
import time
import urllib.request
from pathlib import Path

import custody
from raw_client import StreamableHttp
from servers import free_port

PROTOCOLS = ("grpc", "http/protobuf", "http/json")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
WAIT = 15
SOON = {
    "OTEL_BSP_SCHEDULE_DELAY": "50",
    "OTEL_BLRP_SCHEDULE_DELAY": "50",
    "OTEL_METRIC_EXPORT_INTERVAL": "200",
}


def agent(cache):
    """The collector's program, inside the Python package."""
    return str(next(Path(cache).glob("venv/lib/python3*/site-packages/rotel/rotel-agent")))


def check(table, cache, run, binary):
    for protocol in PROTOCOLS:
        one(table, cache, Path(run) / f"telemetry-{protocol.replace('/', '-')}", binary, protocol)


def one(table, cache, run, binary, protocol):
    row = ("raw client", protocol, "rotel")
    run.mkdir(parents=True)
    log = run / "rotel.log"
    grpc, http, listen, below = (free_port() for _ in range(4))
    collector = [agent(cache), "start", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}", "--otlp-http-endpoint", f"127.0.0.1:{http}"]
    collector += ["--debug-log-verbosity", "detailed", "--exporter", "blackhole"]
    for signal in ("traces", "metrics", "logs"):
        collector += ["--debug-log", signal]
    config = run / "config.json"
    endpoint = f"http://127.0.0.1:{grpc if protocol == 'grpc' else http}"
    server = {"url": f"http://127.0.0.1:{below}/mcp"}
    config.write_text(json.dumps({
        "telemetry": {"endpoint": endpoint, "protocol": protocol, "service_name": "interop"},
        "state_dir": str(run / "state"),
        "servers": {"s": server},
    }))
    simulate = [binary, "simulate", "--transport", "http", "--listen", f"127.0.0.1:{below}"]
    serve = [binary, "serve", "--config", str(config), "--listen", f"127.0.0.1:{listen}"]
    children = []
    try:
        children.append(custody.spawn(collector, log))
        custody.poll("rotel to listen", lambda: all(listens(port) for port in (grpc, http)), WAIT)
        children.append(custody.spawn(simulate, run / "simulate.log"))
        children.append(custody.spawn(serve, run / "gateway.log", SOON))
        base = f"http://127.0.0.1:{listen}"
        custody.poll("the server to be ready", lambda: ready(base), WAIT)
        with StreamableHttp(f"{base}/mcp") as peer:
            peer.initialize()
            meta = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
            got = peer.call("tools/call", {"name": "s.echo", "arguments": {"text": "hello"}, "_meta": meta})
            table.check(row, "the call is answered", "hello" in got, got[:300])
        for what, there in [
            ("linked spans arrive", linked),
            ("metrics arrive", lambda text: "mcp.server.operation.duration" in text),
            ("the log arrives", lambda text: "serving MCP" in text),
        ]:
            table.check(row, what, waited(log, there), log.read_text()[-3000:])
        dropped = [line for line in page(f"{base}/metrics").splitlines() if line.startswith("mcpvisor_telemetry_dropped_total")]
        table.check(row, "nothing is dropped", dropped and all(line.endswith(" 0") for line in dropped), "\n".join(dropped))
        code = custody.end(children.pop())
        table.check(row, "TERM ends it with exit code 0", code == 0, f"exit code {code}")
    except (OSError, TimeoutError, ValueError) as fault:
        table.check(row, "it runs to its end", False, repr(fault)[:2000])
    finally:
        for child in reversed(children):
            custody.end(child)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def page(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


def ready(base):
    try:
        servers = json.loads(page(f"{base}/api/v1/servers"))["servers"]
        return all(server["state"] == "ready" for server in servers)
    except OSError:
        return False


def waited(log, there):
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        if there(log.read_text()):
            return True
        time.sleep(0.05)
    return False


def linked(text):
    """Our trace has the server span below our own span, and the client span below the server span."""
    spans = []
    for block in re.split(r"Span #\d+|ScopeSpans #\d+", text):
        # the first ones are the span's; metrics and logs may come after the last span
        fields = dict(reversed(re.findall(r"(Trace ID|Parent ID|ID|Name|Kind)\s*:\s*([^\n]*)", block)))
        if fields.get("Trace ID", "").strip() == TRACE:
            spans.append({key: value.strip() for key, value in fields.items()})
    server = [span for span in spans if span.get("Parent ID") == PARENT]
    return any(span.get("Parent ID") == above.get("ID") for above in server for span in spans)
