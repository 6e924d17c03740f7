"""A scripted client over Streamable HTTP, of one era: it sends exactly what a case tells it to, and keeps all it was told."""

import http.client
import json
import threading
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import custody
from raw_client import StreamableHttp

MODERN = "2026-07-28"
META = "io.modelcontextprotocol/"
INFO = {"name": "scripted", "version": "1"}
ALL = {"sampling": {"tools": {}, "context": {}}, "elicitation": {"form": {}, "url": {}}, "roots": {"listChanged": True}}


@dataclass
class Told:
    """Everything that came on one call: its outcome, and before it notifications and, from 2025's era, requests."""

    result: dict = None
    error: dict = None
    notes: list = field(default_factory=list)
    asked: list = field(default_factory=list)


class Client:
    """`call` returns what was told; `answers` are {method: result} for what the server asks."""

    def __init__(self, era, url):
        self.era, self._url, self._session, self._next = era, urlsplit(url), None, 0
        self.heard, self.capabilities = [], ALL
        if era == "legacy":
            opened = self.call("initialize", {"protocolVersion": "2025-11-25", "capabilities": ALL, "clientInfo": INFO})
            self.notify("notifications/initialized")
            threading.Thread(target=self._hear, args=("GET", None), daemon=True).start()
            self.opened = opened.result
        else:
            self.opened = self.call("server/discover", {}).result

    def listen(self, notifications):
        """2026-07-28: hears of changes from when this returns on."""
        self._next += 1
        message = {
            "jsonrpc": "2.0",
            "id": f"listen-{self._next}",
            "method": "subscriptions/listen",
            "params": self._dressed({"notifications": notifications}),
        }
        threading.Thread(target=self._hear, args=("POST", message), daemon=True).start()
        custody.poll("the acknowledgement", lambda: [note for note in self.heard if note["method"].endswith("/acknowledged")], 10)

    def _hear(self, verb, message):
        try:
            response = self._send(verb, message)[1]
            for _, data in StreamableHttp._events(response):
                if data.strip():  # else only an event id to take up the stream after
                    self.heard.append(json.loads(data))
        except (OSError, http.client.HTTPException, ValueError):
            pass

    def notify(self, method, params=None):
        self._send("POST", {"jsonrpc": "2.0", "method": method} | ({} if params is None else {"params": params}))[1].read()

    def call(self, method, params, answers=None, ident=None):
        self._next += 1
        message = {"jsonrpc": "2.0", "id": ident or self._next, "method": method, "params": self._dressed(params)}
        _, response = self._send("POST", message)
        if self._session is None and response.getheader("mcp-session-id"):
            self._session = response.getheader("mcp-session-id")
        told = Told()
        if response.getheader("content-type", "").startswith("text/event-stream"):
            for _, data in StreamableHttp._events(response):
                if data.strip() and self._take(told, json.loads(data), answers or {}):
                    break
        else:
            self._take(told, json.loads(response.read()), {})
        return told

    def _take(self, told, message, answers):
        if "method" in message and "id" in message:
            told.asked.append(message)
            reply = (
                {"result": answers[message["method"]]}
                if message["method"] in answers
                else {"error": {"code": -32601, "message": "not scripted"}}
            )
            self._send("POST", {"jsonrpc": "2.0", "id": message["id"], **reply})[1].read()
        elif "method" in message:
            told.notes.append(message)
        else:
            told.result, told.error = message.get("result"), message.get("error")
            return True
        return False

    def _dressed(self, params):
        if self.era == "legacy":
            return params
        own = {f"{META}protocolVersion": MODERN, f"{META}clientInfo": INFO, f"{META}clientCapabilities": self.capabilities}
        return {**params, "_meta": {**own, **params.get("_meta", {})}}

    def _send(self, verb, message):
        line = http.client.HTTPConnection(self._url.hostname, self._url.port, timeout=30)
        headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
        if self.era == "legacy" and self._session:
            headers |= {"mcp-session-id": self._session, "mcp-protocol-version": "2025-11-25"}
        elif self.era == "modern":
            headers |= {"mcp-protocol-version": MODERN, "mcp-method": message["method"]}
            name = message["params"].get("name") or message["params"].get("uri")
            headers |= {"mcp-name": name} if name else {}
        line.request(verb, self._url.path, None if message is None else json.dumps(message).encode(), headers)
        return line, line.getresponse()
