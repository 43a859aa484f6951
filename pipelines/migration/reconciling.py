"""The reconciliation: sources, ledger and platform against each other, and the verdict.

.state/migrations/<plan>/reconciliation.json    counts and sums; no personal data
                         reconciliation.html    the same, to be read and signed
                         differences.parquet    every difference with its key (0600, as all there)
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from delivery.ledger import Fate
from pipelines.counting import amount_text
from pipelines.migration.compared import Comparison
from pipelines.migration.sources import Source, amount_by_fate, count_fates
from transforms.receipts import SCALE

REPORT, PAGE, DIFFERENCES_FILE = (
    "reconciliation.json",
    "reconciliation.html",
    "differences.parquet",
)
_UNITS = {"points": "points", "stamps": "stamps", "receipts": "money"}


@dataclass(frozen=True)
class Counted:
    """One feed's source, and what became of it: source = the sum of all others.

    Attributes:
        step, kind: the feed and what its records are.
        unit: `records`, or what their amounts are.
        source: all that the source holds, rejected rows too.
        delivered: what the platform took, by the ledger.
        merged: members that others stand for, of this feed or of another one.
        rejected: what the checks refused.
        undelivered: what passed them, and the platform did not take, or waits for its member.
        held: what it took with other content than the source has now.
        in_doubt: what may or may not have arrived.
        unreadable: rejected records whose amount cannot be read, and is in no sum.
    """

    step: str
    kind: str
    unit: str
    source: int
    delivered: int
    merged: int
    rejected: int
    undelivered: int
    held: int
    in_doubt: int
    unreadable: int = 0

    @property
    def adds_up(self) -> bool:
        """Whether the parts are the whole."""
        parts = self.delivered + self.merged + self.rejected + self.undelivered
        return self.source == parts + self.held + self.in_doubt


@dataclass(frozen=True)
class Reconciliation:
    """What came of it.

    Attributes:
        facts: the plan, where it went, when, and the runs.
        counted: by feed, records and amounts.
        comparison: by kind, sent and held.
    """

    facts: dict[str, Any]
    counted: list[Counted]
    comparison: Comparison

    @property
    def differences(self) -> int:
        """How many there are."""
        return sum(row.differences for row in self.comparison.rows)

    @property
    def in_doubt(self) -> int:
        """Records that are in doubt, or held back since they changed."""
        return sum(c.in_doubt + c.held for c in self.counted if c.unit == "records")

    @property
    def left_out(self) -> int:
        """Records that are not at the platform, and by no mistake of ours."""
        return sum(c.rejected + c.undelivered for c in self.counted if c.unit == "records")

    @property
    def balances(self) -> bool:
        """Whether all that was read is accounted for, and held as it was sent, to the point."""
        return not self.differences and not self.in_doubt and all(c.adds_up for c in self.counted)

    @property
    def verdict(self) -> str:
        """The same in words."""
        if not self.balances:
            parts = [f"{self.differences:,} differences"] if self.differences else []
            parts += [f"{self.in_doubt:,} records in doubt or held"] if self.in_doubt else []
            return f"does not balance: {', '.join(parts) or 'counts do not add up'}"
        left = f"; {self.left_out:,} records were left out, with reasons" if self.left_out else ""
        return f"balances{left}"

    def told(self) -> dict[str, Any]:
        """Give all of it as JSON has it; amounts of money are texts."""
        return {
            "verdict": self.verdict,
            "balances": self.balances,
            "differences": self.differences,
            "in_doubt": self.in_doubt,
            "left_out": self.left_out,
            **self.facts,
            "sources": [
                {k: _told(k, v, row.unit) for k, v in asdict(row).items()} for row in self.counted
            ],
            "platform": [
                {k: _told(k, v, row.unit) for k, v in {**asdict(row), "off": row.off}.items()}
                for row in self.comparison.rows
            ],
        }


def _told(name: str, value: object, unit: str) -> object:
    money = unit == "money" and isinstance(value, int) and name not in {"differences", "unreadable"}
    return amount_text(value) if money and isinstance(value, int) else value


def count_sources(sources: Sequence[Source]) -> list[Counted]:
    """Count what the sources hold and what became of it, in records and in what these add.

    A member who stands in two feeds under one key was sent by the later one at last, so the row of
    the other is merged into it.
    """
    sent = [source.delivered["key"] for source in sources if source.kind == "members"]
    members = pl.concat([pl.Series("key", dtype=pl.String), *sent])
    return [row for source in sources for row in _count(source, members)]


def _count(source: Source, members: pl.Series) -> list[Counted]:
    done, fates = source.prepared, count_fates(source.records)
    elsewhere = 0
    if source.kind == "members":
        changed = source.records.filter(pl.col("fate") == Fate.CHANGED)["key"]
        elsewhere = int(changed.is_in(members.implode()).sum())
    records = Counted(
        *(source.name, source.kind, "records", done.records),
        delivered=fates[Fate.UNCHANGED],
        merged=done.merged_records + elsewhere,
        rejected=done.rejected_records,
        undelivered=fates[Fate.NEW] + done.waiting_records,
        held=fates[Fate.CHANGED] - elsewhere,
        in_doubt=fates[Fate.IN_DOUBT],
    )
    unit = _UNITS.get(source.kind)
    if unit is None:
        return [records]
    scale = 1 if unit == "money" else SCALE
    sums = {fate: amount_by_fate(source.records, fate) // scale for fate in Fate}
    refused, waiting = source.refused_amount // scale, source.waiting_amount // scale
    amounts = Counted(
        *(source.name, source.kind, unit, sum(sums.values()) + refused + waiting),
        delivered=sums[Fate.UNCHANGED],
        merged=0,
        rejected=refused,
        undelivered=sums[Fate.NEW] + waiting,
        held=sums[Fate.CHANGED],
        in_doubt=sums[Fate.IN_DOUBT],
        unreadable=source.unreadable,
    )
    return [records, amounts]


def folder_of_questions(folder: Path) -> Path:
    """Give the folder in which answers are kept while a migration asks."""
    return folder / "asked"


__all__ = [
    "DIFFERENCES_FILE",
    "PAGE",
    "REPORT",
    "Counted",
    "Reconciliation",
    "count_sources",
    "folder_of_questions",
]
