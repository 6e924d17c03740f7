"""Stands between a client and a stdio server, passes every byte on at once and records the messages of both.

Usage: python stdio_tap.py FOLDER COMMAND [ARG…]; the record is FOLDER/<its process id>.jsonl.
It ends with the server's exit code, and hands the server the end of its own input.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path

from log import Log


def pump(source, sink, log, sender):
    """The record first, then the bytes: an answer is never on record before its request."""
    rest = b""
    while chunk := os.read(source, 1 << 16):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                log.frame("process", sender, line.decode(errors="replace"))
        try:
            view = memoryview(chunk)
            while view:
                view = view[os.write(sink, view) :]
        except OSError:
            break


def main():
    folder, *command = sys.argv[1:]
    log = Log(Path(folder) / f"{os.getpid()}.jsonl")
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def say():
        pump(0, child.stdin.fileno(), log, "client")
        child.stdin.close()

    threading.Thread(target=say, daemon=True).start()
    pump(child.stdout.fileno(), 1, log, "server")
    os._exit(child.wait())


main()
