"""The gateway under test: its two commands, and a raw client for each of its faces."""

import urllib.error
import urllib.request
from pathlib import Path

import custody
from frames.http_tap import HttpTap
from raw_client import Sse, Stdio, StreamableHttp
from servers import STDIO_TAP, free_port

FACES = ("stdio", "http", "sse")


class Gateway:
    """One mcpvisor that serves HTTP, and as many on stdio as are asked for; each kind has a state folder of its own.

    Clients reach every face through a tap; `record` is the folder with what they were told.
    """

    def __init__(self, binary, config, run):
        self._binary, self._config, self._run = binary, config, run
        self.record = Path(run) / "faces"
        (self.record / "stdio").mkdir(parents=True)
        port = free_port()
        self._tap = HttpTap(port, self.record / "http.jsonl")
        self.base = f"http://127.0.0.1:{self._tap.port}"
        argv = [binary, "serve", "--config", config, "--listen", f"127.0.0.1:{port}"]
        self._child = custody.spawn(argv, f"{run}/logs/gateway-serve.log", self._env("serve"))
        custody.poll("/livez of the gateway", self._alive)

    def _env(self, kind):
        return {"MCPVISOR__STATE_DIR": f"{self._run}/state-{kind}"}

    def _alive(self):
        if self._child.poll() is not None:
            raise ChildProcessError(f"mcpvisor serve exited with {self._child.returncode}; see {self._run}/logs")
        try:
            with urllib.request.urlopen(f"{self.base}/livez", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def stdio_command(self):
        state = self._env("stdio")
        tapped = [*STDIO_TAP, str(self.record / "stdio"), self._binary, "stdio", "--config", self._config]
        return ["env", *(f"{key}={value}" for key, value in state.items()), *tapped]

    def target(self, face):
        """What an SDK client or Inspector is pointed at: a command or an address."""
        paths = {"http": "/mcp", "sse": "/sse", "ws": "/ws"}
        base = self.base.replace("http:", "ws:") if face == "ws" else self.base
        return self.stdio_command() if face == "stdio" else [base + paths[face]]

    def connect(self, face):
        if face == "stdio":
            return Stdio(self.stdio_command(), f"{self._run}/logs/gateway-stdio.log")
        return {"http": StreamableHttp, "sse": Sse}[face](self.target(face)[0])

    def stop(self):
        """Ends `serve` with TERM; returns its exit code."""
        try:
            return custody.end(self._child, patience=30)
        finally:
            self._tap.close()

    def records(self):
        """(path, side, whose frames the gateway's are) of every face; SSE and WebSocket are reached by the HTTP one."""
        yield self.record / "http.jsonl", "face http", "server"
        for path in sorted((self.record / "stdio").glob("*.jsonl")):
            yield path, "face stdio", "server"
