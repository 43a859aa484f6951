"""What stays in a file is what stood there, to the byte."""

import os
import stat
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from delivery.erasing import FORGOTTEN, CannotErase, Kept
from delivery.outcomes import TABLE
from delivery.rejects import RejectWriter

TEXT = st.none() | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8
)
ROWS = st.lists(st.tuples(TEXT, TEXT, st.booleans()), max_size=12)
Row = tuple[str | None, str | None, bool]
DIALECTS = st.tuples(st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]), st.booleans())


def write(path: Path, rows: dict[int, Row], dialect: tuple[str, str, bool]) -> None:
    delimiter, line_end, bom = dialect
    schema = {"a": pl.String, "=b": pl.String, "_row": pl.Int64}
    numbered = [(*row[:2], n) for n, row in rows.items()]
    frame = pl.DataFrame(numbered, schema=schema, orient="row")
    errors = pl.Series(["his" if row[2] else "hers" for row in rows.values()], dtype=pl.String)
    writer = RejectWriter(
        path, "s.csv", "run", delimiter=delimiter, line_end=line_end, bom=bom, columns=("a", "=b")
    )
    writer.write(frame, errors)


@given(rows=ROWS, dialect=DIALECTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_rows_of_others_stay_as_they_were(
    tmp_path: Path, rows: list[Row], dialect: tuple[str, str, bool]
) -> None:
    whole, expected = tmp_path / "whole.csv", tmp_path / "expected.csv"
    every: dict[int, Row] = dict(enumerate([*rows, (None, "x", False)], 1))
    hers = {n: row for n, row in every.items() if not row[2]}
    write(whole, every, dialect)
    write(expected, hers, dialect)
    his = pl.col("_error") == "his"
    found = Kept(whole, *dialect).find(pl.lit(value=True), his)
    assert len(found.places) == len(every) - len(hers)
    Kept(whole, *dialect).drop(found)
    assert whole.read_bytes() == expected.read_bytes()
    assert stat.S_IMODE(whole.stat().st_mode) == 0o600


def outcomes(path: Path, rows: int) -> pl.DataFrame:
    frame = pl.DataFrame({"row": range(rows)}).with_columns(
        key=pl.format("externalId\x1f{}", "row"),
        outcome=pl.when(pl.col("row") % 2 == 0)
        .then(pl.lit("rejected"))
        .otherwise(pl.lit("unchanged")),
        reasons=pl.lit("why"),
        merged_into=pl.lit("x"),
    )
    frame = frame.select(
        (pl.col(n) if n in frame.columns else pl.lit(None)).cast(kind).alias(n)
        for n, kind in TABLE.items()
    )
    frame.write_parquet(path, row_group_size=1000, metadata={"report": "customers"})
    return frame


def test_an_outcome_stays_without_its_key(tmp_path: Path) -> None:
    path = tmp_path / "outcomes.parquet"
    before = outcomes(path, 5000)
    os.chmod(path, 0o644)  # noqa: PTH101
    rows = Kept(path).find(pl.col("row") < 10, pl.col("row").is_in([2, 3]))
    Kept(path).forget(rows)
    after = pl.read_parquet(path)
    assert after.schema == before.schema
    assert after.filter(~pl.col("row").is_in([2, 3])).equals(
        before.filter(~pl.col("row").is_in([2, 3]))
    )
    kept = ["key", "outcome", "reasons", "merged_into"]
    assert [*after[2:4].select(kept).iter_rows()] == [
        (FORGOTTEN, "rejected", FORGOTTEN, None),
        (FORGOTTEN, "unchanged", "why", None),
    ]
    assert pl.read_parquet_metadata(path)["report"] == "customers"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("name", ["x.parquet", "x.csv"])
def test_a_broken_file_is_told_without_what_it_holds(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text('a,b\nsecret,"x\n1,2,3,4\n')
    with pytest.raises(CannotErase) as told:
        Kept(path).find(pl.lit(value=True), pl.col("a") == "1")
    assert str(told.value) == f"{path} cannot be read: nothing was erased; mend it, or remove it"
    assert told.value.__suppress_context__


def test_a_file_that_was_changed_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    write(path, {1: ("a", "b", True), 2: ("c", "d", False)}, (",", "\n", False))
    rows = Kept(path).find(pl.lit(value=True), pl.col("_error") == "his")
    write(path, {1: ("c", "d", False), 2: ("a", "b", True)}, (",", "\n", False))
    before = path.read_bytes()
    with pytest.raises(CannotErase) as told:
        Kept(path).drop(rows)
    assert str(told.value) == f"{path} was changed meanwhile, and is as it was: do it again"
    assert path.read_bytes() == before


def test_a_csv_without_rows_goes(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    write(path, {1: ("a", "b", True)}, (",", "\n", False))
    Kept(path).drop(Kept(path).find(pl.lit(value=True), pl.col("_error") == "his"))
    assert [*tmp_path.iterdir()] == []
