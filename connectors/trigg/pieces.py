"""An answer in a file, read piece by piece where it is a long list."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import polars as pl

from connectors.files.json_records import BLANKS, last_border
from connectors.trigg import frames
from connectors.trigg.endpoint import Answers
from connectors.trigg.records import BadAnswer, read_list

__all__ = ["PIECE", "read_pieces"]

PIECE = 8 << 20
"""Bytes read at once; a record that is longer makes a longer piece."""
_TAIL = 64 << 10


def read_pieces(
    file: Path, answers: Answers, most: int
) -> Iterator[tuple[pl.DataFrame, int | None]]:
    """Give the records of an answer as frames, and how many it tells of if it does.

    A bare list is never held as a whole; any other answer is, so its size is bounded.

    Args:
        file: the answer as it came.
        answers: whether it is one record, or a list.
        most: bytes of an answer that is no bare list.

    Raises:
        BadAnswer: as `connectors.trigg.records.read_list`; or it is too long. Frames may have come.
    """
    size = file.stat().st_size
    with file.open("rb") as opened:
        if size <= PIECE or opened.read(_TAIL).lstrip(BLANKS)[:1] != b"[":
            if size > most:
                mb = f"{most >> 20:,} MB"
                raise BadAnswer(f"an answer above {mb} that is no bare list: raise answer_mb")
            opened.seek(0)
            yield read_list(opened.read(), answers)
            return
        opened.seek(0)
        opened.seek(opened.read(_TAIL).index(b"[") + 1)
        for rows in _read_list(opened):
            yield rows, None


def _read_list(opened: BinaryIO) -> Iterator[pl.DataFrame]:
    """Read a list behind its bracket.

    A piece that parses was cut at the top level: its brackets balance.
    """
    rest, size = b"", PIECE
    while True:
        wanted = max(1, size - len(rest))
        more = opened.read(wanted)
        rest += more
        if len(more) < wanted:
            yield _parse(b"[" + rest)
            return
        rows, used = _cut(rest)
        if rows is None:
            size *= 2
            continue
        yield rows
        rest, size = rest[used:], PIECE


def _cut(rest: bytes) -> tuple[pl.DataFrame | None, int]:
    for tail in (_TAIL, len(rest)):
        if border := last_border(rest, max(0, len(rest) - tail)):
            try:
                return _parse(b"[" + rest[: border.start() + 1] + b"]"), border.end()
            except BadAnswer:
                continue
    return None, 0


def _parse(text: bytes) -> pl.DataFrame:
    try:
        return frames.to_frame(frames.open_answer(text)["data"])
    except ValueError as fault:
        raise BadAnswer(str(fault)) from None
