"""The official conformance suite, directly against the reference server and through the gateway: each scenario must end alike.

Every leg through the gateway names how the reference server is behind it: over HTTP or stdio, of both eras or of 2025 only,
alone or beside a server that has nothing but tools. Frames are recorded on both sides of the gateway.
"""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import custody
from frames.http_tap import HttpTap
from gateway import Gateway
from reference import Reference
from servers import MARK, NODE, STDIO_TAP

# What is run, and how the suite is asked for it: every revision it has, and everything it holds back as pending.
RUNS = {
    "2025-03-26": ["--suite", "all", "--spec-version", "2025-03-26"],
    "2025-06-18": ["--suite", "all", "--spec-version", "2025-06-18"],
    "2025-11-25": ["--requirements", "2025-11-25"],
    "2026-07-28": ["--requirements", "2026-07-28"],
    "pending": ["--suite", "pending"],
}
REVISIONS = tuple(RUNS)
AT_ONCE = 3  # legs side by side: most of a leg is waiting
# Before a server of 2025 only: what both of them know. The tasks and skills extensions are of 2026-07-28 and never bridged (SEP-2663).
LEGACY_RUNS = {
    **{revision: arguments for revision, arguments in RUNS.items() if revision not in ("2026-07-28", "pending")},
    "2026-07-28": ["--suite", "all", "--spec-version", "2026-07-28"],
}
KEYS = "it names the keys of inputRequests, which the server chooses (2026-07-28, MRTR); a request of a 2025 server has none"
# Scenarios whose single checks are about one connection: only their verdict must be the same.
ONE_CONNECTION = {"server-sse-polling": "when a server closes its own streams, and whether it answers with one at all"}
# Scenarios of 2026-07-28 that no gateway can pass in front of a server of 2025, and why.
LEGACY_ONLY = {
    "input-required-result-basic-elicitation": KEYS,
    "input-required-result-ignore-extra-params": KEYS,
    "input-required-result-multiple-input-requests": "a 2025 server asks one by one, and no request says that more will come",
}


@dataclass(frozen=True)
class Leg:
    """How the reference server stands behind the gateway."""

    transport: str
    eras: str
    beside: bool

    @property
    def name(self):
        return f"{self.transport} {self.eras}{' +tools' if self.beside else ''}"

    @property
    def runs(self):
        return LEGACY_RUNS if self.eras == "legacy" else RUNS


LEGS = [
    Leg("http", "dual", False),
    Leg("stdio", "dual", False),
    Leg("http", "legacy", False),
    Leg("stdio", "legacy", False),
    Leg("http", "dual", True),
    Leg("stdio", "dual", True),
    Leg("http", "legacy", True),
]


class Conformance:
    """Runs the suite; keeps {revision: {scenario: [(check, status)]}} for each leg."""

    def __init__(self, cache, run):
        self._suite = [NODE, f"{cache}/node_modules/@modelcontextprotocol/conformance/dist/index.js", "server"]
        self._cache = cache
        self.run = Path(run) / "conformance"
        self.run.mkdir()
        self._logs = self.run / "logs"
        self._logs.mkdir()
        self._records = []
        self.reference = Reference(cache, self._logs)

    def suite(self, url, name, runs):
        return {revision: self._revision(url, name, revision, arguments) for revision, arguments in runs.items()}

    def _revision(self, url, name, revision, arguments):
        out = self.run / name.replace(" ", "-") / revision
        argv = [*self._suite, "--url", url, *arguments, "-o", str(out)]
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240
        )
        out.mkdir(parents=True, exist_ok=True)
        (out / "output.log").write_text(done.stdout)
        summary = done.stdout.partition("=== SUMMARY ===")[2]
        ran = re.findall(r"^[✓✗] (\S+): \d+ passed", summary, re.MULTILINE)
        if not ran:
            raise ValueError(f"the suite did not come to its summary: {done.stdout[-2000:]}")
        extra = summary.partition("Not scored")[2]
        return {
            scenario: Outcome(_checks(out, scenario), scenario not in re.findall(r"[✓✗] (\S+) \(", extra)) for scenario in ran
        }

    def leg(self, leg, binary):
        """The outcome of one leg through the gateway."""
        folder = self.run / leg.name.replace(" ", "-")
        taps = folder / "downstream"
        (folder / "logs").mkdir(parents=True)
        taps.mkdir()
        behind = None
        if leg.transport == "stdio":
            command, *args = [*STDIO_TAP, str(taps), *Reference.command(leg.eras)]
            server = {"command": command, "args": args, "env": {**self.reference.env, MARK: str(folder)}}
        else:
            behind = HttpTap(self.reference.listen(leg.eras, leg.name.replace(" ", "-")), taps / "http.jsonl")
            server = {"url": f"http://127.0.0.1:{behind.port}/mcp", "type": "streamable-http"}
        servers = {"reference": server}
        if leg.beside:
            servers["beside"] = self._tools_only(taps)
        (folder / "config").mkdir()
        config = folder / "config" / "mcpvisor.yaml"
        config.write_text(json.dumps({"naming": {"strategy": "flat"}, "servers": servers}))
        gateway = Gateway(binary, str(config), str(folder))
        try:
            return self.suite(gateway.target("http")[0], leg.name, leg.runs)
        finally:
            gateway.stop()
            self._records += gateway.records()
            if behind:
                behind.close()

    def _tools_only(self, taps):
        """server-time speaks both eras and has tools, nothing else."""
        own = taps / "beside"
        own.mkdir()
        command, *args = [*STDIO_TAP, str(own), f"{self._cache}/venv/bin/mcp-server-time", "--local-timezone", "UTC"]
        return {"command": command, "args": args}

    def records(self):
        """(path, side, whose frames the gateway's are) of everything recorded."""
        yield from self._records
        for path in sorted(self.run.glob("*/downstream/**/*.jsonl")):
            yield path, "to http" if path.name == "http.jsonl" else "to stdio", "client"


