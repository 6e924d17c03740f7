"""A recording proxy for HTTP on loopback: passes bytes on unchanged, keeps the JSON-RPC messages of both directions."""

import asyncio
import itertools
import json
import threading
from urllib.parse import urlsplit

from frames.http_stream import Side
from frames.log import Log
from frames.websocket import Messages

_exchanges = itertools.count(1)
_loop = None


def _background():
    """The one event loop of all taps, in a thread of its own."""
    global _loop
    if _loop is None:
        _loop = asyncio.new_event_loop()
        threading.Thread(target=_loop.run_forever, daemon=True).start()
    return _loop


class HttpTap:
    """Listens on a free port and forwards to 127.0.0.1:`target`."""

    def __init__(self, target, path):
        self._target, self._log = target, Log(path)
        started = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, "127.0.0.1", 0), _background())
        self._server = started.result(10)
        self.port = self._server.sockets[0].getsockname()[1]

    def url(self, url):
        """The same address, through this tap."""
        return url.replace(f":{urlsplit(url).port}/", f":{self.port}/")

    def close(self):
        _background().call_soon_threadsafe(self._server.close)

    async def _serve(self, reader, writer):
        try:
            onward = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            return writer.close()
        connection = _Connection(self._log)
        said = connection.said = Side(connection.request, is_response=False)
        heard = connection.heard = Side(connection.response, is_response=True)
        up = asyncio.create_task(_pump(reader, onward[1], said))
        down = asyncio.create_task(_pump(onward[0], writer, heard))
        # Whoever closes first ends both: half-open connections are no part of HTTP.
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        for task in (up, down):
            task.cancel()
        await asyncio.gather(up, down, return_exceptions=True)
        heard.ended()
        for end in (writer, onward[1]):
            end.close()


async def _pump(reader, writer, side):
    while data := await reader.read(1 << 16):
        # The record first: an answer is never on record before its request.
        try:
            side.feed(data)
        except (ValueError, IndexError):
            side.passed = True  # not HTTP as we know it: pass it on unrecorded
        writer.write(data)
        await writer.drain()


class _Connection:
    """Pairs the requests of one connection with their responses, which come in the same order."""

    def __init__(self, log):
        self._log, self._waiting = log, []
        self.request, self.response = _Requests(self), _Responses(self)

    def opened(self, headers, first):
        exchange = str(next(_exchanges))
        self._waiting.append(exchange)
        target = first.split(" ")[1]
        if "mcp-session-id" in headers:
            self._log.belongs(exchange, headers["mcp-session-id"])
        elif "?" in target:
            self._log.belongs(exchange, target)
        return exchange

    def answered(self, headers):
        exchange = self._waiting.pop(0)
        if "mcp-session-id" in headers:
            self._log.belongs(exchange, headers["mcp-session-id"])
        return exchange

    def upgraded(self, headers):
        """WebSocket from here on: one exchange for as long as it lasts."""
        exchange = self._waiting.pop(0)
        deflated = "permessage-deflate" in headers.get("sec-websocket-extensions", "")
        for side, sender in ((self.heard, "server"), (self.said, "client")):
            side.become(Messages(lambda text, sender=sender: self.frames(exchange, sender, text), deflated))

    def frames(self, exchange, sender, text):
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if isinstance(found, list):
            for one in found:
                self._log.frame(exchange, sender, json.dumps(one, ensure_ascii=False))
        else:
            self._log.frame(exchange, sender, text)


class _Requests:
    def __init__(self, connection):
        self._connection = connection

    def head(self, first, headers):
        self._exchange = self._connection.opened(headers, first)

    def event(self, name, data):
        pass

    def body(self, content):
        self._connection.frames(self._exchange, "client", content.decode(errors="replace"))


class _Responses:
    def __init__(self, connection):
        self._connection = connection
        self._json = False

    def head(self, _first, headers):
        self._exchange = self._connection.answered(headers)
        self._json = headers.get("content-type", "").startswith("application/json")

    def event(self, name, data):
        if name == "endpoint":
            self._connection._log.belongs(self._exchange, data)
        elif name == "message":
            self._connection.frames(self._exchange, "server", data)

    def upgraded(self, headers):
        self._connection.upgraded(headers)

    def body(self, content):
        if self._json:
            self._connection.frames(self._exchange, "server", content.decode(errors="replace"))
