"""What an export has read so far, unit by unit, on the disk until it is published.

A unit is a page of a report, or what a group of members was answered. A run that was killed finds
here what it need not ask for again.

    FOLDER/asked.json    the question; the answers to another one are thrown away
    FOLDER/rows          the units one behind the other: an Arrow stream, and the hashes of its keys
    FOLDER/units.jsonl   a line a unit: where its rows stand, and what was said of them

The rows of a unit are written before its line. What a crash leaves half is cut off on opening, and
a unit whose bytes have changed since is forgotten, so that it is read again.
"""

import io
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

import polars as pl
import xxhash

from pipelines.exports.reading.keys import HASHING, columns_of, hash_keys, pack, unpack
from pipelines.settings import private_folder

__all__ = ["SPOOL", "Spool", "Unit", "digest_rows", "has_read"]

SPOOL = ".spool"
"""Its name beside the versions of an export."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One unit that was read.

    Attributes:
        number: which one, from 1.
        rows: how many rows it has.
        digest: hash of its rows, to see whether they change or repeat another's.
        facts: what else was said, such as the totals of a page; JSON values.
        start, length: where its rows stand in the file. What was read later stands behind what
            was read before.
        keys: how many of its keys are whole; their hashes stand behind the rows.
        hashing: of which key, and how they were hashed.
        check: hash of the bytes of both.
        shape: names the columns and types of its rows; units of one shape have the same.
    """

    number: int
    rows: int
    digest: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    start: int
    length: int
    keys: int
    hashing: str
    check: str
    shape: str

    @property
    def end(self) -> int:
        """Where the next unit may begin."""
        return self.start + self.length + 8 * self.keys


