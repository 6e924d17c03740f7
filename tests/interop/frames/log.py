"""The record of one tap: a file of JSON lines in the order things were seen.

Two kinds of line: a frame {"exchange", "from", "text"} and a fact {"exchange", "scope"}, which says that an HTTP exchange
belongs to a session. Over stdio there is one exchange, the process itself.
"""

import json
import threading


class Log:
    """Appends to one file; may be written by several threads."""

    def __init__(self, path):
        self._file = open(path, "a", encoding="utf-8")
        self._lock = threading.Lock()

    def frame(self, exchange, sender, text):
        """One JSON-RPC text as `sender` ("client" or "server") sent it."""
        self._write({"exchange": exchange, "from": sender, "text": text})

    def belongs(self, exchange, scope):
        """The exchange is part of the session called `scope`."""
        self._write({"exchange": exchange, "scope": scope})

    def _write(self, line):
        with self._lock:
            if not self._file.closed:
                self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
                self._file.flush()

    def close(self):
        with self._lock:
            self._file.close()


def read(path):
    """The lines of a record. A last line cut short by a kill is left out."""
    for line in path.read_bytes().split(b"\n"):
        try:
            yield json.loads(line)
        except ValueError:
            continue
