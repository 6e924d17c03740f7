"""Starts processes in their own process groups and ends them by id.

Each group is noted in the file `INTEROP_GROUPS` while it lives, so that the shell's trap can end what an aborted run left.
"""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

_alive = set()
_noting = threading.Lock()


def _note(begun=(), ended=()):
    with _noting:
        _alive.update(begun)
        _alive.difference_update(ended)
        Path(os.environ["INTEROP_GROUPS"]).write_text("".join(f"{pid}\n" for pid in sorted(_alive)))


def spawn(argv, log, env=None, cwd=None, stdio=False):
    """Starts `argv` as a group of its own; its errors go to `log`, and so does its output unless `stdio`."""
    pipe = subprocess.PIPE if stdio else None
    with open(log, "ab") as errors:
        process = subprocess.Popen(
            argv,
            stdin=pipe or subprocess.DEVNULL,
            stdout=pipe or errors,
            stderr=errors,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )
    _note(begun=[process.pid])
    return process


def _signal(process, number):
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass


def end(process, patience=15):
    """Closes its stdin, then TERM, then KILL to the whole group. Returns the exit code."""
    try:
        if process.stdin:
            try:
                process.stdin.close()
            except BrokenPipeError:
                pass
            try:
                return process.wait(5)
            except subprocess.TimeoutExpired:
                pass
        _signal(process, signal.SIGTERM)
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
            return process.wait()
    finally:
        _signal(process, signal.SIGKILL)
        _note(ended=[process.pid])


def end_all():
    """Kills every group that is still noted."""
    for pid in list(_alive):
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        _note(ended=[pid])


def marked(mark):
    """{pid: command line} of living processes whose environment holds the variable `mark` ("NAME=value")."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                if "\nState:\tZ" not in (entry / "status").read_text():
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
    return found


def poll(what, check, deadline=60):
    """Asks `check` until it gives something true; the deadline is the only way to fail."""
    until = time.monotonic() + deadline
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {deadline} s")
        time.sleep(0.05)
