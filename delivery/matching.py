"""Records of one source that are one and the same, and which one of them stays.

Equal hashes link records, and all that are linked, over however many others, are one group. Only
hashes that stand more than once are held in memory, found a slice of the hashes at a time; so it
takes time by the number of records and memory by the number of duplicates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from delivery.traces import MOMENT, VALUES, halves, read_traces

Keep = Literal["newest", "most_complete", "first"]
LOSERS = pl.Schema({"place": pl.UInt32, "survivor": pl.UInt32, "rank": pl.UInt32, "by": pl.String})
SLICE = 500_000
"""Hashes that are compared at once."""
_SLICES = 64
_ORDERS: dict[Keep, tuple[str, ...]] = {
    "newest": (MOMENT, VALUES),
    "most_complete": (VALUES,),
    "first": (),
}


@dataclass(frozen=True)
class Matched:
    """What was found.

    Attributes:
        losers: `place` of each record that is not sent, `survivor`, the place of the one that is in
            its stead, `by`, in words what they share, and `rank`, its turn among those of one
            survivor; in the order of the places.
        largest: how many records the largest group holds; 0 where there is none.
        undated: how many records of groups have no moment.
    """

    losers: pl.DataFrame
    largest: int
    undated: int


def match_records(path: Path, names: Sequence[str], keep: Keep) -> Matched:
    """Find the records that are one, by their traces.

    Args:
        path: the traces (`delivery.traces`).
        names: how each way to match is told.
        keep: which one of a group stays: the newest, then the most complete, then the first of
            them; the most complete, then the first; or the first.
    """
    links = find_links(path, len(names))
    if links.is_empty():
        return Matched(pl.DataFrame(schema=LOSERS), 0, 0)
    groups = join_groups(links)
    facts = read_traces(path, (VALUES, MOMENT))
    members = pl.concat(groups.join(frame, on="place") for frame in facts)
    losers = choose(members, keep)
    largest = members.group_by("group").len()["len"].max()
    assert isinstance(largest, int)
    return Matched(_tell(losers, links, names), largest, members[MOMENT].null_count())


def find_links(path: Path, ways: int) -> pl.DataFrame:
    """Find the hashes that stand more than once.

    Returns:
        `place` of a record, `way` of matching, and `node`, a number for each such hash of it.
    """
    count = sum(frame.height for frame in read_traces(path, (VALUES,)))
    slices = min(-(-count // SLICE), _SLICES)
    none = {"place": pl.UInt32, "high": pl.UInt64, "low": pl.UInt64, "way": pl.UInt8}
    found = [
        _repeated(path, way, number, slices).with_columns(pl.lit(way, pl.UInt8).alias("way"))
        for way in range(ways)
        for number in range(slices)
    ]
    nodes = pl.concat([pl.DataFrame(schema=none), *found]).group_by("way", "high", "low")
    links = nodes.agg("place").with_row_index("node").explode("place", empty_as_null=True)
    return links.select("place", "way", "node")


def _repeated(path: Path, way: int, number: int, slices: int) -> pl.DataFrame:
    high, low = halves(way)
    names = {high: "high", low: "low"}
    mine = pl.col("low").is_not_null() & (pl.col("low") % slices == number)
    frames = (frame.rename(names).filter(mine) for frame in read_traces(path, (high, low)))
    hashes = pl.concat(frames)
    twice = hashes.filter(pl.col("low").is_duplicated())
    return twice.filter(pl.struct("high", "low").is_duplicated()).select("place", "high", "low")


def join_groups(links: pl.DataFrame) -> pl.DataFrame:
    """Say of each linked record, by `place`, to which `group` it belongs: the place of its first.

    A record takes the lowest number among those it shares a node with, and the whole group that
    it stands for with it, until nothing changes. That takes few rounds however long a chain is.
    """
    places = links["place"].unique().sort()
    ids, nodes = places.search_sorted(links["place"]), links["node"]
    root = pl.int_range(len(places), dtype=pl.UInt32, eager=True)
    while True:
        seen = pl.DataFrame({"root": root.gather(ids), "node": nodes})
        lower = (
            seen.with_columns(low=pl.col("root").min().over("node"))
            .filter(pl.col("low") < pl.col("root"))
            .group_by("root")
            .agg(pl.col("low").min())
        )
        if lower.is_empty():
            return pl.DataFrame({"place": places, "group": places.gather(root)})
        root = _follow(root.scatter(lower["root"], lower["low"]))


def _follow(root: pl.Series) -> pl.Series:
    """Let each number lead to the end of its way at once."""
    while True:
        further = root.gather(root)
        if further.equals(root):
            return root
        root = further


def choose(members: pl.DataFrame, keep: Keep) -> pl.DataFrame:
    """Choose who stays.

    Args:
        members: `place`, `group`, `values` and `moment` of each record.
        keep: as in `match_records`.

    Returns:
        `place`, `survivor` and `rank` of the others: 1 is the best of them.
    """
    order = _ORDERS[keep]
    descending = [False, *(True for _ in order), False]
    ordered = members.sort("group", *order, "place", descending=descending, nulls_last=True)
    ranked = ordered.with_columns(
        survivor=pl.col("place").first().over("group"),
        rank=pl.int_range(pl.len(), dtype=pl.UInt32).over("group"),
    )
    return ranked.filter(pl.col("rank") > 0).select("place", "survivor", "rank").sort("place")


def _tell(losers: pl.DataFrame, links: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Say what each shares with the one that stays, or else with others of its group."""
    own = links.join(losers, on="place")
    ends = links.select(pl.col("place").alias("survivor"), "node")
    direct = own.join(ends, on=["survivor", "node"], how="semi")
    rest = own.join(direct, on="place", how="anti")
    told = [_name(direct, names, ""), _name(rest, names, ", through others")]
    return losers.join(pl.concat(told), on="place", how="left", maintain_order="left")


def _name(links: pl.DataFrame, names: Sequence[str], after: str) -> pl.DataFrame:
    ways = list(range(len(names)))
    ordered = links.unique(["place", "way"]).sort("place", "way").with_columns(
        name=pl.col("way").replace_strict(ways, list(names), return_dtype=pl.String)
    )  # fmt: skip
    return ordered.group_by("place", maintain_order=True).agg(
        by=pl.col("name").str.join(" and ") + pl.lit(after)
    )


__all__ = ["Keep", "Matched", "choose", "find_links", "join_groups", "match_records"]
