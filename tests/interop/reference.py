"""The reference server as processes: over HTTP as long as the run lasts, over stdio as a command."""

from pathlib import Path

import custody
from servers import NODE, listens, free_port

PROGRAM = str(Path(__file__).parent / "reference" / "server.mjs")


class Reference:
    """One process for each leg that asks for one, each listening on loopback, and the commands for stdio."""

    def __init__(self, cache, logs):
        self.env = {"INTEROP_PACKAGES": cache}
        self._logs = logs

    def listen(self, eras, name):
        """The port of a new server of these eras; `name` is of its log."""
        port = free_port()
        custody.spawn([NODE, PROGRAM, str(port), eras], f"{self._logs}/reference-{name}.log", self.env)
        custody.poll(f"the reference server for {name} to listen", lambda: listens(port))
        return port

    @staticmethod
    def command(eras):
        return [NODE, PROGRAM, "stdio", eras]