class Spool:
    """The units of one export. Opened by one process at a time; its methods by any thread.

    Args:
        folder: where it lies; made if it is not there.
        asked: the question, as JSON values. Units of another question are thrown away.
        key: columns that name a row; where there are none, rows can't be told apart.
    """

    def __init__(self, folder: Path, asked: Mapping[str, Any], key: Sequence[str] = ()) -> None:
        self.key = tuple(key)
        self._hashing = f"{', '.join(key)} by {HASHING}"
        self._folder = folder
        self._lock = Lock()
        self._closed = False
        question = json.dumps(asked, sort_keys=True)
        if _read_text(folder / "asked.json") != question:
            shutil.rmtree(folder, ignore_errors=True)
        private_folder(folder)
        self._schemas: dict[str, pl.Schema] = {}
        self._rows = os.open(folder / "rows", os.O_RDWR | os.O_CREAT, 0o600)
        self._units = self._recover()
        self._end = max((unit.end for unit in self._units.values()), default=0)
        os.ftruncate(self._rows, self._end)
        self._rewrite_index()
        _write_text(folder / "asked.json", question)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def units(self) -> dict[int, Unit]:
        """The units by their number, in its order; of those put twice the last one."""
        with self._lock:
            return dict(sorted(self._units.items()))

    @property
    def stamp(self) -> tuple[int, int]:
        """Another one whenever other units are there."""
        with self._lock:
            return self._end, len(self._units)

    @property
    def shapes(self) -> list[pl.Schema]:
        """Every set of columns and types that units have, in the order of their numbers."""
        first = {unit.shape: number for number, unit in reversed(self.units.items())}
        return [self.read(number).schema for number in sorted(first.values())]

    def put(
        self,
        number: int,
        rows: pl.DataFrame,
        digest: str = "",
        facts: Mapping[str, Any] | None = None,
    ) -> Unit:
        """Keep a unit, in the place of the one of that number if there is one.

        `digest` is that of the rows if it is not given.

        Raises:
            ValueError: the spool is closed.
        """
        data = _encode(rows)
        hashes = hash_keys(rows, self.key)
        packed = pack(hashes)
        with self._lock:
            if self._closed:
                raise ValueError("the spool is closed")
            unit = Unit(
                number=number,
                rows=rows.height,
                digest=digest or _hash(data),
                facts=dict(facts or {}),
                start=self._end,
                length=len(data),
                keys=len(hashes),
                hashing=self._hashing,
                check=_hash(data, packed),
                shape=xxhash.xxh3_64_hexdigest(repr(rows.schema).encode()),
            )
            _write_all(self._rows, data, unit.start)
            _write_all(self._rows, packed, unit.start + unit.length)
            self._index.write(json.dumps(asdict(unit)) + "\n")
            self._index.flush()
            self._end = unit.end
            self._units[number] = unit
        return unit

    def read(self, number: int, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Give the rows of a unit: all columns, or those that have parts of these, if any has.

        Raises:
            KeyError: there is none of that number.
        """
        with self._lock:
            unit = self._units[number]
        data = io.BytesIO(os.pread(self._rows, unit.length, unit.start))
        if columns is None:
            return pl.read_ipc_stream(data)
        there = self._schemas.get(unit.shape)
        if there is None:
            there = self._schemas[unit.shape] = pl.read_ipc_stream(data, n_rows=0).schema
            data.seek(0)
        named = columns_of(columns, there.names())
        return pl.read_ipc_stream(data, columns=named) if named else pl.DataFrame()

    def hashes(self, number: int) -> pl.Series:
        """Give the hashes of the whole keys of a unit, without reading its rows if may be.

        Raises:
            KeyError: there is none of that number.
        """
        with self._lock:
            unit = self._units[number]
        if unit.hashing != self._hashing:
            return hash_keys(self.read(number, self.key), self.key)
        return unpack(os.pread(self._rows, 8 * unit.keys, unit.start + unit.length))

    def frames(self, numbers: Iterable[int] | None = None) -> Iterator[tuple[int, pl.DataFrame]]:
        """Give units with their rows one by one: those named, or all in the order of numbers."""
        for number in self.units if numbers is None else numbers:
            yield number, self.read(number)

    def forget(self, numbers: Iterable[int]) -> None:
        """Forget units, as if they had not been read."""
        with self._lock:
            for number in numbers:
                self._units.pop(number, None)
            self._index.close()
            self._rewrite_index()

    def close(self) -> None:
        """Let go of the files; what was read stays."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._index.close()
                os.close(self._rows)

    def drop(self) -> None:
        """Close it and throw away what was read: it is published, or of no use."""
        self.close()
        shutil.rmtree(self._folder)

    def _recover(self) -> dict[int, Unit]:
        """Read the index, and leave out what is cut or damaged."""
        found: dict[int, Unit] = {}
        for line in _read_text(self._folder / "units.jsonl").splitlines():
            with suppress(ValueError, TypeError):
                unit = Unit(**json.loads(line))
                found[unit.number] = unit
        return {number: unit for number, unit in found.items() if self._is_whole(unit)}

    def _is_whole(self, unit: Unit) -> bool:
        data = memoryview(os.pread(self._rows, unit.end - unit.start, unit.start))
        return _hash(data[: unit.length], data[unit.length :]) == unit.check

    def _rewrite_index(self) -> None:
        path = self._folder / "units.jsonl"
        lines = (json.dumps(asdict(unit)) + "\n" for unit in self._units.values())
        _write_text(path, "".join(lines))
        self._index = path.open("a", encoding="utf-8")


def has_read(out: Path) -> bool:
    """Tell whether an export into this folder left something that the next one need not ask for."""
    try:
        return (out / SPOOL / "units.jsonl").stat().st_size > 0
    except OSError:
        return False


def digest_rows(rows: pl.DataFrame) -> str:
    """Give the hash of rows, the same as a unit of them has."""
    return _hash(_encode(rows))


def _encode(rows: pl.DataFrame) -> memoryview:
    stream = io.BytesIO()
    rows.rechunk().write_ipc_stream(stream, compression="lz4")
    return stream.getbuffer()


def _hash(*pieces: memoryview | bytes) -> str:
    state = xxhash.xxh3_128()
    for piece in pieces:
        state.update(piece)
    return state.hexdigest()


def _write_all(handle: int, data: memoryview | bytes, start: int) -> None:
    while data:
        written = os.pwrite(handle, data, start)
        data, start = data[written:], start + written


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _write_text(path: Path, text: str) -> None:
    """Replace a file of mode 0600 in one step."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_text(text, "utf-8")
    fresh.replace(path)
