"""Texts that name members, into customers: never another's, and every row has its flag."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.customer_ids import CustomerIds, Lookup, put_customers

TEXTS = st.text(st.sampled_from("0aAå𐀀~ "), min_size=1, max_size=3)
ROWS = st.lists(st.tuples(TEXTS, st.sampled_from("XxYZ"), st.sampled_from([None, "Q"])), max_size=8)


def ids_of(rows: list[tuple[str, str, str | None]]) -> CustomerIds:
    schema = {"legacy_id": pl.String, "customer_id": pl.String, "conflict": pl.String}
    return CustomerIds.of(pl.DataFrame(rows, schema, orient="row"))


@settings(deadline=None)
@given(ROWS, st.lists(st.none() | TEXTS | st.just("")), st.sampled_from(["wait", "anonymous"]))
def test_a_text_is_the_one_customer_that_has_it(rows, texts, unknown):
    rows = [(legacy.strip() or "0", customer, other) for legacy, customer, other in rows]
    owners: dict[str, set[str]] = {}
    for legacy, customer, other in rows:
        owners.setdefault(legacy, set()).update(c.lower() for c in (customer, other) if c)
    frame = pl.DataFrame({"who": pl.Series(texts, dtype=pl.String)})
    made = put_customers(frame, "who", Lookup(ids_of(rows), unknown))
    for raw, row in zip(texts, made.iter_rows(named=True), strict=True):
        text = (raw or "").strip()
        of = owners.get(text, set()) if text else set()
        assert row["unknown.who"] == bool(text and len(of) != 1)
        assert row["twice.who"] == (len(of) > 1)
        if len(of) == 1:
            assert row["who"].lower() in of
        else:
            assert row["who"] == (None if unknown == "anonymous" or not text else text)


def test_nobody_is_known_where_nothing_was_learned():
    made = put_customers(pl.DataFrame({"who": ["1", None]}), "who", Lookup(ids_of([]), "reject"))
    assert made.rows() == [("1", True, False), (None, False, False)]


def test_zeros_in_front_and_case_are_a_part_of_a_number():
    ids = ids_of([("007", "X", None), ("a", "Y", None)])
    made = put_customers(
        pl.DataFrame({"who": ["7", "007", " 007 ", "A"]}), "who", Lookup(ids, "reject")
    )
    assert made["who"].to_list() == ["7", "X", "X", "A"]
