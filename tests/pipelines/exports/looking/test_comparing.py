from decimal import Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.exports.looking import comparing
from pipelines.exports.looking.comparing import compare, rows_at


def frame(rows):
    return pl.DataFrame(rows, schema={"id": pl.String, "points": pl.Int64}, orient="row")


def test_rows_are_compared_by_their_key(make_version):
    old = make_version(frame([("a", 1), ("b", 2), ("c", 3), ("d", None)]))
    new = make_version(frame([("e", 5), ("d", None), ("b", 20), ("a", 1)]))
    found = compare(old, new, ["id"])
    assert (found.added, found.gone, found.changed, found.same) == (1, 1, 1, 2)
    assert rows_at(new, found.added_at, ["id"]) == [{"id": "e"}]
    assert rows_at(old, found.gone_at, ["id"]) == [{"id": "c"}]
    (was, now), *_ = found.changed_at
    assert rows_at(old, [was], ["id", "points"]) == [{"id": "b", "points": 2}]
    assert rows_at(new, [now], ["id", "points"]) == [{"id": "b", "points": 20}]
    assert not found.equal
    assert compare(new, new, ["id"]).equal


def test_without_a_key_whole_rows_are_counted(make_version):
    old = make_version(frame([("a", 1), ("a", 1), ("a", 1), ("b", 2)]))
    new = make_version(frame([("b", 2), ("a", 1), ("a", 2)]))
    found = compare(old, new)
    assert (found.added, found.gone, found.changed, found.same) == (1, 2, 0, 2)


def test_columns_that_come_go_and_change_their_type(make_version):
    old = make_version(
        pl.DataFrame(
            {"id": ["a", "b"], "sum": [Decimal("1.50"), None], "zip": [150, 151], "x": [1, 1]}
        )
    )
    new = make_version(
        pl.DataFrame(
            {
                "id": ["a", "b"],
                "sum": pl.Series([Decimal("1.5000"), None], dtype=pl.Decimal(38, 4)),
                "zip": ["150", "0151"],
                "y": [1, 1],
                "_run_id": ["1", "1"],
            }
        )
    )
    found = compare(old, new, ["id"])
    assert [*found.columns.added] == ["y", "_run_id"]
    assert [*found.columns.gone] == ["x"]
    assert {*found.columns.retyped} == {"sum", "zip"}
    assert (found.changed, found.same) == (1, 1)  # 1.50 is 1.5000, and 0151 is not 151


def test_lists_and_objects_are_compared(make_version):
    def rows(tag):
        return pl.DataFrame({"id": ["a", "b"], "tags": [["x"], [tag]], "o": [{"n": 1}, {"n": 2}]})

    found = compare(make_version(rows("y")), make_version(rows("z")), ["id"])
    assert (found.changed, found.same) == (1, 1)


def test_rows_of_several_files_and_folders(make_version):
    day = "data/day=2026-03-0{}/part-00001.parquet"
    old = make_version({day.format(1): frame([("a", 1)]), day.format(2): frame([("b", 1)])})
    new = make_version({day.format(1): frame([("a", 1)]), day.format(3): frame([("b", 2)])})
    found = compare(old, new, ["id"])
    assert (found.changed, found.same) == (1, 1)
    assert rows_at(new, [1], ["id", "points"]) == [{"id": "b", "points": 2}]


PAIRS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 2)), max_size=30)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)
@given(PAIRS, PAIRS)
def test_the_counts_are_those_of_a_slow_way(make_version, old, new):
    """Whatever comes several times, and over however many parts it is spread."""
    from collections import Counter

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparing, "BUCKET", 7)
        found = compare(make_version(frame(old)), make_version(frame(new)), ["id"])
    left, came = Counter(old) - Counter(new), Counter(new) - Counter(old)
    changed = sum(
        (Counter(k for k, _ in left.elements()) & Counter(k for k, _ in came.elements())).values()
    )
    assert found.same == sum((Counter(old) & Counter(new)).values())
    assert found.changed == changed
    assert found.added == sum(came.values()) - changed
    assert found.gone == sum(left.values()) - changed
