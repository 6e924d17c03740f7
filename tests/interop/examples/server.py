"""A scripted server over Streamable HTTP, of one era: it says exactly what a case tells it to, and keeps what it heard."""

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODERN = "2026-07-28"
SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
CAPABILITIES = {
    "tools": {"listChanged": True},
    "resources": {"listChanged": True, "subscribe": True},
    "prompts": {"listChanged": True},
    "completions": {},
    "logging": {},
}


class Scripted:
    """Lists and answers may be changed between calls.

    `lists` is {method: [page]}; `answer` is a function of (message, talk) and gives {"result"} or {"error"}.
    """

    def __init__(self, era, opening=None):
        self.era, self.lists, self.heard = era, {}, []
        self.answer = lambda message, talk: {"result": {}}
        self._opening = opening or {}
        self._streams, self._asked, self._next = [], {}, 0
        scripted = self

        class Handler(_Handler):
            server_of = scripted

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def push(self, message):
        """A notification outside any call, on every stream that is open for such."""
        for stream in list(self._streams):
            stream.put(message)

    def listeners(self):
        return len(self._streams)

    def outcome(self, message, talk):
        """What this server answers."""
        method, params = message["method"], message.get("params") or {}
        if method == "initialize":
            info = {"name": "scripted", "version": "1"}
            return {"result": {"protocolVersion": "2025-11-25", "capabilities": CAPABILITIES, "serverInfo": info}}
        if method == "server/discover":
            opening = {"resultType": "complete", "supportedVersions": [MODERN], "ttlMs": 0, "cacheScope": "private"}
            return {"result": {**opening, **self._opening, "capabilities": CAPABILITIES}}
        if method in self.lists:
            pages = self.lists[method]
            cursors = [page.get("nextCursor") for page in pages]
            return {"result": pages[cursors.index(params["cursor"]) + 1 if params.get("cursor") else 0]}
        if method in ("ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"):
            return {"result": {}}
        return self.answer(message, talk)

    def close(self):
        self._http.shutdown()


class Talk:
    """What a call may say before it is answered."""

    def __init__(self, server, write):
        self._server, self.notify = server, write

    def ask(self, method, params):
        """A request to the client, as only a server of 2025 makes them; returns its response."""
        self._server._next += 1
        ident = f"asked-{self._server._next}"
        self._server._asked[ident] = queue.Queue()
        self.notify({"jsonrpc": "2.0", "id": ident, "method": method} | ({} if params is None else {"params": params}))
        return self._server._asked[ident].get(timeout=20)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of = None

    def log_message(self, *_):
        pass

    def do_POST(self):
        server = self.server_of
        message = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server.heard.append(message)
        if "method" not in message:
            server._asked[message["id"]].put(message)
            return self._plain(202)
        if "id" not in message:
            return self._plain(202)
        legacy = server.era == "legacy"
        if legacy and message["method"] != "initialize" and "mcp-session-id" not in self.headers:
            fault = {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32000, "message": "no session"}}
            return self._plain(400, json.dumps(fault))
        if not legacy and message["method"] == "initialize":
            fault = {"code": -32601, "message": "Method not found"}
            return self._plain(404, json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": fault}))
        self._stream({"mcp-session-id": "scripted"} if message["method"] == "initialize" else {})
        if message["method"] == "subscriptions/listen":
            return self._listen(message)
        outcome = server.outcome(message, Talk(server, self._event))
        self._event({"jsonrpc": "2.0", "id": message["id"], **outcome})
        self.wfile.write(b"0\r\n\r\n")

    def do_GET(self):
        if self.server_of.era != "legacy":
            return self._plain(405)
        self._stream({})
        self._pump(lambda message: message)

    def do_DELETE(self):
        self._plain(200)

    def _listen(self, message):
        tag = {"_meta": {SUBSCRIPTION: message["id"]}}
        filter_ = message["params"].get("notifications", {})
        params = {"notifications": filter_, **tag}
        self._event({"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": params})
        self._pump(lambda pushed: {**pushed, "params": {**pushed.get("params", {}), **tag}})

    def _pump(self, dress):
        pushed = queue.Queue()
        self.server_of._streams.append(pushed)
        try:
            while True:
                try:
                    self._event(dress(pushed.get(timeout=5)))
                except queue.Empty:
                    self._chunk(b": still here\n\n")
        except OSError:
            pass
        finally:
            self.server_of._streams.remove(pushed)

    def _plain(self, status, body=""):
        self.send_response(status)
        if body:
            self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def _stream(self, headers):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _event(self, message):
        self._chunk(f"event: message\ndata: {json.dumps(message)}\n\n".encode())

    def _chunk(self, data):
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.flush()
