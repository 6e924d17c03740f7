"""Reads HTTP/1.1 as it passes by: bodies of requests and responses, event by event where they are event streams.

Knows what MCP peers use: content-length, chunked, until close, gzip. *Invariant:* it only reads what others pass on, so a
fault here loses a record, never a byte.
"""

import zlib


class Side:
    """One direction of one connection. Calls `head(start_line, headers)`, `event(name, data)`, `body(bytes)` and `upgraded(headers)`."""

    def __init__(self, handler, is_response):
        self._handler, self._is_response = handler, is_response
        self._buffer = b""
        self._step = self._head
        self.passed = False  # another protocol from here on
        self.then = None  # who reads that, if anybody does

    def feed(self, data):
        if self.then:
            return self.then.feed(data)
        self._buffer += data
        while not self.passed and self._step():
            pass
        return None

    def become(self, reader):
        """From here on `reader` is fed: the connection was upgraded."""
        self.passed, self.then = True, reader
        rest, self._buffer = self._buffer, b""
        reader.feed(rest)

    def ended(self):
        if self._step == self._until_close:
            self._finish()

    def _take(self, until):
        at = self._buffer.find(until)
        if at < 0:
            return None
        taken, self._buffer = self._buffer[:at], self._buffer[at + len(until) :]
        return taken

    def _head(self):
        block = self._take(b"\r\n\r\n")
        if block is None:
            return False
        first, *lines = block.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        status = int(first.split(" ")[1]) if self._is_response else 0
        if status == 101:
            self.passed = True
            self._handler.upgraded(headers)
            return False
        if 100 <= status < 200:
            return True
        self._events = headers.get("content-type", "").startswith("text/event-stream")
        self._unzip = zlib.decompressobj(31) if headers.get("content-encoding") == "gzip" else None
        self._plain, self._fields = b"", {}
        self._handler.head(first, headers)
        if headers.get("transfer-encoding", "").lower() == "chunked":
            self._step = self._chunk
        elif "content-length" in headers:
            self._left = int(headers["content-length"])
            self._step = self._counted
        elif self._is_response and status not in (204, 304):
            self._step = self._until_close
        else:
            self._finish()
        return True

    def _counted(self):
        part, self._buffer = self._buffer[: self._left], self._buffer[self._left :]
        self._left -= len(part)
        self._content(part)
        if self._left == 0:
            self._finish()
        return self._left == 0

    def _until_close(self):
        part, self._buffer = self._buffer, b""
        self._content(part)
        return False

    def _chunk(self):
        line = self._take(b"\r\n")
        if line is None:
            return False
        self._left = int(line.split(b";")[0], 16)
        self._step = self._chunk_data if self._left else self._trailer
        return True

    def _chunk_data(self):
        if len(self._buffer) < self._left + 2:
            return False
        part, self._buffer = self._buffer[: self._left], self._buffer[self._left + 2 :]
        self._content(part)
        self._step = self._chunk
        return True

    def _trailer(self):
        line = self._take(b"\r\n")
        if line == b"":
            self._finish()
        return line is not None

    def _content(self, part):
        self._plain += self._unzip.decompress(part) if self._unzip else part
        if self._events:
            *lines, self._plain = self._plain.replace(b"\r\n", b"\n").split(b"\n")
            for line in lines:
                self._event_line(line.decode(errors="replace"))

    def _event_line(self, line):
        if not line:
            if self._fields.get("data", "").strip():
                self._handler.event(self._fields.get("event", "message"), self._fields["data"])
            self._fields = {}
        else:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            before = f"{self._fields['data']}\n" if name == "data" and "data" in self._fields else ""
            self._fields[name] = before + value

    def _finish(self):
        self._step = self._head
        if not self._events and self._plain.strip():
            self._handler.body(self._plain)
