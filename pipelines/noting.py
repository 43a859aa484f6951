"""Reasons gathered by cause while a source is judged: how many rows, which values."""

from dataclasses import dataclass, field

import polars as pl

__all__ = ["DISTINCT", "UNREAD", "Note", "Notes"]

DISTINCT = 1000
"""Values of one cause that are counted apart; a file that is all wrong may have millions."""
LONGEST = 60
"""Characters of a value whose shape is told."""
UNREAD = "row: not-readable"


@dataclass
class Note:
    """What was noticed of one cause: how many rows each value and look has, and the first one."""

    code: str
    message: str
    rows: int = 0
    values: dict[str, tuple[int, int]] = field(default_factory=dict)
    looks: dict[str, tuple[int, int]] = field(default_factory=dict)
    first: int = 0

    def add(self, value: str | None, rows: int, first: int) -> None:
        """Note so many more rows with a value."""
        self.first = self.first if self.rows else first
        self.rows += rows
        if value is not None:
            _add(self.values, value, rows, first)


def _add(counts: dict[str, tuple[int, int]], text: str, rows: int, first: int) -> None:
    times, at = counts.get(text, (0, first))
    if times or len(counts) < DISTINCT:
        counts[text] = (times + rows, at)


class Notes:
    """Gathers reasons by cause: the field, the code and, of rows not read, why.

    Args:
        most: of how many values of a cause each call takes note, the most frequent ones; the
            other rows are counted without theirs, but with the look of it.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._notes: dict[tuple[str, str], Note] = {}

    def take(self, rows: pl.Series, reasons: pl.DataFrame) -> None:
        """Take the reasons of some rows, as `pipelines.loading.prepare` gives them."""
        found = reasons.filter(pl.col("code").is_not_null()).select(
            "code",
            "value",
            "text",
            row=rows.gather(reasons.filter(pl.col("code").is_not_null())["index"]),
        )
        unread = pl.col("code") == UNREAD
        why = pl.col("text").str.split(": ").list.first()
        found = found.with_columns(
            kind=pl.when(unread).then(why.str.replace_all(r"[0-9]+", "N")).otherwise(pl.lit("")),
            value=pl.when(unread)
            .then(pl.col("text").str.strip_prefix(why + ": ").str.slice(0, 60))
            .otherwise("value"),
        )
        grouped = found.group_by("code", "kind", "value", maintain_order=True).agg(
            pl.col("row").first(),
            pl.col("text").first(),
            texts=pl.col("text").n_unique(),
            rows=pl.len(),
        )
        looks = None
        if self._most is not None:
            looks = _looks(grouped)
            grouped = _lump(grouped, self._most)
        for code, kind, value, row, text, texts, count in grouped.iter_rows():
            told = text.split(": ")[0] if kind else _message(text, value)
            note = self._notes.setdefault((code, kind), Note(code, told))
            if kind and (texts > 1 or told != note.message):
                note.message = kind  # only the numbers in it differ
            note.add(value, count, row)
        for code, kind, look, row, count in looks.iter_rows() if looks is not None else ():
            _add(self._notes[code, kind].looks, look, count, row)

    def by_count(self) -> list[Note]:
        """Give what was noticed, the most frequent first."""
        return sorted(self._notes.values(), key=lambda note: -note.rows)


def _lump(grouped: pl.DataFrame, most: int) -> pl.DataFrame:
    """Put the rare values of each cause together, as rows without a value."""
    by = ["code", "kind"]
    ordered = grouped.sort("rows", descending=True, maintain_order=True)
    rare = pl.int_range(pl.len()).over(by) >= most
    told = ordered.with_columns(value=pl.when(~rare).then("value"))
    if told["value"].null_count() == grouped["value"].null_count():
        return grouped
    return told.group_by(*by, "value", maintain_order=True).agg(
        pl.col("row").min(), pl.col("text").first(), pl.col("texts").max(), pl.col("rows").sum()
    )


def _looks(grouped: pl.DataFrame) -> pl.DataFrame:
    """Put the values together that look alike, as `pipelines.hashing.shape_of` tells it."""
    look = pl.col("value").str.slice(0, LONGEST).str.replace_all(r"\d", "9")
    look = look.str.replace_all(r"[^\W\d_]", "x")
    told = grouped.filter(pl.col("value").is_not_null()).with_columns(look=look)
    return told.group_by("code", "kind", "look", maintain_order=True).agg(
        pl.col("row").min(), pl.col("rows").sum()
    )


def _message(text: str, value: str | None) -> str:
    """Take the fault out of what `pipelines.refusing.explain` says, without the value."""
    _, sign, message = text.partition(f"'{value}': " if value is not None else ": ")
    return message if sign else text
