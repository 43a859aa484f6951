"""Which records of a source are one, against a plain union-find."""

import stat
from itertools import combinations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery import matching
from delivery.matching import choose, find_links, join_groups, match_records
from delivery.traces import TraceWriter, read_traces, trace

NAMES = ["its key", "phone", "email + born"]
TEXT = st.none() | st.sampled_from("abcdefgh")
MEMBER = st.tuples(st.integers(0, 12).map(str), TEXT, TEXT, st.integers(1, 4),
                   st.none() | st.integers(0, 3))  # fmt: skip


def write(path, members, size=3):
    """Write the traces of (key, phone, mail, values, moment), so many at a time."""
    with TraceWriter(path) as writer:
        for start in range(0, len(members), size):
            some = members[start : start + size]
            columns = [pl.Series([m[n] for m in some], dtype=pl.String) for n in range(3)]
            values = pl.Series([m[3] for m in some], dtype=pl.UInt32)
            moments = pl.Series([m[4] for m in some], dtype=pl.Int64)
            writer.write(trace(columns, values, moments, 7))
    return path


def groups_of(members):
    """Join whatever shares a text, one pair after the other."""
    root = list(range(len(members)))

    def find(n):
        while root[n] != n:
            n = root[n]
        return n

    for a, b in combinations(range(len(members)), 2):
        if any(x is not None and x == y for x, y in zip(members[a][:3], members[b][:3],
                                                        strict=True)):  # fmt: skip
            low, high = sorted((find(a), find(b)))
            root[high] = low
    return {n: find(n) for n in range(len(members))}


def order(keep, members, n):
    values, moment = members[n][3:]
    newest = float("-inf") if moment is None else moment
    return {
        "newest": (-newest, -values, n),
        "most_complete": (-values, n),
        "first": (n,),
    }[keep]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(MEMBER, max_size=25),
    st.sampled_from(["newest", "most_complete", "first"]),
    st.integers(1, 9),
    st.integers(1, 6),
)
def test_it_finds_what_a_union_find_finds(tmp_path_factory, members, keep, size, compared):
    path = write(tmp_path_factory.mktemp("load") / "traces.arrow", members, size)
    root = groups_of(members)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "SLICE", compared)
        found = match_records(path, NAMES, keep)
    groups = {}
    for n, first in root.items():
        groups.setdefault(first, []).append(n)
    wanted = {}
    for group in groups.values():
        stays, *others = sorted(group, key=lambda n: order(keep, members, n))
        wanted |= {n: (stays, rank) for rank, n in enumerate(others, 1)}
    told = found.losers.select("place", "survivor", "rank").rows()
    assert told == [(n, *wanted[n]) for n in sorted(wanted)]
    largest = max((len(g) for g in groups.values() if len(g) > 1), default=0)
    assert found.largest == largest
    undated = [n for g in groups.values() if len(g) > 1 for n in g if members[n][4] is None]
    assert found.undated == len(undated)
    for place, survivor, by in found.losers.select("place", "survivor", "by").rows():
        pairs = zip(NAMES, members[place][:3], members[survivor][:3], strict=True)
        shared = [name for name, a, b in pairs if a is not None and a == b]
        if shared:
            assert by == " and ".join(shared)
        else:
            assert by.endswith(", through others")
            assert {*by.removesuffix(", through others").split(" and ")} <= {*NAMES}


@pytest.mark.parametrize("count", [2, 100, 5000])
def test_a_chain_of_any_length_is_one_group_in_few_rounds(count):
    """Each record shares one thing with the next, and the places are in no order."""
    places = [(n * 7919) % count for n in range(count)]
    links = pl.DataFrame(
        [(places[n + end], 1, n) for n in range(count - 1) for end in (0, 1)],
        schema={"place": pl.UInt32, "way": pl.UInt8, "node": pl.UInt32},
        orient="row",
    )
    assert join_groups(links)["group"].unique().to_list() == [0]


def test_a_ring_of_thousands_around_one_value_is_one_group(tmp_path):
    members = [(str(n), "same", None, 1, None) for n in range(3000)]
    found = match_records(write(tmp_path / "t.arrow", members, 500), NAMES, "first")
    assert (found.losers.height, found.largest) == (2999, 3000)
    assert {*found.losers["survivor"]} == {0}


def test_ties_go_to_the_most_complete_and_then_to_the_first():
    members = pl.DataFrame(
        {"place": [0, 1, 2, 3], "group": [0] * 4, "values": [1, 2, 2, 9],
         "moment": [7, 7, 7, None]}
    )  # fmt: skip
    stays = {k: choose(members, k)["survivor"].unique().to_list() for k in matching._ORDERS}
    assert stays == {"newest": [1], "most_complete": [3], "first": [0]}


def test_no_traces_no_duplicates(tmp_path):
    path = write(tmp_path / "t.arrow", [])
    assert not path.exists()
    found = match_records(path, NAMES, "newest")
    assert (found.losers.height, found.largest, found.undated) == (0, 0, 0)
    assert find_links(write(path, [("1", "a", None, 1, None)]), 3).is_empty()


def test_traces_hold_hashes_only_and_are_the_owners(tmp_path):
    path = write(tmp_path / "t.arrow", [("4711", "+4790000000", "kari@example.com", 3, 5)])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = path.read_bytes()
    for secret in (b"4711", b"+4790000000", b"kari"):
        assert secret not in content
    (frame,) = read_traces(path, ("values", "moment", "low2"))
    assert frame.columns == ["place", "values", "moment", "low2"]
    assert frame.select("place", "values", "moment").row(0) == (0, 3, 5)


def test_another_seed_is_another_hash():
    texts, one = [pl.Series(["a", None])], pl.Series([1, 1])
    first, second = (trace(texts, one, one, seed) for seed in (1, 2**64 - 1))
    assert first["low0"][0] != second["low0"][0]
    assert first["low0"][1] is None
    assert first["high0"][1] is None
