"""What a torture found: a table, the promises that were broken, and the comparison with the truth.

The truth is the sandbox's own store, which lists each receipt and how often it was stored.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Key = tuple[str, str, str]
"""StoreId, ReceiptId, and PURCHASE or RETURN."""


@dataclass
class Report:
    """One part's table, and the promises that were found broken."""

    title: str
    heads: tuple[str, ...]
    rows: list[tuple[object, ...]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        """Add a row."""
        self.rows.append(cells)

    def expect(self, promise: str, *, kept: bool) -> None:
        """Note a promise that was not kept."""
        if not kept:
            self.broken.append(promise)
            tell(f"BROKEN: {promise}")

    def lines(self) -> list[str]:
        """Write it as Markdown."""
        shown = [[f"{c:,}" if isinstance(c, int) else str(c) for c in row] for row in self.rows]
        lines = [f"### {self.title}", "", f"| {' | '.join(self.heads)} |"]
        lines.append("| --- |" + " --: |" * (len(self.heads) - 1))
        lines += [f"| {' | '.join(row)} |" for row in shown]
        lines += ["", *self.notes] if self.notes else []
        return [*lines, *[f"\n**BROKEN**: {promise}" for promise in self.broken], ""]


def tell(line: str) -> None:
    """Say how far it is."""
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def check_store(report: Report, stored: Counter[Key], expected: Iterable[Key], what: str) -> None:
    """See that each expected receipt is stored once, and nothing else."""
    wanted = set(expected)
    lost, foreign = wanted - stored.keys(), stored.keys() - wanted
    doubled = [key for key, times in stored.items() if times > 1]
    report.expect(f"{what}: {len(lost)} receipts lost, such as {sorted(lost)[:3]}", kept=not lost)
    report.expect(
        f"{what}: {len(doubled)} doubled, such as {sorted(doubled)[:3]}", kept=not doubled
    )
    report.expect(f"{what}: {len(foreign)} stored that were not accepted", kept=not foreign)


def check_sums(report: Report, summaries: Iterable[Mapping[str, Any]], what: str) -> None:
    """See that in every finished run each record has come to one outcome."""
    for found in summaries:
        if found["state"] != "finished":
            continue
        names = ("accepted", "rejected", "quarantined", "unchanged", "merged", "in_doubt", "unsent")
        told = sum(int(found[f"{name}_records"]) for name in names)
        report.expect(
            f"{what}: {found['records']} read, {told} told", kept=told == found["records"]
        )
