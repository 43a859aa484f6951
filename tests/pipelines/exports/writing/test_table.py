from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pyarrow.parquet as pq
import pytest

from pipelines.exports.writing.drift import BrokenContract
from transforms.reports import BadCell

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_types_are_learned_over_all_units(export):
    version = export(
        [{"id": 1, "n": 1, "sum": 1, "at": None, "mixed": 1, "day": "2026-03-01", "ok": True}],
        [{"id": 2, "n": None, "sum": 2.5, "at": "2026-03-01T12:00:00Z", "mixed": None}],
        [{"id": 3, "n": 7, "sum": 0.125, "at": "2026-03-01T13:00:00+01:00", "mixed": "x"}],
    )
    assert version.own() == [
        {
            "id": "1",
            "n": 1,
            "sum": Decimal("1.000"),
            "at": None,
            "mixed": "1",
            "day": date(2026, 3, 1),
            "ok": True,
        },
        {"id": "2", "n": None, "sum": Decimal("2.500"), "at": NOON, "mixed": None}
        | {"day": None, "ok": None},
        {"id": "3", "n": 7, "sum": Decimal("0.125"), "at": NOON, "mixed": "x"}
        | {"day": None, "ok": None},
    ]
    assert version.written.rows == version.written.new_rows == 3
    assert version.written.undeclared == ("id", "n", "sum", "at", "mixed", "day", "ok")
    assert version.read()["_run_id"].unique().to_list() == ["run1"]
    assert version.read()["_loaded_at"].dtype == pl.Datetime("us", "UTC")


def test_what_only_names_something_stays_text(export):
    version = export(
        [
            {
                "customerId": 7,
                "mobilePhone": 4791234567,
                "zip": 150,
                "cardNumber": 4111111111111111,
                "store_no": 3,
                "lineNo": 3,
                "big": 1234567890123456,
                "leading": "007",
                "digits": "12",
            }
        ]
    )
    assert version.own() == [
        {
            "customerId": "7",
            "mobilePhone": "4791234567",
            "zip": "150",
            "cardNumber": "4111111111111111",
            "store_no": "3",
            "lineNo": 3,
            "big": "1234567890123456",
            "leading": "007",
            "digits": "12",
        }
    ]


def test_declared_types_win_and_descriptions_travel(export):
    columns = {
        "id": "text",
        "amount": {"type": "decimal(2)", "description": "In crowns"},
        "never": "timestamp",
    }
    version = export([{"amount": 1.5, "id": 7, "n": 3}], columns=columns, key=["id"])
    assert version.own() == [{"id": "7", "amount": Decimal("1.50"), "never": None, "n": 3}]
    schema = pq.read_schema(version.folder / "data" / "part-00001.parquet")
    assert schema.field("amount").metadata[b"description"] == b"In crowns"
    assert schema.metadata[b"run_id"] == b"run1"
    with pytest.raises(BadCell, match=r"column amount: no decimal .* page 2, row 1"):
        export([{"amount": 1}], [{"amount": 1.005}], columns=columns)


def test_naive_times_stay_naive_or_get_the_zone_of_the_feed(export):
    pages = [{"at": "2026-07-01T14:00:00"}], [{"at": "2026-07-01 14:00:00.5"}]
    assert export(*pages).own()[0] == {"at": datetime.fromisoformat("2026-07-01T14:00:00")}
    zoned = export(*pages, [{"at": "2026-07-01T12:00:00Z"}], zone="Europe/Oslo")
    assert [row["at"].hour for row in zoned.own()] == [12, 12, 12]
    both = export(*pages, [{"at": "2026-07-01T12:00:00Z"}])
    assert both.own()[2] == {"at": "2026-07-01T12:00:00Z"}


def test_undeclared_columns_may_stay_text(export):
    version = export([{"n": 1, "o": {"a": 1}}], undeclared="text")
    assert version.own() == [{"n": "1", "o": '{"a":1}'}]


NESTED = (
    [{"key": "a", "o": {"x": 1, "p": {"q": "u"}}, "l": [{"n": 1.5, "t": "i"}, {"n": 2}]}],
    [{"key": "b", "o": {"x": 2.5, "y": True}, "l": []}, {"key": "c", "o": None, "l": None}],
    [{"key": "d", "o": {"x": None}, "l": [{"n": 3, "more": [1]}]}],
)


def test_objects_and_lists_as_json(export):
    first = export(*NESTED).own()[0]
    assert first["o"] == '{"x":1,"p":{"q":"u"}}'
    assert first["l"] == '[{"n":1.5,"t":"i"},{"n":2.0,"t":null}]'


def test_objects_as_structs_and_lists_as_lists(export):
    version = export(*NESTED, nested="struct", lists="list")
    rows = version.own()
    assert rows[0]["o"] == {"x": 1.0, "p": {"q": "u"}, "y": None}
    assert rows[1]["o"] == {"x": 2.5, "p": None, "y": True}
    assert rows[2]["o"] is None
    assert rows[0]["l"][1] == {"n": 2.0, "t": None, "more": None}
    assert rows[3]["l"] == [{"n": 3.0, "t": None, "more": [1]}]


