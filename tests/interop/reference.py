"""The reference server as processes: over HTTP as long as the run lasts, over stdio as a command."""

from pathlib import Path

import custody
from servers import NODE, listens, free_port

PROGRAM = str(Path(__file__).parent / "reference" / "server.mjs")
ERAS = ("dual", "legacy", "modern")


class Reference:
    """One process for each of the eras asked for, each listening on loopback, and the commands for stdio."""

    def __init__(self, cache, logs):
        self.env = {"INTEROP_PACKAGES": cache}
        self._logs, self._ports = logs, {}

    def port(self, eras):
        """Where a server of these eras listens; started when first asked for."""
        if eras not in self._ports:
            port = free_port()
            custody.spawn([NODE, PROGRAM, str(port), eras], f"{self._logs}/reference-{eras}.log", self.env)
            custody.poll(f"the {eras} reference server to listen", lambda: listens(port))
            self._ports[eras] = port
        return self._ports[eras]

    def url(self, eras):
        return f"http://127.0.0.1:{self.port(eras)}/mcp"

    @staticmethod
    def command(eras):
        return [NODE, PROGRAM, "stdio", eras]
