"""Cutting records into the bodies of requests."""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Self

import polars as pl

from delivery.records import each_place


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
    """How records become a body.

    Attributes:
        start, end: what stands around them.
        between: what stands between two of them.
        write: makes of records' JSON what stands in the body for each; None where that is it.
    """

    start: bytes = b""
    end: bytes = b""
    between: bytes = b","
    write: Callable[[pl.Series], pl.Series] | None = None

    @classmethod
    def of_json(cls, name: str) -> Self:
        """Give an object with one list: `{"ReceiptRequests":[` … `]}`."""
        return cls(f'{{"{name}":['.encode(), b"]}")

    def texts(self, json: pl.Series) -> pl.Series:
        """Give what stands in a body for each of these records."""
        return json if self.write is None else self.write(json)

    def wrap(self, records: pl.DataFrame) -> bytes:
        """Write the body of a request that holds these records, at least one.

        Args:
            records: with their `json`, or what was made of it, `text`.
        """
        made = records["text"] if "text" in records.columns else self.texts(records["json"])
        texts = made.cast(pl.Binary).to_list()
        texts[0] = self.start + texts[0]
        texts[-1] += self.end
        return self.between.join(texts)


def lane_of(customers: pl.Series, keys: pl.Series, lanes: int) -> pl.Series:
    """Deal records to lanes: all of one customer to the same; those of nobody by their key."""
    whose = pl.when(customers != "").then(customers).otherwise(keys)
    return pl.select(lane=(whose.hash() % lanes).cast(pl.Int32)).to_series()


class Cutter:
    """Cuts records into batches, each as full as the limits let it be.

    With several lanes, records are dealt to them by the column `lane`, and a batch holds records
    of one lane only. Where the frames were cut does not matter.

    Args:
        frames: records in the order in which they are sent, with at least `rows`, `json`, and
            `lane` (0, 1, …) if there are several.
        envelope: makes a body of them.
        limits: what a batch may hold.
        lanes: how many there are.
    """

    MOST_WAITING = 16
    """Batches that a lane which stands still may hold up before the others wait for it."""

    def __init__(
        self, frames: Iterable[pl.DataFrame], envelope: Envelope, limits: Limits, lanes: int = 1
    ) -> None:
        self.max_records = limits.records
        self._frames = iter(frames)
        self._limits = limits
        self._envelope = envelope
        self._lanes = [_Lane(envelope) for _ in range(lanes)]
        self._closed: set[int] = set()
        self._ended = False

    def cut(self, lane: int = 0) -> pl.DataFrame | None:
        """Give the next batch of a lane; None if it has no more, or has to wait for the others."""
        waiting = self._lanes[lane]
        while (end := self._end(waiting)) is None and not self._ended:
            most = self.MOST_WAITING * self._limits.records
            if any(other.height > most for other in self._lanes):
                return None
            self._read()
        if end is None:
            end = waiting.height
        return waiting.take(end) if end else None

    @property
    def lowered(self) -> bool:
        """Whether a batch holds fewer records now than when it began."""
        return self.max_records < self._limits.records

    def close(self, lane: int) -> None:
        """Let go of what a lane still has: nothing of it is given any more."""
        if len(self._lanes) > 1:
            self._closed.add(lane)
            self._lanes[lane] = _Lane(self._envelope)

    def _read(self) -> None:
        frame = next(self._frames, None)
        if frame is None:
            self._ended = True
        elif len(self._lanes) == 1:
            self._lanes[0].add(frame)
        else:
            for (number,), part in frame.partition_by("lane", as_dict=True).items():
                if number not in self._closed:
                    self._lanes[number].add(part)

    def _end(self, lane: "_Lane") -> int | None:
        """Say how many records the next batch holds; None while more records might still fit."""
        around, between = self._envelope.start + self._envelope.end, self._envelope.between
        room = self._limits.size - len(around) + len(between)  # nothing is behind the last one
        end = lane.fitting(self.max_records, self._limits.rows, room)
        return max(end, 1) if end < lane.height else None


class _Lane:
    """Records that wait to be cut, with running totals of their lines and bytes."""

    def __init__(self, envelope: Envelope) -> None:
        self._envelope = envelope
        self._parts: deque[pl.DataFrame] = deque()
        self._rows = [0]
        self._size = [0]
        self._taken = self.height = 0

    def add(self, records: pl.DataFrame) -> None:
        texts = self._envelope.texts(records["json"])
        if self._envelope.write is not None:
            records = records.with_columns(text=texts)
        sizes = texts.str.len_bytes().cast(pl.Int64)
        for totals, of_records in (
            (self._rows, records["rows"].cast(pl.Int64)),
            (self._size, sizes + len(self._envelope.between)),
        ):
            del totals[: self._taken]
            totals.extend((of_records.cum_sum() + totals[-1]).to_list())
        self._taken = 0
        self._parts.append(records)
        self.height += records.height

    def fitting(self, records: int, rows: int | None, size: int) -> int:
        """Say how many of the first records are within all three limits."""
        end, first = min(records, self.height), self._taken
        for totals, limit in ((self._rows, rows), (self._size, size)):
            if limit is not None:
                most = totals[first] + limit
                end = bisect_right(totals, most, first + 1, first + end + 1) - first - 1
        return end

    def take(self, count: int) -> pl.DataFrame:
        """Take the first records away."""
        if len(self._parts) > 1:
            self._parts = deque([pl.concat(self._parts, rechunk=True)])
        (records,) = self._parts
        self._parts = deque([records.slice(count)])
        self._taken += count
        self.height -= count
        return records.head(count)


@dataclass(frozen=True, slots=True)
class Single:
    """A record that is a request of its own; `place`, `key`, `content` as packed for the ledger."""

    place: bytes
    key: bytes
    content: bytes
    body: bytes


class Singles:
    """Gives records one by one, for methods that take one a request.

    A frame's columns are taken apart at once: to cut a frame into frames of one record costs more
    than to send them.

    Args:
        frames: as a `Cutter` takes them, each with its `place` and hashes.
        envelope: makes a body of each.
    """

    lowered = False

    def __init__(self, frames: Iterable[pl.DataFrame], envelope: Envelope) -> None:
        self.max_records = 1
        self._records = (
            Single(*record)
            for frame in frames
            for record in zip(
                each_place(frame["place"]),
                frame["key_hash"].to_list(),
                frame["content_hash"].to_list(),
                envelope.texts(frame["json"]).cast(pl.Binary).to_list(),
                strict=True,
            )
        )

    def cut(self, lane: int = 0) -> Single | None:
        """Give the next record; None if there is none."""
        assert lane == 0, "records of their own stand in no order"
        return next(self._records, None)

    def close(self, lane: int) -> None:
        """Do nothing: no lane is ever stuck."""


def cut_batches(
    frames: Iterable[pl.DataFrame], envelope: Envelope, limits: Limits
) -> Iterator[Batch]:
    """Cut records into the requests that would be sent if nothing went wrong, numbered from 1."""
    cutter, number = Cutter(frames, envelope, limits), 0
    while (records := cutter.cut()) is not None:
        number += 1
        rows = int(records["rows"].sum())
        yield Batch(number, envelope.wrap(records), records.height, rows)


__all__ = [
    "Batch",
    "Cutter",
    "Envelope",
    "Limits",
    "Single",
    "Singles",
    "cut_batches",
    "lane_of",
]
