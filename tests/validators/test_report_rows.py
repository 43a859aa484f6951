import subprocess
import sys
from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validators import report_rows
from validators.report_rows import (
    RowRules,
    _count_by_masks,
    count_faults,
    count_repeated,
    judge,
)

ROWS = pl.DataFrame(
    {
        "receiptId": ["R1", "R1", None, " ", "R2", "R1"],
        "lineNo": [1, 1, 2, None, 1, 2],
        "storeId": ["1", "1", "1", "\u00a0", "", None],
        "points": [None, 1, 2, 3, 4, 5],
    }
)
RULES = RowRules(required=("storeId",), key=("receiptId", "lineNo"))
FOUND = Counter(
    {
        ("storeId", "required"): 1,
        ("storeId", "not blank"): 2,
        ("receiptId", "required"): 1,
        ("receiptId", "not blank"): 1,
        ("lineNo", "required"): 1,
        ("receiptId, lineNo", "unique"): 2,
    }
)


def test_the_masks_count_every_rule():
    assert _count_by_masks(ROWS, RULES) == FOUND


def test_clean_rows_have_no_faults():
    clean = ROWS.filter(pl.col("points") == 1)
    assert count_faults(clean, RULES) == Counter()
    assert count_faults(ROWS, RowRules()) == Counter()
    assert count_faults(ROWS.clear(), RULES) == Counter()


def test_clean_rows_need_no_pandera():
    code = (
        "import sys, polars as pl; sys.path.insert(0, '.');"
        "from validators.report_rows import RowRules, count_faults;"
        "count_faults(pl.DataFrame({'id': ['a']}), RowRules(key=('id',)));"
        "sys.exit('pandera' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_rules_name_declared_columns():
    RULES.check_names(["receiptId", "lineNo", "storeId"])
    with pytest.raises(ValueError, match="names lineNo, storeId"):
        RULES.check_names(["receiptId"])


@pytest.mark.parametrize("rows_pass", [1, 2, 5, 1000])
def test_a_repeated_key_is_counted_across_chunks(monkeypatch, rows_pass):
    monkeypatch.setattr(report_rows, "_ROWS_PASS", rows_pass)
    # a1 b2 | c1 a2 | a1 b2
    chunks = [
        pl.DataFrame({"id": ids, "line": [1, 2]}) for ids in (["a", "b"], ["c", "a"], ["a", "b"])
    ]
    assert count_repeated(lambda: iter(chunks), 6) == 2
    assert count_repeated(lambda: iter(chunks[:2]), 4) == 0
    assert count_repeated(lambda: iter(()), 0) == 0


@pytest.mark.slow
def test_pandera_judges_as_the_masks_do():
    assert judge(ROWS, RULES) == FOUND
    assert count_faults(ROWS, RULES) == FOUND
    one = RowRules(key=("receiptId",))
    assert judge(ROWS, one) == _count_by_masks(ROWS, one)


cells = st.sampled_from([None, "", " ", "\t", "\u00a0", "\u2003", "a", " a", "b\n", "æ"])


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(cells, cells, st.sampled_from([None, 1, 2]), st.booleans()), max_size=8),
    st.sets(st.sampled_from(["a", "b", "n", "t"])),
    st.sets(st.sampled_from(["a", "b", "n"])),
)
def test_masks_and_pandera_agree(rows, required, key):
    schema = {"a": pl.String, "b": pl.String, "n": pl.Int64, "t": pl.Boolean}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    rules = RowRules(required=tuple(sorted(required)), key=tuple(sorted(key)))
    assert judge(frame, rules) == _count_by_masks(frame, rules)
