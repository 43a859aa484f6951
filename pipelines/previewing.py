"""The first records of a source, before and after the mapping, and what would be sent of them.

Read, mapped, judged, encoded and cut by the very code that a load uses; but nothing is sent,
nothing is written down, and of the source no more is read than it takes. What is told is personal
data.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from connectors.files import FileSource, locate, read
from pipelines.feeds import LoadFeed
from pipelines.feeds.mapping import columns_of
from pipelines.loading import cut, file_source_of
from pipelines.shaped import Shaped
from pipelines.shaping import make_shaper, map_rows, source_columns, whole_records
from pipelines.sourcing import bring, label_parts, path_of, resolve_source
from transforms.requests import split_request


@dataclass(frozen=True)
class Shown:
    """One record: a member, or a receipt.

    Attributes:
        row: `_row` of the source row that it begins with.
        place: where that is, for a person.
        before: its source rows, column → text (None: no value).
        after: the same rows mapped, wire name → text.
        reasons: why it is not sent; empty if it would be.
        sent: what is sent of it; None if nothing is.
        waits: whether it waits for a member whom nobody knows yet.
    """

    row: int
    place: str
    before: list[dict[str, str | None]]
    after: list[dict[str, str | None]]
    reasons: list[str]
    sent: dict[str, Any] | None
    waits: bool = False


@dataclass(frozen=True)
class Preview:
    """The first records of a source.

    Attributes:
        source: what was read.
        endpoint: where the bodies would go.
        records: in the order of the source.
        bodies: of the requests that these records would be sent in, byte for byte.
        unused: columns of the source that no field is made of.
        columns: wire name → the source columns that it is made of.
    """

    source: str
    endpoint: str
    records: list[Shown]
    lines: list[str]
    bodies: list[str]
    unused: list[str]
    columns: dict[str, tuple[str, ...]]

    @property
    def rejected(self) -> int:
        """How many of the records would be rejected."""
        return sum(record.sent is None and not record.waits for record in self.records)

    @property
    def waiting(self) -> int:
        """How many of the records would wait."""
        return sum(record.waits for record in self.records)


def preview(feed: LoadFeed, source: str = "", limit: int = 10) -> Preview:
    """Look at the first records of a source.

    What only the whole source tells is not seen: records that come twice, control totals, the
    share of rejects (`pipelines.validating`).

    Args:
        feed: its words.
        source: a path or URL instead of the feed's own; of a URL a copy is fetched, and removed.
        limit: how many records.

    Raises:
        SourceError: the beginning of the source cannot be read.
    """
    source = resolve_source(source or path_of(feed.source, feed.partitions))
    with TemporaryDirectory(prefix="loyalty-etl-") as folder:
        path = bring(source, Path(folder), feed.source.limits)
        return _look(feed, source, path, limit)


def _look(feed: LoadFeed, source: str, path: Path, limit: int) -> Preview:
    file_source = replace(file_source_of(feed, path), rows_per_chunk=2 * limit)
    labels = label_parts(file_source, source)
    shown: list[Shown] = []
    records: list[pl.DataFrame] = []
    unused: list[str] = []
    for rows, shaped in _shape_first(feed, file_source, limit):
        taken = _first(shaped, limit - len(shown))
        sent = shaped.records.filter(pl.col("row").is_in(taken.implode()))
        records.append(sent)
        places = tell_places(file_source, taken, labels)
        shown += _show(feed, rows, shaped, dict(zip(taken, places, strict=True)))
        used = {*source_columns(feed)}
        unused = unused or [c for c in rows.columns if c not in used and not c.startswith("_")]
    requests = [split_request(batch.body.decode()) for batch in cut(feed, iter(records))]
    method, where = feed.target.endpoint.split(" ")
    columns = {name: columns_of(mapped) for name, mapped in feed.mapping.items()}
    return Preview(
        source,
        feed.target.endpoint,
        shown,
        [f"{method} {own or where}" for own, _ in requests],
        [body for _, body in requests],
        unused,
        columns,
    )


def _shape_first(
    feed: LoadFeed, source: FileSource, limit: int
) -> Iterator[tuple[pl.DataFrame, Shaped]]:
    """Shape frames until there are so many records."""
    shape, seen = make_shaper(feed), 0
    for rows in whole_records(read(source), feed):
        shaped = shape(rows)
        yield rows, shaped
        seen += shaped.records.height + shaped.refused.height
        if seen >= limit:
            return


def _first(shaped: Shaped, count: int) -> pl.Series:
    """Give the rows that the first records begin with."""
    begins = pl.concat([shaped.records["row"], shaped.refused["row"]])
    return begins.sort().head(max(count, 0))


def tell_places(source: FileSource, rows: pl.Series, labels: Sequence[str]) -> list[str]:
    """Say of each row, by its `_row`, where it stands: `line 17`, `/members/16`.

    Where the source has several parts, the part is named before that.
    """
    found = locate(source, rows, labels)
    if len(labels) == 1:
        return found["place"].to_list()
    return [f"{file}, {place}" for file, place in found.select("file", "place").iter_rows()]


def _show(
    feed: LoadFeed, rows: pl.DataFrame, shaped: Shaped, places: dict[int, str]
) -> Iterator[Shown]:
    facts = ("row", "last_row", "json", "waits")
    good = shaped.records.with_columns(waits=pl.lit(value=False)).select(facts)
    bad = shaped.refused.with_columns(json=pl.lit(None, pl.String)).select(facts)
    records = pl.concat([good, bad]).filter(pl.col("row").is_in([*places])).sort("row")
    why = pl.concat([shaped.reasons, shaped.asides]).filter(pl.col("code").is_not_null())
    why = why.select("text", row=rows["_row"].gather(why["index"]))
    own = [name for name in rows.columns if name not in {"_row", "_fault"}]
    for row, last, text, waits in records.iter_rows():
        inside = (why["row"] >= row) & (why["row"] <= last)
        before = rows.filter(pl.col("_row").is_between(row, last))
        yield Shown(
            row,
            places[row],
            before.select(own).to_dicts(),
            map_rows(feed, before).select(list(feed.mapping)).to_dicts(),
            list(dict.fromkeys(why["text"].filter(inside))),
            json.loads(split_request(text)[1] or "{}") if text is not None else None,
            waits,
        )


__all__ = ["Preview", "Shown", "preview", "tell_places"]
