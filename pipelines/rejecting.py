"""The rows that are not sent, as `rejects.csv` tells them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from connectors.files import FileSource, Stamp, locate, pick_rows, read_dialect
from delivery.rejects import RejectWriter


def reject_writer(
    source: FileSource, path: Path, run: str, labels: Sequence[str], *, keep: int = 0
) -> RejectWriter:
    """Open a file for rows of this source, whose parts are called so.

    The first bytes of one that is there are kept.
    """
    dialect = read_dialect(source)
    return RejectWriter(
        path,
        str(source.path),
        run,
        locate=lambda rows: locate(source, rows, labels),
        columns=dialect.columns,
        delimiter=dialect.delimiter,
        line_end=dialect.line_end,
        bom=dialect.bom,
        keep=keep,
    )


def write_faulty(
    rejects: RejectWriter, frame: pl.DataFrame, reasons: pl.DataFrame, counts: Counter[str]
) -> int:
    """Write the rows of a frame that have reasons, count those by code, and say how many rows."""
    counts.update(reasons["code"].drop_nulls().to_list())
    texts = reasons.group_by("index", maintain_order=True).agg(pl.col("text").str.join(" | "))
    texts = texts.sort("index")
    rejects.write(frame[texts["index"]], texts["text"])
    return texts.height


def write_rows(
    rejects: RejectWriter, source: FileSource, records: pl.DataFrame, since: Stamp
) -> int:
    """Write the source rows of records (`row`, `last_row`, `reasons`); say how many rows.

    Raises:
        SourceError: the source is not what it was.
    """
    written = 0
    for rows, told in pick_rows(source, records.select("row", "last_row", "reasons"), since):
        rejects.write(rows, told["reasons"])
        written += rows.height
    return written


def size_of(path: Path) -> int:
    """Give the bytes of a file; 0 where there is none."""
    return path.stat().st_size if path.exists() else 0
