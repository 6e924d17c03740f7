"""Holds everything recorded against the official schemas; without their folder it says so and judges nothing."""

import os
from collections import Counter
from pathlib import Path

from frames.definitions import Schemas
from frames.ledger import Ledger

FOLDER = os.environ.get("MCP_SCHEMA_DIR") or str(Path(__file__).parents[3].parent / "shared" / "schema")


def schemas():
    """The official schemas, or None when this machine has none."""
    return Schemas(FOLDER) if Path(FOLDER, "2026-07-28.json").exists() else None


def check(table, records, official):
    """`records` are (path, side, whose frames the gateway's are); one row a side and revision, one check a kind of frame.

    The gateway changes nothing it need not, so a peer's own fault may be in what it passes on: such frames are told, not counted
    against it.
    """
    if official is None:
        print(f"\nschema: skipped, there are no official schemas at {FOLDER} (set MCP_SCHEMA_DIR)")
        return
    ledgers = {}
    for path, side, sender in records:
        ledgers.setdefault(side, Ledger(official)).judge(path, sender)
    peers = set().union(*(ledger.peers for ledger in ledgers.values()))
    total, passed_on = Counter(), {}
    for side, ledger in sorted(ledgers.items()):
        for (revision, kind), count in sorted(ledger.counts.items()):
            faults = ledger.faults_of(revision, kind)
            passed_on |= {fault: found for fault, found in faults.items() if fault in peers}
            own = {fault: found for fault, found in faults.items() if fault not in peers}
            told = "\n".join(
                f"  {fault} ({len(found)} times, {found[0][0]})\n    {found[0][1][:600]}" for fault, found in own.items()
            )
            table.check(("schema", side, revision), kind, not own, told)
            total[revision] += count
    print(
        "\nframes of the gateway held against the official schemas: "
        + ", ".join(f"{n} of {revision}" for revision, n in sorted(total.items()))
    )
    for fault, found in sorted(passed_on.items()):
        print(f"  passed on as a peer said it, {len(found)} times: {fault[:160]}")
