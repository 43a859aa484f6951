"""What became of every record of a load: one row each, and their number by outcome.

Nothing of it is kept while a load runs: all follows from the records file, what the ledger said
of each record before, and the batches. So it can be written again, and comes out the same.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from delivery.ledger import QUARANTINE, Entry, Fate, State
from delivery.outcome_tables import (
    OUTCOMES,
    PARKED,
    REFUSED,
    TABLE,
    TURNED_AWAY,
    Outcome,
)
from delivery.policy import Changed
from delivery.records import read_records, unpack_places

_OF_STATES = {
    State.ACCEPTED: "accepted",
    State.REJECTED: "rejected",
    State.IN_DOUBT: "in_doubt",
    State.SENDING: "in_doubt",
    State.PLANNED: "unsent",
    State.UNSENT: "unsent",
}
_ROWS = 20_000
QUARANTINED: Outcome = "quarantined"
HELD = "held: delivered before with other content"
_OF_FATES = {
    Fate.NEW: ("unsent", "not tried"),
    Fate.UNCHANGED: ("unchanged", "delivered before with this content"),
    Fate.IN_DOUBT: ("in_doubt", "sent by an earlier load, which does not know whether it landed"),
}
_OF_CHANGED: dict[Changed, tuple[str, str]] = {
    "hold": ("unsent", f"{HELD} (delivery.changed: hold)"),
    "reject": ("rejected", "delivered before with other content (delivery.changed: reject)"),
    "resend": ("unsent", "not tried"),
}


@dataclass(frozen=True)
class Facts:
    """All that outcomes follow from.

    Attributes:
        files: the names of the source's files, as they are told.
        records: the records file.
        refused: records that did not pass the checks, wait, or were merged (`TURNED_AWAY`); what
            a version before this one kept lacks columns.
        fates: what the ledger knew of each record, in order (`Fate`).
        entries: the load's batches.
        changed: what is done about records delivered before with other content.
        parked: records that earlier loads left in quarantine (`PARKED`).
        row_bits: the bits of a row below the number of its file.
    """

    files: Sequence[str]
    records: Path
    refused: pl.DataFrame
    fates: pl.Series
    entries: Sequence[Entry]
    changed: Changed
    parked: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PARKED))
    row_bits: int = 40


def tell_outcomes(facts: Facts) -> Iterator[pl.DataFrame]:
    """Give one row (`TABLE`) for every record of the source, some thousands at a time.

    First come those that were turned away, then those of the records file, in their order.
    """
    batches = _leaves(facts.entries)
    members = _members(facts.entries)
    before = _fates(facts.changed)
    parked = facts.parked.rename({"since": "since_before"})
    where = _where(facts)
    columns = ("row", "last_row", "rows", "key")
    if not facts.refused.is_empty():
        yield _complete(_turned_away(facts.refused).with_columns(where))
    first = 0
    for records in _gathered(read_records(facts.records, columns)):
        end = first + records.height
        start, stop = (members["place"].search_sorted(n) for n in (first, end))
        told = (
            records.with_columns(*where, facts.fates.slice(first, records.height).alias("fate"))
            .join(members.slice(start, stop - start), on="place", how="left", maintain_order="left")
            .join(batches, on="batch", how="left", maintain_order="left")
            .join(before, on="fate", how="left", maintain_order="left")
            .join(parked, on="key", how="left", maintain_order="left")
            .with_columns(
                pl.coalesce("outcome", "outcome_before").alias("outcome"),
                pl.when(pl.col("batch").is_null())
                .then("reasons_before")
                .otherwise("reasons")
                .alias("reasons"),
                pl.when(pl.col("outcome") == QUARANTINED)
                .then(pl.min_horizontal("since", "since_before"))
                .alias("since"),
            )
        )
        yield _complete(told)
        first = end


def _turned_away(refused: pl.DataFrame) -> pl.DataFrame:
    whole = pl.concat([pl.DataFrame(schema=TURNED_AWAY), refused], how="diagonal")
    is_merged = pl.col("merged_into").is_not_null()
    waits = pl.col("waits").fill_null(value=False)
    rest = pl.when(waits).then(pl.lit("unsent")).otherwise(pl.lit("rejected"))
    outcome = pl.when(is_merged).then(pl.lit("merged")).otherwise(rest)
    return whole.with_columns(outcome.alias("outcome"))


def _where(facts: Facts) -> list[pl.Expr]:
    """Tell the file from the row in it."""
    if len(facts.files) == 1:
        return [pl.lit(facts.files[0]).alias("file"), pl.col("row"), pl.col("last_row")]
    files, below = pl.Series(facts.files, dtype=pl.String), 1 << facts.row_bits
    number = pl.col("row") // below
    return [
        number.map_batches(files.gather, return_dtype=pl.String).alias("file"),
        pl.col("row") % below,
        pl.col("last_row") % below,
    ]


def _gathered(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Put small frames together: each costs some joins, whatever its size."""
    waiting: list[pl.DataFrame] = []
    for frame in frames:
        waiting.append(frame)
        if sum(each.height for each in waiting) >= _ROWS:
            yield pl.concat(waiting)
            waiting = []
    if waiting:
        yield pl.concat(waiting)


