import polars as pl
import pytest

from pipelines.exports.writing import own_schema
from pipelines.feeds.reading import FeedError
from pipelines.own_functions import find_function

SCHEMA = '''
import pandera.polars as pa
import polars as pl


def sales():
    """What a sale is."""
    return pa.DataFrameSchema(
        {
            "id": pa.Column(pl.String, unique=False),
            "n": pa.Column(pl.Int32, pa.Check.ge(0), nullable=True),
            "amount": pa.Column(pl.Decimal(38, 3), nullable=True),
        }
    )
'''
ROWS = [{"id": 7, "n": 1, "amount": 1.5}, {"id": 8, "n": -1, "amount": None}]


@pytest.fixture(autouse=True)
def functions(tmp_path, monkeypatch):
    folder = tmp_path / "functions"
    folder.mkdir()
    monkeypatch.setattr(own_schema, "find_function", lambda name: find_function(name, folder))
    (folder / "sales.py").write_text(SCHEMA)
    return folder


def test_a_schema_wins_over_what_is_declared_and_judges_rows(export):
    words = {"schema": "sales", "columns": {"amount": "text"}}
    by_row = export(ROWS, **words, contract="discard_row")
    assert by_row.read().schema["amount"] == pl.Decimal(38, 3)
    assert [row["id"] for row in by_row.own("id")] == ["7"]
    aside = pl.read_parquet(by_row.folder / "discarded.parquet").row(0, named=True)
    assert (aside["id"], aside["_column"], aside["_reason"]) == (
        "8",
        "n",
        "n: greater_than_or_equal_to",
    )
    by_value = export(ROWS, **words, contract="discard_value")
    assert [row["n"] for row in by_value.own("n")] == [1, None]
    with pytest.raises(FeedError, match=r"sales refuses rows \(n greater_than_or_equal_to: 1\)"):
        export(ROWS, **words)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 7", "gave a int, no pandera schema"),
        ("raise ValueError('kari@example.no')", "failed: ValueError"),
    ],
)
def test_a_function_that_gives_no_schema_is_refused(export, functions, body, said):
    (functions / "sales.py").write_text(f"def sales():\n    {body}\n")
    with pytest.raises(FeedError, match=said) as caught:
        export(ROWS, schema="sales")
    assert "kari" not in str(caught.value)


def test_a_key_that_no_column_has_is_refused(export):
    with pytest.raises(ValueError, match="no column other in the rows"):
        export(ROWS, schema="sales", key=["other"])
