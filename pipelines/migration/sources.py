"""What the sources of a migration say, read anew, and what of it the ledger knows as delivered."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import polars as pl

from connectors.trigg.account import Account
from delivery.ledger import Fate
from delivery.records import read_records
from pipelines.comparing import compare_records, target_of
from pipelines.feeds import CustomerTarget, ImportTarget, LoadFeed
from pipelines.loading import RECORDS, Prepared, forget_records, prepare, read_refused
from pipelines.migration.words import PlannedFeed
from pipelines.progress import Progress
from pipelines.settings import private_folder
from pipelines.sourcing import bring, path_of, resolve_source
from transforms.requests import bodies_of

if TYPE_CHECKING:
    from delivery.ledger.book import Ledger

Kind = Literal["members", "points", "stamps", "vehicles", "payment cards", "receipts", "records"]
_KINDS: dict[str, Kind] = {
    "POST /loyalty/bonus/addRewardPoints": "points",
    "PUT /loyalty/achievements": "stamps",
    "POST /modules/vehicles/customerId/{customerId}": "vehicles",
    "POST /payment-cards": "payment cards",
    "POST /transactions": "receipts",
}
"""What the records of a method add to a member; others are counted only."""
_DETAILS = {"stamps": "$.id", "payment cards": "$.token"}
"""Where in a body stands what tells one thing of a member from the next."""
EXPECTED = pl.Schema(
    {
        "key": pl.String,  # of the record, as the ledger knows it
        "customer": pl.String,  # as it was sent; empty if nobody's
        "amount": pl.Int64,  # ten-thousandths
        "detail": pl.String,  # the stamp card, the token, the vehicle's body
        "fate": pl.UInt8,  # `delivery.ledger.Fate`
    }
)


@dataclass(frozen=True)
class Source:
    """What the source of one feed says.

    Attributes:
        name, feed, kind: the feed, and what its records are.
        prepared: the counts and sums of the source.
        refused_amount: of the rejected records, as far as it can be read, in ten-thousandths.
        waiting_amount: the same of those that wait for a member to be known.
        unreadable: of both, those whose amount cannot be read.
        records: `EXPECTED`, one row for each that passed the checks.
    """

    name: str
    feed: LoadFeed
    kind: Kind
    prepared: Prepared
    refused_amount: int
    waiting_amount: int
    unreadable: int
    records: pl.DataFrame

    @property
    def delivered(self) -> pl.DataFrame:
        """Those that the platform took, as they stand in the source now."""
        return self.records.filter(pl.col("fate") == Fate.UNCHANGED)


def kind_of(feed: LoadFeed) -> Kind:
    """Say what the records of a feed are."""
    if isinstance(feed.target, ImportTarget | CustomerTarget):
        return "members"
    return _KINDS.get(feed.target.endpoint, "records")


def read_source(
    planned: PlannedFeed, ledger: "Ledger", account: Account, folder: Path, progress: Progress
) -> Source:
    """Read a feed's source whole, and ask the ledger of each record; nothing is sent or kept.

    Args:
        planned: the feed.
        ledger: open.
        account: where it goes.
        folder: for what is needed on the way; made for its owner only, and removed.
        progress: told how far it is.

    Raises:
        SourceError: the source cannot be read to its end.
    """
    feed, kind = planned.feed, kind_of(planned.feed)
    shutil.rmtree(folder, ignore_errors=True)
    private_folder(folder)
    told_as = resolve_source(path_of(feed.source, feed.partitions))
    try:
        source = bring(told_as, folder, feed.source.limits, progress)
        done = prepare(feed, source, folder, progress=progress, told_as=told_as)
        fates = compare_records(ledger, target_of(feed, account), folder / RECORDS)
        records = pl.concat(
            [pl.DataFrame(schema=EXPECTED), *_frames(folder / RECORDS, kind, fates)]
        )
        refused = _turned_away(folder)
    finally:
        forget_records(folder)
        shutil.rmtree(folder, ignore_errors=True)
    waiting, rejected = (refused.filter(w)["amount"] for w in (pl.col("waits"), ~pl.col("waits")))
    return Source(
        *(planned.name, feed, kind, done),
        refused_amount=int(rejected.sum()),
        waiting_amount=int(waiting.sum()),
        unreadable=refused["amount"].null_count(),
        records=records,
    )


def _turned_away(folder: Path) -> pl.DataFrame:
    refused = read_refused(folder)
    if "merged_into" in refused.columns:
        refused = refused.filter(pl.col("merged_into").is_null())
    return refused.with_columns(pl.col("waits").fill_null(value=False))


def _frames(path: Path, kind: Kind, fates: pl.Series) -> Iterator[pl.DataFrame]:
    # A column of a record batch holds on to all of the batch, so what is kept comes without texts.
    facts = read_records(path, ("key", "customer", "amount"))
    for frame, detail in zip(facts, _details(path, kind), strict=False):
        if frame.is_empty():
            continue
        first = int(frame["place"][0])
        yield frame.select(
            "key",
            "customer",
            "amount",
            detail.alias("detail"),
            fates.slice(first, frame.height).alias("fate"),
        )


def _details(path: Path, kind: Kind) -> Iterable[pl.Expr | pl.Series]:
    """Give the `detail` of each frame of records; null where the kind has none."""
    if kind not in {*_DETAILS, "vehicles"}:
        return repeat(pl.lit(None, pl.String))
    path_of = _DETAILS.get(kind)
    bodies = (bodies_of(frame["json"]) for frame in read_records(path, ("json",)))
    return (body.str.json_path_match(path_of) if path_of else body for body in bodies)


def count_fates(records: pl.DataFrame) -> dict[Fate, int]:
    """Count the records by what the ledger knows of them."""
    counts = dict(records.group_by("fate").len().iter_rows())
    return {fate: counts.get(fate.value, 0) for fate in Fate}


def amount_by_fate(records: pl.DataFrame, fate: Fate) -> int:
    """Add up the amounts of those of one fate, in ten-thousandths."""
    return int(records.filter(pl.col("fate") == fate)["amount"].sum())


__all__ = [
    "EXPECTED",
    "Kind",
    "Source",
    "amount_by_fate",
    "count_fates",
    "kind_of",
    "read_source",
]
