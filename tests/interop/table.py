"""Counts promises kept and broken and prints them as one table."""


class Table:
    """Rows of (client, face, server); each row counts its checks, and every broken one is explained below the table."""

    def __init__(self):
        self._rows = {}
        self._faults = []

    def check(self, row, label, good, detail=""):
        counts = self._rows.setdefault(row, [0, 0])
        counts[0 if good else 1] += 1
        if not good:
            self._faults.append((row, label, detail))

    def equal(self, row, got, want):
        """One check for each label of `want`; both are {label: text}."""
        for label, text in want.items():
            other = got.get(label, "nothing was recorded")
            self.check(row, label, other == text, _difference(text, other))

    def print(self):
        """Prints everything, the totals last; returns whether nothing failed."""
        head = ("client", "face", "server")
        widths = [max(len(row[i]) for row in [head, *self._rows]) for i in range(3)]

        def line(cells, good, bad):
            print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths)), f"{good:>7} {bad:>7}", sep="  ")

        line(head, "passed", "failed")
        for row, (good, bad) in self._rows.items():
            line(row, good, bad)
        for row, label, detail in self._faults:
            print(f"\nFAILED {' / '.join(row)}: {label}\n{detail}")
        good = sum(counts[0] for counts in self._rows.values())
        bad = sum(counts[1] for counts in self._rows.values())
        print(f"\n{good} passed, {bad} failed", flush=True)
        return bad == 0


def _difference(want, got):
    """The surroundings of the first byte that differs."""
    at = next((i for i, (a, b) in enumerate(zip(want, got)) if a != b), min(len(want), len(got)))
    start = max(0, at - 120)
    return f"  first difference at {at}\n  direct  …{want[start:at + 200]!r}\n  gateway …{got[start:at + 200]!r}"
