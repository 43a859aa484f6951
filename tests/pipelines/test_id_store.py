"""What is kept of ids: nothing is overwritten unasked, whatever comes in whatever order."""

from datetime import UTC, datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.id_store import IDS, add_ids

THEN = datetime(2024, 1, 31, tzinfo=UTC)
FOUND = st.lists(
    st.tuples(
        st.sampled_from(["externalId", "card"]), st.sampled_from("12"), st.sampled_from("AaB")
    )
)


def frame(rows: list[tuple[str, str, str]]) -> pl.DataFrame:
    whole = [
        (name, legacy, customer, None, "changed", THEN, "f") for name, legacy, customer in rows
    ]
    return pl.DataFrame(whole, IDS, orient="row")


def told(ids: pl.DataFrame) -> dict[tuple[str, str], tuple[str, str | None]]:
    columns = ids.select("name", "legacy_id", "customer_id", "conflict").iter_rows()
    return {(name, legacy): (customer, conflict) for name, legacy, customer, conflict in columns}


@settings(deadline=None)
@given(st.lists(FOUND, max_size=4))
def test_the_first_customer_stays_and_another_is_a_conflict(times):
    ids = pl.DataFrame(schema=IDS)
    model: dict[tuple[str, str], tuple[str, str | None]] = {}
    for rows in times:
        ids = add_ids(ids, frame(rows), replace=False)
        for name, legacy, customer in rows:
            first, conflict = model.get((name, legacy), (customer, None))
            if customer.lower() != first.lower():
                conflict = conflict or customer
            model[name, legacy] = (first, conflict)
        assert ids.height == len(model)
        assert told(ids) == model


@settings(deadline=None)
@given(FOUND, FOUND)
def test_what_is_known_already_changes_nothing(before, rows):
    ids = add_ids(pl.DataFrame(schema=IDS), frame(before), replace=False)
    once = add_ids(ids, frame(rows), replace=False)
    assert add_ids(once, frame(rows), replace=False) is once


@settings(deadline=None)
@given(FOUND, st.dictionaries(st.sampled_from("12"), st.sampled_from("AaB")))
def test_what_is_found_counts_where_it_replaces(before, now):
    ids = add_ids(pl.DataFrame(schema=IDS), frame(before), replace=False)
    rows = [("card", legacy, customer) for legacy, customer in now.items()]
    after = told(add_ids(ids, frame(rows), replace=True))
    for legacy, customer in now.items():
        kept, conflict = after["card", legacy]
        assert (kept.lower(), conflict) == (customer.lower(), None)
    assert {k: v for k, v in after.items() if k[0] != "card" or k[1] not in now} == {
        k: v for k, v in told(ids).items() if k[0] != "card" or k[1] not in now
    }
