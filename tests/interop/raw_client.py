"""A client that keeps what it received as text: stdio, Streamable HTTP and the legacy HTTP+SSE transport.

It reads no result and judges nothing; it only records. Python's own library is all it needs.
*Invariant:* an outcome handed out is the very text of the `result` or `error` member on the wire.
"""

import http.client
import json
import socket
import threading
import time
from urllib.parse import urljoin, urlsplit

import custody
import raw_json

VERSION = "2025-11-25"
TIMEOUT = 60


class Peer:
    """What the three transports share: ids, the log of all that was heard, and waiting."""

    def __init__(self):
        self._news = threading.Condition()
        self._outcomes = {}
        self._log = []
        self._begun = {}
        self._next = 0
        self._lost = None

    def initialize(self, capabilities=None):
        """Opens the session; returns the raw outcome. Whatever it declares, it refuses what it is asked for."""
        info = {"name": "raw", "version": "1"}
        outcome = self.call("initialize", {"protocolVersion": VERSION, "capabilities": capabilities or {}, "clientInfo": info})
        self.notify("notifications/initialized")
        return outcome

    def request(self, method, params=None):
        """Sends a request and returns its id at once."""
        self._next += 1
        self._begun[self._next] = len(self._log)
        self._transmit(self._next, method, params)
        return self._next

    def notify(self, method, params=None):
        self._transmit(None, method, params)

    def _transmit(self, ident, method, params):
        message = {"jsonrpc": "2.0"} | ({} if ident is None else {"id": ident}) | {"method": method}
        if params is not None:
            message["params"] = params
        self._send(json.dumps(message, ensure_ascii=False, separators=(",", ":")), ident)

    def call(self, method, params=None, timeout=TIMEOUT):
        return self.wait(self.request(method, params), timeout)

    def wait(self, ident, timeout=TIMEOUT):
        """The outcome of one request: `result:` or `error:` and the raw text."""
        self._until(lambda: ident in self._outcomes, f"reply to request {ident}", timeout)
        return self._outcomes[ident]

    def answered(self, ident):
        return ident in self._outcomes

    def wait_progress(self, token, ident, timeout=TIMEOUT):
        """Returns when the first progress notification for `token` is there."""
        self._until(lambda: self.story(token, ident), f"progress for {token}", timeout)

    def story(self, token, ident):
        """All that concerns one call, in the order it came: raw progress params and the outcome.

        What came before the call was made is not its own: servers are asked in turn under the same tokens.
        """
        told = []
        for kind, key, raw in self._log[self._begun[ident] :]:
            if kind == "notifications/progress" and raw_json.members(raw).get("progressToken") == json.dumps(token):
                told.append(raw)
            elif kind == "reply" and key == ident:
                told.append(raw)
        return told

    def _until(self, ready, what, timeout):
        deadline = time.monotonic() + timeout
        with self._news:
            while not ready():
                if self._lost:
                    raise ConnectionError(f"{what}: {self._lost}")
                if not self._news.wait(deadline - time.monotonic()):
                    if not ready():
                        raise TimeoutError(f"{what}: not within {timeout} s")

    def _heard(self, text):
        parts = raw_json.members(text)
        if "method" in parts and "id" in parts:
            refusal = '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"not declared"}}' % parts["id"]
            is_ping = parts["method"] == '"ping"'
            self._send('{"jsonrpc":"2.0","id":%s,"result":{}}' % parts["id"] if is_ping else refusal, None)
            return
        with self._news:
            if "method" in parts:
                self._log.append((json.loads(parts["method"]), None, parts.get("params", "{}")))
            else:
                kind = "result" if "result" in parts else "error"
                self._settle(json.loads(parts["id"]), f"{kind}:{parts.get(kind)}")
            self._news.notify_all()

    def _settle(self, ident, outcome):
        if ident in self._outcomes:
            outcome = f"answered twice: {self._outcomes[ident]} and {outcome}"
        self._outcomes[ident] = outcome
        self._log.append(("reply", ident, outcome))

    def _lose(self, why):
        with self._news:
            self._lost = self._lost or why
            self._news.notify_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Stdio(Peer):
    """Newline-delimited messages over a child's stdin and stdout."""

    def __init__(self, argv, log, env=None, cwd=None):
        super().__init__()
        self._child = custody.spawn(argv, log, env, cwd, stdio=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._child.stdout:
            if line.strip():
                try:
                    self._heard(line.decode())
                except ValueError as fault:
                    self._lose(f"not a message: {line[:200]!r} ({fault})")
        self._lose("the process closed its output")

    def _send(self, text, _ident):
        self._child.stdin.write(text.encode() + b"\n")
        self._child.stdin.flush()

    def close(self):
        self.exit_code = custody.end(self._child)


class _Http(Peer):
    """What both HTTP transports share: connections that can be cut, and event streams."""

    def __init__(self, url):
        super().__init__()
        self._url = url
        self._open = set()
        self._headers = {}

    def _exchange(self, method, url, body=None, accept="application/json, text/event-stream"):
        where = urlsplit(url)
        line = http.client.HTTPConnection(where.hostname, where.port, timeout=TIMEOUT * 2)
        headers = {"Accept": accept, **self._headers}
        if body is not None:
            headers["Content-Type"] = "application/json"
        line.connect()
        link = line.sock
        self._open.add(link)
        target = where.path + (f"?{where.query}" if where.query else "")
        line.request(method, target, None if body is None else body.encode(), headers)
        return link, line, line.getresponse()

    def _release(self, link, line):
        self._open.discard(link)
        line.close()

    @staticmethod
    def _events(response):
        event, data = "message", []
        for line in iter(response.readline, b""):
            line = line.decode().rstrip("\r\n")
            if not line:
                if data:
                    yield event, "\n".join(data)
                event, data = "message", []
            elif line.startswith("event:"):
                event = line[6:].strip()
            elif line.startswith("data:"):
                data.append(line[5:].removeprefix(" "))

    def close(self):
        for link in list(self._open):
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class StreamableHttp(_Http):
    """One POST a message; the answer is JSON or an event stream on the same POST."""

    def _send(self, text, ident):
        if ident is None:
            self._post(text, None)
        else:
            threading.Thread(target=self._post, args=(text, ident), daemon=True).start()

    def _post(self, text, ident):
        try:
            link, line, response = self._exchange("POST", self._url, text)
            try:
                self._answer(response, ident)
            finally:
                self._release(link, line)
        except (OSError, ValueError, http.client.HTTPException) as fault:
            self._fail(ident, f"http: {fault!r}")

    def _answer(self, response, ident):
        session = response.getheader("mcp-session-id")
        if session and not self._headers:
            self._headers = {"Mcp-Session-Id": session, "MCP-Protocol-Version": VERSION}
        if response.getheader("content-type", "").startswith("text/event-stream"):
            for event, data in self._events(response):
                if event == "message" and data.strip():
                    self._heard(data)
            return
        body = response.read().decode()
        if response.status >= 300:
            self._fail(ident, f"http {response.status}: {body}")
        elif body.strip():
            self._heard(body)

    def _fail(self, ident, why):
        with self._news:
            if ident is not None and ident not in self._outcomes:
                self._settle(ident, why)
            self._news.notify_all()

    def close(self):
        super().close()
        if self._headers:
            try:
                link, line, response = self._exchange("DELETE", self._url)
                response.read()
                self._release(link, line)
            except (OSError, http.client.HTTPException):
                pass


class Sse(_Http):
    """The 2024 transport: one event stream for everything heard, a POST for everything said."""

    def __init__(self, url):
        super().__init__(url)
        self._post_to = None
        threading.Thread(target=self._read, daemon=True).start()
        self._until(lambda: self._post_to, "endpoint event", TIMEOUT)

    def _read(self):
        try:
            _, _, response = self._exchange("GET", self._url, accept="text/event-stream")
            for event, data in self._events(response):
                if event == "endpoint":
                    with self._news:
                        self._post_to = urljoin(self._url, data)
                        self._news.notify_all()
                elif event == "message" and data.strip():
                    self._heard(data)
            self._lose("the event stream ended")
        except (OSError, ValueError, http.client.HTTPException) as fault:
            self._lose(f"event stream: {fault!r}")

    def _send(self, text, _ident):
        link, line, response = self._exchange("POST", self._post_to, text)
        body = response.read().decode(errors="replace")
        self._release(link, line)
        if response.status >= 300:
            self._lose(f"POST answered {response.status}: {body}")