def test_objects_flattened_and_lists_as_a_table(export):
    version = export(*NESTED, nested="flatten", lists="table", columns={"key": "text"}, key=["key"])
    assert version.own("key", "o.x", "o.p.q", "o.y", "_row") == [
        {"key": "a", "o.x": Decimal("1.00"), "o.p.q": "u", "o.y": None, "_row": 0},
        {"key": "b", "o.x": Decimal("2.50"), "o.p.q": None, "o.y": True, "_row": 1},
        {"key": "c", "o.x": None, "o.p.q": None, "o.y": None, "_row": 2},
        {"key": "d", "o.x": None, "o.p.q": None, "o.y": None, "_row": 3},
    ]
    assert version.own("key", "_row", "_index", "n", "t", "more", table="l") == [
        {"key": "a", "_row": 0, "_index": 0, "n": Decimal("1.50"), "t": "i", "more": None},
        {"key": "a", "_row": 0, "_index": 1, "n": Decimal("2.00"), "t": None, "more": None},
        {"key": "d", "_row": 3, "_index": 0, "n": Decimal("3.00"), "t": None, "more": "[1]"},
    ]
    assert set(version.written.columns) == {"data", "l"}
    assert {file.table for file in version.written.files} == {"data", "l"}


def test_no_rows_make_an_empty_table_and_keep_the_columns(export):
    assert export(columns={"id": "text"}).read().columns == ["id", "_run_id", "_loaded_at"]
    export([{"id": "1", "n": 1}])
    again = export()
    assert again.read().columns == ["id", "n", "_run_id", "_loaded_at"]
    assert again.written.drift.gone == {}


def test_drift_is_told(export):
    export([{"a": 1, "b": "x", "c": 1}])
    drift = export([{"a": 1}], [{"a": None, "c": "x", "d": True}]).written.drift
    assert drift.added == {"d": "Boolean"}
    assert drift.gone == {"b": "String"}
    assert drift.retyped == {"c": ("Int64", "String")}
    assert export([{"a": 1.5, "c": "x", "d": True}]).written.drift.retyped == {
        "a": ("Int64", "Decimal(precision=38, scale=2)")
    }
    # Whole numbers on one day make no integers of decimals.
    assert export([{"a": 1, "c": "x", "d": True}]).written.drift.retyped == {}


def test_freeze_refuses_drift(export):
    export([{"a": 1, "b": 2}], contract="freeze")
    assert export([{"a": 2, "b": None}], contract="freeze").written.rows == 1
    with pytest.raises(BrokenContract, match=r"added c; gone b; a was Int64 and is String;"):
        export([{"a": "x", "c": 1}], contract="freeze")
    # What the feed declares is its own will, and no drift.
    declared = export([{"a": 3, "b": 4}], contract="freeze", columns={"a": "text", "c": "date"})
    assert declared.own() == [{"a": "3", "c": None, "b": 4}]


def test_rows_or_values_that_do_not_fit_are_kept_aside(export):
    columns, pages = (
        {"id": "text", "n": "integer"},
        ([{"id": "1", "n": 1}], [{"id": "2", "n": "x"}]),
    )
    words = {"columns": columns, "required": ["id"]}
    by_row = export(*pages, [{"id": " ", "n": 3}], **words, contract="discard_row")
    assert by_row.own() == [{"id": "1", "n": 1}]
    assert (by_row.written.discarded_rows, by_row.written.faults) == (2, {})
    aside = by_row.folder / "discarded.parquet"
    assert aside.stat().st_mode & 0o777 == 0o600
    assert pl.read_parquet(aside).rows(named=True) == [
        {"id": "2", "n": "x", "_table": "data", "_unit": 2, "_column": "n"}
        | {"_reason": "n: no integer"},
        {"id": " ", "n": "3", "_table": "data", "_unit": 3, "_column": "id"}
        | {"_reason": "id: required"},
    ]
    assert by_row.read().columns == ["id", "n", "_run_id", "_loaded_at"]
    by_value = export(*pages, [{"id": "3", "new": 1}], **words, contract="discard_value")
    assert by_value.own("id", "n") == [
        {"id": "1", "n": 1},
        {"id": "2", "n": None},
        {"id": "3", "n": None},
    ]
    assert by_value.written.discarded_values == 2
    assert by_value.written.drift.added == {"new": "Int64"}
    assert "new" not in by_value.read().columns


def test_rules_are_counted(export):
    words = {"columns": {"id": "text", "n": "integer"}, "required": ["n"], "key": ["id"]}
    version = export([{"id": "1", "n": 1}, {"id": "1", "n": None}], **words)
    assert version.written.faults == {("n", "required"): 1, ("id", "unique"): 1}
