"""Cutting records into the bodies of requests."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Limits:
    """What one request may hold at most. A record over a limit goes alone (reading T01).

    Attributes:
        records: receipts or members.
        rows: receipt lines, where the platform's limit is meant so.
        size: bytes of the body.
    """

    records: int = 400
    rows: int | None = None
    size: int = 4 * 1024 * 1024


@dataclass(frozen=True)
class Batch:
    """The body of one request, and what it holds."""

    number: int
    body: bytes
    records: int
    rows: int


@dataclass(frozen=True)
class Envelope:
    """What stands around the records: `{"ReceiptRequests":[` … `]}`."""

    name: str

    @property
    def start(self) -> bytes:
        """The bytes before the first record."""
        return f'{{"{self.name}":['.encode()

    @property
    def end(self) -> bytes:
        """The bytes after the last record."""
        return b"]}"


def cut_batches(
    frames: Iterable[pl.DataFrame], envelope: Envelope, limits: Limits
) -> Iterator[Batch]:
    """Cut records into batches, each as full as the limits let it be.

    Args:
        frames: records (`delivery.records.RECORDS`) in the order in which they are sent.
        envelope: the object around them.
        limits: what a batch may hold.

    Yields:
        Batches numbered from 1. Where the frames were cut does not matter.
    """
    number, waiting = 0, None
    around = len(envelope.start) + len(envelope.end)
    for frame in frames:
        fresh = frame.select("rows", "json")
        records = fresh if waiting is None else pl.concat([waiting, fresh], rechunk=True)
        ends = _ends(records, limits, around)
        start = 0
        for end in ends[:-1]:  # the last one may grow by the next frame
            number += 1
            yield _batch(number, records.slice(start, end - start), envelope)
            start = end
        waiting = records.slice(start)
    if waiting is not None and not waiting.is_empty():
        yield _batch(number + 1, waiting, envelope)


def _ends(records: pl.DataFrame, limits: Limits, around: int) -> list[int]:
    """Say after which record each batch ends, greedily."""
    if records.is_empty():
        return []
    totals = records.select(
        rows=pl.col("rows").cast(pl.Int64).cum_sum(),
        size=(pl.col("json").str.len_bytes().cast(pl.Int64) + 1).cum_sum(),  # and a comma
    )
    rows, size = totals["rows"], totals["size"]
    ends, start, rows_before, size_before = [], 0, 0, 0
    while start < records.height:
        end = min(start + limits.records, records.height)
        if limits.rows is not None:
            end = min(end, rows.search_sorted(rows_before + limits.rows, side="right"))
        room = limits.size - around + 1  # the last record has no comma
        end = min(end, size.search_sorted(size_before + room, side="right"))
        end = max(end, start + 1)
        ends.append(end)
        start, rows_before, size_before = end, rows[end - 1], size[end - 1]
    return ends


def _batch(number: int, records: pl.DataFrame, envelope: Envelope) -> Batch:
    text = records["json"].str.join(",").item()
    body = b"".join((envelope.start, text.encode(), envelope.end))
    return Batch(number, body, records.height, int(records["rows"].sum()))