def _complete(told: pl.DataFrame) -> pl.DataFrame:
    """Bring rows into the table's form; what they do not say is null."""
    return told.select(
        (pl.col(name) if name in told.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in TABLE.items()
    )


def _leaves(entries: Sequence[Entry]) -> pl.DataFrame:
    """Say of each batch that was not split what came of it."""
    tries: dict[int, int] = {}
    for entry in entries:
        tries[entry.number] = entry.attempts + tries.get(entry.parent or 0, 0)
    rows = [
        (e.number, _outcome_of(e), e.reason, tries[e.number], e.status, e.seconds, e.sent_at)
        for e in entries
        if e.state is not State.SPLIT
    ]
    schema = {name: TABLE[name] for name in ("batch", "outcome", "reasons", "attempts")}
    schema |= {"status": TABLE["status"], "seconds": TABLE["seconds"], "since": pl.Float64()}
    moment = (pl.col("since") * 1000).cast(pl.Int64).cast(TABLE["since"])
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(moment)


def _outcome_of(entry: Entry) -> str:
    if entry.state is State.PLANNED and entry.doubted:
        return "in_doubt"  # it waits to be sent again, and may be there already
    if entry.state is State.UNSENT and entry.cause == QUARANTINE:
        return QUARANTINED
    return _OF_STATES[entry.state]


def _members(entries: Sequence[Entry]) -> pl.DataFrame:
    """Say of each record in which batch it is, by place."""
    parts = [
        unpack_places(e.places).to_frame().with_columns(pl.lit(e.number, pl.UInt32).alias("batch"))
        for e in entries
        if e.state is not State.SPLIT
    ]
    empty = pl.DataFrame(schema={"place": pl.UInt32, "batch": pl.UInt32})
    members = pl.concat([empty, *parts])
    return members if members["place"].is_sorted() else members.sort("place")


def _fates(changed: Changed) -> pl.DataFrame:
    known = {**_OF_FATES, Fate.CHANGED: _OF_CHANGED[changed]}
    rows = [(fate.value, *told) for fate, told in known.items()]
    names = {"fate": pl.UInt8, "outcome_before": pl.String, "reasons_before": pl.String}
    return pl.DataFrame(rows, schema=names, orient="row")


@dataclass(frozen=True)
class Counts:
    """Records by outcome; `held` are among the unsent."""

    by_outcome: Mapping[Outcome, int]
    held: int

    @property
    def records(self) -> int:
        """All of them."""
        return sum(self.by_outcome.values())


def write_outcomes(facts: Facts, path: Path) -> Counts:
    """Write the rows as Parquet, in one step and for the owner only; give their number.

    Beside it the accepted ones alone: `accepted.parquet`.
    """
    counts: dict[Outcome, int] = dict.fromkeys(OUTCOMES, 0)
    held = 0

    def frames(
        columns: list[str] | None, _rows: pl.Expr | None, _count: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        nonlocal held
        for told in tell_outcomes(facts):
            for outcome, count in told["outcome"].value_counts().iter_rows():
                counts[outcome] += count
            held += int(told["reasons"].str.starts_with(HELD).sum())
            yield told.select(columns) if columns else told

    _sink(register_io_source(frames, schema=TABLE), path)
    accepted = path.with_name("accepted.parquet")
    told = Counts(counts, held)
    if counts["accepted"] == told.records:
        with _written(accepted) as copy:
            shutil.copyfile(path, copy)
    else:
        _sink(pl.scan_parquet(path).filter(pl.col("outcome") == "accepted"), accepted)
    return told


def _sink(rows: pl.LazyFrame, path: Path) -> None:
    """Write rows as they come, so that a load of any size takes the same memory."""
    with _written(path) as written:
        rows.sink_parquet(written, compression="zstd", row_group_size=_ROWS)


@contextmanager
def _written(path: Path) -> Iterator[Path]:
    written = path.with_name(f".{path.name}")
    written.unlink(missing_ok=True)
    written.touch(mode=0o600)
    yield written
    written.replace(path)


__all__ = [
    "OUTCOMES",
    "PARKED",
    "QUARANTINED",
    "REFUSED",
    "TABLE",
    "TURNED_AWAY",
    "Counts",
    "Facts",
    "Outcome",
    "tell_outcomes",
    "write_outcomes",
]
