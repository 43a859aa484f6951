"""What the columns of a published version hold, as its files say it; nothing that is a person's."""

import re
from collections.abc import Iterator, Mapping

import polars as pl

from pipelines.exports.looking.columns import Column, describe_columns
from pipelines.exports.versions import DATA, Version
from pipelines.run_page.profiling import ColumnProfile

__all__ = ["COUNTED", "profile_version"]

COUNTED = 1_000_000
"""Rows up to which values are counted; of more only what the ends of the files say is told."""
_PERSONAL = re.compile(
    r"birth|born|age$|phone|mobile|mail|name|address|street|zip|postal|city|card|token|_run_id|"
    r"(?:^|[a-z_])id$|Id$|number$",
    re.IGNORECASE,
)


def profile_version(version: Version) -> list[ColumnProfile]:
    """Say how full each column of `data` is, and of what is counted how many values it has.

    Raises:
        OSError, ArrowInvalid, PolarsError: a file is missing or damaged.
    """
    columns = describe_columns(version, DATA)
    files = version.files()
    rows = sum(file.rows for file in version.manifest.files if file.table == DATA)
    schema = pl.read_parquet_schema(files[0]) if files else {}
    told: Mapping[str, object] = {}
    if files and 0 < rows <= COUNTED:
        asked = [part for name, kind in schema.items() for part in _ask(name, kind)]
        scan = pl.scan_parquet(files, hive_partitioning=False, missing_columns="insert")
        told = scan.select(asked).collect(engine="streaming").row(0, named=True)
    return [_profile(column, rows, told) for column in columns]


def _ask(name: str, kind: pl.DataType) -> Iterator[pl.Expr]:
    column = pl.col(name)
    if kind.is_nested():
        return
    yield column.drop_nulls().n_unique().alias(f"distinct.{name}")
    if kind == pl.String:
        lengths = column.str.len_chars()
        yield lengths.min().alias(f"shortest.{name}")
        yield lengths.max().alias(f"longest.{name}")
    elif (kind.is_numeric() or kind.is_temporal()) and not _PERSONAL.search(name):
        yield column.min().cast(pl.String).alias(f"least.{name}")
        yield column.max().cast(pl.String).alias(f"most.{name}")


def _profile(column: Column, rows: int, told: Mapping[str, object]) -> ColumnProfile:
    def number(word: str) -> int | None:
        found = told.get(f"{word}.{column.name}")
        return found if isinstance(found, int) else None

    def text(word: str) -> str:
        found = told.get(f"{word}.{column.name}")
        return _plain(str(found)) if found is not None else ""

    filled = None if column.filled is None else round(column.filled * rows)
    return ColumnProfile(
        name=column.name,
        uses=column.word,
        rows=rows,
        filled=filled,
        distinct=number("distinct"),
        shortest=number("shortest"),
        longest=number("longest"),
        least=text("least"),
        most=text("most"),
    )


def _plain(text: str) -> str:
    """Leave out what is nothing: the fractions of a second, zeros behind an amount."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d .*", text):
        return text[:16]
    return re.sub(r"(\.\d*?)0+$", r"\1", text).removesuffix(".") if "." in text else text