@dataclass(frozen=True)
class Outcome:
    """How one scenario ended."""

    checks: tuple  # (check, status, words)
    counts: bool  # whether the revision's requirements count it

    @property
    def passed(self):
        return all(status != "FAILURE" for _, status, _ in self.checks)


def _checks(out, scenario):
    found = [
        path
        for path in out.glob(f"server-{scenario}-*/checks.json")
        if re.fullmatch(rf"server-{scenario}-\d{{4}}-.*", path.parent.name)
    ]
    if not found:
        return (("ran", "FAILURE", "it broke off before its first check"),)
    seen = {}
    checks = []
    for check in json.loads(found[0].read_text()):
        seen[check["id"]] = seen.get(check["id"], 0) + 1
        name = check["id"] if seen[check["id"]] == 1 else f"{check['id']} #{seen[check['id']]}"
        checks.append((name, check["status"], check.get("errorMessage", "")))
    return tuple(checks)


def compare(table, leg, revision, direct, got):
    """One check a scenario: every check of it that succeeds directly succeeds through the gateway."""
    row = ("conformance", revision, leg.name)
    excused = LEGACY_ONLY if leg.eras == "legacy" and revision == "2026-07-28" else {}
    for scenario, want in direct.items():
        have = got.get(scenario)
        if have is None and leg.eras == "legacy" and scenario.startswith("tasks-"):
            continue
        if have is None:
            table.check(row, scenario, False, "it did not run")
            continue
        statuses = {name: (status, words) for name, status, words in have.checks}
        lost = [
            f"  {name}: {' '.join(statuses.get(name, ('not seen', '')))}"
            for name, status, _ in want.checks
            if scenario not in ONE_CONNECTION
            and status == "SUCCESS"
            and statuses.get(name, ("", ""))[0] not in ("SUCCESS", "INFO")
        ]
        if want.passed and not have.passed:
            lost += [f"  {name}: {status} {words}" for name, status, words in have.checks if status == "FAILURE"]
        if not (lost and scenario in excused):
            table.check(row, scenario, not lost, "\n".join(dict.fromkeys(lost)))


def report(direct, legs):
    """The suite's own count of each leg, as a table."""
    columns = {"direct": direct, **legs}
    width = max(map(len, columns))
    print(f"\n{'conformance'.ljust(width)}  " + "  ".join(revision.rjust(18) for revision in REVISIONS))
    for name, outcome in columns.items():
        cells = []
        for revision in REVISIONS:
            ran = outcome.get(revision, {})
            counted = [had.passed for scenario, had in ran.items() if direct[revision][scenario].counts]
            others = [had.passed for scenario, had in ran.items() if not direct[revision][scenario].counts]
            cells.append((f"{sum(counted)}/{len(counted)}" + (f" (+{sum(others)}/{len(others)})" if others else "")).rjust(18))
        print(f"{name.ljust(width)}  " + "  ".join(cells))
    print("each connection's own affair, so that only the verdict must be the same:")
    for scenario, reason in ONE_CONNECTION.items():
        print(f"  {scenario}: {reason}")
    print("not possible before a server of 2025 only, and so not asked of the legs called legacy:")
    for scenario, reason in LEGACY_ONLY.items():
        print(f"  {scenario}: {reason}")


def check(table, cache, run, binary):
    """All legs; returns what was recorded."""
    suite = Conformance(cache, run)
    direct = suite.suite(f"http://127.0.0.1:{suite.reference.listen('dual', 'direct')}/mcp", "direct", RUNS)
    for revision in REVISIONS:
        for scenario, outcome in direct[revision].items():
            if outcome.counts or not outcome.passed:
                faults = [f"  {name}: {words}" for name, status, words in outcome.checks if status == "FAILURE"]
                table.check(("conformance", revision, "direct"), scenario, outcome.passed, "\n".join(faults))
    legs = {}
    with ThreadPoolExecutor(AT_ONCE) as lanes:
        running = {leg: lanes.submit(suite.leg, leg, binary) for leg in LEGS} if binary else {}
        for leg, lane in running.items():
            try:
                legs[leg.name] = lane.result()
            except (OSError, ValueError, subprocess.TimeoutExpired) as fault:
                table.check(("conformance", "all", leg.name), "runs to its end", False, repr(fault)[:2000])
                continue
            for revision in leg.runs:
                compare(table, leg, revision, direct[revision], legs[leg.name][revision])
    report(direct, legs)
    return list(suite.records())


if __name__ == "__main__":  # python conformance.py CACHE RUN [MCPVISOR]
    from frames import check as frames
    from table import Table

    outcome = Table()
    try:
        recorded = check(outcome, sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
        frames.check(outcome, recorded, frames.schemas())
    finally:
        custody.end_all()
    sys.exit(0 if outcome.print() else 1)
